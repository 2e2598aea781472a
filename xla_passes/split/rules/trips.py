"""The trips of a counted loop: what it stacks up, and what it takes apart, trip by trip, need only be there for some trips at a time.

This is how JAX records `scan` and `map`: trip `i` takes row `i` of its inputs and writes row `i` of its outputs. Such a loop runs for the
trips of one piece, and hands what it carries to the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.analysis.graph import Graph, Node, captured_values, snapshot
from xla_passes.build import resized, scalar
from xla_passes.split.factors import Axis, Factor, Kind, Piece
from xla_passes.split.pieces import rewire

SLICE = "stablehlo.dynamic_slice"
UPDATE = "stablehlo.dynamic_update_slice"


@dataclass(frozen=True)
class Stacks:
    """A loop that counts its trips from zero, and the dimensions of what it carries along which trip `i` touches row `i` alone."""

    counter: int
    trips: int
    dims: dict[int, int]  # by the number of the carried value
    captured: dict[ir.Value, int]  # and of captured values
    accesses: tuple[ir.Operation, ...]  # the slices and updates that do

    def factor(self, op: ir.Operation) -> Factor:
        """The loop's trips as a factor."""
        axes = tuple(Axis(self.dims[at]) if at in self.dims else None for at in range(len(op.results)))
        captures = dict.fromkeys(captured_values(op))
        rows = tuple(Axis(self.captured[value]) if value in self.captured else None for value in captures)
        return Factor(Kind.SEQUENTIAL, self.trips, (*axes, *rows), axes)

    def carried(self, op: ir.Operation) -> list[int]:
        """The numbers of what is handed from trip to trip."""
        return [at for at in range(len(op.results)) if at != self.counter and at not in self.dims]

    def emit(self, op: ir.Operation, operands: Sequence[ir.Value], piece: Piece) -> list[ir.Value]:
        """The loop for the trips of one piece; after the operands (and what it captures) stands what is handed over."""
        own, carried = list(operands[: len(op.operands)]), self.carried(op)
        handed = operands[len(operands) - len(carried) :]
        captures = dict(zip(dict.fromkeys(captured_values(op)), operands[len(own) :], strict=False))
        for at, value in zip(carried, handed, strict=True):
            own[at] = value
        element = ir.RankedTensorType(own[self.counter].type).element_type
        own[self.counter] = scalar(0, element)
        kinds = [
            resized(result.type, self.dims[at], piece.length) if at in self.dims else result.type for at, result in enumerate(op.results)
        ]
        loop = stablehlo.WhileOp(kinds, own)
        places = [ir.Location.current] * len(kinds)
        condition = loop.regions[0].blocks.append(*kinds, arg_locs=places)
        with ir.InsertionPoint(condition):
            less = stablehlo.ComparisonDirectionAttr.get("LT")
            stablehlo.return_([stablehlo.compare(condition.arguments[self.counter], scalar(piece.length, element), less)])
        body = loop.regions[1].blocks.append(*kinds, arg_locs=places)
        with ir.InsertionPoint(body):
            self._copy(op.regions[1].blocks[0], body, piece.offset, captures)
        results = list(loop.results)
        results[self.counter] = stablehlo.add(results[self.counter], stablehlo.convert(results[self.counter].type, piece.offset))
        return [*results, *(results[at] for at in carried)]

    def _copy(self, source: ir.Block, body: ir.Block, offset: ir.Value, captures: dict[ir.Value, ir.Value]) -> None:
        """The body, which counts its own trips but sees the number of the whole loop's."""
        local = body.arguments[self.counter]
        known: dict[ir.Value, ir.Value] = captures | dict(zip(source.arguments, body.arguments, strict=True))
        known[source.arguments[self.counter]] = stablehlo.add(local, stablehlo.convert(local.type, offset))
        for view in source.operations:
            op = view.operation
            if op.name == "stablehlo.return":
                values = [known.get(value, value) for value in op.operands]
                values[self.counter] = stablehlo.add(local, scalar(1, ir.RankedTensorType(local.type).element_type))
                stablehlo.return_(values)
                return
            copy = op.clone(ir.InsertionPoint.current)
            rewire(copy, known)
            if op in self.accesses:
                self._access_locally(copy, op, local)
            known.update(zip(op.results, copy.results, strict=True))

    def _access_locally(self, copy: ir.Operation, op: ir.Operation, local: ir.Value) -> None:
        stack = op.operands[0]
        dim = self.captured[stack] if stack in self.captured else self.dims[ir.BlockArgument(stack).arg_number]
        copy.operands[(1 if op.name == SLICE else 2) + dim] = local
        if op.name == UPDATE:
            copy.results[0].set_type(copy.operands[0].type)


