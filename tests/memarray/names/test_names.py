"""Every name of NumPy's gives what NumPy gives: the same values, dtypes, shapes and exceptions, at once and recorded."""

import contextlib
import warnings

import numpy
import pytest

import memarray
from tests.memarray.names.samples import CHAPTERS, arguments

BATCH = 25  # lines that are recorded and evaluated together: one compilation


def batches(every=1):
    """Lines of one chapter, a batch each; `every` how many-th."""
    for name, chapter in CHAPTERS.items():
        lines = chapter.strip().splitlines()[::every]
        for start in range(0, len(lines), BATCH):
            yield pytest.param(lines[start : start + BATCH], id=f"{name}-{start // BATCH}")


TOLERANCE = {"float16": 1e-2, "float32": 2e-5, "complex64": 2e-5}


def outcome(line, xp):
    """The value of a line by NumPy, or the type of its exception."""
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


def recorded(line):
    """What a line gives memarray before it is evaluated, or the type of its exception."""
    try:
        with warnings.catch_warnings(), numpy.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return eval(line, {"np": memarray, **arguments(memarray)})  # noqa: S307  # the samples are ours
    except Exception as error:  # noqa: BLE001  # which one is what is compared
        return type(error)


def check(lines, *, eager_bytes, split="when needed"):
    kept = memarray.config.eager_bytes
    memarray.config.eager_bytes, memarray.config.split = eager_bytes, split
    try:
        found = [recorded(line) for line in lines]
        with contextlib.suppress(Exception):  # one that is raised at evaluation: each line says for itself whether it should
            memarray.compute(found)
        wrong = [problem for line, value in zip(lines, found, strict=True) if (problem := problem_of(line, value))]
    finally:
        memarray.config.eager_bytes, memarray.config.split = kept, "when needed"
    assert not wrong, "\n".join(wrong)


def problem_of(line, value):
    """What is wrong with a line's value, if anything."""
    try:
        actual = value if isinstance(value, type) else plain(value)
    except Exception as error:  # noqa: BLE001  # as above
        actual = type(error)
    try:
        compare(actual, outcome(line, numpy))
    except AssertionError as error:
        return f"{line}: {error}"
    return None


@pytest.mark.parametrize("lines", list(batches()))
def test_they_are_as_numpy_has_them_at_once(lines):
    check(lines, eager_bytes=1 << 20)


@pytest.mark.parametrize("lines", list(batches()))
def test_they_are_as_numpy_has_them_recorded(lines):
    check(lines, eager_bytes=0)


@pytest.mark.parametrize("lines", list(batches(every=4)))
def test_they_are_as_numpy_has_them_when_all_that_splits_is_split(lines):
    check(lines, eager_bytes=0, split="always")
