"""NumPy's sorting and searching of sorted arrays on JAX arrays: one stable sort each, searches unrolled into gathers."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from memarray._kernels.operands import Checks, Operand, axis_of, cast, flat_or_whole, order_keys, precedes, promoted

__all__ = ["CHECKS", "argpartition", "argsort", "digitize", "lexsort", "partition", "searchsorted", "sort", "sort_complex"]

_KINDS = ("quicksort", "mergesort", "heapsort", "stable")


def _check_kind(kind: str | None, stable: bool | None) -> None:
    if kind is not None and stable is not None:
        raise ValueError("`kind` and `stable` parameters can't be provided at the same time. Use only one of them.")
    if kind is not None and (not kind or kind[0].lower() not in "qmhs"):
        raise ValueError(f"sort kind must be one of {', '.join(map(repr, _KINDS))} (got {kind!r})")


def _axis_to_sort(a: jax.Array, axis: int | None) -> tuple[jax.Array, int]:
    return (a.reshape(-1), 0) if axis is None else (a, axis_of(axis, a.ndim))


def sort(a: Operand, axis: int | None = -1, kind: str | None = None, *, stable: bool | None = None) -> jax.Array:
    """`np.sort`; stable whatever is asked for."""
    _check_kind(kind, stable)
    a, along = _axis_to_sort(jnp.asarray(a), axis)
    if a.dtype.kind != "c":
        return lax.sort(a, along, is_stable=True)
    keys = order_keys(a)
    return lax.sort((*keys, a), along, is_stable=True, num_keys=len(keys))[-1]


def _order(keys: tuple[jax.Array, ...], along: int) -> jax.Array:
    """The indices that sort by the first key first."""
    index = lax.broadcasted_iota(np.dtype(np.int64), keys[0].shape, along)
    return lax.sort((*keys, index), along, is_stable=True, num_keys=len(keys))[-1]


def argsort(a: Operand, axis: int | None = -1, kind: str | None = None, *, stable: bool | None = None) -> jax.Array:
    """`np.argsort`; stable whatever is asked for."""
    _check_kind(kind, stable)
    a, along = flat_or_whole(jnp.asarray(a), axis)
    return _order(order_keys(a), along)


def lexsort(keys: tuple[Operand, ...] | jax.Array, axis: int = -1) -> jax.Array:
    """`np.lexsort`: by the last key first."""
    arrays = [jnp.asarray(key) for key in keys]
    if not arrays:
        raise TypeError("need sequence of keys with len > 0 in lexsort")
    if len({array.shape for array in arrays}) > 1:
        raise ValueError("all keys need to be the same shape")
    if not arrays[0].ndim:
        axis_of(axis, 1)
        return jnp.zeros((), np.int64)
    along = axis_of(axis, arrays[0].ndim)
    return _order(tuple(key for array in reversed(arrays) for key in order_keys(array)), along)


def _check_kth(kth: int | tuple[int, ...], size: int, kind: str) -> None:
    if kind != "introselect":
        raise ValueError(f"select kind must be 'introselect' (got {kind!r})")
    for place in kth if isinstance(kth, tuple) else (kth,):
        if not -size <= place < size:
            raise ValueError(f"kth(={place + size if place < 0 else place}) out of bounds ({size})")


def partition(a: Operand, kth: int | tuple[int, ...], axis: int | None = -1, kind: str = "introselect") -> jax.Array:
    """`np.partition`, by sorting."""
    a, along = _axis_to_sort(jnp.asarray(a), axis)
    _check_kth(kth, a.shape[along], kind)
    return sort(a, along)


def argpartition(a: Operand, kth: int | tuple[int, ...], axis: int | None = -1, kind: str = "introselect") -> jax.Array:
    """`np.argpartition`, by sorting."""
    a, along = flat_or_whole(jnp.asarray(a), axis)
    _check_kth(kth, a.shape[along], kind)
    return argsort(a, along)


def sort_complex(a: Operand) -> jax.Array:
    """`np.sort_complex`."""
    ordered = sort(jnp.asarray(a))
    if ordered.dtype.kind == "c":
        return ordered
    return ordered.astype(np.complex64 if ordered.dtype.kind in "iu" and ordered.dtype.itemsize < 4 else np.complex128)


def searchsorted(a: Operand, v: Operand, side: str = "left", sorter: Operand | None = None) -> jax.Array:
    """`np.searchsorted`: bisection from the greatest power of two down, all of `v` at once."""
    a = jnp.asarray(a)
    if a.ndim != 1:
        raise ValueError("object of too small depth for desired array" if a.ndim < 1 else "object too deep for desired array")
    if side not in ("left", "right"):
        raise ValueError(f"search side must be 'left' or 'right' (got {side!r})")
    if sorter is not None:
        a = a[_checked_sorter(sorter, a.shape[0])]
    ordered, sought = promoted(a, v)
    count = ordered.shape[0]
    place = jnp.zeros(sought.shape, np.int64)
    for bit in reversed(range(count.bit_length())):
        candidate = place + (1 << bit)
        there = jnp.take(ordered, candidate - 1, mode="clip")
        is_before = precedes(there, sought) if side == "left" else ~precedes(sought, there)
        place = jnp.where((candidate <= count) & is_before, candidate, place)
    return place


def _checked_sorter(sorter: Operand, size: int) -> jax.Array:
    sorter = jnp.asarray(sorter)
    if sorter.dtype.kind not in "iu":
        raise TypeError("sorter must only contain integers")
    if sorter.shape != (size,):
        raise ValueError("sorter.size must equal len(a)" if sorter.ndim == 1 else "object too deep for desired array")
    return sorter


def digitize(x: Operand, bins: Operand, right: bool = False) -> jax.Array:
    """`np.digitize`; bins that decrease are searched from behind."""
    x, bins = jnp.asarray(x), jnp.asarray(bins)
    if x.dtype.kind == "c":
        raise TypeError("x may not be complex")
    if bins.ndim != 1:
        raise ValueError("object of too small depth for desired array" if bins.ndim < 1 else "object too deep for desired array")
    if not bins.size:
        return jnp.zeros(x.shape, np.int64)
    is_decreasing = bins[0] > bins[-1]
    place = searchsorted(jnp.where(is_decreasing, bins[::-1], bins), x, "left" if right else "right")
    return jnp.where(is_decreasing, bins.shape[0] - place, place)


def _is_not_monotonic(_: tuple[jax.Array, ...], x: Operand, bins: Operand, right: bool = False) -> jax.Array:
    edges = cast(bins, np.dtype(np.float64))
    return ~(jnp.all(edges[1:] >= edges[:-1]) | jnp.all(edges[1:] <= edges[:-1]))


def _is_sorter_outside(
    _: tuple[jax.Array, ...],
    a: Operand,
    v: Operand,
    side: str = "left",
    sorter: Operand | None = None,
) -> jax.Array:
    if sorter is None:
        return jnp.asarray(False)
    size = jnp.asarray(a).shape[0]
    return jnp.any((jnp.asarray(sorter) < 0) | (jnp.asarray(sorter) >= size))


CHECKS: Checks = {
    "digitize": (_is_not_monotonic, ValueError, "bins must be monotonically increasing or decreasing"),
    "searchsorted": (_is_sorter_outside, ValueError, "Sorter index out of range."),
}
