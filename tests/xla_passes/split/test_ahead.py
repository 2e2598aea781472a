"""What the planner decides by looking ahead: chains of loops, loops in loops, and computing a value inside of the loop that reads it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.helpers import random_array, record, run
from xla_passes.analysis.graph import snapshot
from xla_passes.analysis.liveness import graph_liveness
from xla_passes.module import main_block
from xla_passes.pipeline import build_loops, passes_before_splitting, run_passes
from xla_passes.split.planner import Planner


def planned(function, *arguments, budget):
    """The loops, what was recomputed inside, and the estimate of what is left; the numbers are those of the unsplit program."""
    module = record(function, *arguments)
    run_passes(module, passes_before_splitting("exact"))
    whole = run(module, *arguments)
    loops, rewrites = build_loops(module, Planner(budget))
    module.operation.verify()
    for part, expected in zip(run(module, *arguments), whole, strict=True):
        np.testing.assert_allclose(part, expected, rtol=2e-4, atol=2e-4 * float(np.abs(expected).max()))
    assert graph_liveness(snapshot(main_block(module))).peak_bytes <= budget
    return [(loop.axis, loop.kind, loop.depth) for loop in loops], [each.name for each in rewrites]


def test_a_softmax_along_one_long_row_takes_a_chain_of_loops():
    def attend(q, x):
        return jax.nn.softmax(q @ x.T, axis=1) @ x

    loops, _ = planned(attend, random_array((1, 4)), random_array((50_021, 4), seed=1), budget=50_000)
    assert loops == [(1, "reduction", 0)] * 3


def test_a_variance_takes_two():
    def spread(q, x):
        d = q @ x.T
        return ((d - d.mean(1, keepdims=True)) ** 2).sum(1)

    loops, _ = planned(spread, random_array((1, 4)), random_array((50_021, 4), seed=1), budget=50_000)
    assert loops == [(1, "reduction", 0)] * 2


def test_rows_that_are_too_long_by_themselves_get_loops_in_the_body():
    def statistics(q, x):
        d = q @ x.T
        return (jnp.exp(d - d.max(1, keepdims=True))).sum(1)

    loops, _ = planned(statistics, random_array((3, 4)), random_array((20_011, 4), seed=1), budget=30_000)
    assert {depth for _, _, depth in loops} <= {0, 1}
    assert all(kind != "parallel" or axis == 0 for axis, kind, _ in loops)
    assert len(loops) <= 3


def kernel(x, y):
    return jnp.exp(-((x[:, None] - y[None]) ** 2).sum(-1))


@pytest.mark.parametrize("is_centred", [False, True])
def test_a_matrix_that_a_loop_of_the_program_reads_is_computed_in_there(is_centred):
    def power(x):
        k = kernel(x, x)
        if is_centred:
            k = k - k.mean(0) - k.mean(1)[:, None]

        def step(_, v):
            w = k @ v
            return w / jnp.abs(w).max()

        return lax.fori_loop(0, 4, step, x[:, 0])

    loops, rewrites = planned(power, random_array((700, 3)), budget=300_000)
    assert rewrites == ["recompute-inside"]
    assert (0, "parallel", 1) in loops


def test_a_value_that_the_condition_reads_stays_outside():
    def settle(x):
        k = kernel(x, x)
        return lax.while_loop(lambda v: k.max() * v[0] > 0.1, lambda v: 0.5 * (k @ v) / len(x), jnp.ones(len(x)))

    module = record(settle, random_array((300, 3)))
    run_passes(module, passes_before_splitting("exact"))
    _, rewrites = build_loops(module, Planner(50_000))
    assert rewrites == ()
