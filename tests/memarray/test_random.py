"""memarray.random against numpy.random: the same numbers, streams, errors and kinds of results for all that NumPy draws."""

import copy
import pickle

import numpy as np
import pytest

import memarray
from memarray import random
from memarray.errors import MemoryLimitError

COV = [[2.0, 0.5], [0.5, 1.0]]
MEANS = np.arange(1.0, 4.0)
BOTH = [
    ("beta", (2.0, 3.0), {"size": 5}),
    ("beta", ([1.0, 2.0], 3.0), {}),
    ("binomial", (10, 0.3), {"size": (2, 3)}),
    ("binomial", (100, [0.3, 0.7]), {}),
    ("bytes", (7,), {}),
    ("chisquare", (3.0,), {"size": 5}),
    ("choice", (5,), {}),
    ("choice", (5, 3), {"replace": False}),
    ("choice", (5, (2, 3)), {"p": [0.1, 0.2, 0.3, 0.2, 0.2]}),
    ("choice", ([3, 1, 2],), {}),
    ("choice", ([3.0, 1.0, 2.0], ()), {}),
    ("choice", (["a", "b", "c"], 4), {}),
    ("choice", (np.arange(6.0), (2, 2)), {}),
    ("dirichlet", ([1.0, 2.0, 3.0],), {"size": 4}),
    ("exponential", (2.0,), {"size": 5}),
    ("exponential", (), {"scale": [1.0, 2.0], "size": (3, 2)}),
    ("f", (2.0, 3.0), {"size": 5}),
    ("gamma", (2.0, 3.0), {"size": 5}),
    ("geometric", (0.3,), {"size": 5}),
    ("gumbel", (), {"size": 5}),
    ("hypergeometric", (5, 6, 7), {"size": 5}),
    ("laplace", (1.0, 2.0, 5), {}),
    ("logistic", (1.0, 2.0, 5), {}),
    ("lognormal", (1.0, 2.0, 5), {}),
    ("logseries", (0.6, 5), {}),
    ("multinomial", (10, [0.2, 0.3, 0.5]), {"size": (2, 2)}),
    ("multivariate_normal", ([1.0, 2.0], COV), {"size": 3}),
    ("negative_binomial", (3, 0.4, 5), {}),
    ("noncentral_chisquare", (3, 2.0, 5), {}),
    ("noncentral_f", (3, 4, 2.0, 5), {}),
    ("normal", (), {}),
    ("normal", (MEANS, 2.0), {}),
    ("normal", (0, 1, None), {}),
    ("normal", (0, 1, 0), {}),
    ("normal", (0, 1, ()), {}),
    ("pareto", (3.0, 5), {}),
    ("permutation", (6,), {}),
    ("permutation", ([3, 1, 2],), {}),
    ("permutation", (["a", "b", "c"],), {}),
    ("permutation", (np.arange(12, dtype=np.int8).reshape(4, 3),), {}),
    ("poisson", (3.0, 5), {}),
    ("power", (3.0, 5), {}),
    ("random", (), {}),
    ("random", ((2, 3),), {}),
    ("rayleigh", (3.0, 5), {}),
    ("standard_cauchy", (5,), {}),
    ("standard_exponential", (5,), {}),
    ("standard_gamma", (2.0, 5), {}),
    ("standard_normal", ((2, 2),), {}),
    ("standard_t", (3.0, 5), {}),
    ("triangular", (1.0, 2.0, 4.0, 5), {}),
    ("uniform", (1.0, 2.0), {}),
    ("uniform", (1.0, [2.0, 3.0]), {}),
    ("vonmises", (1.0, 2.0, 5), {}),
    ("wald", (1.0, 2.0, 5), {}),
    ("weibull", (2.0, 5), {}),
    ("zipf", (3.0, 5), {}),
]
GENERATOR = [
    ("choice", (np.arange(12).reshape(3, 4),), {"axis": 1}),
    ("choice", (np.arange(12).reshape(3, 4), 5), {}),
    ("choice", (6, 4, False), {"shuffle": False}),
    ("integers", (10,), {}),
    ("integers", (3, 10, (2, 3)), {"dtype": np.int8}),
    ("integers", (0, [5, 500]), {"endpoint": True}),
    ("integers", (2, None, 9, bool), {}),
    ("multivariate_hypergeometric", ([3, 4, 5], 6), {"size": 3}),
    ("multivariate_normal", ([1.0, 2.0], COV), {"method": "cholesky"}),
    ("permutation", (np.arange(12.0).reshape(3, 4),), {"axis": 1}),
    ("permuted", (np.arange(12.0).reshape(3, 4),), {"axis": 1}),
    ("permuted", (np.arange(12.0).reshape(3, 4),), {}),
    ("random", (5, np.float32), {}),
    ("standard_exponential", (5, np.float32), {"method": "inv"}),
    ("standard_gamma", (2.0, 5, np.float32), {}),
    ("standard_normal", (5,), {"dtype": np.float32}),
]
LEGACY = [
    ("rand", (), {}),
    ("rand", (2, 3), {}),
    ("randn", (), {}),
    ("randn", (4,), {}),
    ("randint", (10,), {}),
    ("randint", (3, 10, (2, 3)), {"dtype": np.uint8}),
    ("random_sample", (3,), {}),
    ("tomaxint", (3,), {}),
]
CALLS = [("Generator", *each) for each in BOTH + GENERATOR] + [("RandomState", *each) for each in BOTH + LEGACY]
IDS = [f"{kind}-{name}-{number}" for number, (kind, name, *_) in enumerate(CALLS)]


