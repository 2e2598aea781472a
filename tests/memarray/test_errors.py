"""The errors: what they say, their fields, and that they pickle."""

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import memarray


def nearest(queries, points):
    distances = jnp.abs(queries[:, None] - points[None]).sum(-1)
    return jnp.sort(distances.reshape(-1))[:7]


def failure(limit, size=64):
    with pytest.raises(memarray.MemoryLimitError) as caught:
        memarray.wrap(nearest, memory_limit=limit)(jnp.ones((size, 4)), jnp.ones((size, 4)))
    return caught.value


def test_arguments_alone_over_the_limit():
    error = failure(1000)
    assert isinstance(error, MemoryError)
    assert "`nearest` cannot run under the memory limit of 1000 bytes" in str(error)
    assert "arguments are 2.0 kB and outputs 28 B, which alone is over it" in str(error)
    assert str(error.smallest_limit_bytes) in str(error)


def test_the_fields_name_the_users_code():
    error = failure(4000)
    assert error.limit_bytes == 4000
    assert error.needed_bytes >= error.smallest_limit_bytes > 4000
    assert error.source_line.startswith(__file__)
    assert np.prod(error.shape) >= 64 * 64
    assert error.op in str(error)
    assert error.source_line in str(error)


def test_nothing_runs():
    ran = []

    def fn(x):
        ran.append(type(x))
        return nearest(x, x)

    with pytest.raises(memarray.MemoryLimitError):
        memarray.wrap(fn, memory_limit=1000)(jnp.ones((64, 4)))
    assert all(issubclass(kind, jax.core.Tracer) for kind in ran)


def test_the_smallest_limit_works_exactly():
    queries, points = np.random.default_rng(0).standard_normal((2, 64, 4)).astype(np.float32)
    wrapped = memarray.wrap(nearest, memory_limit=4000)
    with pytest.raises(memarray.MemoryLimitError) as caught:
        wrapped.plan(queries, points)
    smallest = caught.value.smallest_limit_bytes
    plan = memarray.plan(nearest, queries, points, memory_limit=smallest)
    assert plan.peak_bytes <= smallest
    result = memarray.wrap(nearest, memory_limit=smallest)(queries, points)
    np.testing.assert_allclose(result, np.sort(np.abs(queries[:, None] - points[None]).sum(-1).ravel())[:7], rtol=1e-5)


def test_memory_limit_error_pickles():
    error = failure(4000)
    again = pickle.loads(pickle.dumps(error))  # our own bytes
    assert type(again) is memarray.MemoryLimitError
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_arguments_that_are_no_arrays():
    class Lazy:
        def __jax_array__(self):
            return jnp.ones((3, 4))

    with pytest.raises(memarray.UnsupportedOpError, match=r"jax\.numpy\.asarray"):
        memarray.wrap(nearest)(Lazy(), jnp.ones((3, 4)))
    with pytest.raises(TypeError, match="str"):
        memarray.wrap(nearest)("a", "b")
    with pytest.raises(TypeError, match="expected a function"):
        memarray.wrap(3)
