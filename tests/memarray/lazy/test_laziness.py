"""Recording runs and allocates nothing; evaluation runs each program once, keeps what is held, and compiles each structure once."""

import gc
import tracemalloc
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy
import pytest

import memarray as np
from memarray import _evaluate
from memarray._graph import held_bytes, pending_upstream
from memarray.errors import MemoryLimitError


@pytest.fixture
def runs(monkeypatch):
    """Counts evaluations and traces while a test runs."""
    counted = {"runs": 0, "traces": 0}
    run, trace = _evaluate._run, _evaluate._trace

    def counting_run(*args):
        counted["runs"] += 1
        return run(*args)

    def counting_trace(*args):
        counted["traces"] += 1
        return trace(*args)

    monkeypatch.setattr(_evaluate, "_run", counting_run)
    monkeypatch.setattr(_evaluate, "_trace", counting_trace)
    return counted


def test_recording_allocates_and_runs_nothing(runs):
    gc.collect()
    before = held_bytes()
    tracemalloc.start()
    x = np.ones((100_000, 1000))
    y = np.linalg.norm(x[:, None] - x[None], axis=-1)  # 80 TB of differences
    z = np.exp(-y).sum(axis=1)
    z[3:7] += 1
    w = np.sort(z) @ x
    assert w.shape == (1000,)
    assert w.dtype == numpy.float64
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert runs["runs"] == 0
    assert held_bytes() == before
    assert peak < 4 << 20


def test_it_is_evaluated_when_its_values_are_asked_for(runs, everything_recorded):
    x = np.arange(6.0).reshape(2, 3)
    y = (x * 2).sum(axis=0)
    assert runs["runs"] == 0
    assert y.tolist() == [6.0, 10.0, 14.0]
    assert runs["runs"] == 1
    assert str(y) == "[ 6. 10. 14.]"
    assert runs["runs"] == 1  # the values are kept


@pytest.mark.parametrize(
    "ask",
    [bool, float, int, str, repr, lambda s: f"{s:.1f}", lambda s: s.item(), lambda s: s.tolist(), numpy.asarray, hash, complex],
)
def test_what_evaluates(ask, runs, everything_recorded):
    total = np.arange(4.0).sum()
    assert runs["runs"] == 0
    ask(total)
    assert runs["runs"] >= 1


def test_compute_evaluates_several_in_one_program(runs, everything_recorded):
    x = np.arange(1000.0)
    shared = np.sin(x) * 2
    mean, largest = np.compute(shared.mean(), shared.max())
    assert runs == {"runs": 1, "traces": 1}
    assert isinstance(mean, np.ndarray)
    expected = numpy.sin(numpy.arange(1000.0)) * 2
    numpy.testing.assert_allclose([float(mean), float(largest)], [expected.mean(), expected.max()])
    assert runs["runs"] == 1


def test_compute_takes_nested_arguments_and_passes_others_through():
    x = np.arange(3.0) + 1
    result = np.compute({"a": [x, 7]}, "text")
    assert result[1] == "text"
    assert result[0]["a"][0]._node().value is not None


def test_values_are_counted_as_long_as_somebody_holds_them(everything_recorded):
    gc.collect()
    before = held_bytes()
    x = np.compute(np.ones(1000) + 1)
    view = x[10:20]
    assert held_bytes() == before + 8000
    del x
    assert held_bytes() == before + 8000  # the view still needs it
    del view
    gc.collect()
    assert held_bytes() == before


def test_a_value_that_is_held_on_the_way_is_not_computed_again(runs, everything_recorded):
    state = np.compute(np.ones(1000))
    for _ in range(3):
        state = np.sin(state) + 1
        float(state.sum())
    assert runs["runs"] == 4
    assert state._node().value is not None  # kept, so that the next round starts from it


def test_what_is_much_larger_than_the_operands_is_not_kept_on_the_way(everything_recorded):
    x = np.compute(np.ones((3000, 2)))
    distances = ((x[:, None] - x[None]) ** 2).sum(-1)
    float(distances.max())
    assert distances._node().value is None


def test_a_result_does_not_change_with_its_operand(either_way):
    x = np.arange(4.0)
    y = x + 1
    z = x.copy()
    x[0] = 100
    x *= 2
    assert y.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert z.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert x.tolist() == [200.0, 2.0, 4.0, 6.0]


