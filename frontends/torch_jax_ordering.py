"""Lowerings of ATen operations that order, search or pick elements, in JAX. See `torch_lowerings`."""

# Flags are positional, and one is called `sorted`, as in ATen.
# ruff: noqa: A002, FBT001, FBT002

from collections.abc import Callable
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
    found = tuple(jnp.take_along_axis(each, at, dim) for each in (values, indices))
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
    return _median_along(x.reshape(-1), 0)[0] if x.size else jnp.full((), jnp.nan if jnp.issubdtype(x.dtype, jnp.inexact) else jnp.iinfo(x.dtype).min, x.dtype)


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
        values = scan(x.astype("uint8"), dim % x.ndim).astype(bool) if x.dtype == bool else scan(x, dim % x.ndim)
        hits = (x == values) | _is_nan(x)
        places = jax.lax.broadcasted_iota("int64", x.shape, dim % x.ndim)
        return values, jax.lax.cummax(jnp.where(hits, places, 0), dim % x.ndim)

    return running


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


LOWERINGS: dict[str, Callable[..., Any]] = {
    "aten.bucketize.Scalar": _bucketize,
    "aten.bucketize.Tensor": _bucketize,
    "aten.cummax.default": _running(jax.lax.cummax),
    "aten.cummin.default": _running(jax.lax.cummin),
    "aten.diagonal.default": _diagonal,
    "aten.diagonal_copy.default": _diagonal,
    "aten.diagonal_scatter.default": _diagonal_scatter,
    "aten.kthvalue.default": _kth_value,
    "aten.masked_scatter.default": _masked_scatter,
    "aten.median.default": _median,
    "aten.median.dim": _median_along,
    "aten.mode.default": _mode,
    "aten.nanmedian.default": _nanmedian,
    "aten.nanmedian.dim": _nanmedian_along,
    "aten.searchsorted.Scalar": _search_sorted,
    "aten.searchsorted.Tensor": _search_sorted,
    "aten.sort.default": _sort,
    "aten.sort.stable": _stable_sort,
    "aten.topk.default": _top_k,
}
