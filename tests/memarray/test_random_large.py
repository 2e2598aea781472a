"""Large draws: recorded without memory, right in distribution, reproducible, independent of each other and of how they are split."""

import tracemalloc

import jax
import numpy as np
import pytest
from jax.extend.random import threefry_2x32
from scipy import stats

import memarray
from memarray import random
from memarray._evaluate import _templates
from memarray._graph import held_bytes
from memarray._kernels import random as kernels

COUNT = 60_000
DISTANCE = 1.95 / np.sqrt(COUNT)  # between distribution functions: more than this has a chance of one in a thousand
SIZE = {"size": COUNT}
COV = np.array([[2.0, 0.5], [0.5, 1.0]])


@pytest.fixture
def _all_large(monkeypatch):
    monkeypatch.setattr("memarray.random._draw.DRAWN_BYTES", 64)


def is_pending(array):
    return array._node().value is None


CONTINUOUS = [
    ("beta", (0.3, 0.4), stats.beta(0.3, 0.4)),
    ("chisquare", (3.0,), stats.chi2(3)),
    ("exponential", (2.0,), stats.expon(scale=2)),
    ("gamma", (2.5, 3.0), stats.gamma(2.5, scale=3)),
    ("gamma", (0.1, 1.0), stats.gamma(0.1)),
    ("gumbel", (1.0, 2.0), stats.gumbel_r(1, 2)),
    ("laplace", (1.0, 2.0), stats.laplace(1, 2)),
    ("logistic", (1.0, 2.0), stats.logistic(1, 2)),
    ("lognormal", (1.0, 0.5), stats.lognorm(0.5, scale=np.e)),
    ("noncentral_chisquare", (3.0, 2.0), stats.ncx2(3, 2)),
    ("noncentral_f", (3.0, 5.0, 2.0), stats.ncf(3, 5, 2)),
    ("normal", (1.0, 2.0), stats.norm(1, 2)),
    ("pareto", (3.0,), stats.lomax(3)),
    ("power", (3.0,), stats.powerlaw(3)),
    ("random", (), stats.uniform()),
    ("rayleigh", (2.0,), stats.rayleigh(scale=2)),
    ("standard_cauchy", (), stats.cauchy()),
    ("standard_exponential", (), stats.expon()),
    ("standard_normal", (), stats.norm()),
    ("standard_t", (3.0,), stats.t(3)),
    ("triangular", (1.0, 2.0, 4.0), stats.triang(1 / 3, 1, 3)),
    ("uniform", (1.0, 3.0), stats.uniform(1, 2)),
    ("vonmises", (0.5, 2.0), None),
    ("vonmises", (3.0, 1e-6), None),
    ("wald", (1.0, 2.0), stats.invgauss(0.5, scale=2)),
    ("weibull", (1.5,), stats.weibull_min(1.5)),
]
DISCRETE = [
    ("binomial", (10, 0.3), stats.binom(10, 0.3)),
    ("binomial", (100, 0.8), stats.binom(100, 0.8)),
    ("binomial", (10**6, 0.5), stats.binom(10**6, 0.5)),
    ("geometric", (0.2,), stats.geom(0.2)),
    ("integers", (-3, 5), stats.randint(-3, 5)),
    ("integers", (-(2**40), 2**41), stats.uniform(-(2**40), 3 * 2**40)),
    ("logseries", (0.7,), stats.logser(0.7)),
    ("negative_binomial", (3, 0.3), stats.nbinom(3, 0.3)),
    ("poisson", (3.0,), stats.poisson(3)),
    ("poisson", (25.0,), stats.poisson(25)),
    ("poisson", (1e6,), stats.poisson(1e6)),
    ("zipf", (3.0,), stats.zipf(3)),
]


def distance(sample, cumulative):
    """The largest distance between a sample's distribution function and the given one, at the sample's values."""
    values, counts = np.unique(sample, return_counts=True)
    above = np.cumsum(counts) / sample.size
    expected = cumulative(values)
    below = np.concatenate([[0.0], above[:-1]])
    is_discrete = len(values) < sample.size * 0.9
    return max(np.abs(above - expected).max(), 0.0 if is_discrete else np.abs(below - expected).max())


