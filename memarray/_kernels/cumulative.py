"""NumPy's running totals on JAX arrays, and folds of any binary function as ufuncs have them."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from memarray._kernels.operands import Axis, Operand, axis_of, cast, flat_or_whole, isnan, merged
from memarray._kernels.reductions import accumulator, mask_of

__all__ = ["cumprod", "cumsum", "cumulative_prod", "cumulative_sum", "nancumprod", "nancumsum", "ufunc_accumulate", "ufunc_reduce"]

Binary = Callable[[jax.Array, jax.Array], jax.Array]


def _running(total: Callable[..., jax.Array], a: Operand, axis: int | None, dtype: np.dtype | None) -> jax.Array:
    a, along = flat_or_whole(jnp.asarray(a), axis)
    dtype = accumulator(a.dtype, dtype)
    if dtype == np.bool_:
        return (lax.cummax if total is jnp.cumsum else lax.cummin)((a != 0).astype(np.uint8), along).astype(dtype)
    return total(cast(a, dtype), along, dtype)


def cumsum(a: Operand, axis: int | None = None, dtype: np.dtype | None = None) -> jax.Array:
    """`np.cumsum`."""
    return _running(jnp.cumsum, a, axis, dtype)


def cumprod(a: Operand, axis: int | None = None, dtype: np.dtype | None = None) -> jax.Array:
    """`np.cumprod`."""
    return _running(jnp.cumprod, a, axis, dtype)


def _cumulative(
    total: Callable[..., jax.Array], first: int, x: Operand, axis: int | None, dtype: np.dtype | None, include_initial: bool
) -> jax.Array:
    x = jnp.atleast_1d(jnp.asarray(x))
    if axis is None and x.ndim > 1:
        raise ValueError("For arrays which have more than one dimension ``axis`` argument is required.")
    result = _running(total, x, axis, dtype)
    if not include_initial:
        return result
    _, along = flat_or_whole(x, axis)
    start = jnp.full_like(result, first, shape=tuple(1 if dim == along else size for dim, size in enumerate(x.shape)))
    return jnp.concatenate([start, result], along)


def cumulative_sum(x: Operand, /, *, axis: int | None = None, dtype: np.dtype | None = None, include_initial: bool = False) -> jax.Array:
    """`np.cumulative_sum`."""
    return _cumulative(jnp.cumsum, 0, x, axis, dtype, include_initial)


def cumulative_prod(x: Operand, /, *, axis: int | None = None, dtype: np.dtype | None = None, include_initial: bool = False) -> jax.Array:
    """`np.cumulative_prod`."""
    return _cumulative(jnp.cumprod, 1, x, axis, dtype, include_initial)


def nancumsum(a: Operand, axis: int | None = None, dtype: np.dtype | None = None) -> jax.Array:
    """`np.nancumsum`."""
    a = jnp.asarray(a)
    return cumsum(jnp.where(isnan(a), cast(0, a.dtype), a), axis, dtype)


def nancumprod(a: Operand, axis: int | None = None, dtype: np.dtype | None = None) -> jax.Array:
    """`np.nancumprod`."""
    a = jnp.asarray(a)
    return cumprod(jnp.where(isnan(a), cast(1, a.dtype), a), axis, dtype)


def _step(fn: Binary, total: jax.Array, value: jax.Array) -> jax.Array:
    result = fn(total, value)
    if result.dtype != total.dtype:
        raise TypeError(
            f"a fold needs a function from {total.dtype} to {total.dtype}; this one gives {result.dtype}: cast the operand first"
        )
    return result


def ufunc_reduce(
    fn: Binary, a: Operand, axis: Axis = 0, keepdims: bool = False, initial: Operand | None = None, where: Operand | None = None
) -> jax.Array:
    """`ufunc.reduce` of any binary function, from the left: `fn(fn(a[0], a[1]), a[2])` and so on; `a` in the dtype of the result."""
    a = jnp.asarray(a)
    data, shape = merged(a, axis)
    mask = mask_of(where, a.shape)
    if initial is None and mask is not None:
        raise ValueError("a reduction without an identity needs 'initial' to use a where mask")
    if initial is not None:
        start, rest = jnp.broadcast_to(cast(initial, a.dtype), data.shape[1:]), data
    elif data.shape[0]:
        start, rest = data[0], data[1:]
    else:
        raise ValueError("zero-size array to a reduction which has no identity")
    kept = jnp.ones(rest.shape, np.bool_) if mask is None else merged(mask, axis)[0]

    def step(total: jax.Array, pair: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        value, is_kept = pair
        result = _step(fn, total, value)
        return (result if mask is None else jnp.where(is_kept, result, total)), None

    total, _ = lax.scan(step, start, (rest, kept))
    return total.reshape(shape) if keepdims else total


def ufunc_accumulate(fn: Binary, a: Operand, axis: int = 0) -> jax.Array:
    """`ufunc.accumulate` of any binary function: all the totals of `ufunc_reduce`."""
    a = jnp.asarray(a)
    if not a.ndim:
        raise TypeError("cannot accumulate on a scalar")
    along = axis_of(axis, a.ndim)
    data = jnp.moveaxis(a, along, 0)
    if not data.shape[0]:
        return a

    def step(total: jax.Array, value: jax.Array) -> tuple[jax.Array, jax.Array]:
        result = _step(fn, total, value)
        return result, result

    _, totals = lax.scan(step, data[0], data[1:])
    return jnp.moveaxis(jnp.concatenate([data[:1], totals]), 0, along)
