"""Conversions from any type through any to any, with the numbers that are hard to keep: the same bits, by the reference interpreter."""

import itertools

import numpy as np
import pytest

from tests.helpers import assert_same_bits, evaluate, op_names
from xla_passes.canonicalise.dead_code import DeadCode
from xla_passes.canonicalise.identities import DropIdentities
from xla_passes.module import clone, parse

WHOLE = [0, 1, -1, 127, 128, 255, -128, 2**31 - 1, 16777217]
REAL = [0.0, -0.0, 1.0, -1.0, 0.1, 65504.0, 65505.0, 1e-8, 1e-45, 2.0**31, 16777217.0, np.inf, -np.inf, np.nan]
FIRST = {"i1": bool, "i8": np.int8, "ui8": np.uint8, "i32": np.int32, "f16": np.float16, "f32": np.float32}
OTHERS = ("i1", "i8", "ui8", "i32", "ui32", "i64", "f16", "bf16", "f32", "f64")


def arguments(element: str) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.array(REAL if element.startswith("f") else WHOLE).astype(FIRST[element])


def chains(element: str, size: int):
    """A module of every chain of two conversions from one type."""
    lines, results = [], []
    for at, (between, last) in enumerate(itertools.product(OTHERS, OTHERS)):
        if last == "bf16" or (element.startswith("f") and "i" in (between + last).replace("i1", "")):
            continue  # NumPy has no bfloat16; what is out of an integer's range is for each compiler to say
        lines.append(f"%a{at} = stablehlo.convert %x : (tensor<{size}x{element}>) -> tensor<{size}x{between}>")
        lines.append(f"%b{at} = stablehlo.convert %a{at} : (tensor<{size}x{between}>) -> tensor<{size}x{last}>")
        results.append((f"%b{at}", f"tensor<{size}x{last}>"))
    kinds = ", ".join(kind for _, kind in results)
    body = "\n".join(lines)
    return parse(f"""func.func public @main(%x: tensor<{size}x{element}>) -> ({kinds}) {{
      {body}
      return {", ".join(name for name, _ in results)} : {kinds}
    }}""")


@pytest.mark.parametrize("element", FIRST)
def test_conversions_through_a_wider_type(element):
    x = arguments(element)
    module = chains(element, len(x))
    shorter = clone(module)
    for each in (DropIdentities(), DeadCode()):
        each.run(shorter)
        shorter.operation.verify()
    assert len(op_names(shorter)) < len(op_names(module))
    assert_same_bits(evaluate(shorter, x), evaluate(module, x))
