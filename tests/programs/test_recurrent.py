"""Gradients of long scans at smaller and smaller limits: one level of checkpoints, then checkpoints between checkpoints."""

import pytest

from tests.programs import recurrent
from tests.programs.checking import PROGRAMS, check
from tests.resident.measure import resident_peak
from xla_passes.split.checkpointing import NAME

FIRST_RUN_BYTES = 16_000_000  # what a first run loads for good, as in the tests of resident memory
LONG = [name for name, tested in PROGRAMS.items() if tested.function.__module__ == recurrent.__name__]


@pytest.mark.parametrize("divisor", [4, 16])
@pytest.mark.parametrize("name", LONG)
def test_checkpoints_are_told_of(name, divisor):
    plan = check(PROGRAMS[name], divisor)
    assert NAME in {rewrite.name for rewrite in plan.rewrites}
    assert any("stablehlo.while" in again for loop in plan.loops for again in loop.recomputed)


def test_checkpoints_between_checkpoints():
    plan = check(PROGRAMS["gradient_of_a_pendulums_path"], 128)
    assert {loop.depth for loop in plan.loops} == {0, 1}


def test_the_resident_peak_of_a_fresh_process_is_as_promised():
    found = resident_peak("tests.programs.recurrent:prepare", 16)
    assert found.facts["unsplit_bytes"] > 8 * (found.facts["promised_bytes"] + FIRST_RUN_BYTES)
    assert found.rise_bytes <= found.facts["promised_bytes"] + FIRST_RUN_BYTES
