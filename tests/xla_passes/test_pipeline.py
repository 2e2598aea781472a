"""`fit` with the real compiler's report: what fits stays as written, what does not is split under the limit, what cannot says why."""

import dataclasses
import functools
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.helpers import compile_module, random_array, record, run, spec
from xla_passes import fit
from xla_passes.analysis.workspace import workspace_bytes
from xla_passes.module import serialize
from xla_passes.plan import CannotFitError, Report

OPTIONS = {
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT",
    "xla_disable_hlo_passes": "tree_reduction_rewriter",
}


def report_of(module):
    """The compiler's report and the work space of two threads, so that the numbers do not hang on the machine."""
    compiled = compile_module(module, OPTIONS)
    sizes = compiled.memory_analysis()
    return Report(
        argument_bytes=sizes.argument_size_in_bytes,
        output_bytes=sizes.output_size_in_bytes,
        temp_bytes=sizes.temp_size_in_bytes,
        alias_bytes=sizes.alias_size_in_bytes,
        workspace_bytes=workspace_bytes(module, "cpu", threads=2),
        program=compiled,
    )


def nearest_l2(q, x, k):
    return lax.top_k(-((q[:, None] - x[None]) ** 2).sum(-1), k)


def nearest_l1(q, x, k):
    return lax.top_k(-jnp.abs(q[:, None] - x[None]).sum(-1), k)


def nearest_cosine(q, x, k):
    q, x = q / jnp.linalg.norm(q, axis=1, keepdims=True), x / jnp.linalg.norm(x, axis=1, keepdims=True)
    return lax.top_k(q @ x.T, k)


def softmax_over_rows(a, b):
    """Normalised along the long axis of its first operand: the sum has to be known before the second pass."""
    return jax.nn.softmax(a @ b, 0).sum(1)


def kernel_times_vector(x, v):
    return jnp.exp(-((x[:, None] - x[None]) ** 2).sum(-1)) @ v


@dataclasses.dataclass(frozen=True)
class Case:
    """A recorded program."""

    module: object
    arguments: tuple[np.ndarray, ...]

    @functools.cached_property
    def unsplit(self):
        return report_of(self.module)

    @property
    def held_bytes(self):
        return self.unsplit.argument_bytes + self.unsplit.output_bytes


def case(function, *shapes, **options):
    arguments = tuple(random_array(shape, np.float32, seed) for seed, shape in enumerate(shapes))
    return Case(record(functools.partial(function, **options), *arguments), arguments)


def assert_same_neighbours(found, case, metric, k):
    """The distances are right to rounding, and those of the points that the indices name."""
    values, indices = found
    q, x = (each.astype(np.float64) for each in case.arguments)
    if metric is nearest_cosine:
        q, x = q / np.linalg.norm(q, axis=1, keepdims=True), x / np.linalg.norm(x, axis=1, keepdims=True)
        scores = q @ x.T
    else:
        gap = q[:, None] - x[None]
        scores = -(gap**2 if metric is nearest_l2 else np.abs(gap)).sum(-1)
    expected = -np.sort(-scores, axis=1)[:, :k]
    np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(np.take_along_axis(scores, indices, 1), expected, rtol=1e-5, atol=1e-4)
    assert all(len(set(row)) == k for row in indices.tolist())


@pytest.mark.parametrize("metric", [nearest_l2, nearest_l1, nearest_cosine])
@pytest.mark.parametrize(
    ("rows", "points", "k", "part"),
    [(211, 503, 7, 8), (1, 20011, 3, 3), (20011, 1, 1, 1), (23, 1009, 1009, 1)],
    ids=["primes", "one-row", "one-point", "k-is-n"],
)
def test_nearest_neighbours_at_awkward_sizes(metric, rows, points, k, part):
    """A limit that leaves a part of the room that the unsplit program takes; where that is too little, the smallest one that works."""
    knn = case(metric, (rows, 5), (points, 5), k=k)
    limit = knn.held_bytes + (knn.unsplit.peak_bytes - knn.held_bytes) // part
    try:
        found = fit(knn.module, limit, report_of)
    except CannotFitError as caught:
        error = caught
    else:
        error = None
    if error:
        assert error.limit_bytes == limit < error.smallest_limit_bytes <= knn.unsplit.peak_bytes
        limit = error.smallest_limit_bytes
        found = fit(knn.module, limit, report_of)
    assert found.plan.report.peak_bytes <= limit
    assert_same_neighbours(run(found.module, *knn.arguments), knn, metric, k)


def test_plenty_leaves_the_program_as_written():
    knn = case(nearest_l2, (307, 5), (503, 5), k=3)
    before = serialize(knn.module)
    found = fit(knn.module, knn.unsplit.peak_bytes, report_of)
    assert found.module is knn.module
    assert serialize(knn.module) == before
    assert found.plan.loops == ()
    assert found.plan.rewrites == ()
    assert found.plan.blocked == ()
    assert found.plan.report.peak_bytes == found.plan.unsplit.peak_bytes == knn.unsplit.peak_bytes
    assert found.plan.steps_before == found.plan.steps_after


