"""Kernels of ufuncs on real floating-point numbers that XLA has not, or not as NumPy has them.

XLA's CPU backend takes denormal numbers of float32 and float64 for zeros wherever it calculates. Kernels that only move bits keep them.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from memarray._kernels.common import (
    Kernel,
    bits_of,
    copysign,
    from_bits,
    isinf,
    isnan,
    magnitude_bits,
    power_of_two,
    signbit,
    where,
    widened,
)

_LN_2 = math.log(2)
# log10(2) in two parts, the first with so few bits that its product with an exponent is exact.
_LOG10_2 = {"float32": (3.0102920532e-01, 7.9034151668e-07), "float64": (3.01029995663611771306e-01, 3.69423907715893078616e-13)}


# Division


@widened
def divmod_(x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Quotient, rounded down, and remainder with the sign of `y`, as NumPy's `npy_divmod` computes them."""
    rest = lax.rem(x, y)
    differs = (rest != 0) & ((y < 0) != (rest < 0))
    quotient = (x - rest) / y
    quotient = where(differs, quotient - 1, quotient)
    floor = lax.floor(quotient)
    floor = where(quotient - floor > 0.5, floor + 1, floor)
    ratio = x / y
    floor = where(quotient == 0, copysign(lax.full_like(x, 0), ratio), floor)
    rest = where(rest == 0, copysign(lax.full_like(x, 0), y), where(differs, rest + y, rest))
    return where(y == 0, ratio, floor), rest


