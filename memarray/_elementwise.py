"""NumPy's ufuncs, each with its kernel. A kernel takes arrays of one of NumPy's loops' dtypes."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from memarray._graph import Check, Node, Op
from memarray._kernels.elementwise import KERNELS
from memarray._kernels.operands import quotient
from memarray._record import lazy
from memarray._ufunc import ufunc

_NEGATIVE = "Integers to negative integer powers are not allowed."
_ANY_NEGATIVE = Op("negative exponent", lambda exponent: jnp.any(exponent < 0), lambda exponent: np.any(exponent < 0))


def _no_negative_exponents(operands: tuple[Any, ...], loop: tuple[Any, ...]) -> tuple[Check, ...]:
    """Integers have no negative powers: known at once for a number, at evaluation for an array."""
    exponent = operands[1]
    if loop[1].kind != "i":
        return ()
    if type(exponent) is Node:
        return (Check(lazy(_ANY_NEGATIVE, (exponent,), (), (), np.dtype(bool)), ValueError, _NEGATIVE),)
    if exponent < 0:
        raise ValueError(_NEGATIVE)
    return ()


def _expm1(x: Any, /, **given: Any) -> Any:
    """NumPy's, but for complex numbers: of these it loses small ones, and C99's Annex G where parts are infinite or NaN."""
    z = np.asarray(x)
    if z.dtype.kind != "c":
        return np.expm1(x, **given)
    a, b = z.real, z.imag
    real = np.where(b == 0, np.expm1(a), np.expm1(a) * np.cos(b) - 2 * np.sin(b / 2) ** 2)
    imag = np.where(b == 0, b, np.exp(a) * np.sin(b))
    turns_nowhere = ~np.isfinite(b)
    found = np.empty(z.shape, z.dtype)
    found.real = np.where(a == -np.inf, -1, np.where((a == np.inf) & turns_nowhere, np.inf, real))
    found.imag = np.where((a == -np.inf) & turns_nowhere, 0, imag)
    return found


def _divide(x: Any, y: Any) -> Any:
    """Rounded once: of a divisor for many elements XLA would take the reciprocal first (see `quotient`)."""
    is_one_for_many = x.dtype.kind == "f" and np.shape(y) != np.broadcast_shapes(np.shape(x), np.shape(y))
    return quotient(x, y) if is_one_for_many else KERNELS["divide"](x, y)


absolute = ufunc(np.absolute, KERNELS["absolute"])
add = ufunc(np.add, KERNELS["add"])
arccos = ufunc(np.arccos, KERNELS["arccos"])
arccosh = ufunc(np.arccosh, KERNELS["arccosh"])
arcsin = ufunc(np.arcsin, KERNELS["arcsin"])
arcsinh = ufunc(np.arcsinh, KERNELS["arcsinh"])
arctan = ufunc(np.arctan, KERNELS["arctan"])
arctan2 = ufunc(np.arctan2, KERNELS["arctan2"])
arctanh = ufunc(np.arctanh, KERNELS["arctanh"])
bitwise_and = ufunc(np.bitwise_and, KERNELS["bitwise_and"])
bitwise_count = ufunc(np.bitwise_count, KERNELS["bitwise_count"])
bitwise_or = ufunc(np.bitwise_or, KERNELS["bitwise_or"])
bitwise_xor = ufunc(np.bitwise_xor, KERNELS["bitwise_xor"])
cbrt = ufunc(np.cbrt, KERNELS["cbrt"])
ceil = ufunc(np.ceil, KERNELS["ceil"])
conjugate = ufunc(np.conjugate, KERNELS["conjugate"])
copysign = ufunc(np.copysign, KERNELS["copysign"])
cos = ufunc(np.cos, KERNELS["cos"])
cosh = ufunc(np.cosh, KERNELS["cosh"])
deg2rad = ufunc(np.deg2rad, KERNELS["deg2rad"])
degrees = ufunc(np.degrees, KERNELS["degrees"])
divide = ufunc(np.divide, _divide)
divmod = ufunc(np.divmod, KERNELS["divmod"])
equal = ufunc(np.equal, KERNELS["equal"])
exp = ufunc(np.exp, KERNELS["exp"])
exp2 = ufunc(np.exp2, KERNELS["exp2"])
expm1 = ufunc(np.expm1, KERNELS["expm1"], at_once=_expm1)
fabs = ufunc(np.fabs, KERNELS["fabs"])
float_power = ufunc(np.float_power, KERNELS["float_power"])
floor = ufunc(np.floor, KERNELS["floor"])
floor_divide = ufunc(np.floor_divide, KERNELS["floor_divide"])
fmax = ufunc(np.fmax, KERNELS["fmax"])
fmin = ufunc(np.fmin, KERNELS["fmin"])
fmod = ufunc(np.fmod, KERNELS["fmod"])
frexp = ufunc(np.frexp, KERNELS["frexp"])
gcd = ufunc(np.gcd, KERNELS["gcd"])
greater = ufunc(np.greater, KERNELS["greater"])
greater_equal = ufunc(np.greater_equal, KERNELS["greater_equal"])
heaviside = ufunc(np.heaviside, KERNELS["heaviside"])
hypot = ufunc(np.hypot, KERNELS["hypot"])
invert = ufunc(np.invert, KERNELS["invert"])
isfinite = ufunc(np.isfinite, KERNELS["isfinite"])
isinf = ufunc(np.isinf, KERNELS["isinf"])
isnan = ufunc(np.isnan, KERNELS["isnan"])
lcm = ufunc(np.lcm, KERNELS["lcm"])
ldexp = ufunc(np.ldexp, KERNELS["ldexp"])
left_shift = ufunc(np.left_shift, KERNELS["left_shift"])
less = ufunc(np.less, KERNELS["less"])
less_equal = ufunc(np.less_equal, KERNELS["less_equal"])
log = ufunc(np.log, KERNELS["log"])
log10 = ufunc(np.log10, KERNELS["log10"])
log1p = ufunc(np.log1p, KERNELS["log1p"])
log2 = ufunc(np.log2, KERNELS["log2"])
logaddexp = ufunc(np.logaddexp, KERNELS["logaddexp"])
logaddexp2 = ufunc(np.logaddexp2, KERNELS["logaddexp2"])
logical_and = ufunc(np.logical_and, KERNELS["logical_and"])
logical_not = ufunc(np.logical_not, KERNELS["logical_not"])
logical_or = ufunc(np.logical_or, KERNELS["logical_or"])
logical_xor = ufunc(np.logical_xor, KERNELS["logical_xor"])
maximum = ufunc(np.maximum, KERNELS["maximum"])
minimum = ufunc(np.minimum, KERNELS["minimum"])
modf = ufunc(np.modf, KERNELS["modf"])
multiply = ufunc(np.multiply, KERNELS["multiply"])
negative = ufunc(np.negative, KERNELS["negative"])
nextafter = ufunc(np.nextafter, KERNELS["nextafter"])
not_equal = ufunc(np.not_equal, KERNELS["not_equal"])
positive = ufunc(np.positive, KERNELS["positive"])
power = ufunc(np.power, KERNELS["power"], check=_no_negative_exponents)
rad2deg = ufunc(np.rad2deg, KERNELS["rad2deg"])
radians = ufunc(np.radians, KERNELS["radians"])
reciprocal = ufunc(np.reciprocal, KERNELS["reciprocal"])
remainder = ufunc(np.remainder, KERNELS["remainder"])
right_shift = ufunc(np.right_shift, KERNELS["right_shift"])
rint = ufunc(np.rint, KERNELS["rint"])
sign = ufunc(np.sign, KERNELS["sign"])
signbit = ufunc(np.signbit, KERNELS["signbit"])
sin = ufunc(np.sin, KERNELS["sin"])
sinh = ufunc(np.sinh, KERNELS["sinh"])
spacing = ufunc(np.spacing, KERNELS["spacing"])
sqrt = ufunc(np.sqrt, KERNELS["sqrt"])
square = ufunc(np.square, KERNELS["square"])
subtract = ufunc(np.subtract, KERNELS["subtract"])
tan = ufunc(np.tan, KERNELS["tan"])
tanh = ufunc(np.tanh, KERNELS["tanh"])
trunc = ufunc(np.trunc, KERNELS["trunc"])

# Second names of NumPy's, many of them the array API's.
abs = absolute
acos = arccos
acosh = arccosh
asin = arcsin
asinh = arcsinh
atan = arctan
atan2 = arctan2
atanh = arctanh
bitwise_invert = invert
bitwise_not = invert
bitwise_left_shift = left_shift
bitwise_right_shift = right_shift
conj = conjugate
mod = remainder
pow = power
true_divide = divide
