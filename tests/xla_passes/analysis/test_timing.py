"""Estimated times of whole programs: loops count by their trips, and more of anything is never faster."""

import jax
import jax.numpy as jnp
import pytest
from jax import lax

from tests.helpers import record, spec
from xla_passes.analysis.cost import Machine
from xla_passes.analysis.timing import UNKNOWN_TRIPS, block_seconds, trip_count
from xla_passes.module import main_block, walk
from xla_passes.pipeline import passes_before_splitting, run_passes


def canonical(function, *shapes):
    module = record(function, *(spec(shape) for shape in shapes))
    run_passes(module, passes_before_splitting("all"))
    return module


def seconds(function, *shapes):
    module = canonical(function, *shapes)  # its block goes when it goes
    return block_seconds(main_block(module), Machine())


def trips_of(module):
    return trip_count(next(op for op in walk(main_block(module)) if op.name == "stablehlo.while"))


@pytest.mark.parametrize(("start", "end", "trips"), [(0, 7, 7), (3, 7, 4)])
def test_trips_of_a_counted_loop(start, end, trips):
    module = canonical(lambda x: lax.while_loop(lambda c: c[0] < end, lambda c: (c[0] + 1, jnp.sin(c[1])), (start, x)), (5,))
    assert trips_of(module) == trips


def test_trips_in_larger_steps():
    module = canonical(lambda x: lax.while_loop(lambda c: c[0] < 20, lambda c: (c[0] + 6, jnp.sin(c[1])), (0, x)), (5,))
    assert trips_of(module) == 4


@pytest.mark.parametrize(
    "loop",
    [
        lambda x: lax.while_loop(lambda c: c[1].sum() < 20, lambda c: (c[0] + 1, c[1] * 2), (0, x)),
        lambda x: lax.while_loop(lambda c: c[0] < 20, lambda c: (c[0] * 2 + 1, c[1] * 2), (0, x)),
        lambda x: lax.while_loop(lambda c: c[0] <= 20, lambda c: (c[0] + 1, c[1] * 2), (0, x)),
    ],
    ids=["data", "another step", "another comparison"],
)
def test_trips_that_are_not_counted(loop):
    assert trips_of(canonical(loop, (5,))) == UNKNOWN_TRIPS


def test_a_loop_takes_as_long_as_its_trips():
    def repeated(trips):
        return lambda x: lax.fori_loop(0, trips, lambda _, v: jnp.tanh(v @ v), x)

    few, some, many = (seconds(repeated(trips), (64, 64)) for trips in (2, 20, 200))
    assert many - few == pytest.approx(11 * (some - few))


@pytest.mark.parametrize(
    "function", [lambda x: x @ x.T, lambda x: jnp.sort(x, 1), jax.nn.softmax, lambda x: lax.top_k(x, 3), lambda x: x[::2] + 1]
)
def test_more_rows_take_longer(function):
    assert seconds(function, (4096, 256)) > seconds(function, (1024, 256)) > 0


def test_a_slice_is_all_that_is_read_of_a_captured_value():
    def sliced(x):
        return lax.fori_loop(0, 100, lambda i, v: v + lax.dynamic_slice_in_dim(x, i, 1)[0], jnp.zeros(64))

    def whole(x):
        return lax.fori_loop(0, 100, lambda i, v: v + i * x.sum(0), jnp.zeros(64))

    assert seconds(sliced, (100_000, 64)) < seconds(whole, (100_000, 64)) / 10
