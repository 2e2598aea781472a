"""convolution: batch, features and groups, and the rows of the result and of the kernel, which read a window of the operand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import recreate, resized, scalar, take
from xla_passes.module import shape_of
from xla_passes.patterns import integers
from xla_passes.split.factors import Axis, Factor, Kind, Piece, Rule, Window, blocked
from xla_passes.split.rules.contraction import accumulator, add_partial, zero_total
from xla_passes.split.rules.stretches import padding_attribute, scaled, shifted, stretch, window_of
from xla_passes.structured import element_of


@dataclass(frozen=True)
class _Spatial:
    """One spatial dimension: where it is in the operand, the kernel and the result, how long it is there, and how the kernel moves."""

    at: int
    dims: tuple[int, int, int]
    sizes: tuple[int, int, int]
    stride: int
    low: int
    dilation: int
    kernel_dilation: int
    is_reversed: bool


def edge_padding(op: ir.Operation, rank: int) -> list[tuple[int, int]]:
    """The attribute `padding` of an operation with a window: low and high, for each of its dimensions."""
    if "padding" not in op.attributes:
        return [(0, 0)] * rank
    pairs = np.array(ir.DenseIntElementsAttr(op.attributes["padding"])).reshape(rank, 2)
    return [(int(low), int(high)) for low, high in pairs]


def _spatials(op: ir.Operation) -> list[_Spatial]:
    numbers = stablehlo.ConvDimensionNumbers(op.attributes["dimension_numbers"])
    dims = list(zip(numbers.input_spatial_dimensions, numbers.kernel_spatial_dimensions, numbers.output_spatial_dimensions, strict=True))
    lhs, rhs, shape = (shape_of(value) for value in (*op.operands, op.results[0]))
    ones = [1] * len(dims)
    strides, dilations, kernel_dilations = (
        integers(op, name) if name in op.attributes else ones for name in ("window_strides", "lhs_dilation", "rhs_dilation")
    )
    reversal = op.attributes.get("window_reversal")
    is_reversed = [False] * len(dims) if reversal is None else list(ir.DenseBoolArrayAttr(reversal))
    lows = [low for low, _ in edge_padding(op, len(dims))]
    sizes = [(lhs[left], rhs[kernel], shape[row]) for left, kernel, row in dims]
    columns = dims, sizes, strides, lows, dilations, kernel_dilations, is_reversed
    return [_Spatial(at, *row) for at, row in enumerate(zip(*columns, strict=True))]


@dataclass(frozen=True)
class _Reach:
    """What pieces over rows read of a dilated and padded operand: `length` rows read `length * step + rest` places."""

    spatial: _Spatial
    step: int
    rest: int

    @property
    def unit(self) -> int:
        """Rows after which the operand's elements lie as they did before, and not in the gaps between them."""
        return self.spatial.dilation // math.gcd(self.step, self.spatial.dilation)

    def window(self) -> Window:
        """The elements that pieces of so many units read, and those in their place where they run into the padding."""
        spatial = self.spatial
        scale = self.unit * self.step // spatial.dilation
        extra = (self.rest - 1 - spatial.low % spatial.dilation) // spatial.dilation + 1
        return Window(spatial.dims[0], spatial.sizes[0], scale, -(spatial.low // spatial.dilation), max(extra, 1 - scale))

    def padding(self, op: ir.Operation, units: int) -> ir.Attribute:
        """What is left to pad (or to take away) around the elements that so many units read."""
        spatial, window = self.spatial, self.window()
        places = units * self.unit * self.step + self.rest
        taken = (units * window.scale + window.extra - 1) * spatial.dilation + 1
        low = spatial.low % spatial.dilation
        pairs = edge_padding(op, len(_spatials(op)))
        pairs[spatial.at] = (low, places - low - taken)
        return padding_attribute(pairs)


def _over_result(spatial: _Spatial) -> _Reach:
    """Rows of the result: one stride from the next, and each as long as the dilated kernel."""
    return _Reach(spatial, spatial.stride, (spatial.sizes[1] - 1) * spatial.kernel_dilation + 1 - spatial.stride)


def _over_kernel(spatial: _Spatial) -> _Reach:
    """Rows of the kernel: each meets every row of the result."""
    return _Reach(spatial, spatial.kernel_dilation, (spatial.sizes[2] - 1) * spatial.stride + 1 - spatial.kernel_dilation)


def _group_counts(op: ir.Operation) -> tuple[int, int]:
    """Groups of features and of batches; one of the two is 1."""
    features, batches = (ir.IntegerAttr(op.attributes[f"{name}_group_count"]).value for name in ("feature", "batch"))
    return features, batches


def _factors(op: ir.Operation) -> tuple[Factor, ...]:
    numbers = stablehlo.ConvDimensionNumbers(op.attributes["dimension_numbers"])
    (lhs, rhs), shape = (shape_of(operand) for operand in op.operands), shape_of(op.results[0])
    batch, features = numbers.output_batch_dimension, numbers.output_feature_dimension
    rows, inputs = numbers.input_batch_dimension, numbers.input_feature_dimension
    kernel_inputs, kernel_outputs = numbers.kernel_input_feature_dimension, numbers.kernel_output_feature_dimension
    feature_groups, batch_groups = _group_counts(op)
    groups = feature_groups * batch_groups
    if groups == 1:
        factors = [Factor(Kind.PARALLEL, shape[features], (None, Axis(kernel_outputs)), (Axis(features),))]
    else:
        grouped = Axis(inputs, lhs[inputs] // groups) if feature_groups > 1 else Axis(rows, lhs[rows] // groups)
        each = shape[features] // groups
        factors = [Factor(Kind.PARALLEL, groups, (grouped, Axis(kernel_outputs, each)), (Axis(features, each),))]
    if batch_groups == 1:
        factors.append(Factor(Kind.PARALLEL, shape[batch], (Axis(rows), None), (Axis(batch),)))
    else:
        factors.append(blocked(shape[batch], op, batch, None, "the batch inside of each group"))
    if feature_groups == 1:
        factors.append(Factor(Kind.REDUCTION, lhs[inputs], (Axis(inputs), Axis(kernel_inputs)), (None,)))
    else:
        factors.append(blocked(rhs[kernel_inputs], op, None, kernel_inputs, "the input features inside of each group", at=1))
    spatial = [factor for each in _spatials(op) for factor in _spatial_factors(op, each)]
    return (*factors, *sorted(spatial, key=lambda factor: -factor.size))  # the longer first: who asks for the operand's rows gets that one


def _spatial_factors(op: ir.Operation, spatial: _Spatial) -> list[Factor]:
    """Rows of the result are parallel, rows of the kernel are summed; both read a window of the operand."""
    _, kernel_dim, result_dim = spatial.dims
    _, kernel_size, result_size = spatial.sizes
    reach = _over_result(spatial)
    if result_size % reach.unit:
        factors = [Factor(Kind.FREE, result_size, (None, None), (Axis(result_dim),))]
    else:
        factors = [Factor(Kind.PARALLEL, result_size // reach.unit, (reach.window(), None), (Axis(result_dim, reach.unit),))]
    reach = _over_kernel(spatial)
    if spatial.is_reversed:
        factors.append(blocked(kernel_size, op, None, kernel_dim, "rows of a kernel that is reversed", at=1))
    elif kernel_size % reach.unit:
        factors.append(blocked(kernel_size, op, None, kernel_dim, "rows of the kernel that the operand's dilation does not divide", at=1))
    else:
        factors.append(Factor(Kind.REDUCTION, kernel_size // reach.unit, (reach.window(), Axis(kernel_dim, reach.unit)), (None,)))
    return factors


def _emit(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    lhs, rhs = operands
    result = factor.results[0]
    kind = resized(op.results[0].type, result.dim, piece.length * result.scale) if result else accumulator(op)
    spatial = _spatial_of(op, factor)
    if spatial is None:
        return recreate(op, operands, [kind], **_smaller_groups(op, factor, piece))
    reach = _over_result(spatial) if result else _over_kernel(spatial)
    window = reach.window()
    if factor.kind is not Kind.FREE:
        start = shifted(scaled(piece.offset, window.scale), window.shift)
        begins = piece.starts[0]
        assert begins is not None
        low, high = max(0, -window.shift), max(0, factor.size * window.scale + window.extra + window.shift - window.size)
        count = piece.length * window.scale + window.extra
        if low or high:
            lhs = stretch(lhs, window.dim, stablehlo.subtract(start, begins), count, scalar(0, element_of(lhs)), (low, high))
        return recreate(op, [lhs, rhs], [kind], padding=reach.padding(op, piece.length))
    assert result is not None
    units = (piece.length + 2 * reach.unit - 2) // reach.unit  # all that the rows may lie in
    first = stablehlo.divide(piece.offset, scalar(reach.unit, element_of(piece.offset)))
    start = shifted(scaled(first, window.scale), window.shift)
    count = units * window.scale + window.extra
    lhs, begins = window_of(lhs, window.dim, start, count)
    lhs = stretch(lhs, window.dim, stablehlo.subtract(start, begins), count, scalar(0, element_of(lhs)))
    (rows,) = recreate(op, [lhs, rhs], [resized(kind, result.dim, units * reach.unit)], padding=reach.padding(op, units))
    return [take(rows, result.dim, stablehlo.subtract(piece.offset, scaled(first, reach.unit)), piece.length)]


def _spatial_of(op: ir.Operation, factor: Factor) -> _Spatial | None:
    """The spatial dimension of which the factor has rows of the result or of the kernel."""
    kernel, result = factor.operands[1], factor.results[0]
    for each in _spatials(op):
        if (result and result.dim == each.dims[2]) or (not result and kernel and kernel.dim == each.dims[1]):
            return each
    return None


def _smaller_groups(op: ir.Operation, factor: Factor, piece: Piece) -> dict[str, ir.Attribute]:
    """The number of groups, where the factor is over them: then it is in both operands and in the result."""
    if not (factor.operands[0] and factor.operands[1] and factor.results[0]):
        return {}
    name = "feature_group_count" if _group_counts(op)[0] > 1 else "batch_group_count"
    return {name: ir.IntegerAttr.get(ir.IntegerType.get_signless(64), piece.length)}


RULES = {"stablehlo.convolution": Rule(_factors, _emit, add_partial, zero_total)}
