"""Random programs compute what they do unsplit: canonical, with loops anywhere, fitted under limits. `fuzz` runs them by the thousand."""

import random

import jax
import pytest

from tests.xla_passes.split.random_checks import case_of, check_always, check_canonical, check_forced, check_limits
from tests.xla_passes.split.random_programs import OPERATIONS, Setting, apply
from tests.xla_passes.split.random_recipes import SMALL, draw_recipe


@pytest.mark.parametrize("seed", range(10_000, 10_024))
def test_split_anywhere(seed):
    """One to three loops over any axes, by the reference interpreter and by XLA; and all of `fit`."""
    case = case_of(draw_recipe(seed))
    assert case is not None
    check_canonical(case)
    check_forced(case, seed, 4)
    check_always(case)


@pytest.mark.parametrize("seed", range(20_000, 20_006))
def test_fitted_under_limits(seed):
    """With the compiler's own report; a refusal names a limit that works."""
    case = case_of(draw_recipe(seed, is_large=True))
    assert case is not None
    check_limits(case, (0.5, 0.02))


def test_every_operation_is_drawn():
    """Recipes that are drawn like this make something of every operation."""
    left = set(OPERATIONS)
    chooser = random.Random(0)
    for seed in range(400):
        recipe = draw_recipe(seed)
        with jax.enable_x64(recipe.x64):
            jax.eval_shape(lambda *arrays, recipe=recipe: left.difference_update(_made(recipe, arrays, left, chooser)), *recipe.arrays())
        if not left:
            return
    raise AssertionError(f"no recipe has a use for {sorted(left)}")


def _made(recipe, arrays, names, chooser):
    """Which of the operations make something of a recipe's arguments."""
    values = [argument.value(array) for argument, array in zip(recipe.arguments, arrays, strict=True)]
    return {step.name for step in recipe.steps if step.name in names and apply(step, values, Setting(SMALL)) is not None}
