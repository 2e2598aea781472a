"""NumPy's functions of polynomials by their coefficients on JAX arrays, the highest power first.

`polymul` keeps leading zeros, which NumPy drops, since their number depends on data; `polydiv` and `roots` are missing for that reason.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from memarray._kernels.operands import Operand, cast, promoted, result_type
from memarray._kernels.statistics import convolve

__all__ = ["polyadd", "polyder", "polyint", "polymul", "polysub", "polyval", "vander"]

_UNROLLED = 64  # coefficients up to which Horner's rule is written out


def polyval(p: Operand, x: Operand) -> jax.Array:
    """`np.polyval`, by Horner's rule."""
    p, x = jnp.asarray(p), jnp.asarray(x)
    if not p.shape[0]:
        return jnp.zeros_like(x)
    # NumPy's first step adds a coefficient to a product of integers; bool times bool is still bool.
    p, x = promoted(p, x)
    y = jnp.zeros_like(x)
    if p.shape[0] <= _UNROLLED:
        for place in range(p.shape[0]):
            y = _plus(y * x, p[place])
        return y
    return lax.scan(lambda y, coefficient: (_plus(y * x, coefficient), None), y, p)[0]


def _plus(x: jax.Array, y: jax.Array) -> jax.Array:
    return x | y if x.dtype == np.bool_ else x + y


def _padded(a1: Operand, a2: Operand) -> list[jax.Array]:
    """Both with as many coefficients."""
    both = [jnp.atleast_1d(item) for item in promoted(a1, a2)]
    size = max(item.shape[0] for item in both)
    return [jnp.pad(item, (size - item.shape[0], 0)) for item in both]


def polyadd(a1: Operand, a2: Operand) -> jax.Array:
    """`np.polyadd`."""
    return _plus(*_padded(a1, a2))


def polysub(a1: Operand, a2: Operand) -> jax.Array:
    """`np.polysub`."""
    one, other = _padded(a1, a2)
    if one.dtype == np.bool_:
        raise TypeError("numpy boolean subtract, the `-` operator, is not supported, use the bitwise_xor, the `^` operator, instead.")
    return one - other


def polymul(a1: Operand, a2: Operand) -> jax.Array:
    """`np.polymul` with as many coefficients as the factors' degrees say, the first of which may be zero."""
    return convolve(a1, a2)


def polyder(p: Operand, m: int = 1) -> jax.Array:
    """`np.polyder`."""
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    p = jnp.atleast_1d(jnp.asarray(p))
    for _ in range(m):
        degree = p.shape[0] - 1
        powers = np.arange(max(degree, 0), 0, -1)
        p = cast(p[: max(degree, 0)], result_type(p.dtype, powers.dtype)) * powers
    return p


def polyint(p: Operand, m: int = 1, k: Operand | tuple[Operand, ...] | None = None) -> jax.Array:
    """`np.polyint`; `k` is one constant for all or a constant for each."""
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    p = jnp.atleast_1d(jnp.asarray(p))
    constants = jnp.zeros(max(m, 1)) if k is None else jnp.atleast_1d(jnp.stack(promoted(*k)) if isinstance(k, tuple) else jnp.asarray(k))
    constants = jnp.broadcast_to(constants, (m,)) if constants.shape[0] == 1 and m > 1 else constants
    if constants.shape[0] < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    for step in range(m):
        divided = cast(p, result_type(p.dtype, np.dtype(np.float64))) / np.arange(p.shape[0], 0, -1)
        p = jnp.concatenate(promoted(divided, constants[step : step + 1]))
    return p


def vander(x: Operand, N: int | None = None, increasing: bool = False) -> jax.Array:  # noqa: N803  # NumPy's name
    """`np.vander`."""
    x = jnp.asarray(x)
    if x.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    count = x.shape[0] if N is None else N
    dtype = np.promote_types(x.dtype, np.int64)
    if not count:
        return jnp.zeros((x.shape[0], 0), dtype)
    ones = jnp.ones((x.shape[0], 1), dtype)
    powers = jnp.concatenate([ones, jnp.broadcast_to(x[:, None], (x.shape[0], count - 1)).astype(dtype)], 1)
    powers = jnp.cumprod(powers, 1, dtype)
    return powers if increasing else powers[:, ::-1]
