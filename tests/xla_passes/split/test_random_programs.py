"""Random programs compute what they do unsplit: canonical, with loops anywhere, fitted under limits. `fuzz` runs them by the thousand."""

import functools

import jax
import pytest

from tests.xla_passes.split.random_checks import case_of, check_always, check_canonical, check_forced, check_limits, check_planned
from tests.xla_passes.split.random_programs import OPERATIONS, Setting, apply
from tests.xla_passes.split.random_recipes import SMALL, draw_recipe


@pytest.mark.parametrize("seed", [*range(10_000, 10_024), 770_014, 882_043])
def test_split_anywhere(seed):
    """One to three loops over any axes, by the reference interpreter and by XLA; and all of `fit`."""
    case = case_of(draw_recipe(seed))
    assert case is not None
    check_canonical(case)
    check_forced(case, seed, 3)
    check_planned(case, seed, 1)
    check_always(case)


@pytest.mark.parametrize("seed", range(20_000, 20_006))
def test_fitted_under_limits(seed):
    """With the compiler's own report; a refusal names a limit that works."""
    case = case_of(draw_recipe(seed, is_large=True))
    assert case is not None
    check_limits(case, (0.5, 0.02))


def test_every_operation_has_a_use():
    """Each makes something of the arguments of a recipe in which it is a step."""
    left = set(OPERATIONS)

    def used(recipe, *arrays):
        values = [argument.value(array) for argument, array in zip(recipe.arguments, arrays, strict=True)]
        left.difference_update([step.name for step in recipe.steps if step.name in left and apply(step, values, Setting(SMALL))])
        return []

    for recipe in map(draw_recipe, range(400)):
        with jax.enable_x64(recipe.x64):
            jax.eval_shape(functools.partial(used, recipe), *recipe.arrays())
        if not left:
            return
    raise AssertionError(f"no recipe has a use for {sorted(left)}")
