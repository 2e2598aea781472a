"""while, if and case: which dimensions go through their bodies, that the pieces give what the whole gives, and why others do not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.helpers import random_array, run
from tests.xla_passes.split.splitting import assert_agree, canonical, places, split, value_at

CONTROL = ("stablehlo.while", "stablehlo.if", "stablehlo.case")


def outcomes(function, *arguments, ops=CONTROL):
    """For each axis of what control flow (or another operation) makes: the kind of the loop over it, or why there is none.

    The results of every loop are compared.
    """
    module = canonical(function, *arguments)
    whole = run(module, *arguments)
    found = {}
    for place in places(module):
        if value_at(module, place).owner.name not in ops or place.path:
            continue
        for pieces in (2, 3):
            try:
                splits, loops = split(module, (place, pieces))
            except ValueError as refused:
                found[place.op, place.result, place.axis] = str(refused).partition("cannot be split: ")[2]
                break
            assert_agree(run(splits, *arguments), whole, is_exact=False)
            found[place.op, place.result, place.axis] = loops[0].kind
    return list(found.values())


def scan_rows(x, w):
    """Carries and stacks along the batch; the stacks along time, too."""

    def step(carry, row):
        carry = jnp.tanh(carry * w + row)
        return carry, carry * 2

    return lax.scan(step, x[0], x)


def test_scans_split_along_the_batch_and_along_their_trips():
    assert outcomes(scan_rows, random_array((4, 7)), random_array((7,))) == ["parallel", "parallel+sequential", "parallel"]


@pytest.mark.parametrize("trips", [2, 3, 7])
def test_reversed_scans_split_along_their_trips_from_the_last_row(trips):
    def reversed_rows(x, w):
        def step(carry, row):
            carry = jnp.tanh(carry * w + row)
            return carry, carry * 2

        return lax.scan(step, jnp.ones(7), jnp.sin(x), reverse=True)

    found = outcomes(reversed_rows, random_array((trips, 7)), random_array((7,)))
    assert found == ["parallel", "parallel+sequential", "parallel"]


def test_reversed_scans_feed_one_another_but_not_a_scan_that_goes_forwards():
    def both(x, is_same):
        _, rows = lax.scan(lambda c, row: (c * 0.5 + row, c), jnp.zeros(3), x, reverse=True)
        return lax.scan(lambda c, row: (jnp.maximum(c, row) * 0.9, None), jnp.zeros(3), rows, reverse=is_same)[0]

    refused = "stablehlo.while: it is read against the order in which it is made, and checkpoints would take no less memory"
    x = random_array((7, 3))
    assert outcomes(lambda x: both(x, True), x) == ["parallel", "sequential", "parallel", "parallel"]
    assert outcomes(lambda x: both(x, False), x) == ["parallel", refused, "parallel", "parallel"]


def test_rows_from_both_ends_may_be_cut_from_either():
    """A palindrome: row `i` and the one as far from the end, of two arrays and of one."""

    def palindromes(x, y):
        def step(i, carry):
            total, ahead, behind = carry
            seen = lax.dynamic_index_in_dim(x, i, keepdims=False) * lax.dynamic_index_in_dim(y, 6 - i, keepdims=False)
            ahead = lax.dynamic_update_index_in_dim(ahead, seen, i, 0)
            return total + seen, ahead, lax.dynamic_update_index_in_dim(behind, seen * 2, 6 - i, 0)

        total, ahead, behind = lax.fori_loop(0, 7, step, (jnp.zeros(3), jnp.zeros((7, 3)), jnp.zeros((7, 3))))
        return total, ahead.max(0), behind.min(0)

    assert outcomes(palindromes, random_array((7, 3)), random_array((7, 3), seed=1)).count("reduction+sequential") == 2


def recurrent_loss(w, x):
    def step(hidden, row):
        return jnp.tanh(hidden @ w + row), None

    hidden, _ = lax.scan(step, jnp.zeros((x.shape[1], w.shape[0])), x)
    return (hidden**2).sum()


def test_the_gradient_of_a_scan_splits_along_the_batch_with_its_sums_handed_on():
    found = outcomes(jax.grad(recurrent_loss), random_array((5, 5)), random_array((4, 7, 5)))
    assert found.count("sequential") == 8
    assert "stablehlo.while: every piece of what it carries depends on all of it" in found


def test_a_map_that_is_reduced_keeps_a_few_rows_at_a_time():
    def nearest(queries, points):
        return lax.map(lambda query: jnp.abs(query - points).sum(1), queries).min(0)

    assert "reduction+sequential" in outcomes(nearest, random_array((7, 3)), random_array((9, 3)))


def test_trips_hand_on_what_else_the_loop_carries():
    def running(x):
        def step(carry, row):
            total, count = carry
            return (total * 0.5 + row, count + 1), (total * 2, count * row)

        (total, count), (before, scaled) = lax.scan(step, (jnp.zeros(3), 0), jnp.exp(x))
        return total, count, before.max(0), scaled

    assert outcomes(running, random_array((7, 3))).count("parallel+reduction+sequential") == 2


@pytest.mark.parametrize("shape", [(7, 9), (10, 4)])
def test_random_bits_are_the_same(shape):
    """JAX's generator is a loop over the rounds of a hash, which all numbers go through by themselves."""

    def noise(key):
        return jax.random.bits(jax.random.wrap_key_data(key), shape)

    key = np.array([1, 2], np.uint32)
    module = canonical(noise, key)
    whole = run(module, key)
    splits = 0
    for place in places(module):
        if value_at(module, place).owner.name == "stablehlo.while" and place.result in (2, 3):
            assert_agree(run(split(module, (place, 3))[0], key), whole, is_exact=True)
            splits += 1
    assert splits == 4