@pytest.mark.usefixtures("_all_large")
@pytest.mark.parametrize(("name", "args", "expected"), CONTINUOUS + DISCRETE, ids=lambda value: value if isinstance(value, str) else "")
def test_distributions(name, args, expected):
    drawn = getattr(random.default_rng(11), name)(*args, **SIZE)
    assert is_pending(drawn)
    reference = getattr(np.random.default_rng(12), name)(*args, **SIZE)
    assert drawn.dtype == reference.dtype
    assert drawn.shape == reference.shape
    sample = np.asarray(drawn)
    assert np.isfinite(sample).all()
    if expected is not None:
        assert distance(sample, expected.cdf) < DISTANCE
    else:
        assert stats.ks_2samp(sample, reference).pvalue > 1e-3
    if expected is not None and np.isfinite(expected.var()) and expected.stats("k") < 100:
        assert abs(sample.mean() - expected.mean()) < 4 * expected.std() / np.sqrt(COUNT)
        kurtosis = float(expected.stats("k"))
        assert abs(sample.var() / expected.var() - 1) < 5 * np.sqrt((kurtosis + 2) / COUNT)


@pytest.mark.usefixtures("_all_large")
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint32", "int64", "uint64", "bool"])
def test_integers_of_all_dtypes_reach_both_ends(dtype):
    rng = random.default_rng(3)
    full = (0, 2) if dtype == "bool" else (np.iinfo(dtype).min, int(np.iinfo(dtype).max) + 1)
    for low, high in ((0, 2), full):
        drawn = rng.integers(low, high, 5000, dtype=dtype)
        assert is_pending(drawn)
        sample = np.asarray(drawn).astype(float)
        assert drawn.dtype == dtype
        assert sample.min() <= low + 1e-2 * (high - low)
        assert sample.max() >= high - 1 - 1e-2 * (high - low)
        assert abs(sample.mean() - (low + high - 1) / 2) < (high - low) / 40
    inclusive = np.asarray(rng.integers(3, 5, 200, endpoint=True))
    assert set(inclusive) == {3, 4, 5}
    assert set(np.asarray(random.RandomState(3).randint(3, 5, 200))) == {3, 4}


def test_the_upper_half_of_products():
    words = np.random.default_rng(0).integers(0, 2**64, (2, 500), dtype=np.uint64, endpoint=False)
    words[:, :4] = [[0, 2**64 - 1, 2**64 - 1, 2**32], [5, 2**64 - 1, 1, 2**32]]
    with jax.enable_x64(True):
        found = np.asarray(kernels._high_product(jax.numpy.asarray(words[0]), jax.numpy.asarray(words[1])))
    assert found.tolist() == [int(a) * int(b) >> 64 for a, b in words.T]


def test_the_bits_are_threefrys():
    with jax.enable_x64(True):
        key, count = np.array([123, 456], np.uint32), np.array([7, 89], np.uint32)
        expected = np.asarray(threefry_2x32(tuple(key), jax.numpy.asarray(count)))
        found = kernels.threefry(tuple(map(jax.numpy.asarray, key)), tuple(map(jax.numpy.asarray, count)))
    assert [int(word) for word in found] == expected.tolist()


