"""The generator: NumPy's, with draws that are recorded where they are large."""

from typing import Any

import numpy as np

from memarray.random import _positions
from memarray.random._draw import Draws, drawn
from memarray.random._multivariate import multivariate_normal


def _drawn(name: str) -> Any:
    return drawn(np.random.Generator, name)


class Generator(Draws):
    """A source of random numbers, as `numpy.random.Generator`.

    A draw of at most 16 MiB (and of at most an eighth of the memory limit, where one is set) is made at once, by NumPy: the numbers are
    those that NumPy gives for the seed. A larger one is recorded. It takes a key from NumPy's stream, and each of its numbers is computed
    from the key and its position when it is needed: the same for the same seed and the same draws before, however the program is split,
    but not NumPy's. `hypergeometric`, `multinomial` and `multivariate_hypergeometric` are always NumPy's, and their results have to fit
    under the limit; so do the positions, 8 bytes each, of `permutation`, `shuffle`, `permuted`, and `choice` without replacement.

    Parameters
    ----------
    bit_generator : numpy.random.BitGenerator
        What gives the random bits, such as `PCG64`.

    Examples
    --------
    >>> rng = memarray.random.Generator(memarray.random.PCG64(0))
    >>> with memarray.memory_limit("50MB"):
    ...     rng.normal(size=10**8).mean()
    """

    def __init__(self, bit_generator: Any) -> None:
        self._numpy = np.random.Generator(bit_generator)

    @property
    def bit_generator(self) -> np.random.BitGenerator:
        """What gives the random bits."""
        return self._numpy.bit_generator

    def __str__(self) -> str:
        return str(self._numpy)

    def __repr__(self) -> str:
        return f"{self} at 0x{id(self):X}"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled with the state of the bit generator."""
        return Generator, (self.bit_generator,)

    def spawn(self, n_children: int) -> list["Generator"]:
        """Independent generators."""
        return [Generator(each.bit_generator) for each in self._numpy.spawn(n_children)]

    def bytes(self, length: int) -> bytes:
        """Random bytes."""
        return self._numpy.bytes(length)

    # -- choosing and reordering --------------------------------------------------------------------------------------------------------

    def choice(self, a: Any, size: Any = None, replace: bool = True, p: Any = None, axis: int = 0, shuffle: bool = True) -> Any:
        """Elements of an array along an axis, or of ``range(a)``."""
        return _positions.choice(self._numpy, {"a": a, "size": size, "replace": replace, "p": p, "axis": axis, "shuffle": shuffle})

    def permutation(self, x: Any, axis: int = 0) -> Any:
        """``range(x)``, or the slices of an array along an axis, in random order."""
        return _positions.permutation(self._numpy, x, axis=axis)

    def permuted(self, x: Any, *, axis: int | None = None, out: Any = None) -> Any:
        """The elements in random order, each slice along the axis by itself."""
        return _positions.permuted(self._numpy, x, axis, out)

    def shuffle(self, x: Any, axis: int = 0) -> None:
        """Put the slices of an array along an axis, or the elements of a sequence, in random order, in place."""
        _positions.shuffle(self._numpy, x, axis=axis)

    # -- distributions ------------------------------------------------------------------------------------------------------------------

    def multivariate_normal(
        self, mean: Any, cov: Any, size: Any = None, check_valid: Any = "warn", tol: float = 1e-8, *, method: Any = "svd"
    ) -> Any:
        """Normal vectors with a mean and a covariance."""
        given = {"mean": mean, "cov": cov, "size": size, "check_valid": check_valid, "tol": tol, "method": method}
        return multivariate_normal(self._numpy, given)

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
    integers = _drawn("integers")
    laplace = _drawn("laplace")
    logistic = _drawn("logistic")
    lognormal = _drawn("lognormal")
    logseries = _drawn("logseries")
    multinomial = _drawn("multinomial")
    multivariate_hypergeometric = _drawn("multivariate_hypergeometric")
    negative_binomial = _drawn("negative_binomial")
    noncentral_chisquare = _drawn("noncentral_chisquare")
    noncentral_f = _drawn("noncentral_f")
    normal = _drawn("normal")
    pareto = _drawn("pareto")
    poisson = _drawn("poisson")
    power = _drawn("power")
    random = _drawn("random")
    rayleigh = _drawn("rayleigh")
    standard_cauchy = _drawn("standard_cauchy")
    standard_exponential = _drawn("standard_exponential")
    standard_gamma = _drawn("standard_gamma")
    standard_normal = _drawn("standard_normal")
    standard_t = _drawn("standard_t")
    triangular = _drawn("triangular")
    uniform = _drawn("uniform")
    vonmises = _drawn("vonmises")
    wald = _drawn("wald")
    weibull = _drawn("weibull")
    zipf = _drawn("zipf")


def default_rng(seed: Any = None) -> Generator:
    """A generator with NumPy's default bit generator.

    Parameters
    ----------
    seed : int, sequence of int, SeedSequence, BitGenerator, Generator or RandomState, optional
        As NumPy's; a generator of memarray's is returned as it is, one of NumPy's is shared.

    Returns
    -------
    Generator
    """
    if isinstance(seed, Generator):
        return seed
    if isinstance(seed, Draws):
        seed = seed._numpy
    return Generator(np.random.default_rng(seed).bit_generator)
