"""Kernels of ufuncs on complex numbers, on real and imaginary parts; infinities, NaN and signed zeros as in C99's Annex G.

Odd functions that commute with conjugation are computed for parts without signs, which are put back at the end. `sin`, `tan`, `arcsin` and
`arctan` of `x + iy` are the hyperbolic ones of `y + ix` with the parts exchanged.
"""

import math
from collections.abc import Callable

import jax
import numpy as np
from jax import lax

from memarray._kernels import elementwise_float
from memarray._kernels.common import copysign, isinf, isnan, where

_Parts = tuple[jax.Array, jax.Array]
_LN_2 = math.log(2)
_LARGE = 20.0  # exp(-2 * _LARGE) is lost beside one


def parts(z: jax.Array) -> _Parts:
    """Real and imaginary part."""
    return lax.real(z), lax.imag(z)


def by_parts(part: Callable[[jax.Array], jax.Array], z: jax.Array) -> jax.Array:
    """One function of both parts."""
    return lax.complex(part(lax.real(z)), part(lax.imag(z)))


def swapped(kernel: Callable[[jax.Array], jax.Array], z: jax.Array) -> jax.Array:
    """`kernel` of a number whose parts are exchanged, the result's exchanged back."""
    result = kernel(lax.complex(lax.imag(z), lax.real(z)))
    return lax.complex(lax.imag(result), lax.real(result))


def isnan_any(z: jax.Array) -> jax.Array:
    """Whether either part is NaN."""
    return isnan(lax.real(z)) | isnan(lax.imag(z))


def isfinite_all(z: jax.Array) -> jax.Array:
    """Whether both parts are finite."""
    return lax.is_finite(lax.real(z)) & lax.is_finite(lax.imag(z))


def isinf_any(z: jax.Array) -> jax.Array:
    """Whether either part is infinite."""
    return isinf(lax.real(z)) | isinf(lax.imag(z))


def absolute(z: jax.Array) -> jax.Array:
    """The modulus; infinite where either part is, even if the other is NaN."""
    return where(isinf_any(z), np.inf, lax.abs(z))


# Comparisons


def compare(op: Callable[..., jax.Array], z: jax.Array, w: jax.Array) -> jax.Array:
    """A strict or weak order, by real parts first; none where a part that matters is NaN."""
    (a, b), (c, d) = parts(z), parts(w)
    return (op(a, c) & (a != c) & ~isnan(b) & ~isnan(d)) | ((a == c) & op(b, d))


def maximum(z: jax.Array, w: jax.Array) -> jax.Array:
    """The larger; NaN where either has one."""
    return where(isnan_any(z) | compare(lax.ge, z, w), z, w)


def minimum(z: jax.Array, w: jax.Array) -> jax.Array:
    """The smaller; NaN where either has one."""
    return where(isnan_any(z) | compare(lax.le, z, w), z, w)


def fmax(z: jax.Array, w: jax.Array) -> jax.Array:
    """The larger, or the one without NaN."""
    return where(compare(lax.ge, z, w) | isnan_any(w), z, w)


def fmin(z: jax.Array, w: jax.Array) -> jax.Array:
    """The smaller, or the one without NaN."""
    return where(compare(lax.le, z, w) | isnan_any(w), z, w)


def sign(z: jax.Array) -> jax.Array:
    """`z / |z|`; 0 for zero, NaN where both parts are infinite."""
    x, y = parts(z)
    x_inf, y_inf = isinf(x), isinf(y)
    along_x, along_y = copysign(lax.full_like(x, 1), x), copysign(lax.full_like(y, 1), y)
    x, y = where(x_inf, along_x, where(y_inf, 0, x)), where(y_inf, along_y, where(x_inf, 0, y))
    is_huge = lax.max(lax.abs(x), lax.abs(y)) > np.finfo(x.dtype).max / 4
    x, y = where(is_huge, x * 0.25, x), where(is_huge, y * 0.25, y)
    size = lax.abs(lax.complex(x, y))
    size = where(x_inf & y_inf, np.nan, size)
    return where(size == 0, 0, lax.complex(x / size, y / size))


# Division