def stacks_of(op: ir.Operation) -> Stacks | None:
    """What a loop stacks up or takes apart trip by trip, if it counts its trips and there is any."""
    condition, body = (snapshot(region.blocks[0]) for region in op.regions)
    counted = _counted(op, condition)
    if counted is None or not _counts_up(body, counted[0]):
        return None
    counter, trips = counted
    dims: dict[int, int] = {}
    captured: dict[ir.Value, int] = {}
    accesses: list[ir.Operation] = []
    for value, owner in enumerate(body.owner):
        if owner >= 0 or not body.users[value]:
            continue
        dim, rows = _rows(body, value, body.arguments[counter])
        if dim is None or body.shapes[value][dim] != trips:
            continue
        if value not in body.arguments:
            if body.values[value] not in condition.number:
                captured[body.values[value]] = dim
                accesses += rows
        elif not condition.users[condition.arguments[body.arguments.index(value)]]:
            dims[body.arguments.index(value)] = dim
            accesses += rows
    return Stacks(counter, trips, dims, captured, tuple(accesses)) if (dims or captured) and trips > 1 else None


def _constant(value: ir.Value) -> int | None:
    """The number that a scalar integer constant holds."""
    owner = value.owner
    if isinstance(owner, ir.Block) or owner.name != "stablehlo.constant" or ir.RankedTensorType(value.type).shape:
        return None
    if not isinstance(ir.RankedTensorType(value.type).element_type, ir.IntegerType):
        return None
    return int(ir.IntegerAttr(ir.DenseElementsAttr(owner.operation.attributes["value"]).get_splat_value()).value)


def _counted(op: ir.Operation, condition: Graph) -> tuple[int, int] | None:
    """The number of the carried counter and of trips, where the condition is `counter < trips` and counting starts from zero."""
    owner = condition.owner[condition.terminator.operands[0]]
    node = condition.nodes[owner] if owner >= 0 else None
    if node is None or node.name != "stablehlo.compare" or node.operands[0] not in condition.arguments:
        return None
    direction = str(stablehlo.ComparisonDirectionAttr(node.op.attributes["comparison_direction"]).value)
    counter, trips = condition.arguments.index(node.operands[0]), _constant(node.op.operands[1])
    is_counted = direction == "LT" and trips is not None and _constant(op.operands[counter]) == 0
    return (counter, trips) if is_counted and trips is not None else None


def _counts_up(body: Graph, counter: int) -> bool:
    value = body.terminator.operands[counter]
    node = body.nodes[body.owner[value]]
    if body.owner[value] < 0 or node.name != "stablehlo.add" or body.arguments[counter] not in node.operands:
        return False
    step = next((operand for operand in node.operands if operand != body.arguments[counter]), None)
    return step is not None and _constant(body.values[step]) == 1


def _rows(body: Graph, value: int, counter: int) -> tuple[int | None, list[ir.Operation]]:
    """The dimension along which each trip takes or writes the row of its number, and the operations that do; None where one does not."""
    users = [body.nodes[user] for user in body.users[value]]
    dims = {_row_dim(body, node, counter) if node.operands[:1] == (value,) else None for node in users}
    updates = [node for node in users if node.name == UPDATE]
    if updates and (len(users) > 1 or not _is_handed_on(body, value, updates[0].results[0])):
        return None, []
    return (dims.pop() if len(dims) == 1 else None), [node.op for node in users]


def _is_handed_on(body: Graph, value: int, result: int) -> bool:
    """Whether what is written into a carried value is what the next trip gets for it, and nothing else."""
    if value not in body.arguments or body.users[result] != (body.terminator.index,):
        return False
    returned = body.terminator.operands
    return returned.count(result) == 1 and returned[body.arguments.index(value)] == result


def _row_dim(body: Graph, node: Node, counter: int) -> int | None:
    """The dimension of which a slice or an update touches the one row that the counter says, and all of the others."""
    if node.name not in (SLICE, UPDATE):
        return None
    whole = body.shapes[node.operands[0]]
    is_slice = node.name == SLICE
    part = body.shapes[node.results[0] if is_slice else node.operands[1]]
    starts = node.operands[1 if is_slice else 2 :]
    if node.operands.count(node.operands[0]) != 1:
        return None
    found = [dim for dim, start in enumerate(starts) if start == counter and part[dim] == 1]
    rest = [dim for dim in range(len(whole)) if dim not in found and part[dim] != whole[dim]]
    return found[0] if len(found) == 1 and not rest else None
