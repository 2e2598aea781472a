"""Folded scalar arithmetic against the reference interpreter and against XLA, to the bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers import assert_same_bits, evaluate, op_names, run
from xla_passes.canonicalise.dead_code import DeadCode
from xla_passes.canonicalise.fold import FoldConstants
from xla_passes.module import clone, parse

NUMBERS = {
    "i32": st.sampled_from((0, 1, -1, 7, 2**31 - 1, -(2**31))) | st.integers(-(2**31), 2**31 - 1),
    "ui8": st.integers(0, 255),
    "f32": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "f64": st.floats(allow_nan=False, allow_infinity=False),
}
BINARY = ("add", "subtract", "multiply", "maximum", "minimum", "divide")
UNARY = ("negate", "abs", "floor", "ceil", "sqrt")
CONVERTED = ("i32", "ui8", "f32", "f64", "i1")


def literal(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{np.format_float_scientific(number, trim='0', exp_digits=1)}"


@st.composite
def expressions(draw: st.DrawFn) -> str:
    """A module without arguments that computes a few scalars from constants."""
    kind = draw(st.sampled_from(tuple(NUMBERS)))
    numbers = [draw(NUMBERS[kind]) for _ in range(3)]
    scalar = f"tensor<{kind}>"
    lines = [f"%c{i} = stablehlo.constant dense<{literal(number)}> : {scalar}" for i, number in enumerate(numbers)]
    binary = list(BINARY) if kind.startswith("f") else [*BINARY, "remainder"]
    if not kind.startswith("f") and (0 in numbers or {-1, -(2**31)} <= set(numbers)):  # no one says what these divide to
        binary = [name for name in binary if name not in ("divide", "remainder")]
    unary = [name for name in UNARY if kind.startswith("f")] or (["negate"] if kind == "i32" else [])
    results = []
    if not kind.startswith("f"):
        lines.append(f"%l = stablehlo.clamp %c0, %c1, %c2 : {scalar}")
        results.append(("%l", scalar))
    for i, name in enumerate(binary):
        lines.append(f"%b{i} = stablehlo.{name} %c{i % 3}, %c{(i + 1) % 3} : {scalar}")
        results.append((f"%b{i}", scalar))
    for i, name in enumerate(unary):
        lines.append(f"%u{i} = stablehlo.{name} %c{i % 3} : {scalar}")
        results.append((f"%u{i}", scalar))
    for i, target in enumerate(CONVERTED):
        lines.append(f"%t{i} = stablehlo.convert %c0 : ({scalar}) -> tensor<{target}>")
        results.append((f"%t{i}", f"tensor<{target}>"))
    for i, direction in enumerate(("EQ", "NE", "LT", "LE", "GT", "GE")):
        lines.append(f"%p{i} = stablehlo.compare {direction}, %c0, %c1 : ({scalar}, {scalar}) -> tensor<i1>")
        lines.append(f"%s{i} = stablehlo.select %p{i}, %c1, %c2 : tensor<i1>, {scalar}")
        results += [(f"%p{i}", "tensor<i1>"), (f"%s{i}", scalar)]
    names, types = ", ".join(name for name, _ in results), ", ".join(text for _, text in results)
    body = "\n".join(lines)
    return f"func.func public @main() -> ({types}) {{\n{body}\nreturn {names} : {types}\n}}"


@settings(max_examples=100, deadline=None)
@given(expressions())
def test_folds_to_what_the_interpreter_computes(text: str) -> None:
    module = parse(text)
    folded = clone(module)
    FoldConstants().run(folded)
    folded.operation.verify()
    assert_same_bits(evaluate(folded), evaluate(module))


@pytest.mark.parametrize("kind", ["i32", "f32"])
def test_folds_to_what_xla_computes(kind: str) -> None:
    numbers = ("7", "-3") if kind == "i32" else ("7.25", "-0.1")
    text = f"""func.func public @main(%x: tensor<{kind}>) -> (tensor<{kind}>, tensor<{kind}>) {{
      %a = stablehlo.constant dense<{numbers[0]}> : tensor<{kind}>
      %b = stablehlo.constant dense<{numbers[1]}> : tensor<{kind}>
      %c = stablehlo.multiply %a, %b : tensor<{kind}>
      %d = stablehlo.subtract %c, %a : tensor<{kind}>
      %e = stablehlo.add %x, %d : tensor<{kind}>
      return %d, %e : tensor<{kind}>, tensor<{kind}>
    }}"""
    module = parse(text)
    folded = clone(module)
    FoldConstants().run(folded)
    DeadCode().run(folded)
    assert op_names(folded) == ["constant", "add"]
    x = np.array(5, np.int32 if kind == "i32" else np.float32)
    assert_same_bits(run(folded, x), run(module, x))
