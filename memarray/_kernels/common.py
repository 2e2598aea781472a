"""What the kernels share: selecting, signs and powers of two by their bits, float16 by way of float32."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

Kernel = Callable[..., Any]


def widened(kernel: Kernel) -> Kernel:
    """`kernel` in float32 where operands are float16, as NumPy's loops have it."""

    @wraps(kernel)
    def in_float32(*operands: jax.Array) -> Any:
        if operands[0].dtype != jnp.float16:
            return kernel(*operands)
        result = kernel(*(x.astype(jnp.float32) if x.dtype == jnp.float16 else x for x in operands))
        return tuple(part.astype(jnp.float16) for part in result) if isinstance(result, tuple) else result.astype(jnp.float16)

    return in_float32


def where(condition: jax.Array, x: jax.Array | complex, y: jax.Array | complex) -> jax.Array:
    """`lax.select` with Python scalars for either branch; unlike `jnp.where` it is no function call in StableHLO."""
    like = x if isinstance(x, jax.Array) else y
    return lax.select(condition, *(v if isinstance(v, jax.Array) else lax.full_like(like, v) for v in (x, y)))


def bits_of(x: jax.Array) -> jax.Array:
    """The bits of floats as unsigned integers."""
    return lax.bitcast_convert_type(x, np.dtype(f"u{x.dtype.itemsize}"))


def from_bits(bits: jax.Array, dtype: np.dtype) -> jax.Array:
    """The floats that have these bits."""
    return lax.bitcast_convert_type(bits.astype(np.dtype(f"u{dtype.itemsize}")), dtype)


def magnitude_bits(x: jax.Array) -> jax.Array:
    """The bits of floats without the sign."""
    bits = bits_of(x)
    return bits & lax.full_like(bits, np.iinfo(bits.dtype).max >> 1)


def signbit(x: jax.Array) -> jax.Array:
    """Whether the sign is negative, of zeros and NaN too."""
    return bits_of(x) != magnitude_bits(x)


def copysign(x: jax.Array, y: jax.Array) -> jax.Array:
    """The magnitude of `x` with the sign of `y`, by their bits: denormal numbers and NaN keep theirs."""
    return from_bits(magnitude_bits(x) | (bits_of(y) ^ magnitude_bits(y)), x.dtype)


def isnan(x: jax.Array) -> jax.Array:
    """Whether a real value is NaN."""
    return lax.ne(x, x)


def isinf(x: jax.Array) -> jax.Array:
    """Whether a real value is infinite."""
    return lax.abs(x) == np.inf


def power_of_two(exponent: jax.Array, dtype: np.dtype) -> jax.Array:
    """`2**exponent` for exponents of normal numbers."""
    info = np.finfo(dtype)
    biased = exponent.astype(np.dtype(f"i{dtype.itemsize}")) + (info.maxexp - 1)
    return from_bits(biased << info.nmant, dtype)
