"""Small programs that between them use every operation that splits, with the data that finds mistakes: ties, NaN, primes, empty axes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tests.helpers import random_array

SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 2.5], np.float32)


@dataclass(frozen=True)
class Program:
    """A function and its arguments. `is_exact`: its sums are of whole numbers, equal in any order."""

    function: Callable
    arguments: tuple[np.ndarray, ...]
    is_exact: bool = False
    x64: bool = False


PROGRAMS: dict[str, Program] = {}
COMPILED: dict[str, Program] = {}  # where the reference interpreter fails: complex numbers, bfloat16, NaN in a top-k, empty products


def program(*arguments: np.ndarray, is_exact: bool = False, x64: bool = False, table: dict[str, Program] = PROGRAMS) -> Callable:
    """Register a function with its arguments."""

    def register(function: Callable) -> Callable:
        name = function.__name__
        assert name not in table
        table[name] = Program(function, arguments, is_exact, x64)
        return function

    return register


def whole(*shape: int, dtype: object = np.float32, seed: int = 0) -> np.ndarray:
    """Small whole numbers with many ties."""
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(dtype)


def real(*shape: int, dtype: object = np.float32, seed: int = 0) -> np.ndarray:
    """Normal random numbers."""
    return random_array(shape, dtype, seed)


def special(*shape: int, seed: int = 0) -> np.ndarray:
    """NaN, infinities, zeros of either sign and a few numbers."""
    return np.random.default_rng(seed).choice(SPECIAL, shape)


def integers(low: int, high: int, *shape: int, seed: int = 0, dtype: object = np.int32) -> np.ndarray:
    """Random integers in [low, high)."""
    return np.random.default_rng(seed).integers(low, high, shape).astype(dtype)


def squares(q: jax.Array, x: jax.Array) -> jax.Array:
    return ((q[:, None] - x[None]) ** 2).sum(-1)


# Nearest neighbours and their relatives


@program(whole(7, 3), whole(11, 3, seed=1), is_exact=True)
def nearest(q, x):
    return lax.top_k(-squares(q, x), 2)


@program(whole(5, 3), whole(11, 3, seed=1), is_exact=True)
def nearest_in_l1(q, x):
    return lax.top_k(-jnp.abs(q[:, None] - x[None]).sum(-1), 11)


@program(whole(1, 3), whole(13, 3, seed=1), is_exact=True)
def nearest_of_one_row(q, x):
    return lax.top_k(-squares(q, x), 3)


@program(whole(6, 3), whole(1, 3, seed=1), is_exact=True)
def nearest_of_one_point(q, x):
    return lax.top_k(-squares(q, x), 1)


@program(special(4, 13), table=COMPILED)
def top_of_special(a):
    return *lax.top_k(a, 3), lax.top_k(a.T, 4)[1], lax.top_k(jnp.abs(a).reshape(52), 5)


@program(integers(0, 4, 3, 17), integers(0, 200, 3, 9, dtype=np.uint8))
def top_of_integers(a, b):
    return lax.top_k(a, 5), lax.top_k(b, 2), lax.top_k(a.astype(jnp.int8), 1), lax.top_k(a * 2, 17)


# Reductions


@program(special(7, 6))
def arg_extremes_of_special(a):
    return a.argmin(0), a.argmax(0), a.argmin(1), a.argmax(1), jnp.argmax(a), jnp.argmin(-a)


@program(whole(7, 6))
def arg_extremes_with_ties(a):
    b = jnp.abs(a)
    return b.argmin(0), b.argmax(0), b.argmin(1), b.argmax(1), jnp.argmax(b), jnp.argmin(b)


@program(special(9, 5))
def extremes_of_special(a):
    return a.max(0), a.min(1), a.max(), (a > 0).all(0), (a != a).any(1), jnp.nanmax(a, 1)


@program(whole(9, 5), is_exact=True)
def every_monoid(a):
    i = a.astype(jnp.int32)
    b = i & 3
    return (
        i.sum(0),
        i.prod(1),
        b.max(0),
        b.min(),
        jnp.bitwise_and.reduce(b | 4, axis=0),
        jnp.bitwise_or.reduce(b, axis=1),
        jnp.bitwise_xor.reduce(b, axis=0),
        (b > 0).sum(0),
        (b > 0).all((0, 1)),
    )


@program(real(5, 11), real(5, 11, seed=1))
def variadic(a, b):
    """A reducer of one's own: the sum, the weighted sum and the largest together."""
    zero = jnp.float32(0)

    def reducer(one, other):
        return one[0] + other[0], one[1] + other[1], jnp.maximum(one[2], other[2])

    lowest = jnp.float32(-jnp.inf)
    return (
        *lax.reduce((a, a * b, b), (zero, zero, lowest), reducer, (1,)),
        *lax.reduce((a * 2, b, a), (zero, zero, lowest), reducer, (0,)),
        *lax.reduce((a, b, a), (zero, zero, lowest), reducer, (0, 1)),
    )


