# NumPy's names
"""NumPy's reductions without NaN on JAX arrays: NaN is replaced by what leaves the result alone."""

import jax
import jax.numpy as jnp
import numpy as np

from memarray._kernels.operands import Axis, Checks, Operand, axes_of, cast, has_nan, isnan, promoted, real_dtype
from memarray._kernels.reductions import (
    arg_extreme,
    degrees_of,
    divided,
    extreme,
    freedom_of,
    lowest,
    mask_of,
    mean,
    prod,
    squared,
    sum,
    var,
)

__all__ = ["CHECKS", "nanargmax", "nanargmin", "nanmax", "nanmean", "nanmin", "nanprod", "nanstd", "nansum", "nanvar"]


def _without(a: jax.Array, value: Operand) -> jax.Array:
    """`a` with `value` for each NaN."""
    return jnp.where(isnan(a), cast(value, a.dtype), a) if has_nan(a.dtype) else a


def nansum(
    a: Operand,
    axis: Axis = None,
    dtype: np.dtype | None = None,
    keepdims: bool = False,
    initial: Operand | None = None,
    where: Operand | None = None,
) -> jax.Array:
    """`np.nansum`."""
    return sum(_without(jnp.asarray(a), 0), axis, dtype, keepdims, initial, where)


def nanprod(
    a: Operand,
    axis: Axis = None,
    dtype: np.dtype | None = None,
    keepdims: bool = False,
    initial: Operand | None = None,
    where: Operand | None = None,
) -> jax.Array:
    """`np.nanprod`."""
    return prod(_without(jnp.asarray(a), 1), axis, dtype, keepdims, initial, where)


def nanmax(
    a: Operand, axis: Axis = None, keepdims: bool = False, initial: Operand | None = None, where: Operand | None = None
) -> jax.Array:
    """`np.nanmax`: NaN where there is nothing else."""
    return extreme("fmax", 1, a, axis, keepdims, initial, where, skip_nan=True)


def nanmin(
    a: Operand, axis: Axis = None, keepdims: bool = False, initial: Operand | None = None, where: Operand | None = None
) -> jax.Array:
    """`np.nanmin`: NaN where there is nothing else."""
    return extreme("fmin", -1, a, axis, keepdims, initial, where, skip_nan=True)


def _nan_arg_extreme(name: str, sign: int, a: Operand, axis: int | None, keepdims: bool) -> jax.Array:
    a = jnp.asarray(a)
    return arg_extreme(name, sign, _without(a, lowest(a.dtype, sign)), axis, keepdims)


def nanargmax(a: Operand, axis: int | None = None, *, keepdims: bool = False) -> jax.Array:
    """`np.nanargmax`."""
    return _nan_arg_extreme("argmax", 1, a, axis, keepdims)


def nanargmin(a: Operand, axis: int | None = None, *, keepdims: bool = False) -> jax.Array:
    """`np.nanargmin`."""
    return _nan_arg_extreme("argmin", -1, a, axis, keepdims)


def _check_dtype(a: jax.Array, dtype: np.dtype | None) -> None:
    if dtype is not None and has_nan(a.dtype) and not has_nan(dtype):
        raise TypeError("If a is inexact, then dtype must be inexact")


def _numbers(a: jax.Array, axis: Axis, keepdims: bool, where: Operand | None) -> jax.Array:
    """How many elements of each slice are no NaN."""
    return jnp.sum(~isnan(a), axes_of(axis, a.ndim), np.dtype(np.int64), keepdims=keepdims, where=mask_of(where, a.shape))


def nanmean(
    a: Operand, axis: Axis = None, dtype: np.dtype | None = None, keepdims: bool = False, *, where: Operand | None = None
) -> jax.Array:
    """`np.nanmean`; float16 is summed up to float16, unlike in `np.mean`."""
    a = jnp.asarray(a)
    _check_dtype(a, dtype)
    if not has_nan(a.dtype):
        return mean(a, axis, dtype, keepdims, where=where)
    total = nansum(a, axis, dtype, keepdims, where=where)
    return divided(total, _numbers(a, axis, keepdims, where), total.dtype)


def nanvar(
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
    """`np.nanvar`."""
    a = jnp.asarray(a)
    _check_dtype(a, dtype)
    if not has_nan(a.dtype):
        return var(a, axis, dtype, ddof, keepdims, where=where, mean=mean, correction=correction)
    ddof = freedom_of(ddof, correction)
    if mean is None:
        total = nansum(a, axis, dtype, True, where=where)
        mean = divided(total, _numbers(a, axis, True, where), total.dtype)
    values, centre = promoted(a, mean)
    deviation = jnp.where(isnan(a), 0, cast(values - centre, a.dtype))
    squares = sum(squared(deviation), axis, None if dtype is None else real_dtype(dtype), keepdims, where=where)
    count = _numbers(a, axis, keepdims, where)
    return jnp.where(count - ddof <= 0, np.nan, divided(squares, degrees_of(count, ddof), squares.dtype))


def nanstd(
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
    """`np.nanstd`."""
    squares = nanvar(a, axis, dtype, ddof, keepdims, where=where, mean=mean, correction=correction)
    return cast(jnp.sqrt(squares), squares.dtype)


def _has_slice_of_nan(_: tuple[jax.Array, ...], a: Operand, axis: int | None = None, *, keepdims: bool = False) -> jax.Array:
    a = jnp.asarray(a)
    return jnp.any(jnp.all(isnan(a), axes_of(axis, a.ndim)))


CHECKS: Checks = {
    "nanargmax": (_has_slice_of_nan, ValueError, "All-NaN slice encountered"),
    "nanargmin": (_has_slice_of_nan, ValueError, "All-NaN slice encountered"),
}
