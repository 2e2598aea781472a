"""Lowerings of ATen operations that pick elements, write to some, or reduce segments, in JAX. See `torch_lowerings`."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp


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


def _index_select(x: Any, dim: int, index: Any) -> Any:
    if x.ndim == 0:
        return x
    return jnp.take(x, index.reshape(-1), axis=dim % x.ndim, mode="clip")


def _gather(x: Any, dim: int, index: Any, *, sparse_grad: bool = False) -> Any:
    """The index may be shorter than `x` along the other dimensions, and what it names is there."""
    del sparse_grad
    if x.ndim == 0 or index.ndim == 0:
        return jnp.broadcast_to(x.reshape(-1)[0], index.shape)
    dim %= x.ndim
    x = x[tuple(slice(None) if i == dim else slice(length) for i, length in enumerate(index.shape))]
    return jnp.take_along_axis(x, index, dim, mode="clip", wrap_negative_indices=False) if index.size else jnp.zeros(index.shape, x.dtype)


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


def _scatter(x: Any, dim: int, index: Any, source: Any) -> Any:
    """Of equal indices, any, as in torch."""
    if x.ndim == 0:
        return jnp.broadcast_to(jnp.asarray(source, x.dtype).reshape(-1)[-1:], (1,))[0] if index.size else x
    if index.ndim == 0:
        index, source = index.reshape(1), jnp.reshape(source, (1,) * jnp.ndim(source) or (1,))
    if index.size == 0:
        return x
    source = jnp.asarray(source, x.dtype)
    source = source[tuple(slice(n) for n in index.shape)] if source.ndim else source
    return x.at[_along(dim % x.ndim, index)].set(source)


def _scatter_by(x: Any, dim: int, index: Any, source: Any, *, reduce: str) -> Any:
    return _scatter_reduce(x, dim, index, jnp.broadcast_to(source, index.shape) if jnp.ndim(source) == 0 else source, reduce)


def _scatter_add(x: Any, dim: int, index: Any, source: Any) -> Any:
    return _scatter_reduce(x, dim, index, source, "sum")


def _index_put(x: Any, indices: Sequence[Any], values: Any, accumulate: bool = False) -> Any:
    at = tuple(slice(None) if index is None else index for index in indices)
    values = values.astype(x.dtype)
    return _added(x, at, values) if accumulate else x.at[at].set(values)


def _slice_scatter(x: Any, source: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Any:
    """The source in place of a slice."""
    places = (slice(None),) * (dim % x.ndim) + (slice(start, end, step),)
    return x.at[places].set(source.astype(x.dtype))


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


def _neutral(dtype: Any, reduce: str) -> Any:
    if reduce in ("amax", "amin"):
        if dtype == jnp.bool_:
            return reduce == "amin"
        is_float = jnp.issubdtype(dtype, jnp.inexact)
        limits = (-jnp.inf, jnp.inf) if is_float else (jnp.iinfo(dtype).min, jnp.iinfo(dtype).max)
        return limits[reduce == "amin"]
    return 1 if reduce in ("prod", "multiply") else 0


def _nonzero_static(x: Any, *, size: int, fill_value: int = -1) -> Any:
    if x.ndim == 0:
        return jnp.zeros((size, 0), "int64")
    if x.size == 0:
        return jnp.full((size, x.ndim), fill_value)
    return jnp.stack(jnp.nonzero(x, size=size, fill_value=fill_value), -1)


def _segment_reduce(
    x: Any,
    reduce: str,
    *,
    lengths: Any = None,
    indices: Any = None,
    offsets: Any = None,
    axis: int = 0,
    unsafe: bool = False,
    initial: Any = None,
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
    functions: dict[str, Any] = {"sum": jnp.sum, "mean": jnp.sum, "prod": jnp.prod, "max": jnp.max, "min": jnp.min}
    found = functions[reduce](jnp.where(inside, elements, _neutral(x.dtype, names[reduce])), axis=axis + 1)
    combine: Any = {"sum": jnp.add, "mean": jnp.add, "prod": jnp.multiply, "max": jnp.maximum, "min": jnp.minimum}[reduce]
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
    "aten._unsafe_index_put.default": _index_put,
    "aten.diagonal.default": _diagonal,
    "aten.diagonal_copy.default": _diagonal,
    "aten.diagonal_scatter.default": _diagonal_scatter,
    "aten.gather.default": _gather,
    "aten.index_put.default": _index_put,
    "aten.index_reduce.default": _index_reduce,
    "aten.index_select.default": _index_select,
    "aten.masked_scatter.default": _masked_scatter,
    "aten.nonzero_static.default": _nonzero_static,
    "aten.scatter.reduce": _scatter_by,
    "aten.scatter.src": _scatter,
    "aten.scatter.value": _scatter,
    "aten.scatter.value_reduce": _scatter_by,
    "aten.scatter_add.default": _scatter_add,
    "aten.scatter_reduce.two": _scatter_reduce,
    "aten.segment_reduce.default": _segment_reduce,
    "aten.slice_scatter.default": _slice_scatter,
    "aten.unfold.default": _unfold,
    "aten.unfold_copy.default": _unfold,
}
