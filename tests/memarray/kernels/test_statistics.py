"""Covariances, convolutions, interpolation and differences against NumPy's."""

import numpy as np
import pytest

from memarray._kernels import statistics
from tests.memarray.kernels.comparing import case, compare, each, expect, has_failed, numbers, parameters, plain, run_all

SPICED, PLAIN, LINES, SHORT = numbers((3, 5)), plain((3, 5)), plain((6,)), plain((3,), seed=1)
F4, F8, C8, I8 = PLAIN[6], PLAIN[7], PLAIN[8], PLAIN[2]
SCALAR, EMPTY = np.array(3, np.int8), np.zeros((0,), np.float32)
XP, FP = np.array([0.0, 1, 2.5, 4]), np.array([1, -1, np.inf, 3])
AT = np.array([-1, 0, 0.5, 1, 2, 2.5, 3, 4, 5, np.nan, np.inf])
COUNTS, SHARES = np.array([1, 2, 0, 3, 1]), np.array([0.5, 1, 2, 0.25, 1])
MODES = ("valid", "same", "full")
SLID = [
    *(case(line, short, mode) for line, short in zip(LINES, SHORT, strict=True) for mode in MODES),
    *(case(short, line, mode) for line, short in zip(LINES[6:], SHORT[6:], strict=True) for mode in MODES),
    *(case(LINES[1], SHORT[7], mode) for mode in MODES),
    *(case(LINES[8], SHORT[7]), case(LINES[7], LINES[7][:2], "same"), case(LINES[2], LINES[2][:2], "same")),
]
COVARIED = [
    *each(PLAIN),
    *(case(F4, F8), case(F8, rowvar=False), case(F8[0]), case(F8[0], F8[1]), case(C8, bias=True), case(F8, ddof=2)),
    case(F4, dtype=np.dtype(np.float32)),
]

CASES = {
    "diff": [
        *each(SPICED),
        *each(PLAIN, 2, 0),
        *(case(F8, 0), case(F8, 7), case(I8, prepend=np.int64(0)), case(I8, axis=0, append=F4[:1]), case(F4, prepend=F8, append=SCALAR)),
        case(np.zeros((0, 2)), axis=0),
    ],
    "ediff1d": [*each(SPICED[1:]), case(F4, F8[0], SHORT[6]), case(EMPTY), case(F8, to_begin=np.float64(3))],
    "unwrap": [
        *each([array * array.dtype.type(3) for array in PLAIN[1:8]]),
        *(
            case(F8 * 5, axis=0),
            case(F8 * 5, 4.0),
            case(F8 * 5, period=3.0),
            case(I8 * 7, period=12),
            case(I8 * 7, period=7),
            case(np.arange(4) * np.pi),
        ),
    ],
    "interp": [
        *(case(AT, XP, FP), case(AT, XP, FP, np.float64(-7), np.float64(9)), case(AT, XP, FP + 2j), case(AT[:4], XP[:1], FP[:1])),
        *(
            case(F4, XP, LINES[1][:4]),
            case(SCALAR, XP.astype(np.float32), FP),
            case(F8 * 9, np.array([7.0, 3, 1, -2]), np.array([1.0, 2, 3, 4]), period=5),
        ),
        *(case(np.float64(0.5) + np.zeros(2), XP, FP), case(I8, XP, C8[0, :4])),
    ],
    "cov": [
        *COVARIED,
        case(F8, fweights=COUNTS),
        case(F8, aweights=SHARES),
        case(F8, fweights=COUNTS, aweights=SHARES, ddof=1),
        case(F8, None, True, True, aweights=SHARES),
    ],
    "corrcoef": COVARIED[:14] + COVARIED[-1:],
    "correlate": SLID,
    "convolve": SLID,
}


@pytest.mark.parametrize("name", CASES)
def test_as_numpy_has_it(name):
    compare(getattr(statistics, name), getattr(np, name), CASES[name], tolerance=4)
    assert parameters(getattr(statistics, name)) == parameters(getattr(np, name))


def test_all_have_cases():
    assert set(CASES) == set(statistics.__all__) - {"CHECKS"}


REFUSED = {
    "diff": [case(F8, -1), case(SCALAR), case(F8, axis=2)],
    "ediff1d": [case(I8, F8[0]), case(PLAIN[0])],
    "interp": [case(AT, XP, FP[:3]), case(AT, EMPTY, EMPTY), case(AT, XP, FP, period=0), case(AT, F8, F8)],
    "cov": [
        case(np.zeros((1, 1, 1))),
        case(F8, ddof=0.5),
        case(F8, fweights=COUNTS[:3]),
        case(F8, aweights=F8),
        case(F8, np.zeros((1, 1, 1))),
    ],
    "correlate": [case(EMPTY, F8[0]), case(F8[0], F8[0], "most"), case(F8, F8)],
    "convolve": [case(F8[0], EMPTY), case(EMPTY, F8[0]), case(F8, F8), case(F8[0], F8[0], "most")],
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_as_numpy_does(name):
    for item in REFUSED[name]:
        with pytest.raises(Exception) as theirs:  # noqa: PT011  # which one is the question
            expect(getattr(np, name), item)
        with pytest.raises(theirs.type):
            run_all(getattr(statistics, name), [item])


def test_checks_see_negative_weights():
    assert has_failed(statistics.CHECKS["cov"], statistics.cov, F8, aweights=-SHARES)
    assert not has_failed(statistics.CHECKS["cov"], statistics.cov, F8, fweights=COUNTS)
    assert not has_failed(statistics.CHECKS["cov"], statistics.cov, F8)
