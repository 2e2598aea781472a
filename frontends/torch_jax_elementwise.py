"""Lowerings of ATen operations on elements, in JAX. See `torch_lowerings`."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp


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


def _i0(x: Any) -> Any:
    return jax.scipy.special.i0(x)


def _polygamma(n: int, x: Any) -> Any:
    return jax.scipy.special.polygamma(n, x) if n else jax.scipy.special.digamma(x)


def promoting(function: Callable[..., Any]) -> Callable[..., Any]:
    """A lowering of operands in the dtype of the result."""

    @functools.wraps(function)
    def promoted(*operands: Any, dtype: Any) -> Any:
        return function(*(jnp.asarray(x, dtype) for x in operands))

    promoted.needs_dtype = True  # type: ignore[attr-defined]
    return promoted


_special = jax.scipy.special

LOWERINGS: dict[str, Callable[..., Any]] = {
    "aten.ceil.default": _rounding(jnp.ceil),
    "aten.complex.default": _complex,
    "aten.copysign.Tensor": promoting(jnp.copysign),
    "aten.digamma.default": promoting(_special.digamma),
    "aten.exp2.default": promoting(jnp.exp2),
    "aten.floor.default": _rounding(jnp.floor),
    "aten.fmax.default": promoting(jnp.fmax),
    "aten.fmin.default": promoting(jnp.fmin),
    "aten.frexp.Tensor": _frexp,
    "aten.i0.default": promoting(_i0),
    "aten.igamma.default": promoting(_special.gammainc),
    "aten.igammac.default": promoting(_special.gammaincc),
    "aten.lgamma.default": promoting(jax.lax.lgamma),
    "aten.nextafter.default": promoting(jnp.nextafter),
    "aten.polar.default": _polar,
    "aten.polygamma.default": _polygamma,
    "aten.special_i0e.default": promoting(_special.i0e),
    "aten.special_i1.default": promoting(_special.i1),
    "aten.special_i1e.default": promoting(_special.i1e),
    "aten.special_zeta.default": promoting(_special.zeta),
    "aten.trunc.default": _rounding(jnp.trunc),
    "aten.view_as_complex.default": _view_as_complex,
    "aten.view_as_real.default": _view_as_real,
}
