# ruff: noqa: PLE0604  # NumPy's names; PLE0604 does not see into `*(...)`
"""NumPy's functions that take, choose and put by indices and masks on JAX arrays; those that write give the new array.

An index out of bounds cannot raise here: `CHECKS` says when one is.
"""

import math
from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from memarray._kernels.operands import Checks, Operand, axis_of, cast, promoted, result_type

__all__ = [
    *("CHECKS", "choose", "clip", "copyto", "place", "put", "put_along_axis", "putmask", "ravel_multi_index", "select", "take"),
    *("take_along_axis", "unravel_index", "where"),
]

_MODES = ("raise", "wrap", "clip")


def _index(indices: Operand, casting: Literal["safe", "same_kind"]) -> jax.Array:
    array = jnp.asarray(indices)
    if array.size and not np.can_cast(array.dtype, np.int64, casting):
        raise TypeError(f"Cannot cast array data from dtype('{array.dtype}') to dtype('int64') according to the rule '{casting}'")
    return array.astype(np.int64)


def _within(indices: jax.Array, size: int, mode: str, *, from_end: bool = True) -> jax.Array:
    """Indices inside the axis; `raise` counts from the end where it may."""
    if mode not in _MODES:
        raise ValueError(f"clipmode must be one of 'clip', 'raise', or 'wrap' (got {mode!r})")
    if mode == "wrap":
        return indices % max(size, 1)
    if mode == "raise" and from_end:
        indices = jnp.where(indices < 0, indices + size, indices)
    return jnp.clip(indices, 0, max(size - 1, 0))


def take(a: Operand, indices: Operand, axis: int | None = None, mode: str = "raise") -> jax.Array:
    """`np.take`."""
    a, indices = jnp.asarray(a), _index(indices, "same_kind")
    a, along = (a.reshape(-1), 0) if axis is None or not a.ndim else (a, axis_of(axis, a.ndim))
    if not a.shape[along]:
        if indices.size and math.prod((*a.shape[:along], *a.shape[along + 1 :])):
            raise IndexError("cannot do a non-empty take from an empty axes.")
        return jnp.zeros((*a.shape[:along], *indices.shape, *a.shape[along + 1 :]), a.dtype)
    return jnp.take(a, _within(indices, a.shape[along], mode), along, mode="clip")


def _along_axis(arr: jax.Array, indices: Operand, axis: int | None) -> tuple[jax.Array, jax.Array, int]:
    """Array and indices with as many dimensions, and the axis that the indices are along."""
    index = jnp.asarray(indices)
    if axis is None:
        if index.ndim != 1:
            raise ValueError("when axis=None, `indices` must have a single dimension.")
        arr, axis = arr.reshape(-1), 0
    along = axis_of(axis, arr.ndim)
    if index.dtype.kind not in "iu":
        raise IndexError("`indices` must be an integer array")
    if index.ndim != arr.ndim:
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    return arr, _within(index.astype(np.int64), arr.shape[along], "raise"), along


