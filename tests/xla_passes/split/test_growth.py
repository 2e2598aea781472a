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


def count_that_agree(function, name, x, growths):
    """Loops over each axis of what the first operation of that name makes, of every length, each in a copy: they compute the same."""
    module = record(function, spec(x.shape, x.dtype))
    run_passes(module, passes_before_splitting("exact"))
    expected = evaluate(clone(module), x)
    built = 0
    for growth in growths:
        for axis in range(x.ndim):
            for length in range(1, x.shape[axis]):
                copy = clone(module)
                graph = snapshot(main_block(copy))
                target = next(node.results[0] for node in graph.nodes if node.name == name)
                region = grow(graph, Axes(graph), target, axis, growth)
                if region is None or not region.shortest <= length < region.units:
                    continue
                emit(Choice(graph, LoopNest(region, length), 0))
                copy.operation.verify()
                assert_same_bits(evaluate(copy, x), expected)
                built += 1
    return built


def test_what_a_carry_starts_from_is_there_before_the_loop():
    x = np.array([3, -1, 7, 2], np.int32)
    growths = [Growth(large_bytes, recomputes_whole) for large_bytes in (1, 8, 100) for recomputes_whole in (False, True)]
    assert count_that_agree(starts_from_its_own_rows, "stablehlo.subtract", x, growths)


@pytest.mark.parametrize("first", [0, 1, 2])
def test_a_loop_that_sums_up_a_part_of_what_it_captures(first):
    """Where rows are left out, the pieces are not all of what is summed: the loop is not cut along them, or rightly."""

    def function(x):
        rows = x * x
        return lax.fori_loop(0, 3, lambda _, total: total + (rows[first:] * jnp.arange(1, 5 - first)[:, None]).sum(), 0)

    x = np.arange(8, dtype=np.int32).reshape(4, 2)
    assert count_that_agree(function, "stablehlo.multiply", x, [Growth(large_bytes) for large_bytes in (1, 8, 16)])
