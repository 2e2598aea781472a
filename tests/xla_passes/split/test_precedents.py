"""What was planned once is planned again where the program looks the same."""

import jax
import jax.numpy as jnp
import numpy as np

from tests.helpers import record, run, spec
from xla_passes.analysis.graph import snapshot
from xla_passes.analysis.liveness import graph_liveness
from xla_passes.module import main_block
from xla_passes.pipeline import build_loops, passes_before_splitting, run_passes
from xla_passes.split.courses import Turn
from xla_passes.split.growth import Growth
from xla_passes.split.planner import Planner
from xla_passes.split.precedents import Precedents


def layers(count):
    def stack(x, *weights):
        for each in weights:
            x = x + jax.nn.softmax((x @ each) @ x.T, axis=1) @ x
        return x

    module = record(stack, spec((256, 16)), *(spec((16, 16)) for _ in range(count)))
    run_passes(module, passes_before_splitting("all"))
    return module


def exponentials(graph):
    return [node.results[0] for node in graph.nodes if node.name == "stablehlo.exponential"]


def test_a_value_is_known_by_what_is_around_it():
    module = layers(5)
    graph = snapshot(main_block(module))
    first, *inner, last = exponentials(graph)
    precedents = Precedents()
    turns = (Turn(inner[0], 0, Growth(1), 7), Turn(inner[0], 0, Growth(1), 9))
    precedents.note(graph, 1000, turns)
    again = precedents.find(graph, [inner[1]], 1000)
    assert [(turn.target, turn.length) for turn in again] == [(inner[1], 7), (inner[1], 9)]
    assert precedents.find(graph, [inner[1]], 999) == (), "another budget"
    other = next(node.results[0] for node in graph.nodes if node.name == "stablehlo.dot_general")
    assert precedents.find(graph, [other], 1000) == ()
    assert precedents.find(graph, [other, inner[0]], 1000) == turns
    assert {first, last}.isdisjoint(turn.target for turn in again)


def test_layers_are_not_searched_one_by_one(monkeypatch):
    searched = []
    best = Planner._best
    monkeypatch.setattr(Planner, "_best", lambda self, *args: searched.append(1) or best(self, *args))
    module = layers(12)
    budget = graph_liveness(snapshot(main_block(module))).peak_bytes // 4
    loops, _ = build_loops(module, Planner(budget))
    assert graph_liveness(snapshot(main_block(module))).peak_bytes <= budget
    assert len(loops) >= 12
    assert len(searched) <= len(loops) // 2


def test_what_is_planned_by_precedent_computes_the_same():
    module = layers(6)
    inner = jnp.ones((16, 16)) / 100
    x = jnp.linspace(-1, 1, 256 * 16).reshape(256, 16)
    expected = run(layers(6), x, *[inner] * 6)
    build_loops(module, Planner(100_000))
    for one, other in zip(run(module, x, *[inner] * 6), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
