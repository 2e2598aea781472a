"""gather, dynamic_slice and dynamic_update_slice: batch dimensions and dimensions that are taken whole."""

from collections.abc import Sequence

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import recreate, resized
from xla_passes.module import shape_of
from xla_passes.patterns import integers
from xla_passes.split.factors import Axis, Factor, Kind, Piece, Rule, blocked
from xla_passes.split.rules.elementwise import emit_resized


def _gather_factors(op: ir.Operation) -> tuple[Factor, ...]:
    numbers = stablehlo.GatherDimensionNumbers(op.attributes["dimension_numbers"])
    source, indices, shape = shape_of(op.operands[0]), shape_of(op.operands[1]), shape_of(op.results[0])
    sizes = integers(op, "slice_sizes")
    batched = dict(zip(numbers.start_indices_batching_dims, numbers.operand_batching_dims, strict=True))
    index_dims = [dim for dim in range(len(indices)) if dim != numbers.index_vector_dim]
    window_dims = [dim for dim in range(len(source)) if dim not in {*numbers.collapsed_slice_dims, *numbers.operand_batching_dims}]
    offsets = list(numbers.offset_dims)
    batch_results = [dim for dim in range(len(shape)) if dim not in offsets]
    factors = []
    for at, dim in zip(batch_results, index_dims, strict=True):
        operand = Axis(batched[dim]) if dim in batched else None
        factors.append(Factor(Kind.PARALLEL, shape[at], (operand, Axis(dim)), (Axis(at),)))
    for at, dim in zip(offsets, window_dims, strict=True):
        if sizes[dim] == source[dim]:  # taken whole, so that its start index can only be zero
            factors.append(Factor(Kind.PARALLEL, shape[at], (Axis(dim), None), (Axis(at),)))
        else:
            factors.append(blocked(shape[at], op, at, dim, "a window that starts where the data says"))
    return tuple(factors)


def _emit_gather(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    axis, (result,) = factor.operands[0], factor.results
    assert result is not None
    kind = resized(op.results[0].type, result.dim, piece.length * result.scale)
    sizes = integers(op, "slice_sizes")
    if axis is not None and axis.dim not in stablehlo.GatherDimensionNumbers(op.attributes["dimension_numbers"]).operand_batching_dims:
        sizes[axis.dim] = piece.length * axis.scale
    return recreate(op, operands, [kind], slice_sizes=ir.DenseI64ArrayAttr.get(sizes))


def _slice_factors(op: ir.Operation) -> tuple[Factor, ...]:
    source, shape = shape_of(op.operands[0]), shape_of(op.results[0])
    rest = (None,) * (len(op.operands) - 1)
    return tuple(
        Factor(Kind.PARALLEL, size, (Axis(dim), *rest), (Axis(dim),))
        if source[dim] == size
        else blocked(size, op, dim, dim, "a slice that starts where the data says")
        for dim, size in enumerate(shape)
    )


def _emit_slice(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    (axis,) = factor.results
    assert axis is not None
    kind = resized(op.results[0].type, axis.dim, piece.length)
    return recreate(op, operands, [kind], slice_sizes=ir.DenseI64ArrayAttr.get(kind.shape))


def _update_factors(op: ir.Operation) -> tuple[Factor, ...]:
    shape, update = shape_of(op.operands[0]), shape_of(op.operands[1])
    rest = (None,) * (len(op.operands) - 2)
    return tuple(
        Factor(Kind.PARALLEL, size, (Axis(dim), Axis(dim), *rest), (Axis(dim),))
        if update[dim] == size
        else blocked(size, op, dim, dim, "an update that starts where the data says")
        for dim, size in enumerate(shape)
    )


RULES = {
    "stablehlo.gather": Rule(_gather_factors, _emit_gather),
    "stablehlo.dynamic_slice": Rule(_slice_factors, _emit_slice),
    "stablehlo.dynamic_update_slice": Rule(_update_factors, emit_resized),
}
