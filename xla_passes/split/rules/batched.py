"""Operations that need whole dimensions, and treat the others as a batch: sort, cholesky, triangular_solve, fft, cumulative windows."""

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
            blocked(size, op, dim, dim, reason)
            if dim in whole
            else Factor(Kind.PARALLEL, size, tuple(Axis(dim) if has else None for has in axes), (Axis(dim),) * len(op.results))
            for dim, size in enumerate(shape)
        )

    return Rule(factors, emit_resized)


def _sorted_dim(op: ir.Operation, rank: int) -> Collection[int]:
    return {ir.IntegerAttr(op.attributes["dimension"]).value % rank}


def _matrix_dims(op: ir.Operation, rank: int) -> Collection[int]:
    return {rank - 2, rank - 1}


def _transformed_dims(op: ir.Operation, rank: int) -> Collection[int]:
    return range(rank - len(integers(op, "fft_length")), rank)


def _windowed_dims(op: ir.Operation, rank: int) -> Collection[int]:
    """Dimensions along which a window is more than one element, or moves otherwise than element by element."""
    plain = {dim for dim in range(rank) if integers(op, "window_dimensions")[dim] == 1}
    for name in ("window_strides", "base_dilations", "window_dilations"):
        if name in op.attributes:
            plain &= {dim for dim in range(rank) if integers(op, name)[dim] == 1}
    if "padding" in op.attributes:
        pairs = ir.DenseIntElementsAttr(op.attributes["padding"])
        padding = [pairs[at] for at in range(len(pairs))]
        plain &= {dim for dim in range(rank) if not padding[2 * dim] and not padding[2 * dim + 1]}
    return set(range(rank)) - plain


RULES = {
    "stablehlo.sort": _batch_rule(_sorted_dim, "the dimension that is sorted"),
    "stablehlo.cholesky": _batch_rule(_matrix_dims, "a dimension of the matrix that is factored"),
    "stablehlo.triangular_solve": _batch_rule(_matrix_dims, "a dimension of the system that is solved"),
    "stablehlo.reduce_window": _batch_rule(_windowed_dims, "a dimension that the window moves along"),
    "stablehlo.fft": _batch_rule(_transformed_dims, "a dimension that is transformed"),
}
