"""dynamic_slice and dynamic_update_slice along dimensions that are not taken or updated whole, wherever they start."""

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.helpers import evaluate, random_array, run
from tests.xla_passes.split.programs import special
from tests.xla_passes.split.rules.forcing import check_pieces
from tests.xla_passes.split.splitting import assert_agree, canonical
from xla_passes.module import context, main_block
from xla_passes.split.rules.indexing import move_inside
from xla_passes.split.rules.trips import stacks_of

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


@pytest.mark.parametrize("then", [lambda y: y, jnp.transpose, lambda y: y[None]], ids=["slice", "transpose", "reshape"])
@pytest.mark.parametrize("dtype", INTEGERS)
def test_slices_of_slices_start_inside(then, dtype):
    """XLA makes one slice of both, with starts that it does not move inside as the two do: they are there already."""
    x, starts = random_array((11, 5)), np.array(starts_of(dtype), dtype)

    def function(x, starts):
        slices = [then(lax.dynamic_slice(x, (start, start), (7, 4))) for start in starts]
        return [lax.dynamic_slice(each, (start,) * each.ndim, (1,) * each.ndim) for each in slices for start in starts]

    module = canonical(function, x, starts, x64=True)
    expected = evaluate(module, x, starts)
    with context():
        for view in list(main_block(module).operations):
            move_inside(view.operation)
    assert_agree(run(module, x, starts), expected, is_exact=True)


def test_trips_that_slice_inside_still_split():
    """A row of each trip, of which it is said that it is one."""
    x = random_array((7, 3))
    module = canonical(lambda x: lax.scan(lambda carry, row: (carry + row, carry * row), jnp.zeros(3), x), x)
    (loop,) = (view.operation for view in main_block(module).operations if view.operation.name == "stablehlo.while")
    before = [(stacks.dims, len(stacks.accesses)) for stacks in stacks_of(loop)]
    with context():
        for view in list(loop.regions[1].blocks[0].operations):
            move_inside(view.operation)
    assert "stablehlo.clamp" in str(loop)
    assert before == [(stacks.dims, len(stacks.accesses)) for stacks in stacks_of(loop)] != []


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