@pytest.fixture(params=["eager", "recorded"])
def _eagerness(request, monkeypatch):
    if request.param == "recorded":
        monkeypatch.setattr(memarray.config, "eager_bytes", 0)


def pair(kind="Generator", seed=7):
    """Our generator and NumPy's, of one seed."""
    return tuple(module.default_rng(seed) if kind == "Generator" else module.RandomState(seed) for module in (random, np.random))


def state(generator):
    if isinstance(generator, (random.Generator, np.random.Generator)):
        return str(generator.bit_generator.state)
    return str(generator.get_state(legacy=False))


def check_same(found, expected):
    if isinstance(expected, np.ndarray) and expected.dtype.kind in "biufc":
        assert type(found) is memarray.ndarray
    elif isinstance(expected, np.generic) and expected.dtype.kind in "biufc":
        assert isinstance(found, memarray.ndarray)
        assert repr(found) == repr(expected)
    else:
        assert type(found) is type(expected)
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected), strict=True)


def lazily(values):
    """Arrays of numbers as lazy ones."""
    is_lazy = [isinstance(value, np.ndarray) for value in values]
    return [memarray.asarray(value) + 0 if lazy else value for value, lazy in zip(values, is_lazy, strict=True)]


def test_has_all_of_numpys_names():
    assert set(np.random.__all__) <= set(random.__all__)
    assert all(callable(getattr(random, name)) for name in random.__all__)
    for kind in ("Generator", "RandomState"):
        assert {name for name in dir(getattr(np.random, kind)) if name[0] != "_"} <= set(dir(getattr(random, kind)))


@pytest.mark.usefixtures("_eagerness")
@pytest.mark.parametrize(("kind", "name", "args", "kwargs"), CALLS, ids=IDS)
def test_numbers_and_streams_are_numpys(kind, name, args, kwargs):
    ours, numpys = pair(kind)
    check_same(getattr(ours, name)(*args, **kwargs), getattr(numpys, name)(*args, **kwargs))
    assert state(ours) == state(numpys)
    check_same(getattr(ours, name)(*lazily(args), **kwargs), getattr(numpys, name)(*args, **kwargs))
    assert state(ours) == state(numpys)


