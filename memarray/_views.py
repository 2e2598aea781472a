"""Views: how a part of an array is read from it and written back, and the stand-ins that NumPy computes shapes and strides with.

A view is its base's storage and a chain of steps. Reading applies the steps to the base's present value; writing puts the new values back
through them, which makes a new value of the base (functionalisation, as torch calls it).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from memarray._graph import Node, Op, Params
from memarray._record import record


class _Memory:
    """Claims to be an array in memory, for NumPy to make one of which nothing is ever read."""

    def __init__(self, interface: dict[str, Any]) -> None:
        self.__array_interface__ = interface


def stand_in(shape: tuple[int, ...], dtype: np.dtype[Any], address: int) -> np.ndarray[Any, Any]:
    """A C-contiguous array without memory. Only views of it may be taken: NumPy then says their shapes, strides and errors."""
    interface = {"data": (address, False), "shape": shape, "strides": None, "typestr": dtype.str, "version": 3}
    return np.asarray(_Memory(interface))


_next_address = 1 << 40


def new_address(nbytes: int) -> int:
    """An address that no other stand-in's memory overlaps."""
    global _next_address  # noqa: PLW0603  # one address space for the process
    found = _next_address
    _next_address += (nbytes + 64) // 64 * 64
    return found


@dataclass(frozen=True)
class Step:
    """One step from an array to a view of it: reading, writing back, and what both need."""

    read: Op
    write: Op
    params: Params
    starts: tuple[int, ...]  # constants of the program that may differ from one round of a loop to the next
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def is_strided(self) -> bool:
        """Whether its elements are given by strides: some may be the same elements of the base."""
        return self.read is STRIDED

    def apply(self, node: Node) -> Node:
        """The view of a value."""
        return record(self.read, (node, *self.starts), self.params, self.shape, self.dtype)

    def put(self, node: Node, part: Node) -> Node:
        """The value with the view's elements replaced."""
        return record(self.write, (node, part, *self.starts), self.params, node.shape, node.dtype)


def read_through(steps: tuple[Step, ...], node: Node) -> Node:
    """The view's value."""
    for step in steps:
        node = step.apply(node)
    return node


def write_through(steps: tuple[Step, ...], node: Node, part: Node) -> Node:
    """The base's new value, with the view's elements replaced by `part`."""
    values = [node]
    for step in steps[:-1]:
        values.append(step.apply(values[-1]))
    for step, value in zip(reversed(steps), reversed(values), strict=True):
        part = step.put(value, part)
    return part


# A basic index, one entry a dimension of the array and one a new axis: ("int",), ("slice", length, step) or ("new",). Where the first
# two start is not part of it. A slice with a negative step starts at its largest index, as in Python.
Pattern = tuple[tuple[Any, ...], ...]


def _lowest(entry: tuple[Any, ...], start: Any) -> Any:
    """The smallest index that an entry takes."""
    return start + (entry[1] - 1) * entry[2] if entry[0] == "slice" and entry[2] < 0 and entry[1] > 0 else start


def _extent(entry: tuple[Any, ...]) -> int:
    """Elements from the first to the last that an entry takes."""
    return 1 if entry[0] == "int" else 0 if entry[1] == 0 else (entry[1] - 1) * abs(entry[2]) + 1


def _is_static(starts: tuple[Any, ...]) -> bool:
    return all(isinstance(start, (int, np.integer)) for start in starts)


def _index_jax(x: Any, *starts: Any, pattern: Pattern) -> Any:
    entries = [entry for entry in pattern if entry[0] != "new"]
    lows = [_lowest(entry, start) for entry, start in zip(entries, starts, strict=True)]
    strides = [abs(entry[2]) if entry[0] == "slice" else 1 for entry in entries]
    extents = [_extent(entry) for entry in entries]
    if _is_static(starts):
        ends = [int(low) + extent for low, extent in zip(lows, extents, strict=True)]
        found = lax.slice(x, [int(low) for low in lows], ends, strides)
    else:
        found = lax.dynamic_slice(x, lows, extents)
        if any(stride > 1 for stride in strides):
            found = lax.slice(found, [0] * len(extents), extents, strides)
    reversed_axes = [axis for axis, entry in enumerate(entries) if entry[0] == "slice" and entry[2] < 0]
    if reversed_axes:
        found = lax.rev(found, reversed_axes)
    return lax.reshape(found, [1 if entry[0] == "new" else entry[1] for entry in pattern if entry[0] != "int"])


