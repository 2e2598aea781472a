"""Sorting, and searching what is sorted, against NumPy."""

import itertools

import numpy as np
import pytest

from memarray._kernels import sorting
from tests.memarray.kernels.comparing import case, compare, each, expect, has_failed, numbers, parameters, plain, run_all

SPICED, PLAIN = numbers((3, 5)), plain((3, 5))
SCALAR, EMPTY = np.array(3, np.int8), np.zeros((0, 3), np.float32)
PARTS = (np.nan, 1.0, -1.0, 0.0, -0.0, np.inf)
COMPLEX = np.array([complex(*pair) for pair in itertools.product(PARTS, PARTS)])[np.random.default_rng(0).permutation(36)]
ZEROS = np.array([0.0, -0.0, np.nan, -0.0, 0.0, -1, np.nan, -0.0], np.float32)
LINES = [np.sort(array) for array in plain((6,))]
SOUGHT = [np.concatenate([line[1:4], other]) for line, other in zip(LINES, plain((4,), seed=1), strict=True)]
WITH_NAN = np.array([1.0, 2, 2, np.inf, np.nan, np.nan])

SORTED = [*each(SPICED), *each(SPICED, None), case(COMPLEX), case(COMPLEX.reshape(4, 9), 0), case(ZEROS, kind="stable"), case(EMPTY, 0)]
CASES = {
    "sort": [*SORTED, case(PLAIN[6], stable=True), case(SCALAR, None)],
    "argsort": [case(item.arguments[0], *item.arguments[1:], kind="stable") for item in SORTED] + [case(SCALAR), case(SCALAR, axis=None)],
    "sort_complex": [*each(SPICED), case(COMPLEX), *each(plain((4,), [np.int16, np.uint16, np.int32]))],
    "lexsort": [
        *each([(array, array[::-1].copy()) for array in SPICED]),
        *(case((ZEROS, np.arange(8) % 2)), case(PLAIN[1]), case(PLAIN[1], 0), case((SCALAR, SCALAR)), case((COMPLEX, COMPLEX.real.copy()))),
        case((PLAIN[1], PLAIN[7]), axis=0),
    ],
    "searchsorted": [
        *(case(line, sought, side=side) for line, sought in zip(LINES, SOUGHT, strict=True) for side in ("left", "right")),
        *(case(WITH_NAN, np.array([np.nan, 2, 3, np.inf, 0]), side) for side in ("left", "right")),
        *(case(np.sort(COMPLEX), COMPLEX, side) for side in ("left", "right")),
        *(case(LINES[1], LINES[7]), case(LINES[2], LINES[4].reshape(2, 3)), case(LINES[7], np.float32(0.5)), case(EMPTY[:, 0], LINES[7])),
        *(case(SOUGHT[7], LINES[7], "left", np.argsort(SOUGHT[7])), case(LINES[1], np.array(3)), case(LINES[1], EMPTY)),
    ],
    "digitize": [
        *(case(sought, line, right=right) for line, sought in zip(LINES[:8], SOUGHT[:8], strict=True) for right in (False, True)),
        *(case(SOUGHT[7], LINES[7][::-1].copy(), right) for right in (False, True)),
        *(case(SOUGHT[1], LINES[7]), case(np.array(2.0), LINES[1]), case(SOUGHT[7], np.ones(3)), case(SOUGHT[7], EMPTY[:, 0])),
    ],
}


@pytest.mark.parametrize("name", CASES)
def test_as_numpy_has_it(name):
    compare(getattr(sorting, name), getattr(np, name), CASES[name])


@pytest.mark.parametrize("name", [name for name in sorting.__all__ if name != "CHECKS"])
def test_parameters_are_numpys(name):
    assert parameters(getattr(sorting, name)) == parameters(getattr(np, name))


@pytest.mark.parametrize("name", ["sort", "argsort"])
def test_zeros_of_both_signs_keep_their_places(name):
    (result,) = run_all(getattr(sorting, name), [case(ZEROS)])
    expected = expect(getattr(np, name), case(ZEROS, kind="stable"))
    np.testing.assert_array_equal(np.signbit(result), np.signbit(expected))


PARTITIONED = [*each(SPICED, 2), case(PLAIN[7], (1, -1), axis=0), case(PLAIN[6], 3, axis=None), case(COMPLEX, 7)]


def test_partitions_have_the_element_in_its_place():
    for result, item in zip(run_all(sorting.partition, PARTITIONED), PARTITIONED, strict=True):
        array, kth, axis = item.arguments[0], item.arguments[1], item.params.get("axis", -1)
        expected = expect(np.partition, item)
        assert (result.dtype, result.shape) == (expected.dtype, expected.shape)
        places = list(kth) if isinstance(kth, tuple) else [kth]
        np.testing.assert_array_equal(result.take(places, axis), expected.take(places, axis), err_msg=str(item))
        np.testing.assert_array_equal(np.sort(result, axis), np.sort(array, axis))


def test_argpartitions_say_where_from():
    for result, item in zip(run_all(sorting.argpartition, PARTITIONED), PARTITIONED, strict=True):
        array, axis = (item.arguments[0], item.params.get("axis", -1))
        array, axis = (array.reshape(-1), 0) if axis is None else (array, axis)
        assert (result.dtype, result.shape) == (np.dtype(np.int64), array.shape)
        np.testing.assert_array_equal(np.take_along_axis(array, result, axis), np.sort(array, axis))


REFUSED = {
    "sort": [case(SCALAR), case(PLAIN[7], 2), case(PLAIN[7], kind="odd"), case(PLAIN[7], kind="stable", stable=True)],
    "argsort": [case(PLAIN[7], -3), case(SCALAR, 1)],
    "partition": [case(PLAIN[7], 5), case(PLAIN[7], 0, 2), case(PLAIN[7], (0, -6)), case(PLAIN[7], 1, kind="odd"), case(SCALAR, 0)],
    "argpartition": [case(PLAIN[7], 5)],
    "lexsort": [case(()), case((PLAIN[7], PLAIN[7][0])), case((PLAIN[7], PLAIN[7]), 2)],
    "searchsorted": [
        *(case(PLAIN[7], PLAIN[7]), case(SCALAR, PLAIN[7]), case(LINES[7], SCALAR, side="middle"), case(LINES[7], SCALAR, sorter=LINES[7])),
        case(LINES[7], SCALAR, sorter=np.arange(3)),
    ],
    "digitize": [case(COMPLEX, LINES[7]), case(PLAIN[7], SCALAR), case(PLAIN[7], PLAIN[7])],
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_as_numpy_does(name):
    for item in REFUSED[name]:
        with pytest.raises(Exception) as theirs:  # noqa: PT011  # which one is the question
            expect(getattr(np, name), item)
        with pytest.raises(theirs.type):
            run_all(getattr(sorting, name), [item])


def test_checks_see_what_depends_on_data():
    check = sorting.CHECKS["digitize"]
    assert has_failed(check, sorting.digitize, LINES[7], np.array([0, 2, 1]))
    assert not has_failed(check, sorting.digitize, LINES[7], np.array([2, 1, 1]))
    check = sorting.CHECKS["searchsorted"]
    assert has_failed(check, sorting.searchsorted, LINES[7], SCALAR, sorter=np.array([0, 1, 2, 3, 4, 6]))
    assert not has_failed(check, sorting.searchsorted, LINES[7], SCALAR, sorter=np.arange(6))
    assert not has_failed(check, sorting.searchsorted, LINES[7], SCALAR)
