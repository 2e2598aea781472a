"""A sample of torch's operator database with both recorders, held to what docs/torch_operations.md says of it."""

import re

import pytest

pytest.importorskip("torch", reason="torch is an extra")
pytest.importorskip("expecttest", reason="torch's operator database needs it")

from frontends.torch_recorder import choose_recorder
from tests.conformance.torch_ops import PAGE, short
from tests.conformance.torch_trial import RECORDERS, Trial, dtypes_of, operators, spread, trials

SPREAD = 60  # operators, from first to last by name
SAMPLES = 3
# Operators that a recorder has had wrong, and what stands for many that it lacked.
FIXED = (
    "addcmul", "as_strided", "as_strided_scatter", "cumprod", "diagonal", "diagonal_scatter", "dist", "fft.ihfft", "gradient", "index_put",
    "linalg.matrix_power", "linalg.pinv (hermitian)", "linalg.solve", "linspace", "masked.sum", "matrix_exp", "nn.functional.avg_pool2d",
    "nn.functional.embedding_bag", "nn.functional.interpolate (bilinear)", "nn.functional.max_unpool2d (grad)", "nn.functional.pdist",
    "polygamma (polygamma_n_2)", "softmax", "topk",
)  # fmt: skip


def stated() -> dict[str, dict[str, str]]:
    """The marks of the page: by operator, by recorder, unsplit."""
    found = {}
    for name, *marks in re.findall(r"^\| `([^`]+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|", PAGE.read_text(), flags=re.MULTILINE):
        found[name] = dict(zip(RECORDERS, marks[::2], strict=True))
    return found


def sample() -> list[tuple[str, str]]:
    """Operators, each with one of its dtypes."""
    names = sorted({*spread([*stated()], SPREAD), *FIXED})
    chosen = []
    for number, name in enumerate(names):
        dtypes = dtypes_of(operators()[name])
        chosen.append((name, dtypes[number % len(dtypes)]))
    return chosen


def test_the_page_has_the_operators_in_order():
    named = [*stated()]
    assert named == sorted(named)
    assert {*named} <= {*operators()}
    assert len(named) > 0.95 * len(operators())


@pytest.mark.parametrize("recorder", RECORDERS)
@pytest.mark.parametrize(("name", "dtype"), sample())
def test_operators_do_what_the_page_says(name: str, dtype: str, recorder: str):
    try:
        choose_recorder(recorder)
    except ImportError as missing:
        pytest.skip(str(missing))
    *_, trial = trials(name, dtype, [(recorder, "unsplit")], SAMPLES)
    assert isinstance(trial, Trial)
    allowed = {"ok", "inexact"} if "unsupported" not in stated()[name][recorder] else {"ok", "inexact", "unsupported"}
    assert trial.outcome in allowed, trial.detail


def test_reasons_are_the_same_on_every_machine():
    detail = "`aten.geqrf.default` at /here/there.py:10 in `geqrf` cannot be recorded by torchax: none. Write it with other operations, or"
    assert short(detail) == "`aten.geqrf.default` cannot be recorded by torchax: none"
