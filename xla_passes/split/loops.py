"""Emit a planned loop as `stablehlo.while`: slices in, pieces computed, buffers written in place, accumulators combined.

A real loop is needed: code without one is fused back by XLA, and the saving is lost.
"""

import itertools
from collections.abc import Sequence

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.analysis.graph import Graph, Node
from xla_passes.build import filled, index_type, put, scalar, take
from xla_passes.module import context, source_line
from xla_passes.patterns import is_used
from xla_passes.plan import Loop
from xla_passes.split.axes import Label
from xla_passes.split.candidates import LoopNest, body_of, placement
from xla_passes.split.courses import Built, Choice
from xla_passes.split.pieces import Pieces
from xla_passes.split.region import CHEAP, Sink, Step
from xla_passes.split.rules.indexing import move_inside
from xla_passes.split.table import RULES


def emit(choice: Choice) -> Loop:
    """Build a loop by itself."""
    return build(choice).loop


def build(choice: Choice) -> Built:
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
        emitter = _Emitter(graph, choice.nest)
        results = emitter.build()
    for sink, result in zip(region.sinks, results, strict=True):
        graph.values[sink.value].replace_all_uses_with(result)
    for node in reversed(graph.nodes):
        if node.index not in alive and not any(is_used(result) for result in node.op.results):
            node.op.erase()
        elif node.index in alive and node.name == "stablehlo.dynamic_slice":
            with context():
                move_inside(node.op)
    return Built(described, emitter.body, emitter.pieces)


def _describe(choice: Choice, alive: set[int]) -> Loop:
    graph, nest = choice.graph, choice.nest
    region = nest.region
    value, label = _largest_piece(graph, nest)
    node = graph.nodes[graph.owner[value]]
    kinds = {"parallel" for sink in region.sinks if sink.label}
    kinds |= {step.factor.kind.value for step in region.steps if step.factor and (step.is_reduction or step.is_sequential)}
    again = [step.node for step in region.steps if step.node in alive or step.factor is None or step.is_restarted]
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
        is_whole_axis = label and label.covers(nest.region.units, graph.shapes[value][label.dim])
        if label and is_whole_axis and number in body.schedule.materialised and graph.owner[value] >= 0:
            found.setdefault(value, label)
    if not found:
        return nest.region.target, Label(nest.region.axis, nest.region.unit)
    value = max(found, key=lambda value: (graph.bytes[value], graph.nodes[graph.owner[value]].name not in CHEAP))
    return value, found[value]