def test_a_plan_says_what_was_split():
    knn = case(nearest_l2, (307, 5), (503, 5), k=3)
    before = serialize(knn.module)
    limit = knn.held_bytes + 200_000
    found = fit(knn.module, limit, report_of)
    plan = found.plan
    assert serialize(knn.module) == before, "the module that came in is left as it is"
    assert plan.report.peak_bytes <= limit == plan.limit_bytes
    assert plan.report == report_of(found.module)
    loop = plan.loops[0]
    assert loop.shape == (307, 503)
    assert loop.bytes_before == 4 * 307 * 503
    assert loop.axis_length == loop.shape[loop.axis]
    assert loop.pieces == -(-loop.axis_length // loop.piece_length) >= 2
    assert loop.bytes_piece == loop.bytes_before * loop.piece_length // loop.axis_length
    assert loop.bytes_piece < 200_000
    assert loop.source_line == f"{__file__}:{nearest_l2.__code__.co_firstlineno + 1}"
    assert loop.recomputed == ()
    assert max(step.live_bytes for step in plan.steps_after) < max(step.live_bytes for step in plan.steps_before)
    assert plan in [tried.plan for tried in found.tried]


def test_a_second_pass_over_the_split_axis_is_recomputed_and_said():
    softmax = case(softmax_over_rows, (1009, 5), (5, 307))
    limit = softmax.held_bytes + 60_000
    found = fit(softmax.module, limit, report_of)
    assert found.plan.report.peak_bytes <= limit
    over_rows = [loop for loop in found.plan.loops if loop.depth == 0 and loop.axis_length == 1009]
    if over_rows:
        again = [name for loop in over_rows for name in loop.recomputed]
        assert any("dot_general" in name and Path(__file__).name in name for name in again)
    else:  # columns need no second pass
        assert all(loop.recomputed == () for loop in found.plan.loops if loop.depth == 0)
    np.testing.assert_allclose(run(found.module, *softmax.arguments)[0], run(softmax.module, *softmax.arguments)[0], rtol=1e-4)


def test_too_small_a_limit_says_what_and_where_and_how_much():
    knn = case(nearest_l1, (211, 5), (503, 5), k=3)
    with pytest.raises(CannotFitError) as caught:
        fit(knn.module, knn.held_bytes - 1, report_of)
    error = caught.value
    assert error.op.startswith(("stablehlo.", "chlo."))
    assert error.op in str(error)
    assert error.source_line is not None
    assert Path(error.source_line.rpartition(":")[0]) == Path(__file__)
    assert error.shape
    assert error.limit_bytes == knn.held_bytes - 1
    assert knn.held_bytes < error.smallest_limit_bytes < error.unsplit_peak_bytes == knn.unsplit.peak_bytes
    assert error.needed_bytes == error.smallest_limit_bytes
    assert min(each.plan.report.peak_bytes for each in error.tried) <= error.smallest_limit_bytes


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(lambda: case(nearest_l2, (307, 5), (503, 5), k=3), id="nearest"),
        pytest.param(lambda: case(softmax_over_rows, (403, 5), (5, 307)), id="softmax"),
        pytest.param(lambda: case(kernel_times_vector, (503, 3), (503,)), id="kernel"),
    ],
)
def test_smaller_limits_until_none_works(program):
    """Peaks stay under the limits; and the smallest limit works when nothing else was asked before."""
    known = program()
    room = known.unsplit.peak_bytes - known.held_bytes
    expected = run(known.module, *known.arguments)
    for part in (1, 3, 9, 27):
        limit = known.held_bytes + room // part
        found = fit(known.module, limit, report_of)
        assert found.plan.report.peak_bytes <= limit
        assert bool(found.plan.loops) == (part > 1)
    results = run(found.module, *known.arguments)
    np.testing.assert_allclose(results[0], expected[0], rtol=1e-4, atol=1e-4)
    with pytest.raises(CannotFitError) as caught:
        fit(known.module, known.held_bytes + 16, report_of)
    smallest = caught.value.smallest_limit_bytes
    again = fit(program().module, smallest, report_of)
    assert again.plan.report.peak_bytes <= smallest
    fit(program().module, smallest + 1000, report_of)


def test_the_smallest_limit_is_never_above_the_program_as_written():
    """With k = n a split needs more than none: the running top is as large as the whole."""
    knn = case(nearest_l2, (101, 5), (503, 5), k=503)
    with pytest.raises(CannotFitError) as caught:
        fit(knn.module, knn.held_bytes - 1, report_of)
    assert caught.value.smallest_limit_bytes <= knn.unsplit.peak_bytes


def test_exact_rewrites_keep_the_bits_of_what_is_not_summed():
    """Without the distance rewrite and over the queries, a split changes nothing at all."""
    numbers = random_array((307, 5)).round(), random_array((503, 5), seed=1).round()
    module = record(functools.partial(nearest_l2, k=3), *(spec(each.shape) for each in numbers))
    unsplit = report_of(module)
    found = fit(module, unsplit.peak_bytes // 4, report_of, rewrites="exact")
    assert all(rewrite.is_exact for rewrite in found.plan.rewrites)
    for one, other in zip(run(found.module, *numbers), run(module, *numbers), strict=True):
        np.testing.assert_array_equal(one, other)
