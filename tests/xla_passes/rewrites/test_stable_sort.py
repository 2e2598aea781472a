"""Unstable sorts with a last key give the bits of stable ones: ties, zeros of either sign, NaNs, several keys, payloads, every axis."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from tests.helpers import op_names, record, run
from tests.resident.measure import resident_peak
from xla_passes.analysis.workspace import workspace_bytes
from xla_passes.module import clone, parse
from xla_passes.rewrites.stable_sort import UnstableSort

ALWAYS = UnstableSort(minimum_bytes=-(1 << 62))
DTYPES = (np.float16, np.float32, np.float64, jnp.bfloat16, np.int8, np.int32, np.uint8, np.uint64, bool, np.complex64)


def awkward_array(shape, dtype, seed):
    """Few different values, so that most tie; among floats both zeros, infinities and NaNs of either sign."""
    generator = np.random.default_rng(seed)
    kind = np.dtype(dtype).kind
    values = {"b": [0, 1], "i": [0, -1, 5], "u": [0, 1, 200], "c": [0.0, -0.0, 1j, 1, np.nan]}
    few = np.array(values.get(kind, [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, -np.nan])).astype(dtype)
    return few[generator.integers(0, len(few), shape)]


def check(function, *arguments):
    """The rewritten module sorts unstably and gives the same bits."""
    module = record(function, *arguments, x64=True)
    rewritten = clone(module)
    fired = ALWAYS.run(rewritten)
    rewritten.operation.verify()
    assert [rewrite.is_exact for rewrite in fired] == [True]
    assert "is_stable = true" not in str(rewritten)
    for actual, expected in zip(run(rewritten, *arguments), run(module, *arguments), strict=True):
        assert (actual.dtype, actual.shape, actual.tobytes()) == (expected.dtype, expected.shape, expected.tobytes())
    return rewritten


@settings(max_examples=12, deadline=None)
@given(
    shape=st.lists(st.integers(1, 40), min_size=1, max_size=3),
    axis=st.integers(0, 2),
    keys=st.lists(st.sampled_from(DTYPES), min_size=1, max_size=3),
    payload=st.sampled_from((None, np.int8, np.float64)),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_operands_sort_as_if_stably(shape, axis, keys, payload, seed):
    arrays = [awkward_array(shape, dtype, seed + i) for i, dtype in enumerate(keys)]
    if payload is not None:
        arrays.append(np.arange(np.prod(shape)).reshape(shape).astype(payload))
    check(lambda *xs: lax.sort(xs, dimension=axis % len(shape), num_keys=len(keys), is_stable=True), *arrays)


def test_an_argsort_uses_its_own_iota():
    x = awkward_array((3, 500), np.float32, 1)
    assert op_names(check(lambda x: jnp.argsort(x, axis=1), x)).count("iota") == 1
    check(lambda x: jnp.argsort(x, axis=1, descending=True), x)


def test_one_integer_operand_needs_no_key():
    x = awkward_array((500,), np.int32, 2)
    assert "iota" not in op_names(check(lax.sort, x))


def test_sorts_in_loops_are_reached():
    x = awkward_array((5, 300), np.float32, 3)
    check(lambda x: lax.map(lambda row: lax.sort((row, row[::-1]), num_keys=1)[1], x), x)


@pytest.mark.parametrize(
    ("less", "element"),
    [
        ("%0 = stablehlo.compare LT, %a, %b, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>", "f32"),
        ("%0 = stablehlo.compare LE, %a, %b, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>", "i32"),
        (
            "%1 = stablehlo.compare LT, %a, %b, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>\n%0 = stablehlo.not %1 : tensor<i1>",
            "i32",
        ),
    ],
)
def test_leaves_comparators_that_are_no_strict_order(less, element):
    module = parse(f"""func.func public @main(%x: tensor<9x{element}>) -> tensor<9x{element}> {{
      %s = "stablehlo.sort"(%x) <{{dimension = 0 : i64, is_stable = true}}> ({{
      ^bb0(%a: tensor<{element}>, %b: tensor<{element}>):
        {less}
        stablehlo.return %0 : tensor<i1>
      }}) : (tensor<9x{element}>) -> tensor<9x{element}>
      return %s : tensor<9x{element}>
    }}""")
    before = str(module)
    assert ALWAYS.run(module) == ()
    assert str(module) == before


def test_leaves_what_saves_little_and_what_is_not_stable():
    rows = jax.ShapeDtypeStruct((400, 10_000), np.float32)  # 160 kB of scratch against an iota of 16 MB
    for module in (record(lax.sort, rows), record(lambda x: lax.sort(x, is_stable=False), jax.ShapeDtypeStruct((400_000,), np.float32))):
        assert UnstableSort().run(module) == ()


def test_the_scratch_is_gone():
    """The stable sort needs 38 MB beyond the report in a fresh process, and the rewritten one nothing."""
    stable = resident_peak("tests.resident.programs:prepare", "pair sort")
    unstable = resident_peak("tests.resident.programs:prepare", "pair sort", unstable_sorts=True)
    assert stable.facts["workspace_bytes"] == 38_400_000
    assert stable.rise_bytes > stable.facts["report_bytes"] + 30_000_000
    assert unstable.facts["workspace_bytes"] == 0
    assert unstable.rise_bytes < unstable.facts["report_bytes"] + 8_000_000


def test_the_table_counts_stable_sorts_only():
    pair = jax.ShapeDtypeStruct((1_000_000,), np.float32)
    module = record(lambda x: lax.sort((x, -x), num_keys=1), pair)
    assert workspace_bytes(module, "cpu") == 32_000_000
    assert len(UnstableSort().run(module)) == 1
    assert workspace_bytes(module, "cpu") == 0
