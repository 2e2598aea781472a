"""The same programs at lengths that do not divide, of one element, and around the lengths of pieces."""

import hypothesis
import jax
import jax.numpy as jnp
from hypothesis import strategies as st
from jax import lax

import memarray
from tests.programs.checking import PLENTY, assert_equal, limit_for, real

LENGTHS = st.one_of(st.sampled_from([1, 2, 3]), st.integers(4, 150))


def kernel(x, y):
    return jnp.exp(-((x[:, None] - y[None]) ** 2).sum(-1) / 2)


def softmax_attention(x, y):
    return jax.nn.softmax(x @ y.T, 1) @ y


def kernel_products(x, y):
    k = kernel(x, y)
    return k @ y, k.T @ x, (k @ k.T).max(0)


def gradient(x, y):
    return jax.grad(lambda x: jnp.tanh(kernel(x, y) @ y).sum())(x)


def nearest(x, y):
    values, indices = lax.top_k(kernel(x, y), min(3, len(y)))
    return values, jnp.argmax(kernel(x, y), 0), indices


def descent(x, y):
    return lax.scan(lambda x, _: (x - 0.1 * gradient(x, y), x.sum()), x, None, length=3)


@hypothesis.settings(max_examples=12, deadline=None, derandomize=True, database=None)
@hypothesis.given(
    function=st.sampled_from([softmax_attention, kernel_products, gradient, nearest, descent]),
    lengths=st.tuples(LENGTHS, LENGTHS),
    columns=st.sampled_from([1, 3, 7]),
    divisor=st.integers(2, 20),
)
def test_any_length_runs_or_is_refused_with_a_limit_that_works(function, lengths, columns, divisor):
    arguments = real(lengths[0], columns), real(lengths[1], columns, seed=1)
    limit = limit_for(function, arguments, divisor)
    try:
        plan = memarray.plan(function, *arguments, memory_limit=limit)
    except memarray.MemoryLimitError as error:
        limit = error.smallest_limit_bytes
        plan = memarray.plan(function, *arguments, memory_limit=limit)
    assert plan.peak_bytes <= limit
    expected = memarray.wrap(function, memory_limit=PLENTY)(*arguments)
    assert_equal(memarray.wrap(function, memory_limit=limit)(*arguments), expected, 1e-4)
