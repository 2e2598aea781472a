"""Calls of wrapped functions: what goes in, what comes out, as `jax.jit` would have it."""

import dataclasses
import functools
import os
import subprocess
import sys
import threading
from collections import namedtuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import memarray

Pair = namedtuple("Pair", "first second")


def same(actual, expected):
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        assert isinstance(one, jax.Array)
        assert jax.typeof(one) == jax.typeof(other)
        is_key = jnp.issubdtype(one.dtype, jax.dtypes.prng_key)
        np.testing.assert_allclose(*map(jax.random.key_data if is_key else np.asarray, (one, other)), rtol=1e-6)


def trees(x, pair, *rest, scale=2.0, options=None):
    total = x * scale + pair.first["a"] + sum(rest)
    return Pair([total, None], {"same": x, "constant": jnp.arange(3), "number": 7, "options": options})


VALUES = [
    jnp.arange(3.0), np.arange(3.0), np.arange(3), np.float32(2.5), np.bool_(True), True, 3, 2.5, 1j, jnp.int8(3), np.ones(2, np.float16),
    jnp.ones((2, 0)), jnp.asarray(3), [1, np.ones(2)], np.ones((2, 3), order="F")[:, ::2],
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("x64", [False, True])
def test_values_go_in_and_out_as_with_jit(value, x64):
    def fn(value):
        return jax.tree.map(lambda leaf: (leaf * 2, leaf), value)

    with jax.enable_x64(x64):
        wrapped = memarray.wrap(fn)
        expected = jax.jit(fn)(value)
        same(wrapped(value), expected)
        same(wrapped(value), expected)  # from the cache


def test_trees():
    x = jnp.ones(3)
    args = (x, Pair({"a": 1}, None), 1, 2.0)
    same(memarray.wrap(trees)(*args, options=(x,)), jax.jit(trees)(*args, options=(x,)))
    same(memarray.wrap(trees)(x, Pair({"a": 1}, None), scale=3), jax.jit(trees)(x, Pair({"a": 1}, None), scale=3))


def test_random_keys():
    def fn(key, keys):
        return jax.random.split(key), jax.vmap(jax.random.normal)(keys), keys

    key = jax.random.key(3)
    same(memarray.wrap(fn)(key, jax.random.split(key, 4)), jax.jit(fn)(key, jax.random.split(key, 4)))
    same(jax.jit(memarray.wrap(fn))(key, jax.random.split(key, 4)), jax.jit(fn)(key, jax.random.split(key, 4)))


def test_no_arguments_and_no_results():
    assert memarray.wrap(lambda: None)() is None
    assert memarray.wrap(lambda _: ())(3) == ()
    assert int(memarray.wrap(lambda: 4)()) == 4


def test_decorator_forms():
    @memarray.wrap
    def bare(x):
        """Doc."""
        return x + 1

    @memarray.wrap(memory_limit="1MB")
    def limited(x):
        return x + 1

    assert (bare.__name__, bare.__doc__, bare.__wrapped__(1)) == ("bare", "Doc.", 2)
    assert float(bare(1.0)) == float(limited(1.0)) == 2.0
    assert limited.plan(1.0).limit_bytes == 1_000_000
    assert "limit=1000000" in repr(limited)
    assert memarray.wrap(functools.partial(jnp.add, 1)).plan(2).name == "add"


def test_methods():
    @jax.tree_util.register_dataclass
    @dataclasses.dataclass
    class Layer:
        weight: jax.Array

        @memarray.wrap
        def apply(self, x):
            return x @ self.weight

    assert Layer(jnp.ones((2, 3))).apply(jnp.ones(2)).tolist() == [2, 2, 2]


def test_static_arguments():
    def fn(x, k, *, mode="up"):
        return jax.lax.top_k(x if mode == "up" else -x, k)

    def two(x, k):
        return fn(x, k)

    x = jnp.arange(5.0)
    for static in ({"static_argnums": 1}, {"static_argnums": -1}, {"static_argnames": "k"}):
        wrapped = memarray.wrap(two, **static)
        assert wrapped(x, 2)[0].tolist() == wrapped(x, k=2)[0].tolist() == [4, 3]
        assert wrapped(x, 3)[0].shape == (3,)
    wrapped = memarray.wrap(fn, static_argnames=("k", "mode"))
    assert wrapped(x, 1, mode="down")[0].tolist() == [0]
    with pytest.raises(TypeError, match="not hashable"):
        wrapped(x, 1, mode=["down"])
    with pytest.raises(ValueError, match="not all arguments"):
        memarray.wrap(fn, static_argnames="depth")


def test_closed_over_arrays_count_as_arguments():
    on_device, from_numpy = jnp.ones((300, 300)), np.ones((200, 300), np.float32)
    wrapped = memarray.wrap(lambda x: (on_device @ x).sum() + (from_numpy @ x).sum())
    x = jnp.ones(300)
    plan = wrapped.plan(x)
    assert plan.argument_bytes == on_device.nbytes + from_numpy.nbytes + x.nbytes
    assert float(wrapped(x)) == 300 * 500
    with pytest.raises(memarray.MemoryLimitError, match="alone is over it"):
        memarray.wrap(wrapped.__wrapped__, memory_limit=on_device.nbytes)(x)


def test_unused_arguments_count():
    x = jnp.ones((100, 100))
    assert memarray.plan(lambda used, _: used * 2, x, x).argument_bytes == 2 * x.nbytes


def test_specs_stand_for_arrays():
    x = np.ones((10, 3), np.float32)
    spec = jax.ShapeDtypeStruct(x.shape, x.dtype)
    wrapped = memarray.wrap(lambda x: x.T @ x)
    assert wrapped.plan(spec).peak_bytes == wrapped.plan(x).peak_bytes == memarray.plan(wrapped, spec).peak_bytes
    assert memarray.plan(wrapped, spec, memory_limit="1GB").limit_bytes == 10**9
    with pytest.raises(TypeError, match="ShapeDtypeStruct"):
        wrapped(spec)


def test_the_limit_in_force_is_the_one_at_the_call():
    wrapped = memarray.wrap(lambda x: x + 1)
    x = jnp.ones(1000)
    wrapped(x)
    with memarray.memory_limit(100), pytest.raises(memarray.MemoryLimitError):
        wrapped(x)
    assert float(wrapped(x)[0]) == 2


def test_threads_share_one_program():
    wrapped = memarray.wrap(lambda x: jnp.sort(x) + 1)
    x, results = jnp.arange(1000.0), []
    threads = [threading.Thread(target=lambda: results.append(float(wrapped(x)[-1]))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [1000.0] * 8


def in_fresh_process(code, **environment):
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env={**os.environ, **environment})


def test_importing_changes_no_setting_of_jax():
    in_fresh_process("""
import os
environment = dict(os.environ)
import jax
before = dict(jax.config.values)
import memarray, frontends, xla_passes
assert dict(jax.config.values) == before
assert dict(os.environ) == environment
""")


def test_the_program_runs_where_its_arguments_are():
    in_fresh_process(
        """
import jax, numpy as np, memarray
first, second = jax.devices()
wrapped = memarray.wrap(lambda x: x * 2)
x = np.ones(4, np.float32)
for device in (first, second, first):
    assert wrapped(jax.device_put(x, device)).devices() == {device}
    assert jax.grad(lambda y: wrapped(y).sum())(jax.device_put(x, device)).devices() == {device}
with jax.default_device(second):
    assert wrapped(x).devices() == {second}
assert wrapped(x).devices() == {first}
mesh = jax.make_mesh((2,), ("i",))
sharded = jax.device_put(x, jax.sharding.NamedSharding(mesh, jax.P("i")))
for arguments in ((sharded,), (jax.device_put(x, first), jax.device_put(x, second))):
    try:
        memarray.wrap(lambda *xs: sum(xs))(*arguments)
    except memarray.UnsupportedOpError as error:
        assert "several devices" in str(error), error
    else:
        raise AssertionError("a program over several devices was accepted")
""",
        XLA_FLAGS="--xla_force_host_platform_device_count=2",
        JAX_PLATFORMS="cpu",
    )
