"""Operations that move elements about: broadcast, reshape, transpose, slice, iota, constants."""

import math
from collections.abc import Iterator, Sequence

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import filled, recreate, resized, tensor
from xla_passes.module import shape_of
from xla_passes.patterns import integers
from xla_passes.split.factors import Axis, Factor, Kind, Piece, Rule, Window, blocked
from xla_passes.split.rules.elementwise import emit_resized
from xla_passes.split.rules.stretches import scaled
from xla_passes.structured import element_of


def _broadcast_factors(op: ir.Operation) -> tuple[Factor, ...]:
    source, shape, dims = shape_of(op.operands[0]), shape_of(op.results[0]), integers(op, "broadcast_dimensions")
    factors = []
    for dim, size in enumerate(shape):
        at = dims.index(dim) if dim in dims else None
        if at is not None and source[at] == size:
            factors.append(Factor(Kind.PARALLEL, size, (Axis(at),), (Axis(dim),)))
        else:
            factors.append(Factor(Kind.FREE, size, (None,), (Axis(dim),)))
    return tuple(factors)


def reshape_groups(source: Sequence[int], target: Sequence[int]) -> Iterator[tuple[list[int], list[int]]]:
    """The smallest runs of source and target dimensions with the same number of elements, dimensions of one left out."""
    i = j = 0
    while i < len(source) or j < len(target):
        left: list[int] = []
        right: list[int] = []
        have = want = 1
        while not left or not right or have != want:
            if (have <= want or j >= len(target)) and i < len(source):
                left.append(i)
                have *= source[i]
                i += 1
            elif j < len(target):
                right.append(j)
                want *= target[j]
                j += 1
            else:
                break
        yield [d for d in left if source[d] != 1], [d for d in right if target[d] != 1]


def _reshape_factors(op: ir.Operation) -> tuple[Factor, ...]:
    source, target = shape_of(op.operands[0]), shape_of(op.results[0])
    if 0 in source:
        return tuple(blocked(0, op, dim, None, "an empty reshape") for dim in range(len(target)))
    factors = [Factor(Kind.FREE, 1, (None,), (Axis(dim),)) for dim, size in enumerate(target) if size == 1]
    for left, right in reshape_groups(source, target):
        if not left or not right:
            continue
        outer_in, outer_out = source[left[0]], target[right[0]]
        units = math.gcd(outer_in, outer_out)
        if units == min(outer_in, outer_out) and units > 1:
            factors.append(
                Factor(Kind.PARALLEL, units, (Axis(left[0], outer_in // units),), (Axis(right[0], outer_out // units),)),
            )
        else:
            factors.append(blocked(outer_out, op, right[0], left[0], "the reshape mixes this dimension with another"))
        factors += [blocked(target[d], op, d, None, "an inner dimension of a reshape") for d in right[1:]]
        factors += [blocked(source[d], op, None, d, "an inner dimension of a reshape") for d in left[1:]]
    return tuple(factors)


def _transpose_factors(op: ir.Operation) -> tuple[Factor, ...]:
    shape = shape_of(op.results[0])
    return tuple(Factor(Kind.PARALLEL, shape[dim], (Axis(at),), (Axis(dim),)) for dim, at in enumerate(integers(op, "permutation")))


def _slice_factors(op: ir.Operation) -> tuple[Factor, ...]:
    source, shape = shape_of(op.operands[0]), shape_of(op.results[0])
    factors = []
    for dim, (start, stride) in enumerate(zip(integers(op, "start_indices"), integers(op, "strides"), strict=True)):
        axis: Axis | Window = Axis(dim, stride, start)
        if start + shape[dim] * stride > source[dim]:  # the last stride runs past the operand: its last element is the last one read
            axis = Window(dim, source[dim], stride, start, extra=1 - stride)
        factors.append(Factor(Kind.PARALLEL, shape[dim], (axis,), (Axis(dim),)))
    return tuple(factors)


def _emit_slice(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    axis = factor.operands[0]
    assert axis is not None
    starts, limits = integers(op, "start_indices"), integers(op, "limit_indices")
    starts[axis.dim], limits[axis.dim] = 0, shape_of(operands[0])[axis.dim]
    return recreate(
        op,
        operands,
        [resized(op.results[0].type, axis.dim, piece.length)],
        start_indices=ir.DenseI64ArrayAttr.get(starts),
        limit_indices=ir.DenseI64ArrayAttr.get(limits),
    )


def _free_factors(op: ir.Operation) -> tuple[Factor, ...]:
    return tuple(Factor(Kind.FREE, size, (), (Axis(dim),)) for dim, size in enumerate(shape_of(op.results[0])))


def _constant_factors(op: ir.Operation) -> tuple[Factor, ...]:
    if not shape_of(op.results[0]) or isinstance(element_of(op.results[0]), ir.ComplexType):
        return ()  # the bindings cannot read complex constants (jaxlib 0.10.2); a splat is a broadcast scalar by now
    return _free_factors(op) if ir.DenseElementsAttr(op.attributes["value"]).is_splat else ()


def _emit_constant(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    axis = factor.results[0]
    assert axis is not None
    kind = resized(op.results[0].type, axis.dim, piece.length * axis.scale)
    splat = ir.DenseElementsAttr(op.attributes["value"]).get_splat_value()
    return [stablehlo.constant(ir.DenseElementsAttr.get_splat(kind, splat))]


def _emit_iota(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    """The iota of the piece; along its own dimension it starts from the offset, and is rounded once, as the elements of the whole are."""
    axis = factor.results[0]
    assert axis is not None
    kind = resized(op.results[0].type, axis.dim, piece.length * axis.scale)
    if ir.IntegerAttr(op.attributes["iota_dimension"]).value != axis.dim:
        return recreate(op, operands, [kind])
    start = scaled(piece.offset, axis.scale)
    if isinstance(kind.element_type, ir.IntegerType):
        (counted,) = recreate(op, operands, [kind])
        return [stablehlo.add(counted, filled(stablehlo.convert(tensor((), kind.element_type), start), kind))]
    (counted,) = recreate(op, operands, [tensor(kind.shape, element_of(start))])
    return [stablehlo.convert(kind, stablehlo.add(counted, filled(start, counted.type)))]


RULES = {
    "stablehlo.broadcast_in_dim": Rule(_broadcast_factors, emit_resized),
    "stablehlo.reshape": Rule(_reshape_factors, emit_resized),
    "stablehlo.transpose": Rule(_transpose_factors, emit_resized),
    "stablehlo.slice": Rule(_slice_factors, _emit_slice),
    "stablehlo.iota": Rule(_free_factors, _emit_iota),
    "stablehlo.constant": Rule(_constant_factors, _emit_constant),
    "chlo.constant": Rule(_constant_factors, _emit_constant),
}
