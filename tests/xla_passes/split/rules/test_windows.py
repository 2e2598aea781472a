"""reduce_window along the dimensions that its windows move in, cumulative ones carried along; and the reducers that both kinds share."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.helpers import compile_module, evaluate, random_array, run
from tests.xla_passes.split.programs import special
from tests.xla_passes.split.rules.forcing import PIECES, check_pieces, split_all
from tests.xla_passes.split.splitting import Place, assert_agree, canonical, places, split

WINDOW = "stablehlo.reduce_window"
# For (11, 6): window, strides, padding, then base and window dilation where there is some.
WINDOWS = {
    "of neighbours": ((3, 1), (1, 1), "SAME"),
    "without overlap": ((2, 2), (2, 2), "VALID"),
    "with gaps": ((1, 2), (3, 3), [(0, 0), (0, 0)]),
    "with padding that no window leaves": ((3, 2), (2, 3), [(6, 7), (1, 0)]),
    "that crop": ((3, 1), (2, 1), [(-2, 1), (1, -1)]),
    "that are dilated": ((3, 2), (1, 1), [(1, 1), (0, 0)], None, (2, 3)),
    "of a dilated operand": ((3, 2), (1, 2), [(1, 2), (0, 1)], (2, 3)),
    "of everything": ((2, 3), (3, 1), [(5, 20), (-4, 4)], (3, 2), (2, 2)),
    "up to each place, of neighbours": ((11, 3), (1, 1), [(10, 0), (1, 1)]),
    "up to each place both ways": ((11, 6), (1, 1), [(10, 0), (5, 0)]),
    "of almost all": ((10, 6), (1, 1), [(9, 0), (0, 5)]),
}


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", WINDOWS)
def test_windows(name, axis):
    x = random_array((11, 6), np.int32)

    def function(x):
        y = jnp.negative(x)
        made = [
            lax.reduce_window(y, start, op, *WINDOWS[name]) for start, op in ((0, lax.add), (1, lax.mul), (5, lax.min), (0, lax.bitwise_or))
        ]
        return [jnp.negative(each) for each in made]

    check_pieces(function, x, op=WINDOW, axis=axis, kind="sequential" if "up to" in name and (axis == 0 or "both" in name) else "parallel")


CUMULATIVE = {"sum": lax.cumsum, "product": lax.cumprod, "maximum": lax.cummax, "minimum": lax.cummin}


@pytest.mark.parametrize("name", CUMULATIVE)
def test_cumulative_windows(name):
    """A chain of two in one loop."""
    x = random_array((23, 2), np.int32)
    check_pieces(lambda x: -CUMULATIVE[name](-CUMULATIVE[name](-x, 0), 0), x, op=WINDOW, kind="sequential")


@pytest.mark.parametrize("name", CUMULATIVE)
def test_cumulative_windows_from_each_place_on(name):
    x = random_array((23, 2), np.int32)
    check_pieces(lambda x: -CUMULATIVE[name](-x, 0, reverse=True), x, op=WINDOW, kind="sequential")


def test_cumulative_windows_of_special_numbers():
    x = special(23, 4)
    check_pieces(lambda x: (jnp.negative(lax.cummax(-x, 0)), jnp.negative(lax.cummin(-x, 0))), x, op=WINDOW, kind="sequential", run=run)


def test_reducers_of_several_operations():
    """log-sum-exp in place of a sum; then pairs of a maximum and where it is."""
    x, places = random_array((13, 3)), np.broadcast_to(np.arange(13, dtype=np.int32)[:, None], (13, 3))
    check_pieces(lambda x: lax.cumlogsumexp(jnp.negative(x), 0), x, op=WINDOW, kind="sequential", is_exact=False)

    def larger(left, right):
        is_left = (left[0] > right[0]) | ((left[0] == right[0]) & (left[1] < right[1]))
        return tuple(jnp.where(is_left, *pair) for pair in zip(left, right, strict=True))

    def function(x, places):
        pair = jnp.round(jnp.negative(x)), jnp.negative(places)
        starts = np.float32(-np.inf), np.int32(99)
        return (
            *lax.reduce_window(pair, starts, larger, (13, 1), (1, 1), [(12, 0), (0, 0)]),
            *lax.reduce_window(pair, starts, larger, (3, 1), (1, 1), "SAME"),
        )

    check_pieces(function, x, places, op=WINDOW, pieces=(3,))


def test_a_reducer_for_which_the_order_matters():
    """The last number that is not zero: associative, but not commutative."""
    x = random_array((23, 2), np.int32) // 5

    def last(left, right):
        return jnp.where(right != 0, right, left)

    def function(x):
        y = jnp.negative(x)
        return [-lax.reduce_window(y, np.int32(0), last, (23, 1), (1, 1), [edges, (0, 0)]) for edges in ((22, 0), (0, 22))]

    check_pieces(function, x, op=WINDOW, kind="sequential")


def test_an_initial_value_of_ones_own_is_taken_in_once():
    """By XLA, which leaves out what is beyond the ends; the specification has it there as often as elements are missing."""
    x = random_array((13, 2), np.int32)

    def function(x):
        y = jnp.negative(x)
        return [
            jnp.negative(lax.reduce_window(y, start, op, window, (1, 1), padding))
            for start, op in ((7, lax.add), (3, lax.mul))
            for window, padding in (((13, 1), [(12, 0), (0, 0)]), ((3, 1), "SAME"))
        ]

    check_pieces(function, x, op=WINDOW, pieces=(3,), run=run)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_cumulative_sums_of_short_floats_do_not_lose_digits_with_every_piece(dtype):
    """512 pieces of 8 terms: added up in the short type, the last digits would be lost 512 times."""
    dtype = jnp.dtype(dtype)
    x = np.random.default_rng(0).uniform(0.01, 0.02, 4096).astype(dtype)
    module = canonical(lambda x: (lax.cumsum(-x), lax.reduce(-x, np.zeros((), dtype), lax.add, (0,))), x)
    splits, loops = split_all(module, WINDOW, 0, 512)
    assert loops[0].pieces == 512
    exact = -np.cumsum(x.astype(np.float64))
    sums, total = run(splits, x)
    np.testing.assert_allclose(sums.astype(np.float64), exact, rtol=4 * float(jnp.finfo(dtype).eps))
    np.testing.assert_allclose(float(total), exact[-1], rtol=float(jnp.finfo(dtype).eps))


def test_a_loop_goes_one_way():
    """Backwards, what depends on the order of pieces stays out: ties of a top-k, the first number that is not zero, sums the other way."""
    x = random_array((23, 3), np.int32) // 4

    def function(x):
        sums = lax.cumsum(jnp.negative(x), 0, reverse=True)
        first = lax.reduce(sums % 2, np.int32(0), lambda left, right: jnp.where(left != 0, left, right), (0,))
        return sums.max(0), sums.argmax(0), first, *lax.top_k((sums % 3).T, 4), jnp.negative(lax.cumsum(sums, 0))

    module = canonical(function, x)
    for pieces in PIECES:
        splits, (loop,) = split(module, (Place(next(place.op for place in places(module)), 0, 0), pieces))
        assert "sequential" in loop.kind
        assert_agree(evaluate(splits, x), evaluate(module, x), is_exact=True)


def test_a_reducer_that_branches():
    """It cannot be applied to whole tensors: what it reduces is blocked, its windows are computed as they are."""
    x = random_array((13, 2), np.int32)

    def larger(left, right):
        return lax.cond(left > right, lambda: left, lambda: right)

    module = canonical(lambda x: lax.reduce(jnp.negative(x), np.int32(-99), larger, (0,)), x)
    with pytest.raises(ValueError, match="reduce: the reducer is not made of elementwise operations"):
        split_all(module, "stablehlo.negate", 0, 3)

    def function(x):
        return -lax.reduce_window(jnp.negative(x), np.int32(-99), larger, (13, 1), (1, 1), [(12, 0), (0, 0)])

    check_pieces(function, x, op=WINDOW, kind="parallel")


def test_sums_keep_the_sign_of_zero():
    """Starting from minus zero, as a sum of nothing but minus zeros is minus zero."""
    x = np.full((7, 3), 0.0, np.float32)

    def function(x):
        y = jnp.negative(x)
        whole = lax.reduce(y, np.float32(-0.0), lax.add, (0,))
        return whole, -lax.reduce_window(y, np.float32(-0.0), lax.add, (7, 1), (1, 1), [(6, 0), (0, 0)])

    check_pieces(function, x, op=WINDOW, kind="sequential")
    check_pieces(function, x, op="stablehlo.negate")


def test_gradients_of_windows():
    x, weights = random_array((23, 6)), random_array((23, 6), seed=1)

    def pooled(x, weights):
        windows = lax.reduce_window(jnp.sin(x), 0.0, lax.add, (2, 2), (2, 1), "SAME", (1, 1), (2, 1))
        return (windows**2).sum() + (lax.cumsum(jnp.sin(x), 0) * weights).sum()

    check_pieces(jax.grad(pooled), x, weights, op=WINDOW, is_exact=False)


def test_associative_scans_are_slices_and_pads():
    x = random_array((13, 2), np.int32)
    check_pieces(lambda x: jnp.negative(lax.associative_scan(jnp.add, jnp.abs(x))), x, op="stablehlo.negate", pieces=(3,))


def test_pieces_are_all_that_a_loop_holds():
    """By the compiler's report, over 2,000 rows of 4 kB: a few pieces, where windows meet and where a carry goes along."""

    def function(x):
        y = jnp.exp(x)
        near = lax.reduce_window(y, -np.inf, lax.max, (5, 1), (1, 1), "SAME")
        return near.sum(1), lax.cumsum(y, 0).sum(1)

    splits, loops = split_all(canonical(function, np.zeros((2000, 1000), np.float32)), WINDOW, 0, 100)
    assert [loop.piece_length for loop in loops] == [20] * len(loops)
    assert compile_module(splits).memory_analysis().temp_size_in_bytes < 6 * 4000 * 20
