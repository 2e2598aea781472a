"""Running a scan again from checkpoints for the loop that goes back through its stacks: equal to the bit, and where it does not apply."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax
from jaxlib.mlir import ir

from tests.helpers import assert_same_bits, evaluate, random_array, run
from tests.xla_passes.split.splitting import assert_agree, canonical
from xla_passes.analysis.graph import snapshot
from xla_passes.analysis.liveness import graph_liveness
from xla_passes.module import clone, main_block
from xla_passes.pipeline import build_loops
from xla_passes.split.checkpointing import NAME, all_checkpointings, checkpoint
from xla_passes.split.planner import Planner


def checkpointed(module: ir.Module, length: int) -> list[ir.Module]:
    """A copy for each way in which stretches of so many trips can be run again; there is one."""
    made = []
    for at in range(len(all_checkpointings(main_block(module), length))):
        copy = clone(module)
        rewrite, _ = checkpoint(all_checkpointings(main_block(copy), length)[at])
        assert rewrite.name == NAME
        copy.operation.verify()
        made.append(copy)
    assert made
    return made


def temporaries(module: ir.Module) -> int:
    """The estimate of its temporaries."""
    return graph_liveness(snapshot(main_block(module))).peak_bytes


def assert_same(function, *arguments, lengths=(1, 2, 3, 5, 100), x64=False):
    """To the bit as the reference interpreter has it, whatever the stretches' length, and nearly so when compiled."""
    module = canonical(function, *arguments, x64=x64)
    expected = evaluate(module, *arguments)
    for length in lengths:
        for made in checkpointed(module, length):
            assert_same_bits(evaluate(made, *arguments), expected)
    assert_agree(run(made, *arguments), run(module, *arguments), is_exact=False)
    return module


def last(step, start, xs):
    """What a scan ends at, and nothing else."""
    return lax.scan(lambda carry, x: (step(carry, x), None), start, xs)[0]


def recurrent(w, u, xs):
    return jax.grad(lambda w, u: (last(lambda h, x: jnp.tanh(x @ w + h @ u), jnp.zeros(u.shape[0]), xs) ** 2).sum(), (0, 1))(w, u)


@pytest.mark.parametrize("trips", [2, 3, 7, 12, 13])
def test_the_gradient_of_a_recurrent_network(trips):
    assert_same(recurrent, random_array((3, 4)), random_array((4, 4)), random_array((trips, 3)))


def test_one_trip_has_nothing_to_restart():
    module = canonical(recurrent, random_array((3, 4)), random_array((4, 4)), random_array((1, 3)))
    assert all_checkpointings(main_block(module), 1) == []


def leapfrog(theta, q, p):
    def energy(theta):
        def step(state, _):
            q, p = state
            p = p - 0.05 * jnp.sin(q) * theta
            q = q + 0.1 * p
            return q, p - 0.05 * jnp.sin(q) * theta

        q_end, p_end = last(step, (q, p), jnp.arange(11))
        return (q_end**2 + p_end**2).sum()

    return jax.value_and_grad(energy)(theta)


def test_several_carries_and_the_gradient_of_a_parameter():
    assert_same(leapfrog, np.float32(1.3), random_array((5,)), random_array((5,), seed=1))


def test_a_fori_loop_counts_what_its_body_sees():
    def gradient(theta, q):
        return jax.grad(lambda theta: lax.fori_loop(0, 11, lambda i, q: q * jnp.cos(q * theta) + i * theta, q).sum())(theta)

    assert_same(gradient, np.float32(0.7), random_array((5,)))


def test_the_inputs_gradients_are_written_from_the_end():
    def gradient(xs, c):
        return jax.grad(lambda xs: (last(lambda h, x: jnp.sin(h * x), c, xs) ** 2).sum())(jnp.cos(xs))

    assert_same(gradient, random_array((11, 3)), random_array((3,)))


def test_stacks_that_come_from_slices_of_the_inputs():
    def gradient(c, xs):
        return jax.grad(lambda c: last(lambda h, x: h * jnp.exp(x), c, jnp.sin(xs)).sum())(c)

    assert_same(gradient, random_array((3,)), random_array((11, 3)))


def with_outputs(w, xs):
    def loss(w):
        _, rows = lax.scan(lambda h, x: (jnp.tanh(h * w + x),) * 2, jnp.zeros(3), xs)
        return (rows**2).sum(), rows

    return jax.grad(loss, has_aux=True)(w)


def test_a_stack_that_the_program_returns():
    assert_same(with_outputs, random_array((3,)), random_array((11, 3)))