def _common(arr: jax.Array, index: jax.Array, along: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shapes that array and indices have once broadcast in all other dimensions."""
    try:
        shape = np.broadcast_shapes((*arr.shape[:along], 1, *arr.shape[along + 1 :]), (*index.shape[:along], 1, *index.shape[along + 1 :]))
    except ValueError:
        raise IndexError(f"shape mismatch: indices {index.shape} do not broadcast with array {arr.shape} off axis {along}") from None
    return (*shape[:along], arr.shape[along], *shape[along + 1 :]), (*shape[:along], index.shape[along], *shape[along + 1 :])


def take_along_axis(arr: Operand, indices: Operand, axis: int | None = -1) -> jax.Array:
    """`np.take_along_axis`."""
    arr, index, along = _along_axis(jnp.asarray(arr), indices, axis)
    whole, taken = _common(arr, index, along)
    if not whole[along] or not math.prod(taken):
        return jnp.zeros(taken, arr.dtype)
    return jnp.take_along_axis(jnp.broadcast_to(arr, whole), jnp.broadcast_to(index, taken), along, mode="clip")


def put_along_axis(arr: Operand, indices: Operand, values: Operand, axis: int | None) -> jax.Array:
    """The array that `np.put_along_axis` makes of `arr`."""
    array = jnp.asarray(arr)
    flat, index, along = _along_axis(array, indices, axis)
    _, put_shape = _common(flat, index, along)
    index = jnp.broadcast_to(index, put_shape)
    where_to = tuple(
        index if dim == along else lax.broadcasted_iota(np.dtype(np.int64), index.shape, dim) % max(flat.shape[dim], 1)
        for dim in range(flat.ndim)
    )
    return flat.at[where_to].set(cast(values, flat.dtype), mode="clip").reshape(array.shape)


def put(a: Operand, ind: Operand, v: Operand, mode: str = "raise") -> jax.Array:
    """The array that `np.put` makes of `a`; which of several values for one place stays is up to XLA, on the CPU the last."""
    a, index, values = jnp.asarray(a), _index(ind, "safe").reshape(-1), jnp.asarray(v).reshape(-1)
    if not index.size or not values.size:
        return a
    if not a.size:
        raise IndexError("cannot replace elements of an empty array")
    repeated = jnp.tile(values, -(-index.size // values.size))[: index.size]
    return a.reshape(-1).at[_within(index, a.size, mode)].set(cast(repeated, a.dtype), mode="clip").reshape(a.shape)


def _check_safe(values: jax.Array, dtype: np.dtype) -> None:
    if not np.can_cast(values.dtype, dtype, "safe"):
        raise TypeError(f"Cannot cast array data from dtype('{values.dtype}') to dtype('{dtype}') according to the rule 'safe'")


def place(arr: Operand, mask: Operand, vals: Operand) -> jax.Array:
    """The array that `np.place` makes of `arr`."""
    arr, mask, values = jnp.asarray(arr), jnp.asarray(mask).astype(np.bool_), jnp.asarray(vals).reshape(-1)
    if mask.size != arr.size:
        raise ValueError("place: mask and data must be the same size")
    _check_safe(values, arr.dtype)
    if not values.size:
        return arr
    number = jnp.cumsum(mask.reshape(-1), dtype=np.int64) - 1
    new = jnp.take(cast(values, arr.dtype), number % values.size, mode="clip").reshape(arr.shape)
    return jnp.where(mask.reshape(arr.shape), new, arr)


def putmask(a: Operand, /, mask: Operand, values: Operand) -> jax.Array:
    """The array that `np.putmask` makes of `a`."""
    a, mask, values = jnp.asarray(a), jnp.asarray(mask).astype(np.bool_), jnp.asarray(values)
    if mask.size != a.size:
        raise ValueError("putmask: mask and data must be the same size")
    _check_safe(values, a.dtype)
    if not values.size:
        return a
    new = cast(values.reshape(-1), a.dtype)
    repeated = jnp.tile(new, -(-a.size // new.size))[: a.size].reshape(a.shape)
    return jnp.where(mask.reshape(a.shape), repeated, a)


def copyto(dst: Operand, src: Operand, casting: str = "same_kind", where: Operand | bool = True) -> jax.Array:
    """The array that `np.copyto` makes of `dst`."""
    dst, source, mask = jnp.asarray(dst), jnp.asarray(src), jnp.asarray(where)
    if type(src) not in (bool, int, float, complex) and not np.can_cast(source.dtype, dst.dtype, casting):  # type: ignore[arg-type]  # its names
        raise TypeError(f"Cannot cast array data from dtype('{source.dtype}') to dtype('{dst.dtype}') according to the rule '{casting}'")
    if mask.dtype != np.bool_:
        raise TypeError(f"Cannot cast array data from dtype('{mask.dtype}') to dtype('bool') according to the rule 'safe'")
    extra = max(source.ndim - dst.ndim, 0)
    if all(size == 1 for size in source.shape[:extra]):
        source = source.reshape(source.shape[extra:])
    new = jnp.broadcast_to(cast(source, dst.dtype), dst.shape)
    return new if where is True else jnp.where(jnp.broadcast_to(mask, dst.shape), new, dst)


def where(condition: Operand, x: Operand | None = None, y: Operand | None = None, /) -> jax.Array:
    """`np.where` of three operands; of one its shape depends on data."""
    if (x is None) != (y is None):
        raise ValueError("either both or neither of x and y should be given")
    if x is None or y is None:
        raise NotImplementedError("where(condition): the shape of the result depends on data; pass x and y")
    one, other = promoted(x, y)
    return jnp.where(jnp.asarray(condition).astype(np.bool_), one, other)


def select(condlist: tuple[Operand, ...], choicelist: tuple[Operand, ...], default: Operand = 0) -> jax.Array:
    """`np.select`."""
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    if not condlist:
        raise ValueError("select with an empty condition list is not possible")
    dtype = result_type(*choicelist, default)
    conditions = [jnp.asarray(item) for item in condlist]
    for number, condition in enumerate(conditions):
        if condition.dtype != np.bool_:
            raise TypeError(f"invalid entry {number} in condlist: should be boolean ndarray")
    result = cast(default, dtype)
    for condition, choice in reversed(list(zip(conditions, choicelist, strict=True))):
        result = jnp.where(condition, cast(choice, dtype), result)
    shape = np.broadcast_shapes(*(item.shape for item in conditions), *(jnp.shape(item) for item in choicelist))
    return jnp.broadcast_to(result, shape)


def choose(a: Operand, choices: tuple[Operand, ...] | jax.Array, mode: str = "raise") -> jax.Array:
    """`np.choose`: one selection for each of the choices."""
    index = _index(a, "safe")
    options = promoted(*choices)
    if not options:
        raise ValueError("choose: need at least one choice")
    index = _within(index, len(options), mode, from_end=False)
    index, result, *rest = jnp.broadcast_arrays(index, *options)
    for number, option in enumerate(rest, 1):
        result = jnp.where(index == number, option, result)
    return result


def _chosen(x: jax.Array, bound: jax.Array, take_bound: Callable[[Any, Any], Any]) -> jax.Array:
    """The bound where it is beyond; complex numbers by their real parts first, NaN as it is."""
    real, imag, to_real, to_imag = jnp.real(x), jnp.imag(x), jnp.real(bound), jnp.imag(bound)
    beyond = take_bound(to_real, real) | ((to_real == real) & take_bound(to_imag, imag)) | jnp.isnan(bound)
    return jnp.where(beyond & ~jnp.isnan(x), bound, x)


def clip(
    a: Operand, a_min: Operand | None = None, a_max: Operand | None = None, *, min: Operand | None = None, max: Operand | None = None
) -> jax.Array:
    """`np.clip`; None is no bound."""
    if (a_min is not None or a_max is not None) and (min is not None or max is not None):
        raise ValueError("Passing `min` or `max` keyword argument when `a_min` and `a_max` are provided is forbidden.")
    low, high = (a_min, a_max) if min is None and max is None else (min, max)
    dtype = result_type(*(item for item in (a, low, high) if item is not None))
    np.broadcast_shapes(*(jnp.shape(item) for item in (a, low, high) if item is not None))
    result = cast(a, dtype)
    if dtype.kind == "c":
        result = result if low is None else _chosen(result, cast(low, dtype), lambda bound, x: bound > x)
        return result if high is None else _chosen(result, cast(high, dtype), lambda bound, x: bound < x)
    result = result if low is None else jnp.maximum(result, cast(low, dtype))
    return result if high is None else jnp.minimum(result, cast(high, dtype))


def unravel_index(indices: Operand, shape: int | tuple[int, ...], order: str = "C") -> tuple[jax.Array, ...]:
    """`np.unravel_index`."""
    _check_order(order)
    index = jnp.asarray(indices)
    if index.dtype.kind not in "iu":
        raise TypeError("only int indices permitted")
    index, sizes = index.astype(np.int64), shape if isinstance(shape, tuple) else (shape,)
    results = []
    for size in reversed(sizes) if order == "C" else sizes:
        results.append(index % np.maximum(size, 1))
        index = index // np.maximum(size, 1)
    return tuple(reversed(results)) if order == "C" else tuple(results)


def _check_order(order: str) -> None:
    if order not in ("C", "F"):
        raise ValueError("only 'C' or 'F' order is permitted")


def ravel_multi_index(
    multi_index: tuple[Operand, ...] | jax.Array, dims: int | tuple[int, ...], mode: str | tuple[str, ...] = "raise", order: str = "C"
) -> jax.Array:
    """`np.ravel_multi_index`."""
    _check_order(order)
    sizes = dims if isinstance(dims, tuple) else (dims,)
    if len(multi_index) != len(sizes):
        raise ValueError("parameter multi_index must be a sequence of length " + str(len(sizes)))
    modes = mode if isinstance(mode, tuple) else (mode,) * len(sizes)
    indices = [jnp.asarray(item) for item in multi_index]
    if any(item.dtype.kind not in "iu" for item in indices):
        raise TypeError("only int indices permitted")
    result = jnp.zeros((), np.int64)
    places = list(zip(indices, sizes, modes, strict=True))
    for index, size, how in places if order == "C" else reversed(places):
        result = result * size + _within(index.astype(np.int64), size, how, from_end=False)
    return result


def _is_outside(indices: Operand, size: int, mode: str, *, from_end: bool = True) -> jax.Array:
    index = jnp.asarray(indices)
    if mode != "raise" or not index.size:
        return jnp.asarray(False)
    index = index.astype(np.int64)
    return jnp.any((index < (-size if from_end else 0)) | (index >= size))


def _take_is_outside(_: object, a: Operand, indices: Operand, axis: int | None = None, mode: str = "raise") -> jax.Array:
    shape = jnp.shape(a)
    return _is_outside(indices, math.prod(shape) if axis is None or not shape else shape[axis], mode)


def _along_is_outside(_: object, arr: Operand, indices: Operand, *rest: Any, axis: int | None = -1) -> jax.Array:
    """For `take_along_axis(arr, indices, axis)` and `put_along_axis(arr, indices, values, axis)`."""
    axis = rest[-1] if len(rest) == 2 or (rest and (rest[0] is None or isinstance(rest[0], int))) else axis
    shape = jnp.shape(arr)
    return _is_outside(indices, math.prod(shape) if axis is None else shape[axis], "raise")


def _put_along_is_outside(_: object, arr: Operand, indices: Operand, values: Operand, axis: int | None) -> jax.Array:
    return _along_is_outside(_, arr, indices, axis=axis)


def _place_has_nothing(_: object, arr: Operand, mask: Operand, vals: Operand) -> jax.Array:
    return jnp.any(jnp.asarray(mask)) if not jnp.size(vals) else jnp.asarray(False)


def _ravel_is_outside(
    _: object,
    multi_index: tuple[Operand, ...],
    dims: int | tuple[int, ...],
    mode: str | tuple[str, ...] = "raise",
    order: str = "C",
) -> jax.Array:
    sizes = dims if isinstance(dims, tuple) else (dims,)
    modes = mode if isinstance(mode, tuple) else (mode,) * len(sizes)
    checks = [_is_outside(*item, from_end=False) for item in zip(multi_index, sizes, modes, strict=True)]
    return jnp.asarray(checks).any()


def _unravel_is_outside(_: object, indices: Operand, shape: int | tuple[int, ...], order: str = "C") -> jax.Array:
    return _is_outside(indices, math.prod(shape if isinstance(shape, tuple) else (shape,)), "raise", from_end=False)


_OUTSIDE = "index is out of bounds for its axis"
CHECKS: Checks = {
    "take": (_take_is_outside, IndexError, _OUTSIDE),
    "take_along_axis": (_along_is_outside, IndexError, _OUTSIDE),
    "put_along_axis": (_put_along_is_outside, IndexError, _OUTSIDE),
    "put": (lambda _, a, ind, v, mode="raise": _is_outside(ind, jnp.size(a), mode), IndexError, _OUTSIDE),
    "place": (_place_has_nothing, ValueError, "Cannot insert from an empty array!"),
    "choose": (
        lambda _, a, choices, mode="raise": _is_outside(a, len(choices), mode, from_end=False),
        ValueError,
        "invalid entry in choice array",
    ),
    "unravel_index": (
        _unravel_is_outside,
        ValueError,
        "index is out of bounds for array with the given shape",
    ),
    "ravel_multi_index": (_ravel_is_outside, ValueError, "invalid entry in coordinates array"),
}
