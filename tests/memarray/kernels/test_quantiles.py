"""Medians, quantiles and percentiles against NumPy's."""

import numpy as np
import pytest

from memarray._kernels import quantiles
from tests.memarray.kernels.comparing import case, compare, each, expect, has_failed, numbers, parameters, plain

METHODS = ("inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull", "linear")
METHODS = (*METHODS, "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest")
ODD, EVEN, SPICED = plain((3, 5)), plain((2, 6)), numbers((3, 4))
CUBE = plain((2, 3, 4), [np.float32])[0]
EMPTY, SCALAR = np.zeros((0, 3), np.float32), np.array(3, np.int8)
HOLES = np.array([[np.nan, 1, 2, 5, 3], [np.nan] * 5, [4, np.inf, -np.inf, 0, np.nan], [1, 2, 3, 4, 5]])
INFINITE = np.array([[np.inf, np.inf, -np.inf, -np.inf], [1, 2, np.inf, np.inf]], np.float32)
# Of ten elements, tenths are whole numbers of them: the discrete methods jump there.
TENTHS, TEN = np.arange(0, 11) / 10, np.arange(20.0).reshape(2, 10)[:, ::-1].copy()
WEIGHTS = np.array([0.5, 0, 1, 2, 0.25])
HOLE_WEIGHTS = np.stack([WEIGHTS] * 4)  # NumPy's nanquantile takes no others

MEDIANS = [
    *each(ODD),
    *each(EVEN, 1),
    *each(SPICED[5:], axis=0),
    *(case(CUBE, (0, -1), keepdims=True), case(SCALAR), case(EMPTY, 0), case(EMPTY, axis=1), case(HOLES, 1)),
    *(case(INFINITE, 1), case(np.full((1, 2), 60000, np.float16)), case(EVEN[0], keepdims=True), case(EVEN[1], axis=0)),
]


def _fractions(percent, axis=(2, 0)):
    scale = 100 if percent else 1
    return [
        *each(ODD[1:8], 0.4 * scale),
        *each(EVEN[1:8], np.array([0.1, 0.75]) * scale, 1),
        *each(EVEN[1:8], np.float32(0.3 * scale), 0, keepdims=True),
        *each(EVEN[5:8], np.array([0.1, 1.0], np.float32) * scale, 1),
        *each(ODD[:3], scale, method="lower"),
        *(
            case(CUBE, np.array([[0.2, 0.3]]) * scale, axis=axis, keepdims=True),
            case(SCALAR, 0.5 * scale),
            case(ODD[1], np.array([0, scale])),
        ),
        *(case(INFINITE, 0.5 * scale, 1), case(INFINITE, np.array([0.25, 1.0]) * scale, 1), case(EVEN[7], np.float64(1.0 * scale))),
        *(case(TEN, TENTHS * scale, 1, method=method) for method in METHODS),
        *(case(TEN, 0.3 * scale, 1, method=method) for method in METHODS),
        *(case(EVEN[1], np.array([0.5, 0.1, 1, 0]) * scale, 0, method=method) for method in METHODS),
        *(case(HOLES, np.array([0.5, 0.1, 1, 0]) * scale, 1, method=method) for method in METHODS),
        *(case(HOLES, np.array([0.5, 0.9]) * scale, axis, method="inverted_cdf", weights=HOLE_WEIGHTS) for axis in (1, -1)),
        *(
            case(ODD[1], np.array([0.0, 0.3, 1]) * scale, method="inverted_cdf", weights=np.ones((3, 5), np.int8)),
            case(TEN, TENTHS * scale, method="inverted_cdf", weights=TEN),
        ),
    ]


CASES = {
    "median": MEDIANS,
    "nanmedian": MEDIANS,
    "quantile": [*_fractions(percent=False), case(HOLES[3:], np.array([0.2, 0.5]), 1, method="inverted_cdf", weights=WEIGHTS)],
    "nanquantile": [*_fractions(percent=False, axis=1), case(EMPTY, 0.5, 0), case(EMPTY, np.array([0.5]), keepdims=True)],
    "percentile": _fractions(percent=True),
    "nanpercentile": [*_fractions(percent=True, axis=1), case(HOLES, 50.0), case(HOLES, np.array([20, 30]), 0)],
}


@pytest.mark.parametrize("name", CASES)
def test_as_numpy_has_it(name):
    compare(getattr(quantiles, name), getattr(np, name), CASES[name])
    assert parameters(getattr(quantiles, name)) == parameters(getattr(np, name))


REFUSED = [
    *(case(ODD[7], 1.5), case(ODD[9], 0.5), case(ODD[0], 0.5), case(ODD[7], 0.5, method="of all"), case(ODD[7], 0.5, weights=ODD[7])),
    *(
        case(SCALAR, 0.5, -1),
        case(ODD[7], 0.5, 2),
        case(ODD[7], 0.5, method="inverted_cdf", weights=WEIGHTS),
        case(ODD[7], np.zeros((1, 1, 1))),
    ),
    *(case(EMPTY, 0.5), case(ODD[7], 0.5, 0, method="inverted_cdf", weights=WEIGHTS)),
]


@pytest.mark.parametrize("item", REFUSED, ids=str)
def test_refuses_as_numpy_does(item):
    with pytest.raises(Exception) as theirs:  # noqa: PT011  # which one is the question
        expect(np.quantile, item)
    with pytest.raises(theirs.type):
        compare(quantiles.quantile, np.quantile, [item])


@pytest.mark.parametrize(("name", "highest"), [("quantile", 1), ("nanquantile", 1), ("percentile", 100), ("nanpercentile", 100)])
def test_checks_see_fractions_outside(name, highest):
    check, kernel = quantiles.CHECKS[name], getattr(quantiles, name)
    assert has_failed(check, kernel, ODD[7], np.array([0.5, highest + 1]))
    assert not has_failed(check, kernel, ODD[7], np.array([0.5, highest]))
