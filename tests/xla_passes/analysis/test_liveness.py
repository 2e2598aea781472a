"""The estimate of temporaries against an independent derivation, against bounds, and against the compiler's own report."""

import functools

import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import compile_module, random_array
from tests.xla_passes.split.programs import PROGRAMS
from tests.xla_passes.split.splitting import Place, canonical, places, split, value_at
from xla_passes.analysis.cost import Machine
from xla_passes.analysis.graph import snapshot
from xla_passes.analysis.inside import Inside
from xla_passes.analysis.liveness import CONTROL_FLOW, FUSES_IN_PLACE, IN_PLACE, READERS, graph_items, graph_liveness
from xla_passes.module import clone, main_block, parse, shape_of
from xla_passes.split.candidates import weigh
from xla_passes.split.forced import forced_loop
from xla_passes.split.loops import emit

OPTIONS = {
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT",
    "xla_disable_hlo_passes": "tree_reduction_rewriter",
}
NEVER_WRITTEN = {"stablehlo.iota", "stablehlo.constant", "stablehlo.broadcast_in_dim", "stablehlo.reshape"}


class BruteForce:
    """Live sets from reachability, value by value and step by step, where nothing else is fused."""

    def __init__(self, graph):
        self.graph = graph
        self.readers = [[node for node in graph.nodes if value in node.reads] for value in range(len(graph.values))]
        self.computed = [value for value, owner in enumerate(graph.owner) if owner >= 0]
        self.written = {value for value in self.computed if self._is_written(value)}
        self.last = {value: max(self._needed_at(value), default=None) for value in self.computed}
        self.free = {value for value in self.written if self._becomes_output(value)}

    def _is_written(self, value):
        readers, node = self.readers[value], self.graph.nodes[self.graph.owner[value]]
        return value in self.graph.outputs or not readers or node.name not in NEVER_WRITTEN or any(r.name not in READERS for r in readers)

    def _needed_at(self, value):
        """Steps that need the value: its readers, or those of what is computed from it on the way into them."""
        for reader in self.readers[value]:
            yield reader.index
            if reader.results and not self.written.intersection(reader.results):
                for result in reader.results:
                    yield from self._needed_at(result)

    def _becomes_output(self, value):
        """An output, or what is written over until it is one."""
        if value in self.graph.outputs:
            return True
        for reader in self.readers[value]:
            if (
                reader.name in ("stablehlo.while", "stablehlo.dynamic_update_slice", "stablehlo.reshape", "stablehlo.sort")
                and self.last[value] == reader.index
            ):
                pairs = zip(reader.reads, reader.results, strict=False)
                if any(read == value and result in self.written and self._becomes_output(result) for read, result in pairs):
                    return True
            if reader.name in FUSES_IN_PLACE and self._becomes_output(reader.results[0]):
                size = self.graph.bytes[reader.results[0]]
                dying = [read for read in reader.reads if self.last.get(read) == reader.index and self.graph.bytes[read] == size]
                if dying[:1] == [value]:
                    return True
        return False

    def live_at(self, step):
        """Values in memory once the step's results are there, and before what dies in it is gone."""
        temporaries = self.written - self.free
        return {v for v in temporaries if self.graph.owner[v] <= step <= (self.graph.owner[v] if self.last[v] is None else self.last[v])}


@functools.cache
def straight_lines():
    """The canonical modules of the programs without control flow, whose bodies would be graphs of their own."""
    modules = {name: canonical(item.function, *item.arguments, x64=item.x64) for name, item in PROGRAMS.items()}
    return {
        name: module
        for name, module in modules.items()
        if not any(op.operation.name in CONTROL_FLOW for op in main_block(module).operations)
    }


def test_agrees_with_brute_force_where_nothing_is_fused():
    """What the estimate has on top of the live set is what a result does not take, being written over an operand that dies."""
    for name, module in straight_lines().items():
        graph = snapshot(main_block(module))
        live = graph_liveness(graph, fuses=False)
        brute = BruteForce(graph)
        assert live.materialised == brute.written, name
        for step, (node, now) in enumerate(zip(graph.nodes, live.live_bytes, strict=True)):
            whole = sum(graph.bytes[value] for value in brute.live_at(step))
            made = sum(graph.bytes[value] for value in node.results if value in brute.written - brute.free)
            assert whole - made <= now <= whole, f"{name}: step {step}, {node.name}"
            if node.name not in IN_PLACE:
                assert now == whole, f"{name}: step {step}, {node.name}"
        assert set(live.live_values) == brute.live_at(live.peak_at), name


@pytest.mark.parametrize("fuses", [True, False])
def test_bounds(fuses):
    """At least the largest temporary, at most all of them; fusing never takes more."""
    for name, module in straight_lines().items():
        graph = snapshot(main_block(module))
        live = graph_liveness(graph, fuses=fuses)
        kept = [value for value in live.materialised if value not in graph.outputs]
        assert live.peak_bytes <= sum(graph.bytes[value] for value in kept), name
        assert live.peak_bytes == max(live.live_bytes)
        assert live.peak_bytes >= max((graph.bytes[value] for value in live.live_values), default=0), name
        assert live.peak_bytes <= graph_liveness(graph, fuses=False).peak_bytes, name