def test_functions_share_a_generator_of_their_own():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    random.seed(3)
    expected = np.random.RandomState(3)
    check_same(random.rand(2), expected.rand(2))
    check_same(random.normal(size=3), expected.normal(size=3))
    check_same(random.ranf(3), expected.random_sample(3))
    check_same(random.sample(3), expected.random_sample(3))
    check_same(random.randint(0, 9, 3), expected.randint(0, 9, 3))
    kept = random.get_state()
    first = random.standard_gamma(2.0, 3)
    random.set_state(kept)
    check_same(random.standard_gamma(2.0, 3), np.asarray(first))
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_another_bit_generator_for_the_functions():
    old = random.get_bit_generator()
    try:
        random.set_bit_generator(random.PCG64(5))
        check_same(random.rand(3), np.random.RandomState(np.random.PCG64(5)).rand(3))
        with pytest.raises(TypeError, match="re-seed"):
            random.seed(3)
    finally:
        random.set_bit_generator(old)


def test_random_integers_is_deprecated():
    ours, numpys = pair("RandomState")
    for args in ((5, None, 4), (2, 5), (2, 5, (2, 2))):
        with pytest.warns(DeprecationWarning, match="call randint"):
            found = ours.random_integers(*args)
        with pytest.warns(DeprecationWarning, match="call randint"):
            expected = numpys.random_integers(*args)
        check_same(found, expected)


