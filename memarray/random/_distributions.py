"""The distributions: one row each, saying what its parameters are, what NumPy requires of them, and how a large draw is computed."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from memarray._array import as_shape, ndarray
from memarray._creation import asarray
from memarray._graph import Op, host, is_traced, leaf
from memarray._kernels import random as kernels
from memarray._operators import functions

KNOWN_BYTES = 1 << 20  # parameters of up to so many bytes are looked at when a large draw is recorded, others when it is evaluated
FLOAT, INTEGER = np.dtype(np.float64), np.dtype(np.int64)
NEGATIVE, NOT_POSITIVE = "{0} < 0", "{0} <= 0"
NOT_0_TO_1 = "{0} < 0, {0} > 1 or {0} contains NaNs"
NOT_ABOVE_0_TO_1 = "{0} <= 0, {0} > 1 or {0} contains NaNs"
NOT_0_TO_BELOW_1 = "{0} < 0, {0} >= 1 or {0} contains NaNs"
NOT_ABOVE_1 = "{0} <= 1 or {0} contains NaNs"
NOT_A_RATE = "{0} < 0 or {0} contains NaNs"

_fails: dict[str, Callable[[Any], Any]] = {
    NEGATIVE: lambda x: x < 0,
    NOT_POSITIVE: lambda x: ~(x > 0),
    NOT_0_TO_1: lambda x: ~((x >= 0) & (x <= 1)),
    NOT_ABOVE_0_TO_1: lambda x: ~((x > 0) & (x <= 1)),
    NOT_0_TO_BELOW_1: lambda x: ~((x >= 0) & (x < 1)),
    NOT_ABOVE_1: lambda x: ~(x > 1),
    NOT_A_RATE: lambda x: ~(x >= 0),
}


@dataclass(frozen=True)
class Prepared:
    """What a large draw is recorded with: operands, static options, and what must not be true at evaluation, with the words for it."""

    operands: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)
    checks: tuple[tuple[ndarray, str], ...] = ()


@dataclass(frozen=True, eq=False)
class Distribution:
    """One distribution.

    `kernel` computes a large draw; None where there is no such form. `required` says of each parameter when NumPy refuses it. Where the
    parameters are vectors, `is_vector`, the result is of vectors as well.
    """

    parameters: tuple[str, ...]
    kernel: Callable[..., Any] | None
    dtype: np.dtype[Any] = FLOAT
    required: tuple[str, ...] = ()
    is_vector: bool = False
    options: Callable[..., dict[str, Any]] = lambda *values: {}  # of the values that are known, None for those that are not
    prepared: Callable[[dict[str, Any]], Prepared] | None = None

    def spec(self, given: dict[str, Any]) -> tuple[tuple[int, ...], np.dtype[Any]] | None:
        """Shape and dtype of the result; None where NumPy has to say what is wrong."""
        try:
            dtype = np.dtype(given.get("dtype", self.dtype))
            size = None if given["size"] is None else as_shape(given["size"])
            shapes = [np.shape(given[name]) for name in self.parameters if given[name] is not None]
            vector = shapes.pop() if self.is_vector else ()
            extra = [each for each in (size, None if given.get("out") is None else np.shape(given["out"])) if each is not None]
            shape = np.broadcast_shapes(*shapes, vector[:-1], *extra)
        except (TypeError, ValueError, IndexError):
            return None
        is_good = dtype.kind in "iub" or dtype in (np.float32, np.float64)
        return (shape + vector[-1:], dtype) if is_good and all(shape == each and min(each, default=0) >= 0 for each in extra) else None

    def prepare(self, given: dict[str, Any]) -> Prepared:
        """The operands of a large draw, in double precision, and what is to be checked of those that are not there yet."""
        if self.prepared is not None:
            return self.prepared(given)
        values = [given[name] for name in self.parameters]
        found = list(map(known, values))
        is_checked = any(value is None for value in found)
        checks = zip(self.parameters, values, self.required, strict=False) if is_checked else ()
        return Prepared(
            tuple(_operand(value, each) for value, each in zip(values, found, strict=True)),
            self.options(*found),
            tuple((functions["any"](_fails[rule](asarray(value))), rule.format(name)) for name, value, rule in checks if rule),
        )

    @functools.cached_property
    def op(self) -> Op:
        """The recorded operation."""
        assert self.kernel is not None
        return Op(self.kernel.__name__, functools.partial(_run, self.kernel), functools.partial(_run_at_once, self.kernel))


def known(value: Any) -> np.ndarray[Any, Any] | None:
    """A parameter that is there, and small enough to look at; None for others, and for what stands for one in somebody's trace."""
    if not isinstance(value, (ndarray, jax.Array)):
        found = np.asarray(value)
    else:
        node = asarray(value)._node()
        if node.value is None or is_traced(node):
            return None
        found = host(node)
    return found if found.nbytes <= KNOWN_BYTES else None


