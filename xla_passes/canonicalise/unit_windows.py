"""Convolutions leave out spatial dimensions of length 1 over which nothing moves."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import recreate, tensor
from xla_passes.module import shape_of
from xla_passes.patterns import apply_rules
from xla_passes.plan import Rewrite
from xla_passes.structured import element_of


@dataclass(frozen=True)
class DropUnitWindows:
    """`convolution` with a spatial dimension of length 1 in image, kernel and result, unpadded -> `reshape(convolution)` without it; exact.

    Some recorders write a convolution over a line as one over a picture of height 1. One spatial dimension is always left.
    """

    name: str = "drop-unit-windows"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        apply_rules(module, {"stablehlo.convolution": _dropped})
        return ()


def _dropped(op: ir.Operation) -> ir.Value | None:
    numbers = stablehlo.ConvDimensionNumbers(op.attributes["dimension_numbers"])
    spatial = [list(numbers.input_spatial_dimensions), list(numbers.kernel_spatial_dimensions), list(numbers.output_spatial_dimensions)]
    values = [op.operands[0], op.operands[1], op.results[0]]
    padding = _padding(op, len(spatial[0]))
    units = [
        at
        for at in range(len(spatial[0]))
        if all(shape_of(value)[dims[at]] == 1 for value, dims in zip(values, spatial, strict=True)) and padding[at] == (0, 0)
    ]
    units = units[: len(spatial[0]) - 1]
    if not units:
        return None
    gone = [{dims[at] for at in units} for dims in spatial]
    image, kernel = (stablehlo.reshape(_short(value, dims), value) for value, dims in zip(values[:2], gone, strict=False))
    kept = [at for at in range(len(spatial[0])) if at not in units]
    moved = stablehlo.ConvDimensionNumbers.get(
        _place(numbers.input_batch_dimension, gone[0]),
        _place(numbers.input_feature_dimension, gone[0]),
        [_place(spatial[0][at], gone[0]) for at in kept],
        _place(numbers.kernel_input_feature_dimension, gone[1]),
        _place(numbers.kernel_output_feature_dimension, gone[1]),
        [_place(spatial[1][at], gone[1]) for at in kept],
        _place(numbers.output_batch_dimension, gone[2]),
        _place(numbers.output_feature_dimension, gone[2]),
        [_place(spatial[2][at], gone[2]) for at in kept],
    )
    attributes: dict[str, Any] = {"dimension_numbers": moved}
    for name in ("window_strides", "lhs_dilation", "rhs_dilation"):
        if name in op.attributes:
            sizes = list(ir.DenseI64ArrayAttr(op.attributes[name]))
            attributes[name] = ir.DenseI64ArrayAttr.get([sizes[at] for at in kept])
    if "window_reversal" in op.attributes:
        turned = list(ir.DenseBoolArrayAttr(op.attributes["window_reversal"]))
        attributes["window_reversal"] = ir.DenseBoolArrayAttr.get([turned[at] for at in kept])
    if "padding" in op.attributes:
        ends: Any = np.array([padding[at] for at in kept], np.int64)
        attributes["padding"] = ir.DenseElementsAttr.get(ends)
    found = recreate(op, [image, kernel], [_short(values[2], gone[2])], **attributes)[0]
    return stablehlo.reshape(op.results[0].type, found)


def _padding(op: ir.Operation, count: int) -> list[tuple[int, int]]:
    if "padding" not in op.attributes:
        return [(0, 0)] * count
    ends: Any = ir.DenseIntElementsAttr(op.attributes["padding"])
    return [(int(low), int(high)) for low, high in np.array(ends).reshape(count, 2)]


def _short(value: ir.Value, gone: set[int]) -> ir.RankedTensorType:
    return tensor([size for dim, size in enumerate(shape_of(value)) if dim not in gone], element_of(value))


def _place(dim: int, gone: set[int]) -> int:
    return dim - sum(each < dim for each in gone)
