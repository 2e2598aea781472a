"""convolution: every axis of operand, kernel and result, for windows of every kind, groups and element types; and its gradients."""

import random

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.helpers import random_array, run
from tests.xla_passes.split.rules.everywhere import because, parallel, reduction, split_everywhere
from tests.xla_passes.split.splitting import Place, assert_agree, canonical, places, split, value_at
from xla_passes.module import main_block, parse
from xla_passes.split.forced import forced_loop

GROUP_BATCH, GROUP_INPUTS = "the batch inside of each group", "the input features inside of each group"
REVERSED, UNEVEN = "rows of a kernel that is reversed", "rows of the kernel that the operand's dilation does not divide"
BATCH_FEATURES = parallel("x0", "k3", "r0", "r1") | reduction("x1")


def check(
    operand, kernel, result, window, axes, *, dtype="i32", groups=(1, 1), numbers="[b, f, 0, 1]x[0, 1, i, o]->[b, f, 0, 1]", is_exact=True
):
    """The convolution, with its operands computed and its result read."""
    x, k, r = ("x".join(map(str, [*shape, dtype])) for shape in (operand, kernel, result))
    numpy_dtype = {"i32": np.int32, "f32": np.float32, "bf16": jnp.bfloat16, "f16": np.float16, "f64": np.float64}.get(dtype, np.complex64)
    arguments = {
        "a": (f"tensor<{x}>", random_array(operand, numpy_dtype)),
        "b": (f"tensor<{k}>", random_array(kernel, numpy_dtype, seed=1)),
    }
    counts = f"{{feature_group_count = {groups[0]} : i64, batch_group_count = {groups[1]} : i64}}"
    types = f"(tensor<{x}>, tensor<{k}>) -> tensor<{r}>"
    lines = [
        f"%x = stablehlo.negate %a : tensor<{x}>",
        f"%k = stablehlo.negate %b : tensor<{k}>",
        f"%r = stablehlo.convolution(%x, %k) dim_numbers = {numbers}, window = {{{window}}} {counts} : {types}",
        f"%n = stablehlo.negate %r : tensor<{r}>",
    ]
    split_everywhere(arguments, lines, f"tensor<{r}>", axes, is_exact=is_exact)


ROWS = parallel("r2", "r3")
KERNEL_ROWS = reduction("k0", "k1")
UNEVEN_ROWS = because(UNEVEN, "k0", "k1")


def test_every_axis():
    window = "stride = [2, 1], pad = [[1, 2], [0, 3]], rhs_dilate = [1, 2]"
    check((4, 6, 13, 9), (3, 2, 6, 8), (4, 8, 7, 10), window, BATCH_FEATURES | ROWS | KERNEL_ROWS)
    check((4, 6, 13, 9), (3, 2, 6, 8), (4, 8, 7, 10), window, parallel("r3") | KERNEL_ROWS | parallel("r2"))


def test_rows_of_a_dilated_operand():
    """Pieces that begin on an element of the operand, and, where units do not divide the rows, in the gaps between two."""
    window = "stride = [1, 2], pad = [[1, 2], [-1, 4]], lhs_dilate = [2, 3]"
    check((2, 3, 5, 4), (3, 2, 3, 2), (2, 2, 10, 6), window, ROWS | UNEVEN_ROWS)
    window = "stride = [1, 3], pad = [[2, 2], [1, 0]], lhs_dilate = [2, 4]"
    check((2, 3, 5, 4), (3, 2, 3, 2), (2, 2, 11, 5), window, ROWS | UNEVEN_ROWS)
    window = "stride = [2, 4], pad = [[3, 3], [0, 0]], lhs_dilate = [2, 2], rhs_dilate = [2, 4]"
    check((2, 3, 5, 6), (3, 2, 3, 2), (2, 2, 6, 2), window, ROWS | KERNEL_ROWS)


def test_rows_all_of_padding_and_rows_cut_off():
    window = "pad = [[7, 9], [-2, -1]]"
    check((2, 3, 5, 9), (3, 2, 3, 2), (2, 2, 19, 5), window, ROWS | KERNEL_ROWS)
    check((2, 1, 5, 7), (1, 1, 1, 2), (2, 2, 3, 3), "stride = [2, 3], pad = [[0, 0], [0, 0]]", ROWS)


def test_a_kernel_as_long_as_the_operand():
    """As in the gradient with respect to a kernel: few rows of the result, each from almost all of the operand."""
    check((2, 3, 13, 11), (12, 11, 3, 2), (2, 2, 4, 3), "pad = [[1, 1], [1, 1]]", ROWS | KERNEL_ROWS | BATCH_FEATURES, dtype="i32")


def test_groups():
    window = "pad = [[1, 1], [0, 0]]"
    features = parallel("x1", "k3", "r1", "r0") | because(GROUP_INPUTS, "k2")
    check((4, 6, 5, 3), (3, 1, 2, 9), (4, 9, 5, 3), window, features | ROWS, groups=(3, 1))
    check((4, 5, 5, 3), (3, 1, 1, 5), (4, 5, 5, 3), window, parallel("x1", "r1"), groups=(5, 1))
    batches = parallel("x0", "k3", "r1") | because(GROUP_BATCH, "r0") | reduction("x1")
    check((6, 2, 5, 3), (3, 1, 2, 9), (2, 9, 5, 3), window, batches | ROWS, groups=(1, 3))


