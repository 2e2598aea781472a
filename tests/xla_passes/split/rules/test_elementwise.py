"""Elementwise operations of less common forms: implicit broadcasting, bits of another width, bodies, batch normalisation as it stands."""

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.helpers import evaluate, random_array, run
from tests.xla_passes.split.rules.forcing import PIECES, split_all
from tests.xla_passes.split.splitting import Place, assert_agree, canonical, split
from xla_passes.module import main_block, parse
from xla_passes.split.factors import Kind
from xla_passes.split.rules import RULES, elementwise

MATRIX, ROW, COLUMN = "tensor<7x3xf32>", "tensor<3xf32>", "tensor<7x1xf32>"
ARGUMENTS = (random_array((7, 3)), random_array((3,), seed=1), random_array((7, 1), seed=2))
MADE = f"""
  %i = stablehlo.convert %x : ({MATRIX}) -> tensor<7x3xi32>
  %irow = stablehlo.convert %row : ({ROW}) -> tensor<3xi32>
  %icolumn = stablehlo.convert %column : ({COLUMN}) -> tensor<7x1xi32>
  %true = stablehlo.constant dense<true> : tensor<i1>
  %half = stablehlo.constant dense<0.5> : tensor<f32>
"""


def module_of(lines, results):
    """A program on a matrix, a row and a column; each result is read once more, so that a loop over it has something to make of it."""
    kinds = ", ".join(results.values())
    read = [f"%last{at} = stablehlo.optimization_barrier %{name} : {kind}" for at, (name, kind) in enumerate(results.items())]
    last = f"return {', '.join(f'%last{at}' for at in range(len(results)))} : {kinds}"
    body = "\n".join([MADE, *lines, *read, last])
    return parse(f"func.func public @main(%x: {MATRIX}, %row: {ROW}, %column: {COLUMN}) -> ({kinds}) {{\n{body}\n}}")


INTEGER = ("and", "or", "xor", "shift_left", "shift_right_arithmetic", "shift_right_logical")
OTHER = {"compare": "tensor<7x3xi1>", "complex": "tensor<7x3xcomplex<f32>>", **dict.fromkeys(INTEGER, "tensor<7x3xi32>")}


def broadcasting_module():
    """Each operation on a row and a column; one on other pairs, too."""
    lines, results = [], {}
    for name in sorted(each.removeprefix("chlo.broadcast_") for each in elementwise.BROADCASTING - {"chlo.broadcast_select"}):
        operands, kinds = "%row, %column", f"{ROW}, {COLUMN}"
        if name in INTEGER:
            operands, kinds = "%irow, %icolumn", "tensor<3xi32>, tensor<7x1xi32>"
        attributes = " <{comparison_direction = #chlo<comparison_direction LT>}>" if name == "compare" else ""
        results[name] = OTHER.get(name, MATRIX)
        lines.append(f'%{name} = "chlo.broadcast_{name}"({operands}){attributes} : ({kinds}) -> {results[name]}')
    for at, (operands, kinds) in enumerate((("%x, %row", f"{MATRIX}, {ROW}"), ("%half, %x", f"tensor<f32>, {MATRIX}"))):
        results[f"add{at}"] = MATRIX
        lines.append(f"%add{at} = chlo.broadcast_add {operands} : ({kinds}) -> {MATRIX}")
    results["pick"] = results["named"] = MATRIX
    lines.append(f"%pick = chlo.broadcast_select %true, %column, %row : (tensor<i1>, {COLUMN}, {ROW}) -> {MATRIX}")
    lines.append(f'%named = "chlo.broadcast_add"(%x, %row) <{{broadcast_dimensions = array<i64: 1>}}> : ({MATRIX}, {ROW}) -> {MATRIX}')
    return module_of(lines, results)


@pytest.mark.parametrize("axis", [0, 1])
def test_operands_that_are_broadcast(axis):
    """All in one program; XLA alone runs it, as the reference interpreter dies of a broadcasting select."""
    splits = module = broadcasting_module()
    for name in elementwise.BROADCASTING:
        splits, loops = split_all(splits, name, axis, 3)
        assert {loop.kind for loop in loops} == {"parallel"}
    # XLA computes some functions in another way for the elements that are left over when it takes several at once.
    assert_agree(run(splits, *ARGUMENTS), run(module, *ARGUMENTS), is_exact=False)