def _operand(value: Any, found: np.ndarray[Any, Any] | None) -> Any:
    """A constant of the program for a number, a node for an array."""
    if found is not None:
        return leaf(np.array(found, FLOAT)) if found.ndim else FLOAT.type(found)
    node = asarray(value)._node()
    if not np.can_cast(node.dtype, FLOAT, "same_kind"):
        raise TypeError(f"Cannot cast array data from {node.dtype!r} to {FLOAT!r} according to the rule 'same_kind'")
    return node


def _run(kernel: Callable[..., Any], key: Any, *values: Any, shape: tuple[int, ...], dtype: np.dtype[Any], **options: Any) -> Any:
    options = options if kernel is not kernels.random else {"dtype": dtype}
    operands = [jnp.asarray(value) for value in values]
    if kernel is not kernels.integers:
        operands = [value.astype(FLOAT) for value in operands]
    found = kernel(kernels.Stream((key[0], key[1]), shape), *operands, **options)
    return jnp.broadcast_to(found, shape).astype(dtype)


def _run_at_once(kernel: Callable[..., Any], *values: Any, **params: Any) -> Any:
    with jax.enable_x64(True):
        return np.asarray(_run(kernel, *map(jnp.asarray, values), **params))


# -- what decides which parts of a kernel are needed ------------------------------------------------------------------------------------


def _branches(means: Any) -> dict[str, Any]:
    """Which ways of drawing a count are needed for the means; both where they are not known."""
    if means is None:
        return {"branches": "both"}
    is_small = np.asarray(means) < kernels.SMALL_MEAN
    return {"branches": "small" if is_small.all() else "both" if is_small.any() else "large"}


def _poisson_branches(lam: Any) -> dict[str, Any]:
    return _branches(lam)


def _noncentral_branches(*values: Any) -> dict[str, Any]:
    return _branches(None if values[-1] is None else values[-1] / 2.0)


def _binomial_branches(n: Any, p: Any) -> dict[str, Any]:
    return _branches(None if n is None or p is None else n * np.minimum(p, 1.0 - p))


def _prepared_integers(given: dict[str, Any]) -> Prepared:
    low, high = (0, given["low"]) if given["high"] is None else (given["low"], given["high"])
    more = int(given.get("endpoint", False))
    found = known(low), known(high)
    if all(each is not None and each.ndim == 0 for each in found):
        first, last = (int(each) for each in found if each is not None)
        span = last - first + more
        return Prepared((np.uint64(first % 2**64), np.uint64(span % 2**64)), {"wide": span > 2**32})
    arrays: tuple[Any, Any] = asarray(low), asarray(high)
    span = _as_words(arrays[1]) - _as_words(arrays[0]) + np.uint64(more)
    checks: tuple[tuple[ndarray, str], ...] = ()
    if any(each is None for each in found):
        is_refused = arrays[0] > arrays[1] if more else arrays[0] >= arrays[1]
        checks = ((functions["any"](is_refused), "low > high" if more else "low >= high"),)
    return Prepared((_as_words(arrays[0])._node(), span._node()), {"wide": np.dtype(given["dtype"]).itemsize > 4}, checks)


def _as_words(value: Any) -> Any:
    """Integers modulo 2**64."""
    return value.astype(value.dtype if value.dtype.kind in "iu" else np.int64, copy=False).astype(np.uint64, copy=False)


