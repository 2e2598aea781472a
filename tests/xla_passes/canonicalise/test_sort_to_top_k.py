"""Sorts of which the first few are read, as JAX and torch-xla write them, against the same sort left as it is: equal to the bit."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxlib.mlir import ir

from tests.helpers import assert_same_bits, evaluate, op_names, random_array, record, run, spec
from xla_passes.canonicalise import canonicalise_passes
from xla_passes.module import clone, parse

SPECIAL = (0.0, -0.0, 1.0, -1.0, 2.0, np.inf, -np.inf, np.nan, -np.nan)


def canonicalise(module: ir.Module) -> ir.Module:
    module = clone(module)
    for each in canonicalise_passes():
        each.run(module)
        module.operation.verify()
    return module


def sorted_by(direction: str, kind: str, shape: tuple[int, int], dim: int, k: int, *, stable: bool = True) -> str:
    """`k` values and indices of a sort along `dim`, as a recorder writes them."""
    element = {"TOTALORDER": "f32", "FLOAT": "f32", "SIGNED": "i32", "UNSIGNED": "ui8"}[kind]
    rows, columns = shape
    first = [k if axis == dim else size for axis, size in enumerate(shape)]
    whole, part = f"tensor<{rows}x{columns}", f"tensor<{first[0]}x{first[1]}"
    return f"""func.func public @main(%x: {whole}x{element}>) -> ({part}x{element}>, {part}xi32>) {{
      %i = stablehlo.iota dim = {dim} : {whole}xi32>
      %s:2 = "stablehlo.sort"(%x, %i) <{{dimension = {dim} : i64, is_stable = {str(stable).lower()}}}> ({{
      ^bb0(%a: tensor<{element}>, %b: tensor<{element}>, %c: tensor<i32>, %d: tensor<i32>):
        %p = stablehlo.compare {direction}, %a, %b, {kind} : (tensor<{element}>, tensor<{element}>) -> tensor<i1>
        stablehlo.return %p : tensor<i1>
      }}) : ({whole}x{element}>, {whole}xi32>) -> ({whole}x{element}>, {whole}xi32>)
      %v = stablehlo.slice %s#0 [0:{first[0]}, 0:{first[1]}] : ({whole}x{element}>) -> {part}x{element}>
      %j = stablehlo.slice %s#1 [0:{first[0]}, 0:{first[1]}] : ({whole}xi32>) -> {part}xi32>
      return %v, %j : {part}x{element}>, {part}xi32>
    }}"""


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_equals_the_stable_sort_to_the_bit(data: st.DataObject) -> None:
    """Ties, zeros of both signs, NaNs of both signs, the smallest integers: the order of a stable sort by total order."""
    kind = data.draw(st.sampled_from(("TOTALORDER", "SIGNED", "UNSIGNED")))
    direction, dim = data.draw(st.sampled_from(("GT", "LT"))), data.draw(st.integers(0, 1))
    shape = (data.draw(st.integers(2, 7)), data.draw(st.integers(2, 7)))
    k = data.draw(st.integers(1, shape[dim] // 2))
    elements, dtype = {
        "TOTALORDER": (st.sampled_from(SPECIAL), np.float32),
        "SIGNED": (st.sampled_from((-(2**31), -1, 0, 1, 2**31 - 1)), np.int32),
        "UNSIGNED": (st.sampled_from((0, 1, 127, 128, 255)), np.uint8),
    }[kind]
    size = shape[0] * shape[1]
    x = np.array(data.draw(st.lists(elements, min_size=size, max_size=size)), dtype).reshape(shape)
    module = parse(sorted_by(direction, kind, shape, dim, k))
    found = canonicalise(module)
    assert "chlo.top_k" in op_names(found)
    assert "sort" not in op_names(found)
    assert_same_bits(evaluate(found, x), evaluate(module, x))


@pytest.mark.parametrize("direction", ["GT", "LT"])
def test_xla_orders_special_floats_as_the_sort_does(direction: str) -> None:
    x = np.array([SPECIAL, SPECIAL[::-1]], np.float32)
    module = parse(sorted_by(direction, "TOTALORDER", x.shape, 1, 4))
    found = canonicalise(module)
    assert "chlo.top_k" in op_names(found)
    assert_same_bits(run(found, x), run(module, x))


READ_FIRST: dict[str, tuple[Callable, object]] = {
    "argsort": (lambda x: jnp.argsort(x, axis=1)[:, :3], np.float32),
    "skip the first": (lambda x: jnp.argsort(x, axis=1)[:, 1:4], np.float32),
    "first axis": (lambda x: jnp.argsort(x, axis=0)[0], np.float32),
    "several slices": (lambda x: (jnp.argsort(x, axis=1)[:, 0], jnp.argsort(x, axis=1)[2:, :2]), np.float32),
    "integers": (lambda x: jnp.argsort(x, axis=1)[:, :3], np.int32),
    "sorted integers": (lambda x: jnp.sort(x, axis=1)[:, :3], np.int32),
    "unsigned": (lambda x: jnp.sort(x, axis=1)[:, :2], np.uint8),
    "half": (lambda x: jnp.argsort(x, axis=1)[:, :3], np.float16),
    "lax": (lambda x: tuple(y[:, :3] for y in jax.lax.sort_key_val(x, jax.lax.broadcasted_iota(np.int32, x.shape, 1))), np.int32),
}


@pytest.mark.parametrize("name", READ_FIRST)
def test_takes_what_jax_writes(name: str) -> None:
    function, dtype = READ_FIRST[name]
    module = record(function, spec((6, 9), dtype))
    found = canonicalise(module)
    assert "chlo.top_k" in op_names(found)
    assert "sort" not in op_names(found)
    x = random_array((6, 9), dtype)
    if np.dtype(dtype).kind == "f":
        x[0, :5] = x[1, 3:8] = x[:5, 1] = 0.0, -0.0, np.nan, -np.nan, 0.0
    assert_same_bits(evaluate(found, x), evaluate(module, x))
    assert_same_bits(run(found, x), run(module, x))


def test_leaves_values_that_a_key_would_change() -> None:
    """`jnp.sort` takes -0.0 and 0.0 for one: its values are not those of its key, and so its first values are not the key's top k."""
    assert "sort" in op_names(canonicalise(record(lambda x: jnp.sort(x, axis=1)[:, :3], spec((6, 9)))))


def test_takes_an_unstable_sort_by_float_but_not_a_stable_one() -> None:
    unstable, stable = (canonicalise(parse(sorted_by("GT", "FLOAT", (3, 8), 1, 2, stable=stable))) for stable in (False, True))
    assert "chlo.top_k" in op_names(unstable)
    assert "chlo.top_k" not in op_names(stable)
    x = random_array((3, 8))
    expected = np.argsort(-x, axis=1, kind="stable")[:, :2]
    assert_same_bits(evaluate(unstable, x), [np.take_along_axis(x, expected, 1), expected.astype(np.int32)])
