# ruff: noqa: PLE0604  # NumPy's names and parameters; PLE0604 does not see into `*(...)`
"""NumPy's functions of single elements that are no ufuncs, comparisons of whole arrays and windows, on JAX arrays."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from memarray._kernels.operands import (
    Checks,
    Operand,
    broadcast,
    cast,
    has_nan,
    inexact,
    isnan,
    promoted,
    quotient,
    real_dtype,
    result_type,
)
from memarray._kernels.sorting import searchsorted, sort

__all__ = [
    *("CHECKS", "allclose", "angle", "array_equal", "array_equiv", "bartlett", "blackman", "fix", "hamming", "hanning", "i0"),
    *("iscomplex", "isclose", "isin", "isneginf", "isposinf", "isreal", "kaiser", "nan_to_num", "round", "sinc"),
]

_FEW = 16  # elements up to which membership is asked of each


def _by_parts(function: Callable[[jax.Array], jax.Array], x: jax.Array) -> jax.Array:
    return lax.complex(function(jnp.real(x)), function(jnp.imag(x)))


def round(a: Operand, decimals: int = 0) -> jax.Array:
    """`np.round`: to even; scaled up or down by a power of ten and back, as NumPy does it."""
    a = jnp.asarray(a)
    if a.dtype == np.bool_ and decimals:
        raise TypeError("Cannot cast ufunc 'multiply' output from dtype('float64') to dtype('bool') with casting rule 'same_kind'")
    if a.dtype == np.bool_:
        a = a.astype(np.float16)
    if a.dtype.kind in "iu":
        return a if decimals >= 0 else cast(round(a.astype(np.float64), decimals), a.dtype)
    if a.dtype.kind == "c":
        return _by_parts(lambda part: round(part, decimals), a)
    if not decimals:
        return lax.round(a, lax.RoundingMethod.TO_NEAREST_EVEN)
    factor = 10.0 ** abs(decimals)
    scaled = a * cast(factor, a.dtype) if decimals > 0 else quotient(a, factor)
    whole = lax.round(scaled, lax.RoundingMethod.TO_NEAREST_EVEN)
    return quotient(whole, factor) if decimals > 0 else whole * cast(factor, a.dtype)


def fix(x: Operand) -> jax.Array:
    """`np.fix`."""
    x = jnp.asarray(x)
    if x.dtype.kind == "c":
        raise TypeError("ufunc 'ceil' not supported for the input types")
    return jnp.trunc(x) if x.dtype.kind == "f" else x


def _is_infinite(name: str, x: Operand, bound: float) -> jax.Array:
    x = jnp.asarray(x)
    if x.dtype.kind == "c":
        raise TypeError(f"This operation is not supported for {x.dtype} values because it would be ambiguous: {name}")
    return x == bound if has_nan(x.dtype) else jnp.zeros(x.shape, np.bool_)


def isposinf(x: Operand) -> jax.Array:
    """`np.isposinf`."""
    return _is_infinite("isposinf", x, np.inf)


def isneginf(x: Operand) -> jax.Array:
    """`np.isneginf`."""
    return _is_infinite("isneginf", x, -np.inf)


def iscomplex(x: Operand) -> jax.Array:
    """`np.iscomplex`."""
    x = jnp.asarray(x)
    return jnp.imag(x) != 0 if x.dtype.kind == "c" else jnp.zeros(x.shape, np.bool_)


def isreal(x: Operand) -> jax.Array:
    """`np.isreal`."""
    return ~iscomplex(x)


def angle(z: Operand, deg: bool = False) -> jax.Array:
    """`np.angle`."""
    z = jnp.asarray(z)
    real = real_dtype(z.dtype)
    dtype = np.arctan2(0, np.zeros((), real)).dtype
    result = jnp.arctan2(jnp.imag(z).astype(dtype), jnp.real(z).astype(dtype))
    return result * cast(180 / np.pi, dtype) if deg else result


def nan_to_num(
    x: Operand, copy: bool = True, nan: Operand = 0.0, posinf: Operand | None = None, neginf: Operand | None = None
) -> jax.Array:
    """`np.nan_to_num`; `copy` says nothing here."""
    x = jnp.asarray(x)
    if not has_nan(x.dtype):
        return x
    if x.dtype.kind == "c":
        return _by_parts(lambda part: nan_to_num(part, True, nan, posinf, neginf), x)
    limits = np.finfo(x.dtype)
    high, low = limits.max if posinf is None else posinf, limits.min if neginf is None else neginf
    for place, value in ((jnp.isnan(x), nan), (x == np.inf, high), (x == -np.inf, low)):
        x = jnp.where(place, cast(value, x.dtype), x)
    return x


def isclose(a: Operand, b: Operand, rtol: Operand = 1.0e-5, atol: Operand = 1.0e-8, equal_nan: bool = False) -> jax.Array:
    """`np.isclose`."""
    y = cast(b, result_type(jnp.asarray(b).dtype, 1.0))
    x, other = broadcast(*promoted(jnp.asarray(a), y))
    size = jnp.abs(y)
    scaled = cast(rtol, result_type(rtol, size.dtype)) * size
    limit, distance = promoted(jnp.add(*promoted(atol, scaled)), jnp.abs(x - other))
    result = (distance <= limit) & jnp.isfinite(y) | (x == other)
    return result | (jnp.isnan(x) & jnp.isnan(other)) if equal_nan else result


def allclose(a: Operand, b: Operand, rtol: Operand = 1.0e-5, atol: Operand = 1.0e-8, equal_nan: bool = False) -> jax.Array:
    """`np.allclose`, as an array without dimensions."""
    return jnp.all(isclose(a, b, rtol, atol, equal_nan))


def _equal(x: Operand, y: Operand) -> jax.Array:
    """Where both are equal as numbers: NumPy compares signed with unsigned integers without rounding."""
    x, y = jnp.asarray(x), jnp.asarray(y)
    if {x.dtype.kind, y.dtype.kind} == {"i", "u"}:
        signed, unsigned = (x, y) if x.dtype.kind == "i" else (y, x)
        return (signed >= 0) & (signed.astype(np.uint64) == unsigned.astype(np.uint64))
    return jnp.equal(*promoted(x, y))


def array_equal(a1: Operand, a2: Operand, equal_nan: bool = False) -> jax.Array:
    """`np.array_equal`, as an array without dimensions."""
    x, y = jnp.asarray(a1), jnp.asarray(a2)
    if x.shape != y.shape:
        return jnp.asarray(False)
    same = _equal(x, y)
    return jnp.all(same | (isnan(x) & isnan(y)) if equal_nan else same)


def array_equiv(a1: Operand, a2: Operand) -> jax.Array:
    """`np.array_equiv`, as an array without dimensions."""
    try:
        np.broadcast_shapes(jnp.shape(a1), jnp.shape(a2))
    except ValueError:
        return jnp.asarray(False)
    return jnp.all(_equal(a1, a2))


def isin(
    element: Operand,
    test_elements: Operand,
    assume_unique: bool = False,
    invert: bool = False,
    *,
    kind: str | None = None,
) -> jax.Array:
    """`np.isin`: a few elements one by one, more by bisection; `assume_unique` and `kind` change nothing."""
    if kind not in (None, "sort", "table"):
        raise ValueError(f"Invalid kind: '{kind}'. Please use None, 'sort' or 'table'.")
    if kind == "table" and {jnp.asarray(item).dtype.kind for item in (element, test_elements)} - set("biu"):
        raise ValueError("The 'table' method is only supported for boolean or integer arrays. Please select 'sort' or None for kind.")
    x, tests = promoted(element, jnp.asarray(test_elements).reshape(-1))
    if tests.shape[0] <= _FEW:
        found = jnp.any(x[..., None] == tests, -1)
    else:
        ordered = sort(tests)
        found = jnp.take(ordered, searchsorted(ordered, x), mode="clip") == x
    return ~found if invert else found


def sinc(x: Operand) -> jax.Array:
    """`np.sinc`."""
    x = jnp.asarray(x)
    x = cast(x, inexact(x.dtype)) * cast(np.pi, inexact(x.dtype))
    tiny = float(np.finfo(x.dtype).eps) if x.dtype.kind == "f" else 1e-20
    y = jnp.where(x == 0, cast(tiny, x.dtype), x)
    return jnp.sin(y) / y


def i0(x: Operand) -> jax.Array:
    """`np.i0`."""
    x = jnp.asarray(x)
    if x.dtype.kind == "c":
        raise TypeError("i0 not supported for complex values")
    return jnp.i0(cast(x, inexact(x.dtype))).astype(inexact(x.dtype))


def _window(M: int, shape: Callable[[jax.Array], jax.Array]) -> jax.Array:  # noqa: N803  # NumPy's name
    """A window of M points, a function of -1 to 1."""
    count = int(np.ceil(M)) if M >= 1 else 0
    if M == 1 or not count:
        return jnp.ones(count, np.float64)
    return shape(quotient(1.0 - M + 2.0 * jnp.arange(count, dtype=np.float64), M - 1))


def bartlett(M: int) -> jax.Array:  # noqa: N803
    """`np.bartlett`."""
    return _window(M, lambda at: jnp.where(at <= 0, 1 + at, 1 - at))


def blackman(M: int) -> jax.Array:  # noqa: N803
    """`np.blackman`."""
    return _window(M, lambda at: 0.42 + 0.5 * jnp.cos(np.pi * at) + 0.08 * jnp.cos(2 * np.pi * at))


def hamming(M: int) -> jax.Array:  # noqa: N803
    """`np.hamming`."""
    return _window(M, lambda at: 0.54 + 0.46 * jnp.cos(np.pi * at))


def hanning(M: int) -> jax.Array:  # noqa: N803
    """`np.hanning`."""
    return _window(M, lambda at: 0.5 + 0.5 * jnp.cos(np.pi * at))


def kaiser(M: int, beta: Operand) -> jax.Array:  # noqa: N803
    """`np.kaiser`."""
    beta = cast(beta, np.dtype(np.float64))
    return _window(M, lambda at: i0(beta * jnp.sqrt(jnp.maximum(1 - at * at, 0))) / i0(beta))


CHECKS: Checks = {}
