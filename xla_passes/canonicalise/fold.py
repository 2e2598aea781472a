"""Computes what is known while compiling: arithmetic on scalar constants, slices at constant places, squares."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.canonicalise.constants import Number, filled_with, numpy_dtype, scalar_constant
from xla_passes.module import shape_of
from xla_passes.patterns import Rule, apply_rules, integers
from xla_passes.plan import Rewrite
from xla_passes.structured import element_of

_COMPARISONS: dict[str, Callable[..., Number]] = {
    "EQ": np.equal,
    "NE": np.not_equal,
    "LT": np.less,
    "LE": np.less_equal,
    "GT": np.greater,
    "GE": np.greater_equal,
}
_LOGIC: dict[str, Callable[..., Number]] = {
    "stablehlo.and": np.bitwise_and,
    "stablehlo.or": np.bitwise_or,
    "stablehlo.xor": np.bitwise_xor,
    "stablehlo.not": np.invert,
}
_ARITHMETIC: dict[str, Callable[..., Number]] = {
    "stablehlo.add": np.add,
    "stablehlo.subtract": np.subtract,
    "stablehlo.multiply": np.multiply,
    "stablehlo.negate": np.negative,
    "stablehlo.maximum": np.maximum,
    "stablehlo.minimum": np.minimum,
    "stablehlo.abs": np.abs,
}
_FLOAT_ONLY: dict[str, Callable[..., Number]] = {
    "stablehlo.divide": np.divide,
    "stablehlo.floor": np.floor,
    "stablehlo.ceil": np.ceil,
    "stablehlo.sqrt": np.sqrt,
}


def _quotient(dividend: Number, divisor: Number) -> Number | None:
    """Rounded towards zero, as StableHLO has it; None where it says nothing: by zero, and out of range."""
    if divisor == 0:
        return None
    quotient = abs(int(dividend)) // abs(int(divisor))
    signed = -quotient if (dividend < 0) != (divisor < 0) else quotient
    return dividend.dtype.type(signed) if signed <= np.iinfo(dividend.dtype).max else None


def _remainder(dividend: Number, divisor: Number) -> Number | None:
    """What is left, with the sign of the dividend."""
    quotient = _quotient(dividend, divisor)
    return None if quotient is None else dividend.dtype.type(int(dividend) - int(quotient) * int(divisor))


def _clamped(low: Number, number: Number, high: Number) -> Number:
    return np.minimum(np.maximum(number, low), high)


_INTEGER_ONLY: dict[str, Callable[..., Number | None]] = {
    "stablehlo.divide": _quotient,
    "stablehlo.remainder": _remainder,
    "stablehlo.clamp": _clamped,
}
FOLDED = frozenset((*_LOGIC, *_ARITHMETIC, *_FLOAT_ONLY, *_INTEGER_ONLY, "stablehlo.convert", "stablehlo.compare"))


@dataclass(frozen=True)
class FoldConstants:
    """Operations on scalar constants -> their result; exact.

    - `add(2, 3)` -> `5`, and so on for what IEEE 754 and two's complement define to the bit. Results that are NaN, denormal or out
      of range are left to the compiler, which may treat them differently from one target to the next.
    - `power(x, 2)` -> `multiply(x, x)`, which is the correctly rounded square.
    - `select` on a constant predicate -> the chosen operand.
    - `dynamic_slice` from constant starts -> `slice`.
    """

    name: str = "fold-constants"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        apply_rules(module, _RULES)
        return ()


def fold_scalar(op: ir.Operation) -> ir.Value | None:
    """The constant that a scalar operation on scalar constants computes."""
    kind = ir.RankedTensorType(op.results[0].type)
    number = None if kind.rank else number_of(op, [filled_with(operand) for operand in op.operands])
    return None if number is None else scalar_constant(number, kind.element_type)


def number_of(op: ir.Operation, operands: Sequence[Number | None]) -> Number | None:
    """The number that an operation makes of numbers; None where one is unknown, or what it makes of them is for the compiler to say."""
    dtype = numpy_dtype(element_of(op.results[0]))
    numbers = [operand for operand in operands if operand is not None]
    if dtype is None or op.name not in FOLDED or len(numbers) < len(operands):
        return None
    with np.errstate(all="ignore"):
        number = _compute(op, numbers, dtype)
    if number is None or number.dtype != dtype or not all(map(_is_portable, (*numbers, number))):
        return None
    return number


def _compute(op: ir.Operation, numbers: list[Number], dtype: np.dtype[Any]) -> Number | None:
    name, kind = op.name, numbers[0].dtype.kind
    if name == "stablehlo.convert":
        return _convert(numbers[0], dtype)
    if name == "stablehlo.compare":
        return _compare(op, numbers)
    function: Callable[..., Number | None] | None = _LOGIC.get(name) if kind in "biu" else None
    if kind in "iu":
        function = function or _INTEGER_ONLY.get(name)
    if kind == "f":
        function = _FLOAT_ONLY.get(name)
    if kind != "b":
        function = function or _ARITHMETIC.get(name)
    if function is None or (function in (np.maximum, np.minimum) and not numbers[0] and not numbers[1]):  # of two zeros: which one?
        return None
    return function(*numbers)


def _convert(number: Number, dtype: np.dtype[Any]) -> Number | None:
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if not np.isfinite(number) or not limits.min <= int(number) <= limits.max:
            return None
    return dtype.type(number)


def _compare(op: ir.Operation, numbers: list[Number]) -> Number | None:
    if "TOTALORDER" in str(op.attributes.get("compare_type", "")):
        return None
    direction = stablehlo.ComparisonDirectionAttr(op.attributes["comparison_direction"]).value
    return _COMPARISONS[direction](*numbers)


def _is_portable(number: Number) -> bool:
    """Whether every target agrees on the number's bits: no NaN, no denormal."""
    if number.dtype.kind != "f":
        return True
    return bool(number == 0 or abs(number) >= np.finfo(type(number)).tiny)


def square(op: ir.Operation) -> ir.Value | None:
    """`power(x, 2)` -> `multiply(x, x)`."""
    base, exponent = op.operands
    number = filled_with(exponent)
    return stablehlo.multiply(base, base) if number is not None and number == 2 else None


def choose(op: ir.Operation) -> ir.Value | None:
    """`select(true, x, y)` -> `x`."""
    predicate = filled_with(op.operands[0])
    return None if predicate is None else op.operands[1 if predicate else 2]


def slice_at_constants(op: ir.Operation) -> ir.Value | None:
    """`dynamic_slice` from constants -> `slice`; starts are clamped as XLA clamps them, so that the slice is inside."""
    operand, *starts = op.operands
    numbers = [filled_with(start) for start in starts]
    if any(number is None for number in numbers):
        return None
    sizes = integers(op, "slice_sizes")
    lows = [
        min(max(int(number), 0), length - size)
        for number, length, size in zip(numbers, shape_of(operand), sizes, strict=True)
        if number is not None
    ]
    highs = [low + size for low, size in zip(lows, sizes, strict=True)]
    return stablehlo.slice(operand, lows, highs, [1] * len(lows))


_RULES: dict[str, Rule] = {
    **dict.fromkeys(FOLDED, fold_scalar),
    "stablehlo.power": square,
    "stablehlo.select": choose,
    "stablehlo.dynamic_slice": slice_at_constants,
}
