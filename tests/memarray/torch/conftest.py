"""torch is an extra: without it these tests are skipped, and each recorder's own where it is not installed."""

import pytest

torch = pytest.importorskip("torch")

from frontends.torch_recorder import choose_recorder

RECORDERS = ("torchax", "torch-xla")


@pytest.fixture(params=RECORDERS)
def recorder(request):
    try:
        return choose_recorder(request.param)
    except ImportError as reason:
        pytest.skip(str(reason))


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)
