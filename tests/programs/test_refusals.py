"""Refusals are exact: the limit that an error names works, in a process that never saw the error too, and what it says is blocked is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import memarray
from memarray._runtime import _program
from tests.programs.checking import PLENTY, assert_equal, limit_for, real


def log_determinant(x):
    kernel = jnp.exp(-((x[:, None] - x[None]) ** 2).sum(-1) / 2)
    return jnp.log(jnp.diag(jnp.linalg.cholesky(kernel + jnp.eye(len(x))))).sum()


def every_hundredth(x):
    return jnp.sort(jnp.sin(x))[::100]


def spectrum(x):
    return jnp.abs(jnp.fft.rfft(jnp.sin(x)))[::100]


def softmax_of_all(q, x):
    return jax.nn.softmax(q @ x.T, axis=None).max(1)


REFUSED = {
    "cholesky": (log_determinant, (real(151, 3),), "spotrf"),
    "sort": (every_hundredth, (real(10007),), "the dimension that is sorted"),
    "fft": (spectrum, (real(8192),), "a dimension that is transformed"),
    "below one piece": (softmax_of_all, (real(101, 8), real(1009, 8)), "smallest limit that works"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_limit_that_the_error_names_works(name):
    function, arguments, reason = REFUSED[name]
    with pytest.raises(memarray.MemoryLimitError, match=reason) as caught:
        memarray.wrap(function, memory_limit=limit_for(function, arguments, 10**6))(*arguments)
    smallest = caught.value.smallest_limit_bytes
    assert caught.value.limit_bytes < smallest
    _program.cache_clear()  # as in a process of its own, that never saw the error
    fitted = memarray.wrap(function, memory_limit=smallest)
    assert fitted.plan(*arguments).peak_bytes <= smallest
    assert_equal(fitted(*arguments), memarray.wrap(function, memory_limit=PLENTY)(*arguments), 1e-5)


def test_arguments_that_are_over_the_limit_by_themselves():
    x = real(1009, 8)
    with pytest.raises(memarray.MemoryLimitError, match="alone") as caught:
        memarray.wrap(lambda x: jnp.tanh(x @ x.T).sum(1), memory_limit=x.nbytes)(x)
    assert caught.value.smallest_limit_bytes > x.nbytes + 4 * len(x)


def test_what_is_refused_at_one_limit_may_run_at_another():
    """An error leaves nothing behind: the same function runs where it fits."""
    x = real(211, 3)
    limits = [limit_for(log_determinant, (x,), divisor) for divisor in (1, 10**6)]
    function = memarray.wrap(log_determinant)
    expected = float(jax.jit(log_determinant)(x))
    for limit in (*limits, *limits):
        if limit == limits[1]:
            with pytest.raises(memarray.MemoryLimitError):
                function.with_limit(limit)(x)
        else:
            np.testing.assert_allclose(function.with_limit(limit)(x), expected, rtol=1e-5)
