"""The k largest of a long axis in two levels; runs after splitting, when the rows that are in memory together are few."""

import math
from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import chlo, stablehlo

from xla_passes import build, structured
from xla_passes.module import shape_of, source_line, walk
from xla_passes.plan import Rewrite

_FLOATS = {"f16": 16, "f32": 32, "f64": 64}


@dataclass(frozen=True)
class TwoLevelTopK:
    """`top_k(x, k)  ->  top_k of the elements of the k groups with the largest maxima`, for `chlo.top_k` along a long last axis.

    With groups of g neighbours, an element that is among the k largest lies in one of the k groups that come first by their
    maximum: every group before its own holds an element that comes before it. So k * g candidates are left of n elements, and a
    remainder shorter than a group, whose elements are candidates without contest.

    Exact: values and indices are those of the original to the bit. Both levels order as `chlo.top_k` is defined to, by IEEE total order
    (-NaN < -inf < -0 < +0 < inf < NaN); the maxima are taken over integers that are ordered like the floats, since `maximum` neither
    tells zeros apart nor orders NaNs. Of equals the lower index comes first: the winning groups are put back into ascending order, so
    that candidates stand in the order of their indices.

    Fires for f16, f32, f64 and integers. bf16 is left alone: XLA's CPU backend does not order its NaNs by total order.
    Temporaries beyond the operand: n / g maxima and k * g + g candidates per row.

    Attributes
    ----------
    group_length
        Elements of a group; `None` chooses the power of two nearest to sqrt(n / k), where maxima and candidates balance.
    minimum_length
        Shorter axes are left alone.
    minimum_gain
        Fires where the axis is at least this many times as long as maxima and candidates together.
    """

    group_length: int | None = None
    minimum_length: int = 512
    minimum_gain: float = 6.0
    name: str = "two-level-top-k"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Rewrite every `chlo.top_k` that is worth it."""
        fired = []
        for op in [op for op in walk(module.body) if op.name == "chlo.top_k"]:
            length = self._group_length(op)
            if length is not None:
                fired.append(Rewrite(self.name, source_line(op), is_exact=True))
                _rewrite(op, length)
        return tuple(fired)

    def _group_length(self, op: ir.Operation) -> int | None:
        """The group length to use, or None where the operation is to stay as it is."""
        kind = ir.RankedTensorType(op.operands[0].type)
        element = kind.element_type
        is_integer = isinstance(element, ir.IntegerType) and element.width >= 8
        if not kind.has_static_shape or not (is_integer or str(element) in _FLOATS) or 0 in kind.shape:
            return None
        n, k = kind.shape[-1], ir.IntegerAttr(op.attributes["k"]).value
        if n < self.minimum_length or k == 0:
            return None
        length = self.group_length or max(16, 2 ** round(math.log2(math.sqrt(n / k))))
        compared = n // length + k * length + n % length
        return length if n // length >= k and compared * self.minimum_gain <= n else None


def _flip(bits: ir.Value) -> ir.Value:
    """Floats' bits to signed integers of the same total order, and back: all but the sign bit flipped where that one is set."""
    width = ir.IntegerType(structured.element_of(bits)).width
    sign = stablehlo.shift_right_arithmetic(bits, structured.full(width - 1, bits))
    return stablehlo.xor(bits, stablehlo.shift_right_logical(sign, structured.full(1, bits)))


def _cast_bits(value: ir.Value, element: ir.Type) -> ir.Value:
    """The same bits under another element type of the same width."""
    return stablehlo.bitcast_convert(build.tensor(shape_of(value), element), value)


def _total_maximum(groups: ir.Value) -> ir.Value:
    """The maximum over the last axis by the order of `chlo.top_k`."""
    element, last = structured.element_of(groups), len(shape_of(groups)) - 1
    if isinstance(element, ir.IntegerType):
        least = 0 if element.is_unsigned else -(2 ** (element.width - 1))
        return structured.reduce(groups, build.scalar(least, element), [last], stablehlo.maximum)
    width = _FLOATS[str(element)]
    integer = ir.IntegerType.get_signless(width)
    keys = _flip(_cast_bits(groups, integer))
    largest = structured.reduce(keys, build.scalar(-(2 ** (width - 1)), integer), [last], stablehlo.maximum)
    return _cast_bits(_flip(largest), element)


def _slice_last(value: ir.Value, start: int, stop: int) -> ir.Value:
    shape = shape_of(value)
    rest = len(shape) - 1
    return stablehlo.slice(value, [0] * rest + [start], [*shape[:-1], stop], [1] * len(shape))


def _rewrite(op: ir.Operation, length: int) -> None:
    """Replace one `chlo.top_k` by its two-level form with groups of `length`."""
    operand = op.operands[0]
    *batch, n = shape_of(operand)
    k, element = ir.IntegerAttr(op.attributes["k"]).value, structured.element_of(operand)
    count = n // length
    grouped = count * length
    with op.location, ir.InsertionPoint(op):
        body = operand if grouped == n else _slice_last(operand, 0, grouped)
        groups = stablehlo.reshape(build.tensor((*batch, count, length), element), body)
        winners = chlo.top_k(_total_maximum(groups), k)[1]
        winners = structured.sort_last(winners) if k > 1 else winners
        candidates = structured.gather_batched(groups, winners, [length])
        candidates = stablehlo.reshape(build.tensor((*batch, k * length), element), candidates)
        if grouped < n:
            candidates = stablehlo.concatenate([candidates, _slice_last(operand, grouped, n)], len(batch))
            index = structured.element_of(winners)
            remainder = build.filled(build.scalar(count, index), build.tensor((*batch, 1), index))
            winners = stablehlo.concatenate([winners, remainder], len(batch))
        values, places = chlo.top_k(candidates, k)
        size = structured.full(length, places)
        groups_before = structured.gather_batched(winners, stablehlo.divide(places, size))
        indices = stablehlo.add(stablehlo.multiply(groups_before, size), stablehlo.remainder(places, size))
    op.results[0].replace_all_uses_with(values)
    op.results[1].replace_all_uses_with(indices)
    op.erase()
