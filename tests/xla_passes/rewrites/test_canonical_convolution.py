"""Canonical convolutions compute what the ones in other orders did, and take XLA's fast path: every order, window, dtype and place."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from memarray._runtime import CPU_OPTIONS
from tests.helpers import assert_same_bits, compile_module, evaluate, op_names, random_array, record, run
from xla_passes.canonicalise.inline import InlineCalls
from xla_passes.module import clone, source_line, walk
from xla_passes.rewrites.canonical_convolution import CanonicalConvolution

ALWAYS = CanonicalConvolution(minimum_products=0, minimum_products_3d=0)
DTYPES = (np.float16, np.float32, jnp.bfloat16)
CHANNELS_FIRST = ("NCHW", "OIHW", "NCHW")


def whole_array(shape, dtype, seed):
    """Small whole numbers: their sums are equal to the bit in any order."""
    return np.random.default_rng(seed).integers(-2, 3, shape).astype(dtype)


def looped(function):
    """The sum of two calls, in the body of a loop."""

    def run_loop(x, k):
        total = jnp.zeros_like(function(x, k))
        return lax.fori_loop(0, 2, lambda i, total: total + function(x + i.astype(x.dtype), k), total)

    return run_loop


def inlined(function, *arguments):
    """The recorded module as the pass meets it: JAX calls the bodies of loops as functions."""
    module = record(function, *arguments)
    InlineCalls().run(module)
    return module


def rewritten(module, count=1, rewriter=ALWAYS):
    """A copy after the pass, which fired `count` times."""
    copy = clone(module)
    fired = rewriter.run(copy)
    copy.operation.verify()
    assert [(rewrite.name, rewrite.is_exact) for rewrite in fired] == [("canonical-convolution", False)] * count
    return copy


@settings(max_examples=15, deadline=None)
@given(data=st.data(), spatial=st.integers(1, 3), dtype=st.sampled_from(DTYPES), groups=st.integers(1, 2), seed=st.integers(0, 2**32 - 1))
def test_any_order_and_window_computes_the_same(data, spatial, dtype, groups, seed):
    def draw(low, high):
        return [data.draw(st.integers(low, high)) for _ in range(spatial)]

    orders = [tuple(data.draw(st.permutations(range(spatial + 2)))) for _ in range(3)]  # (batch, feature, spatial...)
    batch, channels, filters = (data.draw(st.integers(1, 3)) for _ in range(3))
    x_shape, k_shape = [0] * (spatial + 2), [0] * (spatial + 2)
    for dim, size in zip(orders[0], (batch, channels * groups, *draw(3, 6)), strict=True):
        x_shape[dim] = size
    for dim, size in zip(orders[1], (filters * groups, channels, *draw(1, 2)), strict=True):
        k_shape[dim] = size
    window = {
        "window_strides": draw(1, 2),
        "padding": list(zip(draw(-1, 2), draw(0, 2), strict=True)),
        "lhs_dilation": draw(1, 2),
        "rhs_dilation": draw(1, 2),
    }

    def convolved(x, k):
        return lax.conv_general_dilated(x, k, dimension_numbers=lax.ConvDimensionNumbers(*orders), feature_group_count=groups, **window)

    x, k = whole_array(x_shape, dtype, seed), whole_array(k_shape, dtype, seed + 1)
    module = inlined(looped(convolved), x, k)
    is_canonical = all(list(order) == sorted(order) for order in _canonical(orders))
    after = rewritten(module, 0 if is_canonical else 1)
    assert_same_bits(run(after, x, k), run(module, x, k))


def _canonical(orders):
    (b, f, *rows), (o, i, *places), (n, c, *lines) = orders
    return (b, *rows, f), (*places, i, o), (n, *lines, c)


def convolved(x, k, order=CHANNELS_FIRST):
    return lax.conv_general_dilated(x, k, (1, 1), "SAME", dimension_numbers=order)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_numbers_of_any_size_agree_up_to_rounding(dtype):
    x, k = random_array((2, 16, 9, 7), dtype), random_array((8, 16, 3, 3), dtype, seed=1)
    module = inlined(looped(convolved), x, k)
    (actual,), (expected,) = run(rewritten(module), x, k), run(module, x, k)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=32 * np.finfo(dtype).eps * np.abs(expected).max())


def test_agrees_with_the_reference_interpreter():
    x, k = whole_array((2, 3, 5, 4), np.float32, 0), whole_array((2, 3, 3, 3), np.float32, 1)
    module = inlined(looped(convolved), x, k)
    assert_same_bits(run(rewritten(module), x, k), evaluate(module, x, k))


def test_finds_loops_in_loops_and_branches_in_them():
    def function(x, k):
        def body(i, x):
            return lax.cond(i > 1, lambda: looped(convolved)(x, k), lambda: jnp.tanh(convolved(x, k)))

        return convolved(lax.fori_loop(0, 2, body, x), k)

    x, k = whole_array((2, 4, 5, 4), np.float32, 0), whole_array((4, 4, 3, 3), np.float32, 1)
    module = inlined(function, x, k)
    after = rewritten(module, 2)
    texts = [str(op) for op in walk(after.body) if op.name == "stablehlo.convolution"]
    assert sorted("[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]" in text for text in texts) == [False, True, True]


def test_the_new_operations_keep_the_source_line():
    x, k = whole_array((2, 4, 5, 4), np.float32, 0), whole_array((4, 4, 3, 3), np.float32, 1)
    after = rewritten(inlined(looped(convolved), x, k))
    lines = {source_line(op) for op in walk(after.body) if op.name in ("stablehlo.convolution", "stablehlo.transpose")}
    assert len(lines) == 1
    assert "test_canonical_convolution.py:" in lines.pop()


def test_the_padding_of_infinite_weights_is_as_outside_of_loops():
    x, k = np.ones((1, 8, 4, 4), np.float32), np.full((8, 8, 3, 3), np.inf, np.float32)
    module = inlined(looped(convolved), x, k)
    (outside,) = run(inlined(convolved, x, k), x, k)
    (inside,), (plain,) = run(rewritten(module), x, k), run(module, x, k)
    assert np.isnan(outside[:, :, 0]).all()  # the zeros beside the first row, times infinity
    np.testing.assert_array_equal(np.isnan(inside), np.isnan(outside))
    assert np.isposinf(plain).all()


@pytest.mark.parametrize(
    ("x", "k", "options"),
    [
        ((8, 32, 16, 16), (32, 1, 3, 3), {"feature_group_count": 32}),
        ((8, 1, 16, 16), (8, 1, 3, 3), {}),
        ((8, 32, 16, 16), (32, 32, 3, 3), {"batch_group_count": 2}),
        ((0, 32, 16, 16), (32, 32, 3, 3), {}),
    ],
)
def test_leaves_alone_what_is_no_faster(x, k, options):
    def function(x, k):
        return lax.conv_general_dilated(x, k, (1, 1), "SAME", dimension_numbers=CHANNELS_FIRST, **options)

    rewritten(
        inlined(looped(function), jax.ShapeDtypeStruct(x, np.float32), jax.ShapeDtypeStruct(k, np.float32)), 0, CanonicalConvolution()
    )


def test_the_compiled_loop_has_the_order_that_eigen_takes():
    x, k = jax.ShapeDtypeStruct((8, 32, 32, 32), np.float32), jax.ShapeDtypeStruct((32, 32, 3, 3), np.float32)
    module = inlined(looped(convolved), x, k)
    after = rewritten(module, rewriter=CanonicalConvolution())
    assert op_names(after).count("transpose") == 3
    assert "dim_labels=bf01_oi01->bf01" in compile_module(module, CPU_OPTIONS).as_text()
    assert "dim_labels=b01f_01io->b01f" in compile_module(after, CPU_OPTIONS).as_text()
