"""Random numbers of which each is a function of a key and its own position, so that a draw can be computed in pieces of any size.

A draw has a key of two words. Threefry-2x32 turns the key and the position of an element into 64 random bits; what needs more of them takes
keys that are derived from the draw's. All is written out, element by element: XLA makes one loop of it, and of what is computed from it.

References
----------
Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = np.uint32(0x1BD11BDA)
_ONE = np.uint64(0x3FF0000000000000)  # the bits of 1.0
_MANTISSA = np.uint64((1 << 52) - 1)
_HALF_STEP = 2.0**-53
SMALL_MEAN = 10.0  # below, counts are drawn by the inverse of the distribution function


def threefry(key: tuple[Any, Any], count: tuple[Any, Any]) -> tuple[Any, Any]:
    """Two words for a key of two words and a count of two words, in the 20 rounds of the paper."""
    keys = (*key, key[0] ^ key[1] ^ _PARITY)
    first, second = count[0] + keys[0], count[1] + keys[1]
    for block in range(5):
        for bits in _ROTATIONS[block % 2]:
            first = first + second
            second = _rotated(second, bits) ^ first
        first = first + keys[(block + 1) % 3]
        second = second + keys[(block + 2) % 3] + np.uint32(block + 1)
    return first, second


def _rotated(word: Any, bits: int) -> Any:
    return (word << np.uint32(bits)) | (word >> np.uint32(32 - bits))


@dataclass(frozen=True)
class Stream:
    """64 random bits for each element of a shape, and further streams of the same shape."""

    key: tuple[Any, Any]
    shape: tuple[int, ...]

    def child(self, number: int) -> "Stream":
        """An independent stream. The bits of the stream itself and those of its children are not to be used together."""
        return Stream(threefry(self.key, (np.uint32(number), np.uint32(0x5EED))), self.shape)

    def words(self) -> tuple[Any, Any]:
        """Two words for each element."""
        position = _positions(self.shape)
        return threefry(self.key, ((position >> np.uint64(32)).astype(np.uint32), position.astype(np.uint32)))

    def bits(self) -> Any:
        """64 bits for each element."""
        return _joined(self.words())

    def uniform(self) -> Any:
        """Multiples of 2**-53, from 0 to below 1."""
        return _uniform(self.words())

    def inner_uniform(self) -> Any:
        """Odd multiples of 2**-53: neither 0 nor 1."""
        return _inner_uniform(self.words())

    def exponential(self) -> Any:
        """From the exponential distribution."""
        return -jnp.log(1.0 - self.uniform())

    def normal(self) -> Any:
        """From the normal distribution."""
        return _normal(self.words())


def _positions(shape: tuple[int, ...]) -> Any:
    """The position of each element in C order."""
    found = lax.broadcasted_iota(np.uint64, shape, len(shape) - 1)
    for dim in range(len(shape) - 1):
        found = found + lax.broadcasted_iota(np.uint64, shape, dim) * np.uint64(math.prod(shape[dim + 1 :]))
    return found


def _joined(words: tuple[Any, Any]) -> Any:
    return (words[0].astype(np.uint64) << np.uint64(32)) | words[1].astype(np.uint64)


def _uniform(words: tuple[Any, Any]) -> Any:
    return (_joined(words) >> np.uint64(11)).astype(np.int64).astype(np.float64) * 2.0**-53


def _inner_uniform(words: tuple[Any, Any]) -> Any:
    between_1_and_2 = lax.bitcast_convert_type((_joined(words) & _MANTISSA) | _ONE, np.float64)
    return between_1_and_2 - 1.0 + _HALF_STEP


def _normal(words: tuple[Any, Any]) -> Any:
    return math.sqrt(2.0) * lax.erf_inv(2.0 * _inner_uniform(words) - 1.0)


def _settled(pending: Any, state: tuple[Any, ...], step: Callable[..., tuple[Any, ...]]) -> tuple[Any, ...]:
    """Repeat ``pending, *state = step(*state)``, each element for as long as it is pending.

    In the form that `jax.vmap` gives to loops, which can be cut along the elements: a piece of them goes on without the others.
    """

    def again(carried: tuple[Any, ...]) -> tuple[Any, ...]:
        unsettled = carried[0]
        return tuple(lax.select(unsettled, new, old) for new, old in zip(step(*carried[1:]), carried, strict=True))

    return lax.while_loop(lambda carried: jnp.any(carried[0]), again, (pending, *state))[1:]


def _proposed(stream: Stream, pending: Any, propose: Callable[..., tuple[Any, Any]], draws: int) -> Any:
    """Rejection: ``accepted, value = propose(*words)`` with fresh words until it is accepted; 0 for what was not pending."""
    key = stream.words()

    def step(count: Any, _: Any) -> tuple[Any, ...]:
        accepted, value = propose(*(threefry(key, (count, jnp.full_like(count, number))) for number in range(draws)))
        return ~accepted, count + np.uint32(1), jnp.broadcast_to(value, stream.shape)

    start = jnp.zeros(stream.shape, np.uint32), jnp.zeros(stream.shape, np.float64)
    return _settled(jnp.broadcast_to(pending, stream.shape), start, step)[1]


# -- continuous ------------------------------------------------------------------------------------------------------------------------


def random(stream: Stream, *, dtype: np.dtype[Any]) -> Any:
    """Uniform from 0 to below 1, with as many bits as the dtype has."""
    if dtype == np.float32:
        return (stream.words()[0] >> np.uint32(8)).astype(np.int32).astype(np.float32) * np.float32(2.0**-24)
    return stream.uniform()


def uniform(stream: Stream, low: Any, high: Any) -> Any:
    """Uniform from `low` to `high`."""
    return low + (high - low) * stream.uniform()


def standard_normal(stream: Stream) -> Any:
    """Normal, by the inverse of the distribution function."""
    return stream.normal()


def normal(stream: Stream, loc: Any, scale: Any) -> Any:
    """Normal with mean `loc` and standard deviation `scale`."""
    return loc + scale * stream.normal()


def lognormal(stream: Stream, mean: Any, sigma: Any) -> Any:
    """The exponential of a normal number."""
    return jnp.exp(mean + sigma * stream.normal())


def standard_exponential(stream: Stream) -> Any:
    """Exponential."""
    return stream.exponential()


def exponential(stream: Stream, scale: Any) -> Any:
    """Exponential with mean `scale`."""
    return scale * stream.exponential()


def laplace(stream: Stream, loc: Any, scale: Any) -> Any:
    """Two-sided exponential."""
    u = stream.inner_uniform()
    return loc + scale * jnp.where(u < 0.5, jnp.log(2.0 * u), -jnp.log(2.0 - 2.0 * u))


def logistic(stream: Stream, loc: Any, scale: Any) -> Any:
    """Logistic."""
    u = stream.inner_uniform()
    return loc + scale * jnp.log(u / (1.0 - u))


def gumbel(stream: Stream, loc: Any, scale: Any) -> Any:
    """Gumbel."""
    return loc - scale * jnp.log(-jnp.log(stream.inner_uniform()))


def standard_cauchy(stream: Stream) -> Any:
    """Cauchy, by the inverse of the distribution function."""
    return jnp.tan(math.pi * (stream.inner_uniform() - 0.5))


def rayleigh(stream: Stream, scale: Any) -> Any:
    """Rayleigh."""
    return scale * jnp.sqrt(2.0 * stream.exponential())


def weibull(stream: Stream, a: Any) -> Any:
    """Weibull; 0 where `a` is."""
    return jnp.where(a == 0, 0.0, stream.exponential() ** (1.0 / jnp.where(a == 0, 1.0, a)))


def pareto(stream: Stream, a: Any) -> Any:
    """Pareto of the second kind, from 0 on."""
    return jnp.expm1(stream.exponential() / a)


def power(stream: Stream, a: Any) -> Any:
    """Density ``a * x**(a - 1)`` from 0 to 1."""
    return stream.uniform() ** (1.0 / a)


def triangular(stream: Stream, left: Any, mode: Any, right: Any) -> Any:
    """Triangular, by the inverse of the distribution function."""
    u = stream.uniform()
    base, first = right - left, mode - left
    rising = left + jnp.sqrt(u * first * base)
    falling = right - jnp.sqrt((1.0 - u) * (right - mode) * base)
    return jnp.where(u <= first / base, rising, falling)


def wald(stream: Stream, mean: Any, scale: Any) -> Any:
    """Inverse Gaussian (Michael, Schucany and Haas), the smaller root in a form that loses no digits."""
    y = mean * stream.child(0).normal() ** 2
    q = 4.0 * scale / y
    x = mean * q / (jnp.sqrt(1.0 + q) + 1.0) ** 2
    return jnp.where(stream.child(1).uniform() <= mean / (mean + x), x, mean * mean / x)


def vonmises(stream: Stream, mu: Any, kappa: Any) -> Any:
    """Von Mises, by rejection (Best and Fisher); a wrapped normal where it is that narrow, uniform where it is that flat."""
    tight = jnp.clip(kappa, 1e-5, 1e6)
    r = 1.0 + jnp.sqrt(1.0 + 4.0 * tight * tight)
    rho = (r - jnp.sqrt(2.0 * r)) / (2.0 * tight)
    s = jnp.where(kappa < 1e-5, 1.0 / jnp.maximum(kappa, 1e-8) + kappa, (1.0 + rho * rho) / (2.0 * rho))

    def propose(first: Any, second: Any) -> tuple[Any, Any]:
        z = jnp.cos(math.pi * _inner_uniform(first))
        w = (1.0 + s * z) / (s + z)
        y, v = kappa * (s - w), _inner_uniform(second)
        return (y * (2.0 - y) - v >= 0) | (jnp.log(y / v) + 1.0 - y >= 0), w

    w = _proposed(stream.child(0), (kappa >= 1e-8) & (kappa <= 1e6), propose, 2)
    u = stream.child(1).inner_uniform()
    angle = jnp.where(u < 0.5, -1.0, 1.0) * jnp.arccos(jnp.clip(w, -1.0, 1.0))
    angle = jnp.where(kappa < 1e-8, math.pi * (2.0 * u - 1.0), angle)
    angle = jnp.where(kappa > 1e6, stream.child(2).normal() / jnp.sqrt(jnp.maximum(kappa, 1.0)), angle)
    return jnp.remainder(angle + mu + math.pi, 2.0 * math.pi) - math.pi


# -- of the gamma family ---------------------------------------------------------------------------------------------------------------


def _log_gamma(stream: Stream, shape: Any) -> Any:
    """The logarithm of gamma numbers, which may be too small for numbers: Marsaglia and Tsang; below 1, times a power of a uniform one."""
    is_small = shape < 1.0
    raised = jnp.where(is_small, shape + 1.0, shape)
    d = raised - 1.0 / 3.0
    c = 1.0 / jnp.sqrt(9.0 * d)

    def propose(first: Any, second: Any) -> tuple[Any, Any]:
        x = _normal(first)
        v = (1.0 + c * x) ** 3
        log_v = jnp.log(v)
        return (v > 0) & (jnp.log(_inner_uniform(second)) < 0.5 * x * x + d * (1.0 - v + log_v)), log_v

    log_v = _proposed(stream.child(0), (shape > 0) & jnp.isfinite(shape), propose, 2)
    boost = jnp.log(stream.child(1).inner_uniform()) / jnp.where(is_small, shape, 1.0)
    return jnp.log(d) + log_v + jnp.where(is_small, boost, 0.0)


def standard_gamma(stream: Stream, shape: Any) -> Any:
    """Gamma; 0 where the shape is."""
    found = jnp.exp(_log_gamma(stream, shape))
    return jnp.where(shape == 0, 0.0, jnp.where(jnp.isinf(shape), jnp.inf, found))


def gamma(stream: Stream, shape: Any, scale: Any) -> Any:
    """Gamma, scaled."""
    return scale * standard_gamma(stream, shape)


def beta(stream: Stream, a: Any, b: Any) -> Any:
    """Beta: the share that one gamma number has in the sum of two."""
    difference = _log_gamma(stream.child(1), b) - _log_gamma(stream.child(0), a)
    return 1.0 / (1.0 + jnp.exp(difference))


def chisquare(stream: Stream, df: Any) -> Any:
    """Chi-square."""
    return 2.0 * standard_gamma(stream, df / 2.0)


def noncentral_chisquare(stream: Stream, df: Any, nonc: Any, *, branches: str = "both") -> Any:
    """Chi-square with two degrees of freedom more for each event of a Poisson process."""
    events = poisson(stream.child(0), nonc / 2.0, branches=branches)
    return chisquare(stream.child(1), df + 2.0 * events)


def f(stream: Stream, dfnum: Any, dfden: Any) -> Any:
    """The ratio of two chi-square numbers, each by its degrees of freedom."""
    return (chisquare(stream.child(0), dfnum) / dfnum) / (chisquare(stream.child(1), dfden) / dfden)


def noncentral_f(stream: Stream, dfnum: Any, dfden: Any, nonc: Any, *, branches: str = "both") -> Any:
    """As `f`, the numerator not central."""
    numerator = noncentral_chisquare(stream.child(0), dfnum, nonc, branches=branches) / dfnum
    return numerator / (chisquare(stream.child(1), dfden) / dfden)


def standard_t(stream: Stream, df: Any) -> Any:
    """Student's t."""
    return stream.child(0).normal() / jnp.sqrt(chisquare(stream.child(1), df) / df)