@program(real(6, 7))
def running_log_sum(a):
    """A reducer with arithmetic in it: the log of a sum of exponentials in one pass."""

    def reducer(one, other):
        highest = jnp.maximum(one[0], other[0])
        return highest, one[1] * jnp.exp(one[0] - highest) + other[1] * jnp.exp(other[0] - highest)

    start = jnp.float32(-1e30), jnp.float32(0)
    return lax.reduce((jnp.sin(a), jnp.ones_like(a)), start, reducer, (1,)), lax.reduce((a, jnp.ones_like(a)), start, reducer, (0,))


@program(real(7, 11))
def softmax_both_ways(a):
    return jax.nn.softmax(a, 0), jax.nn.softmax(a, 1), jax.nn.logsumexp(a, 0), jax.nn.logsumexp(a, (0, 1))


@program(real(9, 5))
def standardised(a):
    return a.var(0), (a - a.mean(0)) / a.std(0), (a - a.mean()) / a.std(1, keepdims=True)


@program(whole(7, 6), is_exact=True)
def running_totals(a):
    b = jnp.abs(a)
    windows = lax.reduce_window(b, -jnp.inf, lax.max, (1, 3), (1, 1), "VALID")
    return jnp.cumsum(b, 1), jnp.cumsum(b * 2, 0).max(1), lax.cummax(b, 1), jnp.cumprod(jnp.sign(a), 0), windows.sum(0)


# Products


@program(whole(4, 6), whole(6, 5, seed=1), whole(5, 3, seed=2), is_exact=True)
def chain(a, b, c):
    d = jnp.abs(a @ b)
    return d @ c, d.T @ a, d @ d.T, d.sum(0)


@program(whole(6, 3), whole(6, 3, seed=1), is_exact=True)
def kernel_products(x, y):
    k = squares(x, y)
    return k @ k, k.T @ k, k @ k.T, jnp.trace(k), k + k.T, k @ y


@program(real(2, 5, 4), real(2, 6, 4, seed=1), real(2, 6, 3, seed=2))
def attention(q, k, v):
    return jax.nn.softmax(jnp.einsum("bqd,bkd->bqk", q, k), -1) @ v


@program(real(2, 5, 2, 4), real(2, 7, 2, 4, seed=1), real(2, 7, 2, 4, seed=2))
def masked_attention(q, k, v):
    scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) / 2
    mask = jnp.arange(5)[:, None] >= jnp.arange(7)[None]
    return jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(jnp.where(mask, scores, -jnp.inf), -1), v)


@program(whole(5, 7, 3), whole(7, 2, 3, seed=1), is_exact=True)
def three_axes(a, b):
    return jnp.einsum("ijk,jlk->il", jnp.abs(a), b), (a[:, :, None] * b[None]).max((1, 3)), jnp.tensordot(a, b, ((1, 2), (0, 2)))


@program(integers(-9, 9, 5, 8, dtype=np.int8), integers(-9, 9, 8, 6, dtype=np.int8))
def integer_products(a, b):
    return lax.dot_general(a * 2, b, (((1,), (0,)), ((), ())), preferred_element_type=jnp.int32), a @ b, (a > 0) @ (b > 0)


@program(real(5, 8, dtype=np.float16), real(8, 6, dtype=np.float16))
def half_products(a, b):
    return lax.dot_general(jnp.sin(a), b, (((1,), (0,)), ((), ())), preferred_element_type=jnp.float32), (a * 2).max(1), a.sum(0)


@program(whole(5, 4, 7), whole(5, 7, 3, seed=1), is_exact=True)
def batches(a, b):
    return jax.vmap(jnp.matmul)(a + 1, b), jnp.einsum("bij,bjk->kib", a, b), jnp.einsum("bij,bji->b", a, b[:, :, :1] + a.swapaxes(1, 2))


# Moving things about


@program(whole(6, 10), is_exact=True)
def reshapes(a):
    b = (a + 1).reshape(6, 5, 2)
    c = b.transpose(2, 0, 1).reshape(2, 30)
    return b.sum(2), c.max(0), (c * 2).reshape(60), a.reshape(3, 20).sum(1), (a * 3).reshape(2, 3, 10).max((0, 2)), a.reshape(15, 4) * 2


