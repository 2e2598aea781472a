"""Sees through broadcasts: which dimension of which smaller value each dimension of a broadcast tensor comes from."""

from dataclasses import dataclass
from typing import Any

from jaxlib.mlir import ir

from xla_passes.module import shape_of


@dataclass(frozen=True)
class View:
    """A tensor as a broadcast of `base`: dimension i is dimension `dims[i]` of `base`, or a repetition where that is None.

    Dimensions of size one count as repetitions, and every other dimension of `base` is in `dims` once.
    """

    base: ir.Value
    dims: tuple[int | None, ...]


def defining_op(value: ir.Value) -> ir.Operation | None:
    """The operation that computes a value; None for block arguments."""
    return None if isinstance(value.owner, ir.Block) else value.owner.operation


def view_of(value: ir.Value) -> View:
    """The smallest value of which `value` is a chain of broadcasts, transposes and reshapes that only add or drop ones."""
    view = View(value, tuple(None if size == 1 else dim for dim, size in enumerate(shape_of(value))))
    while (op := defining_op(view.base)) is not None and (steps := _source_dims(op)) is not None:
        view = View(op.operands[0], tuple(None if dim is None else steps[dim] for dim in view.dims))
    return view


def _source_dims(op: ir.Operation) -> tuple[int | None, ...] | None:
    """For each result dimension the operand's, or None; None altogether where `op` does more than broadcast."""
    if op.name not in ("stablehlo.broadcast_in_dim", "stablehlo.reshape", "stablehlo.transpose"):
        return None
    source, target = shape_of(op.operands[0]), shape_of(op.results[0])
    found: list[int | None] = [None] * len(target)
    if op.name == "stablehlo.transpose":
        return tuple(ir.DenseI64ArrayAttr(op.attributes["permutation"]))
    if op.name == "stablehlo.broadcast_in_dim":
        for dim, to in enumerate(ir.DenseI64ArrayAttr(op.attributes["broadcast_dimensions"])):
            found[to] = dim if source[dim] == target[to] else None
        return tuple(found)
    kept = [dim for dim, size in enumerate(source) if size != 1]
    targets = [dim for dim, size in enumerate(target) if size != 1]
    if [source[dim] for dim in kept] != [target[dim] for dim in targets]:
        return None
    for dim, to in zip(kept, targets, strict=True):
        found[to] = dim
    return tuple(found)


def splat(value: ir.Value) -> float | None:
    """The number in every place of a real constant, seen through broadcasts; None for anything else."""
    op = defining_op(view_of(value).base)
    if op is None or op.name != "stablehlo.constant":
        return None
    # Asking for the attribute of a complex constant raises TypeError in jaxlib 0.10.2.
    if isinstance(ir.RankedTensorType(op.results[0].type).element_type, ir.ComplexType):
        return None
    attribute = op.attributes["value"]
    if not isinstance(attribute, ir.DenseElementsAttr) or not attribute.is_splat:
        return None
    number: Any = attribute.get_splat_value()
    return float(number.value)
