"""Kernels of ufuncs on integers, where XLA leaves division by zero open and has no powers, divisors or mixed comparisons."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from memarray._kernels.common import where

# Steps of Euclid's algorithm that suffice for two numbers of so many bits: neighbouring Fibonacci numbers take the most.
_EUCLID_STEPS = {8: 14, 16: 25, 32: 48, 64: 94}


def divmod_(x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Quotient, rounded down, and remainder; both are zero where `y` is."""
    quotient, rest = lax.div(x, y), fmod(x, y)
    if x.dtype.kind == "i":
        is_above = (rest != 0) & ((rest < 0) != (y < 0))
        quotient, rest = where(is_above, quotient - 1, quotient), where(is_above, rest + y, rest)
    return where(y == 0, 0, quotient), rest


def fmod(x: jax.Array, y: jax.Array) -> jax.Array:
    """The remainder with the sign of `x`; zero where `y` is."""
    return where(y == 0, 0, lax.rem(x, y))


def reciprocal(x: jax.Array) -> jax.Array:
    """1, -1 or 0; for zero what x86 makes of the infinity that NumPy converts: the least of the long signed integers, else 0."""
    of_zero = int(np.iinfo(x.dtype).min) if x.dtype.itemsize >= 4 else 0
    return where(x == 0, of_zero, lax.div(lax.full_like(x, 1), x))


def power(x: jax.Array, y: jax.Array) -> jax.Array:
    """`x**y`, wrapping; 0 for negative `y`, for which NumPy raises: an array's values are not known when it is recorded."""
    result, square = lax.full_like(x, 1), x
    bits = 8 * x.dtype.itemsize - (x.dtype.kind == "i")
    for bit in range(bits):
        result = where((y & y.dtype.type(1 << bit)) != 0, result * square, result)
        square = square * square if bit < bits - 1 else square
    return where(y < 0, 0, result) if x.dtype.kind == "i" else result


def static_power(x: jax.Array, exponent: int) -> jax.Array:
    """`x**exponent`, wrapping.

    Raises
    ------
    ValueError
        Where the exponent is negative, as NumPy has it.
    """
    if exponent < 0:
        raise ValueError("Integers to negative integer powers are not allowed.")
    return lax.integer_pow(x, exponent) if exponent else lax.full_like(x, 1)


def gcd(x: jax.Array, y: jax.Array) -> jax.Array:
    """The greatest common divisor, without a sign; that of the least integer and zero wraps."""
    return _gcd(_magnitude(x), _magnitude(y)).astype(x.dtype)


def lcm(x: jax.Array, y: jax.Array) -> jax.Array:
    """The least common multiple, wrapping."""
    a, b = _magnitude(x), _magnitude(y)
    divisor = _gcd(a, b)
    return (lax.div(a, lax.max(divisor, lax.full_like(a, 1))) * b).astype(x.dtype)


def _magnitude(x: jax.Array) -> jax.Array:
    return lax.abs(x).astype(np.dtype(f"u{x.dtype.itemsize}")) if x.dtype.kind == "i" else x


def _gcd(x: jax.Array, y: jax.Array) -> jax.Array:
    """By Euclid's algorithm, with as many steps for every element: a loop with a fixed count can be split."""

    def step(_: int, pair: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        a, b = pair
        return where(b == 0, a, b), fmod(a, b)

    return lax.fori_loop(0, _EUCLID_STEPS[8 * x.dtype.itemsize], step, (x, y))[0]


def bitwise_count(x: jax.Array) -> jax.Array:
    """How many bits of the magnitude are set."""
    return lax.population_count(_magnitude(x)).astype(jnp.uint8)


def compare(op: Callable[..., jax.Array], x: jax.Array, y: jax.Array) -> jax.Array:
    """A comparison of integers; exact where one operand has a sign and the other has none, both with 64 bits."""
    if x.dtype == y.dtype:
        return op(x, y)
    of_magnitudes = op(x.astype(jnp.uint64), y.astype(jnp.uint64))
    if x.dtype.kind == "i":
        return where(x < 0, op(lax.full_like(x, -1), lax.full_like(x, 0)), of_magnitudes)
    return where(y < 0, op(lax.full_like(y, 0), lax.full_like(y, -1)), of_magnitudes)