def dirichlet(stream: Stream, alpha: Any) -> Any:
    """Dirichlet: gamma numbers by their sum, along the last dimension."""
    logs = jnp.where(alpha == 0, -jnp.inf, _log_gamma(stream, alpha))
    shares = jnp.exp(logs - jnp.max(logs, axis=-1, keepdims=True))
    return shares / jnp.sum(shares, axis=-1, keepdims=True)


# -- discrete --------------------------------------------------------------------------------------------------------------------------


def integers(stream: Stream, low: Any, span: Any, *, wide: bool) -> Any:
    """``low`` and up, `span` numbers, all modulo 2**64; a span of 0 stands for 2**64.

    The bits are a fraction of the span, of 64 bits for a span that fits into 32 (no number is more likely than another by more than a part
    in 2**32), of 128 bits for others.
    """
    if not wide:
        return low + _high_product(stream.bits(), span)
    fraction = stream.child(0).bits()
    high, low_part = _high_product(fraction, span), fraction * span
    carry = (low_part + _high_product(stream.child(1).bits(), span) < low_part).astype(np.uint64)
    return low + jnp.where(span == 0, fraction, high + carry)


def _high_product(a: Any, b: Any) -> Any:
    """The upper 64 bits of the product of two numbers of 64 bits."""
    half, mask = np.uint64(32), np.uint64(0xFFFFFFFF)
    a_low, a_high, b_low, b_high = a & mask, a >> half, b & mask, b >> half
    first = a_high * b_low + ((a_low * b_low) >> half)
    second = a_low * b_high + (first & mask)
    return a_high * b_high + (first >> half) + (second >> half)


