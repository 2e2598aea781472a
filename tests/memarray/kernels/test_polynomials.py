"""Functions of polynomials against NumPy's."""

import numpy as np
import pytest

from memarray._kernels import polynomials
from tests.memarray.kernels.comparing import case, compare, each, expect, parameters, plain, run_all

LINES, SHORT = plain((5,)), plain((3,), seed=1)
F4, F8, C16, I8 = LINES[6], LINES[7], LINES[9], LINES[2]
SCALAR, EMPTY = np.array(3, np.int8), np.zeros(0)
PAIRS = [case(*pair) for pair in zip(LINES, SHORT, strict=True)]

CASES = {
    "polyval": [
        *PAIRS,
        case(I8, F8.reshape(5, 1)),
        case(F8, SCALAR),
        case(EMPTY, F8),
        case(np.ones(70), F8 / 9),
        case(F4, F8),
        case(C16, F8),
    ],
    "polyadd": [*PAIRS, case(SHORT[7], LINES[1]), case(SCALAR, F8)],
    "polysub": [*PAIRS[1:], case(SHORT[7], LINES[1]), case(SCALAR, F8)],
    "polymul": [case(*(array + array.dtype.type(20) for array in pair.arguments)) for pair in PAIRS],
    "polyder": [*each(LINES), *each(LINES[5:], 2), case(F8, 0), case(F8, 4), case(F8, 7)],
    "polyint": [
        *each(LINES),
        *each(LINES[5:], 2),
        case(F8, 0),
        case(F8, 2, np.float64(3)),
        case(F4, 2, np.array([1, 2])),
        case(I8, 1, C16[:1]),
    ],
    "vander": [*each(LINES), case(F8, 3), case(F8, 0), case(I8, 4, True), case(F8, N=6, increasing=True), case(F8, 1)],
}


@pytest.mark.parametrize("name", CASES)
def test_as_numpy_has_it(name):
    compare(getattr(polynomials, name), getattr(np, name), CASES[name], tolerance=20)
    assert parameters(getattr(polynomials, name)) == parameters(getattr(np, name))


def test_all_have_cases():
    assert set(CASES) == set(polynomials.__all__)


def test_products_keep_leading_zeros():
    (product,) = run_all(polynomials.polymul, [case(np.array([0, 1.0]), np.array([0, 2.0, 1]))])
    np.testing.assert_array_equal(product, [0, 0, 2, 1])


REFUSED = {
    "polysub": [case(LINES[0], LINES[0])],
    "polyder": [case(F8, -1)],
    "polyint": [case(F8, -1), case(F8, 3, np.ones(2))],
    "vander": [case(np.ones((2, 3)))],
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_as_numpy_does(name):
    for item in REFUSED[name]:
        with pytest.raises(Exception) as theirs:  # noqa: PT011  # which one is the question
            expect(getattr(np, name), item)
        with pytest.raises(theirs.type):
            run_all(getattr(polynomials, name), [item])
