"""scatter: updates are taken in piece after piece, and pieces of the operand take those of all updates that fall into them."""

import math
from collections.abc import Sequence

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import recreate, scalar
from xla_passes.module import shape_of
from xla_passes.split.factors import Axis, Factor, Kind, Piece, Rule, Window, blocked
from xla_passes.split.rules.elementwise import emit_resized
from xla_passes.split.rules.index_vectors import component, counted_from, is_between, moved_by, widened, with_component
from xla_passes.split.rules.stretches import padded
from xla_passes.structured import element_of, full

# Updates of these kinds may come in any order.
_COMMUTATIVE = frozenset(f"stablehlo.{name}" for name in ("add", "multiply", "minimum", "maximum", "and", "or", "xor"))


def _numbers(op: ir.Operation) -> stablehlo.ScatterDimensionNumbers:
    return stablehlo.ScatterDimensionNumbers(op.attributes["scatter_dimension_numbers"])


def _window_updates(op: ir.Operation) -> dict[int, int]:
    """The operand's dimensions that updates have too, and where those have them."""
    numbers = _numbers(op)
    dropped = {*numbers.inserted_window_dims, *numbers.input_batching_dims}
    return dict(zip((dim for dim in range(len(shape_of(op.operands[0]))) if dim not in dropped), numbers.update_window_dims, strict=True))


def _factors(op: ir.Operation) -> tuple[Factor, ...]:
    numbers, count = _numbers(op), len(op.results)
    source, indices, update = shape_of(op.operands[0]), shape_of(op.operands[count]), shape_of(op.operands[count + 1])
    batched = dict(zip(numbers.scatter_indices_batching_dims, numbers.input_batching_dims, strict=True))
    index_dims = [dim for dim in range(len(indices)) if dim != numbers.index_vector_dim]
    update_dims = [dim for dim in range(len(update)) if dim not in numbers.update_window_dims]
    factors = []
    is_first = True
    for dim, at in zip(index_dims, update_dims, strict=True):
        sliced = (Axis(dim),) + (Axis(at),) * count
        if dim in batched:
            inputs = (Axis(batched[dim]),) * count
            factors.append(Factor(Kind.PARALLEL, update[at], inputs + sliced, inputs))
        else:
            factors.append(_taken_in(op, update[at], at, (None,) * count + sliced, keeps_order=is_first))
        is_first = is_first and (dim in batched or update[at] == 1)
    window = _window_updates(op)
    is_single = math.prod(update[at] for at in update_dims) == 1
    for dim, size in enumerate(source):
        inputs, updates = (Axis(dim),) * count, (Axis(window[dim]),) * count if dim in window else (None,) * count
        if dim in window and update[window[dim]] == size:  # the start index can only be zero
            factors.append(Factor(Kind.PARALLEL, size, (*inputs, None, *updates), inputs))
        elif dim in numbers.scattered_dims_to_operand_dims:
            factors.append(Factor(Kind.PARALLEL, size, (*inputs, *(None,) * (count + 1)), inputs))
            if dim in window:
                factors.append(_taken_in(op, update[window[dim]], window[dim], (*(None,) * (count + 1), *updates), keeps_order=is_single))
        elif dim not in numbers.input_batching_dims:
            factors.append(blocked(size, op, dim, dim, "a dimension that no index points into"))
    return tuple(factors)


def _taken_in(op: ir.Operation, size: int, at: int, axes: Sequence[Axis | None], *, keeps_order: bool) -> Factor:
    """A dimension of the updates, of which one piece after the other is taken in."""
    if keeps_order or _is_orderless(op):
        return Factor(Kind.REDUCTION, size, tuple(axes), (None,) * len(op.results))
    return blocked(size, op, None, at, "updates that would be taken in in another order", at=len(op.results) + 1)