def divide(z: jax.Array, w: jax.Array) -> jax.Array:
    """`z / w` by Smith's method, as in NumPy, but with divisions at the end: the inverse of a large denominator would be denormal."""
    (a, b), (c, d) = parts(z), parts(w)
    c_size, d_size = lax.abs(c), lax.abs(d)
    by_real = c_size >= d_size
    large, small = where(by_real, c, d), where(by_real, d, c)
    ratio = small / large
    below = large + small * ratio
    x, y = where(by_real, a, b), where(by_real, b, -a)
    real, imag = (x + where(by_real, b, a) * ratio) / below, (y - where(by_real, a, -b) * ratio) / below
    is_zero = (c_size == 0) & (d_size == 0)
    return lax.complex(where(is_zero, a / c_size, real), where(is_zero, b / c_size, imag))


def reciprocal(z: jax.Array) -> jax.Array:
    """`1 / z` by Smith's method; NaN for zero, as in NumPy."""
    x, y = parts(z)
    by_imag = lax.abs(x) <= lax.abs(y)
    large, small = where(by_imag, y, x), where(by_imag, x, y)
    ratio = small / large
    scale = large + small * ratio
    one = lax.full_like(x, 1)
    return lax.complex(where(by_imag, ratio, one) / scale, where(by_imag, -one, -ratio) / scale)


# Exponentials


def exp(z: jax.Array) -> jax.Array:
    """`exp(x) * (cos(y) + i sin(y))`, in two factors so that it is infinite no sooner than it must."""
    x, y = parts(z)
    is_open = isinf(x) & ~lax.is_finite(y)  # an infinite or zero modulus in no direction
    root = lax.exp(x * 0.5)
    cosine = where(is_open, 1, lax.cos(y))
    sine = where(is_open & (x < 0), copysign(lax.full_like(y, 0), y), lax.sin(y))
    return lax.complex(root * cosine * root, where(y == 0, y, root * sine * root))


def exp2(z: jax.Array) -> jax.Array:
    """`2**z` as `exp(z log 2)`, which is what NumPy has."""
    return exp(by_parts(lambda v: v * _LN_2, z))


def expm1(z: jax.Array) -> jax.Array:
    """`exp(z) - 1`, with `cos(y) - 1` by the half angle."""
    x, y = parts(z)
    exponential = exp(z)
    half = lax.sin(y * 0.5)
    real = lax.expm1(x) * lax.cos(y) - 2 * half * half
    is_far = lax.abs(x) > 2 * _LARGE
    real = where(is_far, lax.real(exponential) - 1, where(y == 0, where(x == 0, 0, lax.expm1(x)), real))
    return lax.complex(real, lax.imag(exponential))


def sinh(z: jax.Array) -> jax.Array:
    """`sinh(x) cos(y) + i cosh(x) sin(y)`."""
    x, y = parts(z)
    sinh_times, cosh_times = _hyperbolic(x)
    is_open = ((x == 0) | isinf(x)) & ~lax.is_finite(y)
    return lax.complex(where(is_open, x, sinh_times(lax.cos(y))), where(y == 0, y, cosh_times(lax.sin(y))))


def cosh(z: jax.Array) -> jax.Array:
    """`cosh(x) cos(y) + i sinh(x) sin(y)`."""
    x, y = parts(z)
    sinh_times, cosh_times = _hyperbolic(x)
    real = where(isinf(x) & ~lax.is_finite(y), np.inf, cosh_times(lax.cos(y)))
    is_zero = (y == 0) | ((x == 0) & ~lax.is_finite(y))
    signed_zero = copysign(lax.full_like(x, 0), x) * copysign(lax.full_like(y, 1), y)
    return lax.complex(real, where(is_zero, signed_zero, sinh_times(lax.sin(y))))


def _hyperbolic(x: jax.Array) -> tuple[Callable[[jax.Array], jax.Array], Callable[[jax.Array], jax.Array]]:
    """Multiplication by `sinh(x)` and by `cosh(x)`, in two factors where these may be too large and the product not."""
    root, rising, falling = _exp_half(x)
    size = lax.abs(x)
    sinh = where(size < 1, elementwise_float.sinh_series(x), copysign(rising - falling, x))
    cosh, is_large = rising + falling, size > _LARGE

    def times(factor: jax.Array, of: jax.Array, sign: jax.Array) -> jax.Array:
        return where(is_large, copysign(root * 0.5, sign) * of * root, factor * of)

    return (lambda of: times(sinh, of, x)), (lambda of: times(cosh, of, lax.full_like(x, 1)))


