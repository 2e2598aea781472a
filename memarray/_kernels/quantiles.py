"""NumPy's medians, quantiles and percentiles on JAX arrays: sort, take two neighbours, interpolate."""

import math
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from memarray._kernels.operands import (
    Axis,
    Checks,
    Operand,
    broadcast_weights,
    cast,
    has_nan,
    inexact,
    is_static,
    isnan,
    merged,
    quotient,
    result_type,
)
from memarray._kernels.sorting import argsort, sort

__all__ = ["CHECKS", "median", "nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile"]

Index = Any  # of a quantile in sorted data: NumPy's where it is known while tracing, JAX's otherwise


def _finished(result: jax.Array, shape: tuple[int, ...], keepdims: bool, ahead: tuple[int, ...] = ()) -> jax.Array:
    return result.reshape(*ahead, *shape) if keepdims else result


def _midpoint(low: jax.Array, high: jax.Array) -> jax.Array:
    """The mean of two values as `np.mean` has it."""
    dtype = inexact(low.dtype)
    work = np.dtype(np.float32) if dtype == np.float16 else dtype
    return ((low.astype(work) + high.astype(work)) / cast(2, work)).astype(dtype)


def median(a: Operand, axis: Axis = None, keepdims: bool = False) -> jax.Array:
    """`np.median`; not the 0.5 quantile, whose interpolation has other infinities."""
    data, shape = merged(jnp.asarray(a), axis)
    count = data.shape[0]
    if not count:
        return _finished(jnp.full(data.shape[1:], np.nan, inexact(data.dtype)), shape, keepdims)
    ordered = sort(data, 0)
    high = ordered[count // 2]
    middle = high.astype(inexact(data.dtype)) if count % 2 else _midpoint(ordered[count // 2 - 1], high)
    if has_nan(data.dtype):
        middle = jnp.where(isnan(ordered[-1]), ordered[-1], middle)
    return _finished(middle, shape, keepdims)


def nanmedian(a: Operand, axis: Axis = None, keepdims: bool = False) -> jax.Array:
    """`np.nanmedian`."""
    data, shape = merged(jnp.asarray(a), axis)
    if not has_nan(data.dtype) or not data.shape[0]:
        return median(a, axis, keepdims)
    count = jnp.sum(~isnan(data), 0)
    ordered = sort(data, 0)
    low, high = (_take(ordered, jnp.maximum(place, 0), per_slice=True) for place in ((count - 1) // 2, count // 2 - (count == 0)))
    middle = jnp.where(count % 2 == 1, high, _midpoint(low, high))
    return _finished(jnp.where(count == 0, np.nan, middle), shape, keepdims)


def _take(ordered: jax.Array, index: Index, *, per_slice: bool = False) -> jax.Array:
    """Values along the first axis, the same for all slices or, by the index's last dimensions, for each; negative places from the end."""
    count, kept = ordered.shape[0], ordered.shape[1:]
    index = jnp.where(jnp.asarray(index) < 0, index + count, index)
    if not per_slice:
        return jnp.take(ordered, index, 0, mode="clip")
    ahead = index.shape[: index.ndim - len(kept)]
    return jnp.take_along_axis(ordered, index.reshape(math.prod(ahead), *kept), 0, mode="clip").reshape(*ahead, *kept)


def _times(xp: ModuleType, count: Index, q: Index) -> Index:
    """The product, rounded: without the comparison XLA may round it together with a sum, and whole numbers come out uneven."""
    product = count * q
    return product if xp is np or product.dtype.kind != "f" else jnp.maximum(product, 0)


def _to_boundary(xp: ModuleType, index: Index, stays: Callable[[Index, Index], Index]) -> Index:
    low = xp.floor(index)
    chosen = xp.where(stays(index - low, low), low, low + 1).astype(np.int64)
    return xp.maximum(chosen, 0)


def _between(alpha: float, beta: float) -> Callable[[ModuleType, Index, Index], Index]:
    return lambda xp, n, q: _times(xp, n, q) + (alpha + q * (1 - alpha - beta)) - 1


def _halfway(xp: ModuleType, n: Index, q: Index) -> Index:
    place = _times(xp, n - 1, q)
    return 0.5 * (xp.floor(place) + xp.ceil(place))


_DISCRETE: dict[str, Callable[[ModuleType, Index, Index], Index]] = {
    "inverted_cdf": lambda xp, n, q: _to_boundary(xp, _times(xp, n, q) - 1, lambda gamma, _: gamma == 0),
    "closest_observation": lambda xp, n, q: _to_boundary(xp, _times(xp, n, q) - 1 - 0.5, lambda gamma, low: (gamma == 0) & (low % 2 == 1)),
    "lower": lambda xp, n, q: xp.floor(_times(xp, n - 1, q)).astype(np.int64),
    "higher": lambda xp, n, q: xp.ceil(_times(xp, n - 1, q)).astype(np.int64),
    "nearest": lambda xp, n, q: xp.round(_times(xp, n - 1, q)).astype(np.int64),
}
_CONTINUOUS: dict[str, Callable[[ModuleType, Index, Index], Index]] = {
    "averaged_inverted_cdf": lambda xp, n, q: _times(xp, n, q) - 1,
    "interpolated_inverted_cdf": _between(0, 1),
    "hazen": _between(0.5, 0.5),
    "weibull": _between(0, 0),
    "linear": lambda xp, n, q: _times(xp, n - 1, q),
    "median_unbiased": _between(1 / 3.0, 1 / 3.0),
    "normal_unbiased": _between(3 / 8.0, 3 / 8.0),
    "midpoint": _halfway,
}


def _gamma(xp: ModuleType, method: str, index: Index, low: Index) -> Index:
    """How far between its neighbours a quantile is."""
    gamma = index - low
    if method == "averaged_inverted_cdf":
        gamma = xp.where(gamma == 0, 0.5, 1.0)
    if method == "midpoint":
        gamma = xp.where(index % 1 == 0, 0.0, 0.5)
    return gamma.astype(index.dtype)


def _lerp(low: jax.Array, high: jax.Array, gamma: jax.Array, dtype: np.dtype) -> jax.Array:
    """Between `low` and `high`, from the nearer one; integers overflow in their own dtype, as NumPy's do."""
    if low.dtype == np.bool_:
        raise TypeError("numpy boolean subtract, the `-` operator, is not supported, use the bitwise_xor, the `^` operator, instead.")
    difference, gamma = cast(high - low, dtype), cast(gamma, dtype)
    return jnp.where(gamma >= 0.5, cast(high, dtype) - difference * (1 - gamma), cast(low, dtype) + difference * gamma)


def _interpolated(ordered: jax.Array, q: Index, method: str, count: Index, *, weak: bool) -> jax.Array:
    """The quantiles of sorted slices, of `count` elements each: one number, or an array, against which `q` broadcasts."""
    xp, per_slice = np if is_static(q) and is_static(count) else jnp, not is_static(count)
    take = partial(_take, ordered, per_slice=per_slice)
    if method in _DISCRETE:
        return take(_DISCRETE[method](xp, count, q))
    index = xp.asarray(_CONTINUOUS[method](xp, count, q))
    if method == "linear" and index.dtype.kind in "iu":
        return take(index)
    is_above, is_below = index >= count - 1, index < 0
    low = xp.where(is_above, count - 1, xp.where(is_below, 0, xp.floor(index))).astype(np.int64)
    high = xp.where(is_above | is_below, low, low + 1)
    # As in NumPy, what lies beyond the ends is interpolated between an end and itself.
    gamma = jnp.asarray(_gamma(xp, method, index, xp.where(is_above, -1, low)))
    dtype = result_type(ordered.dtype, 1.0 if weak else gamma)
    values = take(low), take(high)
    return _lerp(*values, gamma.reshape(*gamma.shape, *(1,) * (values[0].ndim - gamma.ndim)), dtype)


def _weighted(data: jax.Array, weights: jax.Array, q: Index, skip_nan: bool) -> jax.Array:
    """The smallest values whose weights, with those of all smaller ones, come up to `q` of the total."""
    order = argsort(data, 0)
    ordered, weights = jnp.take_along_axis(data, order, 0), jnp.take_along_axis(jnp.broadcast_to(weights, data.shape), order, 0)
    count: Index = data.shape[0]
    if skip_nan:
        weights, count = jnp.where(isnan(ordered), 0, weights), jnp.sum(~isnan(ordered), 0)
    share = jnp.cumsum(weights, 0, np.dtype(np.float64))
    share = share / share[-1]
    q = jnp.asarray(q)
    share = share.astype(q.dtype) if q.dtype.kind == "f" else share
    share = jnp.where((share == 0) & jnp.any(share[0] == 0), -1, share)
    below = share < q.reshape((*q.shape, *(1,) * share.ndim))
    return _take(ordered, jnp.clip(jnp.sum(below, q.ndim), 0, jnp.maximum(count - 1, 0)), per_slice=True)


def _checked(a: jax.Array, q: Index, method: str, weights: Operand | None, limits: str) -> None:
    if a.dtype.kind == "c":
        raise TypeError("a must be an array of real numbers")
    if q.ndim > 2:
        raise ValueError("q must be a scalar or 1d")
    if is_static(q) and not np.all((q >= 0) & (q <= 1)):
        raise ValueError(limits)
    if method not in _DISCRETE and method not in _CONTINUOUS:
        raise ValueError(f"{method!r} is not a valid method. Use one of: {[*_DISCRETE, *_CONTINUOUS]}")
    if weights is not None and method != "inverted_cdf":
        raise ValueError(f"Only method 'inverted_cdf' supports weights. Got: {method}.")


def _quantile(
    a: Operand, q: Index, axis: Axis, method: str, keepdims: bool, weights: Operand | None, *, weak: bool, skip_nan: bool
) -> jax.Array:
    a = jnp.asarray(a)
    data, shape = merged(a, axis)
    skip_nan = skip_nan and has_nan(a.dtype)
    if not data.shape[0]:
        raise IndexError("index -1 is out of bounds for axis 0 with size 0")
    if weights is not None:
        wide = jnp.broadcast_to(broadcast_weights(weights, a, axis), a.shape)
        result = _weighted(data, merged(wide, axis)[0], q, skip_nan)
        ordered = data
    else:
        ordered = sort(data, 0)
        if skip_nan:
            count = jnp.sum(~isnan(data), 0).astype(q.dtype)
            result = _interpolated(ordered, q.reshape((*q.shape, *(1,) * count.ndim)), method, count, weak=weak)
        else:
            result = _interpolated(ordered, q, method, data.shape[0], weak=weak)
    if has_nan(a.dtype):
        undefined = jnp.all(isnan(ordered), 0) if skip_nan else jnp.any(isnan(ordered), 0) if weights is not None else isnan(ordered[-1])
        result = jnp.where(undefined, np.nan, result)
    return _finished(result, shape, keepdims, q.shape)


def _is_weak(q: Operand) -> bool:
    return type(q) in (int, float)


def quantile(
    a: Operand, q: Operand, axis: Axis = None, method: str = "linear", keepdims: bool = False, *, weights: Operand | None = None
) -> jax.Array:
    """`np.quantile`."""
    fraction = np.asarray(q) if is_static(q) else q
    _checked(jnp.asarray(a), fraction, method, weights, "Quantiles must be in the range [0, 1]")
    return _quantile(a, fraction, axis, method, keepdims, weights, weak=_is_weak(q), skip_nan=False)


def _fraction(q: Operand) -> Index:
    return np.asarray(np.true_divide(q, 100)) if is_static(q) else quotient(cast(q, inexact(result_type(q))), 100)


def percentile(
    a: Operand, q: Operand, axis: Axis = None, method: str = "linear", keepdims: bool = False, *, weights: Operand | None = None
) -> jax.Array:
    """`np.percentile`."""
    fraction = _fraction(q)
    _checked(jnp.asarray(a), fraction, method, weights, "Percentiles must be in the range [0, 100]")
    return _quantile(a, fraction, axis, method, keepdims, weights, weak=_is_weak(q), skip_nan=False)


def _nan_mean_of_nothing(a: jax.Array, axis: Axis, keepdims: bool) -> jax.Array:
    data, shape = merged(a, axis)
    return _finished(jnp.full(data.shape[1:], np.nan, inexact(a.dtype)), shape, keepdims)


def nanquantile(
    a: Operand, q: Operand, axis: Axis = None, method: str = "linear", keepdims: bool = False, *, weights: Operand | None = None
) -> jax.Array:
    """`np.nanquantile`."""
    a, fraction = jnp.asarray(a), np.asarray(q) if is_static(q) else q
    _checked(a, fraction, method, weights, "Quantiles must be in the range [0, 1]")
    if not a.size:
        return _nan_mean_of_nothing(a, axis, keepdims)
    return _quantile(a, fraction, axis, method, keepdims, weights, weak=_is_weak(q), skip_nan=True)


def nanpercentile(
    a: Operand, q: Operand, axis: Axis = None, method: str = "linear", keepdims: bool = False, *, weights: Operand | None = None
) -> jax.Array:
    """`np.nanpercentile`."""
    a, fraction = jnp.asarray(a), _fraction(q)
    _checked(a, fraction, method, weights, "Percentiles must be in the range [0, 100]")
    if not a.size:
        return _nan_mean_of_nothing(a, axis, keepdims)
    return _quantile(a, fraction, axis, method, keepdims, weights, weak=_is_weak(q), skip_nan=True)


def _outside(highest: int) -> Callable[..., jax.Array]:
    def is_outside(_: tuple[jax.Array, ...], a: Operand, q: Operand, *rest: object, **params: object) -> jax.Array:
        return ~jnp.all((jnp.asarray(q) >= 0) & (jnp.asarray(q) <= highest))

    return is_outside


CHECKS: Checks = {
    "quantile": (_outside(1), ValueError, "Quantiles must be in the range [0, 1]"),
    "nanquantile": (_outside(1), ValueError, "Quantiles must be in the range [0, 1]"),
    "percentile": (_outside(100), ValueError, "Percentiles must be in the range [0, 100]"),
    "nanpercentile": (_outside(100), ValueError, "Percentiles must be in the range [0, 100]"),
}
