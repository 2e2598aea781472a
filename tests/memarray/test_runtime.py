"""What is compiled when, and which of the verified plans serves."""

import contextlib
import functools

import jax
import jax.monitoring
import jax.numpy as jnp
import numpy as np
import pytest

import memarray
from memarray import _runtime
from memarray._runtime import CPU_OPTIONS
from xla_passes import Plan, Report, Rewrite

X, Y = np.random.default_rng(0).standard_normal((2, 200, 4)).astype(np.float32)


def fresh():
    """A function that was never recorded before, with 160 kB of distances."""

    def nearest(x, y):
        return jnp.sort(jnp.abs(x[:, None] - y[None]).sum(-1), axis=1)[:, :3]

    return nearest


@contextlib.contextmanager
def events():
    """The names of what JAX times meanwhile: tracing, lowering, compiling."""
    seen = []

    def listener(name, seconds, **details):
        seen.append(name)

    jax.monitoring.register_event_duration_secs_listener(listener)
    try:
        yield seen
    finally:
        jax.monitoring.unregister_event_duration_listener(listener)


def compilations(seen):
    return sum("backend_compile" in name for name in seen)


def test_a_second_call_traces_and_compiles_nothing():
    wrapped = memarray.wrap(fresh(), memory_limit="1GB")
    x, y = jnp.asarray(X), jnp.asarray(Y)
    with events() as first:
        wrapped(x, y)
    with events() as second:
        wrapped(y, x)
        wrapped(x, y=x)
    assert compilations(first) > 0
    with events() as third:
        wrapped(y, x)
        wrapped.plan(x, y)
    assert third == []
    assert compilations(second) == 0  # another way to pass the arguments is recorded, and found to be the same program


def test_a_second_gradient_compiles_nothing():
    wrapped = memarray.wrap(lambda x: jnp.sin(x).sum(), memory_limit="1GB")
    x = jnp.ones(7)
    for transform in (jax.grad, jax.hessian):
        other = x + 1
        transform(wrapped)(x)
        with events() as seen:
            transform(wrapped)(other)
        assert compilations(seen) == 0


def test_the_same_program_of_another_function_object_compiles_nothing():
    memarray.wrap(fresh(), memory_limit="1GB")(X, Y)
    with events() as seen:
        memarray.wrap(fresh(), memory_limit="1GB")(X, Y)
    assert compilations(seen) == 0


def test_a_limit_that_moves_recompiles_only_below_every_known_plan():
    fn = fresh()
    plenty = memarray.plan(fn, X, Y, memory_limit="1GB")
    small = memarray.plan(fn, X, Y, memory_limit=60_000)
    assert not plenty.loops
    assert small.loops
    assert small.peak_bytes <= 60_000 < plenty.peak_bytes
    with events() as seen:
        for limit in (10**9, plenty.peak_bytes, 60_000, 10**8, small.peak_bytes):
            again = memarray.plan(fn, X, Y, memory_limit=limit)
            assert again.peak_bytes <= limit == again.limit_bytes
            assert bool(again.loops) == (limit < plenty.peak_bytes)  # unsplit is the fastest
    assert compilations(seen) == 0


def test_plenty_is_unsplit_whatever_was_asked_before():
    fn = fresh()
    small = memarray.plan(fn, X, Y, memory_limit=60_001)
    with events() as seen:
        plenty = memarray.plan(fn, X, Y, memory_limit="1GB")
    assert compilations(seen) == 0
    assert small.loops
    assert not plenty.loops
    assert not plenty.rewrites
    assert plenty.peak_bytes == small.unsplit_peak_bytes


def test_the_fastest_plan_that_fits_serves():
    fn = fresh()
    plans = [memarray.plan(fn, X, Y, memory_limit=limit) for limit in (20_000, 50_000, 100_000)]
    again = memarray.plan(fn, X, Y, memory_limit=100_000)
    assert again.estimated_seconds == min(plan.estimated_seconds for plan in plans)


