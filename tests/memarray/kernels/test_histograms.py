"""Histograms and counts against NumPy's."""

from functools import partial

import numpy as np
import pytest

from memarray._kernels import histograms
from tests.memarray.kernels.comparing import FLOATS, case, compare, each, expect, has_failed, parameters, plain, run_all

PLAIN = plain((4, 6))[:8]
F8, I8, F4 = PLAIN[7], PLAIN[2], PLAIN[6]
WEIGHTS = plain((4, 6), [np.float64, np.int8, np.complex128, np.float32], seed=2)
EDGES, REPEATED = np.array([-1.0, -0.5, 0.25, 1.0]), np.array([0, 1, 1, 4, 4])
ODD = np.array([0.0, 1, 1, np.nan, np.inf, 4, 0.5, -np.inf])
TENTHS = np.arange(-10, 31) / 10
EMPTY = np.zeros(0)

COUNTED = [
    *each(PLAIN, range=(-1, 2)),
    *(
        case(F8, 5, (-1.0, 1.0)),
        case(F8, 5, density=True, range=(-2, 2)),
        case(TENTHS, 10, (0.0, 1.0)),
        case(TENTHS, 30, (0, 3)),
        case(TENTHS, 7, (1, 1)),
    ),
    *(case(F8, EDGES), case(I8, REPEATED), case(ODD, REPEATED), case(ODD, 4, (0, 4)), case(F4, EDGES), case(F8, 3, (0, 1), weights=F8)),
    *(case(I8, EDGES, weights=weights) for weights in WEIGHTS),
    *(case(F8, 4, (-1, 1), density=True, weights=weights) for weights in WEIGHTS[:2]),
    *(case(EMPTY, 4), case(EMPTY, EDGES), case(F8, EDGES, density=True)),
]
# Integers lie on edges that the data make themselves.
FROM_DATA = [
    *each(plain((40,))[1:8]),
    *(case(plain((60,), [dtype], seed=seed)[0], bins) for dtype in (np.int64, np.uint8) for seed, bins in ((1, 7), (2, 12))),
    case(np.full(3, 2.0)),
    case(np.array([1, 1])),
    case(F8, 3, weights=F8),
    case(F8, density=True),
]

CASES = {
    "histogram": COUNTED + FROM_DATA,
    "histogram_bin_edges": [item for item in COUNTED + FROM_DATA if "density" not in item.params],
    "histogram2d": [
        *(case(I8, F8, 3, ((-9, 9), (-1, 1))) for I8, F8 in [(I8[0], F8[0])]),
        *(
            case(F8[0], F8[1], (2, 3), ((-1, 1), (-2, 2)), weights=F8[2]),
            case(F8[0], F8[1], EDGES),
            case(F8[0], F8[1], (EDGES, 3), (None, (-1, 1)), True),
        ),
        *(case(F8[0], F8[1]), case(F4[0], F4[1], 3), case(F8[0], F8[1], (EDGES, EDGES * 2))),
    ],
    "histogramdd": [
        *(case(F8.T.copy(), 2, ((-1, 1),) * 4), case((F8[0], I8[0]), (3, REPEATED), ((-1, 1), None)), case(F8[0], 3, ((-1, 1),))),
        *(case(F8[:, :3].copy(), (2, EDGES, 3), density=True), case(I8.T.copy(), 2), case((F8[0], F8[1]), 3, weights=F8[2], density=True)),
    ],
}


@pytest.mark.parametrize("name", CASES)
def test_as_numpy_has_it(name):
    compare(getattr(histograms, name), getattr(np, name), CASES[name], tolerance=4)
    assert parameters(getattr(histograms, name)) == parameters(getattr(np, name))


INDICES = [array.reshape(-1) for array in plain((2, 4), [np.bool_, np.uint8, np.uint16, np.uint32])]


def test_bincount_of_a_known_length():
    cases = [*each(INDICES), case(INDICES[1], minlength=20), *(case(INDICES[1], np.arange(8, dtype=dtype)) for dtype in (*FLOATS, np.int8))]
    cases += [case(EMPTY.astype(np.int64), minlength=3), case(INDICES[1].astype(np.int64), minlength=3), case(EMPTY.astype(np.int64))]
    for item in cases:
        known = partial(histograms.bincount, length=len(expect(np.bincount, item)))
        compare(known, np.bincount, [item])


REFUSED = {
    "histogram": [
        *(case(F8, 0), case(F8, 2.5), case(F8, 3, (1, 0)), case(F8, 3, (0, np.inf)), case(F8, weights=F8[0]), case(F8, F8)),
    ],
    "histogram2d": [case(F8[0], F8[1, :3]), case(F8[0], F8[1], (1, F8))],
    "histogramdd": [case(F8, 3, ((0, 1),)), case(F8, (3, 3)), case(F8, 0)],
    "bincount": [case(F8[0]), case(I8), case(INDICES[1], minlength=-1), case(INDICES[1], np.ones(3))],
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_as_numpy_does(name):
    for item in REFUSED[name]:
        with pytest.raises(Exception) as theirs:  # noqa: PT011  # which one is the question
            expect(getattr(np, name), item)
        with pytest.raises(theirs.type):
            run_all(partial(histograms.bincount, length=3) if name == "bincount" else getattr(histograms, name), [item])


def test_bins_that_depend_on_data_are_refused():
    with pytest.raises(NotImplementedError, match="'auto' depends on data"):
        run_all(histograms.histogram, [case(F8, "auto")])


def test_checks_see_what_depends_on_data():
    check = histograms.CHECKS["histogram"]
    assert has_failed(check, histograms.histogram, F8, np.array([0, 2, 1]))
    assert has_failed(check, histograms.histogram, ODD, 3)
    assert not has_failed(check, histograms.histogram, F8, 3)
    assert has_failed(histograms.CHECKS["histogramdd"], histograms.histogramdd, (F8[0], ODD[:6]), 3)
    assert has_failed(histograms.CHECKS["histogram2d"], histograms.histogram2d, F8[0], ODD[:6], 3)
    assert has_failed(histograms.CHECKS["histogram_bin_edges"], histograms.histogram_bin_edges, ODD)
    assert has_failed(histograms.CHECKS["bincount"], histograms.bincount, np.array([0, -1]), length=3)
    assert not has_failed(histograms.CHECKS["bincount"], histograms.bincount, np.array([0, 1]), length=3)


def test_edges_made_by_the_data_are_numpys_to_the_last_bit():
    cases = [case(array, bins) for array in (*plain((50,), [np.int64, np.float64, np.float32], seed=5), I8) for bins in (7, 10, 49)]
    for result, item in zip(run_all(histograms.histogram_bin_edges, cases), cases, strict=True):
        np.testing.assert_array_equal(result, expect(np.histogram_bin_edges, item))