def modf(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The fractional and the whole part, both with the sign of `x`."""
    whole = trunc(x)
    return where(isnan(x), x, copysign(where(isinf(x), 0, x - whole), x)), whole


# Rounding and comparing


def trunc(x: jax.Array) -> jax.Array:
    """Rounded to zero, with the sign of `x`."""
    return copysign(lax.floor(lax.abs(x)), x)


def sign(x: jax.Array) -> jax.Array:
    """-1, 0 or 1; zero has no sign, NaN stays."""
    return where(x == 0, 0, lax.sign(x))


def fmax(x: jax.Array, y: jax.Array) -> jax.Array:
    """The larger, or the one that is not NaN."""
    return lax.max(where(isnan(x), y, x), where(isnan(y), x, y))


def fmin(x: jax.Array, y: jax.Array) -> jax.Array:
    """The smaller, or the one that is not NaN."""
    return lax.min(where(isnan(x), y, x), where(isnan(y), x, y))


def heaviside(x: jax.Array, y: jax.Array) -> jax.Array:
    """0 below zero, `y` at zero, 1 above; NaN stays."""
    return where(x == 0, y, where(isnan(x), x, where(x < 0, 0, lax.full_like(x, 1))))


# Bits


def nextafter(x: jax.Array, y: jax.Array) -> jax.Array:
    """The neighbour of `x` towards `y`; where they are equal, the one of two zeros that NumPy returns."""
    dtype = np.dtype(f"i{x.dtype.itemsize}")
    here, there = _ordered(x, dtype), _ordered(y, dtype)
    moved = here + where(there > here, 1, where(there < here, -1, lax.full_like(here, 0)))
    magnitude = lax.abs(moved)
    negative = (moved < 0) | ((moved == 0) & signbit(x))
    result = from_bits(where(negative, magnitude | np.iinfo(dtype).min, magnitude), x.dtype)
    result = where(here == there, x if x.dtype == jnp.float16 else y, result)
    return where(isnan(x) | isnan(y), np.nan, result)


def _ordered(x: jax.Array, dtype: np.dtype) -> jax.Array:
    """Integers in the order of the floats, zero for either zero."""
    bits = lax.bitcast_convert_type(x, dtype)
    return where(bits < 0, np.iinfo(dtype).min - bits, bits)


def spacing(x: jax.Array) -> jax.Array:
    """The distance to the neighbour away from zero, with the sign of `x`; float16 has that to the neighbour above, as in NumPy."""
    info = np.finfo(x.dtype)
    magnitude = magnitude_bits(x)
    exponent = (magnitude >> info.nmant).astype(np.dtype(f"i{x.dtype.itemsize}"))
    is_half = x.dtype == jnp.float16
    if is_half:
        is_power = signbit(x) & ((magnitude & ((1 << info.nmant) - 1)) == 0) & (exponent > 0)
        exponent = where(is_power, exponent - 1, exponent)
    shift = lax.max(lax.min(exponent - 1, lax.full_like(exponent, info.nmant)), lax.full_like(exponent, 0))
    normal = lax.max(exponent - info.nmant, lax.full_like(exponent, 0)) << info.nmant
    distance = from_bits(where(exponent > info.nmant, normal, lax.full_like(exponent, 1) << shift), x.dtype)
    largest = bits_of(lax.full_like(x, info.max))
    distance = where((bits_of(x) if is_half else magnitude) == largest, np.inf, distance)
    distance = distance if is_half else where(magnitude == 0, distance, copysign(distance, x))
    return where(isnan(x) | isinf(x), np.nan, distance)


def frexp(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Mantissa in [0.5, 1) and exponent, by the bits: denormal numbers too."""
    info = np.finfo(x.dtype)
    bits, magnitude = bits_of(x), magnitude_bits(x)
    exponent = (magnitude >> info.nmant).astype(jnp.int32)
    zeros = lax.clz(magnitude).astype(jnp.int32) - (8 * x.dtype.itemsize - info.nmant - 1)
    is_denormal = (exponent == 0) & (magnitude != 0)
    fraction = where(is_denormal, magnitude << lax.max(zeros, lax.full_like(zeros, 0)).astype(bits.dtype), magnitude)
    fraction = (fraction & ((1 << info.nmant) - 1)) | ((info.maxexp - 2) << info.nmant) | (bits ^ magnitude)
    is_special = (magnitude == 0) | ~lax.is_finite(x)
    exponent = where(is_denormal, 1 - zeros, exponent) - (info.maxexp - 2)
    return where(is_special, x, from_bits(fraction, x.dtype)), where(is_special, 0, exponent)


@widened
def ldexp(x: jax.Array, exponent: jax.Array) -> jax.Array:
    """`x * 2**exponent` in three steps, each by a power of two that is a normal number: no step leaves the way to the result."""
    limit = np.finfo(x.dtype).maxexp - 2
    for _ in range(3):
        step = lax.clamp(np.array(-limit, exponent.dtype), exponent, np.array(limit, exponent.dtype))
        x, exponent = x * power_of_two(step, x.dtype), exponent - step
    return x


# Exponentials and logarithms


@widened
def exp2(x: jax.Array) -> jax.Array:
    """`2**x`, exact for whole numbers: XLA's error grows with `x`."""
    limit = x.dtype.type(2 * np.finfo(x.dtype).maxexp)
    near = lax.clamp(-limit, x, limit)
    whole = lax.round(near, lax.RoundingMethod.TO_NEAREST_EVEN)
    return ldexp(lax.exp((near - whole) * _LN_2), whole.astype(jnp.int32))


@widened
def log2(x: jax.Array) -> jax.Array:
    """The logarithm to base two, exact for powers of two."""
    fraction, exponent = _near_one(x)
    return lax.log(fraction) * (1 / _LN_2) + exponent


@widened
def log10(x: jax.Array) -> jax.Array:
    """The logarithm to base ten, exact for powers of ten, with log10(2) in two parts as in fdlibm's `__ieee754_log10`."""
    fraction, exponent = _near_one(x)
    high, low = _LOG10_2[x.dtype.name]
    return exponent * high + (exponent * low + lax.log(fraction) * (1 / math.log(10)))


def _near_one(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """`m` in [sqrt(1/2), sqrt(2)) and `k` with `x = m * 2**k`; `x` and 0 for what has no finite logarithm."""
    info = np.finfo(x.dtype)
    dtype = np.dtype(f"i{x.dtype.itemsize}")
    bits = lax.bitcast_convert_type(x, dtype)
    start = int(np.array(math.sqrt(0.5), x.dtype).view(dtype))
    exponent = (bits - start) >> info.nmant
    is_ordinary = (x >= info.tiny) & (x < np.inf)
    fraction = lax.bitcast_convert_type(bits - (exponent << info.nmant), x.dtype)
    return where(is_ordinary, fraction, x), where(is_ordinary, exponent.astype(x.dtype), 0)


def log1p(x: jax.Array) -> jax.Array:
    """`log(1 + x)`; XLA's is off by a hundred units in the last place of float64 near -0.4, where the sum loses nothing."""
    return where(x < -0.25, lax.log(x + 1), lax.log1p(x)) if x.dtype == jnp.float64 else lax.log1p(x)


@widened
def logaddexp(x: jax.Array, y: jax.Array) -> jax.Array:
    """`log(exp(x) + exp(y))`."""
    return _log_of_sum(x, y, _LN_2, lambda d: log1p(lax.exp(d)))


@widened
def logaddexp2(x: jax.Array, y: jax.Array) -> jax.Array:
    """`log2(2**x + 2**y)`."""
    return _log_of_sum(x, y, 1.0, lambda d: log1p(exp2(d)) * (1 / _LN_2))


def _log_of_sum(x: jax.Array, y: jax.Array, of_equal: float, rest: Kernel) -> jax.Array:
    """The larger of `x` and `y` plus `rest` of how far the other is below it, or plus `of_equal`: infinities may be equal too."""
    difference = x - y
    unequal = where(isnan(difference), difference, lax.max(x, y) + rest(-lax.abs(difference)))
    return where(x == y, x + of_equal, unequal)


# Powers


def static_power(x: jax.Array, exponent: float) -> jax.Array | None:
    """`x**exponent` for those exponents with something shorter than `lax.pow` that is as exact; None for others.

    The square root of -0.0 and of -inf is not what `lax.pow` gives, but what NumPy has for a scalar 0.5 with float32 and float64.
    """
    powers: dict[float, Kernel] = {
        -1.0: lambda x: 1 / x,
        0.0: lambda x: lax.full_like(x, 1),
        1.0: lambda x: x,
        2.0: lambda x: x * x,
        3.0: lambda x: x * x * x,
        4.0: lambda x: lax.square(x * x),
    }
    if exponent == 0.5 and x.dtype != jnp.float16:
        return lax.sqrt(x)
    return widened(powers[exponent])(x) if exponent in powers else None


# Trigonometric and hyperbolic functions


@widened
def hypot(x: jax.Array, y: jax.Array) -> jax.Array:
    """`sqrt(x**2 + y**2)` without overflow on the way; infinite where either is, whatever the other."""
    return where(isinf(x) | isinf(y), np.inf, lax.abs(lax.complex(x, y)))


def arcsin(x: jax.Array) -> jax.Array:
    """`lax.asin`, which halves its result on the way and thereby loses the least normal numbers."""
    return where(lax.abs(x) < 1e-30, x, lax.asin(x))


@widened
def cosh(x: jax.Array) -> jax.Array:
    """`(exp(x) + exp(-x)) / 2`; XLA's comes from `exp(x + log(1/2))`, whose error grows with `x`."""
    rising, falling = _half_exponentials(x)
    return rising + falling


@widened
def sinh(x: jax.Array) -> jax.Array:
    """`(exp(x) - exp(-x)) / 2`; its series below one."""
    rising, falling = _half_exponentials(x)
    return where(lax.abs(x) < 1, sinh_series(x), copysign(rising - falling, x))


def _half_exponentials(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """`exp(|x|) / 2` and `exp(-|x|) / 2`; the first from `exp(|x| - 1)`, which is infinite no sooner and whose argument is exact."""
    rising = lax.exp(lax.abs(x) - 1) * (math.e / 2)
    return rising, 0.25 / rising


def sinh_series(x: jax.Array) -> jax.Array:
    """`sinh(x)` for |x| up to one."""
    square = x * x
    result = lax.full_like(x, 0)
    for n in range(19 if x.dtype == jnp.float64 else 11, 1, -2):
        result = (result + 1 / math.factorial(n)) * square
    return x + x * result


@widened
def arctanh(x: jax.Array) -> jax.Array:
    """`log1p(2x / (1 - x)) / 2`, for positive numbers."""
    size = lax.abs(x)
    return copysign(0.5 * log1p(2 * size / (1 - size)), x)