def test_more_room_is_searched_once():
    fn = fresh()
    tight = memarray.plan(fn, X, Y, memory_limit=20_000)
    with events() as seen:
        assert memarray.plan(fn, X, Y, memory_limit=20_100).estimated_seconds == tight.estimated_seconds
    assert compilations(seen) == 0
    roomy = memarray.plan(fn, X, Y, memory_limit=tight.unsplit_peak_bytes - 1)
    assert roomy.peak_bytes < tight.unsplit_peak_bytes
    assert roomy.estimated_seconds <= tight.estimated_seconds
    with events() as seen:
        for limit in (tight.unsplit_peak_bytes - 1, roomy.peak_bytes, (roomy.peak_bytes + tight.unsplit_peak_bytes) // 2):
            assert memarray.plan(fn, X, Y, memory_limit=limit).estimated_seconds == roomy.estimated_seconds
    assert compilations(seen) == 0


def test_a_failure_is_remembered():
    fn = fresh()
    for compiles in (True, False):
        with events() as seen, pytest.raises(memarray.MemoryLimitError) as caught:
            memarray.plan(fn, X[:190], Y, memory_limit=7000)
        assert bool(compilations(seen)) == compiles
    with events() as seen, pytest.raises(memarray.MemoryLimitError):
        memarray.plan(fn, X[:190], Y, memory_limit=6000)
    assert compilations(seen) == 0
    assert memarray.plan(fn, X[:190], Y, memory_limit=caught.value.smallest_limit_bytes).fits


def test_settings_are_part_of_the_program():
    def fn(x, y):
        return jnp.sort(((x[:, None] - y[None]) ** 2).sum(-1), axis=1)[:, :3]

    plan = functools.partial(memarray.plan, fn, *(jax.ShapeDtypeStruct((200, 64), np.float32),) * 2, memory_limit=200_000)
    assert not all(rewrite.is_exact for rewrite in plan().rewrites)
    memarray.config.rewrites = "exact"
    try:
        exact = plan()
    finally:
        memarray.config.rewrites = "all"
    assert all(rewrite.is_exact for rewrite in exact.rewrites)
    assert len(exact.rewrites) < len(plan().rewrites)


def test_always_split_never_serves_the_unsplit_program():
    fn = fresh()
    memarray.config.split = "always"
    try:
        assert memarray.plan(fn, X, Y, memory_limit="1GB").loops
        assert memarray.plan(fn, X, Y, memory_limit="1GB").loops
        with events() as seen:
            result = memarray.wrap(fn, memory_limit="1GB")(X, Y)
            memarray.plan(fn, X, Y, memory_limit="2GB")
        assert compilations(seen) == 0
    finally:
        memarray.config.split = "when needed"
    assert not memarray.plan(fn, X, Y, memory_limit="1GB").loops
    np.testing.assert_allclose(result, np.sort(np.abs(X[:, None] - Y[None]).sum(-1), axis=1)[:, :3], rtol=1e-5)


def test_matrix_product_precision_is_part_of_the_signature():
    wrapped = memarray.wrap(lambda x: x @ x.T)
    wrapped(X)
    with jax.default_matmul_precision("bfloat16"), events() as seen:
        wrapped(X)
    assert seen


def test_compiler_options():
    options = memarray.compiler_options("cpu")
    assert options == CPU_OPTIONS
    assert options is not CPU_OPTIONS
    assert memarray.compiler_options("tpu") == {}
    assert float(jax.jit(lambda x: x.sum(), compiler_options=options)(jnp.ones(3))) == 3


def test_the_program_as_written_comes_before_a_rewritten_one_that_takes_more():
    def served(peak_bytes, *rewrites):
        report = Report(argument_bytes=0, output_bytes=0, temp_bytes=peak_bytes)
        plan = Plan(limit_bytes=1000, report=report, unsplit=report, unsplit_estimate_bytes=peak_bytes, rewrites=rewrites)
        return _runtime.Served(None, None, _runtime.Signature((), ()), "cpu", plan)

    rewritten = served(260, Rewrite("distance-to-product", None, is_exact=False))
    as_written = served(170)
    assert sorted([rewritten, as_written], key=_runtime._speed) == [as_written, rewritten]


def test_an_ordinary_call_runs_with_the_allocator_looked_after(monkeypatch):
    ran = []
    run = _runtime.Served.run
    monkeypatch.setattr(_runtime.Served, "run", lambda self, arguments: ran.append(self) or run(self, arguments))
    memarray.wrap(fresh())(X, Y)
    assert len(ran) == 1
