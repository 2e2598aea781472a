"""The compiler's report and the work-space table together are never below the resident peak of a first run in a fresh process."""

import numpy as np
import pytest

from tests.resident.measure import resident_peak, rise_during
from tests.resident.programs import PROGRAMS

# What the first run loads for good: library code (oneDNN alone 9 MB), thread stacks, small allocator arenas.
FIRST_RUN_BYTES = 16_000_000


@pytest.mark.parametrize("name", PROGRAMS)
def test_report_and_table_bound_the_resident_peak(name):
    found = resident_peak("tests.resident.programs:prepare", name)
    assert found.rise_bytes <= found.facts["report_bytes"] + found.facts["workspace_bytes"] + FIRST_RUN_BYTES


def test_sees_memory_that_is_gone_when_the_region_ends():
    def region():
        return float(np.ones(8_000_000).sum())

    assert 63_000_000 <= rise_during(region) < 67_000_000


def test_names_what_failed_in_the_process():
    with pytest.raises(RuntimeError, match="KeyError: 'no such program'"):
        resident_peak("tests.resident.programs:prepare", "no such program")
