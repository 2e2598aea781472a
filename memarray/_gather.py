"""Gathers and scatters: what an index with integer arrays reads and writes, as operations of JAX and of NumPy.

`_indexing` takes an index apart into entries and operands; the operations here put it together again.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from memarray._creation import cast_jax
from memarray._graph import Op
from memarray._views import PUT

# One entry of an index: ("array", ndim), ("slice", length, step) or ("new",); arrays and starts are operands.
Entries = tuple[tuple[Any, ...], ...]


def result_shape(entries: Sequence[tuple[Any, ...]], operands: Sequence[Any]) -> tuple[int, ...]:
    """NumPy's rule: the arrays' common shape stands where they stood if they stood together, else in front."""
    rest = iter(operands)
    shapes, places, kept = [], [], []
    for place, entry in enumerate(entries):
        if entry[0] == "new":
            kept.append(1)
            continue
        operand = next(rest)
        if entry[0] in ("array", "mask"):
            shapes.append(operand.shape)
            places.append((place, len(kept)))
        else:
            kept.append(entry[1])
    try:
        common = np.broadcast_shapes(*shapes)
    except ValueError:
        listed = " ".join(str(shape).replace(" ", "") for shape in shapes)
        raise IndexError(f"shape mismatch: indexing arrays could not be broadcast together with shapes {listed} ") from None
    together = places[-1][0] - places[0][0] == len(places) - 1
    at = places[0][1] if together else 0
    return (*kept[:at], *common, *kept[at:])


OUTSIDE = Op(
    "index out of bounds",
    lambda index, length: jnp.any((index < -length) | (index >= length)),
    lambda index, length: np.any((index < -length) | (index >= length)),
)


def _key_of(operands: tuple[Any, ...], entries: Entries) -> tuple[Any, ...]:
    """The entries as an index of arrays and whole dimensions; slices are taken apart beforehand."""
    rest = iter(operands)
    key: list[Any] = []
    for entry in entries:
        if entry[0] == "new":
            key.append(None)
            continue
        operand = next(rest)
        key.append(slice(None) if entry[0] == "slice" else operand)
    return tuple(key)


def _sliced(x: Any, operands: tuple[Any, ...], entries: Entries) -> Any:
    """`x` with the slices of an index applied, so that only whole dimensions and arrays are left of it."""
    axis = 0
    rest = iter(operands)
    for entry in entries:
        if entry[0] == "new":
            continue
        operand = next(rest)
        if entry[0] == "slice" and (entry[1], entry[2]) != (x.shape[axis], 1):
            x = _slice_jax(x, operand, entry[1], entry[2], axis)
        axis += 1
    return x


def _slice_jax(x: Any, start: Any, length: int, step: int, axis: int) -> Any:
    low = start + (length - 1) * step if step < 0 and length else start
    extent = (length - 1) * abs(step) + 1 if length else 0
    x = lax.dynamic_slice_in_dim(x, low, extent, axis)
    x = lax.slice_in_dim(x, 0, extent, abs(step), axis)
    return lax.rev(x, [axis]) if step < 0 else x


def _take_jax(x: Any, *operands: Any, entries: Entries) -> Any:
    shape = result_shape(entries, operands)
    if 0 in shape:
        return jnp.zeros(shape, x.dtype)
    return _sliced(x, operands, entries).at[_key_of(operands, entries)].get(mode="promise_in_bounds")


def _take_numpy(x: Any, *operands: Any, entries: Entries) -> Any:
    return x[_positions(operands, entries)]


TAKE = Op("take", _take_jax, _take_numpy)


def _positions(operands: tuple[Any, ...], entries: Entries) -> tuple[Any, ...]:
    """The entries as an index of NumPy's."""
    key: list[Any] = []
    rest = iter(operands)
    for entry in entries:
        if entry[0] == "new":
            key.append(None)
            continue
        operand = next(rest)
        if entry[0] == "slice":
            stop = int(operand) + entry[1] * entry[2]
            operand = slice(int(operand), None if stop < 0 else stop, entry[2]) if entry[1] else slice(0, 0)
        key.append(operand)
    return tuple(key)


def _scatter_jax(x: Any, part: Any, *operands: Any, entries: Entries, how: Any, loop: Any) -> Any:
    if not part.size:
        return x
    key = _key_of(operands, entries)
    if all(entry[0] != "slice" or _is_whole(entry, operand, length) for entry, operand, length in _by_axis(entries, operands, x.shape)):
        return _update(x, key, part, how, loop)
    return _put_back(x, _update(_sliced(x, operands, entries), key, part, how, loop), operands, entries)


SCATTERS = {"add": "add", "subtract": "subtract", "multiply": "multiply", "maximum": "max", "minimum": "min"}


def _update(x: Any, key: tuple[Any, ...], part: Any, how: Any, loop: Any) -> Any:
    """`x[key] = part`, or ``how(x[key], part)``, once for each time that an index is there."""
    at = x.at[key]
    if how is None:
        return at.set(part, mode="promise_in_bounds")
    if loop is None:
        return getattr(at, SCATTERS[how.__name__])(part, mode="promise_in_bounds")
    positions = jnp.arange(x.size).reshape(x.shape)[key]
    values = jnp.broadcast_to(part, positions.shape).reshape(-1)
    positions = positions.reshape(-1)

    def step(i: Any, flat: Any) -> Any:
        place = positions[i]
        operands = (flat[place], values[i])[: how.nin]
        result = how.kernel(*[operand.astype(dtype) for operand, dtype in zip(operands, loop, strict=True)])
        return flat.at[place].set(cast_jax(result, flat.dtype))

    return lax.fori_loop(0, positions.size, step, x.reshape(-1)).reshape(x.shape)


def _by_axis(entries: Entries, operands: tuple[Any, ...], shape: tuple[int, ...]) -> list[tuple[tuple[Any, ...], Any, int]]:
    return list(zip((entry for entry in entries if entry[0] != "new"), operands, shape, strict=True))


def _is_whole(entry: tuple[Any, ...], start: Any, length: int) -> bool:
    return isinstance(start, int) and (entry[1], entry[2], start) == (length, 1, 0)


def _put_back(x: Any, part: Any, operands: tuple[Any, ...], entries: Entries) -> Any:
    pattern, starts = [], []
    for entry, operand, length in _by_axis(entries, operands, x.shape):
        pattern.append(entry if entry[0] == "slice" else ("slice", length, 1))
        starts.append(operand if entry[0] == "slice" else 0)
    return PUT.jax(x, part, *starts, pattern=tuple(pattern))


def _scatter_numpy(x: Any, part: Any, *operands: Any, entries: Entries, how: Any, loop: Any) -> Any:
    del loop
    found = x.copy()
    key = _positions(operands, entries)
    if how is None:
        found[key] = part
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a lazy operation gives no warnings
            how.numpy.at(found, key, *(part,)[: how.nin - 1])
    return found


SCATTER = Op("put", _scatter_jax, _scatter_numpy)
