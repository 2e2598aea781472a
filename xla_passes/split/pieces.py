"""Emit the steps of a loop's body on one piece: what is known of each value, sliced or whole, and where the piece is in every unit."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.analysis.graph import Graph, Node
from xla_passes.build import scalar
from xla_passes.module import walk
from xla_passes.split.axes import Frame, Label, units_in
from xla_passes.split.factors import Piece, Window
from xla_passes.split.region import Step
from xla_passes.split.rules.indexing import move_inside
from xla_passes.split.table import RULES


@dataclass
class Pieces:
    """The values of one piece of `length` units from `offset`, at the insertion point."""

    graph: Graph
    offset: ir.Value
    length: int
    known: dict[tuple[int, Label | None], ir.Value] = field(default_factory=dict)
    partial: dict[Step, list[ir.Value]] = field(default_factory=dict)
    carries: dict[Step, list[ir.Value]] = field(default_factory=dict)
    handed: dict[int, ir.Value] = field(default_factory=dict)  # results of sequential steps that are only whole after the loop
    _offsets: dict[tuple[int, int, Frame | None], ir.Value] = field(default_factory=dict)

    def get(self, value: int, label: Label | None) -> ir.Value:
        """The piece of a value, or all of it."""
        found = self.known.get((value, label))
        return self.graph.values[value] if found is None and label is None else self.known[value, label]

    def at(self, scale: int, shift: int, frame: Frame | None) -> ir.Value:
        """The offset in the loop or the frame, scaled and shifted."""
        key = scale, shift, frame
        if key not in self._offsets:
            element = ir.RankedTensorType(self.offset.type).element_type
            value = self._start(frame) if frame else self.offset
            if scale != 1:
                value = stablehlo.multiply(value, scalar(scale, element))
            if shift:
                value = stablehlo.add(value, scalar(shift, element))
            self._offsets[key] = value
        return self._offsets[key]

    def _start(self, frame: Frame) -> ir.Value:
        """Where a frame begins in its dimension."""
        key = 1, 0, frame
        if key not in self._offsets:
            element = ir.RankedTensorType(self.offset.type).element_type
            value = self.at(frame.scale, frame.shift, frame.parent)
            last = scalar(frame.size - frame.length(self.length), element)
            if frame.is_mirrored:
                value = stablehlo.subtract(last, value)
            self._offsets[key] = stablehlo.clamp(scalar(0, element), value, last)
        return self._offsets[key]

    def run(self, step: Step) -> None:
        """Emit one step; its operands have been emitted, or are values from outside."""
        node = self.graph.nodes[step.node]
        with node.op.location:
            if step.factor is None:
                copy = self._copy(node)
                self.known.update(zip(step.makes(node), copy.results, strict=True))
                return
            results = self._emit(node, step)
        if step.is_reduction:
            self.partial[step] = results
            return
        made = dict(zip(step.makes(node), results, strict=False))
        self.known.update((key, made[key]) for key in step.offers(node))
        if step.is_sequential:
            self.handed.update((value, result) for (value, label), result in made.items() if label is None)
            self.carries[step] = results[len(node.results) :]

    def _emit(self, node: Node, step: Step) -> list[ir.Value]:
        assert step.factor is not None
        keys = step.reads(node)
        operands = [*(self.get(*key) for key in keys), *self.carries.get(step, ())]
        starts = tuple(
            self._start(label.frame) if isinstance(axis, Window) and label and label.frame else None
            for axis, (_, label) in zip(step.factor.operands, keys, strict=True)
        )
        piece = Piece(self.at(step.scale, step.shift, step.frame), units_in(step.frame, self.length) * step.scale, starts)
        emit = RULES[node.name].emit
        if len(keys) > len(node.operands) or not any((value, None) in self.known for value in node.captures):
            return emit(node.op, operands, step.factor, piece)
        copy = self._copy(node)  # whose regions read what is known here
        results = emit(copy, operands, step.factor, piece)
        copy.erase()
        return results

    def _copy(self, node: Node) -> ir.Operation:
        """The operation again, whole, reading what is known here."""
        copy = node.op.clone(ir.InsertionPoint.current)
        rewire(copy, {self.graph.values[value]: self.get(value, None) for value in node.reads if (value, None) in self.known})
        move_inside(copy)
        return copy


def rewire(op: ir.Operation, values: Mapping[ir.Value, ir.Value]) -> None:
    """Let an operation, and everything in its regions, read other values."""
    for at, operand in enumerate(op.operands):
        if operand in values:
            op.operands[at] = values[operand]
    for region in op.regions:
        for block in region.blocks:
            for inner in walk(block):
                for at, operand in enumerate(inner.operands):
                    if operand in values:
                        inner.operands[at] = values[operand]