def test_arrays_from_outside_are_copied(either_way):
    outside = numpy.arange(4.0)
    x = np.asarray(outside)
    y = x + outside
    outside[:] = -1
    x[1] = 50
    assert y.tolist() == [0.0, 2.0, 4.0, 6.0]
    assert outside.tolist() == [-1.0] * 4


def test_constants_that_change_do_not_compile_again(runs, everything_recorded):
    x = np.compute(np.arange(100.0))
    results = [float((x[i : i + 3] * (0.5 + i)).sum()) for i in range(20)]
    numpy.testing.assert_allclose(results, [(numpy.arange(i, i + 3.0) * (0.5 + i)).sum() for i in range(20)])
    assert runs["traces"] - 1 <= 2  # with the constants in it, and with those that change as arguments


def test_negative_zero_and_nan_are_constants_of_their_own(everything_recorded):
    x = np.compute(np.ones(3))
    assert not numpy.signbit((x * 0.0).tolist()).any()
    assert numpy.signbit((x * -0.0).tolist()).all()
    assert numpy.isnan((x * numpy.nan).tolist()).all()
    assert numpy.isnan((x * numpy.nan).tolist()).all()


def test_a_long_loop_is_evaluated_in_segments_of_one_structure(runs):
    grid = np.zeros((500, 500))
    expected = numpy.zeros((500, 500))
    for i in range(2000):
        grid[i % 500] += i
        expected[i % 500] += i
    assert runs["traces"] <= 6
    assert runs["runs"] >= 5
    numpy.testing.assert_array_equal(grid, expected)


def test_stretches_end_outside_of_inner_loops(runs):
    def spread(xp):
        state, ages = xp.eye(300), xp.zeros((300, 300))
        for _ in range(100):
            around = xp.zeros_like(state)
            for shift in range(8):
                around += xp.roll(state, shift, axis=0)
            state = around / 8
            ages += 1
            ages[state > 0.1] = 0
        return state, ages

    actual, expected = spread(np), spread(numpy)
    numpy.testing.assert_allclose(actual[0], expected[0], rtol=1e-9)
    numpy.testing.assert_array_equal(actual[1], expected[1])
    assert runs["traces"] <= 6  # (8, where stretches may end in the inner loop)


def test_a_long_loop_with_two_states_and_a_history():
    def simulate(xp):
        x, v, energies = xp.ones((300, 300)), xp.zeros((300, 300)), []
        for _ in range(400):
            v = v - 0.01 * x
            x = x + 0.01 * v
            energies.append((x * x).mean() + (v * v).mean())
        return x, v, energies

    actual, expected = simulate(np), simulate(numpy)
    numpy.testing.assert_allclose(actual[0], expected[0], rtol=1e-9)
    numpy.testing.assert_allclose(np.stack(actual[2]), expected[2], rtol=1e-9)


def test_the_graph_does_not_grow_in_a_long_loop():
    x = np.ones((400, 400))
    for _ in range(2000):
        x = x * 0.5 + 1
    assert x._node().depth < 1000


def test_what_a_loop_makes_too_large_to_keep_stays_recorded():
    with np.memory_limit("20MB"):
        x = np.asarray(numpy.ones((3000, 2)))
        y = x[:, None] - x[None]  # 144 MB
        for _ in range(400):
            y = y * 0.999
        assert y._node().value is None
        numpy.testing.assert_allclose(float(abs(y).max()), 0.0)


