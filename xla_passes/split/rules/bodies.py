"""How pieces go through the bodies of control flow: which dimensions of arguments, results and captured values are sliced together.

Results that are not sliced are the same for every piece, or running totals: a loop may go through its pieces one after the other and
hand each the totals of those before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from jaxlib.mlir import ir

from xla_passes.analysis.graph import Graph, Node, snapshot
from xla_passes.patterns import integers
from xla_passes.split.axes import Axes, Label, to_factor
from xla_passes.split.factors import Axis, Kind
from xla_passes.split.region import Step

_SLICED_KINDS = (Kind.PARALLEL, Kind.FREE)
_TOTALS = frozenset(f"stablehlo.{name}" for name in ("add", "maximum", "minimum", "and", "or"))
_MOVES = frozenset(f"stablehlo.{name}" for name in ("broadcast_in_dim", "convert", "reshape", "slice", "transpose"))
ADD = "stablehlo.add"
_WRITES = {"stablehlo.dynamic_update_slice": 1, "stablehlo.scatter": -1}  # and which operand is written


class BlockedError(Exception):
    """The axis does not go through the bodies."""


@dataclass
class Body:
    """One block whose results are asked for in pieces."""

    graph: Graph
    axes: Axes
    units: int = 0  # of the axis that is followed
    sliced: dict[int, Label] = field(default_factory=dict)  # what follows from the labels of what it is given
    partial: dict[int, Step] = field(default_factory=dict)  # reductions of a piece that end in a running total

    def steps(self, wanted: Sequence[tuple[int, Label | None]]) -> tuple[list[Step], dict[tuple[int, Label | None], None]]:
        """What computes the wanted pieces, in order, and the pieces of arguments and captured values that it takes."""
        steps: dict[Step, None] = {}
        outer: dict[tuple[int, Label | None], None] = {}
        seen: set[tuple[int, Label | None]] = set()
        pending = list(wanted)
        while pending:
            key = pending.pop()
            if key in seen:
                continue
            seen.add(key)
            step = self._step_for(*key)
            if step is None:
                outer[key] = None
                continue
            steps[step] = None
            node = self.graph.nodes[step.node]
            seen.update(step.makes(node))
            pending += step.reads(node)
            if step.factor is None or len(step.factor.operands) == len(node.operands):
                pending += [(value, None) for value in node.captures]
        return sorted(steps, key=lambda step: step.node), outer

    def _step_for(self, value: int, label: Label | None) -> Step | None:
        index = self.graph.owner[value]
        if index < 0:
            return None
        if label is None:
            return self.partial.get(value, Step(index))
        node = self.graph.nodes[index]
        factor = self.axes.of_result(node, value, label.dim)
        axis = factor.results[node.results.index(value)] if factor else None
        units = to_factor(label, axis) if axis else None
        if factor is None or units is None or factor.kind not in _SLICED_KINDS:
            reason = factor.reason if factor and factor.reason else "it makes all of it at once"
            raise BlockedError(f"inside of it, {node.name}: {reason}")
        if node.name in _WRITES and factor.operands[_WRITES[node.name]] is None:
            raise BlockedError("inside of it, every trip writes to a part of it")  # a piece would take as many trips as the whole
        return Step(index, factor, *units)

    def slice_forwards(self, given: dict[int, Label], units: int) -> None:
        """Note what follows from the labels of arguments and captured values, on an axis of so many units."""
        self.sliced, self.units = dict(given), units
        for node in self.graph.nodes:
            step = next((step for at, _ in enumerate(node.reads) if (step := self._step_from(node, at, _SLICED_KINDS))), None)
            for value, label in step.makes(node) if step else ():
                if label:
                    self.sliced.setdefault(value, label)

    def _step_from(self, node: Node, at: int, kinds: Sequence[Kind]) -> Step | None:
        label = self.sliced.get(node.reads[at])
        factor = self.axes.of_operand(node, at, label.dim) if label else None
        if label is None or factor is None or factor.kind not in kinds:
            return None
        axis = factor.operands[at]
        units = to_factor(label, axis) if isinstance(axis, Axis) else None
        return Step(node.index, factor, *units) if units else None

    def _takes_all(self, step: Step) -> bool:
        """Whether the pieces of what a reduction reads are, one after the other, all of it: none is cut off before, or missing."""
        reads = step.reads(self.graph.nodes[step.node])
        return all(label.covers(self.units, self.graph.shapes[value][label.dim]) for value, label in reads if label)

    def find_total(self, at: int) -> bool:
        """Whether a result is what the body was given for it, combined with a reduction of a piece, and used for nothing else."""
        graph = self.graph
        value, argument = graph.terminator.operands[at], graph.arguments[at]
        node = graph.nodes[graph.owner[value]]
        if graph.owner[value] < 0 or node.name not in _TOTALS or node.operands.count(argument) != 1:
            return False
        is_alone = graph.users[argument] == (node.index,) and graph.users[value] == (graph.terminator.index,)
        other = node.operands[1 - node.operands.index(argument)]
        return is_alone and self.is_partial(other, node.name, node.index)

    def is_partial(self, value: int, total: str, user: int) -> bool:
        """Whether a value, combined over the pieces with the operation `total`, comes to what it is of the whole; notes its reductions."""
        graph = self.graph
        if graph.owner[value] < 0 or graph.users[value] != (user,):
            return False
        node = graph.nodes[graph.owner[value]]
        if _reducer(node) == total:
            steps = (self._step_from(node, at, (Kind.REDUCTION,)) for at, _ in enumerate(node.operands))
            step = next((step for step in steps if step and self._takes_all(step)), None)
            if step:
                self.partial[value] = step
            return step is not None
        if node.name in _MOVES:
            return self.is_partial(node.operands[0], total, node.index)
        if total != ADD:
            return False
        if node.name in (ADD, "stablehlo.subtract"):
            return all(self.is_partial(operand, total, node.index) for operand in node.operands)
        if node.name in ("stablehlo.multiply", "stablehlo.divide", "stablehlo.negate"):
            return self.is_partial(node.operands[0], total, node.index)
        return False


def _reducer(node: Node) -> str | None:
    """The operation that a reduction combines terms with, if it starts from nothing."""
    if node.name == "stablehlo.dot_general":
        return ADD
    if node.name != "stablehlo.reduce" or len(node.operands) != 2:
        return None
    body = [child.operation.name for child in node.op.regions[0].blocks[0].operations]
    if len(body) != 2 or body[0] not in _TOTALS:
        return None
    return body[0] if body[0] != ADD or _is_zero(node.op.operands[1]) else None


def _is_zero(value: ir.Value) -> bool:
    if isinstance(value.owner, ir.Block) or value.owner.name != "stablehlo.constant":
        return False
    kind = ir.RankedTensorType(value.type)
    if isinstance(kind.element_type, ir.ComplexType):
        return False  # the bindings cannot read complex constants (jaxlib 0.10.2)
    splat = ir.DenseElementsAttr(value.owner.operation.attributes["value"]).get_splat_value()
    return float(getattr(splat, "value", 1)) == 0.0


def is_any(graph: Graph) -> int | None:
    """The values that a condition is the "or" of, over all of their dimensions."""
    value = graph.terminator.operands[0]
    node = graph.nodes[graph.owner[value]]
    if graph.owner[value] < 0 or _reducer(node) != "stablehlo.or":
        return None
    return node.operands[0] if len(integers(node.op, "dimensions")) == len(graph.shapes[node.operands[0]]) else None


def expression(graph: Graph, value: int) -> object:
    """What a value is computed from, comparable between two bodies of one operation: arguments by number, captured values as they are."""
    if value in graph.arguments:
        return graph.arguments.index(value)
    index = graph.owner[value]
    if index < 0:
        return graph.values[value]
    node = graph.nodes[index]
    regions = tuple(_region(region.blocks[0]) for region in node.op.regions)
    if node.captures:
        return node.op  # like nothing else
    attributes = tuple(f"{name} = {node.op.attributes[name]}" for name in node.op.attributes)
    operands = (expression(graph, operand) for operand in node.operands)
    return node.name, attributes, str(graph.values[value].type), regions, *operands


def _region(block: ir.Block) -> tuple[object, ...]:
    """A block without captures in comparable form."""
    graph = snapshot(block)
    return tuple(expression(graph, value) for value in graph.terminator.operands)