class _Emitter:
    """Writes one loop nest at the current insertion point."""

    def __init__(self, graph: Graph, nest: LoopNest) -> None:
        self.graph, self.region, self.length = graph, nest.region, nest.length
        nodes = [(step, graph.nodes[step.node]) for step in self.region.steps]
        keys = [key for step, node in nodes for key in (*step.reads(node), *step.makes(node))]
        largest = max((graph.shapes[value][label.dim] for value, label in keys if label), default=0)
        self.index = index_type(2 * max(largest, self.region.units * self.region.unit))  # a window may begin before or after all of it
        self.body: ir.Block | None = None
        self.pieces: dict[tuple[int, Label | None], ir.Value] = {}
        self.carries: dict[Step, int] = {}  # how many values each sequential step carries

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
        return [v if v.type == kind else stablehlo.convert(kind, v) for v, kind in zip(carried, kinds, strict=False)]  # carries end here

    def _starts_from_first_piece(self) -> bool:
        rules = [RULES[self.graph.nodes[step.node].name] for step in self.region.steps if step.is_reduction]
        return any(rule.identity is None and not rule.updates for rule in rules)

    def _node_of(self, sink: Sink) -> Node:
        return self.graph.nodes[self.graph.owner[sink.value]]

    def _empty(self) -> list[ir.Value]:
        """Buffers to be written, accumulators as they start, and the first carries."""
        carried = [self._start_of(sink) for sink in self.region.sinks]
        for step in self.region.steps:
            if step.is_sequential:
                node = self.graph.nodes[step.node]
                carry = RULES[node.name].carry
                assert carry is not None
                assert step.factor is not None
                first = carry(node.op, step.factor, list(node.op.operands))
                self.carries[step] = len(first)
                carried += first
        return carried

    def _start_of(self, sink: Sink) -> ir.Value:
        node = self._node_of(sink)
        rule, at = RULES[node.name], node.results.index(sink.value)
        if sink.buffer is not None:
            return self.graph.values[sink.buffer]
        if sink.label is None and rule.updates:
            return node.op.operands[at]
        if sink.label is None and rule.identity:
            return rule.identity(node.op, list(node.op.operands))[at]
        kind = ir.RankedTensorType(self.graph.values[sink.value].type)
        return filled(scalar(0, kind.element_type), kind)

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
        self.body = body = loop.regions[1].blocks.append(*kinds, arg_locs=places)
        with ir.InsertionPoint(body):
            position = offset = body.arguments[0]
            if self.region.is_parallel and (end - start) % self.length:
                offset = stablehlo.minimum(position, scalar(self.region.units - self.length, self.index))
            own = list(body.arguments)[2:]
            made = self._compute(own, offset, self.length)
            self.pieces = made.known | {(self.graph.nodes[step.node].results[0], None): part[0] for step, part in made.partial.items()}
            updated = self._take_in(made, own, is_first=False)
            following = stablehlo.add(position, scalar(self.length, self.index))
            stablehlo.return_([following, following, *updated])
        return list(loop.results)

    def _update(self, carried: Sequence[ir.Value], offset: ir.Value, length: int, *, is_first: bool = False) -> list[ir.Value]:
        """Compute one piece and take it into the buffers and accumulators."""
        return self._take_in(self._compute(carried, offset, length), carried, is_first=is_first)

    def _compute(self, carried: Sequence[ir.Value], position: ir.Value, length: int) -> Pieces:
        """The piece that comes after `position` units are done."""
        region = self.region
        offset = stablehlo.subtract(scalar(region.units - length, self.index), position) if region.is_backwards else position
        body = Pieces(self.graph, offset, length, carries=self._carries(carried[len(region.sinks) :]))
        buffers = {sink.buffer: carried[at] for at, sink in enumerate(region.sinks) if sink.buffer is not None}
        for value, label in region.sliced:
            source = buffers.get(value, self.graph.values[value])
            body.known[value, label] = take(source, label.dim, body.at(label.scale, label.shift, label.frame), label.length(length))
        for step in region.steps:
            body.run(step)
        return body

    def _take_in(self, body: Pieces, carried: Sequence[ir.Value], *, is_first: bool) -> list[ir.Value]:
        region = self.region
        updated: dict[int, ir.Value] = {}
        for total, sink in zip(carried, region.sinks, strict=False):
            made = body.known.get((sink.value, sink.label)) if sink.value not in body.handed else body.handed[sink.value]
            if made is not None:
                updated[sink.value] = put(total, made, sink.label.dim, body.at(sink.label.scale, 0, None)) if sink.label else made
        updated |= self._totals(body, carried, is_first=is_first)
        return [*(updated[sink.value] for sink in region.sinks), *(value for step in self.carries for value in body.carries[step])]

    def _carries(self, values: Sequence[ir.Value]) -> dict[Step, list[ir.Value]]:
        """What the loop carries for each sequential step."""
        rest = iter(values)
        return {step: list(itertools.islice(rest, count)) for step, count in self.carries.items()}

    def _totals(self, body: Pieces, carried: Sequence[ir.Value], *, is_first: bool) -> dict[int, ir.Value]:
        """What reductions made of this piece, combined with what they made of those before; all results of an operation together."""
        places = {sink.value: at for at, sink in enumerate(self.region.sinks)}
        totals: dict[int, ir.Value] = {}
        for step, partial in body.partial.items():
            node = self.graph.nodes[step.node]
            combine = RULES[node.name].combine
            assert combine is not None
            assert step.factor is not None
            before = [carried[places[value]] for value in node.results]
            total = partial if is_first else combine(node.op, step.factor, before, partial)
            totals.update(zip(node.results, total, strict=True))
        return totals