def _key(pattern: Pattern, starts: tuple[Any, ...]) -> tuple[Any, ...]:
    """The pattern as an index of NumPy's."""
    rest = iter(starts)
    key: list[Any] = []
    for entry in pattern:
        if entry[0] == "new":
            key.append(None)
            continue
        start = int(next(rest))
        if entry[0] == "int":
            key.append(start)
        else:
            _, length, step = entry
            stop = start + length * step
            key.append(slice(0, 0) if not length else slice(start, None if stop < 0 else stop, step))
    return tuple(key)


def _index_numpy(x: Any, *starts: Any, pattern: Pattern) -> Any:
    return x[(*_key(pattern, starts), ...)]


def _put_jax(x: Any, part: Any, *starts: Any, pattern: Pattern) -> Any:
    entries = [entry for entry in pattern if entry[0] != "new"]
    if math.prod(part.shape) == 0:
        return x
    sizes = [1 if entry[0] == "int" else entry[1] for entry in entries]
    part = lax.reshape(part, sizes)
    reversed_axes = [axis for axis, entry in enumerate(entries) if entry[0] == "slice" and entry[2] < 0]
    if reversed_axes:
        part = lax.rev(part, reversed_axes)
    lows = [_lowest(entry, start) for entry, start in zip(entries, starts, strict=True)]
    strides = [abs(entry[2]) if entry[0] == "slice" and entry[1] > 1 else 1 for entry in entries]
    if all(stride == 1 for stride in strides):
        if part.shape == x.shape:
            return part
        if 2 * math.prod(part.shape) >= math.prod(x.shape) and _is_static(starts):
            return _surround(x, part, lows)
        return lax.dynamic_update_slice(x, part, lows)
    return _put_strided(x, part, lows, strides)


def _surround(x: Any, part: Any, lows: list[Any]) -> Any:
    """`part` with what is around it in `x`. Where it is most of `x`, this fuses with its producer, which an update in place does not."""
    for axis in reversed(range(x.ndim)):
        inner = [(low, low + length) for low, length in zip(lows[:axis], part.shape[:axis], strict=True)]
        outer = [(0, length) for length in x.shape[axis + 1 :]]

        def beside(low: int, high: int, inner: Any = inner, outer: Any = outer) -> list[Any]:
            bounds = [*inner, (low, high), *outer]
            return [lax.slice(x, [b[0] for b in bounds], [b[1] for b in bounds])] if high > low else []

        low, high = lows[axis], lows[axis] + part.shape[axis]
        pieces = [*beside(0, low), part, *beside(high, x.shape[axis])]
        part = lax.concatenate(pieces, axis) if len(pieces) > 1 else part
    return part


def _put_strided(x: Any, part: Any, lows: list[Any], strides: list[int]) -> Any:
    """Spread the elements out with gaps, and take the old ones in the gaps: elementwise, where a scatter would be slow."""
    gaps = [(0, 0, stride - 1) for stride in strides]
    spread = lax.pad(part, np.zeros((), part.dtype), gaps)
    taken = jnp.ones((), bool)
    for axis, (stride, length) in enumerate(zip(strides, spread.shape, strict=True)):
        if stride > 1:
            taken = taken & (lax.broadcasted_iota(np.int32, spread.shape, axis) % stride == 0)
        del length
    old = lax.dynamic_slice(x, lows, spread.shape)
    return lax.dynamic_update_slice(x, jnp.where(taken, spread, old), lows)


def _put_numpy(x: Any, part: Any, *starts: Any, pattern: Pattern) -> Any:
    found = x.copy()
    found[(*_key(pattern, starts), ...)] = part
    return found


INDEX = Op("index", _index_jax, _index_numpy)
PUT = Op("put", _put_jax, _put_numpy)


def without_ellipsis(key: tuple[Any, ...], taken: int, rank: int) -> tuple[Any, ...]:
    """An index with whole slices for the dimensions that its ellipsis stands for, at its end if it has none; `taken` are in the others."""
    place = next((k for k, entry in enumerate(key) if entry is Ellipsis), len(key))
    return (*key[:place], *(slice(None),) * (rank - taken), *key[place + 1 :])


def slice_entry(each: slice, length: int) -> tuple[tuple[Any, ...], int]:
    """The entry of a slice of a dimension, and where it starts."""
    start, stop, step = each.indices(length)
    count = len(range(start, stop, step))
    return ("slice", count, step), start if count else 0


