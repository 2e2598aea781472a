"""The trips of a counted loop: what it stacks up, and what it takes apart, trip by trip, need only be there for some trips at a time.

This is how JAX records `scan` and `map`: trip `i` takes row `i` of its inputs and writes row `i` of its outputs, or the row as far from
the end where the scan is reversed. Such a loop runs for the trips of one piece, and hands what it carries to the next.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.analysis.counting import Count, count_of
from xla_passes.analysis.graph import Graph, Node, captured_values, snapshot
from xla_passes.build import resized, scalar, take
from xla_passes.split.factors import Axis, Factor, Kind, Piece, Restart
from xla_passes.split.pieces import rewire

SLICE = "stablehlo.dynamic_slice"
UPDATE = "stablehlo.dynamic_update_slice"


@dataclass(frozen=True)
class Stacks:
    """A loop that counts its trips from zero, and the dimensions of what it carries along which trip `i` touches row `i` alone.

    Backwards, it is row `trips - 1 - i`: a piece of the rows is then computed by the trips that come as long before the last.
    """

    counter: int
    trips: int
    dims: dict[int, int]  # by the number of the carried value
    captured: dict[ir.Value, int]  # and of captured values
    accesses: tuple[ir.Operation, ...]  # the slices and updates that do
    is_backwards: bool = False

    def factor(self, op: ir.Operation) -> Factor:
        """The loop's trips as a factor."""
        axes = tuple(Axis(self.dims[at]) if at in self.dims else None for at in range(len(op.results)))
        captures = dict.fromkeys(captured_values(op))
        rows = tuple(Axis(self.captured[value]) if value in self.captured else None for value in captures)
        return Factor(Kind.SEQUENTIAL, self.trips, (*axes, *rows), axes, is_backwards=self.is_backwards)

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
            self._copy(op.regions[1].blocks[0], body, piece, captures)
        results = list(loop.results)
        results[self.counter] = stablehlo.add(results[self.counter], self._first_trip(results[self.counter].type, piece))
        return [*results, *(results[at] for at in carried)]

    def run_again(self, op: ir.Operation, operands: Sequence[ir.Value], restart: Restart, piece: Piece) -> list[ir.Value]:
        """The loop for the trips of one piece, from what was carried into them at first; the checkpoints lie where pieces begin."""
        first = self._first_trip(piece.offset.type, piece)
        element = ir.RankedTensorType(first.type).element_type
        late = scalar(-self.trips % restart.interval, element)  # the first stretch is that much shorter
        row = stablehlo.divide(stablehlo.add(first, late), scalar(restart.interval, element))
        handed = [operands[at] for at in self.carried(op)]
        for at, checkpoints in enumerate(restart.checkpoints):
            if checkpoints is not None:
                handed[at] = stablehlo.reshape(handed[at].type, take(checkpoints, 0, row, 1))
        return self.emit(op, [*operands, *handed], piece)[: len(op.results)]

    def _first_trip(self, kind: ir.Type, piece: Piece) -> ir.Value:
        """The number that the whole loop gives to the first trip of a piece of the rows."""
        offset = stablehlo.convert(kind, piece.offset)
        if not self.is_backwards:
            return offset
        return stablehlo.subtract(scalar(self.trips - piece.length, ir.RankedTensorType(kind).element_type), offset)

    def _copy(self, source: ir.Block, body: ir.Block, piece: Piece, captures: dict[ir.Value, ir.Value]) -> None:
        """The body, which counts its own trips but sees the number of the whole loop's."""
        local = row = body.arguments[self.counter]
        if self.is_backwards:
            row = stablehlo.subtract(scalar(piece.length - 1, ir.RankedTensorType(local.type).element_type), local)
        known: dict[ir.Value, ir.Value] = captures | dict(zip(source.arguments, body.arguments, strict=True))
        known[source.arguments[self.counter]] = stablehlo.add(local, self._first_trip(local.type, piece))
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
                self._access_locally(copy, op, row)
            known.update(zip(op.results, copy.results, strict=True))

    def _access_locally(self, copy: ir.Operation, op: ir.Operation, row: ir.Value) -> None:
        stack = op.operands[0]
        dim = self.captured[stack] if stack in self.captured else self.dims[ir.BlockArgument(stack).arg_number]
        copy.operands[(1 if op.name == SLICE else 2) + dim] = row
        if op.name == UPDATE:
            copy.results[0].set_type(copy.operands[0].type)


def stacks_of(op: ir.Operation) -> tuple[Stacks, ...]:
    """What a loop stacks up or takes apart trip by trip, forwards and backwards; none unless it counts its trips."""
    condition, body = (snapshot(region.blocks[0]) for region in op.regions)
    count = count_of(op, condition, body)
    if count is None or count.trips < 2:
        return ()
    found = (_stacks(condition, count, is_backwards=is_backwards) for is_backwards in (False, True))
    return tuple(stacks for stacks in found if stacks.dims or stacks.captured)


def _stacks(condition: Graph, count: Count, *, is_backwards: bool) -> Stacks:
    """What is touched in the rows of the trips' numbers alone."""
    body, numbers = count.body, count.rows((-1, count.trips - 1) if is_backwards else (1, 0))
    dims: dict[int, int] = {}
    captured: dict[ir.Value, int] = {}
    accesses: list[ir.Operation] = []
    for value, owner in enumerate(body.owner):
        if owner >= 0 or not body.users[value]:
            continue
        dim, rows = _rows(body, value, numbers)
        if dim is None or body.shapes[value][dim] != count.trips:
            continue
        if value not in body.arguments:
            if body.values[value] not in condition.number:
                captured[body.values[value]] = dim
                accesses += rows
        elif not condition.users[condition.arguments[body.arguments.index(value)]]:
            dims[body.arguments.index(value)] = dim
            accesses += rows
    return Stacks(count.counter, count.trips, dims, captured, tuple(accesses), is_backwards)


def _rows(body: Graph, value: int, numbers: Collection[int]) -> tuple[int | None, list[ir.Operation]]:
    """The dimension along which each trip takes or writes the row of its number, and the operations that do; None where one does not."""
    users = [body.nodes[user] for user in body.users[value]]
    dims = {_row_dim(body, node, numbers) if node.operands[:1] == (value,) else None for node in users}
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


def _row_dim(body: Graph, node: Node, numbers: Collection[int]) -> int | None:
    """The dimension of which a slice or an update touches the one row that one of the numbers says, and all of the others."""
    if node.name not in (SLICE, UPDATE):
        return None
    whole = body.shapes[node.operands[0]]
    is_slice = node.name == SLICE
    part = body.shapes[node.results[0] if is_slice else node.operands[1]]
    starts = node.operands[1 if is_slice else 2 :]
    if node.operands.count(node.operands[0]) != 1:
        return None
    found = [dim for dim, start in enumerate(starts) if start in numbers and part[dim] == 1]
    rest = [dim for dim in range(len(whole)) if dim not in found and part[dim] != whole[dim]]
    return found[0] if len(found) == 1 and not rest else None
