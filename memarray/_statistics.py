"""Correlations, histograms, interpolation, differences and polynomials."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from memarray._routine import Routine


def _wide(function: Callable[..., Any]) -> Callable[..., Any]:
    """Integers are taken in double precision, as in NumPy."""

    def compute(m: Any, *args: Any, **params: Any) -> Any:
        return function(m if jnp.issubdtype(m.dtype, jnp.inexact) else m.astype(float), *args, **params)

    return compute


convolve = Routine(np.convolve, jnp.convolve, "a v", grows=True)
corrcoef = Routine(np.corrcoef, _wide(jnp.corrcoef), "x y", grows=True)
correlate = Routine(np.correlate, jnp.correlate, "a v", grows=True)
cov = Routine(np.cov, _wide(jnp.cov), "m y fweights aweights", grows=True)
diff = Routine(np.diff, jnp.diff, "a prepend append")
ediff1d = Routine(np.ediff1d, jnp.ediff1d, "ary to_end to_begin")
interp = Routine(np.interp, jnp.interp, "x xp fp left right", grows=True)
polyadd = Routine(np.polyadd, jnp.polyadd, "a1 a2")
polyder = Routine(np.polyder, jnp.polyder, "p")
polyint = Routine(np.polyint, jnp.polyint, "p k")
polymul = Routine(np.polymul, jnp.polymul, "a1 a2", grows=True)
polysub = Routine(np.polysub, jnp.polysub, "a1 a2")
polyval = Routine(np.polyval, jnp.polyval, "p x", grows=True)
unwrap = Routine(np.unwrap, jnp.unwrap, "p")
vander = Routine(np.vander, jnp.vander, "x", grows=True)
