"""dynamic_slice and dynamic_update_slice along dimensions that are not taken or updated whole, wherever they start."""

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.helpers import random_array, run
from tests.xla_passes.split.programs import special
from tests.xla_passes.split.rules.forcing import check_pieces

TAKE, UPDATE = "stablehlo.dynamic_slice", "stablehlo.dynamic_update_slice"
INTEGERS = ("int8", "int32", "int64", "uint8", "uint32", "uint64")


def starts_of(dtype):
    """Inside, at both ends, and beyond them; the reference interpreter takes the upper half of unsigned numbers for negative ones."""
    return [0, 2, 6, 100] + [-3] * (np.dtype(dtype).kind == "i")


@pytest.mark.parametrize("dtype", INTEGERS)
def test_slices_that_start_anywhere(dtype):
    x, starts = random_array((11, 6), np.int32), np.array(starts_of(dtype), dtype)

    def function(x, starts):
        y = jnp.negative(x)
        return [jnp.negative(lax.dynamic_slice(y, (start, other), (5, 4))) for start, other in zip(starts, starts[::-1], strict=True)]

    for axis in (0, 1):
        check_pieces(function, x, starts, op=TAKE, axis=axis, kind="parallel", x64=True)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_updates_that_start_anywhere(dtype):
    x, u, starts = random_array((11, 6), np.int32), random_array((4, 3), np.int32, seed=1), np.array(starts_of(dtype), dtype)

    def function(x, u, starts):
        y, v = jnp.negative(x), jnp.negative(u)
        updated = [lax.dynamic_update_slice(y, v, (start, other)) for start, other in zip(starts, starts[::-1], strict=True)]
        return [jnp.negative(each) for each in updated]

    for axis in (0, 1):
        check_pieces(function, x, u, starts, op=UPDATE, axis=axis, x64=True)


@pytest.mark.parametrize("op", [TAKE, UPDATE])
def test_starts_of_a_type_that_does_not_count_to_the_end(op):
    """A byte cannot start late in 300 elements; 200 of an unsigned one is neither -56 nor the end."""
    x = random_array((300,), np.int32)
    starts = np.array([0, 200, 255], np.uint8)

    def function(x, starts):
        y, u = jnp.negative(x), x[:40]
        if op == TAKE:
            return [jnp.negative(lax.dynamic_slice(y, (start,), (40,))) for start in starts]
        return [jnp.negative(lax.dynamic_update_slice(y, u, (start,))) for start in starts]

    check_pieces(function, x, starts, op=op, pieces=(7,), run=run)


def test_what_is_not_updated_keeps_its_bits():
    """NaN, infinities and zeros of either sign, of the operand and of the update."""
    x, u, start = special(11, 5), special(4, 5, seed=1), np.array(3, np.int32)
    check_pieces(lambda x, u, at: lax.dynamic_update_slice(-x, -u, (at, 0)), x, u, start, op=UPDATE, pieces=(3,), run=run)


def test_updates_of_nothing_and_of_everything():
    x, start = random_array((7, 3)), np.array(2, np.int32)

    def function(x, at):
        y = jnp.negative(x)
        nothing = lax.dynamic_update_slice(y, y[:0], (at, 0))
        return jnp.negative(nothing), jnp.negative(lax.dynamic_update_slice(y, jnp.abs(x), (at, at)))

    check_pieces(function, x, start, op=UPDATE)