@program(whole(12, 4), is_exact=True)
def merged_axes(a):
    """Axes that are split and merged, so that one unit of one is several elements of another."""
    b = jnp.abs(a).reshape(3, 4, 4)
    c = b.reshape(12, 4) + a
    return b.sum((1, 2)), c.reshape(3, 16).max(1), c.reshape(6, 8) - 1, c.reshape(48)[::2], b[None].transpose(1, 0, 2, 3).reshape(12, 4)


@program(whole(9, 8), is_exact=True)
def shifted(a):
    b = jnp.abs(a)
    return b[1:] - b[:-1], b[2:] - 2 * b[1:-1] + b[:-2], b[::2].sum(0), b[1::2] * b[:-1:2], b[:, ::3].max(1), b[:, 1:7:2], b[3:4] + b


@program(whole(9), is_exact=True)
def shifted_line(a):
    b = a * a
    return b[:8:2], b.sum(), b[1:] > b[:-1], (b[1:] - b[:-1])[::2].max()


@program(whole(5, 6), whole(5, 2, seed=1), is_exact=True)
def joined(a, b):
    c = jnp.concatenate([a, b, a * 2], 1)
    d = jnp.pad(c, ((1, 2), (0, 0)), constant_values=7)
    return (
        c.sum(1),
        d.max(0),
        jnp.flip(c, 1).sum(0),
        jnp.flip(c, 0) * c,
        jnp.roll(c, 2, 0),
        jnp.pad(c, ((0, 0), (2, 1)), mode="edge"),
        jnp.stack([c, c + 1]),
    )


@program(whole(3, 1, 7), is_exact=True)
def ones(a):
    """Axes of one element."""
    b = a * 2
    return (
        b.squeeze(1),
        b[:, :, :, None].transpose(3, 0, 1, 2),
        b.sum(1),
        b.max((0, 1)),
        b.reshape(1, 21, 1).sum(1),
        b.reshape(3, 7).T @ b[:, 0],
    )


@program(real(0, 4), real(4, 5), table=COMPILED)
def empty(a, b):
    c = a @ b
    return c.sum(0), c.sum(1), jnp.concatenate([c, b]) * 2, (b[:0].T * 2), b[:, :0] @ b[:0], c.max(1), (b.T @ b)[None, :0]


@program(np.float32(3))
def scalars(a):
    return a * 2, jnp.full((5, 4), a).sum(0), jnp.arange(7) * a, jnp.float32(4), a


@program(real(5, 3), np.float32(0.3))
def counted(a, s):
    i = lax.broadcasted_iota(jnp.int32, (5, 3), 0)
    j = lax.broadcasted_iota(jnp.uint8, (5, 3), 1)
    return (a * i + j).max(1), (i[None] * jnp.arange(4)[:, None, None]).sum(0), jnp.eye(5)[:, 1:] @ jnp.ones((4, 2)), lax.clamp(s, a, 2 * s)


@program(integers(0, 9, 300))
def long_counts(a):
    """Counts that the element type cannot hold: they wrap, or are rounded once."""
    wrapped = lax.iota(jnp.int8, 300)
    return wrapped + a.astype(jnp.int8), lax.iota(jnp.uint8, 300).astype(jnp.int32).max(), a * (lax.iota(jnp.int32, 300) > 150)


# Indexing


@program(whole(6, 10), integers(-12, 12, 8), integers(0, 9, 6, 3), is_exact=True)
def gathered(a, i, j):
    b = a + 1
    rows = b[i]
    return rows.sum(1), jnp.take_along_axis(b, j, 1), b[:, i % 10] * 2, b[j % 6, j], jnp.take(b, i, axis=0, mode="clip").max(0), rows * rows


@program(whole(4, 5, 6), integers(0, 4, 3, 2), integers(0, 6, 3, 2), is_exact=True)
def gathered_with_windows(a, i, j):
    b = a * 2
    return b[i], b[:, :, j].sum(0), b[i, :, j], jax.vmap(lambda row, at: row[at % 5])(b[:3], i), b[i].max((0, 1))


@program(whole(7, 10), np.int32(2), np.int32(-1), is_exact=True)
def sliced_by_data(a, i, j):
    b = jnp.abs(a)
    c = lax.dynamic_slice(b, (i, 0), (3, 10))
    return c.sum(0), c * 2, lax.dynamic_update_slice(b, c[:2], (j, 0)).max(1), lax.dynamic_update_slice(b, b[:, :3], (0, i)) + 1


