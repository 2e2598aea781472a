"""NumPy's older interface: `RandomState`, and the functions of a shared one."""

import warnings
from typing import Any

import numpy as np

from memarray.random import _positions
from memarray.random._draw import Draws, drawn, on_host
from memarray.random._multivariate import multivariate_normal


def _drawn(name: str) -> Any:
    return drawn(np.random.RandomState, name)


class RandomState(Draws):
    """A source of random numbers, as `numpy.random.RandomState`. Large draws are recorded; see `Generator`.

    Parameters
    ----------
    seed : int, array_like or numpy.random.BitGenerator, optional
        As NumPy's.
    """

    def __init__(self, seed: Any = None) -> None:
        self._numpy = np.random.RandomState(seed)

    @property
    def _bit_generator(self) -> Any:
        return self._numpy._bit_generator

    def __str__(self) -> str:
        return str(self._numpy)

    def __repr__(self) -> str:
        return f"{self} at 0x{id(self):X}"

    def __getstate__(self) -> Any:
        return self._numpy

    def __setstate__(self, state: Any) -> None:
        self._numpy = state

    def seed(self, seed: Any = None) -> None:
        """Start again from a seed."""
        self._numpy.seed(seed)

    def get_state(self, legacy: bool = True) -> Any:
        """The state of the bit generator."""
        return self._numpy.get_state(legacy=legacy)

    def set_state(self, state: Any) -> None:
        """Set the state of the bit generator."""
        self._numpy.set_state(state)

    def bytes(self, length: int) -> bytes:
        """Random bytes."""
        return self._numpy.bytes(length)

    # -- choosing and reordering --------------------------------------------------------------------------------------------------------

    def choice(self, a: Any, size: Any = None, replace: bool = True, p: Any = None) -> Any:
        """Elements of an array, or of ``range(a)``."""
        return _positions.choice(self._numpy, {"a": a, "size": size, "replace": replace, "p": p})

    def permutation(self, x: Any) -> Any:
        """``range(x)``, or the elements of an array along its first axis, in random order."""
        return _positions.permutation(self._numpy, x)

    def shuffle(self, x: Any) -> None:
        """Put the elements of an array along its first axis, or of a sequence, in random order, in place."""
        _positions.shuffle(self._numpy, x)

    # -- distributions ------------------------------------------------------------------------------------------------------------------

    def rand(self, *args: Any) -> Any:
        """Uniform numbers from 0 to below 1; the arguments are the shape."""
        return self.random_sample(args or None)

    def randn(self, *args: Any) -> Any:
        """Normal numbers; the arguments are the shape."""
        return self.standard_normal(args or None)

    def random_integers(self, low: Any, high: Any = None, size: Any = None) -> Any:
        """Integers from `low` to `high`, both of them possible; deprecated, as NumPy's."""
        given = on_host({"low": low, "high": high})
        low, high = (1, given["low"]) if high is None else (given["low"], given["high"])
        warnings.warn(f"This function is deprecated. Please call randint({low}, {high} + 1) instead", DeprecationWarning, stacklevel=2)
        return self.randint(low, int(high) + 1, size=size, dtype="l")

    def multivariate_normal(self, mean: Any, cov: Any, size: Any = None, check_valid: Any = "warn", tol: float = 1e-8) -> Any:
        """Normal vectors with a mean and a covariance."""
        return multivariate_normal(self._numpy, {"mean": mean, "cov": cov, "size": size, "check_valid": check_valid, "tol": tol})

    beta = _drawn("beta")
    binomial = _drawn("binomial")
    chisquare = _drawn("chisquare")
    dirichlet = _drawn("dirichlet")
    exponential = _drawn("exponential")
    f = _drawn("f")
    gamma = _drawn("gamma")
    geometric = _drawn("geometric")
    gumbel = _drawn("gumbel")
    hypergeometric = _drawn("hypergeometric")
    laplace = _drawn("laplace")
    logistic = _drawn("logistic")
    lognormal = _drawn("lognormal")
    logseries = _drawn("logseries")
    multinomial = _drawn("multinomial")
    negative_binomial = _drawn("negative_binomial")
    noncentral_chisquare = _drawn("noncentral_chisquare")
    noncentral_f = _drawn("noncentral_f")
    normal = _drawn("normal")
    pareto = _drawn("pareto")
    poisson = _drawn("poisson")
    power = _drawn("power")
    randint = _drawn("randint")
    random = _drawn("random")
    random_sample = _drawn("random_sample")
    rayleigh = _drawn("rayleigh")
    standard_cauchy = _drawn("standard_cauchy")
    standard_exponential = _drawn("standard_exponential")
    standard_gamma = _drawn("standard_gamma")
    standard_normal = _drawn("standard_normal")
    standard_t = _drawn("standard_t")
    tomaxint = _drawn("tomaxint")
    triangular = _drawn("triangular")
    uniform = _drawn("uniform")
    vonmises = _drawn("vonmises")
    wald = _drawn("wald")
    weibull = _drawn("weibull")
    zipf = _drawn("zipf")


shared = RandomState()


def seed(seed: Any = None) -> None:
    """Start the shared generator again from a seed."""
    if isinstance(shared._bit_generator, np.random.MT19937):
        shared.seed(seed)
        return
    raise TypeError(f"can only re-seed a MT19937 BitGenerator, not {type(shared._bit_generator).__name__}")


def get_bit_generator() -> Any:
    """The bit generator of the shared generator."""
    return shared._bit_generator


def set_bit_generator(bitgen: Any) -> None:
    """Make the functions of `memarray.random` use another bit generator."""
    shared._numpy = np.random.RandomState(bitgen)
