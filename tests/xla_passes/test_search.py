"""The search among plans: a larger limit is never slower, and a limit that works does so in any process. Reports are estimates here."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest

from tests.helpers import record, spec
from tests.xla_passes.split.random_checks import case_of
from tests.xla_passes.split.random_recipes import draw_recipe
from xla_passes import CannotFitError, Report, Search
from xla_passes.analysis.graph import snapshot
from xla_passes.analysis.liveness import graph_liveness
from xla_passes.analysis.workspace import workspace_bytes
from xla_passes.frontier import Frontier
from xla_passes.module import main_block, type_bytes
from xla_passes.pipeline import passes_before_splitting, run_passes

SHARES = (0.03, 0.06, 0.12, 0.2, 0.3, 0.45, 0.7, 0.95)  # of the temporaries


def estimated(module):
    """A report that agrees with the estimate."""
    graph = snapshot(main_block(module))
    return Report(
        argument_bytes=sum(graph.bytes[value] for value in graph.arguments),
        output_bytes=sum(type_bytes(graph.values[value].type) for value in graph.terminator.operands),
        temp_bytes=graph_liveness(graph).peak_bytes,
        workspace_bytes=workspace_bytes(module, "cpu", threads=2),
    )


def attention(q, k, v):
    return jax.nn.softmax(q @ k.T, axis=1) @ v


def gradient(q, k, v):
    return jax.grad(lambda *args: (attention(*args) ** 2).sum(), (0, 1, 2))(q, k, v)


def kernel_squared(x):
    kernel = jnp.exp(-((x[:, None] - x[None]) ** 2).sum(-1))
    return kernel @ kernel.T


def standardised(x):
    y = jnp.tanh(x @ x.T)
    return ((y - y.mean(0)) / y.std(0)).max(1)


PROGRAMS = {
    "attention": (attention, (257, 16), (301, 16), (301, 8)),
    "gradient": (gradient, (257, 16), (301, 16), (301, 8)),
    "kernel squared": (kernel_squared, (211, 7)),
    "standardised": (standardised, (307, 8)),
}


def canonical(function, *shapes):
    module = record(function, *(spec(shape) for shape in shapes))
    run_passes(module, passes_before_splitting("all"))
    return module


def seconds_by_share(module):
    """The estimates under rising limits, each found by a search of its own; None where there is no plan."""
    whole = estimated(module)
    held = whole.argument_bytes + whole.output_bytes
    found = []
    for share in SHARES:
        limit = held + int((whole.peak_bytes - held) * share)
        plan, smallest = plan_under(module, limit)
        if plan is None:
            assert smallest > limit
            assert plan_under(module, smallest)[0].report.peak_bytes <= smallest
        else:
            assert plan.report.peak_bytes <= limit
        found.append(plan and plan.estimated_seconds)
    return found


def plan_under(module, limit):
    """The plan, or None and the smallest limit that works."""
    try:
        return Search(module, estimated).fit(limit).plan, limit
    except CannotFitError as refusal:
        return None, refusal.smallest_limit_bytes


def assert_monotone(seconds):
    known = [each for each in seconds if each is not None]
    assert seconds[len(seconds) - len(known) :] == known, f"refused under a larger limit only: {seconds}"
    assert known == sorted(known, reverse=True)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_larger_limit_is_never_slower(name):
    seconds = seconds_by_share(canonical(*PROGRAMS[name]))
    assert seconds[-1] is not None
    assert_monotone(seconds)


@pytest.mark.parametrize("seed", range(41_000, 41_012))
def test_a_larger_limit_is_never_slower_for_random_programs(seed):
    case = case_of(draw_recipe(seed, is_large=True))
    assert case is not None
    assert_monotone(seconds_by_share(case.canonical()))


def test_budgets_do_not_depend_on_the_limit():
    frontier = Frontier(canonical(*PROGRAMS["attention"]), (), 40_000, "cpu")
    all_budgets = {each.budget_bytes for each in frontier.descend(frontier.whole_bytes)}
    for room in (frontier.whole_bytes // 2, 50_000, 10_000, 0):
        budgets = [each.budget_bytes for each in frontier.descend(room)]
        assert budgets
        assert all_budgets >= {*budgets}


def test_one_search_compiles_a_module_once():
    module = canonical(*PROGRAMS["gradient"])
    compiled = []

    def report(each):
        compiled.append(str(each))
        return estimated(each)

    search = Search(module, report)
    whole = search.unsplit
    held = search.held_bytes
    for share in (*SHARES, *reversed(SHARES)):
        try:
            search.fit(held + int((whole.peak_bytes - held) * share))
        except CannotFitError:
            continue
    assert len(compiled) == len({*compiled})


def test_a_plan_that_the_compiler_makes_too_large_is_passed_over():
    """The compiler takes three times the estimate: plans for smaller budgets are compiled until one is under the limit."""

    def report(module):
        found = estimated(module)
        return dataclasses.replace(found, temp_bytes=3 * found.temp_bytes)

    module = canonical(*PROGRAMS["attention"])
    search = Search(module, report)
    limit = search.held_bytes + (search.unsplit.peak_bytes - search.held_bytes) // 8
    found = search.fit(limit)
    assert found.plan.report.peak_bytes <= limit
    assert len(found.tried) <= 4
