"""Correlations, histograms, interpolation, differences and polynomials."""

from typing import Any

import numpy as np

from memarray._array import ndarray
from memarray._creation import asarray
from memarray._host import WORK_FACTOR, run_on_host
from memarray._kernels import histograms, polynomials, statistics
from memarray._operators import functions
from memarray._routine import Routine


def _numpy_bincount(x: Any, /, weights: Any = None, minlength: int = 0, *, length: int) -> Any:
    return np.bincount(x, weights, minlength)


convolve = Routine(np.convolve, statistics.convolve, "a v", grows=True)
corrcoef = Routine(np.corrcoef, statistics.corrcoef, "x y", grows=True)
correlate = Routine(np.correlate, statistics.correlate, "a v", grows=True)
cov = Routine(np.cov, statistics.cov, "m y fweights aweights", grows=True)
diff = Routine(np.diff, statistics.diff, "a prepend append")
ediff1d = Routine(np.ediff1d, statistics.ediff1d, "ary to_end to_begin")
histogram2d = Routine(np.histogram2d, histograms.histogram2d, "x y weights")
interp = Routine(np.interp, statistics.interp, "x xp fp left right", grows=True)
polyadd = Routine(np.polyadd, polynomials.polyadd, "a1 a2")
polyder = Routine(np.polyder, polynomials.polyder, "p")
polyint = Routine(np.polyint, polynomials.polyint, "p k")
polymul = Routine(np.polymul, polynomials.polymul, "a1 a2", grows=True)
polysub = Routine(np.polysub, polynomials.polysub, "a1 a2")
polyval = Routine(np.polyval, polynomials.polyval, "p x", grows=True)
unwrap = Routine(np.unwrap, statistics.unwrap, "p")
vander = Routine(np.vander, polynomials.vander, "x", grows=True)
_bin_edges = Routine(np.histogram_bin_edges, histograms.histogram_bin_edges, "a weights")
_bincount = Routine(_numpy_bincount, histograms.bincount, "x weights", name="bincount", check=histograms.CHECKS["bincount"])
_histogram = Routine(np.histogram, histograms.histogram, "a weights", check=histograms.CHECKS["histogram"])


def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> ndarray:
    """How often each number occurs; evaluates the largest, which decides the length."""
    found = asarray(x)
    if found.ndim != 1 or found.dtype.kind not in "iub":
        np.bincount(np.ones((1,) * found.ndim, found.dtype))  # NumPy says what is wrong with it
    largest = int(functions["max"](found, initial=0)) if found.size else -1
    return _bincount(found, weights, minlength, length=largest + 1)


def histogram(a: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None) -> tuple[ndarray, ndarray]:
    """Counts in bins, and the edges. Evaluates only if the bins are to be chosen by their name in NumPy."""
    if isinstance(bins, str):
        return run_on_host(np.histogram, (a, bins, range, density, weights), {}, WORK_FACTOR, "histogram")
    return _histogram(a, bins, range, density, weights)


def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> ndarray:
    """The edges of `histogram`'s bins. Evaluates only if the bins are to be chosen by their name in NumPy."""
    if isinstance(bins, str):
        return run_on_host(np.histogram_bin_edges, (a, bins, range, weights), {}, WORK_FACTOR, "histogram_bin_edges")
    return _bin_edges(a, bins, range, weights)
