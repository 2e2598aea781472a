"""Run a loop of the program again, a stretch of trips at a time, for a loop that goes back through what it stacked up.

The gradient of a `scan` reads from the last row to the first what the forward scan stacked up, so the two cannot share a loop. Where the
forward scan keeps what it carries into every n-th trip instead (Griewank and Walther's checkpoints; Chen et al. 2016), a loop over the
stretches from the last to the first makes n rows at a time again. Inside of its body, the same may be done with those n trips.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.analysis.graph import Graph, snapshot
from xla_passes.analysis.inside import Inside
from xla_passes.analysis.liveness import Liveness
from xla_passes.build import put, resized, scalar, tensor
from xla_passes.canonicalise.dead_code import carries_needed, sweep
from xla_passes.module import context, shape_of, source_line, value_bytes
from xla_passes.patterns import is_used
from xla_passes.plan import Rewrite
from xla_passes.split.axes import Axes
from xla_passes.split.candidates import LoopNest, body_of, placement
from xla_passes.split.courses import Built, Choice
from xla_passes.split.factors import Restart
from xla_passes.split.growth import Growth, grow
from xla_passes.split.loops import build
from xla_passes.split.region import Region, Step
from xla_passes.split.rules.trips import Stacks, stacks_of

NAME = "checkpoint-scan"
WORTH_IT = 2  # checkpoints and one stretch take at most this part of the stacks that they replace
FINER = 1.26  # ratio of the lengths that are tried


@dataclass(frozen=True)
class Checkpointing:
    """A loop over stretches of trips, from the last to the first, which runs the loops that `growth` lets restart again."""

    graph: Graph
    nest: LoopNest
    growth: Growth
    depth: int
    overflow_bytes: int | None = None  # of the outermost block as it is now, summed over its steps


def find_checkpointing(
    graph: Graph, axes: Axes, live: Liveness, targets: Sequence[int], budget: int, depth: int, *, inside: Inside
) -> Checkpointing | None:
    """Stretches of trips to run again so that stacks among the targets need not be kept, if that saves at least half of them."""
    found = {}
    for growth, region in _regions(graph, axes, targets):
        saved = _saved_bytes(graph, region)
        length = _length(graph, region, saved, budget - max(0, live.peak_bytes - saved), inside=inside)
        if length:
            found[saved] = Checkpointing(graph, LoopNest(region, length), growth, depth)
    return found[max(found)] if found else None


def all_checkpointings(block: ir.Block, length: int) -> list[Checkpointing]:
    """Whatever loops over stretches of so many units there can be, whether or not they save anything: for tests."""
    graph = snapshot(block)
    made = [value for value, owner in enumerate(graph.owner) if owner >= 0]
    found = _regions(graph, Axes(graph), made)
    return [Checkpointing(graph, LoopNest(region, max(region.shortest, min(length, region.units))), growth, 0) for growth, region in found]


def _regions(graph: Graph, axes: Axes, targets: Sequence[int]) -> Iterator[tuple[Growth, Region]]:
    """Regions in which a loop is run again, for one that goes through its trips the other way."""
    places = [(target, axis) for target in targets for axis, size in enumerate(graph.shapes[target]) if size > 1]
    for growth in _growths(graph):
        seen: set[Region] = set()
        for target, axis in places:
            region = grow(graph, axes, target, axis, growth)
            if region and region not in seen and _restarted(region) and any(step.is_sequential for step in region.steps):
                seen.add(region)
                yield growth, region


def _growths(graph: Graph) -> Iterator[Growth]:
    """Regions in which the loops that stack something up, all in one direction, are run again; and all that is as large as a stack."""
    loops = [node.op for node in graph.nodes if node.name == "stablehlo.while"]
    found = [(op, stacks) for op in loops for stacks in stacks_of(op) if stacks.dims]
    for is_backwards in (False, True):
        some = [(op, stacks) for op, stacks in found if stacks.is_backwards is is_backwards]
        sizes = [value_bytes(op.results[at]) for op, stacks in some for at in stacks.dims if is_used(op.results[at])]
        if sizes:
            yield Growth(min(sizes), restarts=tuple(Restart(op, stacks.factor(op)) for op, stacks in some))


def _restarted(region: Region) -> list[Step]:
    return [step for step in region.steps if step.is_restarted]


def _saved_bytes(graph: Graph, region: Region) -> int:
    """The stacks that nobody needs whole any more."""
    before, after = placement(graph, region)
    again = _restarted(region)
    readers = {*before, *after, *(step.node for step in again)}
    made = [value for step in again for value, _ in step.offers(graph.nodes[step.node]) if graph.users[value]]
    kept = graph.outputs | {sink.value for sink in region.sinks}
    return sum(graph.bytes[value] for value in made if value not in kept and readers.isdisjoint(graph.users[value]))


def _length(graph: Graph, region: Region, saved: int, room: int, *, inside: Inside) -> int | None:
    """The length of a stretch, in units, that takes the least memory; None where that saves little.

    Where even that does not fit, the checkpoints get half of the room, and stretches as short as they allow are checkpointed in turn.
    """
    body = body_of(graph, region, inside)
    kept = {length: _checkpoint_bytes(region, length) for length in _lengths(region)}
    total = {length: size + body.liveness(length)[0].peak_bytes for length, size in kept.items()}
    best = min(total, key=total.__getitem__, default=None)
    if best is None or total[best] * WORTH_IT > saved:
        return None
    return min((length for length, size in kept.items() if size <= room // 2), default=best) if total[best] > room else best


def _lengths(region: Region) -> list[int]:
    """Lengths worth weighing, longest first, each the one nearby that leaves the least over: what is left over needs loops of its own."""
    lengths: dict[int, None] = {}
    length = (region.units + 1) // 2
    while length >= region.shortest:
        near = range(length, max(region.shortest, length * 7 // 8) - 1, -1)
        lengths[min(near, key=region.units.__mod__)] = None
        length = min(length - 1, int(length / FINER))
    return list(lengths)


def _checkpoint_bytes(region: Region, length: int) -> int:
    rows = 1 - (-region.units // length)
    again = [step.factor.restart for step in _restarted(region) if step.factor and step.factor.restart]
    return rows * sum(value_bytes(each.loop.operands[at]) for each in again for at in _needed(each.loop, _stacks(each)))


def _stacks(restart: Restart) -> Stacks:
    return next(stacks for stacks in stacks_of(restart.loop) if stacks.factor(restart.loop) == restart.trips)


def _needed(op: ir.Operation, stacks: Stacks) -> list[int]:
    """The numbers of the carried values that the rows of the stacks depend on."""
    needed = carries_needed(op.regions[1].blocks[0], set(stacks.dims))
    return [at for at in stacks.carried(op) if at in needed]


def checkpoint(found: Checkpointing) -> tuple[Rewrite, Built]:
    """Write checkpoints where the loops run, and build the loop that begins from them."""
    graph, region, length = found.graph, found.nest.region, found.nest.length
    steps = sorted(_restarted(region), key=lambda step: step.node)
    loops = [(step.factor.restart, length * step.scale) for step in steps if step.factor and step.factor.restart]
    done = Rewrite(NAME, source_line(loops[0][0].loop), is_exact=True)
    with context():
        pairs = [_with_checkpoints(*each) for each in loops]
        growth = replace(found.growth, restarts=tuple(restart for restart, _ in pairs))
        now = snapshot(graph.block)
        again = grow(now, Axes(now), now.number[graph.values[region.target]], region.axis, growth)
        assert again is not None
        stays = {now.nodes[index].op for part in placement(now, again) for index in part}
        built = build(Choice(now, LoopNest(again, length), found.depth))
        for restart, loop in pairs:
            if restart.loop in stays:  # somebody needs a whole stack: the loop that runs first makes it
                for old, new in zip(restart.loop.results, loop.results, strict=False):
                    old.replace_all_uses_with(new)
                restart.loop.erase()
        sweep(graph.block)  # the loops that run first make fewer stacks
    return done, built


def _with_checkpoints(restart: Restart, interval: int) -> tuple[Restart, ir.Operation]:
    """A loop before the loop that does the same and writes checkpoints; it makes all but the stacks for those who need them."""
    op, stacks = restart.loop, _stacks(restart)
    needed = _needed(op, stacks)
    with op.location, ir.InsertionPoint(op):
        loop = _carrying(op, [_rows(op.operands[at], 1 - (-stacks.trips // interval)) for at in needed])
    block = loop.regions[1].blocks[0]
    end = list(block.operations)[-1].operation
    with end.location, ir.InsertionPoint(end):
        counter = block.arguments[stacks.counter]
        element = ir.RankedTensorType(counter.type).element_type
        # Row j holds what goes into trip C * j, less how much the first stretch is shorter: of the trips up to there, the last to write it.
        late = scalar(-stacks.trips % interval + interval - 1, element)
        row = stablehlo.divide(stablehlo.add(counter, late), scalar(interval, element))
        written = []
        for at, rows in zip(needed, list(block.arguments)[len(op.operands) :], strict=True):
            value = block.arguments[at]
            written.append(put(rows, stablehlo.reshape(resized(rows.type, 0, 1), value), 0, row))
        ir.Operation.create(end.name, operands=[*end.operands, *written])
    end.erase()
    for at in (stacks.counter, *stacks.carried(op)):
        op.results[at].replace_all_uses_with(loop.results[at])
    made = dict(zip(needed, list(loop.results)[len(op.results) :], strict=True))
    return replace(restart, interval=interval, checkpoints=tuple(made.get(at) for at in stacks.carried(op))), loop


def _rows(value: ir.Value, count: int) -> ir.Value:
    """A buffer of rows: the first, which no trip may write, is what the loop begins with."""
    shape = shape_of(value)
    dims = ir.DenseI64ArrayAttr.get(range(1, len(shape) + 1))
    return stablehlo.broadcast_in_dim(tensor((count, *shape), ir.RankedTensorType(value.type).element_type), value, dims)


def _carrying(op: ir.Operation, more: Sequence[ir.Value]) -> ir.Operation:
    """A copy of a loop that carries more values, which its body does not return yet."""
    copy = op.clone()
    operands = [*op.operands, *more]
    made = ir.Operation.create(
        op.name, results=[value.type for value in operands], operands=operands, attributes=dict(op.attributes.items()), regions=2
    )
    for old, new in zip(copy.regions, made.regions, strict=True):
        block = old.blocks[0]
        block.append_to(new)
        for value in more:
            block.add_argument(value.type, op.location)
    copy.erase()
    return made