def test_overflow_adds_up_what_is_over():
    module = canonical(lambda a, b: jnp.sort(a @ b, 0) @ b.T, random_array((40, 5)), random_array((5, 50)))
    live = graph_liveness(snapshot(main_block(module)))
    assert live.overflow_bytes(live.peak_bytes) == 0
    assert live.overflow_bytes(0) == sum(live.live_bytes)
    assert live.overflow_bytes(live.peak_bytes - 8) >= 8


def chain(a, b):
    return jnp.sort(jnp.sort(a @ b, 0) @ b.T, 1)


def joined(a, b):
    k = a @ b
    return jnp.concatenate([k, jnp.sort(k, 0)]) @ b.T


def gathered(a, b):
    return (a @ b)[jnp.argsort(a[:, 0])].max(0)


def fused(a, b):
    return jnp.exp(-((a[:, None] - b.T[None]) ** 2)).sum((1, 2))


def kept_for_two(a, b):
    k = jnp.exp(a @ b)
    return k @ b.T, k.sum(0)


@pytest.mark.parametrize("function", [chain, joined, gathered, fused, kept_for_two])
def test_near_the_compilers_report(function):
    arguments = random_array((300, 16)), random_array((16, 500))
    module = canonical(function, *arguments)
    reported = compile_module(module, OPTIONS).memory_analysis().temp_size_in_bytes
    assert graph_liveness(snapshot(main_block(module))).peak_bytes == pytest.approx(reported, rel=0.02, abs=4096)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_loop_takes_what_its_body_takes(axis):
    """Split in ten, the estimate of the emitted loop falls to a tenth and stays near the report."""
    arguments = random_array((300, 16)), random_array((16, 500))
    module = canonical(lambda a, b: jnp.tanh(a @ b).max(axis), *arguments)
    before = graph_liveness(snapshot(main_block(module))).peak_bytes
    splits, _ = split(module, (_product_place(module, 1 - axis), 10))
    after = graph_liveness(snapshot(main_block(splits))).peak_bytes
    reported = compile_module(splits, OPTIONS).memory_analysis().temp_size_in_bytes
    assert before == 4 * 300 * 500
    assert after == pytest.approx(before / 10, abs=4096)
    assert after == pytest.approx(reported, rel=0.05, abs=4096)


def _product_place(module, axis):
    names = [op.operation.name for op in main_block(module).operations]
    return Place(names.index("stablehlo.dot_general"), 0, axis)


def sorted_twice(a, b):
    return jnp.tanh(jnp.sort(a @ b, 0) @ b.T @ a[:16])


def centred_product(a, b):
    k = jnp.sort(a @ b, 0)
    return (k - k.sum(0)) @ k.T


@pytest.mark.parametrize("function", [chain, kept_for_two, sorted_twice, centred_product])
@pytest.mark.parametrize("fuses", [True, False])
def test_candidates_promise_what_the_emitted_loop_takes(function, fuses):
    """The planner's estimate of a loop that is not there yet, against the estimate of the block once it is."""
    module = canonical(function, random_array((301, 16)), random_array((16, 499)))
    compared = 0
    for place in places(module, shortest=100):
        copy = clone(module)
        try:
            choice = forced_loop(main_block(copy), value_at(copy, place), place.axis, 8)
        except ValueError:
            continue
        items = graph_items(choice.graph, fuses)
        weighed = weigh(choice.graph, items, choice.nest.region, 0, inside=Inside(fuses), machine=Machine())
        promised = weighed.candidate(choice.nest.length).peak_bytes
        emit(choice)
        taken = graph_liveness(snapshot(main_block(copy)), fuses=fuses).peak_bytes
        assert promised == pytest.approx(taken, rel=0.02, abs=4096), f"{place}"
        compared += 1
    assert compared >= 2


def test_sub_byte_free_empty_and_token_values():
    """Empty tensors, booleans and values that hold no data."""
    module = parse("""func.func public @main(%x: tensor<0x4xf32>, %y: tensor<8x4xf32>) -> (tensor<0x4xf32>, tensor<8xi1>) {
      %token = stablehlo.create_token : !stablehlo.token
      %e = stablehlo.negate %x : tensor<0x4xf32>
      %s = "stablehlo.sort"(%y) <{dimension = 0 : i64, is_stable = true}> ({
      ^bb0(%a: tensor<f32>, %b: tensor<f32>):
        %c = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
        stablehlo.return %c : tensor<i1>
      }) : (tensor<8x4xf32>) -> tensor<8x4xf32>
      %z = stablehlo.compare LT, %s, %y : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xi1>
      %t = "stablehlo.sort"(%z) <{dimension = 0 : i64, is_stable = true}> ({
      ^bb0(%a: tensor<i1>, %b: tensor<i1>):
        stablehlo.return %a : tensor<i1>
      }) : (tensor<8x4xi1>) -> tensor<8x4xi1>
      %zero = stablehlo.constant dense<false> : tensor<i1>
      %any = stablehlo.reduce(%t init: %zero) applies stablehlo.or across dimensions = [1] : (tensor<8x4xi1>, tensor<i1>) -> tensor<8xi1>
      return %e, %any : tensor<0x4xf32>, tensor<8xi1>
    }""")
    graph = snapshot(main_block(module))
    live = graph_liveness(graph)
    sizes = {shape_of(value): size for value, size in zip(graph.values, graph.bytes, strict=True) if hasattr(value.type, "shape")}
    assert sizes[0, 4] == 0
    assert live.peak_bytes == 128  # the sorted floats; the booleans are written over them
    assert np.isclose(sum(live.live_bytes), live.overflow_bytes(0))