def test_running_maxima_are_handed_on():
    def largest(x):
        rows = jnp.exp(x)
        return lax.fori_loop(0, 3, lambda i, best: jnp.maximum(best, (rows * i).max(0)), jnp.zeros(x.shape[1]))

    assert outcomes(largest, random_array((7, 3)), ops=["stablehlo.exponential"]) == ["sequential", "parallel"]


def test_nested_loops_split():
    def nested(x):
        return lax.fori_loop(0, 2, lambda i, y: lax.fori_loop(0, 3, lambda j, z: z * 0.5 + (i + j).astype(np.float32), y) + y, x)

    assert set(outcomes(nested, random_array((7, 5)))) == {"parallel"}


def halved(value):
    return lax.while_loop(lambda state: state[0].sum() > 1, lambda state: (state[0] * 0.5, state[1] + 1), (value, 0))


@pytest.mark.parametrize("shape", [(7,), (7, 3)])
def test_a_loop_that_waits_for_the_slowest_element_stops_earlier_for_a_piece(shape):
    x = np.abs(random_array(shape)) * 20
    found = outcomes(jax.vmap(halved), x)
    assert found.count("parallel") == 2


def test_branches_split_and_may_capture():
    def branches(which, x, y):
        return lax.cond(which[0] > 0, lambda: (x * 2 + y[None], x.sum(1)), lambda: (x - 1, x.max(1)))

    x, y = random_array((7, 5)), random_array((5,))
    for which in (0, 1):
        found = outcomes(branches, np.array([which], np.int32), x, y)
        assert found == ["parallel", "stablehlo.case: it needs a captured value both in pieces and whole", "parallel"]


def test_every_branch_of_a_switch_is_sliced():
    def switch(which, x):
        branches = [lambda v: v + 1, lambda v: (v.T * jnp.arange(v.shape[0])).T, lambda v: -v]
        return lax.switch(which[0], branches, x)

    for which in range(3):
        assert outcomes(switch, np.array([which], np.int32), random_array((7, 5))) == ["parallel", "parallel"]


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: lax.while_loop(lambda v: v.sum() > 1, lambda v: v * 0.5, x), "the condition of the loop depends on all of it"),
        (lambda x: lax.fori_loop(0, 3, lambda _, v: v + jnp.roll(v, 1, 0), x), "a piece of what it carries depends on another piece"),
        (lambda x: lax.fori_loop(0, 3, lambda _, v: v / v.sum(), x), "every piece of what it carries depends on all of it"),
        (lambda x: lax.fori_loop(0, 3, lambda _, v: jnp.sort(v * 0.5), x), "inside of it, stablehlo.sort: the dimension that is sorted"),
        (lambda x: lax.fori_loop(0, 3, lambda i, v: v.at[2 * i].add(1.0), x), "inside of it, every trip writes to a part of it"),
    ],
    ids=["condition", "stencil", "normalised", "sorted", "written"],
)
def test_the_reason_is_told(function, reason):
    found = outcomes(function, np.abs(random_array((9,))))
    assert found == [f"stablehlo.while: {reason}"]
