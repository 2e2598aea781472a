"""Kept and dropped reduced dimensions: one form, the same bits."""

import jax
import jax.numpy as jnp

from tests.helpers import assert_same_bits, evaluate, op_names, random_array, record
from xla_passes.canonicalise import canonicalise_passes
from xla_passes.module import clone


def canonical(module):
    module = clone(module)
    for each in canonicalise_passes():
        each.run(module)
        module.operation.verify()
    return module


def kept(x):
    largest = jax.lax.stop_gradient(x.max(1, keepdims=True))
    return jnp.log(jnp.exp(x - largest).sum(1, keepdims=True)) + largest - x


def dropped(x):
    largest = jax.lax.stop_gradient(x.max(1))
    return (jnp.log(jnp.exp(x - largest[:, None]).sum(1)) + largest)[:, None] - x


def test_one_form():
    x = random_array((3, 5))
    modules = [record(each, x) for each in (kept, dropped)]
    short = [canonical(module) for module in modules]
    assert op_names(short[0]) == op_names(short[1])
    for one, other in zip(short, modules, strict=True):
        assert_same_bits(evaluate(one, x), evaluate(other, x))


def test_several_shapes():
    def fn(x, y):
        a, b = x.mean(0, keepdims=True), y.mean(1, keepdims=True)
        return a * b + 1, jnp.where(a > 0, a, 2.0) + y.sum(0, keepdims=True), (x.sum((0, 1), keepdims=True) / 3)

    x, y = random_array((4, 5)), random_array((4, 5), seed=1)
    module = record(fn, x, y)
    assert_same_bits(evaluate(canonical(module), x, y), evaluate(module, x, y))
