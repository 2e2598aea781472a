"""Emit a planned loop as `stablehlo.while`: slices in, pieces computed, buffers written in place, accumulators combined.

A real loop is needed: code without one is fused back by XLA, and the saving is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.analysis.graph import Graph, Node
from xla_passes.build import filled, index_type, put, scalar, take
from xla_passes.module import context, source_line
from xla_passes.patterns import is_used
from xla_passes.plan import Loop
from xla_passes.split.axes import Label, to_label
from xla_passes.split.candidates import LoopNest, body_of, placement
from xla_passes.split.factors import Piece
from xla_passes.split.planner import Choice
from xla_passes.split.region import CHEAP, Sink, Step
from xla_passes.split.rules import RULES


def emit(choice: Choice) -> Loop:
    """Build the loop in its block, let it replace what it computes, and remove what nobody needs any more."""
    graph, region = choice.graph, choice.nest.region
    before, after = placement(graph, region)
    stays = next(index for index in after if index > before[-1]) if before else after[0]
    for index in after:
        if index < stays:
            graph.nodes[index].op.move_before(graph.nodes[stays].op)
    anchor = graph.nodes[after[0]].op
    alive = {*before, *after}
    described = _describe(choice, alive)
    target = graph.nodes[graph.owner[region.target]].op
    with context(), target.location, ir.InsertionPoint(anchor):
        results = _Emitter(graph, choice.nest).build()
    for sink, result in zip(region.sinks, results, strict=True):
        graph.values[sink.value].replace_all_uses_with(result)
    for node in reversed(graph.nodes):
        if node.index not in alive and not any(is_used(result) for result in node.op.results):
            node.op.erase()
    return described


def _describe(choice: Choice, alive: set[int]) -> Loop:
    graph, nest = choice.graph, choice.nest
    region = nest.region
    value, label = _largest_piece(graph, nest)
    node = graph.nodes[graph.owner[value]]
    kinds = {"parallel" if sink.label else "reduction" for sink in region.sinks}
    again = [step.node for step in region.steps if step.node in alive or step.factor is None]
    recomputed = [graph.nodes[index] for index in again if graph.nodes[index].name not in CHEAP]
    return Loop(
        op=node.name,
        source_line=source_line(node.op),
        shape=graph.shapes[value],
        axis=label.dim,
        kind="+".join(sorted(kinds)),
        axis_length=graph.shapes[value][label.dim],
        piece_length=nest.length * label.scale,
        pieces=nest.pieces,
        bytes_before=graph.bytes[value],
        bytes_piece=graph.bytes[value] * nest.length // region.units,
        recomputed=tuple(dict.fromkeys(f"{node.name} ({source_line(node.op) or 'no source line'})" for node in recomputed)),
        depth=choice.depth,
    )


def _largest_piece(graph: Graph, nest: LoopNest) -> tuple[int, Label]:
    """The largest value of which the loop keeps only a piece: what a reader of the plan wants to see gone."""
    body = body_of(graph, nest.region)
    found: dict[int, Label] = {}
    for (value, label), number in body.numbers.items():
        is_whole_axis = label and label.scale * nest.region.units == graph.shapes[value][label.dim]
        if label and is_whole_axis and number in body.schedule.materialised and graph.owner[value] >= 0:
            found.setdefault(value, label)
    if not found:
        return nest.region.target, Label(nest.region.axis, nest.region.unit)
    value = max(found, key=lambda value: graph.bytes[value])
    return value, found[value]


@dataclass
class _Body:
    """The values of one piece: what is known of each (value, label), and offsets in the units of each factor."""

    offset: ir.Value
    length: int
    known: dict[tuple[int, Label | None], ir.Value] = field(default_factory=dict)
    partial: dict[int, ir.Value] = field(default_factory=dict)
    offsets: dict[tuple[int, int], ir.Value] = field(default_factory=dict)

    def at(self, scale: int, shift: int) -> ir.Value:
        """The offset, scaled and shifted."""
        if (scale, shift) not in self.offsets:
            element = ir.RankedTensorType(self.offset.type).element_type
            value = self.offset
            if scale != 1:
                value = stablehlo.multiply(value, scalar(scale, element))
            if shift:
                value = stablehlo.add(value, scalar(shift, element))
            self.offsets[scale, shift] = value
        return self.offsets[scale, shift]


class _Emitter:
    """Writes one loop nest at the current insertion point."""

    def __init__(self, graph: Graph, nest: LoopNest) -> None:
        self.graph, self.region, self.length = graph, nest.region, nest.length
        largest = max((graph.shapes[value][label.dim] for value, label in self._labelled()), default=0)
        self.index = index_type(max(largest, self.region.units * self.region.unit) + self.length)

    def _labelled(self) -> list[tuple[int, Label]]:
        return [*self.region.sliced, *((sink.value, sink.label) for sink in self.region.sinks if sink.label)]

    def build(self) -> list[ir.Value]:
        """The loop, and what it leaves over: a first piece where accumulators start from one, a last one where it does not divide."""
        region = self.region
        overlaps = region.is_parallel
        end = region.units if overlaps else region.units - region.units % self.length
        start = 0
        if self._starts_from_first_piece():
            carried = self._update(self._empty(), scalar(0, self.index), self.length, is_first=True)
            start = self.length
        else:
            carried = self._empty()
        rest = scalar(end, self.index)
        if start < end:
            _, rest, *carried = self._loop(carried, start, end)
        if end < region.units:  # from a counter of the loop, or XLA may compute this piece first and hold it through the loop
            carried = self._update(carried, rest, region.units - end)
        kinds = [self.graph.values[sink.value].type for sink in region.sinks]
        return [v if v.type == kind else stablehlo.convert(kind, v) for v, kind in zip(carried, kinds, strict=True)]

    def _starts_from_first_piece(self) -> bool:
        return any(sink.label is None and RULES[self._node_of(sink).name].identity is None for sink in self.region.sinks)

    def _node_of(self, sink: Sink) -> Node:
        return self.graph.nodes[self.graph.owner[sink.value]]

    def _empty(self) -> list[ir.Value]:
        """Buffers to be written, and accumulators that hold the identity."""
        carried = []
        for sink in self.region.sinks:
            kind = ir.RankedTensorType(self.graph.values[sink.value].type)
            node = self._node_of(sink)
            identity = None if sink.label else RULES[node.name].identity
            if sink.buffer is not None:
                carried.append(self.graph.values[sink.buffer])
            elif identity:
                carried.append(identity(node.op, list(node.op.operands))[node.results.index(sink.value)])
            else:
                carried.append(filled(scalar(0, kind.element_type), kind))
        return carried

    def _loop(self, carried: Sequence[ir.Value], start: int, end: int) -> list[ir.Value]:
        """The loop's results: its counter, the counter once more (XLA knows what the one that it tests ends at), and what it carries."""
        first = scalar(start, self.index)
        operands = [first, first, *carried]
        kinds = [value.type for value in operands]
        loop = stablehlo.WhileOp(kinds, operands)
        places = [ir.Location.current] * len(kinds)
        condition = loop.regions[0].blocks.append(*kinds, arg_locs=places)
        with ir.InsertionPoint(condition):
            direction = stablehlo.ComparisonDirectionAttr.get("LT")
            stablehlo.return_([stablehlo.compare(condition.arguments[0], scalar(end, self.index), direction)])
        body = loop.regions[1].blocks.append(*kinds, arg_locs=places)
        with ir.InsertionPoint(body):
            position = offset = body.arguments[0]
            if self.region.is_parallel and (end - start) % self.length:
                offset = stablehlo.minimum(position, scalar(self.region.units - self.length, self.index))
            updated = self._update(list(body.arguments)[2:], offset, self.length)
            following = stablehlo.add(position, scalar(self.length, self.index))
            stablehlo.return_([following, following, *updated])
        return list(loop.results)

    def _update(self, carried: Sequence[ir.Value], offset: ir.Value, length: int, *, is_first: bool = False) -> list[ir.Value]:
        """Compute one piece and take it into the buffers and accumulators."""
        body = _Body(offset, length)
        buffers = {sink.buffer: carried[at] for at, sink in enumerate(self.region.sinks) if sink.buffer is not None}
        for value, label in self.region.sliced:
            body.known[value, label] = take(
                buffers.get(value, self.graph.values[value]), label.dim, body.at(label.scale, label.shift), length * label.scale
            )
        for step in self.region.steps:
            self._step(step, body)
        updated: list[ir.Value | None] = [None] * len(carried)
        for at, sink in enumerate(self.region.sinks):
            if sink.label:
                updated[at] = put(carried[at], body.known[sink.value, sink.label], sink.label.dim, body.at(sink.label.scale, 0))
        for step in self.region.steps:
            self._combine(step, body, carried, updated, is_first=is_first)
        return [value for value in updated if value is not None]

    def _step(self, step: Step, body: _Body) -> None:
        node = self.graph.nodes[step.node]
        with node.op.location:
            if step.factor is None:
                copy = node.op.clone(ir.InsertionPoint.current)
                for at, value in enumerate(node.operands):
                    copy.operands[at] = self._get(body, value, None)
                body.known.update({(value, None): result for value, result in zip(node.results, copy.results, strict=True)})
                return
            operands = [
                self._get(body, value, to_label(step.scale, step.shift, axis) if axis else None)
                for value, axis in zip(node.operands, step.factor.operands, strict=True)
            ]
            piece = Piece(body.at(step.scale, step.shift), body.length * step.scale)
            results = RULES[node.name].emit(node.op, operands, step.factor, piece)
        for value, axis, result in zip(node.results, step.factor.results, results, strict=True):
            if axis:
                body.known[value, to_label(step.scale, step.shift, axis)] = result
            else:
                body.partial[value] = result

    def _get(self, body: _Body, value: int, label: Label | None) -> ir.Value:
        found = body.known.get((value, label))
        return self.graph.values[value] if found is None and label is None else body.known[value, label]

    def _combine(self, step: Step, body: _Body, carried: Sequence[ir.Value], updated: list[ir.Value | None], *, is_first: bool) -> None:
        """Combine what a reduction made of this piece with what it made of those before; all results of one operation together."""
        node = self.graph.nodes[step.node]
        if step.factor is None or any(step.factor.results):
            return
        partial = [body.partial[value] for value in node.results]
        places = {sink.value: at for at, sink in enumerate(self.region.sinks)}
        combine = RULES[node.name].combine
        assert combine is not None
        if is_first:
            total = partial
        else:
            total = combine(node.op, step.factor, [carried[places[value]] for value in node.results], partial)
        for value, result in zip(node.results, total, strict=True):
            updated[places[value]] = result
