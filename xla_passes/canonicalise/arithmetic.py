"""Arithmetic that one writes in several ways, and that recorders write out where there is nothing to compute, in its shortest form."""

import math
from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import filled, scalar
from xla_passes.canonicalise.constants import splat_number
from xla_passes.canonicalise.signs import is_not_negative
from xla_passes.patterns import Rule, apply_rules, produced_by
from xla_passes.plan import Rewrite
from xla_passes.structured import element_of

_CONVERT = "stablehlo.convert"
_NEGATE = "stablehlo.negate"
_NOT = "stablehlo.not"


@dataclass(frozen=True)
class SimplifyArithmetic:
    """Operations with a neutral element -> the other operand, and further ways to write what another operation says; exact.

    - `x * 1`, `x / 1`, `power(x, 1)` -> `x`; `x * -1` -> `negate(x)`;
    - `x + 0`, `x - 0` -> `x`, for floats with the zero that leaves the sign of a zero: `x + -0.0`, `x - 0.0`;
    - `maximum(x, -inf)`, `minimum(x, inf)` -> `x`; `p and true`, `p or false` -> `p`;
    - `abs(x) * abs(x)`, `negate(x) * negate(x)` -> `x * x`;
    - `power(x, 0.5)` -> `sqrt(x)`, which is the correctly rounded root, where `x` is a sum of squares or otherwise never negative (of
      -inf and -0.0 the two make different things);
    - `negate(negate(x))`, `not(not(p))` -> `x`, `p`; `select(p, true, false)` -> `p`; `select(not p, x, y)` -> `select(p, y, x)`;
    - a comparison of a converted float with a constant that the shorter type has as well -> the comparison in the shorter type.

    A NaN stays one; whether its bits are those that the operation would have made is left open, as StableHLO leaves it.
    """

    name: str = "simplify-arithmetic"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        apply_rules(module, _RULES)
        return ()


def multiply(op: ir.Operation) -> ir.Value | None:
    """Products with one and minus one, and squares of magnitudes."""
    for value, other in (op.operands, reversed(op.operands)):
        number = _number(other)
        if number == 1:
            return value
        if number == -1:
            return stablehlo.negate(value)
    one, other = (produced_by(operand, "stablehlo.abs") or produced_by(operand, _NEGATE) for operand in op.operands)
    if one is None or other is None or one.operands[0] != other.operands[0] or one.name != other.name:
        return None
    base = one.operands[0]
    return stablehlo.multiply(base, base) if base.type == op.results[0].type else None  # (the magnitude of a complex number is real)


def divide(op: ir.Operation) -> ir.Value | None:
    """Quotients by one."""
    return op.operands[0] if _number(op.operands[1]) == 1 else None


def power(op: ir.Operation) -> ir.Value | None:
    """First powers, and roots of what is not negative."""
    base, exponent = op.operands
    number = _number(exponent)
    if number == 1:
        return base
    return stablehlo.sqrt(base) if number == 0.5 and is_not_negative(base) else None


def add(op: ir.Operation) -> ir.Value | None:
    """Sums with zero."""
    for value, other in (op.operands, reversed(op.operands)):
        if _is_zero(other, -1.0):
            return value
    return None


def subtract(op: ir.Operation) -> ir.Value | None:
    """Differences from zero."""
    return op.operands[0] if _is_zero(op.operands[1], 1.0) else None


def _number(value: ir.Value) -> float | int | None:
    """The number that fills a value of numbers."""
    number = splat_number(value)
    return None if isinstance(number, bool) else number


def _is_zero(value: ir.Value, sign: float) -> bool:
    number = _number(value)
    return number == 0 and (isinstance(number, int) or math.copysign(1.0, number) == sign)


def bounded_by(least: float) -> Rule:
    """The larger (or smaller) of a float and an infinity that it is never beyond."""

    def rule(op: ir.Operation) -> ir.Value | None:
        for value, other in (op.operands, reversed(op.operands)):
            if _number(other) == least:
                return value
        return None

    return rule


def joined_with(neutral: bool) -> Rule:
    """`and` with true, `or` with false."""

    def rule(op: ir.Operation) -> ir.Value | None:
        for value, other in (op.operands, reversed(op.operands)):
            if splat_number(other) is neutral:
                return value
        return None

    return rule


def twice(name: str) -> Rule:
    """What undoes itself."""

    def rule(op: ir.Operation) -> ir.Value | None:
        inner = produced_by(op.operands[0], name)
        return None if inner is None else inner.operands[0]

    return rule


def select(op: ir.Operation) -> ir.Value | None:
    """A choice between true and false, and one by the opposite of something."""
    predicate, when_true, when_false = op.operands
    if predicate.type == op.results[0].type and splat_number(when_true) is True and splat_number(when_false) is False:
        return predicate
    opposite = produced_by(predicate, _NOT)
    return None if opposite is None else stablehlo.select(opposite.operands[0], when_false, when_true)


def compare(op: ir.Operation) -> ir.Value | None:
    """A comparison in the type that a float had before it was converted to a longer one."""
    converted, number = produced_by(op.operands[0], _CONVERT), splat_number(op.operands[1])
    if converted is None or not isinstance(number, float) or "TOTALORDER" in str(op.attributes.get("compare_type", "")):
        return None
    value = converted.operands[0]
    digits = _FLOATS.get((str(element_of(value)), str(element_of(op.operands[0]))))
    if digits is None or not (math.isinf(number) or (number.is_integer() and abs(number) <= digits)):
        return None
    constant = filled(scalar(number, element_of(value)), value.type)
    return stablehlo.compare(value, constant, op.attributes["comparison_direction"], compare_type=op.attributes.get("compare_type"))


# Whole numbers up to which the shorter type of a pair has all; others of its numbers are not worth the trouble.
_FLOATS = {("f32", "f64"): 2**24, ("f16", "f32"): 2**11, ("bf16", "f32"): 2**8, ("f16", "f64"): 2**11, ("bf16", "f64"): 2**8}

_RULES: dict[str, Rule] = {
    "stablehlo.multiply": multiply,
    "stablehlo.divide": divide,
    "stablehlo.power": power,
    "stablehlo.add": add,
    "stablehlo.subtract": subtract,
    "stablehlo.maximum": bounded_by(-math.inf),
    "stablehlo.minimum": bounded_by(math.inf),
    "stablehlo.and": joined_with(True),
    "stablehlo.or": joined_with(False),
    _NEGATE: twice(_NEGATE),
    _NOT: twice(_NOT),
    "stablehlo.select": select,
    "stablehlo.compare": compare,
}
