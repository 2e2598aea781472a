"""Elementwise operations leave out dimensions of size 1 that their operands were given just before."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import filled, recreate, tensor
from xla_passes.module import shape_of
from xla_passes.patterns import apply_rules, integers, producer
from xla_passes.plan import Rewrite
from xla_passes.structured import element_of

_UNARY = """abs cbrt ceil convert cosine exponential exponential_minus_one floor is_finite log log_plus_one logistic negate not rsqrt
    sign sine sqrt tanh"""
_BINARY = "add and atan2 compare divide maximum minimum multiply or power remainder subtract xor"


@dataclass(frozen=True)
class DropUnitDims:
    """`elementwise(reshape(x), ...)`, the reshapes only add dimensions of size 1, alike -> `reshape(elementwise(x, ...))`; exact.

    Constants that fill an operand are filled anew. What is reduced with or without keeping the reduced dimension is so computed on in one
    shape, and the broadcasts that follow read it directly.
    """

    name: str = "drop-unit-dims"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        names = (*_UNARY.split(), *_BINARY.split(), "select")
        apply_rules(module, dict.fromkeys((f"stablehlo.{name}" for name in names), _dropped))
        return ()


def _dropped(op: ir.Operation) -> ir.Value | None:
    kind = ir.RankedTensorType(op.results[0].type)
    if 1 not in kind.shape:
        return None
    bases = [_without_units(operand, kind.shape) for operand in op.operands]
    found = [base for base in bases if base is not None]
    if not found or any(shape_of(base) != shape_of(found[0]) for base in found):
        return None
    shape = shape_of(found[0])
    if not shape:
        return None
    scalars = [_filling(operand) for operand in op.operands]
    if any(base is None and scalar is None for base, scalar in zip(bases, scalars, strict=True)):
        return None
    operands = []
    for operand, base, scalar in zip(op.operands, bases, scalars, strict=True):
        if base is not None:
            operands.append(base)
        elif scalar is not None:
            operands.append(filled(scalar, tensor(shape, element_of(operand))))
    made = recreate(op, operands, [tensor(shape, kind.element_type)])[0]
    return stablehlo.reshape(kind, made)


def _without_units(value: ir.Value, shape: Sequence[int]) -> ir.Value | None:
    """What a value of `shape` was before it got dimensions of size 1."""
    op = producer(value)
    if op is None or op.name not in ("stablehlo.reshape", "stablehlo.broadcast_in_dim"):
        return None
    before = shape_of(op.operands[0])
    if 1 in before or list(before) != [size for size in shape if size != 1] or tuple(shape_of(value)) != tuple(shape):
        return None
    if op.name == "stablehlo.broadcast_in_dim":
        dims = integers(op, "broadcast_dimensions")
        if dims != sorted(dims):
            return None
    return op.operands[0]


def _filling(value: ir.Value) -> ir.Value | None:
    """The scalar that a value is filled with."""
    op = producer(value)
    if op is None or op.name != "stablehlo.broadcast_in_dim" or shape_of(op.operands[0]):
        return None
    return op.operands[0]
