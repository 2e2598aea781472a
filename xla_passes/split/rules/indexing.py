"""dynamic_slice and dynamic_update_slice: dimensions that are taken whole, and stretches that start where the data says."""

from collections.abc import Sequence

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import filled, index_type, recreate, resized, scalar, tensor
from xla_passes.canonicalise.constants import filled_with
from xla_passes.module import element_bits, shape_of
from xla_passes.patterns import producer
from xla_passes.split.factors import Axis, Factor, Kind, Piece, Rule
from xla_passes.split.rules.elementwise import emit_resized
from xla_passes.split.rules.stretches import clamped, stretch, window_of
from xla_passes.structured import element_of, full


def _slice_factors(op: ir.Operation) -> tuple[Factor, ...]:
    source, shape = shape_of(op.operands[0]), shape_of(op.results[0])
    rest = (None,) * (len(op.operands) - 1)
    return tuple(
        Factor(Kind.PARALLEL, size, (Axis(dim), *rest), (Axis(dim),))
        if source[dim] == size
        else Factor(Kind.FREE, size, (None, *rest), (Axis(dim),))
        for dim, size in enumerate(shape)
    )


def _emit_slice(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    """Along a dimension that is not taken whole: a slice of the whole operand, so much further."""
    (axis,) = factor.results
    assert axis is not None
    kind = resized(op.results[0].type, axis.dim, piece.length)
    value, *starts = operands
    starts = _starts(shape_of(op.operands[0]), shape_of(op.results[0]), starts, piece)
    if factor.kind is Kind.FREE:
        starts[axis.dim] = stablehlo.add(starts[axis.dim], stablehlo.convert(starts[axis.dim].type, piece.offset))
    return recreate(op, [value, *starts], [kind], slice_sizes=ir.DenseI64ArrayAttr.get(kind.shape))


def _starts(source: Sequence[int], sizes: Sequence[int], starts: Sequence[ir.Value], piece: Piece) -> list[ir.Value]:
    """Start indices as they are meant: moved inside, and of a type that holds the sums of them and the piece's offset."""
    needed = index_type(2 * max(source, default=0))
    wide = tensor((), max(needed, element_of(piece.offset), key=element_bits))
    meant: list[ir.Value] = []
    for size, taken, start in zip(source, sizes, starts, strict=True):
        meant.append(stablehlo.convert(wide, _inside(start, size - taken)))
    return meant


def _inside(start: ir.Value, most: int) -> ir.Value:
    """A start index, moved inside unless it says itself that it is there."""
    element = ir.IntegerType(element_of(start))
    most = min(most, 2 ** (element.width - (not element.is_unsigned)) - 1)
    owner = producer(start)
    bounds = (owner.operands[0], owner.operands[2]) if owner is not None and owner.name == "stablehlo.clamp" else (start, start)
    least, largest = map(filled_with, bounds)
    if least is not None and largest is not None and 0 <= least <= largest <= most:
        return start
    return clamped(start, 0, most)


def move_inside(op: ir.Operation) -> None:
    """Say where a dynamic_slice starts that is asked for a start outside of its operand; other operations stay as they are.

    XLA makes one slice of two that follow each other (algsimp, jaxlib 0.10.2; openxla/xla#49121), also with a reshape, a transpose or a
    broadcast in between: it adds the second start as it is, and moves the first inside as if that slice were as small as the second. Loops
    slice what slices made, and a gather of one place, as pieces of larger ones are, is such a slice, too. Right is the sum of starts that
    lie inside before.
    """
    if op.name != "stablehlo.dynamic_slice":
        return
    with op.location, ir.InsertionPoint(op):
        for dim, (size, taken) in enumerate(zip(shape_of(op.operands[0]), shape_of(op.results[0]), strict=True)):
            op.operands[1 + dim] = _inside(op.operands[1 + dim], size - taken)


def _update_factors(op: ir.Operation) -> tuple[Factor, ...]:
    shape, update = shape_of(op.operands[0]), shape_of(op.operands[1])
    rest = (None,) * (len(op.operands) - 2)
    return tuple(
        Factor(Kind.PARALLEL, size, (Axis(dim), Axis(dim) if update[dim] == size else None, *rest), (Axis(dim),))
        for dim, size in enumerate(shape)
    )


def _emit_update(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    """Along a dimension that is not updated whole: those of the piece's elements that the update covers are selected from it."""
    (axis,) = factor.results
    assert axis is not None
    if factor.operands[1] is not None:
        return emit_resized(op, operands, factor, piece)
    value, update, *starts = operands
    dim, size = axis.dim, shape_of(update)[axis.dim]
    starts = _starts(shape_of(op.operands[0]), shape_of(update), starts, piece)
    ahead = stablehlo.subtract(stablehlo.convert(starts[dim].type, piece.offset), starts[dim])
    part, begins = window_of(update, dim, ahead, piece.length)
    new = stretch(part, dim, stablehlo.subtract(ahead, begins), piece.length, scalar(0, element_of(update)))
    starts[dim] = scalar(0, element_of(ahead))
    old = stablehlo.dynamic_slice(value, starts, ir.DenseI64ArrayAttr.get(shape_of(new)))
    index = tensor((piece.length,), element_of(ahead))
    places = stablehlo.add(stablehlo.iota(index, 0), filled(ahead, index))
    is_new = stablehlo.and_(_compare(places, "GE", 0), _compare(places, "LT", size))
    mask = stablehlo.broadcast_in_dim(tensor(shape_of(new), ir.IntegerType.get_signless(1)), is_new, ir.DenseI64ArrayAttr.get([dim]))
    return [stablehlo.dynamic_update_slice(value, stablehlo.select(mask, new, old), starts)]


def _compare(values: ir.Value, direction: str, number: int) -> ir.Value:
    return stablehlo.compare(values, full(number, values), stablehlo.ComparisonDirectionAttr.get(direction))


RULES = {
    "stablehlo.dynamic_slice": Rule(_slice_factors, _emit_slice),
    "stablehlo.dynamic_update_slice": Rule(_update_factors, _emit_update),
}