def geometric(stream: Stream, p: Any) -> Any:
    """How many trials the first success takes."""
    return jnp.maximum(1.0, jnp.ceil(-stream.exponential() / jnp.log1p(-p)))


def poisson(stream: Stream, lam: Any, *, branches: str = "both") -> Any:
    """Poisson: by the inverse of the distribution function below 10, by transformed rejection (Hoermann's PTRS) from there on."""
    found = _poisson_inverse(stream.child(0), lam) if branches != "large" else 0.0
    return found + _poisson_rejection(stream.child(1), lam) if branches != "small" else found


def _poisson_inverse(stream: Stream, lam: Any) -> Any:
    rest, probability = stream.uniform(), jnp.broadcast_to(jnp.exp(-lam), stream.shape)

    def step(rest: Any, probability: Any, count: Any) -> tuple[Any, ...]:
        rest = rest - probability
        probability = probability * (lam / (count + 1.0))
        return (rest > probability) & (probability > 0), rest, probability, count + 1.0

    pending = (lam < SMALL_MEAN) & (rest > probability)
    return _settled(pending, (rest, probability, jnp.zeros(stream.shape)), step)[2]


def _poisson_rejection(stream: Stream, lam: Any) -> Any:
    root = jnp.sqrt(lam)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    v_r = 0.9277 - 3.6224 / (b - 2.0)
    log_lam = jnp.log(lam)

    def propose(first: Any, second: Any) -> tuple[Any, Any]:
        u, v = _uniform(first) - 0.5, _inner_uniform(second)
        us = 0.5 - jnp.abs(u)
        k = jnp.floor((2.0 * a / us + b) * u + lam + 0.43)
        bound = -lam + k * log_lam - lax.lgamma(k + 1.0)
        is_below = jnp.log(v) + jnp.log(inverse_alpha) - jnp.log(a / (us * us) + b) <= bound
        is_possible = (k >= 0) & ((us >= 0.013) | (v <= us))
        return ((us >= 0.07) & (v <= v_r)) | (is_possible & is_below), k

    return _proposed(stream, (lam >= SMALL_MEAN) & jnp.isfinite(lam), propose, 2)


