"""The JAX function of every NumPy ufunc on numbers; the operands come in one of its loop dtypes, with x64 enabled.

Operations that XLA has as NumPy has them stay that one operation. What differs from NumPy (tested with jax 0.10.2 on a CPU):

- Denormal numbers of float32 and float64 count as zero, and results that were denormal are zero, wherever XLA calculates.
- Negative exponents in arrays of integers give 0, where NumPy raises once it has seen them.
- Results differ in the last places. XLA fuses products with sums, takes `x + 0.0` for `x` (-0.0 keeps its sign) and `(x + 1) - 1` for `x`.
- Complex results for infinities, NaN and numbers near overflow follow C99's Annex G and the array API where NumPy does not.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from memarray._kernels import elementwise_complex as of_complex
from memarray._kernels import elementwise_float as of_float
from memarray._kernels import elementwise_integer as of_integer
from memarray._kernels.common import Kernel, copysign, isinf, isnan, signbit, widened

Operand = jax.Array | np.number | np.bool


def by_kind(*, number: Kernel | None = None, **kernels: Kernel) -> Kernel:
    """The kernel for the dtype of the first operand: `boolean`, `integer`, `real` or `complex`, else `number`."""
    kinds = {"b": "boolean", "i": "integer", "u": "integer", "f": "real", "c": "complex"}

    def kernel(x: Operand, *rest: Operand) -> Any:
        chosen = kernels.get(kinds.get(x.dtype.kind, ""), number)
        if chosen is None:
            raise TypeError(f"no kernel for operands of dtype {x.dtype}; there is one for {', '.join(kernels)}")
        operands = jnp.broadcast_arrays(x, *rest) if rest else [jnp.asarray(x)]
        return chosen(*operands)

    return kernel


def _same(x: jax.Array) -> jax.Array:
    return x


def _always(value: bool) -> Kernel:
    return lambda x: lax.full_like(x, value, dtype=np.bool_)


def _rint(x: jax.Array) -> jax.Array:
    return lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN)


def _scaled(factor: float) -> Kernel:
    return by_kind(real=widened(lambda x: x * factor))


def _comparison(op: Callable[..., jax.Array]) -> Kernel:
    return by_kind(number=op, integer=partial(of_integer.compare, op), complex=partial(of_complex.compare, op))


def _logical(op: Callable[..., jax.Array]) -> Kernel:
    return by_kind(boolean=op, number=lambda x, y: op(x != 0, y != 0))


def _first(kernel: Kernel) -> Kernel:
    return lambda *operands: kernel(*operands)[0]


def _second(kernel: Kernel) -> Kernel:
    return lambda *operands: kernel(*operands)[1]


def _power(x: Operand, y: Operand) -> Any:
    """A power; a NumPy scalar as exponent is known now and may have a shorter way."""
    if isinstance(y, np.generic):
        short = by_kind(
            integer=lambda x: of_integer.static_power(x, int(y)),
            real=lambda x: of_float.static_power(x, float(y)),
            complex=lambda x: of_complex.static_power(x, complex(y)),
        )(x)
        if short is not None:
            return short
    return by_kind(integer=of_integer.power, real=lax.pow, complex=of_complex.power)(x, y)


_ABSOLUTE = by_kind(boolean=_same, integer=lambda x: lax.abs(x) if x.dtype.kind == "i" else x, real=lax.abs, complex=of_complex.absolute)
_DEGREES, _RADIANS = _scaled(180 / math.pi), _scaled(math.pi / 180)

KERNELS: dict[str, Kernel] = {
    # Arithmetic
    "add": by_kind(boolean=lax.bitwise_or, number=lax.add),
    "subtract": by_kind(number=lax.sub),
    "multiply": by_kind(boolean=lax.bitwise_and, number=lax.mul),
    "divide": by_kind(real=lax.div, complex=of_complex.divide),
    "negative": by_kind(number=lax.neg),
    "positive": by_kind(number=_same),
    "absolute": _ABSOLUTE,
    "fabs": by_kind(real=lax.abs),
    "conjugate": by_kind(number=_same, complex=lax.conj),
    "sign": by_kind(integer=lax.sign, real=of_float.sign, complex=of_complex.sign),
    "reciprocal": by_kind(integer=of_integer.reciprocal, real=lambda x: 1 / x, complex=of_complex.reciprocal),
    "square": by_kind(number=lambda x: x * x),
    # Division with remainder
    "floor_divide": by_kind(integer=_first(of_integer.divmod_), real=_first(of_float.divmod_)),
    "remainder": by_kind(integer=_second(of_integer.divmod_), real=_second(of_float.divmod_)),
    "divmod": by_kind(integer=of_integer.divmod_, real=of_float.divmod_),
    "fmod": by_kind(integer=of_integer.fmod, real=lax.rem),
    "gcd": by_kind(integer=of_integer.gcd),
    "lcm": by_kind(integer=of_integer.lcm),
    # Bits of integers; XLA shifts by too much as NumPy does, and takes a negative shift for too much
    "bitwise_and": by_kind(number=lax.bitwise_and),
    "bitwise_or": by_kind(number=lax.bitwise_or),
    "bitwise_xor": by_kind(number=lax.bitwise_xor),
    "invert": by_kind(number=lax.bitwise_not),
    "left_shift": by_kind(integer=lax.shift_left),
    "right_shift": by_kind(integer=lambda x, y: (lax.shift_right_arithmetic if x.dtype.kind == "i" else lax.shift_right_logical)(x, y)),
    "bitwise_count": by_kind(integer=of_integer.bitwise_count),
    # Comparisons and logic
    "equal": by_kind(number=lax.eq, integer=partial(of_integer.compare, lax.eq)),
    "not_equal": by_kind(number=lax.ne, integer=partial(of_integer.compare, lax.ne)),
    "less": _comparison(lax.lt),
    "less_equal": _comparison(lax.le),
    "greater": _comparison(lax.gt),
    "greater_equal": _comparison(lax.ge),
    "logical_and": _logical(lax.bitwise_and),
    "logical_or": _logical(lax.bitwise_or),
    "logical_xor": _logical(lax.bitwise_xor),
    "logical_not": by_kind(boolean=lax.bitwise_not, number=lambda x: x == 0),
    "maximum": by_kind(number=lax.max, complex=of_complex.maximum),
    "minimum": by_kind(number=lax.min, complex=of_complex.minimum),
    "fmax": by_kind(number=lax.max, real=of_float.fmax, complex=of_complex.fmax),
    "fmin": by_kind(number=lax.min, real=of_float.fmin, complex=of_complex.fmin),
    "heaviside": by_kind(real=of_float.heaviside),
    "isfinite": by_kind(number=_always(True), real=lax.is_finite, complex=of_complex.isfinite_all),
    "isinf": by_kind(number=_always(False), real=isinf, complex=of_complex.isinf_any),
    "isnan": by_kind(number=_always(False), real=isnan, complex=of_complex.isnan_any),
    # Rounding
    "ceil": by_kind(number=_same, real=lax.ceil),
    "floor": by_kind(number=_same, real=lax.floor),
    "trunc": by_kind(number=_same, real=of_float.trunc),
    "rint": by_kind(real=_rint, complex=partial(of_complex.by_parts, _rint)),
    # The parts of floating-point numbers
    "copysign": by_kind(real=copysign),
    "signbit": by_kind(real=signbit),
    "nextafter": by_kind(real=of_float.nextafter),
    "spacing": by_kind(real=of_float.spacing),
    "modf": by_kind(real=of_float.modf),
    "frexp": by_kind(real=of_float.frexp),
    "ldexp": by_kind(real=of_float.ldexp),
    # Exponentials, logarithms, powers and roots
    "exp": by_kind(real=lax.exp, complex=of_complex.exp),
    "exp2": by_kind(real=of_float.exp2, complex=of_complex.exp2),
    "expm1": by_kind(real=lax.expm1, complex=of_complex.expm1),
    "log": by_kind(real=lax.log, complex=of_complex.log),
    "log2": by_kind(real=of_float.log2, complex=of_complex.log2),
    "log10": by_kind(real=of_float.log10, complex=of_complex.log10),
    "log1p": by_kind(real=of_float.log1p, complex=of_complex.log1p),
    "logaddexp": by_kind(real=of_float.logaddexp),
    "logaddexp2": by_kind(real=of_float.logaddexp2),
    "power": _power,
    "float_power": by_kind(real=lax.pow, complex=_power),
    "sqrt": by_kind(real=lax.sqrt, complex=of_complex.sqrt),
    "cbrt": by_kind(real=lax.cbrt),
    "hypot": by_kind(real=of_float.hypot),
    # Trigonometric and hyperbolic functions
    "sin": by_kind(real=lax.sin, complex=of_complex.sin),
    "cos": by_kind(real=lax.cos, complex=of_complex.cos),
    "tan": by_kind(real=lax.tan, complex=of_complex.tan),
    "arcsin": by_kind(real=of_float.arcsin, complex=of_complex.arcsin),
    "arccos": by_kind(real=lax.acos, complex=of_complex.arccos),
    "arctan": by_kind(real=lax.atan, complex=of_complex.arctan),
    "arctan2": by_kind(real=lax.atan2),
    "sinh": by_kind(real=of_float.sinh, complex=of_complex.sinh),
    "cosh": by_kind(real=of_float.cosh, complex=of_complex.cosh),
    "tanh": by_kind(real=lax.tanh, complex=of_complex.tanh),
    "arcsinh": by_kind(real=lax.asinh, complex=of_complex.arcsinh),
    "arccosh": by_kind(real=lax.acosh, complex=of_complex.arccosh),
    "arctanh": by_kind(real=of_float.arctanh, complex=of_complex.arctanh),
    "deg2rad": _RADIANS,
    "radians": _RADIANS,
    "rad2deg": _DEGREES,
    "degrees": _DEGREES,
}
