"""Whole programs as users write them, each under a limit that asks for a split: it fits, and computes what it did."""

import pytest

import memarray
from tests.programs import attention, kernels, learning, recurrent, statistics
from tests.programs.checking import PROGRAMS, check

CHAPTERS = (attention, kernels, learning, recurrent, statistics)


@pytest.mark.parametrize("name", PROGRAMS)
def test_fits_and_computes_the_same(name):
    check(PROGRAMS[name])


@pytest.mark.parametrize("name", ["gradient_of_a_convolutional_network", "gradient_of_a_channels_first_network"])
def test_convolutions_in_loops_are_made_fast_but_for_exact_rewrites(name):
    assert "canonical-convolution" in {rewrite.name for rewrite in check(PROGRAMS[name]).rewrites}
    memarray.config.rewrites = "exact"
    try:
        assert not check(PROGRAMS[name]).rewrites
    finally:
        memarray.config.rewrites = "all"


def test_every_chapter_has_programs():
    assert {program.function.__module__ for program in PROGRAMS.values()} == {chapter.__name__ for chapter in CHAPTERS}