def basic_step(key: tuple[Any, ...], shape: tuple[int, ...], view: np.ndarray[Any, Any]) -> Step:
    """The step of a basic index that NumPy has accepted: `view` is the stand-in's."""
    starts: list[int] = []
    pattern: list[tuple[Any, ...]] = []
    axis = 0
    taken = sum(1 for entry in key if entry is not None and entry is not Ellipsis)
    for entry in without_ellipsis(key, taken, len(shape)):
        if entry is None:
            pattern.append(("new",))
        elif isinstance(entry, slice):
            part, start = slice_entry(entry, shape[axis])
            pattern.append(part)
            starts.append(start)
            axis += 1
        else:
            start = int(entry)
            starts.append(start + shape[axis] if start < 0 else start)
            pattern.append(("int",))
            axis += 1
    return Step(INDEX, PUT, (("pattern", tuple(pattern)),), tuple(starts), view.shape, view.dtype)


def _ignoring_base(write: Callable[..., Any]) -> Callable[..., Any]:
    """A write that needs nothing of the old value: all elements are in the view."""

    def put(x: Any, part: Any, **params: Any) -> Any:
        return write(part, x, **params)

    return put


def _transposed(x: Any, *, axes: tuple[int, ...]) -> Any:
    return x.transpose(axes)


def _transposed_back(part: Any, x: Any, *, axes: tuple[int, ...]) -> Any:
    del x
    return part.transpose(tuple(int(axis) for axis in np.argsort(axes)))


def _reshaped(x: Any, *, shape: tuple[int, ...]) -> Any:
    return x.reshape(shape)


def _reshaped_back(part: Any, x: Any, *, shape: tuple[int, ...]) -> Any:
    del shape
    return part.reshape(x.shape)


TRANSPOSE = Op("transpose", _transposed, _transposed)
RESHAPE = Op("reshape", _reshaped, _reshaped)
_TRANSPOSE_BACK = Op("transpose", _ignoring_base(_transposed_back), _ignoring_base(_transposed_back))
_RESHAPE_BACK = Op("reshape", _ignoring_base(_reshaped_back), _ignoring_base(_reshaped_back))


