"""dynamic_slice and dynamic_update_slice along dimensions that are not taken or updated whole, wherever they start."""

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.helpers import evaluate, random_array, run
from tests.xla_passes.split.programs import special
from tests.xla_passes.split.rules.forcing import check_pieces

TAKE, UPDATE = "stablehlo.dynamic_slice", "stablehlo.dynamic_update_slice"
INTEGERS = ("int8", "int32", "int64", "uint8", "uint32", "uint64")


def matched(module, *arguments):
    """What XLA computes of a split module; of another, which it may compile wrongly itself, what the reference interpreter does."""
    is_split = "stablehlo.while" in str(module)
    return run(module, *arguments) if is_split else evaluate(module, *arguments)


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


def test_points_of_slices_that_start_beyond_the_end():
    """XLA makes one slice of the slice and of the gather of one place in each piece, with starts that it does not move inside."""
    x, points = random_array((3, 5)), np.array([[2, 0], [2, 1], [0, 1]], np.int32)

    def function(x, points, starts):
        return [lax.dynamic_slice(x, (0, start), (3, 2))[points[:, 0], points[:, 1]] for start in starts]

    starts = np.array([-7, 0, 2, 4, 9], np.int32)
    check_pieces(function, x, points, starts, op="stablehlo.gather", pieces=(3,), run=matched)


@pytest.mark.parametrize("then", [lambda y: y, jnp.transpose, lambda y: y[None]], ids=["slice", "transpose", "reshape"])
def test_rests_of_slices_that_start_beyond_the_end(then):
    """What does not divide is a slice of the slice, behind the loop."""
    x, starts = random_array((11, 3)), np.array([-7, 0, 5, 100], np.int32)

    def function(x, starts):
        slices = [then(lax.dynamic_slice(x, (start, start), (7, 2))) for start in starts]
        return [jnp.sum(each * each, axis=tuple(range(each.ndim))[-2:]) for each in slices]

    check_pieces(function, x, starts, op="stablehlo.dynamic_slice", axis=0, kind="reduction", pieces=(2, 3), run=matched, is_exact=False)


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
