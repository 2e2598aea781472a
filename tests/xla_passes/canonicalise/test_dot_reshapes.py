"""Products of reshaped operands, random shapes: without the reshapes they are the same to the bit, by the reference interpreter."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import assert_same_bits, evaluate, op_names, random_array, record
from xla_passes.canonicalise import canonicalise_passes
from xla_passes.canonicalise.dot_reshapes import merged
from xla_passes.module import clone


def canonical(module):
    module = clone(module)
    for each in canonicalise_passes():
        each.run(module)
        module.operation.verify()
    return module


@pytest.mark.parametrize("seed", range(30))
def test_merged_and_parted(seed):
    """Batch, free and contracted dimensions, each of up to three, merged before the product; batch and free ones parted after it."""
    generator = np.random.default_rng(seed)
    batch, left, right, contracted = (list(map(int, generator.integers(1, 4, int(generator.integers(0, 4))))) for _ in range(4))

    def product(a, b):
        flat = [math.prod(each) for each in (batch, left, right, contracted)]
        a, b = a.reshape(flat[0], flat[1], flat[3]), b.reshape(flat[0], flat[2], flat[3])
        return jnp.einsum("bik,bjk->bij", a, b).reshape(*batch, *left, *right)

    arguments = random_array((*batch, *left, *contracted)), random_array((*batch, *right, *contracted), seed=1)
    module = record(product, *arguments)
    short = canonical(module)
    assert_same_bits(evaluate(short, *arguments), evaluate(module, *arguments))
    if all(size > 1 for size in (*batch, *left, *right, *contracted)):
        assert op_names(short) == ["dot_general"]


def test_read_as_merged():
    module = record(lambda a, b: jnp.tanh(a.reshape(6, 4) @ b).sum(), random_array((2, 3, 4)), random_array((4, 5)))
    assert "reshape" in op_names(canonical(module))


@pytest.mark.parametrize(
    ("shape", "into", "groups"),
    [
        ((2, 3, 4), (6, 4), [[0, 1], [2]]),
        ((4,), (1, 4), [[], [0]]),
        ((4,), (4, 1), [[0], []]),
        ((2, 1, 3), (2, 3), [[0, 1], [2]]),
        ((6, 4), (2, 3, 4), None),
        ((2, 3), (3, 2), None),
        ((), (1,), [[]]),
    ],
)
def test_which_dimensions_are_merged(shape, into, groups):
    assert merged(shape, into) == groups
