"""The two settings that lazy arrays have to agree with NumPy in."""

from collections.abc import Iterator

import pytest

from tests.memarray.array.comparing import SETTINGS, eager_bytes


@pytest.fixture(params=SETTINGS)
def setting(request: pytest.FixtureRequest) -> Iterator[str]:
    """Everything recorded, or small things computed at once."""
    with eager_bytes(SETTINGS[request.param]):
        yield request.param
