"""while, if and case: an axis that goes through the bodies piece by piece, from what they take to what they give.

A dimension of a value that a loop carries is parallel where the loop's body makes its next piece from the same piece. What decides how
often a loop runs, or which branch does, is needed whole; but a loop that only stops when all are settled stops earlier for a piece.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.analysis.graph import captured_values, snapshot
from xla_passes.build import resized
from xla_passes.module import shape_of
from xla_passes.split.axes import Axes, Label, NeedsUnitError
from xla_passes.split.factors import Axis, Factor, Kind, Piece, Rule, Window
from xla_passes.split.pieces import Pieces
from xla_passes.split.rules.bodies import BlockedError, Body, expression, is_any
from xla_passes.split.rules.trips import Stacks, stacks_of

WHILE = "stablehlo.while"
_SPREADS = ("stablehlo.broadcast_in_dim", "stablehlo.reshape")


@dataclass
class _Bodies:
    """The bodies of one operation, and how pieces of `units` go through them."""

    op: ir.Operation
    bodies: list[Body]
    condition: Body | None  # of a loop, which takes what it gives
    captures: tuple[ir.Value, ...]
    units: int = 0
    results: dict[int, Label] = field(default_factory=dict)  # by number
    totals: set[int] = field(default_factory=set)
    captured: dict[ir.Value, Label | None] = field(default_factory=dict)

    def follow(self, units: int, results: Mapping[int, Label], captured: Mapping[ir.Value, Label]) -> None:
        """Find the labels of all that has to be sliced with what is given: one result or captured value, or more."""
        self.units, self.results, self.totals, self.captured = units, dict(results), set(), dict(captured)
        for body in self._all():
            body.partial.clear()
        count = -1
        while count != len(self.results) + len(self.captured):
            count = len(self.results) + len(self.captured)
            for body in self.bodies:
                self._slice_forwards(body)
                self._note_results(body)
                self._take(body, [(body.graph.terminator.operands[at], label) for at, label in self.results.items()])
        self._check_whole()

    def _all(self) -> list[Body]:
        return [self.condition, *self.bodies] if self.condition else self.bodies

    def _slice_forwards(self, body: Body) -> None:
        graph = body.graph
        given = {graph.arguments[at]: label for at, label in self.results.items()} if self.condition else {}
        given |= {graph.number[value]: label for value, label in self.captured.items() if label and value in graph.number}
        body.slice_forwards(given, self.units)

    def _note_results(self, body: Body) -> None:
        graph = body.graph
        for at, value in enumerate(graph.terminator.operands):
            if (label := body.sliced.get(value)) and self._is_plain(label, graph.shapes[value]):
                self.results.setdefault(at, label)

    def _is_plain(self, label: Label, shape: Sequence[int]) -> bool:
        return label.covers(self.units, shape[label.dim])

    def _take(self, body: Body, wanted: Sequence[tuple[int, Label | None]]) -> None:
        """Note which pieces of arguments and captured values the wanted pieces need."""
        graph = body.graph
        for value, label in body.steps(wanted)[1]:
            if value in graph.arguments:
                at = graph.arguments.index(value)
                if label is None and at in self.results:
                    raise BlockedError("every piece of what it carries depends on all of it")
                if label and (not self._is_plain(label, graph.shapes[value]) or self.results.setdefault(at, label) != label):
                    raise BlockedError("a piece of what it carries depends on another piece")
            elif self.captured.setdefault(graph.values[value], label) != label:
                raise BlockedError("it needs a captured value both in pieces and whole")

    def _check_whole(self) -> None:
        """Whatever is not sliced is the same for every piece, or a total: it may not depend otherwise on what is."""
        for body in self.bodies:
            for at, value in enumerate(body.graph.terminator.operands):
                if at in self.results:
                    continue
                before = dict(self.captured)
                try:
                    self._take(body, [(value, None)])
                except BlockedError:
                    self.captured = before
                    if not self.condition or not body.find_total(at):
                        raise
                    self.totals.add(at)
                    self._take(body, [(value, None)])
        if not self.results and not self.totals:
            raise BlockedError("the operations inside of it need all of it")
        if self.condition:
            self._check_condition(self.condition, self.bodies[0])

    def _check_condition(self, condition: Body, body: Body) -> None:
        wanted = [(value, None) for value in condition.graph.terminator.operands]
        try:
            self._take(condition, wanted)
        except BlockedError:
            if not self._stops_when_settled(condition, body):
                raise BlockedError("the condition of the loop depends on all of it") from None
            self._take(condition, wanted)
        if any((condition.graph.arguments[at], None) in condition.steps(wanted)[1] for at in self.totals):
            raise BlockedError("the condition of the loop depends on all of it")

    def _stops_when_settled(self, condition: Body, body: Body) -> bool:
        """Whether the loop goes on while any element wants to, and leaves the others as they are: what `vmap` makes of a loop."""
        asked = is_any(condition.graph)
        if asked is None or self.totals:
            return False
        wants, graph = expression(condition.graph, asked), body.graph
        for at, value in enumerate(graph.terminator.operands):
            if value == graph.arguments[at]:
                continue
            node = graph.nodes[graph.owner[value]]
            is_select = graph.owner[value] >= 0 and node.name == "stablehlo.select"
            if not is_select or at not in self.results or node.operands[2] != graph.arguments[at]:
                return False
            if expression(graph, _before_spreading(body, node.operands[0])) != wants:
                return False
        self._slice_forwards(condition)
        end = condition.graph.terminator
        return condition.is_partial(end.operands[0], "stablehlo.or", end.index)

    def wanted(self, body: Body) -> list[tuple[int, Label | None]]:
        """What a body has to give."""
        labels = {} if body is self.condition else self.results
        return [(value, labels.get(at)) for at, value in enumerate(body.graph.terminator.operands)]

    def factor(self) -> Factor:
        """What was followed, as a factor of the operation."""
        results = tuple(_axis(self.results.get(at)) for at in range(len(self.op.results)))
        operands = results if self.condition else (None,) * len(self.op.operands)
        captured = tuple(_axis(self.captured.get(value)) for value in self.captures)
        return Factor(Kind.SEQUENTIAL if self.totals else Kind.PARALLEL, self.units, (*operands, *captured), results)


def _before_spreading(body: Body, value: int) -> int:
    """The value that is repeated along further dimensions."""
    graph = body.graph
    while graph.owner[value] >= 0 and graph.nodes[graph.owner[value]].name in _SPREADS:
        value = graph.nodes[graph.owner[value]].operands[0]
    return value


def _axis(label: Label | None) -> Axis | None:
    if label and label.frame:
        raise BlockedError("a piece of it needs some of the next pieces of what it captures")
    return Axis(label.dim, label.scale, label.shift) if label else None


def _open(op: ir.Operation) -> _Bodies:
    bodies = []
    for region in op.regions:
        graph = snapshot(region.blocks[0])
        bodies.append(Body(graph, Axes(graph)))
    captures = tuple(dict.fromkeys(captured_values(op)))
    return _Bodies(op, bodies[1:], bodies[0], captures) if op.name == WHILE else _Bodies(op, bodies, None, captures)


def _factors(op: ir.Operation) -> tuple[Factor, ...]:
    opened = _open(op)
    found = [stacks.factor(op) for stacks in stacks_of(op)] if op.name == WHILE else []
    for at, value in enumerate((*op.results, *opened.captures)):
        for dim, size in enumerate(shape_of(value) if isinstance(value.type, ir.RankedTensorType) else ()):
            if size > 1 and not any((axis := _axes(op, factor)[at]) and axis.dim == dim for factor in found):
                found.append(_factor(opened, at, dim, size))
    return tuple(found)


def _axes(op: ir.Operation, factor: Factor) -> list[Axis | Window | None]:
    """The axes of what the operation makes and of what it captures."""
    return [*factor.results, *factor.operands[len(op.operands) :]]


def _factor(opened: _Bodies, at: int, dim: int, size: int) -> Factor:
    """The factor of a dimension of a result, or of a captured value."""
    count = len(opened.op.results)
    unit, reason = 1, "the operations inside of it need all of it"
    while size > unit and size % unit == 0:
        label = Label(dim, unit)
        try:
            opened.follow(size // unit, {at: label} if at < count else {}, {opened.captures[at - count]: label} if at >= count else {})
            return opened.factor()
        except NeedsUnitError as needed:
            unit *= needed.unit
        except BlockedError as why:
            reason = str(why)
            break
    axes = tuple(Axis(dim) if each == at else None for each in range(count + len(opened.captures)))
    operands = axes[:count] if opened.condition else (None,) * len(opened.op.operands)
    return Factor(Kind.BLOCKED, size, (*operands, *axes[count:]), axes[:count], reason)


def _reopen(op: ir.Operation, factor: Factor) -> _Bodies:
    """The bodies, sliced as the factor says."""
    opened = _open(op)
    results = {at: Label(axis.dim, axis.scale) for at, axis in enumerate(factor.results) if axis}
    axes = zip(opened.captures, factor.operands[len(op.operands) :], strict=True)
    captured = {value: Label(axis.dim, axis.scale, axis.shift) for value, axis in axes if isinstance(axis, Axis)}
    opened.follow(factor.size, results, captured)
    return opened


def _stacks_for(op: ir.Operation, factor: Factor) -> Stacks | None:
    """The stacks of a loop, if it is its trips that the factor cuts."""
    if factor.restart:
        return _stacks_for(op, factor.restart.trips)
    return next((each for each in stacks_of(op) if each.factor(op) == factor), None) if op.name == WHILE else None


def _carry(op: ir.Operation, factor: Factor, operands: Sequence[ir.Value]) -> list[ir.Value]:
    """Totals, and whatever else goes from piece to piece, start from what the loop is given."""
    if (stacks := _stacks_for(op, factor)) is not None:
        return [operands[at] for at in stacks.carried(op)]
    return [operands[at] for at in sorted(_reopen(op, factor).totals)]


def _emit(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    """The operation on pieces; the operands are followed by what it captures, and by the totals so far."""
    if (stacks := _stacks_for(op, factor)) is not None:
        return stacks.run_again(op, operands, factor.restart, piece) if factor.restart else stacks.emit(op, operands, piece)
    opened = _reopen(op, factor)
    own, rest = list(operands[: len(op.operands)]), list(operands[len(op.operands) :])
    captured = dict(zip(opened.captures, rest, strict=False))
    totals = sorted(opened.totals)
    for at, total in zip(totals, rest[len(captured) :], strict=True):
        own[at] = total
    kinds = [
        resized(result.type, axis.dim, piece.length * axis.scale) if axis else result.type
        for result, axis in zip(op.results, factor.results, strict=True)
    ]
    attributes = {name: op.attributes[name] for name in op.attributes}
    made = ir.Operation.create(op.name, results=kinds, operands=own, attributes=attributes, regions=len(op.regions))
    arguments = kinds if opened.condition else []
    bodies = [opened.condition, *opened.bodies] if opened.condition else opened.bodies
    for body, region in zip(bodies, made.regions, strict=True):
        block = region.blocks.append(*arguments, arg_locs=[ir.Location.current] * len(arguments))
        _emit_body(opened, body, block, captured, piece)
    return [*made.results, *(made.results[at] for at in totals)]


def _emit_body(opened: _Bodies, body: Body, block: ir.Block, captured: Mapping[ir.Value, ir.Value], piece: Piece) -> None:
    graph = body.graph
    with ir.InsertionPoint(block):
        pieces = Pieces(graph, piece.offset, piece.length)
        for at, argument in enumerate(block.arguments):
            pieces.known[graph.arguments[at], opened.results.get(at)] = argument
        for outer, part in captured.items():
            if outer in graph.number:
                pieces.known[graph.number[outer], opened.captured.get(outer)] = part
        wanted = opened.wanted(body)
        for step in body.steps(wanted)[0]:
            pieces.run(step)
            if step.is_reduction:
                (total,), (made,) = graph.nodes[step.node].results, pieces.partial[step]
                kind = graph.values[total].type
                pieces.known[total, None] = made if made.type == kind else stablehlo.convert(kind, made)
        terminator = graph.terminator.op
        ir.Operation.create(terminator.name, operands=[pieces.get(*key) for key in wanted], loc=terminator.location)


_RULE = Rule(_factors, _emit, carry=_carry)
RULES = {WHILE: _RULE, "stablehlo.if": _RULE, "stablehlo.case": _RULE}
