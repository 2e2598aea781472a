# ruff: noqa: PLE0604  # NumPy's names; PLE0604 does not see into `*(...)`
"""NumPy's reductions on JAX arrays; sums stay one plain reduction, which splits.

Where XLA adds one by one NumPy adds pairwise, so the last digits differ.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from memarray._kernels.operands import (
    Axis,
    Checks,
    Operand,
    axes_of,
    broadcast_weights,
    cast,
    flat_or_whole,
    has_nan,
    isnan,
    promoted,
    quotient,
    real_dtype,
    result_type,
    ufunc_axes,
)

__all__ = [
    "CHECKS",
    *("all", "amax", "amin", "any", "argmax", "argmin", "average", "count_nonzero", "max", "mean", "min", "prod", "ptp", "std", "sum"),
    *("trapezoid", "var"),
]


def accumulator(dtype: np.dtype, given: np.dtype | None) -> np.dtype:
    """The dtype of sums and products: integers have 64 bits unless told otherwise."""
    if given is not None:
        return np.dtype(given)
    if dtype.kind == "u":
        return np.dtype(np.uint64)
    return np.dtype(np.int64) if dtype.kind in "bi" else np.dtype(dtype)


def mask_of(where: Operand | None, shape: tuple[int, ...]) -> jax.Array | None:
    """The elements to take, None for all of them."""
    if where is None or where is True:
        return None
    return jnp.broadcast_to(jnp.asarray(where, np.bool_), shape)


def _initial(initial: Operand | None, dtype: np.dtype) -> jax.Array | None:
    return None if initial is None else cast(initial, dtype)


def all(a: Operand, axis: Axis = None, keepdims: bool = False, *, where: Operand | None = None) -> jax.Array:
    """`np.all`."""
    a = jnp.asarray(a)
    return jnp.all(a, ufunc_axes(axis, a.ndim), keepdims=keepdims, where=mask_of(where, a.shape))


def any(a: Operand, axis: Axis = None, keepdims: bool = False, *, where: Operand | None = None) -> jax.Array:
    """`np.any`."""
    a = jnp.asarray(a)
    return jnp.any(a, ufunc_axes(axis, a.ndim), keepdims=keepdims, where=mask_of(where, a.shape))


def count_nonzero(a: Operand, axis: Axis = None, *, keepdims: bool = False) -> jax.Array:
    """`np.count_nonzero`."""
    a = jnp.asarray(a)
    return sum(a != 0, axis, keepdims=keepdims)


def sum(
    a: Operand,
    axis: Axis = None,
    dtype: np.dtype | None = None,
    keepdims: bool = False,
    initial: Operand | None = None,
    where: Operand | None = None,
) -> jax.Array:
    """`np.sum`."""
    a = jnp.asarray(a)
    dtype, axes, mask = accumulator(a.dtype, dtype), ufunc_axes(axis, a.ndim), mask_of(where, a.shape)
    if dtype == np.bool_:
        found = jnp.any(a, axes, keepdims=keepdims, where=mask)
        return found if initial is None else found | cast(initial, dtype)
    return jnp.sum(cast(a, dtype), axes, dtype, keepdims=keepdims, initial=_initial(initial, dtype), where=mask)


def prod(
    a: Operand,
    axis: Axis = None,
    dtype: np.dtype | None = None,
    keepdims: bool = False,
    initial: Operand | None = None,
    where: Operand | None = None,
) -> jax.Array:
    """`np.prod`."""
    a = jnp.asarray(a)
    dtype, axes, mask = accumulator(a.dtype, dtype), ufunc_axes(axis, a.ndim), mask_of(where, a.shape)
    if dtype == np.bool_:
        found = jnp.all(a, axes, keepdims=keepdims, where=mask)
        return found if initial is None else found & cast(initial, dtype)
    return jnp.prod(cast(a, dtype), axes, dtype, keepdims=keepdims, initial=_initial(initial, dtype), where=mask)


def lowest(dtype: np.dtype, sign: int) -> jax.Array:
    """What every value is greater than or equal to; with sign -1, less than or equal to."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return jnp.asarray(sign < 0)
    if dtype.kind in "iu":
        return jnp.asarray(np.iinfo(dtype).min if sign > 0 else np.iinfo(dtype).max, dtype)
    return jnp.asarray(complex(-sign * np.inf, -sign * np.inf) if dtype.kind == "c" else -sign * np.inf, dtype)


