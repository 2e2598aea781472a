# NumPy's names
"""NumPy's histograms on JAX arrays: a bisection among the edges, then counts added up by a scatter.

The edges of a static range are NumPy's own; those of a range that depends on data are rounded as NumPy's, but for float16.
"""

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from memarray._kernels.operands import Checks, Operand, cast, inexact, is_static, precedes, product, promoted, quotient, result_type
from memarray._kernels.sorting import searchsorted

__all__ = ["CHECKS", "bincount", "histogram", "histogram2d", "histogram_bin_edges", "histogramdd"]

Range = tuple[float, float] | None
Bins = Any  # how many, or the edges; for several dimensions a tuple of either

_FLOAT64 = np.dtype(np.float64)


def _counted(place: jax.Array, weights: jax.Array | None, length: int, dtype: np.dtype) -> jax.Array:
    """The weights added up by place; places outside count nowhere."""
    outside = (place < 0) | (place >= length)
    place = jnp.where(outside, length, place)
    added = jnp.ones(place.shape, dtype) if weights is None else cast(weights, dtype)
    return jnp.zeros(length, dtype).at[place].add(added, mode="drop")


def bincount(x: Operand, /, weights: Operand | None = None, minlength: int = 0, *, length: int | None = None) -> jax.Array:
    """`np.bincount` of the length that its result has, one more than the greatest of `x`, which the caller has to know."""
    x = jnp.asarray(x)
    if x.ndim != 1:
        raise ValueError("object too deep for desired array" if x.ndim else "object of too small depth for desired array")
    if x.dtype.kind not in "biu" and x.size:
        raise TypeError(f"Cannot cast array data from dtype('{x.dtype}') to dtype('int64') according to the rule 'safe'")
    if minlength < 0:
        raise ValueError("'minlength' must not be negative")
    if length is None:
        raise TypeError("bincount needs the static length of its result, the greatest of x and one; got length=None")
    size = max(minlength, length)
    if weights is None:
        return _counted(x.astype(np.int64), None, size, np.dtype(np.int64))
    weights = jnp.asarray(weights)
    if weights.shape != x.shape:
        raise ValueError("The weights and list don't have the same length.")
    if weights.dtype.kind == "c":
        raise TypeError(f"Cannot cast array data from dtype('{weights.dtype}') to dtype('float64') according to the rule 'safe'")
    return _counted(x.astype(np.int64), weights, size, _FLOAT64)


def _ends(a: jax.Array, range: Range) -> tuple[Any, Any]:
    """The outermost edges: what is asked for, else the least and the greatest of the data; never the same."""
    if range is not None:
        first, last = range
        if first > last:
            raise ValueError("max must be larger than min in range parameter.")
        if not (np.isfinite(first) and np.isfinite(last)):
            raise ValueError(f"supplied range of [{first}, {last}] is not finite")
        return (first - 0.5, last + 0.5) if first == last else (first, last)
    if not a.size:
        return 0, 1
    dtype = inexact(a.dtype)
    least, greatest = jnp.min(a).astype(dtype), jnp.max(a).astype(dtype)
    half = jnp.where(least == greatest, cast(0.5, dtype), cast(0, dtype))
    return least - half, greatest + half


def _even_edges(a: jax.Array, count: int, range: Range, dtype: np.dtype | None) -> jax.Array:
    first, last = _ends(a, range)
    if is_static(first):
        edges: np.ndarray = np.linspace(first, last, count + 1)
        return jnp.asarray(edges if dtype is None else edges.astype(dtype))
    # Rounded as in `np.linspace`: integers often lie on an edge, and which bin they are in hangs on its last bit.
    steps = product(jnp.arange(count, dtype=first.dtype), quotient(last - first, count))
    return jnp.concatenate([steps + first, last[None]]).astype(dtype or first.dtype)


def _checked_bins(bins: Bins) -> int | jax.Array:
    """How many bins, or their edges."""
    if isinstance(bins, str):
        raise NotImplementedError(f"the number of bins of {bins!r} depends on data: pass a number or edges")
    edges = jnp.asarray(bins)
    if edges.ndim > 1:
        raise ValueError("`bins` must be 1d, when an array")
    if edges.ndim == 1:
        return edges
    try:
        count = operator.index(bins)
    except TypeError:
        raise TypeError("`bins` must be an integer, a string, or an array") from None
    if count < 1:
        raise ValueError("`bins` must be positive, when an integer")
    return count


def _edges(a: jax.Array, bins: Bins, range: Range) -> jax.Array:
    chosen = _checked_bins(bins)
    if not isinstance(chosen, int):
        return chosen
    ends = _ends(a, range)
    dtype = result_type(*(item if is_static(item) else a.dtype for item in ends), a.dtype)
    return _even_edges(a, chosen, range, _FLOAT64 if dtype.kind in "iub" else dtype)


def _flat(a: Operand, weights: Operand | None) -> tuple[jax.Array, jax.Array | None]:
    a = jnp.asarray(a)
    weights = None if weights is None else jnp.asarray(weights)
    if weights is not None and weights.shape != a.shape:
        raise ValueError("weights should have the same shape as a.")
    a = a.astype(np.uint8) if a.dtype == np.bool_ else a
    return a.reshape(-1), None if weights is None else weights.reshape(-1)


