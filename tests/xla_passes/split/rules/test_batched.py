"""sort, cholesky, triangular_solve and fft: why what they need whole is not split, whichever operand it is."""

import jax.numpy as jnp
import pytest
from jax import lax

from tests.helpers import random_array
from tests.xla_passes.split.rules.forcing import split_all
from tests.xla_passes.split.splitting import canonical


@pytest.mark.parametrize("at", range(3))
def test_every_operand_of_a_sort_has_its_reason(at):
    def function(*operands):
        return lax.sort([jnp.negative(each) if number == at else each for number, each in enumerate(operands)], num_keys=2)

    module = canonical(function, *(random_array((7,), seed=seed) for seed in range(3)))
    with pytest.raises(ValueError, match=r"stablehlo\.sort: the dimension that is sorted"):
        split_all(module, "stablehlo.negate", 0, 2)