def complex_extreme(a: jax.Array, axes: tuple[int, ...], sign: int) -> tuple[jax.Array, jax.Array]:
    """The greatest number by real part, then imaginary part (with sign -1, the least), NaN above all; and where it is."""
    bad, real, imag = jnp.isnan(a), sign * jnp.real(a), sign * jnp.imag(a)
    best = jnp.max(jnp.where(bad, np.nan, real), axes, keepdims=True)
    is_tied = jnp.where(jnp.isnan(best), bad, real == best)
    second = jnp.where(is_tied, jnp.where(bad, 0, imag), -np.inf)
    best_second = jnp.max(second, axes, keepdims=True)
    value = lax.complex(sign * best, jnp.where(jnp.isnan(best), best, sign * best_second))
    return value, is_tied & (second == best_second)


def extreme(
    name: str, sign: int, a: Operand, axis: Axis, keepdims: bool, initial: Operand | None, where: Operand | None, *, skip_nan: bool = False
) -> jax.Array:
    a = jnp.asarray(a)
    axes, mask, start = ufunc_axes(axis, a.ndim), mask_of(where, a.shape), _initial(initial, a.dtype)
    if start is None and mask is not None:
        raise ValueError(f"reduction operation '{name}' does not have an identity, so to use a where mask one has to specify 'initial'")
    result_size = math.prod(size for dim, size in enumerate(a.shape) if dim not in axes)
    if start is None and not a.size and result_size:
        raise ValueError(f"zero-size array to reduction operation {name} which has no identity")
    bottom = lowest(a.dtype, sign)
    taken = a if mask is None else jnp.where(mask, a, bottom)
    counted = jnp.where(isnan(taken), bottom, taken) if skip_nan and has_nan(a.dtype) else taken
    if a.dtype.kind == "c" and a.size:
        result, _ = complex_extreme(counted, axes, sign)
        result = result if keepdims else lax.squeeze(result, axes)
    else:
        reduce = jnp.max if sign > 0 else jnp.min
        result = reduce(counted, axes, keepdims=keepdims, initial=bottom if a.dtype.kind != "c" and not a.size else None)
    return _with_initial(result, taken, axes, start, sign, skip_nan and has_nan(a.dtype))


def _with_initial(
    result: jax.Array, taken: jax.Array, axes: tuple[int, ...], start: jax.Array | None, sign: int, skip_nan: bool
) -> jax.Array:
    """The extreme of a reduction and its initial value; NaN is left out only where something else is there."""
    if start is not None:
        both = jnp.stack(jnp.broadcast_arrays(start, result))
        if both.dtype.kind == "c":
            result = complex_extreme(jnp.where(jnp.isnan(both), result, both) if skip_nan else both, (0,), sign)[0][0]
        else:
            chosen = jnp.maximum if sign > 0 else jnp.minimum
            result = jnp.where(isnan(start), result, chosen(start, result)) if skip_nan else chosen(start, result)
    if not skip_nan:
        return result
    is_empty = jnp.all(isnan(taken), axes).reshape(result.shape)
    if start is not None:
        is_empty = is_empty & isnan(start)
    return jnp.where(is_empty, np.nan, result)


def max(a: Operand, axis: Axis = None, keepdims: bool = False, initial: Operand | None = None, where: Operand | None = None) -> jax.Array:
    """`np.max`."""
    return extreme("maximum", 1, a, axis, keepdims, initial, where)


