"""The matrix-product form of squared distances: where it fires, to which tolerance, and what values that are not finite do."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from tests.helpers import op_names, record, run, spec
from xla_passes.canonicalise import canonicalise_passes
from xla_passes.module import clone, parse
from xla_passes.rewrites.distance import DistanceToProduct

# All of them the distances of q [m, d] and x [n, d], or of q and -x.
FORMULAS = {
    "subtract": lambda q, x: ((q[:, None] - x[None]) ** 2).sum(-1),
    "other way round": lambda q, x: ((x[None] - q[:, None]) ** 2).sum(-1),
    "product of two differences": lambda q, x: ((q[:, None] - x) * (q[:, None] - x)).sum(-1),
    "absolute value first": lambda q, x: (jnp.abs(q[:, None] - x) ** 2).sum(-1),
    "power": lambda q, x: lax.pow(q[:, None] - x, jnp.full((len(q), *x.shape), 2, q.dtype)).sum(-1),
    "norm": lambda q, x: jnp.linalg.norm(q[:, None] - x, axis=-1) ** 2,
    "contracted axis first": lambda q, x: ((q.T[:, :, None] - x.T[:, None]) ** 2).sum(0),
    "transposed result": lambda q, x: ((x[:, None] - q[None]) ** 2).sum(-1).T,
    "a dimension of one": lambda q, x: ((q[:, None, None] - x) ** 2).sum(-1)[:, 0],
    "add": lambda q, x: ((q[:, None] + x) ** 2).sum(-1),
}


def exact_distances(q, x, sign=-1.0):
    """The distances, and the squared norms of the centred points, which bound the error, in float64."""
    q, x = q.astype(np.float64), x.astype(np.float64)
    points, other = (q, x) if q.size > x.size else (x, q)
    mean, mean_square = points.mean(-2, keepdims=True), (points**2).mean(-2, keepdims=True)
    centre = np.where(mean**2 >= mean_square / 2, mean, 0)
    other = ((other + sign * centre) ** 2).sum(-1)
    points = ((points - centre) ** 2).sum(-1)
    q_norms, x_norms = (points, other) if q.size > x.size else (other, points)
    return ((q[..., :, None, :] + sign * x[..., None, :, :]) ** 2).sum(-1), q_norms[..., :, None] + x_norms[..., None, :]


def rewritten(function, *arguments):
    module = record(function, *arguments, x64=True)
    for each in canonicalise_passes():
        each.run(module)
    original = clone(module)
    fired = DistanceToProduct().run(module)
    module.operation.verify()
    return original, module, fired


def assert_within_bound(actual, distances, norms, contracted):
    eps = np.finfo(actual.dtype).eps
    assert (np.abs(actual - distances) <= (contracted + 4) * eps * norms).all()
    assert (actual >= 0).all()


@pytest.mark.parametrize("name", FORMULAS)
def test_fires_on_the_ways_to_write_it(name):
    generator = np.random.default_rng(0)
    q, x = generator.standard_normal((9, 6), np.float32), 3 + generator.standard_normal((13, 6), np.float32)
    _, module, fired = rewritten(FORMULAS[name], q, x)
    assert [(rewrite.name, rewrite.is_exact) for rewrite in fired] == [("distance-to-product", False)]
    names = op_names(module)
    assert "dot_general" in names
    assert not {"abs", "power"} & set(names)
    (result,) = run(module, q, x)
    distances, norms = exact_distances(q, x, sign=1.0 if name == "add" else -1.0)
    # Rooting and squaring again adds an ulp of the distance on each side.
    np.testing.assert_array_less(np.abs(result - distances), 10 * np.finfo(np.float32).eps * norms + 3e-7 * distances)


@settings(max_examples=15, deadline=None)
@given(
    batch=st.lists(st.integers(1, 3), max_size=2),
    m=st.integers(8, 20),
    n=st.integers(8, 40),
    d=st.integers(5, 70),
    dtype=st.sampled_from([np.float32, np.float64]),
    offset=st.sampled_from([0.0, 1.0, 2013.0, 1e6]),
    seed=st.integers(0, 2**16),
)
def test_error_stays_in_the_stated_bound(batch, m, n, d, dtype, offset, seed):
    generator = np.random.default_rng(seed)
    q, x = ((offset + generator.standard_normal((*batch, rows, d))).astype(dtype) for rows in (m, n))
    x[..., 0, :] = q[..., 0, :]
    _, module, fired = rewritten(lambda q, x: ((q[..., :, None, :] - x[..., None, :, :]) ** 2).sum(-1), q, x)
    assert len(fired) == 1
    assert_within_bound(run(module, q, x)[0], *exact_distances(q, x), d)


def test_more_axes_on_either_side():
    generator = np.random.default_rng(0)
    q, x = generator.standard_normal((3, 4, 2, 5), np.float32), generator.standard_normal((8, 2, 5), np.float32)
    _, module, fired = rewritten(lambda q, x: ((q[:, None, :] - x[None, :, None]) ** 2).sum((-1, -2)), q, x)
    assert len(fired) == 1
    distances, norms = exact_distances(q.reshape(12, 10), x.reshape(8, 10))
    expected = [part.reshape(3, 4, 8).transpose(0, 2, 1) for part in (distances, norms)]
    assert_within_bound(run(module, q, x)[0], *expected, 10)


def test_infinities_and_nans_stay_with_their_points():
    generator = np.random.default_rng(1)
    q, x = (5 + generator.standard_normal((rows, 6), np.float32) for rows in (12, 60))
    x[3, 1], x[4, 2], x[5, 3], q[6, 4], q[7, 5], q[8, 0] = np.inf, -np.inf, np.nan, np.inf, np.nan, -np.inf
    original, module, _ = rewritten(FORMULAS["subtract"], q, x)
    expected, result = run(original, q, x)[0], run(module, q, x)[0]
    np.testing.assert_array_equal(np.isnan(result), np.isnan(expected))
    np.testing.assert_array_equal(np.isinf(result), np.isinf(expected))
    finite_q, finite_x = np.isfinite(q).all(1), np.isfinite(x).all(1)
    distances, norms = exact_distances(q[finite_q], x[finite_x])
    # The centre is divided by all points, those that are not finite included.
    assert (np.abs(result[np.ix_(finite_q, finite_x)] - distances) <= 20 * np.finfo(np.float32).eps * norms).all()


def test_the_stated_exceptions():
    q, x = np.ones((8, 5), np.float32), np.ones((9, 5), np.float32)
    q[0, 0], x[0, 0], q[1], x[1] = np.inf, np.inf, 1e25, 1e25
    original, module, _ = rewritten(FORMULAS["subtract"], q, x)
    expected, result = run(original, q, x)[0].copy(), run(module, q, x)[0]
    assert np.isnan(expected[0, 0])
    assert expected[1, 1] == 0
    expected[0, 0] = expected[1, 1] = np.inf
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("far", [1e6, 1e10, 1e18, 1e30])
def test_a_point_far_away_costs_the_others_no_digits(far):
    generator = np.random.default_rng(2)
    q, x = (generator.standard_normal((rows, 8), np.float32) for rows in (10, 300))
    x[7] = far
    _, module, _ = rewritten(FORMULAS["subtract"], q, x)
    others = np.arange(300) != 7
    distances, norms = exact_distances(q, x[others])
    np.testing.assert_array_less(np.abs(run(module, q, x)[0][:, others] - distances), 12 * np.finfo(np.float32).eps * norms)


LEFT_ALONE = {
    "few elements": (lambda q, x: ((q[:, None] - x) ** 2).sum(-1), (9, 4), (13, 4)),
    "few points": (lambda q, x: ((q[:, None] - x) ** 2).sum(-1), (7, 6), (13, 6)),
    "one query": (lambda q, x: ((q - x) ** 2).sum(-1), (1, 6), (13, 6)),
    "as large as its operand": (lambda q, x: ((q - x) ** 2).sum(-1), (9, 13, 6), (13, 6)),
    "absolute differences": (lambda q, x: jnp.abs(q[:, None] - x).sum(-1), (9, 6), (13, 6)),
    "a signed square": (lambda q, x: ((q[:, None] - x) * jnp.abs(q[:, None] - x)).sum(-1), (9, 6), (13, 6)),
    "a cube": (lambda q, x: ((q[:, None] - x) ** 3).sum(-1), (9, 6), (13, 6)),
    "a maximum": (lambda q, x: ((q[:, None] - x) ** 2).max(-1), (9, 6), (13, 6)),
    "one side lacks the summed axis": (lambda q, x: ((q[:, None, None] - x) ** 2).sum(-1), (9,), (13, 6)),
    "a sum from one": (lambda q, x: lax.reduce((q[:, None] - x) ** 2, jnp.ones((), q.dtype), lax.add, (2,)), (9, 6), (13, 6)),
    "no points": (lambda q, x: ((q[:, None] - x) ** 2).sum(-1), (9, 6), (0, 6)),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_left_alone(name):
    function, *shapes = LEFT_ALONE[name]
    original, module, fired = rewritten(function, *(spec(shape) for shape in shapes))
    assert fired == ()
    assert str(module) == str(original)


@pytest.mark.parametrize("dtype", [np.int32, np.complex64, jnp.bfloat16])
def test_other_dtypes_are_left_alone(dtype):
    _, _, fired = rewritten(FORMULAS["subtract"], spec((9, 6), dtype), spec((13, 6), dtype))
    assert fired == ()


def test_the_difference_stays_where_it_is_used_again():
    def distance_and_direction(q, x):
        difference = q[:, None] - x
        return (difference**2).sum(-1), difference.max(-1)

    generator = np.random.default_rng(3)
    q, x = generator.standard_normal((9, 6), np.float32), generator.standard_normal((13, 6), np.float32)
    original, module, fired = rewritten(distance_and_direction, q, x)
    assert len(fired) == 1
    for actual, expected in zip(run(module, q, x), run(original, q, x), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5)


def test_fires_inside_a_loop_and_reads_values_from_outside():
    module = parse("""func.func public @main(%q: tensor<40x6xf32>, %x: tensor<13x6xf32>) -> tensor<40x13xf32> {
      %zero = stablehlo.constant dense<0.0> : tensor<f32>
      %first = stablehlo.constant dense<0> : tensor<i32>
      %step = stablehlo.constant dense<10> : tensor<i32>
      %end = stablehlo.constant dense<40> : tensor<i32>
      %empty = stablehlo.broadcast_in_dim %zero, dims = [] : (tensor<f32>) -> tensor<40x13xf32>
      %all = stablehlo.broadcast_in_dim %x, dims = [1, 2] : (tensor<13x6xf32>) -> tensor<10x13x6xf32>
      %out:2 = stablehlo.while(%i = %first, %d = %empty) : tensor<i32>, tensor<40x13xf32>
        cond {
          %more = stablehlo.compare LT, %i, %end : (tensor<i32>, tensor<i32>) -> tensor<i1>
          stablehlo.return %more : tensor<i1>
        } do {
          %piece = stablehlo.dynamic_slice %q, %i, %first, sizes = [10, 6]
            : (tensor<40x6xf32>, tensor<i32>, tensor<i32>) -> tensor<10x6xf32>
          %rows = stablehlo.broadcast_in_dim %piece, dims = [0, 2] : (tensor<10x6xf32>) -> tensor<10x13x6xf32>
          %difference = stablehlo.subtract %rows, %all : tensor<10x13x6xf32>
          %square = chlo.square %difference : tensor<10x13x6xf32> -> tensor<10x13x6xf32>
          %sum = stablehlo.reduce(%square init: %zero) applies stablehlo.add across dimensions = [2]
            : (tensor<10x13x6xf32>, tensor<f32>) -> tensor<10x13xf32>
          %put = stablehlo.dynamic_update_slice %d, %sum, %i, %first
            : (tensor<40x13xf32>, tensor<10x13xf32>, tensor<i32>, tensor<i32>) -> tensor<40x13xf32>
          %next = stablehlo.add %i, %step : tensor<i32>
          stablehlo.return %next, %put : tensor<i32>, tensor<40x13xf32>
        }
      return %out#1 : tensor<40x13xf32>
    }""")
    assert len(DistanceToProduct().run(module)) == 1
    module.operation.verify()
    generator = np.random.default_rng(4)
    q, x = generator.standard_normal((40, 6), np.float32), generator.standard_normal((13, 6), np.float32)
    assert_within_bound(run(module, q, x)[0], *exact_distances(q, x), 6)
