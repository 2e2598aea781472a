"""Two loops at once: the outer one's pieces are chosen for what an inner loop over another axis will make of them.

Planned together and built one after the other: an outer loop whose pieces do not fit by themselves is only worth its place if the next
round, in its body, brings them down.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from xla_passes.analysis.cost import HALF_ROWS, compute_seconds
from xla_passes.split.axes import to_label
from xla_passes.split.candidates import MERGE_PASSES, Candidate, LoopNest, Weighed
from xla_passes.split.factors import Kind
from xla_passes.split.region import Region

LENGTHS = 10  # tried for each of the two loops


@dataclass(frozen=True)
class Tile:
    """An outer loop, and the loop that the next round is expected to build in its body."""

    outer: Weighed
    inner: Weighed

    def best(self) -> Candidate | None:
        """The cheapest outer length for which some inner length fits."""
        # An outer loop that fits by itself would never get its inner one.
        over = [a for a in _lengths(self.outer.region) if self.outer.candidate(a).over_inside_bytes]
        lengths = [(a, b) for a in over for b in _lengths(self.inner.region)]
        found = [self._candidate(a, b) for a, b in lengths]
        return min((each for each in found if not each.over_inside_bytes), key=lambda candidate: candidate.seconds, default=None)

    def _candidate(self, outer_length: int, inner_length: int) -> Candidate:
        outer, inner = self.outer, self.inner
        share = _shares(outer, outer_length)
        body = inner.body
        sizes = [int(size * share.get(value, 1.0)) for (value, _), size in zip(body.numbers, body.sizes(inner_length), strict=True)]
        live = body.schedule.liveness(sizes.__getitem__)
        graph = outer.graph
        kept = sum(int(graph.bytes[sink.value] * share.get(sink.value, 1.0)) for sink in inner.region.sinks)
        around = outer.around.live_bytes[outer.loop_at]
        here = around + kept + live.peak_bytes
        over_inside = max(0, here - outer.budget_bytes)
        over_around = max(0, around - outer.budget_bytes)
        return Candidate(
            LoopNest(outer.region, outer_length),
            self._seconds(outer_length, inner_length, share, sizes, live.materialised, live.peak_bytes),
            outer.around_over_bytes - over_around + over_inside,
            over_inside,
            max(outer.around.peak_bytes, here),
        )

    def _seconds(
        self, outer_length: int, inner_length: int, share: dict[int, float], sizes: list[int], written: frozenset[int], working: int
    ) -> float:
        graph, machine, region = self.outer.graph, self.outer.machine, self.inner.region
        outer_trips = -(-self.outer.region.units // outer_length)
        trips = outer_trips * -(-region.units // inner_length)
        seconds = trips * (machine.trip_seconds + machine.launch_seconds * len(written))
        seconds += trips * sum(2 * machine.move_seconds(sizes[value], working) for value in written)
        for step in region.steps:
            node = graph.nodes[step.node]
            part = min((share.get(value, 1.0) for value in (*node.results, *node.operands)), default=1.0)
            is_reduced = step.factor is not None and step.factor.kind is Kind.REDUCTION
            once = compute_seconds(node, graph, machine, inner_length * step.scale if is_reduced else None)
            slow_down = 1.0 + HALF_ROWS / min(outer_length, inner_length) if node.name == "stablehlo.dot_general" else 1.0
            seconds += outer_trips * part * once * slow_down
            if is_reduced:
                carried = sum(graph.bytes[value] * share.get(value, 1.0) for value in node.results)
                passes = MERGE_PASSES if node.name == "chlo.top_k" else 2
                seconds += trips * passes * machine.move_seconds(carried, working + carried)
        return seconds


def _lengths(region: Region) -> Iterator[int]:
    """A few lengths from the whole axis's half down to the shortest, in even ratios."""
    length = (region.units + 1) // 2
    ratio = max(2.0, (length / max(1, region.shortest)) ** (1 / LENGTHS))
    while length >= region.shortest:
        yield length
        length = min(length - 1, int(length / ratio))


def _shares(outer: Weighed, length: int) -> dict[int, float]:
    """For each value that the outer loop slices, the part of it that a piece is."""
    graph, region = outer.graph, outer.region
    labels = dict(region.sliced)
    for step in region.steps:
        if step.factor:
            node = graph.nodes[step.node]
            axes = zip(node.results, step.factor.results, strict=True)
            labels.update({value: to_label(step.scale, step.shift, axis) for value, axis in axes if axis})
    return {value: label.scale * length / max(1, graph.shapes[value][label.dim]) for value, label in labels.items()}
