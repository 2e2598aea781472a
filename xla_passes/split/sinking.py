"""Compute a large value inside of the program's own loop or branch that reads it, rather than hold it through all of the trips.

`K = kernel(x); fori_loop(0, n, lambda i, v: K @ v / norm, v)` keeps all of K for as long as the loop runs. With K computed in the body,
the body can be split like any other block. It costs a computation a trip, so it is done where no loop helps.
"""

from collections.abc import Collection
from dataclasses import dataclass

from jaxlib.mlir import ir

from xla_passes.analysis.graph import Graph, Node
from xla_passes.analysis.liveness import CONTROL_FLOW
from xla_passes.module import context, source_line, walk
from xla_passes.patterns import has_side_effects, is_used
from xla_passes.plan import Rewrite
from xla_passes.split.pieces import rewire

NAME = "recompute-inside"


@dataclass(frozen=True)
class Sinking:
    """A captured value, the control flow that captures it, and the operations to repeat in there, in order."""

    graph: Graph
    value: int
    user: int
    nodes: tuple[int, ...]
    overflow_bytes: int | None = None  # of the outermost block as it is now, summed over its steps


def find_sinking(graph: Graph, targets: Collection[int], large_bytes: int) -> Sinking | None:
    """A large value that control flow captures, that comes from one of the targets, and that can be computed from what is small."""
    for node in graph.nodes:
        for value in node.captures if node.name in CONTROL_FLOW else ():
            is_large = graph.owner[value] >= 0 and graph.bytes[value] >= large_bytes
            if not is_large or value in node.operands or _is_in_condition(graph, node, value):
                continue
            nodes = _repeated(graph, value, large_bytes)
            if any(result in targets for index in nodes for result in graph.nodes[index].results):
                return Sinking(graph, value, node.index, nodes)
    return None


def _is_in_condition(graph: Graph, node: Node, value: int) -> bool:
    """A loop's condition is computed before every trip, where the value would have to be there as well."""
    return node.name == "stablehlo.while" and _reads(node.op.regions[0].blocks[0], graph.values[value])


def _reads(block: ir.Block, value: ir.Value) -> bool:
    return any(value in op.operands for op in walk(block))


def _repeated(graph: Graph, value: int, large_bytes: int) -> tuple[int, ...]:
    """The operations from which the value comes, as far back as their results are large; none if one of them cannot be repeated."""
    found: set[int] = set()
    pending = [value]
    while pending:
        node = graph.nodes[graph.owner[pending.pop()]]
        if node.index in found:
            continue
        if node.name in (*CONTROL_FLOW, "stablehlo.rng") or has_side_effects(node.op):
            return ()
        found.add(node.index)
        pending += [each for each in node.reads if graph.owner[each] >= 0 and graph.bytes[each] >= large_bytes]
    return tuple(sorted(found))


def sink(sinking: Sinking) -> Rewrite:
    """Repeat the operations at the start of each region that reads the value."""
    graph = sinking.graph
    made, op = graph.values[sinking.value], graph.nodes[sinking.user].op
    done = Rewrite(NAME, source_line(graph.nodes[graph.owner[sinking.value]].op), is_exact=True)
    for region in op.regions:
        block = region.blocks[0]
        if not _reads(block, made):
            continue
        known: dict[ir.Value, ir.Value] = {}
        with context(), ir.InsertionPoint.at_block_begin(block):
            for index in sinking.nodes:
                original = graph.nodes[index].op
                copy = original.clone(ir.InsertionPoint.current)
                rewire(copy, known)
                known.update(zip(original.results, copy.results, strict=True))
        copies = set(known.values())
        for view in block.operations:
            if not copies.intersection(view.operation.results):
                rewire(view.operation, {made: known[made]})
    for index in reversed(sinking.nodes):
        original = graph.nodes[index].op
        if not any(is_used(result) for result in original.results):
            original.erase()
    return done