def histogram_bin_edges(a: Operand, bins: Bins = 10, range: Range = None, weights: Operand | None = None) -> jax.Array:
    """`np.histogram_bin_edges`."""
    return _edges(_flat(a, weights)[0], bins, range)


def _place(values: jax.Array, edges: jax.Array) -> jax.Array:
    """Which bin a value is in, -1 below the first; the last bin has both its edges."""
    values, edges = promoted(values, edges)
    count = edges.shape[0] - 1
    place = searchsorted(edges, values, "right") - 1
    return jnp.where((place == count) & ~precedes(edges[-1:], values), count - 1, place)


def histogram(
    a: Operand, bins: Bins = 10, range: Range = None, density: bool | None = None, weights: Operand | None = None
) -> tuple[jax.Array, jax.Array]:
    """`np.histogram`."""
    flat, weights = _flat(a, weights)
    edges = _edges(flat, bins, range)
    dtype = np.dtype(np.int64) if weights is None else weights.dtype
    counts = _counted(_place(flat, edges), weights, max(edges.shape[0] - 1, 0), dtype)
    if density:
        widths = (edges[1:] - edges[:-1]).astype(_FLOAT64)
        counts = counts / widths / jnp.sum(counts)
    return counts, edges


def _columns(sample: Operand | tuple[Operand, ...]) -> list[jax.Array]:
    if isinstance(sample, tuple | list):
        return promoted(*sample)
    array = jnp.asarray(sample)
    array = array[:, None] if array.ndim == 1 else array
    return [array[:, column] for column in np.arange(array.shape[1])]


def _axis_edges(column: jax.Array, bins: Bins, range: Range, axis: int) -> jax.Array:
    try:
        chosen = _checked_bins(bins)
    except ValueError:
        problem = "must be a scalar or 1d array" if jnp.ndim(bins) > 1 else "must be positive, when an integer"
        raise ValueError(f"`bins[{axis}]` {problem}") from None
    return _even_edges(column, chosen, range, None) if isinstance(chosen, int) else chosen


def histogramdd(
    sample: Operand | tuple[Operand, ...],
    bins: Bins = 10,
    range: Sequence[Range] | None = None,
    density: bool | None = None,
    weights: Operand | None = None,
) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    """`np.histogramdd`."""
    columns = _columns(sample)
    each = list(bins) if isinstance(bins, tuple | list) or jnp.ndim(bins) else [bins] * len(columns)
    if len(each) != len(columns):
        raise ValueError("The dimension of bins must be equal to the dimension of the sample x.")
    ranges = [None] * len(columns) if range is None else list(range)
    if len(ranges) != len(columns):
        raise ValueError("range argument must have one entry per dimension")
    edges = tuple(_axis_edges(*item, axis) for axis, item in enumerate(zip(columns, each, ranges, strict=True)))
    shape = tuple(item.shape[0] - 1 for item in edges)
    place, is_outside = jnp.zeros((), np.int64), jnp.asarray(False)
    for column, item, size in zip(columns, edges, shape, strict=True):
        along = _place(column, item)
        is_outside = is_outside | (along < 0) | (along >= size)
        place = place * size + along
    weights = None if weights is None else jnp.asarray(weights).reshape(-1)
    counts = _counted(jnp.where(is_outside, -1, place), weights, math.prod(shape), _FLOAT64).reshape(shape)
    if density:
        total = jnp.sum(counts)
        for axis, item in enumerate(edges):
            counts = counts / (item[1:] - item[:-1]).reshape(tuple(-1 if dim == axis else 1 for dim in np.arange(len(shape))))
        counts = counts / total
    return counts, edges


def histogram2d(
    x: Operand,
    y: Operand,
    bins: Bins = 10,
    range: Sequence[Range] | None = None,
    density: bool | None = None,
    weights: Operand | None = None,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """`np.histogram2d`."""
    if jnp.shape(x) != jnp.shape(y):
        raise ValueError("x and y must have the same length.")
    is_edges = jnp.ndim(bins) == 1 if not isinstance(bins, tuple | list) else len(bins) not in (1, 2)
    counts, edges = histogramdd((x, y), (bins, bins) if is_edges else bins, range, density, weights)
    return counts, edges[0], edges[1]


def _is_negative(_: tuple[jax.Array, ...], x: Operand, *rest: object, **params: object) -> jax.Array:
    return jnp.any(jnp.asarray(x) < 0)


def _is_wrong(find: Callable[..., tuple[jax.Array, ...]]) -> Callable[..., jax.Array]:
    """Whether edges decrease, or are not finite where the data's extremes made them."""

    def is_wrong(results: tuple[Any, ...], *operands: object, **params: object) -> jax.Array:
        return jnp.asarray([jnp.any(item[:-1] > item[1:]) | jnp.any(jnp.isnan(item)) for item in find(results)]).any()

    return is_wrong


_EDGES = "`bins` must increase monotonically, when an array, and the range of the data must be finite"
CHECKS: Checks = {
    "bincount": (_is_negative, ValueError, "'list' argument must have no negative elements"),
    "histogram": (_is_wrong(lambda results: results[1:]), ValueError, _EDGES),
    "histogram_bin_edges": (_is_wrong(lambda results: results), ValueError, _EDGES),
    "histogram2d": (_is_wrong(lambda results: results[1:]), ValueError, _EDGES),
    "histogramdd": (_is_wrong(lambda results: results[1]), ValueError, _EDGES),
}
