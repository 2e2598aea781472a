"""Elements of rows by their places, in range and out of it: the same bits."""

import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import assert_same_bits, evaluate, random_array, record
from xla_passes.canonicalise import canonicalise_passes
from xla_passes.module import clone


def batched(module):
    module = clone(module)
    for each in canonicalise_passes():
        each.run(module)
        module.operation.verify()
    return module


@pytest.mark.parametrize("mode", ["clip", "promise_in_bounds"])
def test_counting_through_dimensions(mode):
    def fn(x, i):
        rows, planes = jnp.arange(4), jnp.arange(3)
        places = (planes[:, None], rows, i), (planes[:, None], i, rows), (i, i, rows)
        return tuple(x.at[each].get(mode=mode, wrap_negative_indices=False) for each in places)

    x, i = random_array((3, 4, 4)), np.random.default_rng(0).integers(0, 3, (3, 4))
    module = record(fn, x, i.astype(np.int32))
    short = batched(module)
    assert str(short).count("operand_batching_dims") >= 2
    assert_same_bits(evaluate(short, x, i.astype(np.int32)), evaluate(module, x, i.astype(np.int32)))


def test_out_of_range():
    def fn(x, i):
        return x.at[jnp.arange(4)[:, None], i].get(mode="clip", wrap_negative_indices=False)

    x, i = random_array((4, 5)), np.array([[-9, 2], [7, 4], [5, -1], [0, 99]], np.int32)
    module = record(fn, x, i)
    short = batched(module)
    assert "operand_batching_dims" in str(short)
    assert_same_bits(evaluate(short, x, i), evaluate(module, x, i))
