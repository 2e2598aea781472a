"""Operations whose pieces meet edges: pad, concatenate and reverse, along their own dimensions too."""

from collections.abc import Sequence
from itertools import accumulate

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import filled, recreate, resized, scalar, take
from xla_passes.module import shape_of
from xla_passes.patterns import integers
from xla_passes.split.factors import Axis, Factor, Kind, Piece, Rule, Window
from xla_passes.split.rules.elementwise import emit_resized
from xla_passes.split.rules.stretches import clamped, dilated_stretch, padded, shifted, stretch

# pad


def _pad_factors(op: ir.Operation) -> tuple[Factor, ...]:
    source, shape = shape_of(op.operands[0]), shape_of(op.results[0])
    if 0 in source:
        return tuple(Factor(Kind.FREE, size, (None, None), (Axis(dim),)) for dim, size in enumerate(shape))
    return tuple(_pad_factor(op, dim, source[dim], size) for dim, size in enumerate(shape))


def _pad_factor(op: ir.Operation, dim: int, count: int, size: int) -> Factor:
    """Elements apart in the result are one to a unit of the factor, where units tile it; else they are looked for in the whole operand."""
    low, high, interior = _padding(op, dim)
    unit = interior + 1
    if unit == 1 and low <= 0 and high <= 0:
        return Factor(Kind.PARALLEL, size, (Axis(dim, shift=-low), None), (Axis(dim),))
    if size % unit:
        return Factor(Kind.FREE, size, (None, None), (Axis(dim),))
    return Factor(Kind.PARALLEL, size // unit, (Window(dim, count, shift=-(low // unit)), None), (Axis(dim, unit),))


def _padding(op: ir.Operation, dim: int) -> tuple[int, int, int]:
    low, high, interior = (integers(op, name)[dim] for name in ("edge_padding_low", "edge_padding_high", "interior_padding"))
    return low, high, interior


def _emit_pad(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    """The operand's piece, padded along the factor's dimension for just this piece; then along the others."""
    value, fill = operands
    (axis,) = factor.results
    assert axis is not None
    dim, length = axis.dim, piece.length * axis.scale
    low, high, interior = _padding(op, dim)
    unit = interior + 1
    if 0 in shape_of(value):
        return [filled(fill, resized(op.results[0].type, dim, length))]
    if factor.kind is Kind.FREE:
        value = dilated_stretch(value, dim, shifted(piece.offset, -low), length, fill, interior)
    elif isinstance(window := factor.operands[0], Window):
        begins = piece.starts[0]
        assert begins is not None
        start = stablehlo.subtract(shifted(piece.offset, window.shift), begins)
        value = stretch(value, dim, start, piece.length, fill, (low, high) if unit == 1 else None)
        value = padded(value, dim, fill, low % unit, interior - low % unit, interior)
    return recreate(op, [value, fill], [resized(op.results[0].type, dim, length)], **_without_padding(op, dim))


def _without_padding(op: ir.Operation, dim: int) -> dict[str, ir.Attribute]:
    names = ("edge_padding_low", "edge_padding_high", "interior_padding")
    return {name: ir.DenseI64ArrayAttr.get([0 if at == dim else amount for at, amount in enumerate(integers(op, name))]) for name in names}


# concatenate


def _concatenate_factors(op: ir.Operation) -> tuple[Factor, ...]:
    joined = ir.IntegerAttr(op.attributes["dimension"]).value
    sizes = [shape_of(operand)[joined] for operand in op.operands]
    starts = accumulate(sizes, initial=0)
    windows = tuple(Window(joined, size, shift=-start) if size else None for size, start in zip(sizes, starts, strict=False))
    return tuple(
        Factor(Kind.PARALLEL, size, windows if dim == joined else (Axis(dim),) * len(op.operands), (Axis(dim),))
        for dim, size in enumerate(shape_of(op.results[0]))
    )


def _emit_concatenate(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    """Along its own dimension the piece is a contiguous part of all windows, put together.

    Where it runs over the end of an operand, that operand's window holds just this end. It starts after the elements of each window that
    lie before it.
    """
    if not any(isinstance(axis, Window) for axis in factor.operands):
        return emit_resized(op, operands, factor, piece)
    dim = ir.IntegerAttr(op.attributes["dimension"]).value
    element = ir.RankedTensorType(piece.offset.type).element_type
    begin = scalar(0, element)
    for value, axis, start in zip(operands, factor.operands, piece.starts, strict=True):
        if isinstance(axis, Window) and start is not None:
            before = stablehlo.subtract(shifted(piece.offset, axis.shift), start)
            begin = stablehlo.add(begin, clamped(before, 0, shape_of(value)[dim]))
    whole = sum(shape_of(value)[dim] for value in operands)
    (joined,) = recreate(op, operands, [resized(op.results[0].type, dim, whole)])
    return [joined if whole == piece.length else take(joined, dim, begin, piece.length)]


# reverse


def _reverse_factors(op: ir.Operation) -> tuple[Factor, ...]:
    turned = integers(op, "dimensions")
    return tuple(
        Factor(Kind.PARALLEL, size, (Window(dim, size, is_mirrored=True) if dim in turned else Axis(dim),), (Axis(dim),))
        for dim, size in enumerate(shape_of(op.results[0]))
    )


RULES = {
    "stablehlo.pad": Rule(_pad_factors, _emit_pad),
    "stablehlo.concatenate": Rule(_concatenate_factors, _emit_concatenate),
    "stablehlo.reverse": Rule(_reverse_factors, emit_resized),
}
