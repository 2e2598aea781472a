"""Convolutions over a line written as over a picture, with every attribute: the same bits."""

import jax
import numpy as np
import pytest

from tests.helpers import assert_same_bits, evaluate, op_names, random_array, record
from xla_passes.canonicalise.broadcasts import ComposeBroadcasts
from xla_passes.canonicalise.dead_code import DeadCode
from xla_passes.canonicalise.unit_windows import DropUnitWindows
from xla_passes.module import clone

LAYOUTS = [("NCHW", "OIHW", "NCHW"), ("NHWC", "HWIO", "NHWC"), ("HNCW", "HOWI", "NHWC")]


@pytest.mark.parametrize("layout", LAYOUTS, ids=" ".join)
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_a_line_as_a_picture(layout, groups, seed):
    generator = np.random.default_rng(seed)
    stride, inside, between = map(int, generator.integers(1, 4, 3))
    sizes = {"N": 2, "C": 4, "H": 1, "W": 13}, {"O": 6, "I": 4 // groups, "H": 1, "W": 3}
    x, w = (random_array([size[dim] for dim in dims], seed=seed) for size, dims in zip(sizes, layout, strict=False))

    def fn(x, w):
        return jax.lax.conv_general_dilated(
            x, w, (2, stride), [(0, 0), (2, 1)], (1, inside), (3, between), dimension_numbers=layout, feature_group_count=groups
        )

    module = record(fn, x, w)
    short = clone(module)
    for each in (DropUnitWindows(), ComposeBroadcasts(), DeadCode()):
        each.run(short)
        short.operation.verify()
    assert sorted(op_names(short)) == ["convolution", "reshape", "reshape", "reshape"]
    assert_same_bits(evaluate(short, x, w), evaluate(module, x, w))