def _row(kernel: Any, parameters: str = "", required: Sequence[str] = (), **more: Any) -> Distribution:
    return Distribution(tuple(parameters.split()), kernel, required=tuple(required), **more)


_random = _row(kernels.random)
_integers = _row(kernels.integers, "low high", dtype=INTEGER, prepared=_prepared_integers)

# fmt: off
DISTRIBUTIONS: dict[str, Distribution] = {
    "beta": _row(kernels.beta, "a b", (NOT_POSITIVE, NOT_POSITIVE)),
    "binomial": _row(kernels.binomial, "n p", (NEGATIVE, NOT_0_TO_1), dtype=INTEGER, options=_binomial_branches),
    "chisquare": _row(kernels.chisquare, "df", (NOT_POSITIVE,)),
    "dirichlet": _row(kernels.dirichlet, "alpha", (NEGATIVE,), is_vector=True),
    "exponential": _row(kernels.exponential, "scale", (NEGATIVE,)),
    "f": _row(kernels.f, "dfnum dfden", (NOT_POSITIVE, NOT_POSITIVE)),
    "gamma": _row(kernels.gamma, "shape scale", (NEGATIVE, NEGATIVE)),
    "geometric": _row(kernels.geometric, "p", (NOT_ABOVE_0_TO_1,), dtype=INTEGER),
    "gumbel": _row(kernels.gumbel, "loc scale", ("", NEGATIVE)),
    "hypergeometric": _row(None, "ngood nbad nsample", dtype=INTEGER),
    "integers": _integers,
    "laplace": _row(kernels.laplace, "loc scale", ("", NEGATIVE)),
    "logistic": _row(kernels.logistic, "loc scale", ("", NEGATIVE)),
    "lognormal": _row(kernels.lognormal, "mean sigma", ("", NEGATIVE)),
    "logseries": _row(kernels.logseries, "p", (NOT_0_TO_BELOW_1,), dtype=INTEGER),
    "multinomial": _row(None, "n pvals", dtype=INTEGER, is_vector=True),
    "multivariate_hypergeometric": _row(None, "colors", dtype=INTEGER, is_vector=True),
    "negative_binomial": _row(kernels.negative_binomial, "n p", (NOT_POSITIVE, NOT_ABOVE_0_TO_1), dtype=INTEGER),
    "noncentral_chisquare": _row(kernels.noncentral_chisquare, "df nonc", (NOT_POSITIVE, NEGATIVE), options=_noncentral_branches),
    "noncentral_f": _row(kernels.noncentral_f, "dfnum dfden nonc", (NOT_POSITIVE, NOT_POSITIVE, NEGATIVE), options=_noncentral_branches),
    "normal": _row(kernels.normal, "loc scale", ("", NEGATIVE)),
    "pareto": _row(kernels.pareto, "a", (NOT_POSITIVE,)),
    "poisson": _row(kernels.poisson, "lam", (NOT_A_RATE,), dtype=INTEGER, options=_poisson_branches),
    "power": _row(kernels.power, "a", (NOT_POSITIVE,)),
    "randint": _integers,
    "random": _random,
    "random_sample": _random,
    "rayleigh": _row(kernels.rayleigh, "scale", (NEGATIVE,)),
    "standard_cauchy": _row(kernels.standard_cauchy),
    "standard_exponential": _row(kernels.standard_exponential),
    "standard_gamma": _row(kernels.standard_gamma, "shape", (NEGATIVE,)),
    "standard_normal": _row(kernels.standard_normal),
    "standard_t": _row(kernels.standard_t, "df", (NOT_POSITIVE,)),
    "tomaxint": _row(None, dtype=INTEGER),
    "triangular": _row(kernels.triangular, "left mode right"),
    "uniform": _row(kernels.uniform, "low high"),
    "vonmises": _row(kernels.vonmises, "mu kappa", ("", NEGATIVE)),
    "wald": _row(kernels.wald, "mean scale", (NOT_POSITIVE, NOT_POSITIVE)),
    "weibull": _row(kernels.weibull, "a", (NEGATIVE,)),
    "zipf": _row(kernels.zipf, "a", (NOT_ABOVE_1,), dtype=INTEGER),
}
# fmt: on