@pytest.mark.parametrize("bits", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_bit_generators_are_numpys(bits):
    assert getattr(random, bits) is getattr(np.random, bits)
    ours, numpys = random.Generator(getattr(random, bits)(3)), np.random.Generator(getattr(np.random, bits)(3))
    check_same(ours.normal(size=3), numpys.normal(size=3))
    assert str(ours) == str(numpys) == f"Generator({bits})"
    assert repr(ours).startswith(f"Generator({bits}) at 0x")


def test_default_rng_takes_what_numpys_takes():
    sequence = random.SeedSequence(5)
    for seed in (5, [1, 2], sequence, random.PCG64(4)):
        check_same(random.default_rng(copy.deepcopy(seed)).random(3), np.random.default_rng(copy.deepcopy(seed)).random(3))
    ours = random.default_rng(1)
    assert random.default_rng(ours) is ours
    numpys = np.random.default_rng(1)
    assert random.default_rng(numpys).bit_generator is numpys.bit_generator
    state_of = random.RandomState(1)
    assert random.default_rng(state_of).bit_generator is state_of._bit_generator
    assert isinstance(random.default_rng(), random.Generator)
    check_same_error(lambda: random.Generator("nothing"), lambda: np.random.Generator("nothing"))


@pytest.mark.parametrize("kind", ["Generator", "RandomState"])
def test_pickles_and_copies_go_on_from_the_same_state(kind):
    ours, _ = pair(kind)
    ours.normal(size=3)
    for other in (pickle.loads(pickle.dumps(ours)), copy.deepcopy(ours)):
        assert type(other) is type(ours)
        check_same(other.normal(size=5), np.asarray(copy.deepcopy(ours).normal(size=5)))


def test_spawned_generators_are_numpys():
    ours, numpys = pair()
    for one, other in zip(ours.spawn(3), numpys.spawn(3), strict=True):
        check_same(one.random(2), other.random(2))


@pytest.mark.usefixtures("_eagerness")
@pytest.mark.parametrize("name", ["random", "standard_normal", "standard_exponential"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_out(name, dtype):
    ours, numpys = pair()
    expected = np.zeros((3, 4), dtype)
    base = memarray.zeros((4, 3), dtype)
    out = base.T
    assert getattr(ours, name)(out=out, dtype=dtype) is out
    getattr(numpys, name)(out=expected, dtype=dtype)
    check_same(base, expected.T)
    mine = np.zeros((3, 4), dtype)
    assert getattr(ours, name)(out=mine, dtype=dtype) is mine
    np.testing.assert_array_equal(mine, getattr(numpys, name)(out=expected, dtype=dtype))
    for bad in (lambda generator, zeros: getattr(generator, name)(out=zeros((3, 4), np.int8)),
                lambda generator, zeros: getattr(generator, name)(size=3, out=zeros((3, 4), dtype), dtype=dtype)):  # fmt: skip
        check_same_error(lambda: bad(ours, memarray.zeros), lambda: bad(numpys, np.zeros))  # noqa: B023
    with pytest.raises(ValueError, match="read-only"):
        getattr(ours, name)(out=memarray.broadcast_to(memarray.zeros(3, dtype), (2, 3)), dtype=dtype)


def check_same_error(ours, numpys):
    with pytest.raises(Exception) as expected:  # noqa: PT011  # whatever it is, it is the same
        numpys()
    with pytest.raises(expected.type) as found:
        ours()
    assert str(found.value) == str(expected.value)


BAD = [
    ("normal", (0, -1), {}),
    ("normal", (0, -1, 3), {}),
    ("normal", (0, 1, -3), {}),
    ("normal", (0, 1, 2.5), {}),
    ("normal", (0, "a", 3), {}),
    ("normal", (0, 1j, 3), {}),
    ("normal", (1, 2, 3, 4), {}),
    ("normal", (), {"size": 3, "locus": 2}),
    ("normal", ([1.0, 2.0, 3.0], 1.0, 2), {}),
    ("integers", (5, 3, 4), {}),
    ("integers", (0, 300, 4), {"dtype": np.int8}),
    ("integers", (0, 300, 4), {"dtype": float}),
    ("poisson", (-1.0, 3), {}),
    ("binomial", (5, 1.5, 3), {}),
    ("gamma", (-1.0, 1.0, 3), {}),
    ("uniform", (0.0, np.inf, 3), {}),
    ("triangular", (3.0, 2.0, 1.0, 3), {}),
    ("dirichlet", ([1.0, -1.0], 3), {}),
    ("multinomial", (3, [0.9, 0.9, 0.1], 3), {}),
    ("random", (3, np.int32), {}),
    ("choice", (0, 3), {}),
    ("choice", (3, 5, False), {}),
    ("choice", (3, 5), {"p": [0.5, 0.6, 0.1]}),
    ("choice", (np.zeros((0, 2)), 3), {}),
    ("choice", (np.zeros((3, 2)), 3), {"axis": 2}),
    ("permutation", ("abc",), {}),
    ("permutation", (np.ones(3), 2), {}),
    ("permuted", (3,), {}),
    ("permuted", (np.ones(3),), {"axis": 1}),
    ("permuted", (np.ones(3),), {"out": 3}),
    ("shuffle", (3,), {}),
    ("shuffle", (np.ones(3), 1), {}),
]


@pytest.mark.parametrize(("name", "args", "kwargs"), BAD, ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize("is_large", [False, True])
def test_errors_are_numpys(name, args, kwargs, is_large, monkeypatch):
    if is_large:
        monkeypatch.setattr("memarray.random._draw.DRAWN_BYTES", 0)
    ours, numpys = pair()
    check_same_error(lambda: getattr(ours, name)(*lazily(args), **kwargs), lambda: getattr(numpys, name)(*args, **kwargs))


def test_legacy_choice_wants_one_dimension():
    ours, numpys = pair("RandomState")
    check_same_error(lambda: ours.choice(memarray.ones((2, 2))), lambda: numpys.choice(np.ones((2, 2))))


# -- choosing and reordering -------------------------------------------------------------------------------------------------------------


ARRAYS = [
    np.arange(7.0),
    np.arange(7, dtype=np.int8),
    np.arange(21).reshape(7, 3) * 1j,
    np.arange(24, dtype="f4").reshape(4, 3, 2),
    np.zeros(0),
]


@pytest.mark.usefixtures("_eagerness")
@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
@pytest.mark.parametrize("kind", ["Generator", "RandomState"])
def test_shuffle_permutation_and_choice_of_lazy_arrays(array, kind):
    ours, numpys = pair(kind)
    lazy, expected = memarray.asarray(array), array.copy()
    check_same(ours.permutation(lazy), numpys.permutation(expected))
    assert ours.shuffle(lazy) is None
    numpys.shuffle(expected)
    check_same(lazy, expected)
    if array.size and array.ndim == 1:
        for kwargs in ({}, {"size": 4}, {"size": (2, 2), "replace": False}, {"size": ()}):
            check_same(ours.choice(lazy, **kwargs), numpys.choice(expected, **kwargs))
    if kind == "Generator":
        for axis in range(array.ndim):
            check_same(ours.permutation(lazy, axis=axis), numpys.permutation(expected, axis=axis))
            check_same(ours.permuted(lazy, axis=axis - array.ndim), numpys.permuted(expected, axis=axis - array.ndim))
            ours.shuffle(lazy, axis=axis)
            numpys.shuffle(expected, axis=axis)
            check_same(lazy, expected)
            if array.size:
                check_same(ours.choice(lazy, 5, axis=axis), numpys.choice(expected, 5, axis=axis))
        if array.ndim > 1:
            check_same(ours.choice(lazy, axis=1), numpys.choice(expected, axis=1))
        check_same(ours.permuted(lazy), numpys.permuted(expected))
    assert state(ours) == state(numpys)


@pytest.mark.usefixtures("_eagerness")
def test_shuffle_writes_through_views():
    ours, numpys = pair()
    base, expected = memarray.arange(20).reshape(4, 5), np.arange(20).reshape(4, 5)
    ours.shuffle(base[1:, ::2])
    numpys.shuffle(expected[1:, ::2])
    check_same(base, expected)
    ours.shuffle(base.T)
    numpys.shuffle(expected.T)
    check_same(base, expected)


def test_shuffle_of_sequences_and_of_numpys_arrays():
    ours, numpys = pair()
    for value in ([3, "a", None, 4.0], np.arange(5), np.arange(12).reshape(4, 3)):
        mine, theirs = copy.deepcopy(value), copy.deepcopy(value)
        ours.shuffle(mine)
        numpys.shuffle(theirs)
        assert list(map(str, mine)) == list(map(str, theirs))
    read_only = memarray.broadcast_to(memarray.arange(3), (2, 3))
    with pytest.raises(ValueError, match="read-only"):
        ours.shuffle(read_only)


def test_permuted_into_out():
    ours, numpys = pair()
    x = np.arange(12.0).reshape(3, 4)
    out, expected = memarray.zeros((3, 4)), np.zeros((3, 4))
    assert ours.permuted(memarray.asarray(x), axis=1, out=out) is out
    numpys.permuted(x, axis=1, out=expected)
    check_same(out, expected)
    assert ours.permuted(out, axis=0, out=out) is out
    numpys.permuted(expected, axis=0, out=expected)
    check_same(out, expected)
    mine = np.zeros((3, 4))
    assert ours.permuted(memarray.asarray(x), out=mine) is mine
    np.testing.assert_array_equal(mine, numpys.permuted(x))
    check_same_error(lambda: ours.permuted(memarray.ones(3), out=memarray.ones(4)), lambda: numpys.permuted(np.ones(3), out=np.ones(4)))


def test_what_numpy_draws_has_to_fit():
    rng = random.default_rng(0)
    with memarray.memory_limit("1MB"):
        held = memarray._graph.held_bytes()
        with pytest.raises(MemoryLimitError, match="hypergeometric"):
            rng.hypergeometric(5, 6, 7, size=10**6)
        with pytest.raises(MemoryLimitError, match="permutation"):
            rng.permutation(10**6)
        with pytest.raises(MemoryLimitError, match="choice"):
            rng.choice(10**6, 10**6, replace=False)
        with pytest.raises(MemoryLimitError, match="multinomial"):
            rng.multinomial(5, [0.5, 0.5], size=10**6)
        assert memarray._graph.held_bytes() == held
