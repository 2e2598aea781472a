"""dot_general: batch and free dimensions are parallel, contracted ones are summed."""

from collections.abc import Sequence

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import filled, recreate, scalar, tensor
from xla_passes.module import element_bits, shape_of
from xla_passes.split.factors import Axis, Factor, Kind, Piece, Rule
from xla_passes.split.rules.elementwise import emit_resized

FLOAT32_BITS = 32


def _factors(op: ir.Operation) -> tuple[Factor, ...]:
    lhs, rhs = (shape_of(operand) for operand in op.operands)
    numbers = stablehlo.DotDimensionNumbers(op.attributes["dot_dimension_numbers"])
    batch = list(zip(numbers.lhs_batching_dimensions, numbers.rhs_batching_dimensions, strict=True))
    contracted = list(zip(numbers.lhs_contracting_dimensions, numbers.rhs_contracting_dimensions, strict=True))
    factors = [Factor(Kind.PARALLEL, lhs[left], (Axis(left), Axis(right)), (Axis(at),)) for at, (left, right) in enumerate(batch)]
    at = len(batch)
    for dim in range(len(lhs)):
        if dim not in {left for left, _ in (*batch, *contracted)}:
            factors.append(Factor(Kind.PARALLEL, lhs[dim], (Axis(dim), None), (Axis(at),)))
            at += 1
    for dim in range(len(rhs)):
        if dim not in {right for _, right in (*batch, *contracted)}:
            factors.append(Factor(Kind.PARALLEL, rhs[dim], (None, Axis(dim)), (Axis(at),)))
            at += 1
    factors += [Factor(Kind.REDUCTION, lhs[left], (Axis(left), Axis(right)), (None,), any_order=True) for left, right in contracted]
    return tuple(factors)


def _emit(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    if factor.kind is Kind.REDUCTION:
        return recreate(op, operands, [accumulator(op)])
    return emit_resized(op, operands, factor, piece)


def accumulator(op: ir.Operation) -> ir.RankedTensorType:
    """The type of partial sums: short floats are summed in float32, as the library sums within a product or a convolution."""
    kind = ir.RankedTensorType(op.results[0].type)
    is_short = isinstance(kind.element_type, ir.FloatType) and element_bits(kind.element_type) < FLOAT32_BITS
    return tensor(kind.shape, ir.F32Type.get()) if is_short else kind


def zero_total(op: ir.Operation, operands: Sequence[ir.Value]) -> list[ir.Value]:
    """What a sum starts from."""
    kind = accumulator(op)
    return [filled(scalar(0, kind.element_type), kind)]


def add_partial(op: ir.Operation, factor: Factor, total: Sequence[ir.Value], partial: Sequence[ir.Value]) -> list[ir.Value]:
    """The sum so far and that of a piece; booleans add as "or", which is what `dot_general` does with them."""
    return [stablehlo.add(total[0], partial[0])]


RULES = {"stablehlo.dot_general": Rule(_factors, _emit, add_partial, zero_total)}
