# ruff: noqa: PLE0604  # does not see into `*(...)`
"""NumPy's functions that join, repeat, shift and pad on JAX arrays; places to insert and delete at are static."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from memarray._kernels.operands import Axis, Checks, Operand, axis_of, cast, inexact, product, quotient, result_type

__all__ = [
    "CHECKS",
    *("column_stack", "concatenate", "delete", "diag", "diagflat", "dstack", "hstack", "insert", "packbits", "pad", "resize", "roll"),
    *("stack", "tile", "tril", "triu", "unpackbits", "vstack"),
]

Arrays = tuple[Operand, ...] | jax.Array
Counts = int | tuple[int, ...]


def _cast_all(arrays: Sequence[jax.Array], dtype: np.dtype | None, casting: str) -> list[jax.Array]:
    if not arrays:
        raise ValueError("need at least one array to concatenate")
    dtype = result_type(*(array.dtype for array in arrays)) if dtype is None else np.dtype(dtype)
    for array in arrays:
        if not np.can_cast(array.dtype, dtype, casting):  # type: ignore[arg-type]  # NumPy says which names it takes
            raise TypeError(f"Cannot cast array data from dtype('{array.dtype}') to dtype('{dtype}') according to the rule '{casting}'")
    return [cast(array, dtype) for array in arrays]


def concatenate(arrays: Arrays, /, axis: int | None = 0, *, dtype: np.dtype | None = None, casting: str = "same_kind") -> jax.Array:
    """`np.concatenate`."""
    parts = [jnp.asarray(array) for array in arrays]
    if axis is None:
        parts, axis = [part.reshape(-1) for part in parts], 0
    parts = _cast_all(parts, dtype, casting)
    if not all(part.ndim for part in parts):
        raise ValueError("zero-dimensional arrays cannot be concatenated")
    along = axis_of(axis, parts[0].ndim)
    shapes = [part.shape for part in parts]
    if len({(len(shape), *shape[:along], -1, *shape[along + 1 :]) for shape in shapes}) > 1:
        raise ValueError(f"all the input array dimensions except for the concatenation axis must match exactly; got shapes {shapes}")
    return jnp.concatenate(parts, along)


def stack(arrays: Arrays, axis: int = 0, *, dtype: np.dtype | None = None, casting: str = "same_kind") -> jax.Array:
    """`np.stack`."""
    parts = [jnp.asarray(array) for array in arrays]
    if not parts:
        raise ValueError("need at least one array to stack")
    if len({part.shape for part in parts}) > 1:
        raise ValueError("all input arrays must have the same shape")
    along = axis_of(axis, parts[0].ndim + 1)
    return concatenate(tuple(jnp.expand_dims(part, along) for part in parts), along, dtype=dtype, casting=casting)


def hstack(tup: Arrays, *, dtype: np.dtype | None = None, casting: str = "same_kind") -> jax.Array:
    """`np.hstack`."""
    parts = tuple(jnp.atleast_1d(jnp.asarray(part)) for part in tup)
    return concatenate(parts, 0 if parts and parts[0].ndim == 1 else 1, dtype=dtype, casting=casting)


def vstack(tup: Arrays, *, dtype: np.dtype | None = None, casting: str = "same_kind") -> jax.Array:
    """`np.vstack`."""
    return concatenate(tuple(jnp.atleast_2d(jnp.asarray(part)) for part in tup), 0, dtype=dtype, casting=casting)


def dstack(tup: Arrays) -> jax.Array:
    """`np.dstack`."""
    return concatenate(tuple(jnp.atleast_3d(jnp.asarray(part)) for part in tup), 2)


def column_stack(tup: Arrays) -> jax.Array:
    """`np.column_stack`."""
    parts = (jnp.asarray(part) for part in tup)
    return concatenate(tuple(part.reshape(-1, 1) if part.ndim < 2 else part for part in parts), 1)


def tile(A: Operand, reps: Counts) -> jax.Array:  # noqa: N803  # NumPy's name
    """`np.tile`."""
    return jnp.tile(jnp.asarray(A), reps)


def _taken(a: jax.Array, places: np.ndarray, axis: int) -> jax.Array:
    """Elements at static places, all of them inside."""
    return jnp.take(a, places, axis, mode="clip") if a.shape[axis] else lax.slice_in_dim(a, 0, 0, axis=axis)


def roll(a: Operand, shift: Counts, axis: Axis = None) -> jax.Array:
    """`np.roll`: two slices, the other way round."""
    a = jnp.asarray(a)
    if axis is None:
        return roll(a.reshape(-1), shift, 0).reshape(a.shape)
    shifts, axes = np.broadcast_arrays(shift, axis)
    if shifts.ndim > 1:
        raise ValueError("'shift' and 'axis' should be scalars or 1D sequences")
    for by, along in zip(shifts.reshape(-1).tolist(), axes.reshape(-1).tolist(), strict=True):
        dim = axis_of(along, a.ndim)
        size = a.shape[dim]
        start = -by % size if size else 0
        if start:
            a = jnp.concatenate([lax.slice_in_dim(a, start, size, axis=dim), lax.slice_in_dim(a, 0, start, axis=dim)], dim)
    return a


def resize(a: Operand, new_shape: Counts) -> jax.Array:
    """`np.resize`."""
    shape = new_shape if isinstance(new_shape, tuple) else (new_shape,)
    if any(size < 0 for size in shape):
        raise ValueError("all elements of `new_shape` must be non-negative")
    flat, size = jnp.asarray(a).reshape(-1), math.prod(shape)
    if not flat.size or not size:
        return jnp.zeros(shape, flat.dtype)
    return jnp.tile(flat, -(-size // flat.size))[:size].reshape(shape)


def _places(obj: Any, size: int) -> np.ndarray:
    """Static places as an array: of a slice, of a mask, of integers."""
    if isinstance(obj, slice):
        return np.arange(size)[obj]
    places = np.asarray(obj)
    if places.dtype == bool:
        if places.shape != (size,):
            raise ValueError(f"boolean array argument obj to delete must be one dimensional and match the axis length of {size}")
        return np.flatnonzero(places)
    if not places.size:
        return places.astype(np.intp)
    if places.dtype.kind not in "iu":
        raise IndexError("arrays used as indices must be of integer (or boolean) type")
    return places


def _flat_or_axis(arr: Operand, axis: int | None) -> tuple[jax.Array, int]:
    array = jnp.asarray(arr)
    return (array.reshape(-1), 0) if axis is None else (array, axis_of(axis, array.ndim))


def delete(arr: Operand, obj: Any, axis: int | None = None) -> jax.Array:
    """`np.delete`; the places are static: an integer, a tuple of them or of booleans, or a slice."""
    array, along = _flat_or_axis(arr, axis)
    size = array.shape[along]
    places = _places(obj, size)
    for place in places.reshape(-1).tolist():
        if not -size <= place < size:
            raise IndexError(f"index {place} is out of bounds for axis {along} with size {size}")
    return _taken(array, np.delete(np.arange(size), places), along)


def insert(arr: Operand, obj: Any, values: Operand, axis: int | None = None) -> jax.Array:
    """`np.insert`; the places are static: an integer, a tuple of them or of booleans, or a slice."""
    array, along = _flat_or_axis(arr, axis)
    size = array.shape[along]
    places, new = _places(obj, size), cast(values, array.dtype)
    for place in places.reshape(-1).tolist():
        if not -size <= place <= size:
            raise IndexError(f"index {place} is out of bounds for axis {along} with size {size}")
    if places.size == 1:
        new = new.reshape((1,) * (array.ndim - new.ndim) + new.shape)
        new = jnp.moveaxis(new, 0, along) if not places.ndim else new
        count = new.shape[along]
    else:
        count = places.size
    new = jnp.broadcast_to(new, (*array.shape[:along], count, *array.shape[along + 1 :]))
    # Where each element of the result comes from: the old ones, then the new ones, as NumPy itself would put numbers of places.
    order = np.insert(np.arange(size), places.item() if places.size == 1 else places, np.arange(size, size + count))
    return _taken(jnp.concatenate([array, new], along), order, along)


def _triangle(m: Operand, keep: Callable[[jax.Array, jax.Array], jax.Array]) -> jax.Array:
    m = jnp.asarray(m)
    m = jnp.broadcast_to(m, (m.shape[0], m.shape[0])) if m.ndim == 1 else m
    if not m.ndim:
        raise TypeError("tri() missing 1 required positional argument: 'N'")
    rows, columns = (lax.broadcasted_iota(np.dtype(np.int64), m.shape, m.ndim - back) for back in (2, 1))
    return jnp.where(keep(rows, columns), m, jnp.zeros((), m.dtype))


def tril(m: Operand, k: int = 0) -> jax.Array:
    """`np.tril`."""
    return _triangle(m, lambda row, column: column - row <= k)


def triu(m: Operand, k: int = 0) -> jax.Array:
    """`np.triu`."""
    return _triangle(m, lambda row, column: column - row >= k)


def diag(v: Operand, k: int = 0) -> jax.Array:
    """`np.diag`."""
    v = jnp.asarray(v)
    if v.ndim == 2:
        return jnp.diagonal(v, k)
    if v.ndim != 1:
        raise ValueError("Input must be 1- or 2-d.")
    size = v.shape[0] + abs(k)
    placed = jnp.pad(v, (max(k, 0), max(-k, 0)))[None, :]
    rows, columns = (lax.broadcasted_iota(np.dtype(np.int64), (size, size), axis) for axis in (0, 1))
    return jnp.where(columns - rows == k, placed, jnp.zeros((), v.dtype))


def diagflat(v: Operand, k: int = 0) -> jax.Array:
    """`np.diagflat`."""
    return diag(jnp.asarray(v).reshape(-1), k)


def packbits(a: Operand, /, axis: int | None = None, bitorder: str = "big") -> jax.Array:
    """`np.packbits`."""
    a = jnp.asarray(a)
    if a.dtype.kind not in "biu":
        raise TypeError("Expected an input array of integer or boolean data type")
    if bitorder not in ("big", "little"):
        raise ValueError("'order' must be either 'little' or 'big'")
    a, along = (a.reshape(-1), 0) if axis is None or not a.ndim else (a, axis_of(axis, a.ndim))
    bits = jnp.moveaxis(a != 0, along, -1).astype(np.uint8)
    bits = jnp.pad(bits, [(0, 0)] * (bits.ndim - 1) + [(0, -bits.shape[-1] % 8)])
    bits = bits.reshape(*bits.shape[:-1], bits.shape[-1] // 8, 8)
    shifts = np.arange(8, dtype=np.uint8)
    packed = jnp.sum(bits << (shifts if bitorder == "little" else shifts[::-1]), -1, np.dtype(np.uint8))
    return jnp.moveaxis(packed, -1, along)


def unpackbits(a: Operand, /, axis: int | None = None, count: int | None = None, bitorder: str = "big") -> jax.Array:
    """`np.unpackbits`."""
    a = jnp.asarray(a)
    if a.dtype != np.uint8:
        raise TypeError("Expected an input array of unsigned byte data type")
    if bitorder not in ("big", "little"):
        raise ValueError("'order' must be either 'little' or 'big'")
    a, along = (a.reshape(-1), 0) if axis is None or not a.ndim else (a, axis_of(axis, a.ndim))
    last = jnp.moveaxis(a, along, -1)
    shifts = np.arange(8, dtype=np.uint8)
    bits = (last[..., None] >> (shifts if bitorder == "little" else shifts[::-1])) & np.uint8(1)
    bits = bits.reshape(*last.shape[:-1], last.shape[-1] * 8)
    size = bits.shape[-1]
    if count is not None:
        if count < -size:
            raise ValueError(f"-{-count} is less than the number of bits, {size}")
        bits = jnp.pad(bits, [(0, 0)] * (bits.ndim - 1) + [(0, max(count - size, 0))])[..., : count if count >= 0 else size + count]
    return jnp.moveaxis(bits, -1, along)


_PAD_PARAMETERS: dict[str, set[str]] = {
    **{mode: set() for mode in ("empty", "edge", "wrap")},
    "constant": {"constant_values"},
    "linear_ramp": {"end_values"},
    **{mode: {"stat_length"} for mode in ("maximum", "mean", "median", "minimum")},
    **{mode: {"reflect_type"} for mode in ("reflect", "symmetric")},
}


def _ramp(edge: jax.Array, end: complex, width: int, axis: int) -> jax.Array:
    """From `end` up to the edge, without it, as `np.linspace` has it; integers are rounded down."""
    dtype = inexact(result_type(edge.dtype, end))
    start = cast(end, dtype)
    step = quotient(cast(edge, dtype) - start, width)
    count = lax.broadcasted_iota(np.dtype(np.int64), (*edge.shape[:axis], width, *edge.shape[axis + 1 :]), axis)
    ramp = (count * step if dtype.kind == "c" else product(cast(count, dtype), step)) + start
    return cast(jnp.floor(ramp) if edge.dtype.kind in "iu" else ramp, edge.dtype)


def _padded_with_ramps(array: jax.Array, pad_width: Any, end_values: Any) -> jax.Array:
    widths = np.broadcast_to(np.asarray(pad_width), (array.ndim, 2)).tolist()
    ends = np.broadcast_to(np.asarray(end_values), (array.ndim, 2)).tolist()
    for axis, (width, end) in enumerate(zip(widths, ends, strict=True)):
        first, last = lax.slice_in_dim(array, 0, 1, axis=axis), lax.slice_in_dim(array, array.shape[axis] - 1, None, axis=axis)
        before, after = _ramp(first, end[0], width[0], axis), jnp.flip(_ramp(last, end[1], width[1], axis), axis)
        array = jnp.concatenate([before, array, after], axis)
    return array


def pad(array: Operand, pad_width: Any, mode: str = "constant", **kwargs: Any) -> jax.Array:
    """`np.pad`; a function as the mode is missing."""
    if callable(mode):
        raise NotImplementedError("pad takes one of NumPy's modes by name, not a function")
    if mode not in _PAD_PARAMETERS:
        raise ValueError(f"mode '{mode}' is not supported")
    if set(kwargs) - _PAD_PARAMETERS[mode]:
        raise ValueError(f"unsupported keyword arguments for mode '{mode}': {set(kwargs) - _PAD_PARAMETERS[mode]}")
    array = jnp.asarray(array)
    if isinstance(pad_width, dict):
        widths = dict.fromkeys(range(array.ndim), (0, 0))
        for axis, width in pad_width.items():
            widths[axis_of(axis, array.ndim)] = width if isinstance(width, tuple) else (width, width)
        pad_width = tuple(widths.values())
    if mode == "linear_ramp" and array.size and np.min(pad_width, initial=0) >= 0:
        return _padded_with_ramps(array, pad_width, kwargs.get("end_values", 0))
    return jnp.pad(array, pad_width, mode, **kwargs)


CHECKS: Checks = {}
