"""Reductions, with and without NaN, against NumPy."""

import numpy as np
import pytest

from memarray._kernels import nan_reductions, reductions
from tests.memarray.kernels.comparing import (
    case,
    compare,
    each,
    expect,
    has_failed,
    numbers,
    parameters,
    plain,
    run_all,
)

KERNELS = {name: getattr(module, name) for module in (reductions, nan_reductions) for name in module.__all__ if name != "CHECKS"}
SPICED, PLAIN = numbers((3, 4)), plain((3, 4))
CUBE = plain((2, 3, 4), [np.int8])[0]
MASK = np.array([True, False, True, True])
EMPTY = np.zeros((0, 3), np.float32)
SCALAR = np.array(3, np.int8)
COMPLEX = np.array([[1 + 1j, 1 + 2j, np.nan + 1j, 0], [2, 2 - 1j, 2 - 1j, complex(1, np.nan)], [2, 1, 2, 1]], np.complex64)
ALL_NAN = np.array([[np.nan, np.nan], [1, np.nan]], np.float32)

# What all reductions with one operand are tried with.
COMMON = [*each(SPICED), *each(SPICED[5:], axis=0), case(CUBE, axis=(0, -1), keepdims=True), case(SCALAR, axis=-1), case(SCALAR)]
SUMS = [
    *each(PLAIN),
    *each(SPICED[5:], 0),
    *(case(CUBE, axis=(0, -1), keepdims=True), case(SCALAR, axis=-1), case(EMPTY, axis=0), case(EMPTY, axis=1), case(CUBE, axis=())),
    *(case(PLAIN[6], dtype=np.dtype(np.float64)), case(PLAIN[1], dtype=np.dtype(np.int8)), case(PLAIN[1], dtype=np.dtype(np.bool_))),
    *(case(PLAIN[7], dtype=np.dtype(np.int32)), case(PLAIN[1], axis=1, initial=np.int64(3)), case(EMPTY, initial=np.float32(2))),
    *(case(PLAIN[6], where=MASK), case(PLAIN[6], axis=0, where=MASK, initial=np.float32(5)), case(PLAIN[9], axis=1, where=MASK)),
]
EXTREMES = [
    *COMMON,
    *(case(COMPLEX), case(COMPLEX, axis=0), case(COMPLEX, axis=1, keepdims=True), case(EMPTY, axis=1), case(EMPTY, initial=np.float32(2))),
    *(case(item, axis=0, where=MASK, initial=item.dtype.type(1)) for item in (*SPICED[:3], *SPICED[6:])),
    *(case(ALL_NAN, axis=1), case(ALL_NAN, axis=1, initial=np.float32(-2)), case(ALL_NAN, initial=np.float32(np.nan))),
]
MEANS = [
    *each(PLAIN),
    *each(SPICED[5:], 0),
    *(case(CUBE, axis=(0, -1), keepdims=True), case(SCALAR), case(EMPTY, axis=0), case(EMPTY, axis=1), case(ALL_NAN, axis=0)),
    *(
        case(PLAIN[6], dtype=np.dtype(np.float64)),
        case(PLAIN[6], where=MASK),
        case(PLAIN[1], axis=1, where=MASK),
        case(SPICED[9], 1, where=MASK),
    ),
    *(
        case(PLAIN[1], dtype=np.dtype(np.float32)),
        case(np.full(9000, 9, np.float16)),
        case(np.ones(49)),
        case(PLAIN[5], dtype=np.dtype(np.float16)),
    ),
]
SPREADS = [
    *(item for item in MEANS if item.params.get("dtype") is None),
    *(case(PLAIN[7], axis=1, ddof=1), case(PLAIN[7], axis=1, correction=1, keepdims=True), case(PLAIN[7], ddof=0.5), case(EMPTY, ddof=1)),
    *(case(PLAIN[7], axis=0, ddof=3), case(PLAIN[7], axis=1, mean=np.ones((3, 1))), case(SPICED[7], axis=1, ddof=2, where=MASK)),
    case(PLAIN[6], dtype=np.dtype(np.float64)),
]
ARGUMENTS = [
    *each(SPICED),
    *each(SPICED, axis=1),
    *(
        case(CUBE, axis=-2, keepdims=True),
        case(CUBE, keepdims=True),
        case(SCALAR),
        case(SCALAR, axis=0),
        case(np.zeros((2, 0), np.int8), axis=0),
    ),
    *(case(COMPLEX, axis=0), case(COMPLEX, axis=1), case(COMPLEX)),
]
WITH_NUMBERS = [item for item in ARGUMENTS if item.arguments[0] is not COMPLEX]
LOGICAL = [*COMMON, case(EMPTY), case(EMPTY, axis=1), case(PLAIN[0], where=MASK), case(PLAIN[1], axis=1, where=MASK)]
X, Y = np.array([0, 1, 3, 4], np.int64), plain((3, 4), [np.float32])[0]

