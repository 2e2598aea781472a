"""Random programs, split anywhere, once or several times: the numbers of NumPy, to the bit, as all of them are small and whole."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers import compile_module, evaluate, run
from tests.xla_passes.split.random_programs import OPERATIONS, interpret, recorded, whole_numbers
from tests.xla_passes.split.splitting import canonical, places, split, value_at
from xla_passes.module import shape_of
from xla_passes.pipeline import fit
from xla_passes.plan import Report

lengths = st.lists(st.integers(1, 7), min_size=1, max_size=3)
numbers = st.integers(0, 999)
recipes = st.lists(st.tuples(st.integers(0, len(OPERATIONS) - 1), numbers, numbers, numbers), min_size=4, max_size=16)


@st.composite
def programs(draw):
    """Arguments and a recipe; often the arguments fit each other, so that more operations apply."""
    shapes = [draw(lengths), draw(lengths), draw(lengths)]
    if draw(st.booleans()):
        shapes[1:] = [[draw(st.integers(1, 7)), *shapes[0][1:]], shapes[0]]
    seed = draw(st.integers(0, 99))
    arguments = [whole_numbers(shape, seed + at) for at, shape in enumerate(shapes)]
    return arguments, draw(recipes), draw(st.integers(1, 3))


def assert_equal(actual, expected):
    assert len(actual) == len(expected)
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(program=programs(), choices=st.lists(st.tuples(numbers, st.integers(2, 7)), min_size=3, max_size=6))
def test_loops_anywhere(program, choices):
    """By the reference interpreter; later loops may go into the bodies of those before."""
    arguments, steps, kept = program
    expected = interpret(np, arguments, steps, kept)
    if not expected:
        return
    module = canonical(recorded(steps, kept), *arguments)
    assert_equal(evaluate(module, *arguments), expected)
    for which, pieces in choices:
        known = list(places(module))
        if not known:
            return
        place = known[which % len(known)]
        try:
            module, _ = split(module, (place, min(pieces, shape_of(value_at(module, place))[place.axis])))
        except ValueError:
            continue
        assert_equal(evaluate(module, *arguments), expected)


def report_of(module):
    """The compiler's report on this machine."""
    compiled = compile_module(module)
    sizes = compiled.memory_analysis()
    return Report(sizes.argument_size_in_bytes, sizes.output_size_in_bytes, sizes.temp_size_in_bytes, program=compiled)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(program=programs())
def test_always_split_and_compiled(program):
    """All of `fit`, rewrites included, and XLA."""
    arguments, steps, kept = program
    expected = interpret(np, arguments, steps, kept)
    if not expected:
        return
    module = canonical(recorded(steps, kept), *arguments)
    found = fit(module, 10**9, report_of, split="always")
    assert_equal(run(found.module, *arguments), expected)
