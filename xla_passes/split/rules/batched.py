"""Operations that need whole dimensions, and treat the others as a batch: sort, cholesky, triangular_solve, fft."""

from collections.abc import Callable, Collection

from jaxlib.mlir import ir

from xla_passes.module import shape_of
from xla_passes.patterns import integers
from xla_passes.split.factors import Axis, Factor, Kind, Rule, blocked
from xla_passes.split.rules.elementwise import emit_resized


def _batch_rule(needed: Callable[[ir.Operation, int], Collection[int]], reason: str) -> Rule:
    """Every operand of full rank and every result carries each dimension, but those that the operation needs whole."""

    def factors(op: ir.Operation) -> tuple[Factor, ...]:
        shape = shape_of(op.results[0])
        whole = needed(op, len(shape))
        axes = [len(shape_of(operand)) == len(shape) for operand in op.operands]
        return tuple(
            Factor(
                Kind.BLOCKED if dim in whole else Kind.PARALLEL,
                size,
                tuple(Axis(dim) if has else None for has in axes),
                (Axis(dim),) * len(op.results),
                reason if dim in whole else "",
            )
            for dim, size in enumerate(shape)
        )

    return Rule(factors, emit_resized)


def _sorted_dim(op: ir.Operation, rank: int) -> Collection[int]:
    return {ir.IntegerAttr(op.attributes["dimension"]).value % rank}


def _matrix_dims(op: ir.Operation, rank: int) -> Collection[int]:
    return {rank - 2, rank - 1}


def _solve_factors(op: ir.Operation) -> tuple[Factor, ...]:
    """Right-hand sides are solved one by one: they are the columns of the second operand, or its rows where that one is on the left."""
    shape = shape_of(op.results[0])
    rows, columns = range(len(shape))[-2:]
    free, solved = (columns, rows) if ir.BoolAttr(op.attributes["left_side"]).value else (rows, columns)
    factors = [Factor(Kind.PARALLEL, shape[dim], (Axis(dim), Axis(dim)), (Axis(dim),)) for dim in range(rows)]
    factors.append(Factor(Kind.PARALLEL, shape[free], (None, Axis(free)), (Axis(free),)))
    factors.append(blocked(shape[solved], op, solved, solved, "a dimension of the system that is solved", at=1))
    factors += [blocked(shape[solved], op, None, dim, "a dimension of the system that is solved") for dim in (rows, columns)]
    return tuple(factors)


def _transformed_dims(op: ir.Operation, rank: int) -> Collection[int]:
    return range(rank - len(integers(op, "fft_length")), rank)


RULES = {
    "stablehlo.sort": _batch_rule(_sorted_dim, "the dimension that is sorted"),
    "stablehlo.cholesky": _batch_rule(_matrix_dims, "a dimension of the matrix that is factored"),
    "stablehlo.triangular_solve": Rule(_solve_factors, emit_resized),
    "stablehlo.fft": _batch_rule(_transformed_dims, "a dimension that is transformed"),
}