def min(a: Operand, axis: Axis = None, keepdims: bool = False, initial: Operand | None = None, where: Operand | None = None) -> jax.Array:
    """`np.min`."""
    return extreme("minimum", -1, a, axis, keepdims, initial, where)


amax, amin = max, min


def ptp(a: Operand, axis: Axis = None, keepdims: bool = False) -> jax.Array:
    """`np.ptp`."""
    if jnp.asarray(a).dtype == np.bool_:
        raise TypeError("numpy boolean subtract, the `-` operator, is not supported; use the bitwise_xor function instead")
    return max(a, axis, keepdims) - min(a, axis, keepdims)


def arg_extreme(name: str, sign: int, a: Operand, axis: int | None, keepdims: bool) -> jax.Array:
    whole = jnp.asarray(a)
    a, along = flat_or_whole(whole, axis)
    if not a.shape[along]:
        raise ValueError(f"attempt to get {name} of an empty sequence")
    if a.dtype.kind == "c" and a.size:
        a, sign = complex_extreme(a, (along,), sign)[1], 1
    index = (jnp.argmax if sign > 0 else jnp.argmin)(a, along).astype(np.int64)
    if not keepdims:
        return index if whole.ndim else index.reshape(())
    return index.reshape((1,) * whole.ndim) if axis is None or not whole.ndim else jnp.expand_dims(index, along)


def argmax(a: Operand, axis: int | None = None, *, keepdims: bool = False) -> jax.Array:
    """`np.argmax`: the first of equals, the first NaN if there is one."""
    return arg_extreme("argmax", 1, a, axis, keepdims)


def argmin(a: Operand, axis: int | None = None, *, keepdims: bool = False) -> jax.Array:
    """`np.argmin`: the first of equals, the first NaN if there is one."""
    return arg_extreme("argmin", -1, a, axis, keepdims)


def _count(shape: tuple[int, ...], axes: tuple[int, ...], keepdims: bool, mask: jax.Array | None) -> jax.Array | int:
    """How many elements each result is made of."""
    if mask is None:
        return math.prod(shape[dim] for dim in axes)
    return jnp.sum(mask, axes, np.dtype(np.int64), keepdims=keepdims)


def divided(total: jax.Array, count: jax.Array | int, dtype: np.dtype) -> jax.Array:
    """The quotient as NumPy casts it back; one number as a divisor takes the dividend's precision."""
    if isinstance(count, int):
        return cast(quotient(total if has_nan(total.dtype) else total.astype(np.float64), count), dtype)
    wide = result_type(total.dtype, np.dtype(np.float64))
    return cast(total.astype(wide) / count, dtype)


def mean(
    a: Operand, axis: Axis = None, dtype: np.dtype | None = None, keepdims: bool = False, *, where: Operand | None = None
) -> jax.Array:
    """`np.mean`."""
    a = jnp.asarray(a)
    axes, mask = axes_of(axis, a.ndim), mask_of(where, a.shape)
    work = result = np.dtype(dtype) if dtype is not None else a.dtype
    if dtype is None:
        work = np.dtype(np.float32) if a.dtype == np.float16 else a.dtype if has_nan(a.dtype) else np.dtype(np.float64)
        result = a.dtype if has_nan(a.dtype) else work
    return divided(sum(a, axis, work, keepdims, where=mask), _count(a.shape, axes, keepdims, mask), result)


def freedom_of(ddof: float, correction: float | None) -> float:
    if correction is None:
        return ddof
    if ddof != 0:
        raise ValueError("ddof and correction can't be provided simultaneously.")
    return correction


def squared(deviation: jax.Array) -> jax.Array:
    if deviation.dtype.kind != "c":
        return deviation * deviation
    real, imag = jnp.real(deviation), jnp.imag(deviation)
    return real * real + imag * imag


def real_or_none(dtype: np.dtype | None) -> np.dtype | None:
    return None if dtype is None else real_dtype(dtype)


