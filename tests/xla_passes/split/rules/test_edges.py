"""pad, concatenate, reverse and slice along their own dimensions: pieces at edges, between them and beyond them."""

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.helpers import compile_module, random_array, run
from tests.xla_passes.split.programs import special
from tests.xla_passes.split.rules.forcing import check_pieces, split_all
from tests.xla_passes.split.splitting import canonical

PAD, CONCATENATE, REVERSE, SLICE = "stablehlo.pad", "stablehlo.concatenate", "stablehlo.reverse", "stablehlo.slice"
# From pieces that are all padding to crops of either end; with what is between elements, sizes that units tile and others.
EDGES = [(0, 3), (2, 0), (1, 2), (20, 9), (-2, 0), (0, -3), (-2, -3), (-4, 5), (6, -1), (-10, 30)]
PADS = [(low, high, interior) for interior in (0, 1, 2) for low, high in EDGES] + [(0, 1, 1), (3, 2, 2), (0, 0, 3), (-1, -1, 1)]


def negated(value):
    """Something on either side of the operation for a loop to take in."""
    return jnp.negative(value)


def test_pads_along_their_own_dimension():
    x = random_array((11, 3))
    pads = [[edges, (0, 0, 0)] for edges in PADS] + [[(2, 1, 1), (1, -2, 1)]]  # once the other dimension is padded as well
    check_pieces(lambda x: [negated(lax.pad(negated(x), np.float32(7), edges)) for edges in pads], x, op=PAD)


def test_pads_of_nothing():
    x = np.zeros((0, 3), np.float32)
    check_pieces(lambda x, y: negated(lax.pad(negated(x), y, [(2, 5, 1), (1, 0, 0)])), x, np.float32(7), op=PAD, pieces=(3, 7))


def test_what_is_padded_to_nothing_splits_along_the_other_dimension():
    def function(x):
        return lax.pad(negated(x), np.float32(7), [(-2, -3, 1), (0, 0, 0)])

    x = random_array((3, 5))
    check_pieces(function, x, op="stablehlo.negate", axis=1)
    with pytest.raises(ValueError, match=f"{PAD}: the operation takes or makes all of it at once"):
        split_all(canonical(function, x), "stablehlo.negate", 0, 3)


@pytest.mark.parametrize("sizes", [(4, 7), (1, 12, 3), (5, 0, 6), (2,) * 64], ids=lambda sizes: f"{len(sizes)} parts")
def test_concatenations_along_their_own_dimension(sizes):
    parts = [random_array((size, 2), seed=size + at) for at, size in enumerate(sizes)]
    check_pieces(lambda *parts: negated(lax.concatenate([negated(part) for part in parts], 0)), *parts, op=CONCATENATE)


def test_a_concatenation_of_a_value_with_itself():
    check_pieces(lambda x: negated(jnp.concatenate([negated(x), jnp.abs(x), negated(x)], 1)), random_array((2, 5)), op=CONCATENATE, axis=1)


@pytest.mark.parametrize("axis", [0, 1])
def test_reversals_along_their_own_dimension(axis):
    x = random_array((7, 5))
    check_pieces(lambda x: (negated(negated(x)[::-1]), negated(jnp.abs(x)[::-1, ::-1])), x, op=REVERSE, axis=axis)


def test_slices_with_a_last_stride_beyond_the_end():
    x = random_array((17, 4))

    def function(x):
        return [negated(negated(x)[start::stride]) for start, stride in ((0, 2), (1, 3), (5, 7), (12, 4), (0, 16))]

    check_pieces(function, x, op=SLICE, pieces=(2, 3))


# Chains: what a piece needs of a value reaches through several windows.


def stencil(x):
    return jnp.pad(x[2:] - 2 * x[1:-1] + x[:-2], ((1, 1), (0, 0)))


CHAINS = {
    "pad of a pad": (PAD, lambda x: jnp.pad(negated(jnp.pad(negated(x), ((2, 9), (0, 0)))), ((9, 1), (1, 0)), constant_values=3)),
    "slice of a concatenation of a pad": (
        SLICE,
        lambda x: negated(jnp.concatenate([negated(jnp.pad(negated(x), ((3, 1), (0, 0)))), x, negated(x)], 0)[2:27:3]),
    ),
    "stencil": (PAD, lambda x: stencil(jnp.floor(x * 8))),
    "stencil of a stencil": (PAD, lambda x: stencil(stencil(jnp.floor(x * 8)))),
    "roll": (CONCATENATE, lambda x: jnp.roll(negated(x), 3, 0) + jnp.roll(x, -2, 0)),
    "differences of what is turned around": (REVERSE, lambda x: jnp.diff(negated(x[::-1]), axis=0)[::-1]),
    "reflection": (CONCATENATE, lambda x: negated(jnp.pad(negated(x), ((4, 6), (0, 0)), mode="reflect"))),
    "repetition": (CONCATENATE, lambda x: negated(jnp.pad(negated(x), ((4, 6), (0, 0)), mode="wrap"))),
}


@pytest.mark.parametrize("name", CHAINS)
def test_chains_of_windows(name):
    op, function = CHAINS[name]
    check_pieces(function, random_array((11, 2)), op=op)


def test_every_bit_is_moved_as_it_is():
    """NaN, infinities and zeros of either sign; through XLA, which the pieces are for."""
    x = special(11, 3)
    for op, function in (CHAINS["pad of a pad"], CHAINS["roll"], CHAINS["differences of what is turned around"]):
        check_pieces(function, x, op=op, pieces=(3,), run=run)


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2fnuz", "float4_e2m1fn", "int4", "uint2", "bool", "complex64"])
def test_every_element_type(dtype):
    """Whatever XLA's CPU backend has: the types that NumPy does not know are made inside of the program."""
    dtype = jnp.dtype(dtype)

    def function(x):
        made = jnp.abs(x).astype(dtype)
        padded = lax.pad(made, np.ones((), dtype), [(2, 1, 0), (0, 0, 0)])
        apart = lax.pad(made, np.ones((), dtype), [(1, 0, 1), (0, 0, 0)])
        joined = jnp.concatenate([padded, made, apart], 0)[::-1]
        return negated(jnp.real(joined) if dtype.kind == "c" else joined.astype(np.float32))

    check_pieces(function, random_array((5, 2)), op=REVERSE, pieces=(4,), run=run)


def test_pieces_are_all_that_a_loop_holds():
    """By the compiler's report, a loop over 2,000 rows of 4 kB in 100 pieces holds a few pieces, not the padded and joined whole."""

    def function(x):
        y = jnp.exp(x)
        joined = jnp.concatenate([jnp.pad(y, ((5, 7), (0, 0)))[::-1], jnp.sin(y)], 0)
        return (joined * jnp.cos(joined)).sum(1)

    splits, (loop,) = split_all(canonical(function, np.zeros((1000, 1000), np.float32)), CONCATENATE, 0, 100)
    assert loop.pieces == 96
    assert compile_module(splits).memory_analysis().temp_size_in_bytes < 8 * 4000 * loop.piece_length
