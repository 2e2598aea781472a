"""NumPy's functions that choose by masks and convert indices on JAX arrays.

An index out of bounds cannot raise here: `CHECKS` says when one is.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np

from memarray._kernels.operands import Checks, Operand, cast, promoted, result_type

__all__ = ["CHECKS", "ravel_multi_index", "select", "unravel_index", "where"]

_MODES = ("raise", "wrap", "clip")


def _within(indices: jax.Array, size: int, mode: str) -> jax.Array:
    """Indices inside the axis."""
    if mode not in _MODES:
        raise ValueError(f"clipmode must be one of 'clip', 'raise', or 'wrap' (got {mode!r})")
    if mode == "wrap":
        return indices % max(size, 1)
    return jnp.clip(indices, 0, max(size - 1, 0))


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
        result = result * size + _within(index.astype(np.int64), size, how)
    return result


def _is_outside(indices: Operand, size: int, mode: str) -> jax.Array:
    index = jnp.asarray(indices)
    if mode != "raise" or not index.size:
        return jnp.asarray(False)
    index = index.astype(np.int64)
    return jnp.any((index < 0) | (index >= size))


def _ravel_is_outside(
    _: object,
    multi_index: tuple[Operand, ...],
    dims: int | tuple[int, ...],
    mode: str | tuple[str, ...] = "raise",
    order: str = "C",
) -> jax.Array:
    sizes = dims if isinstance(dims, tuple) else (dims,)
    modes = mode if isinstance(mode, tuple) else (mode,) * len(sizes)
    checks = [_is_outside(*item) for item in zip(multi_index, sizes, modes, strict=True)]
    return jnp.asarray(checks).any()


def _unravel_is_outside(_: object, indices: Operand, shape: int | tuple[int, ...], order: str = "C") -> jax.Array:
    return _is_outside(indices, math.prod(shape if isinstance(shape, tuple) else (shape,)), "raise")


CHECKS: Checks = {
    "unravel_index": (
        _unravel_is_outside,
        ValueError,
        "index is out of bounds for array with the given shape",
    ),
    "ravel_multi_index": (_ravel_is_outside, ValueError, "invalid entry in coordinates array"),
}
