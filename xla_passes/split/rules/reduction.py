"""reduce with any associative body, and top-k with its running merge."""

from collections.abc import Sequence

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import chlo, stablehlo

from xla_passes.build import filled, recreate, resized, scalar, tensor
from xla_passes.module import shape_of
from xla_passes.patterns import integers
from xla_passes.split.factors import Axis, Factor, Kind, Piece, Rule, blocked
from xla_passes.split.rules import elementwise
from xla_passes.split.rules.elementwise import emit_resized
from xla_passes.structured import gather_batched


def _reduce_factors(op: ir.Operation) -> tuple[Factor, ...]:
    count = len(op.operands) // 2
    shape, reduced = shape_of(op.operands[0]), integers(op, "dimensions")
    kept = [dim for dim in range(len(shape)) if dim not in reduced]
    factors = [
        Factor(Kind.PARALLEL, shape[dim], (Axis(dim),) * count + (None,) * count, (Axis(at),) * count) for at, dim in enumerate(kept)
    ]
    is_pointwise = all(child.operation.name in _BODY_NAMES for child in op.regions[0].blocks[0].operations)
    for dim in reduced:
        if is_pointwise:
            factors.append(Factor(Kind.REDUCTION, shape[dim], (Axis(dim),) * count + (None,) * count, (None,) * count))
        else:
            factors.append(blocked(shape[dim], op, None, dim, "the reducer is not made of elementwise operations"))
    return tuple(factors)


def _emit_reduce(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    """Sums and products of a piece start from the identity, so that an initial value of the user's own is taken in once."""
    body = [child.operation.name for child in op.regions[0].blocks[0].operations]
    element = ir.RankedTensorType(operands[-1].type).element_type
    if factor.kind is Kind.REDUCTION and len(operands) == 2 and body[:-1] in (["stablehlo.add"], ["stablehlo.multiply"]):
        operands = [operands[0], scalar(0 if body[0] == "stablehlo.add" else 1, element)]
    return emit_resized(op, operands, factor, piece)


def _reduce_identity(op: ir.Operation, operands: Sequence[ir.Value]) -> list[ir.Value]:
    """The initial values; but for sums and products, taking one in with every piece changes nothing (StableHLO: they form a monoid)."""
    initial = operands[len(operands) // 2 :]
    return [filled(value, result.type) for value, result in zip(initial, op.results, strict=True)]


def _reduce_combine(op: ir.Operation, factor: Factor, total: Sequence[ir.Value], partial: Sequence[ir.Value]) -> list[ir.Value]:
    """The reducer's body, applied to whole tensors."""
    shape = shape_of(op.results[0])
    body = op.regions[0].blocks[0]
    known = dict(zip(body.arguments, (*total, *partial), strict=True))
    for child in body.operations:
        inner = child.operation
        if inner.name == "stablehlo.return":
            return [_spread(known.get(value, value), shape) for value in inner.operands]
        if inner.name == "stablehlo.constant":
            known[inner.results[0]] = inner.clone(ir.InsertionPoint.current).results[0]
            continue
        operands = [_spread(known.get(value, value), shape) for value in inner.operands]
        kinds = [tensor(shape, ir.RankedTensorType(result.type).element_type) for result in inner.results]
        known.update(zip(inner.results, recreate(inner, operands, kinds), strict=True))
    raise ValueError("a reducer's body ends with stablehlo.return")


_BODY_NAMES = elementwise.NAMES | {"stablehlo.return", "stablehlo.constant"}


def _spread(value: ir.Value, shape: Sequence[int]) -> ir.Value:
    kind = ir.RankedTensorType(value.type)
    return value if list(kind.shape) == list(shape) else filled(value, tensor(shape, kind.element_type))


def _k_of(op: ir.Operation) -> int:
    return ir.IntegerAttr(op.attributes["k"]).value


def _top_k_factors(op: ir.Operation) -> tuple[Factor, ...]:
    shape = shape_of(op.operands[0])
    last = len(shape) - 1
    factors = [Factor(Kind.PARALLEL, shape[dim], (Axis(dim),), (Axis(dim), Axis(dim))) for dim in range(last)]
    factors.append(Factor(Kind.REDUCTION, shape[last], (Axis(last),), (None, None), shortest=max(1, _k_of(op))))
    return tuple(factors)


def _emit_top_k(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    """Along the last dimension: the top of the piece, with indices that count from the whole's start."""
    if factor.kind is Kind.PARALLEL:
        return emit_resized(op, operands, factor, piece)
    axis = factor.operands[0]
    assert axis is not None
    k = min(_k_of(op), piece.length * axis.scale)
    kinds = [resized(result.type, axis.dim, k) for result in op.results]
    values, indices = recreate(op, operands, kinds, k=ir.IntegerAttr.get(ir.IntegerType.get_signless(64), k))
    start = piece.offset
    if axis.scale != 1:
        start = stablehlo.multiply(start, scalar(axis.scale, ir.RankedTensorType(start.type).element_type))
    start = stablehlo.convert(tensor((), kinds[1].element_type), start)
    return [values, stablehlo.add(indices, filled(start, kinds[1]))]


def _merge_top_k(op: ir.Operation, factor: Factor, total: Sequence[ir.Value], partial: Sequence[ir.Value]) -> list[ir.Value]:
    """The top of the running top and of the piece's; the running one stands first, so that ties keep the lower index."""
    axis = len(shape_of(op.results[0])) - 1
    values, indices = (stablehlo.concatenate([old, new], axis) for old, new in zip(total, partial, strict=True))
    best = chlo.TopKOp(values, _k_of(op))
    return [best.results[0], gather_batched(indices, best.results[1])]


RULES = {
    "stablehlo.reduce": Rule(_reduce_factors, _emit_reduce, _reduce_combine, _reduce_identity),
    "chlo.top_k": Rule(_top_k_factors, _emit_top_k, _merge_top_k),
}