class TestLimits:
    def test_pairwise_distances_under_a_limit(self):
        rng = numpy.random.default_rng(0)
        a, b = rng.normal(size=(3000, 4)), rng.normal(size=(5000, 4))
        with np.memory_limit("4MB"):
            q, x = np.asarray(a), np.asarray(b)
            nearest = np.sqrt(((q[:, None] - x[None]) ** 2).sum(-1)).min(axis=1)
            plan = np.plan(nearest)
            assert plan.fits
            assert plan.peak_bytes < 4_000_000
            numpy.testing.assert_allclose(nearest, numpy.sqrt(((a[:, None, :] - b[None]) ** 2).sum(-1)).min(1), rtol=1e-6)

    def test_too_small_a_limit_is_refused_before_anything_runs_and_names_the_line(self):
        x = np.asarray(numpy.random.default_rng(0).normal(size=(2000, 8)))
        with np.memory_limit("10MB"):
            y = np.sort((x @ x.T).ravel())[::1000]  # THE LINE
            with pytest.raises(MemoryLimitError) as caught:
                str(y)
        assert caught.value.limit_bytes == 10_000_000
        assert caught.value.smallest_limit_bytes > 10_000_000
        assert caught.value.source_line.startswith(f"{__file__}:")
        source = Path(__file__).read_text().splitlines()
        assert "THE LINE" in source[int(caught.value.source_line.rpartition(":")[2]) - 1]
        with np.memory_limit(caught.value.smallest_limit_bytes):
            assert str(y)

    def test_arrays_that_are_held_count(self):
        gc.collect()
        held = np.compute(np.ones(1_000_000) * 2)  # 8 MB
        x = np.compute(np.arange(100_000.0))
        with np.memory_limit(held_bytes() + 500_000):
            with pytest.raises(MemoryLimitError, match="other evaluated arrays that are still held take"):
                np.compute(np.sort(x + 1))
            y = np.sort(x + 1)
            del held
            gc.collect()
            assert float(y[0]) == 1.0

    def test_functions_on_the_host_are_refused_where_they_do_not_fit(self):
        x = np.compute(np.arange(1_000_000.0))
        with np.memory_limit(held_bytes() + 1_000_000), pytest.raises(MemoryLimitError, match="`unique` runs by NumPy"):
            np.unique(x)


class TestErrorsAtEvaluation:
    def test_a_singular_matrix(self, everything_recorded):
        inverse = np.linalg.inv(np.zeros((3, 3)))
        with pytest.raises(np.linalg.LinAlgError, match=rf"recorded at {__file__}"):
            str(inverse)

    def test_an_index_out_of_bounds(self, everything_recorded):
        positions = np.arange(3) * 10
        chosen = np.arange(5.0)[positions]
        with pytest.raises(IndexError, match=rf"out of bounds.*recorded at {__file__}"):
            str(chosen)


class TestWrappedFunctions:
    def test_numpy_code_under_a_limit_of_its_own(self):
        @np.wrap(memory_limit="4MB")
        def nearest(q, x):
            return np.sqrt(((q[:, None] - x[None]) ** 2).sum(-1)).min(1)

        rng = numpy.random.default_rng(0)
        a, b = rng.normal(size=(3000, 4)), rng.normal(size=(5000, 4))
        found = nearest(np.asarray(a), np.asarray(b))
        assert isinstance(found, np.ndarray)
        assert found._node().value is None
        assert np.plan(found).limit_bytes <= 4_000_000
        assert nearest.plan(np.asarray(a), np.asarray(b)).fits
        numpy.testing.assert_allclose(found, numpy.sqrt(((a[:, None, :] - b[None]) ** 2).sum(-1)).min(1), rtol=1e-6)

    def test_jax_code_with_lazy_arrays(self):
        @np.wrap
        def largest(x, count=2):
            values, places = jax.lax.top_k(x * 2, 2)
            return {"values": values, "places": places, "count": count}

        found = largest(np.arange(5.0) + 0)
        assert found["values"].tolist() == [8.0, 6.0]
        assert found["places"].tolist() == [4, 3]

    def test_memarray_code_with_jax_arrays(self):
        found = np.wrap(lambda x: np.cumsum(x)[::2])(jnp.arange(5.0))
        assert isinstance(found, jnp.ndarray)
        assert found.tolist() == [0.0, 3.0, 10.0]

    def test_in_place_code(self):
        def standardise(x):
            x = x.copy()
            x -= x.mean(axis=0)
            x[0] = 0
            return x

        a = numpy.random.default_rng(0).normal(size=(20, 3))
        numpy.testing.assert_allclose(np.wrap(standardise)(np.asarray(a)), standardise(a), atol=1e-12)


def test_view_of_an_evaluated_view_starts_from_its_values(monkeypatch):
    monkeypatch.setattr(np.config, "eager_bytes", 0)
    part = np.argsort(np.asarray(numpy.arange(80_000.0).reshape(40, 2000)), axis=1)[:, :3]
    with np.memory_limit("1.2MB"):
        np.compute(part)
    assert part._storage.node.value is None  # more than what was asked for, and not kept
    row = part[1]
    assert len(pending_upstream([row._node()])) == 1  # the index, not the sort
    assert row.tolist() == [0, 1, 2]
    part[1, 0] = 5
    assert row.tolist() == [5, 1, 2]
