"""dot_general: batch and free dimensions are parallel, contracted ones are summed."""

from collections.abc import Sequence

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import filled, zero
from xla_passes.module import shape_of
from xla_passes.split.factors import Axis, Factor, Kind, Rule
from xla_passes.split.rules.elementwise import emit_resized


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
    factors += [Factor(Kind.REDUCTION, lhs[left], (Axis(left), Axis(right)), (None,)) for left, right in contracted]
    return tuple(factors)


def _identity(op: ir.Operation, operands: Sequence[ir.Value]) -> list[ir.Value]:
    kind = ir.RankedTensorType(op.results[0].type)
    return [filled(zero(kind.element_type), kind)]


def _combine(op: ir.Operation, factor: Factor, total: Sequence[ir.Value], partial: Sequence[ir.Value]) -> list[ir.Value]:
    """Booleans add as "or", which is what `dot_general` does with them."""
    return [stablehlo.add(total[0], partial[0])]


RULES = {"stablehlo.dot_general": Rule(_factors, emit_resized, _combine, _identity)}
