"""The same program, written for torch and for JAX, ends in the same plan, whichever recorder sees it; and computes what torch computes."""

import functools

import jax.numpy as jnp
import numpy as np
import pytest

import memarray

torch = pytest.importorskip("torch")

from tests.memarray.torch.twins import TWINS


def loops(plan):
    return [(loop.axis, loop.kind, loop.pieces) for loop in plan.loops]


@functools.cache
def plan_of_jax(name):
    twins = TWINS[name]
    return memarray.wrap(twins.in_jax, memory_limit=twins.limit).plan(*map(jnp.asarray, twins.arguments()))


@pytest.mark.parametrize("name", TWINS)
def test_same_plan(name, recorder):
    twins = TWINS[name]
    expected = plan_of_jax(name)
    tensors = [torch.from_numpy(each) for each in twins.arguments()]
    wrapped = memarray.wrap(twins.in_torch, memory_limit=twins.limit, recorder=recorder)
    plan = wrapped.plan(*tensors)
    assert loops(plan) == loops(expected) != []
    assert plan.peak_bytes == pytest.approx(expected.peak_bytes, rel=0.05)
    code = twins.in_torch.__code__
    lines = {f"{code.co_filename}:{line}" for _, _, line in code.co_lines() if line} | _inner_lines(code)
    assert {loop.source_line for loop in plan.loops} <= lines
    same_values(wrapped(*tensors), twins.in_torch(*tensors))


def _inner_lines(code):
    inner = [constant for constant in code.co_consts if hasattr(constant, "co_lines")]
    return {f"{each.co_filename}:{line}" for each in inner for _, _, line in each.co_lines() if line}


def same_values(actual, expected):
    assert type(actual) is type(expected)
    pairs = [(actual, expected)] if isinstance(actual, torch.Tensor) else zip(actual, expected, strict=True)
    for one, other in pairs:
        assert one.dtype == other.dtype
        if one.dtype.is_floating_point:
            scale = other.abs().max().item()
            np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-3, atol=2e-5 * scale)
        else:  # places: of neighbours that are as near, either may be named
            assert (one == other).float().mean() > 0.99