@program(special(5, 9), integers(0, 9, 5, 9))
def sorted_rows(a, i):
    key, value = lax.sort((a, i), dimension=1, num_keys=1)
    return key, value, jnp.argsort(i, 0), jnp.sort(-a, 0), jnp.median(i, 1), lax.sort((i, a, i), dimension=1, num_keys=2)


# Structure


@program(whole(8, 6), whole(8, seed=1), is_exact=True)
def returned_twice(x, v):
    """An argument, a constant, and one value twice."""
    k = squares(x, x)
    return x, k, k, jnp.ones((3, 2)), (k @ v), k


@program(whole(8, 6), is_exact=True)
def nested_calls(x):
    inner = jax.jit(lambda a: squares(a, a))
    outer = jax.jit(lambda a: inner(a) + inner(a[::-1]))
    return outer(x).sum(0), inner(x).max(1)


@program(real(6, 4), real(6, seed=1))
def gradient(x, v):
    return jax.value_and_grad(lambda x: (jnp.exp(-squares(x, x)) @ v).sum())(x)


@program(whole(8, 5), whole(4, 5, seed=1), is_exact=True)
def kmeans_steps(x, c):
    def step(c, _):
        nearest = squares(x, c).argmin(1)
        member = (nearest[:, None] == jnp.arange(4)).astype(x.dtype)
        return jnp.sign(member.T @ x), nearest

    return lax.scan(step, c, None, length=3)


@program(whole(6, 5), is_exact=True)
def branches(x):
    k = squares(x, x)
    one = lax.cond(k.sum() > 3, lambda: k * 2, lambda: k + 1)
    return one.sum(1), lax.while_loop(lambda s: s[0].sum() < 500, lambda s: (s[0] + jnp.abs(s[1]), s[1]), (k, k))[0].max(0)


@program(real(6, 5), real(7, 5, seed=1))
def diamond(x, y):
    k = jnp.tanh(x @ y.T)
    left = k * jnp.exp(k)
    right = (k - left).sum(1, keepdims=True)
    return (left / right).max(0), left.T @ right, jnp.where(left > 0, k, right)


# Other element types


@program(real(7, 3, dtype=np.float64), real(11, 3, dtype=np.float64, seed=1), integers(-(2**40), 2**40, 11, dtype=np.int64), x64=True)
def wide_types(q, x, i):
    d = squares(q, x)
    return lax.top_k(-d, 2), (d * i).sum(1), (i[:, None] * i[None]).sum(0), d.argmin(1), i.argmax(), d.astype(jnp.int64).sum(0)


@program(integers(0, 256, 5, 9, dtype=np.uint8), real(5, 9) > 0)
def narrow_types(a, b):
    return (
        a + a,
        (a * 3).sum(0, dtype=jnp.uint8),
        jnp.where(b, a, 1).max(1),
        b ^ (a > 9),
        (b & b[:, ::-1]).any(0),
        ~b,
        a // 3,
        lax.population_count(a),
    )


@program(real(5, 6, dtype=np.complex64), real(4, 6, dtype=np.complex64, seed=1), table=COMPILED)
def complex_numbers(a, b):
    c = a * 1j + 2
    return (
        jnp.abs(c).sum(0),
        (c @ b.T).real,
        c.sum(1),
        jnp.conj(c).T @ a,
        jnp.where(c.real > 0, c, 0),
        c.prod(0),
        jnp.fft.fft(c, axis=1).imag,
    )


@program(real(9, 6, dtype=jnp.bfloat16), real(4, 6, dtype=jnp.bfloat16, seed=1), table=COMPILED)
def brain_floats(a, b):
    c = a * 2
    return (
        c.max(0),
        jnp.sort(c, 0),
        c.argmin(1),
        lax.dot_general(c, b, (((1,), (1,)), ((), ())), preferred_element_type=jnp.float32),
        c.sum(0),
    )


@program(real(4, 5, 5), real(4, 5, 3, seed=1), table=COMPILED)
def linear_algebra(a, b):
    spd = jnp.einsum("bij,bkj->bik", a, a) + 5 * jnp.eye(5)
    factor = jnp.linalg.cholesky(spd)
    return (
        factor,
        lax.linalg.triangular_solve(factor, b, left_side=True, lower=True),
        jnp.fft.rfft(a, axis=-1),
        jnp.fft.irfft2(jnp.fft.rfft2(a)),
    )


def leaves(results: object) -> Sequence[np.ndarray]:
    """The results of a program as flat arrays, in the order of the module's results."""
    return [np.asarray(item) for item in jax.tree.leaves(results)]
