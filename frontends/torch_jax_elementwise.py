"""Lowerings of ATen operations on elements, in JAX. See `torch_lowerings`."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_special = jax.scipy.special
_SHORT = ("float16", "bfloat16")


def _in(x: Any, dtype: Any) -> Any:
    """An operand in a dtype; integers of Python's wrap around."""
    return jnp.asarray(np.asarray(x).astype(dtype) if isinstance(x, int) else x, dtype)


def _complex(real: Any, imag: Any) -> Any:
    return jax.lax.complex(*jnp.broadcast_arrays(real, imag))


def _view_as_complex(x: Any) -> Any:
    return jax.lax.complex(x[..., 0], x[..., 1])


def _view_as_real(x: Any) -> Any:
    return jnp.stack([x.real, x.imag], -1)


def _polar(magnitude: Any, angle: Any) -> Any:
    return _complex(magnitude * jnp.cos(angle), magnitude * jnp.sin(angle))


def _frexp(x: Any) -> tuple[Any, Any]:
    mantissa, exponent = jnp.frexp(x)
    return mantissa, exponent


def _rounding(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Integers are what they are."""
    return lambda x: function(x) if jnp.issubdtype(x.dtype, jnp.inexact) else x


def _digamma(x: Any) -> Any:
    """Infinite at zero, with the other sign."""
    return jnp.where(x == 0, jnp.copysign(jnp.asarray(jnp.inf, x.dtype), -x), _special.digamma(x))


_MOST_STEPS = 1 << 20  # from a negative argument of the zeta function up to a positive one


def _zeta(x: Any, q: Any) -> Any:
    """Hurwitz's; for negative q as well, where x is whole: XLA has it for positive ones."""
    x, q = jnp.broadcast_arrays(x, q)
    is_negative = (q < 0) & (q != jnp.floor(q)) & (x == jnp.floor(x)) & (x > 1)

    def step(state: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        i, total, q = state
        return i + 1, total + jnp.where(q < 0, jnp.power(q, -x), 0), jnp.where(q < 0, q + 1, q)

    start = jnp.int32(0), jnp.zeros_like(q), jnp.where(is_negative, q, 1)
    _, total, stepped = jax.lax.while_loop(lambda state: (state[2] < 0).any() & (state[0] < _MOST_STEPS), step, start)
    total = jnp.where(stepped < 0, jnp.nan, total)
    is_pole = (x == 1) | ((q <= 0) & (q == jnp.floor(q)) & (x > 1))
    is_defined = (x >= 1) & ((q >= 0) | (x == jnp.floor(x)))
    found = jnp.where(is_negative, total + _special.zeta(x, stepped), _special.zeta(x, q))
    return jnp.where(is_pole, jnp.inf, jnp.where(is_defined, found, jnp.nan))


def _polygamma(n: int, x: Any) -> Any:
    """As torch's kernels: reflected for n = 1."""
    x = x.astype("float32") if x.dtype.name in _SHORT or not jnp.issubdtype(x.dtype, jnp.inexact) else x
    if n == 0:
        return _digamma(x)
    if n == 1:
        other = _special.zeta(jnp.asarray(2, x.dtype), jnp.where(x < 0.5, 1 - x, x))
        return jnp.where(x < 0.5, jnp.square(jnp.pi / jnp.sin(jnp.pi * x)) - other, other)
    return (1 if n % 2 else -1) * jnp.exp(jax.lax.lgamma(jnp.asarray(n + 1, x.dtype))) * _zeta(jnp.asarray(n + 1, x.dtype), x)


def _angle(x: Any) -> Any:
    """NaN of NaN, and of the sign for the rest of the reals: minus zero is not negative."""
    if jnp.iscomplexobj(x):
        return jnp.angle(x)
    return jnp.where(x < 0, jnp.pi, x * 0 if jnp.issubdtype(x.dtype, jnp.inexact) else 0)


def _round_to(x: Any, *, decimals: int) -> Any:
    """Scaled, rounded to even, and scaled back, as torch's kernel."""
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        return x
    scale = jnp.asarray(10.0 ** abs(decimals), x.dtype)
    return jnp.round(x * scale) / scale if decimals >= 0 else jnp.round(x / scale) * scale


def _polynomial(
    first: Callable[[Any], Any], step: Callable[..., Any], *, argument: Callable[[Any], Any] = lambda x: x
) -> Callable[..., Any]:
    """Orthogonal polynomials: p[0] = 1, p[1] = first(x) and p[k + 1] = step(x, k, p[k], p[k - 1]); zero for a negative degree."""

    def polynomial(x: Any, n: Any, *, dtype: Any) -> Any:
        x, n = jnp.broadcast_arrays(jnp.asarray(x, dtype), jnp.asarray(n))
        x, n = argument(x), n.astype("int64")

        def following(state: tuple[Any, Any, Any, Any]) -> tuple[Any, Any, Any, Any]:
            k, found, one, before = state
            found = jnp.where(n == k, one, found)
            return k + 1, found, step(x, k.astype(dtype), one, before), one

        start = jnp.int64(1), jnp.where(n == 0, 1, 0).astype(dtype), first(x), jnp.ones_like(x)
        return jax.lax.while_loop(lambda state: (state[0] <= n).any(), following, start)[1]

    polynomial.needs_dtype = True  # type: ignore[attr-defined]
    return polynomial


def _chebyshev(x: Any, k: Any, one: Any, before: Any) -> Any:
    del k
    return 2 * x * one - before


def _hermite(x: Any, k: Any, one: Any, before: Any) -> Any:
    return 2 * (x * one - k * before)


def _probabilists_hermite(x: Any, k: Any, one: Any, before: Any) -> Any:
    return x * one - k * before


def _laguerre(x: Any, k: Any, one: Any, before: Any) -> Any:
    return ((2 * k + 1 - x) * one - k * before) / (k + 1)


def _legendre(x: Any, k: Any, one: Any, before: Any) -> Any:
    return ((2 * k + 1) * x * one - k * before) / (k + 1)


# Of degree one.
_CHEBYSHEV = {"t": lambda x: x, "u": lambda x: 2 * x, "v": lambda x: 2 * x - 1, "w": lambda x: 2 * x + 1}

_POLYNOMIALS = {
    **{f"chebyshev_polynomial_{kind}": _polynomial(first, _chebyshev) for kind, first in _CHEBYSHEV.items()},
    **{
        f"shifted_chebyshev_polynomial_{kind}": _polynomial(first, _chebyshev, argument=lambda x: 2 * x - 1)
        for kind, first in _CHEBYSHEV.items()
    },
    "hermite_polynomial_h": _polynomial(lambda x: 2 * x, _hermite),
    "hermite_polynomial_he": _polynomial(lambda x: x, _probabilists_hermite),
    "laguerre_polynomial_l": _polynomial(lambda x: 1 - x, _laguerre),
    "legendre_polynomial_p": _polynomial(lambda x: x, _legendre),
}


def _in_full(function: Callable[..., Any]) -> Callable[..., Any]:
    """A lowering of operands in the dtype of the result, or in float32 for a shorter one, and rounded once."""

    @functools.wraps(function)
    def in_full(*operands: Any, dtype: Any) -> Any:
        return function(*(jnp.asarray(x, "float32" if dtype.name in _SHORT else dtype) for x in operands)).astype(dtype)

    in_full.needs_dtype = True  # type: ignore[attr-defined]
    return in_full


def promoting(function: Callable[..., Any]) -> Callable[..., Any]:
    """A lowering of operands in the dtype of the result."""

    @functools.wraps(function)
    def promoted(*operands: Any, dtype: Any) -> Any:
        return function(*(_in(x, dtype) for x in operands))

    promoted.needs_dtype = True  # type: ignore[attr-defined]
    return promoted


def _add(x: Any, y: Any, *, alpha: Any = 1, dtype: Any) -> Any:
    x, y = _in(x, dtype), _in(y, dtype)
    return x + (y if alpha == 1 else y * _in(alpha, dtype))


def _subtract(x: Any, y: Any, *, alpha: Any = 1, dtype: Any) -> Any:
    x, y = _in(x, dtype), _in(y, dtype)
    return x - (y if alpha == 1 else y * _in(alpha, dtype))


def _power(x: Any, y: Any, *, dtype: Any) -> Any:
    """A product or a root where it is one."""
    if isinstance(y, (int, float)) and jnp.issubdtype(dtype, jnp.inexact):
        x = _in(x, dtype)
        if y == 0.5:
            return jnp.sqrt(x)
        if y in (1, 2, 3):
            return jax.lax.integer_pow(x, int(y))
    x, y = _in(x, dtype), _in(y, dtype)
    if jnp.issubdtype(dtype, jnp.inexact):
        return jnp.power(x, y)
    whole = jnp.power(x, jnp.maximum(y, 0))
    if not jnp.issubdtype(dtype, jnp.signedinteger):
        return whole
    inverse = jnp.where(x == 1, 1, jnp.where(x == -1, 1 - 2 * (y & 1), 0))  # of integers, rounded towards zero
    return jnp.where(y < 0, inverse, whole)


def _divided(x: Any, y: Any, *, rounding_mode: str | None = None, dtype: Any) -> Any:
    """Rounded as Python's `//` or towards zero; integers without going through floats."""
    x, y = jnp.broadcast_arrays(_in(x, dtype), _in(y, dtype))
    if rounding_mode is None:
        return x / y
    if not jnp.issubdtype(dtype, jnp.inexact):
        quotient = jax.lax.div(x, y)
        if rounding_mode == "trunc" or not jnp.issubdtype(dtype, jnp.signedinteger):
            return quotient
        return quotient - ((jax.lax.rem(x, y) != 0) & ((x < 0) != (y < 0))).astype(dtype)
    if rounding_mode == "trunc":
        return jnp.trunc(x / y)
    rest = jax.lax.rem(x, y)
    quotient = (x - rest) / y
    quotient = quotient - ((rest != 0) & ((y < 0) != (rest < 0))).astype(dtype)
    whole = jnp.floor(quotient)
    whole = whole + (quotient - whole > 0.5).astype(dtype)
    return jnp.where(y == 0, x / y, jnp.where(quotient == 0, jnp.copysign(jnp.zeros_like(x), x / y), whole))


def _floor_divided(x: Any, y: Any, *, dtype: Any) -> Any:
    return _divided(x, y, rounding_mode="floor", dtype=dtype)


def _padded(x: Any, sizes: Sequence[int], value: Any = 0) -> Any:
    """The last dimensions first, as in ATen; negative sizes cut."""
    pairs = [(0, 0)] * (x.ndim - len(sizes) // 2) + list(zip(sizes[::2], sizes[1::2], strict=True))[::-1]
    return jax.lax.pad(x, jnp.asarray(value, x.dtype), [(low, high, 0) for low, high in pairs])


_divided.needs_dtype = _floor_divided.needs_dtype = True  # type: ignore[attr-defined]


def _full(size: Sequence[int], value: Any, *, dtype: Any) -> Any:
    return jnp.full(tuple(size), value, dtype)


def _scalar(value: Any, *, dtype: Any) -> Any:
    return jnp.asarray(value, dtype)


_full.needs_dtype = _scalar.needs_dtype = True  # type: ignore[attr-defined]
_power.needs_dtype = True  # type: ignore[attr-defined]
_add.needs_dtype = _subtract.needs_dtype = True  # type: ignore[attr-defined]

# What torchax has wrong for complex numbers of Python's or for booleans, and torch-xla for complex numbers.
ARITHMETIC: dict[str, Callable[..., Any]] = {
    **{f"aten.add.{overload}": _add for overload in ("Tensor", "Scalar")},
    **{f"aten.sub.{overload}": _subtract for overload in ("Tensor", "Scalar")},
    **{f"aten.mul.{overload}": promoting(jnp.multiply) for overload in ("Tensor", "Scalar")},
    **{f"aten.pow.{overload}": _power for overload in ("Tensor_Tensor", "Tensor_Scalar", "Scalar")},
    "aten.full.default": _full,
    "aten.scalar_tensor.default": _scalar,
    "aten.sign.default": lambda x: x if x.dtype == jnp.bool_ else jnp.sign(x),
    **{f"aten.div.{overload}": promoting(jnp.divide) for overload in ("Tensor", "Scalar")},
}

LOWERINGS: dict[str, Callable[..., Any]] = {
    **{f"aten.special_{name}.{overload}": each for name, each in _POLYNOMIALS.items() for overload in ("default", "x_scalar", "n_scalar")},
    "aten._conj.default": jnp.conj,
    "aten._conj_physical.default": jnp.conj,
    "aten.angle.default": _angle,
    "aten.ceil.default": _rounding(jnp.ceil),
    "aten.complex.default": _complex,
    "aten.conj_physical.default": jnp.conj,
    "aten.constant_pad_nd.default": _padded,
    "aten.copysign.Scalar": promoting(jnp.copysign),
    "aten.copysign.Tensor": promoting(jnp.copysign),
    "aten.digamma.default": _in_full(_digamma),
    "aten.div.Scalar_mode": _divided,
    "aten.div.Tensor_mode": _divided,
    "aten.exp2.default": _in_full(jnp.exp2),
    "aten.floor.default": _rounding(jnp.floor),
    "aten.floor_divide.default": _floor_divided,
    "aten.fmax.default": promoting(jnp.fmax),
    "aten.fmin.default": promoting(jnp.fmin),
    "aten.frexp.Tensor": _frexp,
    "aten.gcd.default": promoting(jnp.gcd),
    "aten.hypot.default": _in_full(jnp.hypot),
    "aten.i0.default": _in_full(_special.i0),
    "aten.igamma.default": _in_full(_special.gammainc),
    "aten.igammac.default": _in_full(_special.gammaincc),
    "aten.imag.default": jnp.imag,
    "aten.lcm.default": promoting(jnp.lcm),
    "aten.lgamma.default": _in_full(jax.lax.lgamma),
    "aten.nextafter.default": promoting(jnp.nextafter),
    "aten.polar.default": _polar,
    "aten.polygamma.default": _polygamma,
    "aten.real.default": jnp.real,
    "aten.round.decimals": _round_to,
    "aten.signbit.default": jnp.signbit,
    "aten.special_erfcx.default": _in_full(_special.erfcx),
    "aten.special_i0e.default": _in_full(_special.i0e),
    "aten.special_i1.default": _in_full(_special.i1),
    "aten.special_i1e.default": _in_full(_special.i1e),
    "aten.special_log_ndtr.default": _in_full(_special.log_ndtr),
    "aten.special_modified_bessel_i0.default": _in_full(_special.i0),
    "aten.special_modified_bessel_i1.default": _in_full(_special.i1),
    "aten.special_ndtri.default": _in_full(_special.ndtri),
    "aten.special_spherical_bessel_j0.default": _in_full(lambda x: jnp.where(jnp.isinf(x), 0, jnp.sinc(x / jnp.pi))),
    "aten.special_zeta.default": _in_full(_zeta),
    "aten.trunc.default": _rounding(jnp.trunc),
    "aten.view_as_complex.default": _view_as_complex,
    "aten.view_as_real.default": _view_as_real,
}