def test_other_layouts_and_ranks():
    numbers = "[0, f, 1, b]x[o, 1, 0, i]->[1, b, f, 0]"
    axes = parallel("r3", "r0", "r2", "x3") | reduction("k2")
    window = "stride = [2, 1], pad = [[1, 1], [0, 2]]"
    check((7, 2, 5, 3), (4, 2, 3, 2), (6, 3, 4, 4), window, axes, numbers=numbers)
    check((5, 2, 9), (3, 4, 2), (5, 9, 4), "pad = [[1, 1]]", parallel("r1") | reduction("k0"), numbers="[b, f, 0]x[0, o, i]->[b, 0, f]")
    volume = parallel("r2", "r4") | reduction("k1")
    numbers = "[b, f, 0, 1, 2]x[0, 1, 2, i, o]->[b, f, 0, 1, 2]"
    check((1, 2, 5, 4, 7), (2, 3, 1, 2, 3), (1, 3, 5, 2, 7), "pad = [[1, 0], [0, 0], [0, 0]]", volume, numbers=numbers)


def test_a_kernel_that_is_reversed():
    check(
        (2, 3, 7, 5),
        (3, 2, 3, 2),
        (2, 2, 6, 4),
        "pad = [[1, 0], [0, 0]], reverse = [true, false]",
        ROWS | because(REVERSED, "k0") | reduction("k1"),
    )


@pytest.mark.parametrize("dtype", ["f16", "bf16", "f32", "f64", "complex<f32>"])
def test_element_types(dtype):
    axes = parallel("r0", "r2") | reduction("x1", "k0")
    check((4, 6, 7, 5), (3, 2, 6, 4), (4, 4, 4, 6), "stride = [2, 1], pad = [[1, 1], [2, 0]]", axes, dtype=dtype, is_exact=False)


def test_short_floats_are_summed_in_float32():
    """300 pieces, each sum near 1: added up in bfloat16, which has 8 bits, the total would stay at 256."""
    x, k = np.ones((1, 1, 300), jnp.bfloat16), np.ones((1, 1, 1), jnp.bfloat16)
    module = canonical(
        lambda x, k: lax.conv_general_dilated(jnp.abs(x), jnp.broadcast_to(k, (1, 300, 1)), (1,), "VALID"), x.reshape(1, 300, 1), k
    )
    splits, (loop,) = split(module, (Place(0, 0, 1), 300))
    assert (loop.kind, loop.pieces) == ("reduction", 300)
    assert_agree(run(splits, x.reshape(1, 300, 1), k), [np.full((1, 1, 1), 300, jnp.bfloat16)], is_exact=True)


def test_gaps_and_edges_stay_what_they_are():
    """An infinite weight meets the zeros of the padding, but nothing in the gaps that dilation leaves."""
    module = parse("""func.func public @main(%x: tensor<1x1x6xf32>, %k: tensor<1x1x3xf32>) -> (tensor<1x1x11xf32>, tensor<1x1x6xf32>) {
      %y = stablehlo.negate %x : tensor<1x1x6xf32>
      %dilated = stablehlo.convolution(%y, %k) dim_numbers = [b, f, 0]x[o, i, 0]->[b, f, 0], window = {pad = [[1, 1]], lhs_dilate = [2]}
        {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x1x6xf32>, tensor<1x1x3xf32>) -> tensor<1x1x11xf32>
      %plain = stablehlo.convolution(%y, %k) dim_numbers = [b, f, 0]x[o, i, 0]->[b, f, 0], window = {pad = [[1, 1]]}
        {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x1x6xf32>, tensor<1x1x3xf32>) -> tensor<1x1x6xf32>
      return %dilated, %plain : tensor<1x1x11xf32>, tensor<1x1x6xf32>
    }""")
    arguments = np.arange(1, 7, dtype=np.float32).reshape(1, 1, 6), np.array([np.inf, 1, np.inf], np.float32).reshape(1, 1, 3)
    expected = run(module, *arguments)
    assert np.isnan(expected[1]).any()
    assert np.isfinite(expected[0]).any()
    for pieces in (2, 3, 11):
        for op in (1, 2):
            splits, _ = split(module, (Place(op, 0, 2), pieces))
            assert_agree(run(splits, *arguments), expected, is_exact=True)


def loss(x, first, second):
    """Two layers as a network has them: strided and padded, then one filter for each channel."""
    hidden = jax.nn.relu(lax.conv_general_dilated(x, first, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")))
    hidden = lax.conv_general_dilated(hidden, second, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=4)
    return jnp.tanh(hidden).sum()


def test_gradients_split_along_batches_features_and_rows():
    arguments = random_array((4, 8, 6, 3)), random_array((3, 3, 3, 4), seed=1), random_array((3, 3, 1, 4), seed=2)
    module = canonical(jax.value_and_grad(loss, (0, 1, 2)), *arguments)
    expected = run(module, *arguments)
    convolved = [place for place in places(module) if value_at(module, place).owner.name == "stablehlo.convolution"]
    assert len(convolved) == 23  # all axes of two layers and of their gradients, but that of one input feature
    for place in convolved:
        forced_loop(main_block(module), value_at(module, place), place.axis, 2)
    for place in random.Random(0).sample(convolved, 3):
        splits, _ = split(module, (place, 2))
        assert_agree(run(splits, *arguments), expected, is_exact=False)
