"""Which ATen operations a torch program is reduced to before a recorder sees it.

To the core ATen operations, as in torch.export; further, where a recorder lacks an operation, gets it wrong, or would hide from
the passes what it computes. Both recorders and the passes so see one small set of operations.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

from frontends import torch_fastpath, torch_products, torch_random, torch_resampling
from frontends.errors import UnsupportedOpError
from frontends.torch_compat import core_aten_decompositions, get_decompositions
from frontends.torch_functions import pdist
from frontends.torch_layout import Layout

aten = torch.ops.aten


@functools.cache
def decompositions() -> dict[Any, Callable[..., Any]]:
    """The table for the trace of a program."""
    return {**joint_decompositions(), **torch_random.SEED_DECOMPOSITION}


@functools.cache
def joint_decompositions() -> dict[Any, Callable[..., Any]]:
    """The table for a graph that is traced into programs later: draws still come from `torch_random.draw_seed`."""
    found = dict(core_aten_decompositions().items())
    found.update(get_decompositions(_FURTHER))
    found.update(torch_fastpath.DECOMPOSITIONS)
    found.update(torch_products.DECOMPOSITIONS)
    found.update(torch_resampling.DECOMPOSITIONS)
    found.update(torch_random.DECOMPOSITIONS)
    found.update(_OWN)
    return found


def _as_strided(x: torch.Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None) -> torch.Tensor:
    """Elements by their places in memory."""
    return _memory(x).index_select(0, _places(size, stride, storage_offset or 0).reshape(-1)).reshape(list(size))


def _as_strided_scatter(
    x: torch.Tensor, source: torch.Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> torch.Tensor:
    places = _places(size, stride, storage_offset or 0).reshape(-1)
    written = _memory(x).index_put((places,), source.expand(list(size)).reshape(-1))
    order = _memory_order(x)
    return written.reshape([x.shape[i] for i in order]).permute(sorted(range(len(order)), key=order.__getitem__))


def _memory(x: torch.Tensor) -> torch.Tensor:
    """All elements in the order in which they lie in memory."""
    return x.permute(_memory_order(x)).reshape(-1)


def _memory_order(x: torch.Tensor) -> tuple[int, ...]:
    layout = Layout.of(tuple(x.shape), x.stride())
    if layout.expanded or not x.permute(layout.order).is_contiguous() or x.storage_offset() != 0:
        raise UnsupportedOpError(
            "`aten.as_strided` is called with a view of a part of a tensor; a recorded program has no memory around it. Call it with the "
            "whole tensor, or use indexing.",
            op="aten.as_strided.default",
        )
    return layout.order


def _places(size: Sequence[int], stride: Sequence[int], offset: int) -> torch.Tensor:
    found = torch.full([1] * len(size), offset, dtype=torch.int64)
    for axis, (length, step) in enumerate(zip(size, stride, strict=True)):
        along = torch.arange(length, dtype=torch.int64) * step
        found = found + along.reshape([-1 if i == axis else 1 for i in range(len(size))])
    return found.expand(list(size))


def _addbmm(c: torch.Tensor, a: torch.Tensor, b: torch.Tensor, *, beta: Any = 1, alpha: Any = 1) -> torch.Tensor:
    return _scaled_sum(c, torch.bmm(a, b).sum(0), beta, alpha)


def _addmv(c: torch.Tensor, a: torch.Tensor, b: torch.Tensor, *, beta: Any = 1, alpha: Any = 1) -> torch.Tensor:
    return _scaled_sum(c, torch.mv(a, b), beta, alpha)


def _scaled_sum(c: torch.Tensor, product: torch.Tensor, beta: Any, alpha: Any) -> torch.Tensor:
    """NaN in `c` does not matter where `beta` is zero."""
    if not product.dtype.is_floating_point and not product.dtype.is_complex:
        alpha, beta = int(alpha), int(beta)
    product = product if alpha == 1 else product * alpha
    return (
        (product if beta == 0 else (c if beta == 1 else c * beta) + product)
        .expand(torch.broadcast_shapes(c.shape, product.shape))
        .to(c.dtype)
    )


def _vector_norm(
    x: torch.Tensor,
    ord: float = 2,  # noqa: A002  # as in ATen
    dim: Sequence[int] | None = None,
    keepdim: bool = False,  # as in ATen
    *,
    dtype: torch.dtype | None = None,
) -> torch.Tensor:
    """As defined."""
    x = x if dtype is None else x.to(dtype)
    dims = list(range(x.dim())) if not dim else list(dim)
    if x.dtype.is_complex:
        x = torch.hypot(torch.real(x), torch.imag(x))
    if ord == 2:
        return torch.sqrt(torch.sum(x * x, dims, keepdim))
    if ord == 0:
        return torch.sum(x != 0, dims, keepdim, dtype=x.dtype)
    x = torch.abs(x)
    if abs(ord) == math.inf:
        return torch.amax(x, dims, keepdim) if ord > 0 else torch.amin(x, dims, keepdim)
    return torch.sum(x, dims, keepdim) if ord == 1 else torch.pow(torch.sum(torch.pow(x, ord), dims, keepdim), 1.0 / ord)


def _lu_of(a: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, bool]:
    """The factors that torch keeps for the derivative: of the transposed matrix, for a row-major real one."""
    is_transposed = a.is_contiguous() and not a.dtype.is_complex
    return (*aten.linalg_lu_factor_ex(a.mT if is_transposed else a), is_transposed)


def _solve(a: torch.Tensor, b: torch.Tensor, *, left: bool = True, check_errors: bool = False) -> tuple[torch.Tensor, ...]:
    del check_errors
    is_vector = b.dim() == 1 or (a.dim() - 1 == b.dim() and b.shape == a.shape[:-1])
    lu, pivots, info, is_transposed = _lu_of(a)
    found = aten.linalg_lu_solve(lu, pivots, b.unsqueeze(-1) if is_vector else b, left=left, adjoint=is_transposed)
    return found.squeeze(-1) if is_vector else found, lu, pivots, info


def _inverse(a: torch.Tensor, *, check_errors: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    del check_errors
    lu, pivots, info = aten.linalg_lu_factor_ex(a)
    eye = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device).expand(a.shape)
    return aten.linalg_lu_solve(lu, pivots, eye), info


def _det(a: torch.Tensor) -> tuple[torch.Tensor, ...]:
    lu, pivots, _, _ = _lu_of(a)
    return torch.prod(lu.diagonal(0, -2, -1), -1) * _parity(pivots).to(a.dtype), lu, pivots


def _slogdet(a: torch.Tensor) -> tuple[torch.Tensor, ...]:
    lu, pivots, _, _ = _lu_of(a)
    diagonal = lu.diagonal(0, -2, -1)
    return torch.prod(torch.sgn(diagonal), -1) * _parity(pivots).to(a.dtype), torch.sum(torch.log(torch.abs(diagonal)), -1), lu, pivots


def _parity(pivots: torch.Tensor) -> torch.Tensor:
    """1 or -1: the determinant of the permutation."""
    swaps = torch.sum(pivots != torch.arange(1, pivots.shape[-1] + 1, dtype=pivots.dtype, device=pivots.device), -1)
    return 1 - 2 * torch.remainder(swaps, 2)


def _sum_over(x: torch.Tensor, dim: Sequence[int] | None, keepdim: bool = False, *, dtype: torch.dtype | None = None) -> Any:
    """Over all dimensions, where none is named: torch-xla takes none for none."""
    if x.dim() == 0:
        return x.to(_sum_dtype(x) if dtype is None else dtype)
    return NotImplemented if dim else aten.sum.dim_IntList(x, list(range(x.dim())), keepdim, dtype=dtype)


def _sum_dtype(x: torch.Tensor) -> torch.dtype:
    return x.dtype if x.dtype.is_floating_point or x.dtype.is_complex else torch.int64


def _extreme_over(op: Any) -> Callable[..., Any]:
    """Over all dimensions, where none is named, as `_sum_over`."""

    def over(x: torch.Tensor, dim: Sequence[int] = (), keepdim: bool = False) -> Any:  # as in ATen
        if x.dim() == 0:
            return x.clone()
        return NotImplemented if dim else op(x, list(range(x.dim())), keepdim)

    return over


def _on_scalars(op: Any) -> Callable[..., Any]:
    """An operation along a dimension, of a tensor without any as of one element: torch-xla finds no such dimension."""

    def on_scalars(x: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        if x.dim() != 0:
            return NotImplemented
        others = [each.reshape(1) if isinstance(each, torch.Tensor) and each.dim() == 0 else each for each in args]
        found = op(x.reshape(1), *others, **kwargs)
        if isinstance(found, torch.Tensor):
            return found.reshape(())
        return tuple(each.reshape(()) for each in found)

    return on_scalars


def _cumulative(op: Any) -> Callable[..., Any]:
    """As `_on_scalars`; of nothing, nothing."""
    of_scalars = _on_scalars(op)

    def cumulative(x: torch.Tensor, dim: int, *, dtype: torch.dtype | None = None) -> Any:
        dtype = _sum_dtype(x) if dtype is None else dtype
        return x.to(dtype) if x.numel() == 0 else of_scalars(x, dim, dtype=dtype)

    return cumulative


def _squeeze(x: torch.Tensor, dim: int | Sequence[int] | None = None) -> torch.Tensor:
    """A reshape, which names no dimension of a tensor without any."""
    dims = range(x.dim()) if dim is None else [dim] if isinstance(dim, int) else dim
    gone = {i % x.dim() for i in dims} if x.dim() else set()
    return x.reshape([n for i, n in enumerate(x.shape) if i not in gone or n != 1])


def _repeat(x: torch.Tensor, repeats: Sequence[int]) -> torch.Tensor:
    """A broadcast along new dimensions."""
    shape = [1] * (len(repeats) - x.dim()) + list(x.shape)
    pairs = list(zip(repeats, shape, strict=True))
    wide = x.reshape([n for _, length in pairs for n in (1, length)]).expand([n for pair in pairs for n in pair])
    return wide.reshape([times * length for times, length in pairs])


def _index_put(x: torch.Tensor, indices: Sequence[torch.Tensor | None], values: torch.Tensor, accumulate: bool = False) -> Any:
    """With a mask over the leading dimensions: the n-th value goes to the n-th place under it."""
    if not any(index is not None and index.dtype in (torch.bool, torch.uint8) for index in indices):
        return NotImplemented
    mask = indices[0]
    if len(indices) != 1 or mask is None:
        raise UnsupportedOpError(
            "`aten.index_put` is called with a mask among other indices, and a recorded program cannot know how many places it has. Use "
            "torch.where, or indices.",
            op="aten.index_put.default",
        )
    mask = mask.to(torch.bool)
    rest = x.dim() - mask.dim()
    if values.dim() > rest and values.shape[-rest - 1] != 1:
        values = values.reshape(values.shape[-rest - 1 :])
        places = torch.clamp(torch.cumsum(mask.reshape(-1), 0) - 1, 0, values.shape[0] - 1)
        values = values.index_select(0, places).reshape([*mask.shape, *values.shape[1:]])
    elif values.dim() > rest:
        values = values.reshape(values.shape[values.dim() - rest :])
    return torch.where(mask.reshape([*mask.shape, *[1] * rest]), x + values if accumulate else values, x)


def _pinv(a: torch.Tensor, *, atol: torch.Tensor | None = None, rtol: torch.Tensor | None = None, hermitian: bool = False) -> torch.Tensor:
    """By the singular values that are larger than the tolerance; by the eigenvalues, of a Hermitian matrix."""
    if a.numel() == 0:
        return a.new_zeros((*a.shape[:-2], a.shape[-1], a.shape[-2]))
    if hermitian:
        s, u = torch.linalg.eigh(a)
        vh = u.mH
    else:
        u, s, vh = torch.linalg.svd(a, full_matrices=False)
    magnitude = torch.abs(s)
    atol = torch.zeros((), dtype=s.dtype, device=a.device) if atol is None else atol
    if rtol is None:
        default = max(a.shape[-2:]) * torch.finfo(a.dtype).eps
        rtol = torch.where(atol > 0, 0.0, default).to(s.dtype)
    tolerance = torch.maximum(atol.unsqueeze(-1), rtol.unsqueeze(-1) * torch.amax(magnitude, -1, keepdim=True))
    inverse = torch.where(magnitude > tolerance, 1 / s, 0.0).to(a.dtype)
    return vh.mH @ (inverse.unsqueeze(-1) * u.mH)


def _embedding_renorm(x: torch.Tensor, indices: torch.Tensor, max_norm: float, norm_type: float) -> torch.Tensor:
    """The rows that are used, scaled down to the norm; a row that is used twice gets the same value twice."""
    rows = x.index_select(0, indices.reshape(-1))
    norms = torch.linalg.vector_norm(rows, norm_type, 1, keepdim=True)
    return x.index_put((indices.reshape(-1),), torch.where(norms > max_norm, rows * (max_norm / (norms + 1e-7)), rows))


def _put(x: torch.Tensor, index: torch.Tensor, source: torch.Tensor, accumulate: bool = False) -> torch.Tensor:
    """Into the flat tensor."""
    return x.reshape(-1).index_put((index.reshape(-1),), source.reshape(-1), accumulate).reshape(x.shape)


def _resize(x: torch.Tensor, size: Sequence[int], *, memory_format: Any = None) -> torch.Tensor:
    """The first elements; zeros, where there are not enough."""
    del memory_format
    flat, count = x.reshape(-1), math.prod(size)
    return torch.cat([flat[:count], flat.new_zeros(max(count - flat.shape[0], 0))]).reshape(list(size))


def _copy(x: torch.Tensor, source: torch.Tensor, non_blocking: bool = False) -> torch.Tensor:  # as in ATen
    """The source, as `x` would hold it; torch-xla gives `x`."""
    del non_blocking
    return source.to(x.dtype).expand(x.shape)


def _full_like(x: torch.Tensor, value: Any, *, dtype: torch.dtype | None = None, **kwargs: Any) -> torch.Tensor:
    """By its shape; torch-xla has none of bfloat16."""
    del kwargs
    return torch.full(x.shape, value, dtype=x.dtype if dtype is None else dtype, device=x.device)


def _converted(x: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return aten._to_copy(x, dtype=dtype)


def _of_floats(op: Any) -> Callable[..., Any]:
    """Integers are converted to the default dtype before, and not by torch-xla, which cannot."""

    def of_floats(*operands: torch.Tensor) -> Any:
        if any(x.dtype.is_floating_point or x.dtype.is_complex for x in operands):
            return NotImplemented
        return op(*(x.to(torch.get_default_dtype()) for x in operands))

    return of_floats


def _is_nan(x: torch.Tensor) -> Any:
    if x.dtype.is_complex:
        return torch.isnan(torch.real(x)) | torch.isnan(torch.imag(x))
    return NotImplemented if x.dtype.is_floating_point else torch.zeros_like(x, dtype=torch.bool)


def _is_inf(x: torch.Tensor) -> Any:
    if x.dtype.is_complex:
        return torch.isinf(torch.real(x)) | torch.isinf(torch.imag(x))
    return NotImplemented if x.dtype.is_floating_point else torch.zeros_like(x, dtype=torch.bool)


def _mean_over(x: torch.Tensor, dim: Sequence[int] | None, keepdim: bool = False, *, dtype: torch.dtype | None = None) -> Any:
    """A sum, divided: torch-xla has none of complex numbers."""
    dims = list(dim) if dim else list(range(x.dim()))
    x = x if dtype is None else x.to(dtype)
    return torch.sum(x, dims, keepdim) / math.prod(x.shape[i] for i in dims) if x.dim() else x.clone()


def _mean(x: torch.Tensor, *, dtype: torch.dtype | None = None) -> Any:
    return _mean_over(x, None, dtype=dtype)


def _var_mean(
    x: torch.Tensor, dim: Sequence[int] | None = None, *, correction: float | None = None, keepdim: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """About the mean, in two passes; of complex numbers, of their distances from it."""
    dims = list(dim) if dim else list(range(x.dim()))
    mean = _mean_over(x, dims, keepdim=True)
    deviations = x - mean
    squares = torch.square(torch.real(deviations)) + torch.square(torch.imag(deviations)) if x.dtype.is_complex else deviations * deviations
    count = math.prod(x.shape[i] for i in dims) - (1 if correction is None else correction)
    variance = torch.sum(squares, dims, keepdim) / max(count, 0)
    return variance, mean if keepdim or not x.dim() else mean.reshape(variance.shape)


def _var(x: torch.Tensor, dim: Sequence[int] | None = None, *, correction: float | None = None, keepdim: bool = False) -> torch.Tensor:
    return _var_mean(x, dim, correction=correction, keepdim=keepdim)[0]


def _of_complex(function: Callable[..., Any]) -> Callable[..., Any]:
    """For complex numbers only."""

    def of_complex(x: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        return function(x, *args, **kwargs) if x.dtype.is_complex else NotImplemented

    return of_complex


def _linspace(start: float, end: float, steps: int, *, dtype: torch.dtype | None = None, **kwargs: Any) -> torch.Tensor:
    """Of integers, from both ends towards the middle in double precision, as torch's kernels."""
    if dtype is None or dtype.is_floating_point or dtype.is_complex:
        return core_aten_decompositions()[aten.linspace.default](start, end, steps, dtype=dtype, **kwargs)
    start, end = int(start), int(end)
    places = torch.arange(steps, dtype=torch.float64)
    step = (end - start) / max(steps - 1, 1)
    return torch.where(places < max(steps // 2, 1), start + step * places, end - step * (steps - 1 - places)).to(dtype)


_OF_FLOATS = tuple(
    getattr(aten, name).default
    for name in (
        "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cos", "cosh", "digamma", "erf", "erfc", "erfinv", "exp", "exp2",
        "expm1",
        "i0", "lgamma", "log", "log10", "log1p", "log2", "reciprocal", "rsqrt", "sigmoid", "sin", "sinh",
        "special_airy_ai", "special_bessel_j0", "special_bessel_j1", "special_bessel_y0", "special_bessel_y1", "special_erfcx",
        "special_i0e", "special_i1", "special_i1e", "special_log_ndtr", "special_modified_bessel_i0", "special_modified_bessel_i1",
        "special_modified_bessel_k0", "special_modified_bessel_k1", "special_ndtri", "special_scaled_modified_bessel_k0",
        "special_scaled_modified_bessel_k1", "special_spherical_bessel_j0", "sqrt", "tan", "tanh",
    )
)  # fmt: skip

_ALONG = (
    aten.all.dim,
    aten.any.dim,
    aten.max.dim,
    aten.min.dim,
    aten.prod.dim_int,
)

_OWN: dict[Any, Callable[..., Any]] = {
    torch.ops.prims.convert_element_type.default: _converted,
    **{op: _of_floats(op) for op in _OF_FLOATS},
    **{op: _on_scalars(op) for op in _ALONG},
    aten._linalg_det.default: _det,
    aten._linalg_slogdet.default: _slogdet,
    aten._linalg_solve_ex.default: _solve,
    aten.isinf.default: _is_inf,
    aten.isnan.default: _is_nan,
    aten.linspace.default: _linspace,
    aten.mean.default: _of_complex(_mean),
    aten.mean.dim: _of_complex(_mean_over),
    aten.var.correction: _of_complex(_var),
    aten.var_mean.correction: _of_complex(_var_mean),
    aten._pdist_forward.default: pdist,
    aten.addbmm.default: _addbmm,
    aten.addmv.default: _addmv,
    aten.amax.default: _extreme_over(aten.amax.default),
    aten.amin.default: _extreme_over(aten.amin.default),
    aten.as_strided.default: _as_strided,
    aten.as_strided_copy.default: _as_strided,
    aten.as_strided_scatter.default: _as_strided_scatter,
    aten.copy.default: _copy,
    aten.cumprod.default: _cumulative(aten.cumprod.default),
    aten.cumsum.default: _cumulative(aten.cumsum.default),
    aten.embedding_renorm.default: _embedding_renorm,
    aten.full_like.default: _full_like,
    aten.index_put.default: _index_put,
    aten.linalg_inv_ex.default: _inverse,
    aten.linalg_pinv.atol_rtol_tensor: _pinv,
    aten.linalg_vector_norm.default: _vector_norm,
    aten.put.default: _put,
    aten.repeat.default: _repeat,
    aten.resize.default: _resize,
    aten.squeeze.default: _squeeze,
    aten.squeeze.dim: _squeeze,
    aten.squeeze.dims: _squeeze,
    aten.sum.dim_IntList: _sum_over,
}

_FURTHER = (
    aten._log_softmax,
    aten._log_softmax_backward_data,
    aten._native_batch_norm_legit,
    aten._native_batch_norm_legit_functional,
    aten._native_batch_norm_legit_no_training,
    aten._batch_norm_with_update_functional,
    aten._softmax,
    aten._softmax_backward_data,
    aten.addmm,
    aten.batch_norm_backward,
    aten.gelu,
    aten.dist,
    aten.grid_sampler_2d,
    aten.native_batch_norm,
    aten.native_batch_norm_backward,
    aten.native_group_norm,
    aten.native_group_norm_backward,
    aten.native_layer_norm,
    aten.native_layer_norm_backward,
    aten.rrelu_with_noise_backward,
    aten.tril_indices,
    aten.triu_indices,
    aten.upsample_bicubic2d,
    aten.upsample_bilinear2d,
    aten.upsample_nearest2d,
    aten.upsample_trilinear3d,
)
