"""Gathers that count through a dimension in their indices say instead that it is a batch dimension, which can then be split."""

from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import recreate
from xla_passes.module import shape_of
from xla_passes.patterns import apply_rules, produced_by
from xla_passes.plan import Rewrite
from xla_passes.structured import element_of


@dataclass(frozen=True)
class GatherBatches:
    """`gather(x, concatenate(iota, i))` -> `gather(x, i)` with a batch dimension; exact.

    The `iota` counts along a dimension of the indices that is as long as the dimension of `x` that it is an index of: its numbers are the
    places in the batch dimension, in range. Slices have one element there, and something has to be left of the index vectors.
    """

    name: str = "gather-batches"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        apply_rules(module, {"stablehlo.gather": _batched})
        return ()


def _batched(op: ir.Operation) -> ir.Value | None:
    numbers = stablehlo.GatherDimensionNumbers(op.attributes["dimension_numbers"])
    vector = numbers.index_vector_dim
    concatenation = produced_by(op.operands[1], "stablehlo.concatenate")
    if concatenation is None or ir.IntegerAttr(concatenation.attributes["dimension"]).value != vector:
        return None
    parts = list(concatenation.operands)
    if any(shape_of(part)[vector] != 1 for part in parts):
        return None
    shape = shape_of(op.operands[0])
    pairs = dict(zip(numbers.operand_batching_dims, numbers.start_indices_batching_dims, strict=True))
    kept, mapped, collapsed = [], [], list(numbers.collapsed_slice_dims)
    for part, dim in zip(parts, numbers.start_index_map, strict=True):
        along = _counted(part)
        is_free = along is not None and along not in (vector, *pairs.values())
        if along is not None and is_free and dim in collapsed and shape_of(part)[along] == shape[dim]:
            pairs[dim] = along
            collapsed.remove(dim)
        else:
            kept.append(part)
            mapped.append(dim)
    if not kept or len(kept) == len(parts):
        return None
    batch = sorted(pairs)
    moved = stablehlo.GatherDimensionNumbers.get(
        offset_dims=list(numbers.offset_dims),
        collapsed_slice_dims=collapsed,
        operand_batching_dims=batch,
        start_indices_batching_dims=[pairs[dim] for dim in batch],
        start_index_map=mapped,
        index_vector_dim=vector,
    )
    indices = kept[0] if len(kept) == 1 else stablehlo.concatenate(kept, vector)
    return recreate(op, [op.operands[0], indices], [op.results[0].type], dimension_numbers=moved)[0]


def _counted(value: ir.Value) -> int | None:
    """The dimension along which a value is the place in it; its type has to hold them all."""
    iota = produced_by(value, "stablehlo.iota")
    if iota is None:
        return None
    dim: int = ir.IntegerAttr(iota.attributes["iota_dimension"]).value
    return dim if shape_of(value)[dim] <= 1 << (ir.IntegerType(element_of(value)).width - 1) else None
