"""What is left of a sort sorts as before, whichever of its results are read."""

import jax
import pytest

from tests.helpers import assert_same_bits, random_array, record, run
from xla_passes.canonicalise.dead_code import DeadCode
from xla_passes.canonicalise.sort_operands import DropSortOperands
from xla_passes.module import clone, main_block


@pytest.mark.parametrize(("read", "left"), [((0,), 1), ((1,), 2), ((2,), 2), ((0, 2), 2), ((0, 1, 2), 3)])
def test_sort_is_as_before(read, left):
    arguments = [random_array((5, 40), seed=seed) for seed in range(3)]
    arguments[0] = arguments[0].round(1)  # with equal elements

    def function(x, y, z):
        found = jax.lax.sort((x, y, z), dimension=1, is_stable=True, num_keys=1)
        return [found[i] for i in read]

    module = record(function, *arguments)
    changed = clone(module)
    DropSortOperands().run(changed)
    DeadCode().run(changed)
    changed.operation.verify()
    sort = next(op for op in main_block(changed).operations if op.operation.name == "stablehlo.sort")
    assert len(sort.operation.operands) == left
    assert_same_bits(run(changed, *arguments), run(module, *arguments))