def var(
    a: Operand,
    axis: Axis = None,
    dtype: np.dtype | None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Operand | None = None,
    mean: Operand | None = None,
    correction: float | None = None,
) -> jax.Array:
    """`np.var`."""
    a, ddof = jnp.asarray(a), freedom_of(ddof, correction)
    axes, mask = axes_of(axis, a.ndim), mask_of(where, a.shape)
    if dtype is None and not has_nan(a.dtype):
        dtype = np.dtype(np.float64)
    if mean is None:
        totals = sum(a, axis, dtype, True, where=mask)
        mean = divided(totals, _count(a.shape, axes, True, mask), totals.dtype)
    deviation, centre = promoted(a, mean)
    squares = sum(squared(deviation - centre), axis, real_or_none(dtype), keepdims, where=mask)
    return divided(squares, degrees_of(_count(a.shape, axes, keepdims, mask), ddof), squares.dtype)


def degrees_of(count: jax.Array | int, ddof: float) -> jax.Array | int:
    if isinstance(count, int) and ddof == int(ddof):
        return np.maximum(count - int(ddof), 0).item()
    return jnp.maximum(count - jnp.asarray(ddof), 0)


def std(
    a: Operand,
    axis: Axis = None,
    dtype: np.dtype | None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Operand | None = None,
    mean: Operand | None = None,
    correction: float | None = None,
) -> jax.Array:
    """`np.std`."""
    squared = var(a, axis, dtype, ddof, keepdims, where=where, mean=mean, correction=correction)
    return cast(jnp.sqrt(squared), squared.dtype)


def average(
    a: Operand, axis: Axis = None, weights: Operand | None = None, returned: bool = False, *, keepdims: bool = False
) -> jax.Array | tuple[jax.Array, jax.Array]:
    """`np.average`."""
    a = jnp.asarray(a)
    if weights is None:
        result = mean(a, axis, keepdims=keepdims)
        scale = jnp.asarray(a.size / result.size if result.size else np.nan, result.dtype)
    else:
        wgt = broadcast_weights(weights, a, axis)
        dtype = result_type(a.dtype, wgt.dtype) if has_nan(a.dtype) else result_type(a.dtype, wgt.dtype, np.dtype(np.float64))
        scale = sum(wgt, axis, dtype, keepdims)
        result = sum(cast(a, dtype) * cast(wgt, dtype), axis, None, keepdims) / scale
    return (result, jnp.broadcast_to(scale, result.shape)) if returned else result


def trapezoid(y: Operand, x: Operand | None = None, dx: Operand = 1.0, axis: int = -1) -> jax.Array:
    """`np.trapezoid`."""
    y = jnp.asarray(y)
    along = axes_of(axis, y.ndim)[0]
    pairs = lax.slice_in_dim(y, 1, None, axis=along), lax.slice_in_dim(y, 0, -1, axis=along)
    width: Operand = dx
    if x is not None:
        x = jnp.asarray(x)
        width = jnp.diff(x, axis=axis if x.ndim > 1 else -1)
        if x.ndim == 1:
            width = width.reshape(tuple(-1 if dim == along else 1 for dim in range(y.ndim)))
    step, sides = promoted(width, pairs[0] | pairs[1] if y.dtype == np.bool_ else pairs[0] + pairs[1])
    areas = step * sides
    return sum(areas / cast(2.0, areas.dtype) if has_nan(areas.dtype) else areas.astype(np.float64) / 2.0, along)


def _has_no_weight(_: tuple[jax.Array, ...], a: Operand, axis: Axis = None, weights: Operand | None = None, **rest: object) -> jax.Array:
    if weights is None:
        return jnp.asarray(False)
    a = jnp.asarray(a)
    return jnp.any(sum(broadcast_weights(weights, a, axis), axis) == 0)


CHECKS: Checks = {"average": (_has_no_weight, ZeroDivisionError, "Weights sum to zero, can't be normalized")}
