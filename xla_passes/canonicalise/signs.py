"""What is known of the sign of numbers, from how they are computed."""

import math

from jaxlib.mlir import ir

from xla_passes.canonicalise.constants import splat_number
from xla_passes.patterns import producer

_DEPTH = 16  # operations that are looked through
_ALWAYS = frozenset({"stablehlo.abs", "stablehlo.exponential", "stablehlo.logistic"})
_MOVED = frozenset(f"stablehlo.{name}" for name in ("broadcast_in_dim", "reshape", "transpose", "slice", "reverse", "convert"))
_CLOSED = frozenset({"stablehlo.add", "stablehlo.multiply", "stablehlo.divide", "stablehlo.sqrt", "stablehlo.maximum", "stablehlo.minimum"})


def is_not_negative(value: ir.Value, depth: int = _DEPTH) -> bool:
    """Whether every element of a real value is NaN, or at least +0.0: squares, magnitudes, sums of those and the like. Never -0.0."""
    op = producer(value)
    if op is None or depth == 0 or isinstance(ir.RankedTensorType(value.type).element_type, ir.ComplexType):
        return False
    if op.name in _ALWAYS:
        return isinstance(ir.RankedTensorType(value.type).element_type, ir.FloatType)
    if op.name in _MOVED:
        inner = ir.RankedTensorType(op.operands[0].type).element_type
        return isinstance(inner, ir.FloatType) and is_not_negative(op.operands[0], depth - 1)
    if op.name == "stablehlo.multiply" and op.operands[0] == op.operands[1]:
        return isinstance(ir.RankedTensorType(value.type).element_type, ir.FloatType)
    if op.name in _CLOSED:
        return all(is_not_negative(operand, depth - 1) for operand in op.operands)
    if op.name == "stablehlo.select":
        return all(is_not_negative(operand, depth - 1) for operand in list(op.operands)[1:])
    if op.name == "stablehlo.reduce" and len(op.results) == 1:
        block = op.regions[0].blocks[0]
        body = [inner.operation for inner in block.operations]
        is_closed = len(body) == 2 and body[0].name in _CLOSED and set(body[0].operands) == set(block.arguments)
        return is_closed and all(is_not_negative(operand, depth - 1) for operand in op.operands)
    number = splat_number(value)
    return isinstance(number, float) and number >= 0 and math.copysign(1.0, number) > 0
