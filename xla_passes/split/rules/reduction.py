"""reduce with any associative body, and top-k with its running merge."""

from collections.abc import Sequence

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import chlo, stablehlo

from xla_passes.build import filled, recreate, resized, scalar, tensor
from xla_passes.module import shape_of
from xla_passes.patterns import integers, producer
from xla_passes.split.factors import Axis, Factor, Kind, Piece, Rule, blocked
from xla_passes.split.rules import elementwise
from xla_passes.split.rules.contraction import accumulator
from xla_passes.split.rules.elementwise import emit_resized
from xla_passes.split.rules.stretches import scaled
from xla_passes.structured import element_of, gather_batched


def _reduce_factors(op: ir.Operation) -> tuple[Factor, ...]:
    count = len(op.operands) // 2
    shape, reduced = shape_of(op.operands[0]), integers(op, "dimensions")
    kept = [dim for dim in range(len(shape)) if dim not in reduced]
    factors = [
        Factor(Kind.PARALLEL, shape[dim], (Axis(dim),) * count + (None,) * count, (Axis(at),) * count) for at, dim in enumerate(kept)
    ]
    for dim in reduced:
        if is_pointwise(op):
            axes = (Axis(dim),) * count + (None,) * count
            factors.append(Factor(Kind.REDUCTION, shape[dim], axes, (None,) * count, any_order=_is_commutative(op)))
        else:
            factors.append(blocked(shape[dim], op, None, dim, "the reducer is not made of elementwise operations"))
    return tuple(factors)


def _emit_reduce(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    """Sums and products of a piece start from the identity, so that an initial value of the user's own is taken in once."""
    if factor.kind is not Kind.REDUCTION:
        return emit_resized(op, operands, factor, piece)
    count = len(op.results)
    return recreate_total(op, [*operands[:count], *neutral(op, operands[count:])], [result.type for result in op.results])


def _reduce_identity(op: ir.Operation, operands: Sequence[ir.Value]) -> list[ir.Value]:
    """The initial values; but for sums and products, taking one in with every piece changes nothing (StableHLO: they form a monoid)."""
    return initial_totals(op, [shape_of(result) for result in op.results])


def _reduce_combine(op: ir.Operation, factor: Factor, total: Sequence[ir.Value], partial: Sequence[ir.Value]) -> list[ir.Value]:
    return apply_reducer(op, total, partial)


# Reducers: bodies that combine two scalars, or two groups of them

_BODY_NAMES = elementwise.NAMES | {"stablehlo.return", "stablehlo.constant"}


def _reducer_names(op: ir.Operation) -> list[str]:
    return [child.operation.name for child in op.regions[0].blocks[0].operations]


def is_pointwise(op: ir.Operation) -> bool:
    """Whether the reducer can be applied to whole tensors."""
    return set(_reducer_names(op)) <= _BODY_NAMES


def _is_commutative(op: ir.Operation) -> bool:
    """Whether the reducer is known to give the same if its arguments change places."""
    return _reducer_names(op)[:-1] in [[f"stablehlo.{name}"] for name in ("add", "and", "maximum", "minimum", "multiply", "or", "xor")]


def is_sum(op: ir.Operation) -> bool:
    """Whether the reducer adds."""
    return _reducer_names(op) == ["stablehlo.add", "stablehlo.return"]


def neutral(op: ir.Operation, initial: Sequence[ir.Value]) -> list[ir.Value]:
    """Initial values that change nothing, however often they are taken in: known for sums and products, else the program's own."""
    element = element_of(initial[0])
    if is_sum(op):
        return [scalar(-complex(0), element)]  # of floats, the zero that keeps the sign of the other
    if _reducer_names(op) == ["stablehlo.multiply", "stablehlo.return"]:
        return [scalar(1, element)]
    return list(initial)


def initial_totals(op: ir.Operation, shapes: Sequence[Sequence[int]]) -> list[ir.Value]:
    """The program's initial values as running totals: sums of short floats are float32."""
    initial = list(op.operands)[len(op.operands) // 2 :]
    elements = [accumulator(op).element_type] if is_sum(op) else [element_of(value) for value in initial]
    totals = []
    for value, shape, element in zip(initial, shapes, elements, strict=True):
        wide = value if element_of(value) == element else stablehlo.convert(tensor((), element), value)
        totals.append(filled(wide, tensor(shape, element)))
    return totals


def recreate_total(op: ir.Operation, operands: Sequence[ir.Value], kinds: Sequence[ir.Type], **attributes: ir.Attribute) -> list[ir.Value]:
    """The operation on a piece; sums of short floats in float32, which loses no digits with every piece."""
    element = accumulator(op).element_type
    if not is_sum(op) or element == element_of(op.results[0]):
        return recreate(op, operands, kinds, **attributes)
    wide = [stablehlo.convert(tensor(shape_of(value), element), value) for value in operands]
    made = recreate(op, wide, [tensor(ir.RankedTensorType(kind).shape, element) for kind in kinds], **attributes)
    copy = producer(made[0])
    assert copy is not None
    body = copy.regions[0].blocks[0]
    for value in (*body.arguments, *body.operations[0].results):
        value.set_type(tensor((), element))
    return made


def apply_reducer(op: ir.Operation, left: Sequence[ir.Value], right: Sequence[ir.Value]) -> list[ir.Value]:
    """The reducer's body, applied to whole tensors; sums may be of a wider type."""
    if is_sum(op):
        return [stablehlo.add(left[0], right[0])]
    shape = shape_of(left[0])
    body = op.regions[0].blocks[0]
    known = dict(zip(body.arguments, (*left, *right), strict=True))
    for child in body.operations:
        inner = child.operation
        if inner.name == "stablehlo.return":
            return [_spread(known.get(value, value), shape) for value in inner.operands]
        if inner.name == "stablehlo.constant":
            known[inner.results[0]] = inner.clone(ir.InsertionPoint.current).results[0]
            continue
        operands = [_spread(known.get(value, value), shape) for value in inner.operands]
        kinds = [tensor(shape, element_of(result)) for result in inner.results]
        known.update(zip(inner.results, recreate(inner, operands, kinds), strict=True))
    raise ValueError("a reducer's body ends with stablehlo.return")


def _spread(value: ir.Value, shape: Sequence[int]) -> ir.Value:
    return value if list(shape_of(value)) == list(shape) else filled(value, tensor(shape, element_of(value)))


# top-k


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
    start = stablehlo.convert(tensor((), kinds[1].element_type), scaled(piece.offset, axis.scale))
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