def test_a_stack_that_is_needed_whole_stays():
    """The gradient is scaled by the norm of all rows, which is known only once the forward scan is through."""

    def gradient(w, xs):
        def loss(w):
            return jnp.linalg.norm(lax.scan(lambda h, x: (jnp.tanh(h * w + x),) * 2, jnp.zeros(3), xs)[1])

        return jax.grad(loss)(w)

    arguments = random_array((3,)), random_array((11, 3))
    module = assert_same(gradient, *arguments)
    text = str(checkpointed(module, 3)[0])
    assert "tensor<5x3xf32>" in text  # four stretches, and what no stretch begins with
    assert text.count("tensor<11x3xf32>") < str(module).count("tensor<11x3xf32>")


def test_operations_between_the_two_loops_are_computed_for_each_stretch():
    def gradient(w, v, xs):
        def loss(w):
            _, rows = lax.scan(lambda h, x: (jnp.tanh(h @ w + x),) * 2, jnp.zeros(3), xs)
            return jax.nn.logsumexp(jnp.sin(rows) @ v, axis=1).sum()

        return jax.grad(loss)(w)

    module = assert_same(gradient, random_array((3, 3)), random_array((3, 4)), random_array((11, 3)))
    assert "tensor<11x4xf32>" not in str(checkpointed(module, 3)[0])


def test_layers_of_scans_restart_together():
    def gradient(w, u, xs):
        def loss(w, u):
            _, rows = lax.scan(lambda h, x: (jnp.tanh(h @ w + x),) * 2, jnp.zeros(3), xs)
            _, rows = lax.scan(lambda h, x: (jnp.tanh(h @ u + x),) * 2, jnp.zeros(3), rows)
            return (rows**2).sum()

        return jax.grad(loss, (0, 1))(w, u)

    module = assert_same(gradient, random_array((3, 3)), random_array((3, 3)), random_array((11, 3)))
    assert str(checkpointed(module, 3)[0]).count("-> tensor<5x3xf32>") >= 2


def test_a_reversed_scan_restarts_for_a_gradient_that_goes_forwards():
    def gradient(w, xs):
        return jax.grad(lambda w: (lax.scan(lambda h, x: (jnp.tanh(h * w + x), None), jnp.zeros(3), xs, reverse=True)[0] ** 2).sum())(w)

    assert_same(gradient, random_array((3,)), random_array((11, 3)))


def test_nested_scans():
    def gradient(w, xs):
        def step(h, x):
            return last(lambda h, _: jnp.sin(h @ w), jnp.tanh(h + x), jnp.arange(3))

        return jax.grad(lambda h: last(step, h, xs).sum())(xs[0])

    assert_same(gradient, random_array((3, 3)), random_array((7, 3)))


def unrolled(unroll):
    def gradient(w, xs):
        return jax.grad(lambda w: lax.scan(lambda h, x: (jnp.tanh(h * w + x), None), xs[0], xs, unroll=unroll)[0].sum())(w)

    return gradient


@pytest.mark.parametrize("unroll", [2, 4, 5])
def test_unrolled_scans(unroll):
    assert_same(unrolled(unroll), random_array((3,)), random_array((5 * unroll, 3)))


def test_an_unrolled_scan_that_leaves_trips_over_pairs_other_rows_on_the_way_back():
    """JAX goes through rows (0, 1) ... (10, 11), 12 and back through 12, (11, 10) ... as one stack of which the last row is taken off."""
    module = canonical(unrolled(2), random_array((3,)), random_array((13, 3)))
    assert all_checkpointings(main_block(module), 3) == []


def test_a_checkpointed_body_keeps_what_is_carried():
    def gradient(w, xs):
        return jax.grad(lambda w: last(jax.checkpoint(lambda h, x: jnp.tanh(jnp.sin(h * w) + x)), xs[0], xs).sum())(w)

    assert_same(gradient, random_array((3,)), random_array((11, 3)))


def test_what_the_rows_do_not_depend_on_is_not_kept():
    def gradient(w, xs):
        def loss(w):
            def step(carry, x):
                h, histogram = carry
                return jnp.tanh(h * w + x), histogram.at[jnp.argmax(x)].add(1.0)

            h, histogram = last(step, (jnp.zeros(3), jnp.zeros(50)), xs)
            return h.sum(), histogram

        return jax.grad(loss, has_aux=True)(w)

    module = assert_same(gradient, random_array((3,)), random_array((11, 3)))
    assert "x50xf32" not in str(checkpointed(module, 3)[0])


@pytest.mark.parametrize("dtype", [np.int32, np.int8, np.uint16, np.int64, np.float64, np.float16, bool])
def test_element_types(dtype):
    """Two scans by hand, since there are no gradients of integers."""

    def there_and_back(c, xs):
        end, rows = lax.scan(lambda h, x: (x ^ h if dtype is bool else h * x + x,) * 2, c, xs)
        return end, lax.scan(lambda g, row: (row ^ ~g if dtype is bool else g * 3 + row,) * 2, c, rows, reverse=True)

    assert_same(there_and_back, random_array((3,), dtype), random_array((11, 3), dtype), x64=True)


