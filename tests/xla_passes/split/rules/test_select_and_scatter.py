"""select_and_scatter: the gradient of pooling, along batches, features and windows that tile their dimension."""

import jax
import numpy as np
from jax import lax

from tests.helpers import evaluate
from tests.xla_passes.split.programs import special
from tests.xla_passes.split.rules.everywhere import because, parallel, split_everywhere
from tests.xla_passes.split.splitting import assert_agree, canonical, places, split, value_at

OVERLAP = "windows that overlap, or do not tile the dimension"

SELECT = """
  ^bb0(%p: tensor<f32>, %q: tensor<f32>):
    %c = stablehlo.compare GE, %p, %q : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %c : tensor<i1>
"""
ADD = """
  ^bb0(%p: tensor<f32>, %q: tensor<f32>):
    %c = stablehlo.add %p, %q : tensor<f32>
    stablehlo.return %c : tensor<f32>
"""


def check(operand, source, window, axes):
    x, s = (f"tensor<{'x'.join(map(str, shape))}xf32>" for shape in (operand, source))
    lines = [
        f"%x = stablehlo.negate %a : {x}",
        f"%s = stablehlo.negate %b : {s}",
        "%o = stablehlo.constant dense<-0.0> : tensor<f32>",
        f'%r = "stablehlo.select_and_scatter"(%x, %s, %o) <{{{window}}}> ({{{SELECT}}}, {{{ADD}}}) : ({x}, {s}, tensor<f32>) -> {x}',
        f"%n = stablehlo.negate %r : {x}",
    ]
    arguments = {"a": (x, np.nan_to_num(special(*operand))), "b": (s, special(*source, seed=1))}
    split_everywhere(arguments, lines, x, axes, evaluate=evaluate)


def test_every_axis():
    window = "window_dimensions = array<i64: 1, 2, 3, 3>, window_strides = array<i64: 1, 2, 3, 2>, "
    padding = "padding = dense<[[0, 0], [0, 0], [0, 0], [0, 0]]> : tensor<4x2xi64>"
    tiled = parallel("x0", "s0", "x1", "r2", "s2")
    check((5, 10, 9, 7), (5, 5, 3, 3), window + padding, tiled | because(OVERLAP, "r3", "s3"))
    padded = "padding = dense<[[0, 0], [0, 0], [1, 2], [0, 1]]> : tensor<4x2xi64>"
    check((5, 10, 9, 7), (5, 5, 4, 3), window + padded, parallel("r1") | because(OVERLAP, "r2", "r3"))
    apart = "window_dimensions = array<i64: 2, 1>, window_strides = array<i64: 3, 1>"
    check((12, 3), (4, 3), apart, parallel("r0", "x1"))
    check((11, 3), (4, 3), apart, because(OVERLAP, "r0") | parallel("x1"))


def test_the_gradient_of_a_maximum_pool():
    def pooled(x):
        return (lax.reduce_window(x, -np.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") ** 2).sum()

    x = np.random.default_rng(0).permutation(3 * 6 * 4 * 5).reshape(3, 6, 4, 5).astype(np.float32)
    module = canonical(jax.grad(pooled), x)
    expected = evaluate(module, x)
    found = [place for place in places(module) if value_at(module, place).owner.name == "stablehlo.select_and_scatter"]
    assert [place.axis for place in found] == [0, 1, 2, 3]
    for place in found:
        splits, (loop,) = split(module, (place, 2))
        assert loop.kind == "parallel"
        assert_agree(evaluate(splits, x), expected, is_exact=True)
