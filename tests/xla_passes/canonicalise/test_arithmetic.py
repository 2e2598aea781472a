"""Simplified arithmetic on the numbers that are hard to keep: the same values and signs, by the reference interpreter."""

import numpy as np
import pytest

from tests.helpers import evaluate, op_names
from xla_passes.canonicalise.arithmetic import SimplifyArithmetic
from xla_passes.canonicalise.dead_code import DeadCode
from xla_passes.module import clone, parse

REAL = np.array([0.0, -0.0, 1.0, -1.0, 0.1, 1e-30, -3e38, 1e-42, 2.0**24, np.inf, -np.inf, np.nan], np.float32)
WHOLE = np.array([0, 1, -1, 7, 2**31 - 1, -(2**31)], np.int32)
NUMBERS = ("1.0", "-1.0", "0.0", "-0.0", "0.5", "2.0", "0x7F800000", "0xFF800000")
OPS = ("multiply", "divide", "power", "add", "subtract", "maximum", "minimum")


def simplified(text):
    module = parse(text)
    short = clone(module)
    for each in (SimplifyArithmetic(), DeadCode()):
        each.run(short)
        short.operation.verify()
    return module, short


def same(module, short, *arguments):
    for one, other in zip(evaluate(short, *arguments), evaluate(module, *arguments), strict=True):
        np.testing.assert_array_equal(one, other)
        if one.dtype.kind == "f":
            np.testing.assert_array_equal(np.signbit(one[~np.isnan(one)]), np.signbit(other[~np.isnan(other)]))


def program(op, operands, setup="", kind="tensor<12xf32>"):
    return f"""func.func public @main(%x: {kind}) -> {kind} {{
      {setup}
      %r = stablehlo.{op} {operands} : {kind}
      return %r : {kind}
    }}"""


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("operands", ["%x, %c", "%c, %x"])
def test_with_a_number(op, number, operands):
    """Whatever is done to it, for each number that a rule asks for, and others."""
    same(*simplified(program(op, operands, f"%c = stablehlo.constant dense<{number}> : tensor<12xf32>")), REAL)


@pytest.mark.parametrize("op", ["multiply", "add", "subtract", "maximum"])
@pytest.mark.parametrize("number", ["0", "1", "-1"])
def test_with_an_integer(op, number):
    kind = "tensor<6xi32>"
    same(*simplified(program(op, "%x, %c", f"%c = stablehlo.constant dense<{number}> : {kind}", kind)), WHOLE)


@pytest.mark.parametrize("inner", ["abs", "negate"])
def test_squares(inner):
    module, short = simplified(program("multiply", "%a, %a", f"%a = stablehlo.{inner} %x : tensor<12xf32>"))
    assert op_names(short) == ["multiply"]
    same(module, short, REAL)


def test_roots_of_what_is_not_negative():
    setup = """%h = stablehlo.constant dense<0.5> : tensor<12xf32>
      %a = stablehlo.abs %x : tensor<12xf32>
      %e = stablehlo.exponential %x : tensor<12xf32>
      %s = stablehlo.add %a, %e : tensor<12xf32>"""
    module, short = simplified(program("power", "%s, %h", setup))
    assert op_names(short) == ["abs", "exponential", "add", "sqrt"]
    same(module, short, REAL)


@pytest.mark.parametrize("value", ["stablehlo.sine %x", "stablehlo.negate %a", "stablehlo.subtract %a, %a", "stablehlo.add %a, %n"])
def test_no_root_of_what_may_be_negative(value):
    setup = f"""%h = stablehlo.constant dense<0.5> : tensor<12xf32>
      %n = stablehlo.constant dense<-0.0> : tensor<12xf32>
      %a = stablehlo.abs %x : tensor<12xf32>
      %s = {value} : tensor<12xf32>"""
    assert "power" in op_names(simplified(program("power", "%s, %h", setup))[1]) or value.endswith("%n")


@pytest.mark.parametrize("direction", ["EQ", "NE", "LT", "GE"])
@pytest.mark.parametrize("number", ["0x7FF0000000000000", "16777216.0", "16777217.0", "0.1", "-0.0"])
def test_comparisons_in_a_longer_type(direction, number):
    module, short = simplified(f"""func.func public @main(%x: tensor<12xf32>) -> tensor<12xi1> {{
      %c = stablehlo.constant dense<{number}> : tensor<12xf64>
      %w = stablehlo.convert %x : (tensor<12xf32>) -> tensor<12xf64>
      %r = stablehlo.compare {direction}, %w, %c : (tensor<12xf64>, tensor<12xf64>) -> tensor<12xi1>
      return %r : tensor<12xi1>
    }}""")
    assert ("convert" in op_names(short)) == (number in ("16777217.0", "0.1"))
    same(module, short, REAL)
