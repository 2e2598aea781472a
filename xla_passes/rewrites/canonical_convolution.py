"""Convolutions in loops in the one order of dimensions that XLA's CPU backend is fast for; runs after splitting, which puts them there."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import recreate, tensor
from xla_passes.module import shape_of, source_line, walk
from xla_passes.plan import Rewrite
from xla_passes.structured import element_of

_FAST = frozenset({"f16", "bf16", "f32"})  # XLA widens bf16
_SHARDINGS = frozenset({"mhlo.sharding", "sdy.sharding"})


@dataclass(frozen=True)
class CanonicalConvolution:
    """`convolution(x, k)  ->  transpose(convolution(transpose(x), transpose(k)))` of `[b, 0.., f]x[0.., i, o]->[b, 0.., f]`, in loops.

    Only that order of dimensions reaches the convolution of Eigen; all others run in plain loops, up to a hundred times as long. XLA's CPU
    backend brings convolutions of the entry computation into it, but none in the bodies of loops and in branches (XLA's
    `ConvCanonicalization`; jaxlib 0.10.2). So this does it there, just as XLA does.

    Up to rounding: the products are the same, added in another order. Where the plain loops leave out what lies in the padding, Eigen
    multiplies its zeros, as StableHLO says and as XLA does outside of loops: infinite and NaN weights give NaN there.

    Fires where it was measured to help: f16, bf16 and f32, one to three spatial dimensions, no window reversed (Eigen has none),
    no batch groups, and enough products for each place of the result, counted in a feature group.

    Attributes
    ----------
    minimum_products
        Multiplications for one place of the result, all filters of a group together, below which the plain loops are as fast: Eigen
        copies each patch of the operand first.
    minimum_products_3d
        The same for three spatial dimensions, whose patches are copied element by element.
    """

    minimum_products: int = 256
    minimum_products_3d: int = 4096
    name: str = "canonical-convolution"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Rewrite every convolution in a loop or branch that is worth it."""
        fired = []
        for op in [op for op in walk(module.body) if op.name == "stablehlo.convolution"]:
            if self._is_wanted(op):
                fired.append(Rewrite(self.name, source_line(op), is_exact=False))
                _rewrite(op)
        return tuple(fired)

    def _is_wanted(self, op: ir.Operation) -> bool:
        if op.parent is None or op.parent.name == "func.func" or _SHARDINGS & set(op.attributes):
            return False
        values = (*op.operands, op.results[0])
        if not all(ir.RankedTensorType(value.type).has_static_shape and str(element_of(value)) in _FAST for value in values):
            return False
        if ir.IntegerAttr(op.attributes["batch_group_count"]).value > 1 or _is_reversed(op) or not all(map(_elements, values)):
            return False
        spatial = len(shape_of(op.results[0])) - 2
        if not 1 <= spatial <= 3 or all(_is_sorted(order) for order in _orders(op)):
            return False
        groups = ir.IntegerAttr(op.attributes["feature_group_count"]).value
        return _elements(op.operands[1]) // groups >= (self.minimum_products if spatial < 3 else self.minimum_products_3d)


def _elements(value: ir.Value) -> int:
    return math.prod(shape_of(value))


def _is_reversed(op: ir.Operation) -> bool:
    return "window_reversal" in op.attributes and any(ir.DenseBoolArrayAttr(op.attributes["window_reversal"]))


def _is_sorted(order: Sequence[int]) -> bool:
    return list(order) == sorted(order)


def _orders(op: ir.Operation) -> tuple[list[int], list[int], list[int]]:
    """The dimensions of operand, kernel and result in the order of the canonical form."""
    numbers = stablehlo.ConvDimensionNumbers(op.attributes["dimension_numbers"])
    return (
        [numbers.input_batch_dimension, *numbers.input_spatial_dimensions, numbers.input_feature_dimension],
        [*numbers.kernel_spatial_dimensions, numbers.kernel_input_feature_dimension, numbers.kernel_output_feature_dimension],
        [numbers.output_batch_dimension, *numbers.output_spatial_dimensions, numbers.output_feature_dimension],
    )


def _canonical_numbers(spatial: int) -> stablehlo.ConvDimensionNumbers:
    rows = list(range(1, spatial + 1))
    return stablehlo.ConvDimensionNumbers.get(
        input_batch_dimension=0,
        input_feature_dimension=spatial + 1,
        input_spatial_dimensions=rows,
        kernel_input_feature_dimension=spatial,
        kernel_output_feature_dimension=spatial + 1,
        kernel_spatial_dimensions=list(range(spatial)),
        output_batch_dimension=0,
        output_feature_dimension=spatial + 1,
        output_spatial_dimensions=rows,
    )


def _transposed(value: ir.Value, order: Sequence[int]) -> ir.Value:
    return value if _is_sorted(order) else stablehlo.transpose(value, ir.DenseI64ArrayAttr.get(list(order)))


def _rewrite(op: ir.Operation) -> None:
    """Put the canonical convolution in the place of `op`; its window stays, since spatial dimensions keep their order among themselves."""
    x_order, kernel_order, order = _orders(op)
    with op.location, ir.InsertionPoint(op):
        operands = [_transposed(op.operands[0], x_order), _transposed(op.operands[1], kernel_order)]
        kind = tensor([shape_of(op.results[0])[dim] for dim in order], element_of(op.results[0]))
        made = recreate(op, operands, [kind], dimension_numbers=_canonical_numbers(len(order) - 2))[0]
        back = _transposed(made, [order.index(dim) for dim in range(len(order))])
    op.results[0].replace_all_uses_with(back)
    op.erase()
