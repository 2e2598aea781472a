"""gather: dimensions of the indices and of the window are sliced; a dimension that is looked up in is a reduction over its pieces."""

from collections.abc import Sequence

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import recreate, resized, scalar, tensor
from xla_passes.module import shape_of
from xla_passes.patterns import integers
from xla_passes.split.factors import Axis, Factor, Kind, Piece, Rule
from xla_passes.split.rules.index_vectors import component, counted_from, is_between, moved_by, widened, with_component
from xla_passes.split.rules.stretches import padded
from xla_passes.structured import element_of, full


def _numbers(op: ir.Operation) -> stablehlo.GatherDimensionNumbers:
    return stablehlo.GatherDimensionNumbers(op.attributes["dimension_numbers"])


def _batch_results(op: ir.Operation) -> list[int]:
    """The result's dimensions that are those of the indices."""
    return [dim for dim in range(len(shape_of(op.results[0]))) if dim not in _numbers(op).offset_dims]


def _window_results(op: ir.Operation) -> dict[int, int]:
    """The operand's dimensions that the window keeps, and where they are in the result."""
    numbers = _numbers(op)
    dropped = {*numbers.collapsed_slice_dims, *numbers.operand_batching_dims}
    return dict(zip((dim for dim in range(len(shape_of(op.operands[0]))) if dim not in dropped), numbers.offset_dims, strict=True))


def _factors(op: ir.Operation) -> tuple[Factor, ...]:
    numbers = _numbers(op)
    source, indices, shape = shape_of(op.operands[0]), shape_of(op.operands[1]), shape_of(op.results[0])
    batched = dict(zip(numbers.start_indices_batching_dims, numbers.operand_batching_dims, strict=True))
    index_dims = [dim for dim in range(len(indices)) if dim != numbers.index_vector_dim]
    factors = []
    for at, dim in zip(_batch_results(op), index_dims, strict=True):
        operand = Axis(batched[dim]) if dim in batched else None
        factors.append(Factor(Kind.PARALLEL, shape[at], (operand, Axis(dim)), (Axis(at),)))
    sizes, window = integers(op, "slice_sizes"), _window_results(op)
    for dim in range(len(source)):
        is_fixed = dim not in numbers.start_index_map or sizes[dim] == source[dim]  # the start index can only be zero
        if dim in window:
            kind, operand = (Kind.PARALLEL, Axis(dim)) if is_fixed else (Kind.FREE, None)
            factors.append(Factor(kind, sizes[dim], (operand, None), (Axis(window[dim]),)))
        if not is_fixed:
            factors.append(Factor(Kind.REDUCTION, source[dim], (Axis(dim), None), (None,)))
    return tuple(factors)


def _emit(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    result = factor.results[0]
    if result is None:
        return _emit_lookup(op, operands, factor, piece)
    kind = resized(op.results[0].type, result.dim, piece.length)
    sizes = integers(op, "slice_sizes")
    dim = next((dim for dim, at in _window_results(op).items() if at == result.dim), None)
    if dim is None:
        return recreate(op, operands, [kind])
    whole, sizes[dim] = sizes[dim], piece.length
    slice_sizes = ir.DenseI64ArrayAttr.get(sizes)
    if factor.kind is not Kind.FREE:
        return recreate(op, operands, [kind], slice_sizes=slice_sizes)
    value, indices = operands
    vector_dim, number = _index_of(op, dim)
    indices = widened(indices, piece.offset)
    start = _moved_inside(component(indices, vector_dim, number), shape_of(value)[dim] - whole)
    indices = with_component(indices, vector_dim, number, moved_by(start, piece.offset))
    return recreate(op, [value, indices], [kind], slice_sizes=slice_sizes, indices_are_sorted=ir.BoolAttr.get(False))


def _index_of(op: ir.Operation, dim: int) -> tuple[int, int]:
    """Which component of the index vectors is for a dimension of the operand: the dimension of those vectors, and the place in it."""
    return _numbers(op).index_vector_dim, list(_numbers(op).start_index_map).index(dim)


def _moved_inside(places: ir.Value, most: int) -> ir.Value:
    return stablehlo.clamp(full(0, places), places, full(most, places))


def _emit_lookup(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    """What the windows find in a piece of the operand, and where they lie in it: moved inside the whole, and counted from its start."""
    axis = factor.operands[0]
    assert axis is not None
    value, indices = operands
    window = integers(op, "slice_sizes")[axis.dim]
    margin = window - 1
    value = padded(value, axis.dim, scalar(0, element_of(value)), margin, margin)
    vector_dim, number = _index_of(op, axis.dim)
    indices = widened(indices, piece.offset)
    start = _moved_inside(component(indices, vector_dim, number), factor.size - window)
    start = counted_from(start, piece.offset)
    start = stablehlo.add(start, full(margin, start))
    indices = with_component(indices, vector_dim, number, start)
    found = recreate(op, [value, indices], [op.results[0].type], indices_are_sorted=ir.BoolAttr.get(False))
    if axis.dim in _window_results(op):  # the elements of a window may lie in two pieces
        batch = shape_of(start)
        kind = tensor((*batch, window), element_of(start))
        spread = stablehlo.broadcast_in_dim(kind, start, ir.DenseI64ArrayAttr.get(list(range(len(batch)))))
        start = stablehlo.add(spread, stablehlo.iota(kind, len(batch)))
    return [*found, is_between(start, margin, margin + piece.length - 1)]


def _nothing_found(op: ir.Operation, operands: Sequence[ir.Value]) -> list[ir.Value]:
    """Anything: each element lies in one of the pieces."""
    return [full(0, op.results[0])]


def _select_found(op: ir.Operation, factor: Factor, total: Sequence[ir.Value], partial: Sequence[ir.Value]) -> list[ir.Value]:
    """Selected, not added: zeros keep their sign, and what is outside of a piece may be NaN."""
    axis = factor.operands[0]
    assert axis is not None
    values, is_here = partial
    window = _window_results(op)
    dims = [*_batch_results(op), *([window[axis.dim]] if axis.dim in window else [])]
    kind = tensor(shape_of(values), element_of(is_here))
    mask = stablehlo.broadcast_in_dim(kind, is_here, ir.DenseI64ArrayAttr.get(dims))
    return [stablehlo.select(mask, values, total[0])]


RULES = {"stablehlo.gather": Rule(_factors, _emit, _select_found, _nothing_found)}
