"""Constants that count, at the ends of their types: the same bits as an `iota`."""

import numpy as np
import pytest

from tests.helpers import assert_same_bits, evaluate, op_names
from xla_passes.canonicalise.dead_code import DeadCode
from xla_passes.canonicalise.iotas import ComposeIotas
from xla_passes.module import clone, parse

TYPES = {"i8": np.int8, "ui8": np.uint8, "i32": np.int32, "ui32": np.uint32, "i64": np.int64}


COUNTS = [(0, 1), (5, 1), (-3, 2), (110, -7), (127 - 15, 1), (255 - 15, 1), (2**31 - 16, 1)]


def fits(element, start, step):
    limits = np.iinfo(TYPES[element])
    return limits.min <= min(start, start + 15 * step) and max(start, start + 15 * step) <= limits.max


@pytest.mark.parametrize(("element", "start", "step"), [(each, *count) for each in TYPES for count in COUNTS if fits(each, *count)])
def test_constants(element, start, step):
    numbers = start + step * np.arange(16)
    limits = np.iinfo(TYPES[element])
    module = parse(f"""func.func public @main() -> tensor<16x{element}> {{
      %0 = stablehlo.constant dense<{numbers.tolist()}> : tensor<16x{element}>
      return %0 : tensor<16x{element}>
    }}""")
    counted = clone(module)
    for each in (ComposeIotas(), DeadCode()):
        each.run(counted)
        counted.operation.verify()
    assert ("iota" in op_names(counted)) == (step > 0 or limits.min < 0)
    assert_same_bits(evaluate(counted), evaluate(module))


@pytest.mark.parametrize("numbers", [[0] * 9, [0, 1, 2, 3, 4, 5, 6, 8], [1, 0, 1, 0, 1, 0, 1, 0]])
def test_what_does_not_count(numbers):
    module = parse(f"""func.func public @main() -> tensor<{len(numbers)}xi32> {{
      %0 = stablehlo.constant dense<{numbers}> : tensor<{len(numbers)}xi32>
      return %0 : tensor<{len(numbers)}xi32>
    }}""")
    ComposeIotas().run(module)
    assert op_names(module) == ["constant"]
