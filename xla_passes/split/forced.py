"""Loops that somebody asks for: over one axis of one value, or over whatever splits. For tests, and for `split="always"`."""

from jaxlib.mlir import ir

from xla_passes.analysis.graph import Graph, snapshot
from xla_passes.split.axes import Axes
from xla_passes.split.candidates import LoopNest
from xla_passes.split.courses import Choice
from xla_passes.split.factors import Kind
from xla_passes.split.growth import Growth, grow
from xla_passes.split.region import Region


def forced_loop(block: ir.Block, value: ir.Value, axis: int, pieces: int) -> Choice:
    """The loop that a test asks for: this axis of this value, in so many pieces."""
    graph = snapshot(block)
    axes = Axes(graph)
    target = graph.number.get(value)
    if target is None or graph.owner[target] < 0:
        raise ValueError(f"{value.get_name()} is not computed in @main")
    rank = len(graph.shapes[target])
    if not 0 <= axis < rank or pieces < 1:
        raise ValueError(f"axis {axis} in {pieces} pieces: {value.get_name()} has {rank} axes, and there is at least one piece")
    region = _any_region(graph, axes, target, axis)
    if region is None:
        node = graph.nodes[graph.owner[target]]
        raise ValueError(f"axis {axis} of {value.get_name()} ({node.name}) cannot be split: {axes.why_blocked(target, axis)}")
    return Choice(graph, LoopNest(region, max(region.shortest, -(-region.units // pieces))), 0)


def largest_split(block: ir.Block) -> Choice | None:
    """The longest axis that splits of the largest value that has one, in three pieces (two where it is that short)."""
    graph = snapshot(block)
    axes = Axes(graph)
    made = [value for value, owner in enumerate(graph.owner) if owner >= 0]
    for target in sorted(made, key=lambda value: -graph.bytes[value]):
        shape = graph.shapes[target]
        for axis in sorted(range(len(shape)), key=lambda dim: -shape[dim]):
            region = _any_region(graph, axes, target, axis) if shape[axis] > 1 else None
            if region and region.units > region.shortest:
                return Choice(graph, LoopNest(region, max(region.shortest, -(-region.units // 3))), 0)
    return None


def _any_region(graph: Graph, axes: Axes, target: int, axis: int) -> Region | None:
    """The first region that grows, from far-reaching to narrow."""
    node = graph.nodes[graph.owner[target]]
    factor = axes.of_result(node, target, axis)
    if factor is None or factor.kind is Kind.BLOCKED:
        return None
    for large_bytes in (1 + graph.bytes[target] // 4, graph.bytes[target], graph.bytes[target] + 1):
        region = grow(graph, axes, target, axis, Growth(large_bytes))
        if region:
            return region
    return None