SINGLE = {
    "stablehlo.map": f"""%y = "stablehlo.map"(%x, %x) <{{dimensions = array<i64: 0, 1>}}> ({{
      ^bb0(%a: tensor<f32>, %b: tensor<f32>):
        %0 = stablehlo.sine %a : tensor<f32>
        %1 = stablehlo.multiply %0, %b : tensor<f32>
        stablehlo.return %1 : tensor<f32> }}) : ({MATRIX}, {MATRIX}) -> {MATRIX}""",
    "chlo.constant_like": f'%y = "chlo.constant_like"(%x) <{{value = 3.0 : f32}}> : ({MATRIX}) -> {MATRIX}',
    "chlo.constant": f'%y = "chlo.constant"() <{{value = dense<2.0> : {MATRIX}}}> : () -> {MATRIX}',
    "stablehlo.optimization_barrier": f"%y = stablehlo.optimization_barrier %x : {MATRIX}",
    "stablehlo.batch_norm_inference": f"""%y = "stablehlo.batch_norm_inference"(%x, %row, %row, %row, %row)
      <{{epsilon = 1.0 : f32, feature_index = 1 : i64}}> : ({MATRIX}, {ROW}, {ROW}, {ROW}, {ROW}) -> {MATRIX}""",
}


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", SINGLE)
def test_operations_that_are_parallel_in_everything(name, axis):
    module = module_of([SINGLE[name]], {"y": MATRIX})
    arguments = (ARGUMENTS[0], np.abs(ARGUMENTS[1]), ARGUMENTS[2])
    with_interpreter = "batch_norm" not in name  # the reference interpreter does not know it
    expected = (evaluate if with_interpreter else run)(module, *arguments)
    for pieces in PIECES if with_interpreter else (3,):
        splits, _ = split_all(module, name, axis, pieces)
        assert_agree((evaluate if with_interpreter else run)(splits, *arguments), expected, is_exact=with_interpreter)


def test_a_barrier_of_several_values_stays_whole():
    module = module_of([f"%y:2 = stablehlo.optimization_barrier %x, %row : {MATRIX}, {ROW}"], {"y#0": MATRIX})
    with pytest.raises(ValueError, match="optimization_barrier: the operation takes or makes all of it at once"):
        split(module, (Place(5, 0, 0), 2))


NORMS = {
    "training": f"""%y:3 = "stablehlo.batch_norm_training"(%x, %row, %row) <{{epsilon = 1.0 : f32, feature_index = 1 : i64}}>
      : ({MATRIX}, {ROW}, {ROW}) -> ({MATRIX}, {ROW}, {ROW})""",
    "grad": f"""%y:3 = "stablehlo.batch_norm_grad"(%x, %row, %row, %row, %x) <{{epsilon = 1.0 : f32, feature_index = 1 : i64}}>
      : ({MATRIX}, {ROW}, {ROW}, {ROW}, {MATRIX}) -> ({MATRIX}, {ROW}, {ROW})""",
}


@pytest.mark.parametrize("name", NORMS)
def test_statistics_of_a_batch_are_split_by_feature(name):
    module = module_of([NORMS[name]], {"y#0": MATRIX, "y#1": ROW, "y#2": ROW})
    arguments = (ARGUMENTS[0], np.abs(ARGUMENTS[1]), ARGUMENTS[2])
    splits, (loop,) = split(module, (Place(5, 0, 1), 2))
    assert (loop.kind, loop.pieces) == ("parallel", 2)
    assert_agree(run(splits, *arguments), run(module, *arguments), is_exact=False)
    with pytest.raises(ValueError, match=f"batch_norm_{name}: statistics over all of it"):
        split(module, (Place(5, 0, 0), 2))


# Bits of another width

BITS = {
    "as wide": lambda x: lax.bitcast_convert_type(x, np.int32),
    "narrower": lambda x: lax.bitcast_convert_type(x, np.uint16),
    "wider": lambda x: lax.bitcast_convert_type(jnp.stack([x, x + 1], 2), np.float64),
    "half a byte": lambda x: lax.bitcast_convert_type(x.astype(np.int8), jnp.int4),
}


@pytest.mark.parametrize("name", BITS)
def test_bits_of_another_width(name):
    x = ARGUMENTS[0]
    module = canonical(lambda x: jnp.negative(BITS[name](x).astype(np.float64)), x, x64=True)
    at = next(at for at, op in enumerate(main_block(module).operations) if op.operation.name == "stablehlo.bitcast_convert")
    expected = evaluate(module, x)
    for axis in (0, 1):
        for pieces in PIECES:
            splits, _ = split_all(module, "stablehlo.bitcast_convert", axis, pieces)
            assert_agree(evaluate(splits, x), expected, is_exact=True)
    if name in ("narrower", "half a byte"):
        with pytest.raises(ValueError, match="bitcast_convert: the bits of one element"):
            split(module, (Place(at, 0, 2), 2))
    if name == "wider":
        (inner,) = [f for f in RULES["stablehlo.bitcast_convert"].factors(list(main_block(module).operations)[at].operation) if f.reason]
        assert (inner.kind, inner.size, inner.operands[0].dim) == (Kind.BLOCKED, 2, 2)
