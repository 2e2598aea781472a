"""One way to build one loop: a region, the length of its pieces, and what that does to memory and time, by the estimates."""

from collections.abc import Sequence
from dataclasses import dataclass

from xla_passes.analysis.cost import HALF_ROWS, Machine, compute_seconds
from xla_passes.analysis.graph import Graph
from xla_passes.analysis.inside import Inside
from xla_passes.analysis.liveness import CONTROL_FLOW, Item, Liveness, Schedule, overwritten, schedule
from xla_passes.split.axes import Label, units_in
from xla_passes.split.factors import Kind
from xla_passes.split.region import Region, dead_nodes
from xla_passes.split.scales import Around, loop_item, scales_of
from xla_passes.split.table import RULES

# A running top-k concatenates, selects and gathers at every trip.
MERGE_PASSES = 40
# The part of the budget that a loop may take where more than the budget is held around it as yet.
LATER_ROOM = 8


@dataclass(frozen=True)
class LoopNest:
    """A loop as data: what the emitter needs, and nothing of how it was chosen."""

    region: Region
    length: int  # units a piece

    @property
    def pieces(self) -> int:
        """The number of pieces, a shorter last one included."""
        return -(-self.region.units // self.length)


@dataclass(frozen=True)
class Candidate:
    """A loop nest with its estimates."""

    nest: LoopNest
    seconds: float
    overflow_bytes: int  # what is left over the budget, summed over the program's steps
    over_inside_bytes: int  # by how much the loop itself is over it
    peak_bytes: int


@dataclass(frozen=True)
class Body:
    """What the body of a region's loop does to one piece; `numbers` are its values."""

    graph: Graph
    region: Region
    schedule: Schedule
    numbers: dict[tuple[int, Label | None], int]
    inner: dict[int, int]  # what steps take inside, unsplit, by the number of the step: numbered as the value -1 - step
    inside: Inside

    def liveness(self, length: int) -> tuple[Liveness, list[int]]:
        """The temporaries of a piece of so many units, and the bytes of the body's values."""
        sizes = self.sizes(length)
        return self.schedule.liveness(sizes.__getitem__), sizes

    def sizes(self, length: int) -> list[int]:
        """The bytes of the body's values, by their numbers."""
        return [self._bytes(value, label, length) for value, label in self.numbers]

    def _bytes(self, value: int, label: Label | None, length: int) -> int:
        if value < 0:
            return self._inner_bytes(-1 - value, length)
        size = self.graph.bytes[value]
        return size if label is None else size * label.length(length) // max(1, self.graph.shapes[value][label.dim])

    def _inner_bytes(self, at: int, length: int) -> int:
        """What one step takes inside. Of control flow, that is taken to shrink with its piece, but not with fewer trips."""
        step = self.region.steps[at]
        node = self.graph.nodes[step.node]
        if node.name not in CONTROL_FLOW:
            keys = step.reads(node)[: len(node.operands)], step.makes(node)
            return self.inside.piece_bytes(node, *([piece_shape(self.graph, *key, length) for key in side] for side in keys))
        if step.factor is None or step.is_sequential:
            return self.inner[at]
        part = units_in(step.frame, length) * step.scale
        return self.inner[at] * part // max(1, step.factor.size)


def piece_shape(graph: Graph, value: int, label: Label | None, length: int) -> tuple[int, ...]:
    """The shape of a piece of a value, in a loop with pieces of `length` units."""
    shape = list(graph.shapes[value])
    if label:
        shape[label.dim] = label.length(length)
    return tuple(shape)


def body_of(graph: Graph, region: Region, inside: Inside | None = None) -> Body:
    """The body of the region's loop, for any length of the pieces."""
    inside = inside or Inside()
    numbers: dict[tuple[int, Label | None], int] = {}

    def number(value: int, label: Label | None) -> int:
        return numbers.setdefault((value, label), len(numbers))

    held = frozenset(number(value, None) for value in region.whole)
    items = [Item("stablehlo.dynamic_slice", (), (number(value, label),)) for value, label in region.sliced]
    inner: dict[int, int] = {}
    updated: set[int] = set()  # totals that are written over in place
    for at, step in enumerate(region.steps):
        node = graph.nodes[step.node]
        reads = tuple(number(value, label) for value, label in step.reads(node))
        if step.is_reduction and RULES[node.name].updates:
            updated.update(node.results)
            results: tuple[int, ...] = ()
        else:
            results = tuple(number(value, label) for value, label in step.makes(node))
        if taken := inside.known_bytes(node):
            inner[at] = taken
            results = (*results, number(-1 - at, None))
        items.append(Item(node.name, reads, results, node=node.index, overwrites=overwritten(node.name, reads)))
    for sink in region.sinks:
        if sink.value not in updated:
            items.append(Item("stablehlo.dynamic_update_slice", (number(sink.value, sink.label),), ()))
    return Body(graph, region, schedule(tuple(items), held, frozenset(), lambda *_: False, fuses=inside.fuses), numbers, inner, inside)


def virtual_items(graph: Graph, region: Region, items: Sequence[Item]) -> tuple[tuple[Item, ...], int]:
    """The program's items once the loop stands in it, and where; the loop's own temporaries are left out."""
    before, after = placement(graph, region)
    return (*(items[i] for i in before), loop_item(region), *(items[i] for i in after)), len(before)


def placement(graph: Graph, region: Region) -> tuple[list[int], list[int]]:
    """The nodes that stay before the loop and those that come after it: it runs as late as it can, once all it reads is there."""
    sinks = {sink.value for sink in region.sinks}
    sources = {*(value for value, _ in region.sliced), *region.whole}
    dead = dead_nodes(graph, sinks, sources)
    last_source = max((graph.owner[value] for value in sources), default=-1)
    dependent: set[int] = set(sinks)
    before: list[int] = []
    after: list[int] = []
    for node in graph.nodes:
        if node.index in dead:
            continue
        needs_loop = any(value in dependent for value in node.reads)
        if needs_loop:
            dependent.update(node.results)
        if needs_loop or (after and node.index > last_source):
            after.append(node.index)
        else:
            before.append(node.index)
    return before, after


@dataclass(frozen=True)
class Weighed:
    """A region put in its program: what every piece length has in common."""

    graph: Graph
    region: Region
    body: Body
    around: Around
    around_over_bytes: int
    loop_at: int
    budget_bytes: int
    machine: Machine

    @property
    def around_bytes(self) -> int:
        """What is held while the loop runs, besides its own temporaries."""
        return int(self.around.live_bytes[self.loop_at])

    @property
    def room_bytes(self) -> int:
        """What the body may take. Where too much is held around it now, later loops will make some room."""
        return max(self.budget_bytes - self.around_bytes, self.budget_bytes // LATER_ROOM)

    def overflow_bytes(self, inner_bytes: int) -> int:
        """What is over the budget, summed over the program's steps, when the body takes so much."""
        over = [max(0, bytes_ - self.budget_bytes) for bytes_ in (self.around_bytes, self.around_bytes + inner_bytes)]
        return self.around_over_bytes - over[0] + over[1]

    def candidate(self, length: int) -> Candidate:
        """The estimates for one piece length."""
        live, sizes = self.body.liveness(length)
        return Candidate(
            LoopNest(self.region, length),
            self._seconds(length, live, sizes),
            self.overflow_bytes(live.peak_bytes),
            max(0, live.peak_bytes - self.room_bytes),
            max(self.around.peak_bytes, self.around_bytes + live.peak_bytes),
        )

    def _seconds(self, length: int, live: Liveness, sizes: list[int]) -> float:
        machine, region, graph = self.machine, self.region, self.graph
        trips = -(-region.units // length)
        working = live.peak_bytes
        kept_whole = sum(graph.bytes[value] for value in region.whole)
        seconds = trips * (machine.trip_seconds + kept_whole / machine.memory_bytes)
        for step in region.steps:
            node = graph.nodes[step.node]
            is_reduced = step.factor is not None and step.factor.kind is Kind.REDUCTION
            once = compute_seconds(node, graph, machine, length * step.scale if is_reduced else None)
            if step.frame and step.factor:  # neighbouring pieces share elements: each computes them
                once *= trips * units_in(step.frame, length) * step.scale / max(1, step.factor.size)
            if step.factor is None:
                seconds += once * trips
            elif node.name == "stablehlo.dot_general" and step.factor.results[0] is not None:
                seconds += once * (1.0 + HALF_ROWS / (length * step.scale))
            else:
                seconds += once
            if is_reduced:  # accumulators are read, combined and written at every trip
                carried = sum(graph.bytes[value] for value in node.results)
                passes = MERGE_PASSES if node.name == "chlo.top_k" else 2
                seconds += trips * (machine.launch_seconds + passes * machine.move_seconds(carried, working + carried))
        for value in live.materialised:
            seconds += trips * (machine.launch_seconds + 2 * machine.move_seconds(sizes[value], working))
        return seconds


def weigh(graph: Graph, items: Sequence[Item], region: Region, budget_bytes: int, *, inside: Inside, machine: Machine) -> Weighed:
    """Put a region into its program, whose nodes are `items` as they are now: asking for them anew would go through every loop's body."""
    around, body = scales_of(graph, items, fuses=inside.fuses).with_loop(region), body_of(graph, region, inside)
    return Weighed(graph, region, body, around, around.overflow_bytes(budget_bytes), around.loop_at, budget_bytes, machine)
