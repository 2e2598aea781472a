"""Loops of any length that is known: folded exactly where they run once or never, and computing the same."""

import jax
import jax.numpy as jnp
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.helpers import assert_same_bits, evaluate, op_names, random_array, record, run, spec
from xla_passes.canonicalise import canonicalise_passes
from xla_passes.canonicalise.control_flow import FoldControlFlow
from xla_passes.module import clone, parse


@settings(max_examples=40, deadline=None)
@example(start=0, stop=1, step=1, direction="LT")
@example(start=3, stop=3, step=1, direction="LE")
@given(st.integers(-3, 3), st.integers(-3, 3), st.integers(1, 3), st.sampled_from(["LT", "LE", "NE"]))
def test_loops_that_run_once_or_never(start: int, stop: int, step: int, direction: str) -> None:
    if direction == "NE":  # and does not miss the end
        stop = start + step * abs(stop)
    module = parse(f"""func.func public @main(%x: tensor<2xf32>) -> (tensor<i32>, tensor<2xf32>, tensor<2xf32>) {{
      %start = stablehlo.constant dense<{start}> : tensor<i32>
      %stop = stablehlo.constant dense<{stop}> : tensor<i32>
      %0:3 = stablehlo.while(%i = %start, %a = %x, %b = %x) : tensor<i32>, tensor<2xf32>, tensor<2xf32> cond {{
        %1 = stablehlo.compare {direction}, %i, %stop : (tensor<i32>, tensor<i32>) -> tensor<i1>
        stablehlo.return %1 : tensor<i1>
      }} do {{
        %step = stablehlo.constant dense<{step}> : tensor<i32>
        %1 = stablehlo.add %i, %step : tensor<i32>
        %2 = stablehlo.negate %a : tensor<2xf32>
        %3 = stablehlo.add %a, %b : tensor<2xf32>
        stablehlo.return %1, %3, %2 : tensor<i32>, tensor<2xf32>, tensor<2xf32>
      }}
      return %0#0, %0#1, %0#2 : tensor<i32>, tensor<2xf32>, tensor<2xf32>
    }}""")
    folded = clone(module)
    FoldControlFlow().run(folded)
    folded.operation.verify()
    count, i = 0, start
    while {"LT": i < stop, "LE": i <= stop, "NE": i != stop}[direction]:
        count, i = count + 1, i + step
    assert ("while" in op_names(folded)) == (count > 1)
    x = random_array((2,))
    assert_same_bits(evaluate(folded, x), evaluate(module, x))


def scan_of_one(x: jax.Array) -> jax.Array:
    return jax.lax.scan(lambda total, row: (total + jnp.sin(row), total * row), jnp.zeros(3), x[:1])


def switch(x: jax.Array) -> jax.Array:
    return jax.lax.switch(jnp.int32(1) + 1, [jnp.sin, jnp.cos, jnp.tanh], x) + jax.lax.cond(jnp.bool_(False), jnp.sin, jnp.exp, x)


@pytest.mark.parametrize("function", [scan_of_one, switch])
def test_programs_of_jax(function) -> None:
    """Two rounds, as before splitting: what one brings to light, the next folds."""
    module = record(function, spec((2, 3)))
    canonical = clone(module)
    for each in (*canonicalise_passes(), *canonicalise_passes()):
        each.run(canonical)
        canonical.operation.verify()
    assert {"while", "case", "if"} & set(op_names(module))
    assert not {"while", "case", "if", "dynamic_slice", "dynamic_update_slice"} & set(op_names(canonical))
    x = random_array((2, 3))
    assert_same_bits(evaluate(canonical, x), evaluate(module, x))
    assert_same_bits(run(canonical, x), run(module, x))