@pytest.mark.usefixtures("_all_large")
def test_vectors():
    rng = random.default_rng(5)
    shares = rng.dirichlet([1.0, 2.0, 5.0], size=COUNT)
    assert is_pending(shares)
    found = np.asarray(shares)
    assert found.shape == (COUNT, 3)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    np.testing.assert_allclose(found.mean(axis=0), [1 / 8, 2 / 8, 5 / 8], atol=4e-3)
    normal = rng.multivariate_normal([1.0, -2.0], COV, size=(COUNT // 2, 2))
    assert is_pending(normal)
    found = np.asarray(normal).reshape(-1, 2)
    np.testing.assert_allclose(found.mean(axis=0), [1.0, -2.0], atol=0.03)
    np.testing.assert_allclose(np.cov(found.T), COV, atol=0.05)
    with pytest.warns(RuntimeWarning, match="positive-semidefinite"):
        rng.multivariate_normal([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]], size=1000)


@pytest.mark.usefixtures("_all_large")
def test_choice():
    rng = random.default_rng(5)
    p = np.array([0.1, 0.2, 0.0, 0.7])
    values = memarray.asarray([1.0, 2.0, 3.0, 4.0]) * 2
    for generator in (rng, random.RandomState(5)):
        drawn = generator.choice(4, COUNT, p=p)
        assert is_pending(drawn)
        np.testing.assert_allclose(np.bincount(np.asarray(drawn), minlength=4) / COUNT, p, atol=8e-3)
        taken = generator.choice(values, (100, 60))
        assert is_pending(taken)
        assert set(np.asarray(taken).ravel()) == {2.0, 4.0, 6.0, 8.0}
    rows = rng.choice(np.arange(8).reshape(2, 4), 50, axis=1)
    assert rows.shape == (2, 50)
    found = np.asarray(rows)
    assert (found[1] - found[0] == 4).all()
    without = rng.choice(100, 100, replace=False)
    assert sorted(np.asarray(without)) == list(range(100))


@pytest.mark.usefixtures("_all_large")
def test_parameters_that_are_arrays():
    rng = random.default_rng(2)
    mean, scale = np.array([0.0, 100.0, 1000.0]), memarray.asarray([1.0, 2.0, 3.0]) * 1
    found = np.asarray(rng.normal(mean, scale, size=(20000, 3)))
    np.testing.assert_allclose(found.mean(axis=0), mean, atol=0.1)
    np.testing.assert_allclose(found.std(axis=0), [1.0, 2.0, 3.0], rtol=0.03)
    rates = np.array([0.0, 0.5, 9.5, 10.5, 1000.0])
    found = np.asarray(rng.poisson(rates, size=(20000, 5)))
    np.testing.assert_allclose(found.mean(axis=0), rates, rtol=0.03)
    np.testing.assert_allclose(found.var(axis=0), rates, rtol=0.06)
    trials = np.array([[5], [50], [0]])
    found = np.asarray(rng.binomial(trials, [0.0, 0.5, 0.9, 1.0], size=(5000, 3, 4)))
    np.testing.assert_allclose(found.mean(axis=0), trials * [0.0, 0.5, 0.9, 1.0], rtol=0.02)
    high = np.array([1, 10, 100])
    found = np.asarray(rng.integers(0, high, size=(5000, 3)))
    assert (found.max(axis=0) == high - 1).all()
    assert rng.normal(np.zeros(100), 1.0).shape == (100,)


@pytest.mark.usefixtures("_all_large")
def test_parameters_are_checked_when_they_are_known():
    memarray.config.eager_bytes = 0
    try:
        rng = random.default_rng(2)
        x = memarray.asarray([1.0, -1.0])
        drawn = rng.normal(0.0, x.min(), size=1000)
        assert is_pending(drawn)
        with pytest.raises(ValueError, match=r"^scale < 0 \(recorded at .*test_random_large.py"):
            np.asarray(drawn)
        with pytest.raises(ValueError, match="low >= high"):
            np.asarray(rng.integers(x.max().astype(int), size=1000) + rng.integers(3, (x.max() * 2).astype(int), size=1000))
        fine = rng.gamma(x.max(), size=1000)
        assert np.asarray(fine).min() > 0
        with pytest.raises(TypeError, match="Cannot cast"):
            rng.normal(x.max() * 1j, size=1000)
    finally:
        memarray.config.eager_bytes = 4096


@pytest.mark.usefixtures("_all_large")
@pytest.mark.parametrize("name", ["random", "standard_normal", "standard_exponential", "standard_gamma"])
def test_out_and_dtype(name):
    args = (2.0,) if name == "standard_gamma" else ()
    rng = random.default_rng(4)
    single = getattr(rng, name)(*args, size=(30, 40), dtype=np.float32)
    assert single.dtype == np.float32
    assert is_pending(single)
    base = memarray.zeros((40, 30), np.float32)
    assert getattr(random.default_rng(4), name)(*args, out=base.T, dtype=np.float32).shape == (30, 40)
    np.testing.assert_array_equal(np.asarray(base.T), np.asarray(single))
    with pytest.raises(TypeError, match="wrong type"):
        getattr(rng, name)(*args, out=base)
    with pytest.raises(ValueError, match="size"):
        getattr(rng, name)(*args, size=500, out=base, dtype=np.float32)


def test_single_precision_stays_below_one():
    with jax.enable_x64(True):
        words = np.uint32(2**32 - 1), np.uint32(2**32 - 1)
        assert 0.999 < float(kernels._uniform(words)) < 1.0
        assert 0.999 < float(kernels._inner_uniform(words)) < 1.0
        assert 8.0 < float(kernels._normal(words)) < 9.0
        zeros = np.uint32(0), np.uint32(0)
        assert float(kernels._uniform(zeros)) == 0.0
        assert 0.0 < float(kernels._inner_uniform(zeros)) < 1e-15
        assert float(kernels._normal(zeros)) == -float(kernels._normal(words))


@pytest.mark.usefixtures("_all_large")
@pytest.mark.parametrize("kind", ["Generator", "RandomState"])
def test_draws_are_reproducible_and_independent(kind):
    def draws(seed):
        rng = random.default_rng(seed) if kind == "Generator" else random.RandomState(seed)
        return [np.asarray(each) for each in (rng.normal(size=COUNT), rng.normal(size=3), rng.normal(size=COUNT), rng.random(COUNT))]

    first, small, second, uniform = draws(1)
    for found, again in zip((first, small, second, uniform), draws(1), strict=True):
        np.testing.assert_array_equal(found, again)
    other = draws(2)[0]
    columns = np.stack([first, second, other, uniform, first[::-1], np.roll(first, 1)])
    correlations = np.corrcoef(columns) - np.eye(6)
    assert np.abs(correlations).max() < 5 / np.sqrt(COUNT)
    assert len(np.unique(np.concatenate([first, second, other]))) > 3 * COUNT - 3


def test_small_draws_go_on_after_large_ones(monkeypatch):
    monkeypatch.setattr("memarray.random._draw.DRAWN_BYTES", 8000)
    ours, numpys = random.default_rng(1), np.random.default_rng(1)
    np.testing.assert_array_equal(np.asarray(ours.random(1000)), numpys.random(1000))
    ours.random(1001)
    numpys.integers(0, 1 << 32, 2, dtype=np.uint32)
    np.testing.assert_array_equal(np.asarray(ours.random(1000)), numpys.random(1000))


def test_recording_allocates_nothing():
    rng = random.default_rng(0)
    rng.normal(size=3)
    shape = (10**6, 10**6)
    tracemalloc.start()
    before, held = tracemalloc.get_traced_memory()[0], held_bytes()
    kept = [
        rng.random(shape), rng.normal(1.0, 2.0, shape), rng.integers(0, 10, shape), rng.gamma(2.0, size=shape), rng.poisson(3.0, shape),
        rng.standard_normal(shape, dtype=np.float32), rng.choice(10, shape), rng.multivariate_normal(np.zeros(2), np.eye(2), 10**11),
        rng.choice(5, shape, p=np.full(5, 0.2)), rng.dirichlet(np.ones(4), 10**11),
    ]  # fmt: skip
    assert tracemalloc.get_traced_memory()[1] - before < 1 << 20
    tracemalloc.stop()
    assert held_bytes() - held < 1 << 10
    assert all(map(is_pending, kept))


def test_a_draw_of_the_same_shape_needs_no_new_program():
    rng = random.default_rng(0)
    size = (3000, 2000)
    float(rng.normal(size=size).mean())
    count = len(_templates)
    programs = [id(template.baked) for template in _templates.values()]
    means = {float(rng.normal(size=size).mean()) for _ in range(3)}
    assert len(means) == 3
    assert len(_templates) == count
    assert [id(template.baked) for template in _templates.values()] == programs
    assert all(template.general is None for template in list(_templates.values())[-1:])


LARGE = 10**8


@pytest.mark.parametrize(
    ("draw", "mean", "deviation"),
    [
        (lambda rng: rng.random(LARGE), 0.5, np.sqrt(1 / 12)),
        (lambda rng: rng.uniform(1.0, 3.0, LARGE), 2.0, np.sqrt(4 / 12)),
        (lambda rng: rng.normal(size=LARGE), 0.0, 1.0),
        (lambda rng: rng.exponential(size=LARGE), 1.0, 1.0),
        (lambda rng: rng.integers(0, 10, LARGE), 4.5, np.sqrt(99 / 12)),
    ],
    ids=["random", "uniform", "normal", "exponential", "integers"],
)
def test_large_draws_fit(draw, mean, deviation):
    with memarray.memory_limit("50MB"):
        found = draw(random.default_rng(0)).mean()
        assert memarray.plan(found).peak_bytes < 50e6
        assert abs(float(found) - mean) < 5 * deviation / np.sqrt(LARGE)


def test_rows_of_a_large_draw_fit():
    with memarray.memory_limit("50MB"):
        found = random.default_rng(0).random((20000, 20000)).max(axis=1)
        assert memarray.plan(found).peak_bytes < 50e6
        rows = np.asarray(found)
    assert rows.shape == (20000,)
    assert rows.max() < 1.0
    assert abs(rows.mean() - 20000 / 20001) < 1e-6


SPLIT = [
    ("normal", (0.0, 1.0)),
    ("integers", (0, 2**40)),
    ("poisson", (4.0,)),
]


@pytest.mark.parametrize(("name", "args"), SPLIT, ids=[name for name, _ in SPLIT])
def test_numbers_do_not_depend_on_the_split(name, args, monkeypatch):
    """A matrix product needs the numbers themselves: with no room for them, they are computed piece by piece."""
    monkeypatch.setattr("memarray.random._draw.DRAWN_BYTES", 64)
    weights = memarray.asarray(np.linspace(-1.0, 1.0, 300))

    def product():
        return getattr(random.default_rng(6), name)(*args, size=(1001, 300)) @ weights

    whole = np.asarray(product())
    with memarray.memory_limit("1500KB"):
        found = product()
        assert memarray.plan(found).loops
        np.testing.assert_allclose(np.asarray(found), whole, rtol=1e-9, atol=1e-9 * np.abs(whole).max())


def test_under_a_set_limit_fewer_draws_are_numpys():
    with memarray.memory_limit("8MB"):
        assert not is_pending(random.default_rng(0).random(10**5))
        large = random.default_rng(0).random(10**6)
        assert is_pending(large)
        assert abs(float(large.mean()) - 0.5) < 2e-3