@st.composite
def scans(draw):
    """A scan with carries and stacks of several shapes, one that goes back through them, and something in between."""
    trips, length = draw(st.integers(2, 17)), draw(st.integers(1, 18))
    shapes = draw(st.lists(st.sampled_from([(), (1,), (3,), (2, 3)]), min_size=1, max_size=3))
    stacked = draw(st.lists(st.integers(0, len(shapes) - 1), min_size=1, max_size=3))
    between = draw(st.lists(st.sampled_from(["scale", "add xs", "shift", "transpose"]), max_size=2))
    forwards, returned = draw(st.booleans()), draw(st.booleans())
    return trips, length, shapes, stacked, between, forwards, returned


def in_between(rows, xs, how):
    """An operation on whole stacks."""
    for each in how:
        if each == "scale":
            rows = rows * 3 - 1
        elif each == "add xs":
            rows = rows + xs.reshape(-1, *(1,) * (rows.ndim - 1))
        elif each == "shift":
            rows = jnp.maximum(rows, 2 - rows)
        else:
            rows = rows.reshape(rows.shape[0], -1).T.sum(0)
    return rows


@settings(max_examples=60, deadline=None)
@given(scans())
def test_random_scans(drawn):
    trips, length, shapes, stacked, between, forwards, returned = drawn
    starts = [random_array(shape, np.int32, seed) for seed, shape in enumerate(shapes)]

    def there_and_back(xs, *starts):
        def step(carries, x):
            mixed = tuple(carry * 3 + x + carries[at - 1].sum() for at, carry in enumerate(carries))
            return mixed, tuple(carries[at] - x for at in stacked)

        def back(total, rows):
            return tuple(part * 5 + row.sum() for part, row in zip(total, rows, strict=True)), total[0]

        ends, rows = lax.scan(step, starts, xs, reverse=not forwards)
        seen = tuple(in_between(each, xs, between) for each in rows)
        return ends, lax.scan(back, (xs[0],) * len(stacked), seen, reverse=forwards), rows[:1] if returned else ()

    xs = random_array((trips,), np.int32)
    module = canonical(there_and_back, xs, *starts)
    expected = evaluate(module, xs, *starts)
    for made in checkpointed(module, min(length, trips)):
        assert_same_bits(evaluate(made, xs, *starts), expected)


def planned(function, *arguments, divisor):
    """The module built for a part of its temporaries, and the names of the rewrites."""
    module = canonical(function, *arguments)
    budget = temporaries(module) // divisor
    loops, rewrites = build_loops(module, Planner(budget))
    return module, budget, loops, [each.name for each in rewrites]


@pytest.mark.parametrize(("divisor", "levels"), [(4, 1), (16, 1), (64, 2)])
def test_the_planner_restarts_where_no_loop_helps_and_again_inside(divisor, levels):
    arguments = random_array((3, 4)), random_array((4, 4)), random_array((3001, 3))
    module, budget, loops, rewrites = planned(recurrent, *arguments, divisor=divisor)
    assert set(rewrites) == {NAME}
    assert {loop.depth for loop in loops} == set(range(levels))
    assert temporaries(module) <= budget
    whole = canonical(recurrent, *arguments)
    assert_same_bits(run(module, *arguments), run(whole, *arguments))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: lax.map(lambda row: jnp.tanh(row).sum(), x),
        lambda x: lax.associative_scan(jnp.add, jnp.sin(x)),
        lambda x: lax.scan(lambda h, row: (h + row, h), jnp.zeros(4), x),
        lambda x: jnp.cumsum(jnp.sin(x), 0)[::-1] * 2,
        lambda x: lax.scan(lambda h, row: (h + row, None), jnp.zeros(4), lax.scan(lambda h, row: (h + row,) * 2, jnp.zeros(4), x)[1])[0],
    ],
    ids=["map", "associative scan", "forwards only", "no loop", "one after the other"],
)
def test_where_nothing_goes_back_nothing_restarts(function):
    module = canonical(function, random_array((64, 4)))
    assert all_checkpointings(main_block(module), 8) == []


def test_checkpoints_that_are_as_large_as_the_stacks_are_not_written():
    """Each trip carries a hundred numbers and stacks one."""

    def gradient(c, xs):
        end, rows = lax.scan(lambda h, x: (jnp.roll(h, 1) + x, h[:1] * x), c, xs)
        return end, lax.scan(lambda g, row: (g * 0.5 + row, None), jnp.zeros(1), rows, reverse=True)[0]

    module = canonical(gradient, random_array((100,)), random_array((64,)))
    assert all_checkpointings(main_block(module), 8)
    module = canonical(gradient, random_array((100,)), random_array((64,)))
    planner = Planner(100)
    assert build_loops(module, planner) == ((), ())
    assert any("it is read against the order in which it is made" in note.reason for note in planner.blocked)
