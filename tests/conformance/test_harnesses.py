"""Cases of JAX's own table of primitives, split and compared: a fixed sample, some of each primitive. `make conformance` runs them all."""

import zlib

import pytest

from tests.conformance.harnesses import harnesses, record_case
from tests.conformance.trial import attempt

PLACES = 10  # axes of a case that are tried
ONE_IN = 60  # of the cases of a primitive, beside the first


def sample() -> list[str]:
    """By a hash of their names, so that a case which comes or goes changes no other choice."""
    groups: dict[str, list[str]] = {}
    for name in sorted(harnesses(), key=lambda name: zlib.crc32(name.encode())):
        groups.setdefault(harnesses()[name].group_name, []).append(name)
    return sorted(name for names in groups.values() for name in names[: 1 + len(names) // ONE_IN])


@pytest.mark.parametrize("name", sample())
def test_split_programs_compute_what_unsplit_ones_do(name):
    assert not attempt(record_case(name), PLACES).failures
