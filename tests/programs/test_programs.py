"""Whole programs as users write them, each under a limit that asks for a split: it fits, and computes what it did."""

import pytest

from tests.programs import attention, kernels, learning, recurrent, statistics
from tests.programs.checking import PROGRAMS, check

CHAPTERS = (attention, kernels, learning, recurrent, statistics)


@pytest.mark.parametrize("name", PROGRAMS)
def test_fits_and_computes_the_same(name):
    check(PROGRAMS[name])


def test_every_chapter_has_programs():
    assert {program.function.__module__ for program in PROGRAMS.values()} == {chapter.__name__ for chapter in CHAPTERS}
