"""Two-level top-k gives the bits of `chlo.top_k`: ties, zeros of either sign, NaNs of any payload, lengths that do not divide."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers import assert_same_bits, compile_module, op_names, run
from xla_passes.module import clone, parse
from xla_passes.rewrites.top_k import TwoLevelTopK

OPTIONS = {
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT",
    "xla_disable_hlo_passes": "tree_reduction_rewriter",
}
DTYPES = {
    "f16": np.float16,
    "f32": np.float32,
    "f64": np.float64,
    "i8": np.int8,
    "i32": np.int32,
    "i64": np.int64,
    "ui8": np.uint8,
    "ui32": np.uint32,
}


def top_k_module(shape, element, k):
    dims = "x".join(map(str, shape[:-1])) + "x" if len(shape) > 1 else ""
    operand, results = f"{dims}{shape[-1]}x{element}", (f"{dims}{k}x{element}", f"{dims}{k}xi32")
    types = ", ".join(f"tensor<{result}>" for result in results)
    return parse(f"""func.func public @main(%x: tensor<{operand}>) -> ({types}) {{
      %values, %indices = chlo.top_k(%x, k = {k}) : tensor<{operand}> -> ({types})
      return %values, %indices : {types}
    }}""")


def awkward_array(shape, dtype, seed):
    """Random bits, most of them replaced by values with many ties, NaNs, infinities and zeros of both signs among them."""
    generator = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    anything = generator.integers(0, 256, (*shape, dtype.itemsize), dtype=np.uint8).view(dtype)[..., 0]
    few = [0, 1, 2, 7] if dtype.kind in "iu" else [0.0, -0.0, 1.0, np.inf, -np.inf, np.nan, -np.nan]
    return np.where(generator.random(shape) < generator.random(), np.array(few, dtype)[generator.integers(0, len(few), shape)], anything)


def total_order_top_k(x, k):
    """The oracle: floats by the order of their bits (IEEE total order), the lower index first among equals."""
    key = x
    if x.dtype.kind == "f":
        bits = x.view(f"i{x.dtype.itemsize}")
        key = np.where(bits < 0, bits ^ np.iinfo(bits.dtype).max, bits)
    indices = np.argsort(np.invert(key), axis=-1, kind="stable")[..., :k]
    return [np.take_along_axis(x, indices, -1), indices.astype(np.int32)]


@settings(max_examples=20, deadline=None)
@given(
    batch=st.lists(st.integers(1, 3), max_size=2),
    length=st.integers(16, 700),
    k=st.integers(1, 12),
    group_length=st.integers(1, 40),
    element=st.sampled_from(sorted(DTYPES)),
    seed=st.integers(0, 2**16),
)
def test_same_bits(batch, length, k, group_length, element, seed):
    shape = (*batch, max(length, k * group_length))
    module = top_k_module(shape, element, k)
    rewritten = clone(module)
    fired = TwoLevelTopK(group_length=group_length, minimum_length=1, minimum_gain=0.1).run(rewritten)
    assert [(rewrite.name, rewrite.is_exact) for rewrite in fired] == [("two-level-top-k", True)]
    rewritten.operation.verify()
    x = awkward_array(shape, DTYPES[element], seed)
    results = run(rewritten, x)
    assert_same_bits(results, run(module, x))
    assert_same_bits(results, total_order_top_k(x, k))


@pytest.mark.parametrize(("length", "k"), [(100_003, 10), (100_000, 1), (32_768, 100)])
def test_long_axes_by_the_default_options(length, k):
    module = top_k_module((3, length), "f32", k)
    assert TwoLevelTopK().run(module)
    x = awkward_array((3, length), np.float32, length)
    assert_same_bits(run(module, x, compiler_options=OPTIONS), total_order_top_k(x, k))


@pytest.mark.parametrize("length", [99_968, 100_003])
def test_temporaries_are_a_small_part_of_the_operand(length):
    module = top_k_module((16, length), "f32", 10)
    assert TwoLevelTopK().run(module)
    report = compile_module(module, OPTIONS).memory_analysis()
    assert report.temp_size_in_bytes < report.argument_size_in_bytes / 8


@pytest.mark.parametrize(
    ("shape", "element", "k"),
    [
        ((4, 400), "f32", 1),  # short
        ((4, 2000), "f32", 100),  # nearly as many candidates as elements
        ((4, 2000), "f32", 2000),
        ((4, 100_000), "bf16", 10),
        ((0, 100_000), "f32", 10),
        ((4, 100_000), "f32", 0),
    ],
)
def test_left_alone(shape, element, k):
    module = top_k_module(shape, element, k)
    assert TwoLevelTopK().run(module) == ()
    assert op_names(module) == ["chlo.top_k"]
