"""Lowerings of ATen operations that order, search or pick elements, in JAX. See `torch_lowerings`."""

# Flags are called what they are in ATen.
# ruff: noqa: A002

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp


def _top_k(x: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> tuple[Any, Any]:
    """As XLA has it; torchax sorts the results once more, and its indices with them."""
    del sorted
    if x.ndim == 0:
        return x, jnp.zeros((), "int64")
    if not largest:
        x = _reversed_order(x)
    values, indices = jax.lax.top_k(jnp.moveaxis(x, dim, -1), k)
    if not largest:
        values = _reversed_order(values)
    return jnp.moveaxis(values, -1, dim), jnp.moveaxis(indices, -1, dim)


def _reversed_order(x: Any) -> Any:
    return -x if jnp.issubdtype(x.dtype, jnp.inexact) else ~x


def _is_nan(x: Any) -> Any:
    return jnp.isnan(x) if jnp.issubdtype(x.dtype, jnp.inexact) else jnp.zeros(x.shape, bool)


def _sort(x: Any, dim: int = -1, descending: bool = False) -> tuple[Any, Any]:
    """Stable, NaN last, or first when descending."""
    if x.ndim == 0:
        return x, jnp.zeros((), "int64")
    indices = jnp.argsort(x, dim, stable=True, descending=descending)
    return jnp.take_along_axis(x, indices, dim), indices


def _stable_sort(x: Any, *, stable: bool | None, dim: int = -1, descending: bool = False) -> tuple[Any, Any]:
    del stable
    return _sort(x, dim, descending)


def _picked(x: Any, at: Any, dim: int, keepdim: bool) -> tuple[Any, Any]:
    """The sorted elements at `at`, which has length one along `dim`, and where they were."""
    values, indices = _sort(x, dim)
    found = jnp.take_along_axis(values, at, dim), jnp.take_along_axis(indices, at, dim)
    return found if keepdim else (jnp.squeeze(found[0], dim), jnp.squeeze(found[1], dim))


def _kth_value(x: Any, k: int, dim: int = -1, keepdim: bool = False) -> tuple[Any, Any]:
    if x.ndim == 0:
        return x, jnp.zeros((), "int64")
    return _picked(x, jnp.full([1 if i == dim % x.ndim else n for i, n in enumerate(x.shape)], k - 1), dim, keepdim)


def _median_along(x: Any, dim: int, keepdim: bool = False) -> tuple[Any, Any]:
    """The lower of two in the middle; the first NaN, where there is one."""
    if x.ndim == 0:
        return x, jnp.zeros((), "int64")
    nans = _is_nan(x)
    count = (~nans).sum(dim, keepdims=True)
    at = jnp.where(nans.any(dim, keepdims=True), count, (x.shape[dim] - 1) // 2)
    return _picked(x, at, dim, keepdim)


def _nanmedian_along(x: Any, dim: int, keepdim: bool = False) -> tuple[Any, Any]:
    if x.ndim == 0:
        return x, jnp.zeros((), "int64")
    return _picked(x, jnp.maximum((~_is_nan(x)).sum(dim, keepdims=True) - 1, 0) // 2, dim, keepdim)


def _median(x: Any) -> Any:
    return (
        _median_along(x.reshape(-1), 0)[0]
        if x.size
        else jnp.full((), jnp.nan if jnp.issubdtype(x.dtype, jnp.inexact) else jnp.iinfo(x.dtype).min, x.dtype)
    )


def _nanmedian(x: Any) -> Any:
    return _nanmedian_along(x.reshape(-1), 0)[0] if x.size else _median(x)


def _mode(x: Any, dim: int = -1, keepdim: bool = False) -> tuple[Any, Any]:
    """The smallest of the most frequent, from the lengths of runs of the sorted elements; the last place where it is."""
    if x.ndim == 0:
        return x, jnp.zeros((), "int64")
    values, indices = _sort(x, dim)
    dim %= x.ndim
    places = jax.lax.broadcasted_iota("int64", x.shape, dim)
    is_first = (jnp.roll(values, 1, dim) != values) | (places == 0)
    lengths = places - jax.lax.cummax(jnp.where(is_first, places, 0), dim)
    at = jnp.argmax(lengths, dim, keepdims=True)
    found = jnp.take_along_axis(values, at, dim), jnp.take_along_axis(indices, at, dim)
    return found if keepdim else (jnp.squeeze(found[0], dim), jnp.squeeze(found[1], dim))


def _running(scan: Callable[..., Any]) -> Callable[..., Any]:
    """Cumulative maxima or minima with the last place that has each."""

    def running(x: Any, dim: int) -> tuple[Any, Any]:
        if x.ndim == 0:
            return x, jnp.zeros((), "int64")
        values = scan(x.astype("uint8"), dim % x.ndim).astype(bool) if x.dtype == jnp.bool_ else scan(x, dim % x.ndim)
        hits = (x == values) | _is_nan(x)
        places = jax.lax.broadcasted_iota("int64", x.shape, dim % x.ndim)
        return values, jax.lax.cummax(jnp.where(hits, places, 0), dim % x.ndim)

    return running


def _place_of(search: Callable[..., Any]) -> Callable[..., Any]:
    """The first of equal elements; the first NaN."""

    def place(x: Any, dim: int | None = None, keepdim: bool = False) -> Any:
        if x.ndim == 0:
            return jnp.zeros((), "int64")
        found = search(x if dim is not None else x.reshape(-1), -1 if dim is None else dim, keepdims=keepdim and dim is not None)
        return found.reshape((1,) * x.ndim) if keepdim and dim is None else found

    return place


def _search_sorted(
    boundaries: Any, x: Any, *, out_int32: bool = False, right: bool = False, side: str | None = None, sorter: Any = None
) -> Any:
    """By comparing each with each boundary, along the last dimension."""
    del out_int32
    x = jnp.asarray(x)
    if sorter is not None:
        boundaries = jnp.take_along_axis(boundaries, sorter, -1)
    side = "right" if right or side == "right" else "left"

    def search(row: Any, wanted: Any) -> Any:
        return jnp.searchsorted(row, wanted, side=side, method="sort" if wanted.size > 1 else "scan")

    if x.size == 0 or boundaries.size == 0:
        return jnp.zeros(x.shape, "int64")
    if boundaries.ndim == 1:
        return search(boundaries, x)
    rows = jax.vmap(search)(boundaries.reshape(-1, boundaries.shape[-1]), x.reshape(-1, x.shape[-1]))
    return rows.reshape(x.shape)


def _bucketize(x: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Any:
    return _search_sorted(boundaries, x, out_int32=out_int32, right=right)


def _diagonal(x: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    rows, columns = _diagonal_places(x, offset, dim1, dim2)
    return jnp.moveaxis(x, (dim1, dim2), (-2, -1))[..., rows, columns]


def _diagonal_scatter(x: Any, source: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    rows, columns = _diagonal_places(x, offset, dim1, dim2)
    moved = jnp.moveaxis(x, (dim1, dim2), (-2, -1)).at[..., rows, columns].set(source.astype(x.dtype))
    return jnp.moveaxis(moved, (-2, -1), (dim1, dim2))


def _diagonal_places(x: Any, offset: int, dim1: int, dim2: int) -> tuple[Any, Any]:
    first = (max(-offset, 0), max(offset, 0))
    count = max(min(x.shape[dim1] - first[0], x.shape[dim2] - first[1]), 0)
    return jnp.arange(count) + first[0], jnp.arange(count) + first[1]


def _masked_scatter(x: Any, mask: Any, source: Any) -> Any:
    """The n-th element under the mask is the n-th of the source."""
    x, mask = jnp.broadcast_arrays(x, mask)
    if source.size == 0:
        return x
    places = jnp.clip(jnp.cumsum(mask.reshape(-1), dtype="int64") - 1, 0, source.size - 1)
    return jnp.where(mask, source.reshape(-1)[places].reshape(x.shape), x)


def _unfold(x: Any, dim: int, size: int, step: int) -> Any:
    """Windows along a dimension, which become the last."""
    if x.ndim == 0:
        return jnp.broadcast_to(x, (1,))[:size]
    starts = jnp.arange((x.shape[dim] - size) // step + 1) * step
    places = starts[:, None] + jnp.arange(size)
    found = jnp.take(x, places.reshape(-1), axis=dim % x.ndim)
    dim %= x.ndim
    return jnp.moveaxis(found.reshape(*x.shape[:dim], *places.shape, *x.shape[dim + 1 :]), dim + 1, -1)


def _cumulative_product(x: Any, dim: int, *, dtype: Any) -> Any:
    x = x.astype(dtype)
    return x if x.ndim == 0 else jax.lax.cumprod(x, dim % x.ndim)


_cumulative_product.needs_dtype = True  # type: ignore[attr-defined]


def _log_cumulative_sum(x: Any, dim: int) -> Any:
    if x.ndim == 0 or x.size == 0:
        return x
    if jnp.iscomplexobj(x):
        return jax.lax.associative_scan(_log_of_sum, x, axis=dim % x.ndim)
    return jax.lax.cumlogsumexp(x, dim % x.ndim)


def _log_of_sum(x: Any, y: Any) -> Any:
    """Of complex exponentials, with the imaginary part about that of the larger one, as torch's kernel."""
    small, large = (jnp.where((x.real < y.real) == is_small, x, y) for is_small in (True, False))
    found = large + jnp.log1p(jnp.exp(small - large))
    is_infinite = jnp.isinf(small.real) & (small.real == large.real)
    return jnp.where(is_infinite, jnp.where(small.real < 0, small, jnp.log(jnp.exp(small) + jnp.exp(large))), found)


def _gather(x: Any, dim: int, index: Any, *, sparse_grad: bool = False) -> Any:
    """The index may be shorter than `x` along the other dimensions."""
    del sparse_grad
    if x.ndim == 0 or index.ndim == 0:
        return jnp.broadcast_to(x.reshape(-1)[0], index.shape)
    return x[_along(dim % x.ndim, index)] if index.size else jnp.zeros(index.shape, x.dtype)


def _along(dim: int, index: Any) -> tuple[Any, ...]:
    """Indices of the elements of `x` that `gather` and `scatter` with `index` mean."""
    return tuple(index if i == dim else jax.lax.broadcasted_iota(index.dtype, index.shape, i) for i in range(index.ndim))


def _index_reduce(x: Any, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True) -> Any:
    """Slices of the source, combined into those of `x` that `index` names."""
    if x.ndim == 0:
        return _index_reduce(x.reshape(1), 0, index.reshape(-1), source.reshape(-1), reduce, include_self=include_self)[0]
    dim %= x.ndim
    at = (slice(None),) * dim + (index.reshape(-1),)
    return _combined(x, at, source.astype(x.dtype), reduce, include_self=include_self)


def _scatter_reduce(x: Any, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True) -> Any:
    if x.ndim == 0:
        return _scatter_reduce(x.reshape(1), 0, index.reshape(-1), source.reshape(-1), reduce, include_self=include_self)[0]
    if index.ndim == 0:
        index, source = index.reshape(1), source.reshape(1)
    if index.size == 0:
        return x
    source = source[tuple(slice(n) for n in index.shape)].astype(x.dtype)
    return _combined(x, _along(dim % x.ndim, index), source, reduce, include_self=include_self)


def _combined(x: Any, at: tuple[Any, ...], source: Any, reduce: str, *, include_self: bool) -> Any:
    if not include_self:
        x = x.at[at].set(_neutral(x.dtype, reduce))
    if reduce in ("sum", "add"):
        return _added(x, at, source)
    if reduce in ("prod", "multiply"):
        return x.at[at].min(source) if x.dtype == jnp.bool_ else x.at[at].multiply(source)
    if reduce == "amax":
        return x.at[at].max(source)
    if reduce == "amin":
        return x.at[at].min(source)
    counts = jnp.full(x.shape, int(include_self), "int64").at[at].add(1)
    total, counts = x.at[at].add(source), jnp.maximum(counts, 1)
    return total / counts.astype(x.dtype) if jnp.issubdtype(x.dtype, jnp.inexact) else jnp.floor_divide(total, counts)


def _added(x: Any, at: tuple[Any, ...], source: Any) -> Any:
    return x.at[at].max(source) if x.dtype == jnp.bool_ else x.at[at].add(source)


def _index_put(x: Any, indices: Sequence[Any], values: Any, accumulate: bool = False) -> Any:
    at = tuple(slice(None) if index is None else index for index in indices)
    values = values.astype(x.dtype)
    return _added(x, at, values) if accumulate else x.at[at].set(values)


def _neutral(dtype: Any, reduce: str) -> Any:
    if reduce in ("amax", "amin"):
        if dtype == jnp.bool_:
            return reduce == "amin"
        is_float = jnp.issubdtype(dtype, jnp.inexact)
        limits = (-jnp.inf, jnp.inf) if is_float else (jnp.iinfo(dtype).min, jnp.iinfo(dtype).max)
        return limits[reduce == "amin"]
    return 1 if reduce in ("prod", "multiply") else 0


def _scatter_by(x: Any, dim: int, index: Any, source: Any, *, reduce: str) -> Any:
    return _scatter_reduce(x, dim, index, jnp.broadcast_to(source, index.shape) if jnp.ndim(source) == 0 else source, reduce)


def _scatter(x: Any, dim: int, index: Any, source: Any) -> Any:
    """Of equal indices, the last."""
    if x.ndim == 0:
        return jnp.broadcast_to(jnp.asarray(source, x.dtype).reshape(-1)[-1:], (1,))[0] if index.size else x
    if index.ndim == 0:
        index, source = index.reshape(1), jnp.reshape(source, (1,) * jnp.ndim(source) or (1,))
    if index.size == 0:
        return x
    source = jnp.asarray(source, x.dtype)
    source = source[tuple(slice(n) for n in index.shape)] if source.ndim else source
    return x.at[_along(dim % x.ndim, index)].set(source)


def _scatter_add(x: Any, dim: int, index: Any, source: Any) -> Any:
    return _scatter_reduce(x, dim, index, source, "sum")


def _nonzero_static(x: Any, *, size: int, fill_value: int = -1) -> Any:
    if x.ndim == 0:
        return jnp.zeros((size, 0), "int64")
    if x.size == 0:
        return jnp.full((size, x.ndim), fill_value)
    return jnp.stack(jnp.nonzero(x, size=size, fill_value=fill_value), -1)


def _histc(x: Any, bins: int = 100, min: float = 0, max: float = 0) -> Any:  # as in ATen
    """Evenly spaced bins, the last of which has its end; NaN and what is outside is in none."""
    dtype = x.dtype
    x = x.reshape(-1)
    x = x if jnp.issubdtype(dtype, jnp.inexact) else x.astype("float64")
    low, high = jnp.asarray(min, x.dtype), jnp.asarray(max, x.dtype)
    if min == max and x.size:
        low, high = x.min(), x.max()
    low, high = jnp.where(low == high, low - 1, low), jnp.where(low == high, high + 1, high)
    inside = (x >= low) & (x <= high)
    at = jnp.minimum(jnp.where(inside, (x - low) * bins / (high - low), 0).astype("int64"), bins - 1)
    return jnp.zeros(bins, dtype).at[at].add(inside.astype(dtype))


def _index_select(x: Any, dim: int, index: Any) -> Any:
    if x.ndim == 0:
        return x
    return jnp.take(x, index.reshape(-1), axis=dim % x.ndim, mode="clip")


def _histogram(x: Any, bins: int, *, range: Any = None, weight: Any = None, density: bool = False) -> tuple[Any, Any]:
    """With evenly spaced edges, from least to largest where no range is given."""
    low, high = (jnp.asarray(each, x.dtype) for each in range or ((x.min(), x.max()) if x.size else (0, 1)))
    low, high = jnp.where(low == high, low - 0.5, low), jnp.where(low == high, high + 0.5, high)
    return _histogram_between(x, jnp.linspace(low, high, bins + 1, dtype=x.dtype), weight=weight, density=density)


def _histogram_between(x: Any, edges: Any, *, weight: Any = None, density: bool = False) -> tuple[Any, Any]:
    """How much is between each edge and the next; the last bin has its end."""
    bins = edges.shape[0] - 1
    x = x.reshape(-1)
    at = jnp.where(x == edges[-1], bins - 1, jnp.searchsorted(edges, x, side="right") - 1)
    inside = (x >= edges[0]) & (x <= edges[-1])
    amounts = jnp.where(inside, 1 if weight is None else weight.reshape(-1), 0).astype(edges.dtype)
    found = jnp.zeros(bins, edges.dtype).at[jnp.clip(at, 0, bins - 1)].add(amounts)
    return found / found.sum() / jnp.diff(edges) if density else found, edges


def _segment_reduce(
    x: Any, reduce: str, *, lengths: Any = None, indices: Any = None, offsets: Any = None, axis: int = 0, unsafe: bool = False, initial: Any = None
) -> Any:
    """Reductions of segments along an axis, each with the initial value; those before the axis have segments of their own."""
    del unsafe
    if indices is not None:
        raise NotImplementedError("segments by indices")
    ends = jnp.cumsum(lengths, axis) if offsets is None else jnp.moveaxis(jnp.moveaxis(offsets, axis, 0)[1:], 0, axis)
    starts = ends - lengths if offsets is None else jnp.moveaxis(jnp.moveaxis(offsets, axis, 0)[:-1], 0, axis)
    places = jnp.arange(x.shape[axis])
    inside = (places >= starts[..., None]) & (places < ends[..., None])  # (..., segments, places)
    inside = inside.reshape(*inside.shape, *(1,) * (x.ndim - axis - 1))
    elements = jnp.expand_dims(x, axis)
    names = {"sum": "sum", "mean": "sum", "prod": "prod", "max": "amax", "min": "amin"}
    neutral = jnp.asarray(_neutral(x.dtype, names[reduce]) if initial is None else initial, x.dtype)
    functions = {"sum": jnp.sum, "mean": jnp.sum, "prod": jnp.prod, "max": jnp.max, "min": jnp.min}
    found = functions[reduce](jnp.where(inside, elements, _neutral(x.dtype, names[reduce])), axis=axis + 1)
    combine = {"sum": jnp.add, "mean": jnp.add, "prod": jnp.multiply, "max": jnp.maximum, "min": jnp.minimum}[reduce]
    found = combine(found, neutral)
    if reduce != "mean":
        return found
    counts = jnp.broadcast_to(inside.sum(axis + 1), found.shape)
    return jnp.where(counts > 0, found / counts, jnp.nan if initial is None else neutral)


def _embedding_bag(
    weight: Any,
    indices: Any,
    offsets: Any,
    scale_grad_by_freq: bool = False,
    mode: int = 0,
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int = -1,
    *,
    shapes: Sequence[tuple[int, ...]],
) -> tuple[Any, Any, Any, Any]:
    """Sums, means or maxima of rows in bags that begin at the offsets; rows of the padding index are in none."""
    del scale_grad_by_freq, sparse
    count = offsets.shape[0] - int(include_last_offset)
    starts = offsets[:count]
    bags = jnp.searchsorted(starts, jnp.arange(indices.shape[0], dtype=starts.dtype), side="right") - 1
    inside = indices != (padding_idx + weight.shape[0] if padding_idx < -1 else padding_idx)
    sizes = jnp.zeros(count, indices.dtype).at[bags].add(inside.astype(indices.dtype))
    rows = weight[indices]
    shape = (count, weight.shape[1])
    if mode == _MAXIMA:
        lowest = _neutral(weight.dtype, "amax")
        rows = jnp.where(inside[:, None], rows, lowest)
        found = jnp.full(shape, lowest, weight.dtype).at[bags].max(rows)
        hits = jnp.where((rows == found[bags]) & inside[:, None], jnp.arange(indices.shape[0])[:, None], indices.shape[0])
        first = jnp.full(shape, indices.shape[0], "int64").at[bags].min(hits)
        is_empty = (sizes == 0)[:, None]
        places = (
            jnp.where(is_empty, 0, indices[jnp.clip(first, 0, max(indices.shape[0] - 1, 0))])
            if indices.shape[0]
            else jnp.zeros(shape, "int64")
        )
        return jnp.where(is_empty, 0, found), bags if bags.shape == shapes[1] else jnp.zeros(shapes[1], bags.dtype), sizes, places
    if per_sample_weights is not None:
        rows = rows * per_sample_weights[:, None].astype(rows.dtype)
    found = jnp.zeros(shape, weight.dtype).at[bags].add(jnp.where(inside[:, None], rows, 0))
    if mode == _MEANS:
        found = found / jnp.maximum(sizes, 1)[:, None].astype(found.dtype)
    bags, sizes = (
        each if each.shape == shape else jnp.zeros(shape, each.dtype) for each, shape in zip((bags, sizes), shapes[1:], strict=False)
    )
    return found, bags, sizes, jnp.zeros(shapes[3], indices.dtype)  # (without a derivative, torch leaves some out)


_embedding_bag.needs_shapes = True  # type: ignore[attr-defined]
_MEANS, _MAXIMA = 1, 2  # modes of an embedding bag

LOWERINGS: dict[str, Callable[..., Any]] = {
    "aten._embedding_bag.default": _embedding_bag,
    "aten._embedding_bag_forward_only.default": _embedding_bag,
    "aten.argmax.default": _place_of(jnp.argmax),
    "aten.argmin.default": _place_of(jnp.argmin),
    "aten.bucketize.Scalar": _bucketize,
    "aten.bucketize.Tensor": _bucketize,
    "aten.cummax.default": _running(jax.lax.cummax),
    "aten.cummin.default": _running(jax.lax.cummin),
    "aten.cumprod.default": _cumulative_product,
    "aten.diagonal.default": _diagonal,
    "aten.diagonal_copy.default": _diagonal,
    "aten.diagonal_scatter.default": _diagonal_scatter,
    "aten.gather.default": _gather,
    "aten.histc.default": _histc,
    "aten._unsafe_index_put.default": _index_put,
    "aten.index_put.default": _index_put,
    "aten.histogram.bin_ct": _histogram,
    "aten.histogram.bins_tensor": _histogram_between,
    "aten.index_reduce.default": _index_reduce,
    "aten.index_select.default": _index_select,
    "aten.kthvalue.default": _kth_value,
    "aten.logcumsumexp.default": _log_cumulative_sum,
    "aten.masked_scatter.default": _masked_scatter,
    "aten.median.default": _median,
    "aten.median.dim": _median_along,
    "aten.mode.default": _mode,
    "aten.nanmedian.default": _nanmedian,
    "aten.nanmedian.dim": _nanmedian_along,
    "aten.nonzero_static.default": _nonzero_static,
    "aten.scatter.reduce": _scatter_by,
    "aten.scatter.src": _scatter,
    "aten.scatter.value": _scatter,
    "aten.scatter.value_reduce": _scatter_by,
    "aten.scatter_add.default": _scatter_add,
    "aten.scatter_reduce.two": _scatter_reduce,
    "aten.searchsorted.Scalar": _search_sorted,
    "aten.searchsorted.Tensor": _search_sorted,
    "aten.sort.default": _sort,
    "aten.sort.stable": _stable_sort,
    "aten.segment_reduce.default": _segment_reduce,
    "aten.topk.default": _top_k,
    "aten.unfold.default": _unfold,
    "aten.unfold_copy.default": _unfold,
}