CASES = {
    "all": LOGICAL,
    "any": LOGICAL,
    "count_nonzero": COMMON,
    "sum": SUMS,
    "prod": SUMS,
    "nansum": SUMS,
    "nanprod": SUMS,
    "max": EXTREMES,
    "min": EXTREMES,
    "nanmax": EXTREMES,
    "nanmin": EXTREMES,
    "ptp": [*each(SPICED[1:]), *each(PLAIN[1:], axis=1, keepdims=True), case(CUBE, axis=(0, 1))],
    "mean": MEANS,
    "nanmean": MEANS,
    "var": SPREADS,
    "std": SPREADS,
    "nanvar": SPREADS,
    "nanstd": SPREADS,
    "argmax": ARGUMENTS,
    "argmin": ARGUMENTS,
    "nanargmax": WITH_NUMBERS,
    "nanargmin": WITH_NUMBERS,
    "average": [
        *each(PLAIN),
        *each(PLAIN, 1, MASK + np.float32(1), True),
        *(case(PLAIN[6], weights=PLAIN[1] + np.int8(20), returned=True), case(CUBE, (0, 2), np.ones((2, 4)), keepdims=True, returned=True)),
        *(case(CUBE, (2, 0), np.arange(1.0, 9).reshape(4, 2)), case(PLAIN[7], returned=True)),
    ],
    "trapezoid": [
        *each(PLAIN),
        *(
            case(Y, X),
            case(Y, x=X[:3].astype(np.float64), axis=0),
            case(Y, x=Y * 2),
            case(Y, dx=0.5, axis=0),
            case(X, dx=2),
            case(Y, dx=np.ones(3)),
        ),
    ],
}


@pytest.mark.parametrize("name", CASES)
def test_as_numpy_has_it(name):
    compare(KERNELS[name], getattr(np, name), CASES[name])


def test_each_kernel_has_cases():
    assert set(CASES) | {"amax", "amin"} == set(KERNELS)


@pytest.mark.parametrize("name", KERNELS)
def test_parameters_are_numpys(name):
    assert parameters(KERNELS[name]) == parameters(getattr(np, name))


REFUSED = {
    "max": [case(EMPTY), case(EMPTY, axis=0), case(Y, axis=2), case(Y, axis=(0, 0)), case(Y, where=MASK), case(Y, axis=(0, -3))],
    "nanmin": [case(EMPTY), case(Y, axis=2)],
    "argmax": [case(EMPTY), case(EMPTY, axis=0), case(Y, axis=-3), case(SCALAR, axis=1)],
    "sum": [case(Y, axis=2), case(Y, axis=(1, 1)), case(Y, where=np.ones(3, bool)), case(SCALAR, axis=1)],
    "var": [case(Y, ddof=1, correction=1)],
    "nanmean": [case(Y, dtype=np.dtype(int))],
    "ptp": [case(PLAIN[0])],
    "mean": [case(SCALAR, axis=-1)],
    "average": [case(Y, weights=X), case(Y, 0, X)],
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_as_numpy_does(name):
    for item in REFUSED[name]:
        with pytest.raises(Exception) as theirs:  # noqa: PT011  # which one is the question
            expect(getattr(np, name), item)
        with pytest.raises(theirs.type):
            compare(KERNELS[name], getattr(np, name), [item])


def test_checks_see_what_depends_on_data():
    check = nan_reductions.CHECKS["nanargmax"]
    assert has_failed(check, nan_reductions.nanargmax, ALL_NAN, axis=0)
    assert not has_failed(check, nan_reductions.nanargmax, ALL_NAN)
    check = reductions.CHECKS["average"]
    assert has_failed(check, reductions.average, ALL_NAN, 1, np.array([1, -1]))
    assert not has_failed(check, reductions.average, ALL_NAN, 1, np.array([1, 1]))


def test_a_mean_of_equal_numbers_is_that_number():
    for result in run_all(reductions.mean, [case(np.ones(49)), case(np.ones((98, 3)), 0), case(np.ones((3, 107), np.float32), 1)]):
        np.testing.assert_array_equal(result, 1)
