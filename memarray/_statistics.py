"""Correlations, histograms, interpolation, differences and polynomials."""

import numpy as np

from memarray._kernels import statistics as kernels
from memarray._routine import Routine

convolve = Routine(np.convolve, kernels.convolve, "a v", grows=True)
corrcoef = Routine(np.corrcoef, kernels.corrcoef, "x y", grows=True)
correlate = Routine(np.correlate, kernels.correlate, "a v", grows=True)
cov = Routine(np.cov, kernels.cov, "m y fweights aweights", grows=True)
diff = Routine(np.diff, kernels.diff, "a prepend append")
ediff1d = Routine(np.ediff1d, kernels.ediff1d, "ary to_end to_begin")
interp = Routine(np.interp, kernels.interp, "x xp fp left right", grows=True)
polyadd = Routine(np.polyadd, kernels.polyadd, "a1 a2")
polyder = Routine(np.polyder, kernels.polyder, "p")
polyint = Routine(np.polyint, kernels.polyint, "p k")
polymul = Routine(np.polymul, kernels.polymul, "a1 a2", grows=True)
polysub = Routine(np.polysub, kernels.polysub, "a1 a2")
polyval = Routine(np.polyval, kernels.polyval, "p x", grows=True)
unwrap = Routine(np.unwrap, kernels.unwrap, "p")
vander = Routine(np.vander, kernels.vander, "x", grows=True)
