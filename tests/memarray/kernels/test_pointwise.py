"""Rounding, comparisons, windows and the like against NumPy's."""

import numpy as np
import pytest

from memarray._kernels import pointwise
from tests.memarray.kernels.comparing import case, compare, each, expect, numbers, parameters, plain, run_all

PLAIN, SPICED = plain((3, 4)), numbers((3, 4))
F4, F8, C16, I8, I64, U64, BOOL = PLAIN[6], PLAIN[7], PLAIN[9], PLAIN[1], PLAIN[2], PLAIN[4], PLAIN[0]
SCALAR, EMPTY = np.array(3, np.int8), np.zeros((0, 4), np.float32)
HALVES = np.arange(-9, 10) / 2
BIG = np.array([2**53, 2**53 + 1, -1], np.int64)
with np.errstate(invalid="ignore"):
    CLOSE = [
        (array, (array.astype(np.complex128 if array.dtype.kind == "c" else np.float64) * (1 + 1e-6)).astype(array.dtype))
        for array in SPICED
    ]
WINDOWS = [*(case(size) for size in (0, 1, 2, 5, 12, -3))]

ROUNDED = [
    *each(SPICED),
    *(case(array, decimals) for array in PLAIN[1:] for decimals in (-1, 2)),
    *(
        case(HALVES),
        case(np.array([15, 25, -35, 149], np.int64), -1),
        case(np.array([0.285, 1.005, 2.675, 57.0 / 100]), 2),
        case(HALVES * 7, 1),
    ),
]
COMPARED = [
    *(case(*pair) for pair in CLOSE),
    *(case(*pair, equal_nan=True) for pair in CLOSE[5:]),
    *(
        case(F8, F8 + 0.1, 0.0, 0.2),
        case(F4, F8),
        case(I8, F4[0]),
        case(F8, F8 * 1.01, rtol=np.float64(0.1)),
        case(F8, np.float64(np.inf) + F8),
    ),
    *(case(I8, -I8), case(U64, I64), case(F4, F4, atol=F8[0])),
]
SAME = [
    *(case(array, array.copy()) for array in SPICED),
    *(case(array, array.copy(), *rest) for array in SPICED[5:] for rest in ((True,),)),
    *(
        case(F4, F8),
        case(F4, F4[:2]),
        case(I64, np.abs(I64).astype(np.uint64)),
        case(BIG, BIG.astype(np.uint64)),
        case(BIG[:2], np.array([2**53 + 1, 2**53 + 1], np.uint64)),
    ),
    *(case(EMPTY, EMPTY), case(SCALAR, np.array(3.0))),
]

CASES = {
    "round": ROUNDED,
    "fix": [*each(SPICED[:8]), case(HALVES)],
    "isposinf": [*each(SPICED[:8]), case(EMPTY)],
    "isneginf": [*each([array * array.dtype.type(-1 if array.dtype.kind == "f" else 1) for array in SPICED[:8]])],
    "iscomplex": [*each(SPICED), *each([array.real + array.dtype.type(0) for array in SPICED])],
    "isreal": [*each(SPICED), case(C16.real + 0j)],
    "angle": [*each(SPICED), *each(PLAIN, deg=True), case(np.zeros(3, np.int16))],
    "nan_to_num": [
        *each(SPICED),
        *(case(array, nan=np.float64(7), posinf=np.float32(3), neginf=-2.0) for array in (*SPICED[5:], -SPICED[6])),
        case(SPICED[7], nan=np.inf, posinf=1.0),
    ],
    "isclose": COMPARED,
    "allclose": COMPARED,
    "array_equal": SAME,
    "array_equiv": [
        *(item for item in SAME if len(item.arguments) == 2),
        case(F4, F4[:1]),
        case(np.stack([F4[0]] * 2), F4[0]),
        case(F4, SCALAR),
        case(F4, F8[:2]),
    ],
    "isin": [
        *(case(one, other[0]) for one, other in zip(SPICED, PLAIN, strict=True)),
        *(case(one, plain((40,), [one.dtype], seed=3)[0], invert=True) for one in SPICED),
        *(
            case(SPICED[7], np.concatenate([SPICED[7].reshape(-1)] * 3)),
            case(I8, U64, kind="sort"),
            case(I8, I64, kind="table", assume_unique=True),
        ),
        *(case(F4, EMPTY), case(SCALAR, I8), case(I8, F4)),
    ],
    "sinc": [*each(PLAIN), case(np.array([0.0, 1, 0.5, np.inf]))],
    "i0": [*each(PLAIN[:8]), case(np.array([0.0, 1e-3, 7.9, 8.1, 50, 300, -20]))],
    "bartlett": WINDOWS,
    "blackman": WINDOWS,
    "hamming": WINDOWS,
    "hanning": WINDOWS,
    "kaiser": [*(case(*item.arguments, 14.0) for item in WINDOWS), case(7, 0), case(8, np.float32(5)), case(6, np.array(8.6))],
}


@pytest.mark.parametrize("name", CASES)
def test_as_numpy_has_it(name):
    compare(getattr(pointwise, name), getattr(np, name), CASES[name])


@pytest.mark.parametrize("name", CASES)
def test_parameters_are_numpys(name):
    assert parameters(getattr(pointwise, name)) == parameters(getattr(np, name))


def test_all_have_cases():
    assert set(CASES) | {"CHECKS"} == set(pointwise.__all__)


def test_booleans_have_no_decimals():
    with pytest.raises(TypeError, match="same_kind"):
        run_all(pointwise.round, [case(BOOL, 1)])


def test_rounding_is_exact():
    cents = np.arange(200) / 100
    for result, decimals in zip(
        run_all(pointwise.round, [case(cents, 1), case(cents, 2), case(cents * 1000, -1)]), (1, 2, -1), strict=True
    ):
        np.testing.assert_array_equal(result, np.round(cents * 1000 if decimals < 0 else cents, decimals))


REFUSED = {
    "fix": [case(C16)],
    "isposinf": [case(C16)],
    "isneginf": [case(C16)],
    "i0": [case(C16)],
    "isin": [case(F4, F4, kind="table"), case(F4, F4, kind="odd")],
    "isclose": [case(F4, F4[:2])],
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_as_numpy_does(name):
    for item in REFUSED[name]:
        with pytest.raises(Exception) as theirs:  # noqa: PT011  # which one is the question
            expect(getattr(np, name), item)
        with pytest.raises(theirs.type):
            run_all(getattr(pointwise, name), [item])
