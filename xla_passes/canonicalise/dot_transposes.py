"""Transposes that only feed a product become part of its dimension numbers: a transposed copy need not be kept, nor sliced."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import recreate
from xla_passes.patterns import apply_rules, integers, produced_by
from xla_passes.plan import Rewrite


@dataclass(frozen=True)
class FoldDotTransposes:
    """`dot_general(transpose(a), b)` -> `dot_general(a, b)` with other dimension numbers, for either operand; exact.

    Only where the free dimensions keep their order, since the result has them in the operand's order.
    """

    name: str = "fold-dot-transposes"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        apply_rules(module, {"stablehlo.dot_general": _fold})
        return ()


def _fold(op: ir.Operation) -> ir.Value | None:
    numbers = stablehlo.DotDimensionNumbers(op.attributes["dot_dimension_numbers"])
    batch = [list(numbers.lhs_batching_dimensions), list(numbers.rhs_batching_dimensions)]
    contracted = [list(numbers.lhs_contracting_dimensions), list(numbers.rhs_contracting_dimensions)]
    operands = list(op.operands)
    for side in (0, 1):
        transpose = produced_by(operands[side], "stablehlo.transpose")
        if transpose is None:
            continue
        order = integers(transpose, "permutation")
        if _keeps_free_order(order, (*batch[side], *contracted[side])):
            operands[side] = transpose.operands[0]
            batch[side] = [order[dim] for dim in batch[side]]
            contracted[side] = [order[dim] for dim in contracted[side]]
    if operands == list(op.operands):
        return None
    moved = stablehlo.DotDimensionNumbers.get(
        lhs_batching_dimensions=batch[0],
        rhs_batching_dimensions=batch[1],
        lhs_contracting_dimensions=contracted[0],
        rhs_contracting_dimensions=contracted[1],
    )
    return recreate(op, operands, [op.results[0].type], dot_dimension_numbers=moved)[0]


def _keeps_free_order(order: Sequence[int], bound: Sequence[int]) -> bool:
    free = [order[dim] for dim in range(len(order)) if dim not in bound]
    return free == sorted(free)
