"""Settings that a test of lazy arrays may change, put back afterwards."""

import pytest

import memarray


@pytest.fixture(autouse=True)
def settings():
    kept = memarray.config.eager_bytes, memarray.config.split, memarray.config._memory_limit
    yield
    memarray.config.eager_bytes, memarray.config.split, memarray.config.memory_limit = kept


@pytest.fixture
def everything_recorded():
    memarray.config.eager_bytes = 0


@pytest.fixture(params=["small at once", "all recorded"])
def either_way(request):
    memarray.config.eager_bytes = 1 << 20 if request.param == "small at once" else 0
