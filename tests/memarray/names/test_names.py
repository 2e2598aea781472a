"""Every name of NumPy's gives what NumPy gives: the same values, dtypes, shapes and exceptions, at once and recorded."""

import warnings

import numpy
import pytest

import memarray
from tests.memarray.names.samples import CHAPTERS, arguments

SAMPLES = [pytest.param(line, id=line) for chapter in CHAPTERS.values() for line in chapter.strip().splitlines()]
TOLERANCE = {"float16": 1e-2, "float32": 2e-5, "complex64": 2e-5}


def outcome(line, xp):
    """The value of a line, or the type of its exception."""
    try:
        with warnings.catch_warnings(), numpy.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return plain(eval(line, {"np": xp, **arguments(xp)}))  # noqa: S307  # the samples are ours
    except Exception as error:  # noqa: BLE001  # which one is what is compared
        return type(error)


def plain(value):
    """Arrays as NumPy's, evaluated."""
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    return numpy.asarray(value) if hasattr(value, "dtype") and not isinstance(value, numpy.dtype) else value


def compare(actual, expected):
    if isinstance(expected, type):
        assert isinstance(actual, type), f"{actual!r} instead of {expected}"
        assert issubclass(actual, expected) or issubclass(expected, actual), (actual, expected)
    elif isinstance(expected, list):
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            compare(one, other)
    elif isinstance(expected, numpy.ndarray):
        assert isinstance(actual, numpy.ndarray), actual
        assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
        if expected.dtype.kind in "fc":
            rtol = TOLERANCE.get(expected.dtype.name, 1e-9)
            finite = expected[numpy.isfinite(expected)]
            numpy.testing.assert_allclose(actual, expected, rtol=rtol, atol=rtol * (abs(finite).max() if finite.size else 0))
        else:
            numpy.testing.assert_array_equal(actual, expected)
    elif isinstance(expected, (bool, int, float)) and isinstance(actual, numpy.ndarray):  # a lazy scalar stands for Python's number
        assert actual.shape == ()
        assert actual == expected
    else:
        assert actual == expected
        assert type(actual) is type(expected)


def check(line, *, eager_bytes, split="when needed"):
    expected = outcome(line, numpy)
    kept = memarray.config.eager_bytes
    memarray.config.eager_bytes, memarray.config.split = eager_bytes, split
    try:
        compare(outcome(line, memarray), expected)
    finally:
        memarray.config.eager_bytes, memarray.config.split = kept, "when needed"


@pytest.mark.parametrize("eager_bytes", [1 << 20, 0], ids=["at once", "recorded"])
@pytest.mark.parametrize("line", SAMPLES)
def test_it_is_as_numpy_has_it(line, eager_bytes):
    check(line, eager_bytes=eager_bytes)


@pytest.mark.parametrize("line", SAMPLES[::5])
def test_it_is_as_numpy_has_it_when_all_that_splits_is_split(line):
    check(line, eager_bytes=0, split="always")
