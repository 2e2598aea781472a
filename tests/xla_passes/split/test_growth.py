"""What a region may not read: values that only exist after its loop."""

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.helpers import assert_same_bits, evaluate, record, spec
from xla_passes.analysis.graph import snapshot
from xla_passes.module import clone, main_block
from xla_passes.pipeline import passes_before_splitting, run_passes
from xla_passes.split.axes import Axes
from xla_passes.split.candidates import LoopNest
from xla_passes.split.courses import Choice
from xla_passes.split.growth import Growth, grow
from xla_passes.split.loops import emit


def starts_from_its_own_rows(x):
    """The loop starts from a row of what it reads, which the region's loop writes."""
    rows = x - x.sum()
    last = lax.fori_loop(0, 4, lambda i, _: rows[i], rows[0])
    return lax.fori_loop(0, 4, lambda i, top: jnp.maximum(top, rows[i]) - last, last), rows


@pytest.mark.parametrize("recomputes_whole", [False, True])
@pytest.mark.parametrize("large_bytes", [1, 8, 100])
def test_what_a_carry_starts_from_is_there_before_the_loop(large_bytes, recomputes_whole):
    module = record(starts_from_its_own_rows, spec((4,), np.int32))
    run_passes(module, passes_before_splitting("exact"))
    x = np.array([3, -1, 7, 2], np.int32)
    expected = evaluate(clone(module), x)
    graph = snapshot(main_block(module))
    target = next(node.results[0] for node in graph.nodes if node.name == "stablehlo.subtract")
    region = grow(graph, Axes(graph), target, 0, Growth(large_bytes, recomputes_whole))
    if region is None:
        return
    emit(Choice(graph, LoopNest(region, 2), 0))
    module.operation.verify()
    assert_same_bits(evaluate(module, x), expected)


@pytest.mark.parametrize("first", [0, 1, 2])
def test_a_loop_that_sums_up_a_part_of_what_it_captures(first):
    """Where rows are left out, the pieces are not all of what is summed: the loop is not cut along them, or rightly."""

    def function(x):
        rows = x * x
        return lax.fori_loop(0, 3, lambda _, total: total + (rows[first:] * jnp.arange(1, 5 - first)[:, None]).sum(), 0)

    module = record(function, spec((4, 2), np.int32))
    run_passes(module, passes_before_splitting("exact"))
    x = np.arange(8, dtype=np.int32).reshape(4, 2)
    expected = evaluate(clone(module), x)
    for large_bytes in (1, 8, 16):
        for axis in (0, 1):
            copy = clone(module)
            graph = snapshot(main_block(copy))
            target = next(node.results[0] for node in graph.nodes if node.name == "stablehlo.multiply")
            region = grow(graph, Axes(graph), target, axis, Growth(large_bytes))
            for length in range(region.shortest, region.units) if region else ():
                fresh = clone(module)
                block = snapshot(main_block(fresh))
                emit(Choice(block, LoopNest(grow(block, Axes(block), target, axis, Growth(large_bytes)), length), 0))
                fresh.operation.verify()
                assert_same_bits(evaluate(fresh, x), expected)
