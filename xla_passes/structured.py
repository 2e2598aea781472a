"""Builders of structured operations, on top of `build`: reductions, sorts and gathers, at the insertion point."""

from collections.abc import Callable, Sequence

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes import build
from xla_passes.module import shape_of


def element_of(value: ir.Value) -> ir.Type:
    """The element type of a tensor value."""
    return ir.RankedTensorType(value.type).element_type


def full(value: float, like: ir.Value) -> ir.Value:
    """A constant in every place of the shape of `like`."""
    return build.filled(build.scalar(value, element_of(like)), like.type)


def reduce(value: ir.Value, start: ir.Value, dims: Sequence[int], combine: Callable[[ir.Value, ir.Value], ir.Value]) -> ir.Value:
    """`value` reduced over `dims` with the associative `combine`, whose identity is the scalar `start`."""
    kept = [size for dim, size in enumerate(shape_of(value)) if dim not in dims]
    op = stablehlo.ReduceOp([build.tensor(kept, element_of(value))], [value], [start], sorted(dims))
    body = op.operation.regions[0].blocks.append(start.type, start.type)
    with ir.InsertionPoint(body):
        stablehlo.return_([combine(*body.arguments)])
    return op.results[0]


def add_reduce(value: ir.Value, dims: Sequence[int]) -> ir.Value:
    """The sum over `dims`."""
    return reduce(value, build.scalar(0, element_of(value)), dims, stablehlo.add)


def sort_last(value: ir.Value) -> ir.Value:
    """Signed integers sorted upwards along the last axis; not stable, which XLA's CPU backend would pay for with hidden memory."""
    op = stablehlo.SortOp([value.type], [value], dimension=len(shape_of(value)) - 1, is_stable=False)
    scalar = build.tensor((), element_of(value))
    body = op.operation.regions[0].blocks.append(scalar, scalar)
    with ir.InsertionPoint(body):
        left, right = body.arguments
        less, signed = stablehlo.ComparisonDirectionAttr.get("LT"), stablehlo.ComparisonTypeAttr.get("SIGNED")
        stablehlo.return_([stablehlo.compare(left, right, less, compare_type=signed)])
    return op.results[0]


def gather_batched(value: ir.Value, indices: ir.Value, window: Sequence[int] = ()) -> ir.Value:
    """`value[b, indices[b, i], ...]` for batch places b, indices [..., n] and trailing axes `window`: the result is [..., n, *window]."""
    shape = shape_of(indices)
    batch = list(range(len(shape) - 1))
    axis = len(batch)
    column = stablehlo.reshape(build.tensor((*shape, 1), element_of(indices)), indices)
    numbers = stablehlo.GatherDimensionNumbers.get(
        offset_dims=[len(shape) + i for i in range(len(window))],
        collapsed_slice_dims=[axis],
        operand_batching_dims=batch,
        start_indices_batching_dims=batch,
        start_index_map=[axis],
        index_vector_dim=len(shape),
    )
    return stablehlo.gather(value, column, numbers, [1] * len(shape) + list(window))
