"""Every ufunc in every loop against NumPy: special values against each other, then random ones; what differs is listed with its reason."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from memarray._kernels.elementwise import KERNELS

NUMBERS = frozenset("?bBhHiIlLqQefdFD")
RANDOM = 2000
# Units in the last place of NumPy's result; of the larger part for complex numbers.
TOLERANCE = 4.0


def loops(ufunc: np.ufunc) -> list[tuple[np.dtype, ...]]:
    """The dtypes of the operands in each of NumPy's loops on numbers, int64 once for all its names."""
    operands = [types.split("->")[0] for types in ufunc.types if set(types) <= NUMBERS | set("->")]
    return list(dict.fromkeys(tuple(np.dtype(np.dtype(char).name) for char in chars) for chars in operands))


# Values


def real_part(dtype: np.dtype) -> np.dtype:
    return np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else dtype


def special_values(dtype: np.dtype) -> np.ndarray:
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        steps = [0, 1, 2, 3, 5, 7, 8, 12, 31, 32, 63, 64, 65, 100, info.max // 3, info.max // 2, info.max - 1, info.max]
        return np.array([v for s in steps for v in (s, -s, -s - 1) if info.min <= v <= info.max], dtype)
    info = np.finfo(real_part(dtype))
    if dtype.kind == "f":
        few = [
            0.1,
            2.5,
            10,
            1000,
            float(info.tiny) ** 0.5,
            float(info.max) ** 0.5,
            1 - float(info.epsneg),
            1 + float(info.eps),
            float(info.tiny),
        ]
    else:  # products of such parts are not denormal yet
        few = [2.0 ** (info.minexp // 3)]
    positive = np.array(
        [0, 0.5, 1, 1.5, 2, 3, np.pi / 2, 100, float(info.eps), float(info.max) / 2, info.max, np.inf, np.nan, *few], info.dtype
    )
    values = np.concatenate([positive, -positive])
    if dtype.kind == "f":
        return values
    pairs = np.empty((values.size, values.size), dtype)
    pairs.real, pairs.imag = values, values[:, None]
    return pairs.ravel()


def random_values(dtype: np.dtype, rng: np.random.Generator, size: int = RANDOM) -> np.ndarray:
    if dtype.kind == "b":
        return rng.random(size) < 0.5
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return rng.integers(info.min, info.max, size, dtype, endpoint=True) >> rng.integers(0, info.bits, size).astype(dtype)
    info = np.finfo(real_part(dtype))
    # Large enough that no difference of two is denormal, for complex numbers also that no product is.
    lowest, highest = (info.minexp + info.nmant + 1, info.maxexp) if dtype.kind == "f" else (info.minexp // 3, info.maxexp // 3)
    third = size // 3
    wide = rng.uniform(0.5, 1, third) * np.exp2(rng.integers(lowest, highest, third)) * rng.choice([-1, 1], third)
    values = np.concatenate([rng.uniform(-1, 1, third), rng.standard_normal(size - 2 * third) * 10, wide]).astype(info.dtype)
    if dtype.kind == "f":
        return values
    result = np.empty(size, dtype)
    result.real, result.imag = values, rng.permutation(values)
    return result


def operands(dtypes: tuple[np.dtype, ...]) -> list[np.ndarray]:
    """Every special value with every other (some, of complex numbers), and random ones."""
    rng = np.random.default_rng(0)
    special = [special_values(dtype) for dtype in dtypes]
    if len(dtypes) == 2:
        special = [values[:: 1 if values.size < 200 else step] for values, step in zip(special, (7, 5), strict=True)]
        special = [grid.ravel() for grid in np.meshgrid(*special)]
    return [np.concatenate([values, rng.permutation(random_values(dtype, rng))]) for values, dtype in zip(special, dtypes, strict=True)]


# Comparing


def size_of(values: np.ndarray) -> np.ndarray:
    """The magnitude of a number, of the larger part of a complex one."""
    return np.maximum(np.abs(values.real), np.abs(values.imag)) if values.dtype.kind == "c" else np.abs(values)


def parts_of(values: np.ndarray) -> list[np.ndarray]:
    return [values.real, values.imag] if values.dtype.kind == "c" else [values]


def differences(got: np.ndarray, want: np.ndarray, size: np.ndarray | None = None) -> np.ndarray:
    """In units in the last place of a number of this size; infinite where one is infinite or NaN, or zero with a sign, and the other not.

    Numbers up to the least normal one are equal: XLA's CPU backend takes denormal numbers for zero and makes none. Where one part of a
    complex number is NaN the sign of the other says nothing, which is what C99 has to say about it too.
    """
    if want.dtype.kind in "biu":
        return np.where(got == want, 0, np.inf)
    info = np.finfo(real_part(want.dtype))
    unit = np.maximum(np.spacing(size_of(want)), info.smallest_subnormal)
    unit = unit if size is None else np.fmax(unit, size.astype(np.longdouble) * info.epsneg)
    total = np.zeros(want.shape)
    is_loose = np.isnan(want)
    for one, other in zip(parts_of(got), parts_of(want), strict=True):
        is_small = (np.abs(one) <= info.tiny) & (np.abs(other) <= info.tiny) & (want.dtype.name != "float16")
        is_equal = (one == other) | (np.isnan(one) & np.isnan(other)) | is_small | (is_loose & (np.abs(one) == np.abs(other)))
        is_equal &= is_loose | (other != 0) | (one != 0) | (np.signbit(one) == np.signbit(other))
        distance = np.abs(one.astype(np.longdouble) - other) / unit
        near = np.where(np.isfinite(one) & np.isfinite(other) & ((other != 0) | (one != 0)), distance, np.inf)
        total = np.maximum(total, np.where(is_equal, 0, near))
    return total


@dataclass(frozen=True)
class Difference:
    """Where and how much a kernel may differ from NumPy; `where` marks elements of (operands, NumPy's result), all of them by default."""

    ufuncs: str
    kinds: str
    reason: str
    units: float = np.inf
    where: Callable[..., np.ndarray] | None = None

    def holds_for(self, name: str, dtype: np.dtype) -> bool:
        return name in self.ufuncs.split() and dtype.char in self.kinds


def is_overflowing_product(z, w, _):
    return np.isinf(size_of(z) * size_of(w))


def is_huge(z, *_):
    return size_of(z) >= np.finfo(z.real.dtype).max / 4


def has_denormal_ratio(_, w, __):
    small, large = np.minimum(np.abs(w.real), np.abs(w.imag)), size_of(w)
    return (small > 0) & (small / large < np.finfo(small.dtype).tiny)


def has_zero_part(*values):
    return (values[-1].real == 0) | (values[-1].imag == 0)


def has_denormal_inverse(z, w, _):
    return (w.real < 0) & (size_of(z**-w) <= np.finfo(z.real.dtype).tiny)


def are_zeros(x, y, _):
    return (x == 0) & (y == 0)


def is_infinite(*values):
    return np.logical_or.reduce([np.isinf(v.real) | np.isinf(v.imag) | np.isnan(v) for v in values])


def has_no_angle(_, __, want):
    return is_infinite(want) | (size_of(want) <= np.finfo(want.real.dtype).tiny)


DIFFERENCES = (
    Difference("expm1", "fFD", "XLA's expm1, and in complex128 its products", units=6),
    Difference("tanh", "d", "XLA's tanh is a rational function, which stops 7 units short of one", units=7),
    Difference(
        "maximum minimum fmax fmin", "efd", "which of 0.0 and -0.0 is larger is open; NumPy's own loops differ in it", where=are_zeros
    ),
    Difference(
        "multiply", "FD", "XLA fuses products with sums, so that one of two products that overflow does not", where=is_overflowing_product
    ),
    Difference("divide", "FD", "the ratio of the divisor's parts is denormal, thus zero to XLA", where=has_denormal_ratio),
    Difference("divide", "FD", "what is left of terms that cancel, products being fused with sums, or its sign", where=has_zero_part),
    Difference("sign", "FD", "the modulus overflows in NumPy, which then takes a part for infinite", where=is_huge),
    Difference("log1p", "FD", "the modulus overflows in NumPy", where=is_huge),
    Difference(
        "expm1",
        "FD",
        "NumPy multiplies infinite parts by zero ones and keeps the sign of zero; here is what the array API asks for",
        where=lambda z, want: is_infinite(z, want) | (z == 0),
    ),
    Difference(
        "power float_power",
        "FD",
        "no digit is left of the angle; NumPy also multiplies by one first, which makes NaN of infinite parts",
        where=has_no_angle,
    ),
    Difference("power", "FD", "NumPy multiplies by one first, which changes the signs of zeros", where=has_zero_part),
    Difference("power", "FD", "the inverse of a denormal number, which is zero to XLA", where=has_denormal_inverse),
    Difference("power float_power", "FD", "NaN times infinity is infinite for NumPy's C library", where=lambda z, w, _: is_infinite(z, w)),
)


@pytest.mark.parametrize("name", sorted(KERNELS))
def test_as_numpy(name):
    ufunc = getattr(np, name)
    wrong = []
    for dtypes in loops(ufunc):
        inputs = operands(dtypes)
        if name == "power" and inputs[1].dtype.kind == "i":
            inputs[1] = np.abs(inputs[1] // 2)  # NumPy raises for negative ones
        with np.errstate(all="ignore"):
            want = ufunc(*inputs)
            with jax.enable_x64(True):
                got = jax.jit(KERNELS[name])(*inputs)
            assert isinstance(got, tuple) == isinstance(want, tuple)
            pairs = zip(got, want, strict=True) if isinstance(got, tuple) else [(got, want)]
            for place, (result, expected) in enumerate(pairs):
                assert result.dtype == expected.dtype
                wrong += compare(name, dtypes, inputs, np.asarray(result), expected, place)
    assert not wrong, "\n".join(wrong)


def compare(name, dtypes, inputs, got, want, place) -> list[str]:
    error = differences(got, want, size_of_error(name, inputs, want))
    is_wrong = error > TOLERANCE
    for known in DIFFERENCES:
        if known.holds_for(name, dtypes[0]):
            excused = True if known.where is None else known.where(*inputs, want)
            is_wrong &= ~(excused & (error <= known.units))
    worst = np.flatnonzero(is_wrong)[:8]
    many = f"{name}{[d.name for d in dtypes]}[{place}]: {is_wrong.sum()} of {error.size}"
    return [f"{many}: {[x[i] for x in inputs]} -> {got[i]!r}, not {want[i]!r}: {error[i]:.3g}" for i in worst]


def size_of_error(name, inputs, want) -> np.ndarray | None:
    """The number whose last place errors are counted in, where that is not the result: both NumPy's and ours have such errors."""
    if name in ("logaddexp", "logaddexp2"):  # a sum that cancels
        size = np.maximum(*map(np.abs, inputs))
        return np.where(np.isfinite(size), size, 0)
    if want.dtype.kind == "c" and name == "log1p":  # NumPy rounds 1 + x
        return np.ones(want.shape)
    if want.dtype.kind == "c" and name in ("power", "float_power"):  # the exponential of a rounded number
        base, exponent = inputs
        factor = 1 + np.abs(exponent) * np.maximum(np.abs(np.log(np.abs(base))), np.pi)
        return size_of(want).astype(np.longdouble) * np.where(np.isfinite(factor), factor, 0)
    return None


def test_every_ufunc_on_numbers_has_a_kernel():
    ufuncs = {value for value in vars(np).values() if isinstance(value, np.ufunc) and value.signature is None and loops(value)}
    assert set(KERNELS) == {ufunc.__name__ for ufunc in ufuncs}


# Exponents that are known


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("exponent", [-3, -2, -1, 0, 0.5, 1, 1.5, 2, 3, 4, 7, 100, np.inf, np.nan])
def test_powers_with_scalar_exponents(dtype, exponent):
    (x,), y = operands((np.dtype(dtype),)), np.dtype(dtype).type(exponent)
    with np.errstate(all="ignore"), jax.enable_x64(True):
        want, got = np.power(x, y), jax.jit(lambda x: KERNELS["power"](x, y))(x)
        assert got.dtype == want.dtype
        wrong = compare("power", (x.dtype, x.dtype), [x, np.full_like(x, y)], np.asarray(got), want, 0)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 10, 101])
def test_integer_powers_with_scalar_exponents(dtype, exponent):
    (x,), y = operands((np.dtype(dtype),)), np.dtype(dtype).type(exponent)
    with jax.enable_x64(True):
        np.testing.assert_array_equal(KERNELS["power"](x, y), np.power(x, y), strict=True)


def test_negative_powers_of_integers():
    with pytest.raises(ValueError, match=re.escape("Integers to negative integer powers are not allowed.")):
        KERNELS["power"](jnp.arange(3), np.int32(-1))
    assert not jnp.any(KERNELS["power"](jnp.arange(3, dtype=jnp.int32), jnp.full(3, -1, jnp.int32)))


def test_half_powers_are_roots_where_numpy_has_them():
    values = np.array([-0.0, -np.inf, -1.0, 4.0])
    with jax.enable_x64(True), np.errstate(invalid="ignore"):
        for name, dtype in (("power", "float64"), ("power", "float32"), ("power", "float16"), ("float_power", "float64")):
            x, half = values.astype(dtype), np.dtype(dtype).type(0.5)
            got, want = np.asarray(jax.jit(lambda x: KERNELS[name](x, half))(x)), getattr(np, name)(x, half)  # noqa: B023
            np.testing.assert_array_equal(got, want, strict=True)
            assert np.signbit(got[0]) == np.signbit(want[0])


# Exact results


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_exact_powers(dtype):
    info = np.finfo(dtype)
    with jax.enable_x64(True):
        exponents = np.arange(info.minexp, info.maxexp).astype(dtype)
        powers = np.ldexp(np.ones(1, dtype), exponents.astype(int))
        np.testing.assert_array_equal(jax.jit(KERNELS["log2"])(powers), exponents, strict=True)
        np.testing.assert_array_equal(jax.jit(KERNELS["exp2"])(exponents), powers, strict=True)
        exponents = np.arange(np.ceil(np.log10(info.tiny)), np.floor(np.log10(info.max)) + 1).astype(dtype)
        powers = np.array([f"1e{exponent:.0f}" for exponent in exponents], dtype)
        np.testing.assert_array_equal(jax.jit(KERNELS["log10"])(powers), exponents, strict=True)


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
def test_divisors_of_neighbouring_fibonacci_numbers(bits):
    pair = [1, 1]
    while sum(pair[-2:]) < 2**bits:
        pair.append(sum(pair[-2:]))
    x, y = np.array([pair[-2:], pair[-3:-1], pair[-2:][::-1]], f"u{bits // 8}").T
    with jax.enable_x64(True):
        np.testing.assert_array_equal(KERNELS["gcd"](x, y), np.ones(3, x.dtype), strict=True)


def test_complex_logarithms_near_the_unit_circle():
    """Real parts to their last places, where rounded squares would cancel; float64 holds the exact ones of complex64."""
    rng = np.random.default_rng(1)
    modulus, angle = 1 + 10.0 ** rng.uniform(-6, -1, 5000) * rng.choice([-1, 1], 5000), rng.uniform(-np.pi, np.pi, 5000)
    z = (modulus * np.exp(1j * angle)).astype(np.complex64)
    x, y = z.real.astype(float), z.imag.astype(float)
    with jax.enable_x64(True):
        for name, moved, want in (("log", z, (x - 1) * (x + 1) + y * y), ("log1p", z - 1, (z - 1).real.astype(float))):
            exact = want if name == "log" else want * (want + 2) + y * y
            got = np.asarray(jax.jit(KERNELS[name])(moved)).real
            assert differences(got, (np.log1p(exact) / 2).astype(np.float32)).max() <= TOLERANCE


def test_complex_log1p_of_small_numbers():
    with jax.enable_x64(True):
        z = np.array([1e-20, -1e-20 + 3e-30j, 1e-10j, 1e-200 + 1e-100j])
        want = np.array([1e-20, -1e-20 + 3e-30j, 5e-21 + 1e-10j, 1.5e-200 + 1e-100j])
        np.testing.assert_allclose(jax.jit(KERNELS["log1p"])(z), want, rtol=1e-15)


# Denormal numbers


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_moving_bits_keeps_denormal_numbers(dtype):
    info = np.finfo(dtype)
    x = np.array([1, 5, 1000], dtype) * info.smallest_subnormal
    x = np.concatenate([x, -x, [info.tiny, -info.tiny, 0, -0.0]]).astype(dtype)
    x, y = (grid.ravel() for grid in np.meshgrid(x, x))
    with jax.enable_x64(True):
        for name in ("absolute", "fabs", "negative", "positive", "conjugate", "signbit", "spacing", "frexp"):
            np.testing.assert_equal(jax.tree.map(np.asarray, jax.jit(KERNELS[name])(x)), getattr(np, name)(x))
        for name in ("copysign", "nextafter"):
            np.testing.assert_equal(np.asarray(jax.jit(KERNELS[name])(x, y)), getattr(np, name)(x, y))


def test_calculating_takes_denormal_numbers_for_zero():
    """What XLA's CPU backend does; `differences` and the documentation are to be tightened once it does not."""
    assert not KERNELS["add"](jnp.full(3, 1e-45, jnp.float32), jnp.full(3, 1e-45, jnp.float32)).any()


# How kernels are recorded


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        *((name, name) for name in ("exp", "log", "sin", "cos", "tan", "tanh", "sqrt", "cbrt", "floor", "ceil", "expm1")),
        *(("add", "add"), ("subtract", "sub"), ("multiply", "mul"), ("divide", "div"), ("negative", "neg"), ("absolute", "abs")),
        *(("maximum", "max"), ("minimum", "min"), ("less", "lt"), ("equal", "eq"), ("power", "pow"), ("arctan2", "atan2"), ("fmod", "rem")),
    ],
)
def test_what_xla_has_stays_one_operation(name, operation):
    x = jnp.ones((2, 3))
    jaxpr = jax.make_jaxpr(KERNELS[name])(*[x] * getattr(np, name).nin)
    assert [str(equation.primitive) for equation in jaxpr.eqns] == [operation]


@pytest.mark.parametrize("name", sorted(KERNELS))
def test_kernels_are_elementwise(name):
    """No calls, no gathers; loops only for divisors."""
    with jax.enable_x64(True):
        for dtypes in loops(getattr(np, name)):
            jaxpr = jax.make_jaxpr(KERNELS[name])(*(jax.ShapeDtypeStruct((2, 3), dtype) for dtype in dtypes))
            used = {str(equation.primitive) for equation in jaxpr.eqns}
            assert not used & {"jit", "pjit", "gather", "scatter", "while", "sort", "custom_jvp_call", "reshape", "transpose"}
            assert ("scan" in used) == (name in ("gcd", "lcm"))


@pytest.mark.parametrize("name", [name for name in sorted(KERNELS) if getattr(np, name).nin == 2 and name != "ldexp"])
def test_operands_broadcast_and_may_be_scalars(name):
    ufunc = getattr(np, name)
    dtype = loops(ufunc)[-1][0]
    x, y = np.array([[1, 2, 3], [4, 5, 6]], dtype), np.array([[3], [2]], dtype)
    with jax.enable_x64(True):
        for operands in ((x, y), (x, y[0, 0]), (x[0, 0], y), (x[0, 0], y[0, 0]), (x[:0], y[0])):
            got = KERNELS[name](*(jnp.asarray(v) if isinstance(v, np.ndarray) else v for v in operands))
            want = ufunc(*operands)
            for one, other in zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]:
                assert (one.shape, one.dtype) == (other.shape, other.dtype)
                np.testing.assert_allclose(one, other, rtol=1e-14)


def test_a_dtype_that_no_loop_has():
    with pytest.raises(TypeError, match="no kernel for operands of dtype float32; there is one for integer"):
        KERNELS["gcd"](jnp.ones(3), jnp.ones(3))
