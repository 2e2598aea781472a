"""select_and_scatter, the gradient of pooling: dimensions that windows tile, each element or group of elements having its own."""

from jaxlib.mlir import ir

from xla_passes.module import shape_of
from xla_passes.patterns import integers
from xla_passes.split.factors import Axis, Factor, Kind, Rule, blocked
from xla_passes.split.rules.convolution import edge_padding
from xla_passes.split.rules.elementwise import emit_resized


def _factors(op: ir.Operation) -> tuple[Factor, ...]:
    operand, source = (shape_of(value) for value in op.operands[:2])
    rank = len(operand)
    windows, strides = (integers(op, name) if name in op.attributes else [1] * rank for name in ("window_dimensions", "window_strides"))
    padding = edge_padding(op, rank)
    factors = []
    for dim in range(rank):
        is_apart = windows[dim] <= strides[dim] and padding[dim] == (0, 0)
        if is_apart and operand[dim] == source[dim] * strides[dim]:
            axis = Axis(dim, strides[dim])
            factors.append(Factor(Kind.PARALLEL, source[dim], (axis, Axis(dim), None), (axis,)))
        else:
            factors.append(blocked(operand[dim], op, dim, dim, "windows that overlap, or do not tile the dimension"))
            factors.append(blocked(source[dim], op, None, dim, "windows that overlap, or do not tile the dimension", at=1))
    return tuple(factors)


RULES = {"stablehlo.select_and_scatter": Rule(_factors, emit_resized)}
