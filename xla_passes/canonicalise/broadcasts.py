"""Composes chains of operations that only rearrange elements, and removes those that do nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import tensor
from xla_passes.canonicalise.constants import elements_of
from xla_passes.module import shape_of
from xla_passes.patterns import Rule, apply_rules, integers, produced_by
from xla_passes.plan import Rewrite

_BROADCAST = "stablehlo.broadcast_in_dim"
_RESHAPE = "stablehlo.reshape"
_TRANSPOSE = "stablehlo.transpose"


@dataclass(frozen=True)
class ComposeBroadcasts:
    """Chains of broadcasts, unit reshapes and transposes -> one operation; those that change nothing -> their operand; exact.

    - `broadcast_in_dim(broadcast_in_dim(x))` -> `broadcast_in_dim(x)`, also over a reshape that only adds dimensions of size 1;
    - `reshape(broadcast_in_dim(x))`, where only dimensions of size 1 come and go -> `broadcast_in_dim(x)`;
    - `transpose(broadcast_in_dim(x))` -> `broadcast_in_dim(x)`, if the dimensions of `x` stay in order;
    - `transpose(transpose(x))` -> `transpose(x)`, `reshape(reshape(x))` -> `reshape(x)`;
    - a reshape, transpose or broadcast that returns its operand -> the operand.
    """

    name: str = "compose-broadcasts"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        apply_rules(module, _RULES)
        return ()


def compose_broadcast(op: ir.Operation) -> ir.Value | None:
    """A broadcast from as far up as it can read."""
    kind = ir.RankedTensorType(op.results[0].type)
    value, dims = op.operands[0], integers(op, "broadcast_dimensions")
    origin, origin_dims = _origin(value, dims)
    if origin == value and not _is_identity(origin, origin_dims, kind):
        return None
    return _broadcast(origin, origin_dims, kind)


def _origin(value: ir.Value, dims: list[int]) -> tuple[ir.Value, list[int]]:
    """What a broadcast of `value` along `dims` reads through broadcasts and reshapes, and along which dimensions."""
    while True:
        if inner := produced_by(value, _BROADCAST):
            dims = [dims[dim] for dim in integers(inner, "broadcast_dimensions")]
            value = inner.operands[0]
            continue
        reshape = produced_by(value, _RESHAPE)
        kept = None if reshape is None else _positions(shape_of(reshape.operands[0]), shape_of(value))
        if reshape is not None and kept is not None:
            dims = [dims[dim] for dim in kept]
            value = reshape.operands[0]
            continue
        scalar = _scalar_of_unit_constant(value)
        return (value, dims) if scalar is None else (scalar, [])


def _positions(shape: Sequence[int], into: Sequence[int]) -> list[int] | None:
    """Where the dimensions of `shape` are in `into`, which has the same ones and more of size 1; None if it has not."""
    found: list[int] = []
    for dim, size in enumerate(into):
        if len(found) < len(shape) and shape[len(found)] == size:
            found.append(dim)
        elif size != 1:
            return None
    return found if len(found) == len(shape) else None


def _scalar_of_unit_constant(value: ir.Value) -> ir.Value | None:
    """The scalar constant that a constant with one element in one or more dimensions holds."""
    constant = produced_by(value, "stablehlo.constant")
    kind = ir.RankedTensorType(value.type)
    if constant is None or not kind.rank:
        return None
    elements = elements_of(constant)
    if elements is None or not elements.is_splat:
        return None
    return stablehlo.constant(ir.DenseElementsAttr.get_splat(tensor((), kind.element_type), elements.get_splat_value()))


def _is_identity(value: ir.Value, dims: Sequence[int], kind: ir.Type) -> bool:
    return value.type == kind and list(dims) == list(range(len(dims)))


def _broadcast(value: ir.Value, dims: Sequence[int], kind: ir.RankedTensorType) -> ir.Value:
    return value if _is_identity(value, dims, kind) else stablehlo.broadcast_in_dim(kind, value, ir.DenseI64ArrayAttr.get(dims))


def compose_reshape(op: ir.Operation) -> ir.Value | None:
    """A reshape of whatever the operand is a reshape of, or a broadcast if the operand is one and only unit dimensions change."""
    kind, value = ir.RankedTensorType(op.results[0].type), op.operands[0]
    if value.type == kind:
        return value
    if inner := produced_by(value, _RESHAPE):
        source = inner.operands[0]
        return source if source.type == kind else stablehlo.reshape(kind, source)
    if inner := produced_by(value, _BROADCAST):
        return _reshape_of_broadcast(inner, kind)
    return None


def _reshape_of_broadcast(broadcast: ir.Operation, kind: ir.RankedTensorType) -> ir.Value | None:
    source, dims = broadcast.operands[0], integers(broadcast, "broadcast_dimensions")
    between = shape_of(broadcast.results[0])
    long_before = [dim for dim, size in enumerate(between) if size != 1]
    long_after = [dim for dim, size in enumerate(kind.shape) if size != 1]
    if [between[dim] for dim in long_before] != [kind.shape[dim] for dim in long_after]:
        return None
    moved = dict(zip(long_before, long_after, strict=True))
    kept = [i for i, dim in enumerate(dims) if dim in moved]
    if len(kept) < len(dims):  # dimensions of size 1 that stay so: drop them where the value is small
        shape = shape_of(source)
        source = stablehlo.reshape(tensor([shape[i] for i in kept], kind.element_type), source)
    return _broadcast(source, [moved[dims[i]] for i in kept], kind)


def compose_transpose(op: ir.Operation) -> ir.Value | None:
    """One transpose, or the broadcast that a transposed broadcast is."""
    value, order = op.operands[0], integers(op, "permutation")
    if order == sorted(order):
        return value
    if inner := produced_by(value, _TRANSPOSE):
        before = integers(inner, "permutation")
        composed = [before[dim] for dim in order]
        source = inner.operands[0]
        return source if composed == sorted(composed) else stablehlo.transpose(source, composed)
    if inner := produced_by(value, _BROADCAST):
        dims = [order.index(dim) for dim in integers(inner, "broadcast_dimensions")]
        if dims == sorted(dims):
            return _broadcast(inner.operands[0], dims, ir.RankedTensorType(op.results[0].type))
    return None


_RULES: dict[str, Rule] = {
    _BROADCAST: compose_broadcast,
    _RESHAPE: compose_reshape,
    _TRANSPOSE: compose_transpose,
}