def _diagonal_jax(x: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    return jnp.diagonal(x, offset, axis1, axis2)


def _diagonal_numpy(x: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    return np.diagonal(x, offset, axis1, axis2)


def _put_diagonal_jax(x: Any, part: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    moved = jnp.moveaxis(x, (axis1, axis2), (-2, -1))
    rows, columns = (lax.broadcasted_iota(np.int64, moved.shape, moved.ndim - 2 + k) for k in range(2))
    row = max(0, -offset)
    length = part.shape[-1]
    padded = lax.pad(part, np.zeros((), part.dtype), [(0, 0, 0)] * (part.ndim - 1) + [(row, moved.shape[-2] - length - row, 0)])
    found = jnp.where(columns - rows == offset, padded[..., :, None], moved)
    return jnp.moveaxis(found, (-2, -1), (axis1, axis2))


def _put_diagonal_numpy(x: Any, part: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    found = x.copy()
    view = np.diagonal(found, offset, axis1, axis2)
    view.flags.writeable = True
    view[...] = part
    return found


DIAGONAL = Op("diagonal", _diagonal_jax, _diagonal_numpy)
_PUT_DIAGONAL = Op("put_diagonal", _put_diagonal_jax, _put_diagonal_numpy)

REAL = Op("real", jnp.real, np.real)
IMAG = Op("imag", jnp.imag, np.imag)


def _numpy_complex(real: Any, imag: Any) -> Any:
    found = np.empty(np.shape(real), np.result_type(real, 1j))
    found.real, found.imag = real, imag
    return found


_PUT_REAL = Op("put_real", lambda x, part: lax.complex(part, jnp.imag(x)), lambda x, part: _numpy_complex(part, x.imag))
_PUT_IMAG = Op("put_imag", lambda x, part: lax.complex(jnp.real(x), part), lambda x, part: _numpy_complex(x.real, part))


def _bitcast_jax(x: Any, *, dtype: np.dtype[Any]) -> Any:
    return x.view(dtype)


def _bitcast_numpy(x: Any, *, dtype: np.dtype[Any]) -> Any:
    return np.ascontiguousarray(x).view(dtype).reshape(x.shape if x.dtype.itemsize == dtype.itemsize else (*x.shape[:-1], -1))


def _bitcast_back_jax(x: Any, part: Any, *, dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "b" and x.dtype != dtype:  # XLA's bool is 0 or 1: a byte that was not written to keeps its other bits
        return jnp.where(part == (x.view(np.uint8) != 0), x.view(np.uint8), part.astype(np.uint8)).view(x.dtype)
    return part.view(x.dtype)


def _bitcast_back_numpy(x: Any, part: Any, *, dtype: np.dtype[Any]) -> Any:
    del dtype
    return np.ascontiguousarray(part).view(x.dtype).reshape(x.shape)


BITCAST = Op("view", _bitcast_jax, _bitcast_numpy)
_BITCAST_BACK = Op("view", _bitcast_back_jax, _bitcast_back_numpy)


def _strided_jax(x: Any, *, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    return x.reshape(-1)[_strided_positions(offset, shape, strides)]


def _strided_positions(offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    """Positions in the flat base of a view's elements."""
    found: Any = jnp.full(shape, offset, np.int64)
    for axis, stride in enumerate(strides):
        found = found + lax.broadcasted_iota(np.int64, shape, axis) * stride
    return found


def _strided_numpy(x: Any, *, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    flat = np.ascontiguousarray(x).reshape(-1)[offset:]
    return np.lib.stride_tricks.as_strided(flat, shape, tuple(stride * x.itemsize for stride in strides)).copy()


def _put_strided_positions(x: Any, part: Any, *, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    positions = _strided_positions(offset, shape, strides).reshape(-1)
    return x.reshape(-1).at[positions].set(part.reshape(-1)).reshape(x.shape)


def _put_strided_numpy(x: Any, part: Any, *, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    found = np.array(x, order="C")
    flat = found.reshape(-1)[offset:]
    np.lib.stride_tricks.as_strided(flat, shape, tuple(stride * x.itemsize for stride in strides))[...] = part
    return found


STRIDED = Op("as_strided", _strided_jax, _strided_numpy)
_PUT_STRIDED = Op("put_strided", _put_strided_positions, _put_strided_numpy)

BROADCAST = Op("broadcast_to", jnp.broadcast_to, np.broadcast_to)


def _read_only(*values: Any, **params: Any) -> Any:
    del values, params
    raise AssertionError("a broadcast view is read-only")


_NEVER = Op("never", _read_only, _read_only)


def transpose_step(axes: tuple[int, ...], view: np.ndarray[Any, Any]) -> Step:
    """`x.transpose(axes)`."""
    return Step(TRANSPOSE, _TRANSPOSE_BACK, (("axes", axes),), (), view.shape, view.dtype)


def reshape_step(view: np.ndarray[Any, Any]) -> Step:
    """`x.reshape(view.shape)`."""
    return Step(RESHAPE, _RESHAPE_BACK, (("shape", view.shape),), (), view.shape, view.dtype)


def diagonal_step(offset: int, axis1: int, axis2: int, view: np.ndarray[Any, Any]) -> Step:
    """`x.diagonal(offset, axis1, axis2)`."""
    params = (("axis1", axis1), ("axis2", axis2), ("offset", offset))
    return Step(DIAGONAL, _PUT_DIAGONAL, params, (), view.shape, view.dtype)


def part_step(name: str, view: np.ndarray[Any, Any]) -> Step:
    """`x.real` or `x.imag` of complex numbers."""
    read, write = (REAL, _PUT_REAL) if name == "real" else (IMAG, _PUT_IMAG)
    return Step(read, write, (), (), view.shape, view.dtype)


def bitcast_step(view: np.ndarray[Any, Any]) -> Step:
    """`x.view(dtype)`."""
    return Step(BITCAST, _BITCAST_BACK, (("dtype", view.dtype),), (), view.shape, view.dtype)


def broadcast_step(view: np.ndarray[Any, Any]) -> Step:
    """`broadcast_to(x, shape)`; read-only."""
    return Step(BROADCAST, _NEVER, (("shape", view.shape),), (), view.shape, view.dtype)


def strided_step(offset: int, strides: tuple[int, ...], view: np.ndarray[Any, Any]) -> Step:
    """Elements of the flat base at `offset` plus the index times `strides`, in elements."""
    return Step(STRIDED, _PUT_STRIDED, (("offset", offset), ("shape", view.shape), ("strides", strides)), (), view.shape, view.dtype)