def _is_orderless(op: ir.Operation) -> bool:
    """Whether the result is the same (but for rounding) in whatever order the updates are taken in."""
    if "unique_indices" in op.attributes and ir.BoolAttr(op.attributes["unique_indices"]).value:
        return True
    body = op.regions[0].blocks[0]
    count = len(op.results)
    arguments = list(body.arguments)
    pairs = [{arguments[at], arguments[count + at]} for at in range(count)]
    *steps, end = (view.operation for view in body.operations)
    made = {step.results[0]: set(step.operands) for step in steps if step.name in _COMMUTATIVE}
    return [made.get(value) for value in end.operands] == pairs


def _emit(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    """A piece of the updates is kept until it is taken into the total; a piece of the operand is made from them."""
    count = len(op.results)
    result, indices, updates = factor.results[0], factor.operands[count], factor.operands[count + 1]
    if result is None:
        return list(operands[count:]) if indices else _further(op, operands, updates, piece)
    if updates is not None:
        return emit_resized(op, operands, factor, piece)
    return _emit_part(op, operands, result.dim, factor.size, piece)


def _index_of(op: ir.Operation, dim: int) -> tuple[int, int]:
    """Which component of the index vectors is for a dimension of the operand: the dimension of those vectors, and the place in it."""
    return _numbers(op).index_vector_dim, list(_numbers(op).scattered_dims_to_operand_dims).index(dim)


def _further(op: ir.Operation, operands: Sequence[ir.Value], updates: Axis | Window | None, piece: Piece) -> list[ir.Value]:
    """Pieces of the updates' windows, and where those begin; what was outside, stays there."""
    assert updates is not None
    count = len(op.results)
    dim = next(dim for dim, at in _window_updates(op).items() if at == updates.dim)
    size, length = shape_of(op.operands[0])[dim], shape_of(op.operands[count + 1])[updates.dim]
    indices = widened(operands[count], piece.offset)
    vector_dim, number = _index_of(op, dim)
    places = component(indices, vector_dim, number)
    places = stablehlo.select(is_between(places, 0, size - length), moved_by(places, piece.offset), full(size, places))
    return [with_component(indices, vector_dim, number, places), *operands[count + 1 :]]


def _emit_part(op: ir.Operation, operands: Sequence[ir.Value], dim: int, size: int, piece: Piece) -> list[ir.Value]:
    """A piece of the operand with room around it: before it for windows that begin there, behind it for all that are outside.

    A window that is not inside of the whole changes nothing, and it may not lie outside of what takes it, either: XLA makes one slice of
    two that follow each other, and forgets that the inner one would have been moved inside (jaxlib 0.10.2).
    """
    count, window = len(op.results), _window_updates(op)
    length = shape_of(operands[count + 1])[window[dim]] if dim in window else 1
    before = length - 1
    indices = widened(operands[count], piece.offset)
    vector_dim, number = _index_of(op, dim)
    places = component(indices, vector_dim, number)
    is_inside = is_between(places, 0, size - length)
    places = counted_from(places, piece.offset)
    places = stablehlo.add(places, full(before, places))
    behind = piece.length + before
    is_here = stablehlo.and_(is_inside, is_between(places, 0, behind - 1))
    indices = with_component(indices, vector_dim, number, stablehlo.select(is_here, places, full(behind, places)))
    room = [padded(value, dim, scalar(0, element_of(value)), before, length) for value in operands[:count]]
    is_sorted = ir.BoolAttr.get(False)
    made = recreate(op, [*room, indices, *operands[count + 1 :]], [value.type for value in room], indices_are_sorted=is_sorted)
    return [_middle(value, dim, before, piece.length) for value in made]


def _middle(value: ir.Value, dim: int, start: int, length: int) -> ir.Value:
    shape = shape_of(value)
    low, high = [0] * len(shape), list(shape)
    low[dim], high[dim] = start, start + length
    return stablehlo.slice(value, low, high, [1] * len(shape))


def _take_in(op: ir.Operation, factor: Factor, total: Sequence[ir.Value], partial: Sequence[ir.Value]) -> list[ir.Value]:
    """The updates of a piece, one after the other, as in the whole."""
    is_sorted = ir.BoolAttr.get(False)
    return recreate(op, [*total, *partial], [value.type for value in total], indices_are_sorted=is_sorted)


RULES = {"stablehlo.scatter": Rule(_factors, _emit, _take_in, updates=True)}
