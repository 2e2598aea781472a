"""Operations of random programs that compute each element from the same element of their operands, and masks, counts and random bits."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tests.xla_passes.split.random_programs import Value, need, operation

FLOATS = ("float32", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")
INTEGERS = ("int8", "int16", "int32", "uint8", "uint16", "uint32")
WIDE = ("float64", "int64", "uint64")


def types(options: tuple[str, ...]) -> tuple[str, ...]:
    """The element types to choose from, those of 64 bits where JAX has them enabled."""
    wide = tuple(name for name in WIDE if jnp.dtype(name).kind in {jnp.dtype(option).kind for option in options})
    return options + wide if jax.config.jax_enable_x64 else options


def scalar(value: float, like: Value) -> np.ndarray:
    """A number of the same element type."""
    return np.array(value, like.dtype)


def multiplied(a: Value, b: Value) -> Value:
    """The product, its operands brought down as far as it takes to stay exact."""
    if a.kind == "b":
        return Value(a.array & b.array)
    most = min(a.limit, 2.0**24) if a.kind != "c" else 2.0**20
    a, b = a.within(most**0.5), b.within(most**0.5)
    return Value(a.array * b.array, a.bound * b.bound * (2 if a.kind == "c" else 1))


@operation(signs=True)
def arithmetic(a, draw):
    b = draw.like(a)
    which = draw.below(5)
    if a.kind == "b":
        return Value([a.array & b.array, a.array | b.array, a.array ^ b.array, a.array & ~b.array, a.array | ~b.array][which])
    if which == 4:
        return multiplied(a, b)
    if which > 1 and a.kind != "c":
        return Value((jnp.maximum if which == 2 else jnp.minimum)(a.array, b.array), max(a.bound, b.bound))
    a, b = a.within(a.limit / 2), b.within(b.limit / 2)
    return Value(a.array + b.array if which else a.array - b.array, a.bound + b.bound)


@operation("fciu", signs=True)
def unary(a, draw):
    if a.kind == "c":
        return Value([jnp.conj, jnp.negative][draw.below(2)](a.array), a.bound)
    which = draw.below(5)
    if which == 4:
        return multiplied(a, a)
    return Value([jnp.abs, jnp.negative, lambda v: jnp.maximum(v, scalar(0, a)), lambda v: v + v][which](a.array), 2 * a.bound)


@operation("f", rough=False, signs=True)
def stepwise(a, draw):
    functions = [jnp.sign, jnp.floor, jnp.ceil, jnp.round, lambda v: lax.reduce_precision(v, 5, 2)]
    return Value(functions[draw.below(5)](a.array), a.bound * 2)


@operation("iu")
def bits(a, draw):
    which = draw.below(8)
    b = draw.like(a).array if which < 5 else None
    shift = scalar(a.dtype.itemsize * 8 - 1, a)
    functions = [
        lambda v: v & b,
        lambda v: v ^ (b | v),
        lambda v: lax.shift_left(v, b & shift),
        lambda v: lax.shift_right_logical(v, b & shift),
        lambda v: lax.shift_right_arithmetic(v, b & shift),
        lax.population_count,
        lax.clz,
        jnp.invert,
    ]
    return Value(functions[which](a.array))


@operation("iu")
def divided(a, draw):
    b = lax.rem(draw.like(a).array, scalar(5, a))
    b = jnp.where(b == 0, scalar(3, a), b)
    return Value([a.array // b, a.array % b, lax.div(a.array, b), lax.rem(a.array, b)][draw.below(4)])


@operation("fciub", rough=False)
def compared(a, draw):
    b = draw.like(a)
    if a.kind == "c":
        return Value(a.array == b.array)
    return Value([a.array < b.array, a.array == b.array, (a.array >= b.array) | (a.array != b.array), a.array > b.array][draw.below(4)])


@operation("f", rough=False)
def classified(a, draw):
    return Value([jnp.isnan, jnp.isfinite, jnp.isinf, jnp.signbit if a.has_signs else jnp.isnan][draw.below(4)](a.array))


@operation(signs=True)
def selected(a, draw):
    """A chain of `where`s."""
    b = draw.like(a)
    mask = draw.partner(lambda m: not m.is_rough and m.shape == a.shape).array != 0
    made = jnp.where(mask, a.array, b.array)
    return Value(jnp.where(mask & (places(a, draw.axis(a)) < 3), scalar(1, a), made), max(a.bound, b.bound))


@operation("fiu", signs=True)
def clamped(a, draw):
    low, high = scalar(1 if a.kind == "u" else -2, a), scalar(3, a)
    if draw.coin():
        return Value(lax.clamp(low, a.array, high), 3.0)
    b = draw.like(a)
    return Value(lax.clamp(jnp.minimum(b.array, high), a.array, jnp.maximum(b.array, high)), max(a.bound, b.bound, 3.0))


@operation("fciub", rough=False, special=False)
def converted(a, draw):
    """To another element type, by way of small numbers."""
    to = jnp.dtype(draw.pick(types(FLOATS + INTEGERS + ("bool", "complex64"))))
    array = a.array
    if a.kind == "c":
        array = array.real
    if a.kind in "iu":
        array = lax.rem(array, scalar(7, a))
    bound = 6.0 if a.kind in "iu" else a.bound
    if to.kind == "u":
        array = jnp.abs(array)
    if to.kind not in "iub":
        few = jnp.finfo(to).bits < 16
        array = lax.rem(array.astype(np.float32), np.float32(4)) if few else array
        bound = min(bound, 4.0) if few else bound
    return Value(array.astype(to), bound)


@operation("fc", signs=True)
def complex_parts(a, draw):
    if a.kind == "c":
        return Value([jnp.real, jnp.imag][draw.below(2)](a.array), a.bound)
    need(a.dtype.name in ("float32", "float64"))
    b = draw.like(a)
    return Value(lax.complex(a.array, b.array), max(a.bound, b.bound))


@operation("fiu", rough=False, special=False)
def bitcast(a, draw):
    """The same bits as another type: of the same width, or as parts along a new axis, or parts joined along the last."""
    bits_of = a.dtype.itemsize * 8
    if a.kind == "f":
        need(a.has_signs and bits_of in (16, 32, 64))
        return Value(lax.bitcast_convert_type(a.array, jnp.dtype(f"int{bits_of}")))
    if draw.coin() and bits_of > 8:
        return Value(lax.bitcast_convert_type(a.array, jnp.dtype(f"uint{bits_of // 2}")))
    if a.ndim and a.shape[-1] in (2, 4) and a.shape[-1] * bits_of in types_bits():
        return Value(lax.bitcast_convert_type(a.array, jnp.dtype(f"int{bits_of * a.shape[-1]}")))
    return Value(lax.bitcast_convert_type(a.array, jnp.dtype(f"{'int' if a.kind == 'u' else 'uint'}{bits_of}")))


def types_bits() -> tuple[int, ...]:
    return (16, 32, 64) if jax.config.jax_enable_x64 else (16, 32)


def places(a: Value, axis: int, dtype: object = np.int32) -> jax.Array:
    return lax.broadcasted_iota(dtype, a.shape, axis)


@operation("fciu")
def counted(a, draw):
    """With its own indices."""
    axis = draw.axis(a)
    a = a.within(min(a.limit, 1e4) / 2)
    index = lax.rem(places(a, axis), np.int32(min(a.limit / 2, 100)))
    if draw.coin():
        return Value(a.array + index.astype(a.dtype), a.bound + min(a.limit / 2, 100, a.shape[axis]))
    return Value(jnp.where(places(a, axis) < draw.below(5), a.array, scalar(3, a)), max(a.bound, 3.0))


@operation(signs=True)
def masked(a, draw):
    """Triangles and diagonals."""
    need(a.ndim >= 2)
    k = draw.below(5) - 2
    return Value([jnp.tril, jnp.triu][draw.below(2)](a.array, k), a.bound)


@operation("iufb", rough=False, special=False)
def one_hot(a, draw):
    count = 1 + draw.below(6)
    draw.need_size(*a.shape, count)
    axis = draw.below(a.ndim + 1)
    dtype = jnp.dtype(draw.pick(("float32", "int32", "bool")))
    return Value(jax.nn.one_hot(lax.rem(a.array.astype(np.int32), np.int32(7)), count, axis=axis, dtype=dtype))


@operation()
def random_bits(a, draw):
    """Bits and whole numbers of a key that is an argument."""
    key = draw.partner(lambda v: v.dtype == np.uint32 and v.shape == (2,))
    key = jax.random.wrap_key_data(key.array, impl="threefry2x32")
    which = draw.below(3)
    if which == 0:
        return Value(jax.random.bits(key, a.shape, jnp.dtype(draw.pick(("uint8", "uint16", "uint32")))))
    if which == 1:
        return Value(jax.random.randint(key, a.shape, -3, 4, np.int32), 3.0)
    return Value(jax.random.bernoulli(key, 0.5, a.shape))


@operation()
def generated_bits(a, draw):
    """The generator that is an operation of its own."""
    key = draw.partner(lambda v: v.dtype == np.uint32 and v.shape == (2,))
    state = jnp.concatenate([key.array, key.array])
    state, made = lax.rng_bit_generator(state, a.shape, jnp.dtype(draw.pick(("uint32", "uint8", "uint16"))))
    return Value(made if draw.below(4) else state)


@operation("f", special=False)
def smooth(a, draw):
    """Functions that are rounded."""
    a = a.within(4)
    functions = [
        jnp.tanh,
        jnp.sin,
        lambda v: jnp.exp(-v * v),
        lambda v: jnp.log1p(v * v),
        jax.nn.sigmoid,
        lambda v: lax.rsqrt(scalar(1, a) + v * v),
        lambda v: jnp.sqrt(scalar(1, a) + jnp.abs(v)),
        lax.erf,
        jax.nn.gelu,
        jnp.arctan,
        lambda v: jnp.cbrt(v * v + scalar(1, a)),
        lambda v: v / (scalar(1, a) + v * v),
    ]
    need(jnp.finfo(a.dtype).bits > 8)
    return Value(functions[draw.below(len(functions))](a.array), 4.0, is_rough=True)


@operation("f", special=False)
def smooth_pair(a, draw):
    need(a.dtype.itemsize > 1)
    b = draw.like(a).within(4)
    a = a.within(4)
    functions = [
        lambda v, w: v / (scalar(1, a) + w * w),
        jnp.logaddexp,
        lambda v, w: jnp.hypot(v + scalar(5, a), w),
        lambda v, w: jnp.arctan2(v, scalar(5, a) + w),
        lambda v, w: (scalar(1, a) + v * v) ** (w / scalar(8, a)),
    ]
    return Value(functions[draw.below(len(functions))](a.array, b.array), 10.0, is_rough=True)
