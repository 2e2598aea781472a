"""reduce_window: windows that move are computed from a halo; cumulative ones carry what they have come to from piece to piece."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import recreate, resized
from xla_passes.module import shape_of
from xla_passes.patterns import integers
from xla_passes.split.factors import Axis, Factor, Kind, Piece, Rule, Window
from xla_passes.split.rules.convolution import edge_padding
from xla_passes.split.rules.reduction import apply_reducer, initial_totals, is_pointwise, neutral, recreate_total
from xla_passes.split.rules.stretches import dilated_stretch, padding_attribute, scaled, shifted, stretch


@dataclass(frozen=True)
class Move:
    """How the window moves along one dimension, of the operand's length."""

    length: int
    window: int
    stride: int
    base_dilation: int
    window_dilation: int
    low: int
    high: int

    @property
    def reach(self) -> int:
        """Elements from the first of a window to its last."""
        return (self.window - 1) * self.window_dilation + 1

    @property
    def is_cumulative(self) -> bool:
        """Whether each window is all elements up to its place."""
        return self._takes_all and (self.low, self.high) == (self.length - 1, 0)

    @property
    def is_cumulative_backwards(self) -> bool:
        """Whether each window is all elements from its place on."""
        return self._takes_all and (self.low, self.high) == (0, self.length - 1)

    @property
    def _takes_all(self) -> bool:
        is_plain = self.stride == self.base_dilation == self.window_dilation == 1
        return is_plain and self.window == self.length > 1


def moves(op: ir.Operation) -> list[Move]:
    """How the window moves, dimension by dimension."""
    shape = shape_of(op.operands[0])
    names = ("window_dimensions", "window_strides", "base_dilations", "window_dilations")
    columns = [integers(op, name) if name in op.attributes else [1] * len(shape) for name in names]
    padding = edge_padding(op, len(shape))
    return [Move(*row, *edges) for *row, edges in zip(shape, *columns, padding, strict=True)]


def _factors(op: ir.Operation) -> tuple[Factor, ...]:
    count = len(op.operands) // 2
    can_carry = is_pointwise(op)
    factors = []
    for dim, (move, size) in enumerate(zip(moves(op), shape_of(op.results[0]), strict=True)):
        is_carried = can_carry and (move.is_cumulative or move.is_cumulative_backwards)
        kind, axis = (Kind.SEQUENTIAL, Axis(dim)) if is_carried else _carried(move, dim, size)
        is_backwards = is_carried and move.is_cumulative_backwards
        factors.append(Factor(kind, size, (axis,) * count + (None,) * count, (Axis(dim),) * count, is_backwards=is_backwards))
    return tuple(factors)


def _carried(move: Move, dim: int, size: int) -> tuple[Kind, Axis | Window | None]:
    """How operands carry a dimension of the result: without overlap, with a halo, or whole where there is space between elements."""
    if move.base_dilation != 1:
        return Kind.FREE, None
    if move.reach <= move.stride and not (move.low or move.high) and size * move.stride <= move.length:
        return Kind.PARALLEL, Axis(dim, move.stride)
    return Kind.PARALLEL, Window(dim, move.length, move.stride, -move.low, move.reach - move.stride)


def _emit(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    axis = factor.results[0]
    assert axis is not None
    if factor.kind is Kind.SEQUENTIAL:
        return _emit_cumulative(op, operands, factor, axis.dim, piece.length)
    values, initial = operands[: len(op.results)], operands[len(op.results) :]
    stretches = [
        _stretch(op, value, fill, factor, piece, at) for at, (value, fill) in enumerate(zip(values, neutral(op, initial), strict=True))
    ]
    return _reduced(op, [*stretches, *initial], axis.dim, piece.length, {"base_dilations": 1}, (0, 0))


def _stretch(op: ir.Operation, value: ir.Value, fill: ir.Value, factor: Factor, piece: Piece, at: int) -> ir.Value:
    """Just the elements that the piece's windows cover, and what the padding stands for beyond the ends."""
    axis, result = factor.operands[at], factor.results[at]
    if isinstance(axis, Axis):
        return value
    assert result is not None
    dim = result.dim
    move = moves(op)[dim]
    length = (piece.length - 1) * move.stride + move.reach
    start = shifted(scaled(piece.offset, move.stride), -move.low)
    if axis is None:
        return dilated_stretch(value, dim, start, length, fill, move.base_dilation - 1)
    if move.low <= 0 and move.high <= 0:
        return value
    begins = piece.starts[at]
    assert begins is not None
    return stretch(value, dim, stablehlo.subtract(start, begins), length, fill, (move.low, move.high))


def _reduced(
    op: ir.Operation,
    operands: Sequence[ir.Value],
    dim: int,
    length: int,
    changes: dict[str, int],
    edges: tuple[int, int],
    *,
    is_total: bool = False,
) -> list[ir.Value]:
    """The operation on pieces: `length` elements of each result along `dim`, where attributes and padding change."""
    rank = len(shape_of(op.results[0]))
    attributes: dict[str, ir.Attribute] = {}
    for name, number in changes.items():
        known = integers(op, name) if name in op.attributes else [1] * rank
        attributes[name] = ir.DenseI64ArrayAttr.get([number if at == dim else old for at, old in enumerate(known)])
    padding = [edges if at == dim else old for at, old in enumerate(edge_padding(op, rank))]
    attributes["padding"] = padding_attribute(padding)
    kinds = [resized(result.type, dim, length) for result in op.results]
    return recreate_total(op, operands, kinds, **attributes) if is_total else recreate(op, operands, kinds, **attributes)


# Cumulative windows


def _emit_cumulative(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, dim: int, length: int) -> list[ir.Value]:
    """The piece's own cumulative windows, combined with all before (backwards, all after); the next carry is the one that has all of it."""
    count = len(op.results)
    values, initial, carries = operands[:count], operands[count : 2 * count], operands[2 * count :]
    edges = (0, length - 1) if factor.is_backwards else (length - 1, 0)
    own = _reduced(op, [*values, *neutral(op, initial)], dim, length, {"window_dimensions": length}, edges, is_total=True)
    spread = [stablehlo.broadcast_in_dim(made.type, carry, _identity_dims(made)) for made, carry in zip(own, carries, strict=True)]
    made = apply_reducer(op, own, spread) if factor.is_backwards else apply_reducer(op, spread, own)
    last = [_row(value, dim, 0 if factor.is_backwards else length - 1) for value in made]
    kinds = [resized(result.type, dim, length) for result in op.results]
    rounded = [value if value.type == kind else stablehlo.convert(kind, value) for value, kind in zip(made, kinds, strict=True)]
    return [*rounded, *last]


def _identity_dims(value: ir.Value) -> ir.DenseI64ArrayAttr:
    return ir.DenseI64ArrayAttr.get(list(range(len(shape_of(value)))))


def _row(value: ir.Value, dim: int, row: int) -> ir.Value:
    shape = shape_of(value)
    starts = [row if at == dim else 0 for at in range(len(shape))]
    limits = [row + 1 if at == dim else size for at, size in enumerate(shape)]
    return stablehlo.slice(value, starts, limits, [1] * len(shape))


def _carry(op: ir.Operation, factor: Factor, operands: Sequence[ir.Value]) -> list[ir.Value]:
    """What there is before the first piece."""
    (axis, *_) = factor.results
    assert axis is not None
    shape = shape_of(op.results[0])
    return initial_totals(op, [[1 if at == axis.dim else size for at, size in enumerate(shape)]] * len(op.results))


RULES = {"stablehlo.reduce_window": Rule(_factors, _emit, carry=_carry)}
