"""Choose the next loop of a block: find its peak, grow regions from the values live there, and take the cheapest that fits.

The planner changes nothing; `LoopNest`s are its result, and `loops.emit` builds them.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from jaxlib.mlir import ir

from xla_passes.analysis.cost import Machine
from xla_passes.analysis.graph import Graph, snapshot
from xla_passes.analysis.liveness import CONTROL_FLOW, Item, Liveness, graph_liveness, inner_bytes
from xla_passes.module import source_line
from xla_passes.plan import Blocked
from xla_passes.split.axes import Axes
from xla_passes.split.candidates import Candidate, LoopNest, weigh
from xla_passes.split.factors import Kind
from xla_passes.split.growth import Growth, grow
from xla_passes.split.region import Region
from xla_passes.split.tiles import Tile

TARGETS = 4  # values at the peak that are tried
# Time that a byte over the budget is worth: enough that a loop which leaves less over wins before a faster one that leaves more.
SECONDS_PER_BYTE_OVER = 1e-8
WORTH_TELLING = 8  # values that take less than this part of the budget are not reported as blocked
TINY_LENGTH = 32  # pieces shorter than this are a reason to look at two loops at once


@dataclass(frozen=True)
class Choice:
    """A loop to build, in the block that its graph is a snapshot of; `depth` counts the loops around it."""

    graph: Graph
    nest: LoopNest
    depth: int
    overflow_bytes: int = 0  # of the outermost block as it is now, summed over its steps


@dataclass
class Planner:
    """Plans against one budget of temporaries; remembers what it found blocked."""

    budget_bytes: int
    fuses: bool = True
    machine: Machine = field(default_factory=Machine)
    blocked: list[Blocked] = field(default_factory=list)

    def next_loop(self, block: ir.Block, budget_bytes: int | None = None, depth: int = 0) -> Choice | None:
        """The next loop that brings the block nearer to the budget, or None: it fits by the estimate, or nothing helps."""
        budget = self.budget_bytes if budget_bytes is None else budget_bytes
        graph = snapshot(block)
        live = graph_liveness(graph, fuses=self.fuses)
        if live.peak_bytes <= budget:
            return None
        choice = self._inside(graph, live, budget, depth) or self._here(graph, live, budget, depth)
        return replace(choice, overflow_bytes=live.overflow_bytes(budget)) if choice else None

    def _inside(self, graph: Graph, live: Liveness, budget: int, depth: int) -> Choice | None:
        """Split the body of a loop or branch that is too large by itself."""
        node = graph.nodes[live.items[live.peak_at].node]
        if node.name not in CONTROL_FLOW:
            return None
        around = live.peak_bytes - inner_bytes(node, self.fuses)
        for region in node.op.regions:
            choice = self.next_loop(region.blocks[0], max(0, budget - around), depth + (node.name == "stablehlo.while"))
            if choice:
                return choice
        return None

    def _here(self, graph: Graph, live: Liveness, budget: int, depth: int) -> Choice | None:
        """The best loop over an axis of a value that is live at the peak."""
        axes = Axes(graph)
        over = live.overflow_bytes(budget)
        best: Candidate | None = None
        seen: dict[Region, Candidate | None] = {}
        for target in _targets(graph, live):
            found = self._best_for(graph, live.items, axes, target, budget, seen)
            if found and found.overflow_bytes < over:
                best = found if best is None else min(best, found, key=_rank)
            elif graph.bytes[target] * WORTH_TELLING >= budget:
                self._note_blocked(graph, axes, target)
        if best is None or best.over_inside_bytes or best.nest.length < TINY_LENGTH:
            tiled = [tile.best() for target in _targets(graph, live)[:1] for tile in self._tiles(graph, live.items, axes, target, budget)]
            best = min((each for each in (best, *tiled) if each and each.overflow_bytes < over), key=_rank, default=None)
        return Choice(graph, best.nest, depth) if best else None

    def _tiles(self, graph: Graph, items: Sequence[Item], axes: Axes, target: int, budget: int) -> Iterator[Tile]:
        """Each pair of axes of a value, for an outer loop over one and a loop in its body over the other."""
        reach = Growth(self._growths(graph, target, budget)[0].large_bytes, recomputes_whole=True)
        shape = graph.shapes[target]
        regions = [grow(graph, axes, target, axis, reach) if size > 1 else None for axis, size in enumerate(shape)]
        weighed = [weigh(graph, items, region, budget, fuses=self.fuses, machine=self.machine) for region in regions if region]
        for outer, inner in itertools.permutations(weighed, 2):
            yield Tile(outer, inner)

    def _best_for(
        self, graph: Graph, items: Sequence[Item], axes: Axes, target: int, budget: int, seen: dict[Region, Candidate | None]
    ) -> Candidate | None:
        """The best loop over any axis of a value; regions that were weighed for another value are not weighed again."""
        candidates = []
        for axis, size in enumerate(graph.shapes[target]):
            if size > 1:
                for growth in self._growths(graph, target, budget):
                    region = grow(graph, axes, target, axis, growth)
                    if region and region not in seen:
                        seen[region] = self._best_length(graph, items, region, budget)
                    if region and (candidate := seen[region]):
                        candidates.append(candidate)
        return min(candidates, key=_rank, default=None)

    def _growths(self, graph: Graph, target: int, budget: int) -> list[Growth]:
        """How far regions may reach, from "all but small values" to "the target alone"."""
        size = graph.bytes[target]
        limits = sorted({max(1, min(budget // 4, size)), max(1, min(budget // 32, size)), size})
        return [Growth(limit) for limit in limits] + [Growth(limits[0], recomputes_whole=True)]

    def _best_length(self, graph: Graph, items: Sequence[Item], region: Region, budget: int) -> Candidate | None:
        """The cheapest piece length that fits. Where none does, the body will be split in turn: the cheapest of the nearly smallest."""
        weighed = weigh(graph, items, region, budget, fuses=self.fuses, machine=self.machine)
        candidates = [weighed.candidate(length) for length in piece_lengths(region)]
        least = min((candidate.over_inside_bytes for candidate in candidates), default=0)
        near = [candidate for candidate in candidates if candidate.over_inside_bytes <= least + (budget // 4 if least else 0)]
        return min(near, key=lambda candidate: candidate.seconds, default=None)

    def _note_blocked(self, graph: Graph, axes: Axes, target: int) -> None:
        node = graph.nodes[graph.owner[target]]
        shape = graph.shapes[target]
        reasons: dict[str, list[str]] = {}
        for dim, size in enumerate(shape):
            if size > 1:
                reasons.setdefault(axes.why_blocked(target, dim), []).append(str(dim))
        told = [f"{'axes' if len(dims) > 1 else 'axis'} {', '.join(dims)}: {reason}" for reason, dims in reasons.items()]
        reason = "; ".join(told) or "it has a single element along every axis"
        note = Blocked(node.name, source_line(node.op), shape, graph.bytes[target], reason)
        if note not in self.blocked:
            self.blocked.append(note)


def _rank(candidate: Candidate) -> tuple[bool, float, float]:
    """What fits before what does not; then by time, with a price on every byte that is still over."""
    price = candidate.overflow_bytes * SECONDS_PER_BYTE_OVER
    if candidate.over_inside_bytes:
        return True, candidate.over_inside_bytes + candidate.overflow_bytes, candidate.seconds
    return False, candidate.seconds + price, candidate.peak_bytes


def _targets(graph: Graph, live: Liveness) -> list[int]:
    """The largest values live at the peak that an operation of this block computes, and what is made there."""
    found = [value for value in live.live_values if graph.owner[value] >= 0 and graph.shapes[value]]
    return found[:TARGETS]


def piece_lengths(region: Region) -> list[int]:
    """Lengths worth weighing, longest first: about three to an octave, those that divide the axis preferred, down to one unit."""
    lengths: dict[int, None] = {}
    length = (region.units + 1) // 2
    while length >= region.shortest:
        lengths[even_length(region, length)] = None
        length = min(length - 1, int(length / 1.26))
    return list(lengths)


def even_length(region: Region, length: int) -> int:
    """A length near and not above `length` that leaves no remainder, or as small a one as may be."""
    for shorter in range(length, max(region.shortest, length * 7 // 8) - 1, -1):
        if region.units % shorter == 0:
            return shorter
    pieces = -(-region.units // length)
    return max(region.shortest, -(-region.units // pieces))


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