def _exp_half(x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """`exp(|x|/2)`, `exp(|x|)/2` and `exp(-|x|)/2`."""
    root = lax.exp(lax.abs(x) * 0.5)
    half = root * 0.5 * root
    return root, half, 0.25 / half


def tanh(z: jax.Array) -> jax.Array:
    """`(sinh(x) cosh(x) + i sin(y) cos(y)) / (sinh(x)**2 + cos(y)**2)`."""
    x, y = parts(z)
    _, rising, falling = _exp_half(x)
    size = lax.abs(x)
    sinh = where(size < 1, elementwise_float.sinh_series(x), copysign(rising - falling, x))
    sine, cosine = lax.sin(y), lax.cos(y)
    below = sinh * sinh + cosine * cosine
    product = where(isinf(x) & ~lax.is_finite(y), copysign(lax.full_like(y, 0), y), sine * cosine)
    is_large = size > _LARGE
    far = where(isnan(product), product, copysign(lax.full_like(x, 1), x))
    real = where(is_large, far, where(x == 0, x, sinh * (rising + falling) / below))
    imag = where(is_large, product / rising / rising, product / below)
    return lax.complex(real, where(y == 0, y, imag))


def sin(z: jax.Array) -> jax.Array:
    """`-i sinh(iz)`."""
    return swapped(sinh, z)


def cos(z: jax.Array) -> jax.Array:
    """`cosh(iz)`."""
    x, y = parts(z)
    return lax.conj(cosh(lax.complex(y, x)))


def tan(z: jax.Array) -> jax.Array:
    """`-i tanh(iz)`."""
    return swapped(tanh, z)


# Logarithms, roots and inverse functions


def log(z: jax.Array) -> jax.Array:
    """`log|z| + i arg(z)`."""
    x, y = parts(z)
    size_x, size_y = lax.abs(x), lax.abs(y)
    large, small = lax.max(size_x, size_y), lax.min(size_x, size_y)
    return lax.complex(_log_modulus(x, y, near=(large - 1, small)), lax.atan2(y, x))


def log1p(z: jax.Array) -> jax.Array:
    """`log(1 + z)`."""
    x, y = parts(z)
    return lax.complex(_log_modulus(x + 1, y, near=(x, y)), lax.atan2(y, x + 1))


def log2(z: jax.Array) -> jax.Array:
    """`log(z) / log(2)`."""
    return by_parts(lambda v: v * (1 / _LN_2), log(z))


def log10(z: jax.Array) -> jax.Array:
    """`log(z) / log(10)`."""
    return by_parts(lambda v: v * (1 / math.log(10)), log(z))


def _log_modulus(x: jax.Array, y: jax.Array, *, near: _Parts) -> jax.Array:
    """`log|x + iy|`; around the unit circle from `near`, whose `a` and `b` have `(1 + a)**2 + b**2` for the square of the modulus."""
    size_x, size_y = lax.abs(x), lax.abs(y)
    large, small = lax.max(size_x, size_y), lax.min(size_x, size_y)
    ratio = where(large == small, 1, small / large)
    far = lax.log(large) + 0.5 * elementwise_float.log1p(ratio * ratio)
    close = 0.5 * elementwise_float.log1p(_excess(*near))
    return where(isinf(x) | isinf(y), np.inf, where((large >= 0.5) & (large <= 2), close, far))


def _excess(a: jax.Array, b: jax.Array) -> jax.Array:
    """`2a + a**2 + b**2`, calculated with twice the digits since the terms may cancel.

    There must be no constant in a sum here: XLA takes `(x + 1) - 1` for `x`.
    """
    (square_a, rest_a), (square_b, rest_b) = _square(a), _square(b)
    total, rest = _sum(2 * a, square_a)
    total, more = _sum(total, square_b)
    return total + (rest + more + rest_a + rest_b)


def _sum(x: jax.Array, y: jax.Array) -> _Parts:
    """A sum and what rounding took from it (Knuth)."""
    total = x + y
    part = total - x
    return total, (x - (total - part)) + (y - part)


def _square(x: jax.Array) -> _Parts:
    """A square and what rounding took from it (Dekker); exact too where products are fused with sums, since they are exact."""
    split = x * float(2 ** ((np.finfo(x.dtype).nmant + 2) // 2) + 1)
    high = split - (split - x)
    low = x - high
    square = x * x
    return square, ((high * high - square) + 2 * high * low) + low * low


def sqrt(z: jax.Array) -> jax.Array:
    """XLA's square root for a positive imaginary part, conjugated back."""
    x, y = parts(z)
    root = lax.sqrt(lax.complex(x, lax.abs(y)))
    real, imag = parts(root)
    real = where(isinf(y) | (isnan(y) & (x == np.inf)), np.inf, real)
    imag = where(isinf(y) | (isnan(y) & (x == -np.inf)), np.inf, imag)
    return lax.complex(real, copysign(imag, y))


def arcsinh(z: jax.Array) -> jax.Array:
    """`-i arcsin(iz)`."""
    return swapped(arcsin, z)


def arcsin(z: jax.Array) -> jax.Array:
    """XLA's for parts without signs, which lacks some results for NaN."""
    x, y = parts(z)
    real, imag = parts(lax.asin(by_parts(lax.abs, z)))
    unknown = isnan(x) | isnan(y)
    real = where(unknown, where(x == 0, x, np.nan), real)
    imag = where(unknown, where(isinf(x) | isinf(y), np.inf, lax.full_like(y, np.nan)), imag)
    return lax.complex(copysign(real, x), copysign(imag, y))


def arccos(z: jax.Array) -> jax.Array:
    """XLA's for a positive imaginary part, conjugated back; it lacks some results for NaN."""
    x, y = parts(z)
    real, imag = parts(lax.acos(lax.complex(x, lax.abs(y))))
    unknown = isnan(x) | isnan(y)
    real = where(unknown, where(x == 0, math.pi / 2, lax.full_like(x, np.nan)), real)
    imag = where(unknown, where(isinf(x) | isinf(y), np.inf, lax.full_like(y, np.nan)), imag)
    return lax.complex(real, copysign(imag, -y))


def arccosh(z: jax.Array) -> jax.Array:
    """`arccos(z)` turned by a quarter, into the half plane to the right."""
    real, imag = parts(arccos(z))
    return lax.complex(lax.abs(imag), copysign(real, lax.imag(z)))


def arctanh(z: jax.Array) -> jax.Array:
    """XLA's for parts without signs, which lacks some results for NaN."""
    x, y = parts(z)
    real, imag = parts(lax.atanh(by_parts(lax.abs, z)))
    unknown = isnan(x) | isnan(y)
    real = where(unknown, where((x == 0) | isinf(x) | isinf(y), 0, lax.full_like(x, np.nan)), real)
    imag = where(unknown, where(isinf(y), math.pi / 2, lax.full_like(y, np.nan)), imag)
    return lax.complex(copysign(real, x), copysign(imag, y))


def arctan(z: jax.Array) -> jax.Array:
    """`-i arctanh(iz)`."""
    return swapped(arctanh, z)


# Powers


def static_power(z: jax.Array, exponent: complex) -> jax.Array | None:
    """`z**exponent` for whole exponents between -100 and 100, by multiplication as in NumPy; None for others."""
    if exponent.imag or not exponent.real.is_integer() or abs(exponent.real) >= 100:
        return None
    count = int(exponent.real)
    power = lax.integer_pow(z, abs(count)) if count else lax.full_like(z, 1)
    return divide(lax.full_like(z, 1), power) if count < 0 else power


def power(z: jax.Array, w: jax.Array) -> jax.Array:
    """`exp(w log(z))`; by multiplication for whole exponents between -100 and 100, as in NumPy."""
    x, y = parts(w)
    is_whole = (y == 0) & (lax.abs(x) < 100) & (lax.floor(x) == x)
    result = where(is_whole, _whole_power(z, where(is_whole, x, 0)), exp(w * log(z)))
    of_zero = where(x > 0, lax.full_like(z, 0), lax.full_like(z, complex(np.nan, np.nan)))
    return where(w == 0, 1, where(z == 0, of_zero, result))


def _whole_power(z: jax.Array, exponent: jax.Array) -> jax.Array:
    count = lax.abs(exponent).astype(np.int32)
    result, square = lax.full_like(z, 1), z
    for bit in range(7):
        is_first = (count & ((1 << bit) - 1)) == 0
        result = where((count & (1 << bit)) == 0, result, where(is_first, square, result * square))
        square = square * square
    return where(exponent < 0, divide(lax.full_like(z, 1), result), result)