def binomial(stream: Stream, n: Any, p: Any, *, branches: str = "both") -> Any:
    """Binomial: by the inverse of the distribution function for means below 10, else by transformed rejection (Hoermann's BTRS)."""
    q = jnp.minimum(p, 1.0 - p)
    found = _binomial_inverse(stream.child(0), n, q) if branches != "large" else 0.0
    found = found + _binomial_rejection(stream.child(1), n, q) if branches != "small" else found
    return jnp.where(p > 0.5, n - found, found)


def _binomial_inverse(stream: Stream, n: Any, p: Any) -> Any:
    odds = p / (1.0 - p)
    rest, probability = stream.uniform(), jnp.broadcast_to(jnp.exp(n * jnp.log1p(-p)), stream.shape)

    def step(rest: Any, probability: Any, count: Any) -> tuple[Any, ...]:
        rest = rest - probability
        probability = probability * (odds * (n - count) / (count + 1.0))
        return (rest > probability) & (count + 1.0 < n) & (probability > 0), rest, probability, count + 1.0

    pending = (n * p < SMALL_MEAN) & (rest > probability) & (n > 0)
    return _settled(pending, (rest, probability, jnp.zeros(stream.shape)), step)[2]


def _binomial_rejection(stream: Stream, n: Any, p: Any) -> Any:
    deviation = jnp.sqrt(n * p * (1.0 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = n * p + 0.5
    v_r = 0.92 - 4.2 / b
    alpha = (2.83 + 5.1 / b) * deviation
    odds = p / (1.0 - p)
    m = jnp.floor((n + 1.0) * p)

    def propose(first: Any, second: Any) -> tuple[Any, Any]:
        u, v = _uniform(first) - 0.5, _inner_uniform(second)
        us = 0.5 - jnp.abs(u)
        k = jnp.floor((2.0 * a / us + b) * u + c)
        is_possible = (k >= 0) & (k <= n)
        at = jnp.where(is_possible, k, m)
        bound = (
            (m + 0.5) * jnp.log((m + 1.0) / (odds * (n - m + 1.0)))
            + (n + 1.0) * jnp.log((n - m + 1.0) / (n - at + 1.0))
            + (at + 0.5) * jnp.log(odds * (n - at + 1.0) / (at + 1.0))
            + (_stirling_rest(m) + _stirling_rest(n - m) - _stirling_rest(at) - _stirling_rest(n - at))
        )
        is_below = jnp.log(v * alpha / (a / (us * us) + b)) <= bound
        return ((us >= 0.07) & (v <= v_r)) | (is_possible & is_below), k

    return _proposed(stream, (n * p >= SMALL_MEAN) & jnp.isfinite(n), propose, 2)


def _stirling_rest(k: Any) -> Any:
    """What Stirling's formula for ``log(k!)`` leaves: the series in ``1 / (k + 1)``, and exactly for small `k`."""
    exact = [math.lgamma(i + 1) - ((i + 0.5) * math.log(i + 1.0) - (i + 1.0) + 0.5 * math.log(2.0 * math.pi)) for i in range(10)]
    x = 1.0 / (k + 1.0)
    square = x * x
    series = (1.0 / 12 - (1.0 / 360 - square / 1260) * square) * x
    for number, value in enumerate(exact):
        series = jnp.where(k == number, value, series)
    return series


def negative_binomial(stream: Stream, n: Any, p: Any) -> Any:
    """Poisson, the rate from a gamma distribution."""
    return poisson(stream.child(0), gamma(stream.child(1), n, (1.0 - p) / p))


def zipf(stream: Stream, a: Any) -> Any:
    """Zipf, by rejection (Devroye) from what fits into 64 bits."""
    exponent = a - 1.0
    b = 2.0**exponent
    least = jnp.power(2.0**63, -exponent)

    def propose(first: Any, second: Any) -> tuple[Any, Any]:
        u01, v = _uniform(first), _uniform(second)
        x = jnp.floor((u01 * least + (1.0 - u01)) ** (-1.0 / exponent))
        t = (1.0 + 1.0 / x) ** exponent
        return (x >= 1.0) & (x < 2.0**63) & (v * x * (t - 1.0) / (b - 1.0) <= t / b), x

    return jnp.maximum(1.0, _proposed(stream, (a > 1.0) & (a < 1025.0), propose, 2))


def logseries(stream: Stream, p: Any) -> Any:
    """Logarithmic series (Kemp)."""
    v = stream.child(0).inner_uniform()
    q = -jnp.expm1(jnp.log1p(-p) * stream.child(1).inner_uniform())
    inside = jnp.maximum(1.0, jnp.floor(1.0 + jnp.log(v) / jnp.log(q)))
    return jnp.where(v >= p, 1.0, jnp.where(v <= q * q, inside, jnp.where(v >= q, 1.0, 2.0)))


def choice(stream: Stream, cumulative: Any) -> Any:
    """Positions with probabilities, of which the running sum is given."""
    return jnp.searchsorted(cumulative, stream.uniform(), side="right").astype(np.float64)
