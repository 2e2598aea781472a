"""What the work-space table charges: op by op, and for ops in chains, side by side, in loops, branches and called functions.

That it bounds what really happens is tested against the resident peak in tests/resident.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from tests.helpers import record, spec
from xla_passes.analysis.workspace import op_workspace_bytes, workspace_bytes
from xla_passes.module import main_block, parse, walk

MB = 1_000_000


def charge(function, *specs, threads=2):
    """The bound in bytes for a program recorded from JAX."""
    return workspace_bytes(record(function, *specs, x64=True), "cpu", threads)


def product(expression, a, b, dtype=np.float32, threads=2):
    return charge(lambda a, b: jnp.einsum(expression, a, b), spec(a, dtype), spec(b, dtype), threads=threads)


@pytest.mark.parametrize(
    ("expression", "a", "b", "least", "most"),
    [
        ("mk,kn->mn", (500, 64), (64, 100_000), 0.1, 1.5),  # a kNN piece: tiles of columns, one a thread
        ("mk,nk->mn", (500, 784), (100_000, 784), 0.3, 1.5),
        ("km,kn->mn", (784, 500), (784, 100_000), 221, 270),  # Eigen packs all columns
        ("km,kn->mn", (300, 50), (300, 100_000), 0, 1),  # ... unless they alone keep the threads busy
        ("mk,kn->mn", (100, 400_000), (400_000, 64), 102, 105),  # YNNPACK packs all of a narrow right operand
        ("mk,kn->mn", (500, 100_000), (100_000, 512), 51, 55),
        ("bmk,bkn->bmn", (96, 100, 5000), (96, 5000, 64), 122, 125),  # ... of every batch
        ("mk,k->m", (100_000, 500), (500,), 0, 0),
        ("mk,kn->mn", (0, 500), (500, 20), 0, 0),
    ],
)
def test_matrix_products_are_charged_for_what_is_packed(expression, a, b, least, most):
    assert least * MB <= product(expression, a, b) <= most * MB


def test_element_types_choose_the_library():
    columns, rows = ("km,kn->mn", (784, 500), (784, 100_000)), ("mk,kn->mn", (500, 784), (784, 100_000))
    assert product(*columns, np.float64) == 2 * product(*columns)
    assert product(*rows, np.complex64) == 2 * product(*columns)
    assert product(*rows, np.int32) == product(*columns)
    assert product(*rows, jnp.bfloat16) == product(*rows)  # widened to float32
    assert product(*rows, np.int64) == 0  # XLA's own loops


@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: a.T @ b,
        lambda a, b: (a.T * 2 + 1) @ b,
        lambda a, b: a.astype(np.float16).T.astype(np.float32).reshape(500, 784) @ b,
        lambda a, b: jax.jit(lambda x, y: x @ y)(a.T, b),
        lambda a, b: lax.fori_loop(0, 3, lambda _, total: total + (jnp.sin(a.T) @ b).sum(), 0.0),
    ],
)
def test_a_transpose_that_xla_may_fold_into_the_product_counts(function):
    assert charge(function, spec((784, 500)), spec((784, 100_000))) > 220 * MB


def test_a_transposed_result_counts_as_the_swapped_product():
    product_of = [spec((100, 200_000)), spec((200_000, 3000))]
    assert charge(lambda a, b: (a @ b).T + 1, *product_of) >= charge(lambda b, a: b.T @ a.T, *reversed(product_of))


def test_sorts_and_top_k():
    line, pairs = spec((1_000_000,)), 32 * MB
    assert charge(lambda x: lax.sort((x, x + 1), num_keys=1), line) == pairs
    assert charge(lambda x: lax.sort((x, x + 1), num_keys=1, is_stable=False), line) == 0
    assert charge(lax.sort, spec((40, 100_000))) == 1.6 * MB  # one line at a time
    assert charge(lax.sort, spec((1_000_000,), np.int16)) == 2 * MB
    assert charge(lambda x: lax.top_k(x, 5), line) == 4 * MB
    assert charge(lambda x: lax.top_k(x, 5), spec((1_000_000,), np.float64)) == pairs
    assert charge(lambda x: lax.top_k(x, 5), spec((7, 100_000), np.int32)) == pairs / 10


def test_fft_lengths_with_large_prime_factors_cost_more():
    lengths = {length: charge(jnp.fft.fft, spec((4, length), np.complex64)) / (8 * length) for length in (2**20, 3**12, 1_000_003)}
    assert lengths[2**20] == lengths[3**12] == pytest.approx(2.25, abs=0.01)
    assert 12 < lengths[1_000_003] < 16


def test_threads_pack_side_by_side():
    wide = ("mk,kn->mn", (500, 100_000), (100_000, 2000))
    assert product(*wide, threads=8) == 4 * product(*wide, threads=2)


# Which ops are counted together


SORT = 16 * MB  # each of the stable sorts below


def test_a_chain_counts_by_its_maximum():
    assert charge(lambda x: lax.sort(jnp.sin(lax.sort(jnp.cos(lax.sort(x))))), spec((1_000_000,))) == SORT


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (2, 2), (3, 3), (9, 3)])
def test_independent_ops_count_together_up_to_the_threads(count, expected):
    def function(x):
        return [lax.sort(x + i) for i in range(count)]

    assert charge(function, spec((1_000_000,))) == expected * SORT
    assert charge(function, spec((1_000_000,)), threads=20) == count * SORT


def test_two_chains_side_by_side_count_by_the_largest_of_each():
    def function(x):
        return lax.sort(jnp.cos(lax.sort(x))), lax.sort(x[:500_000] + 1)

    assert charge(function, spec((1_000_000,)), threads=1) == 1.5 * SORT


def test_loops_branches_and_calls_count_once_and_by_what_is_inside():
    x = spec((1_000_000,))
    assert charge(lambda x: lax.fori_loop(0, 9, lambda _, y: lax.sort(y), x), x) == SORT
    assert charge(lambda x: lax.cond(x[0] > 0, lax.sort, lambda y: lax.sort((y, y), num_keys=1)[1], x), x) == 2 * SORT
    assert charge(lambda x: jax.jit(lax.sort)(jax.jit(lax.sort)(x)), x) == SORT
    assert charge(lambda x: lax.scan(lambda total, y: (total + lax.sort(y)[0], None), 0.0, x)[0], spec((9, 1_000_000))) == SORT


def test_a_loop_waits_for_what_its_body_reads():
    def function(x):
        first = lax.sort(x)
        return lax.fori_loop(0, 9, lambda _, y: lax.sort(y + first), jnp.zeros_like(x))

    assert charge(function, spec((1_000_000,))) == SORT
    assert charge(lambda x: (lax.sort(x), lax.fori_loop(0, 9, lambda _, y: lax.sort(y), x)), spec((1_000_000,))) == 2 * SORT


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(1, 9), st.lists(st.integers(0, 30), max_size=2)), min_size=1, max_size=9),
)
def test_is_no_less_than_any_set_of_independent_ops(threads, plan):
    """An upper bound of every set of `threads + 1` ops that do not depend on each other, and no more than the largest of all."""
    text, sizes, behind = [], [], []
    for i, (size, reads) in enumerate(plan):
        sources = sorted({source % i for source in reads}) if i else []
        line = f"tensor<{size * 100}xf32>"
        scalars = "".join(
            f"%p{i}_{j} = stablehlo.slice %s{j} [0:1] : (tensor<{plan[j][0] * 100}xf32>) -> tensor<1xf32>\n"
            f"%q{i}_{j} = stablehlo.broadcast_in_dim %p{i}_{j}, dims = [0] : (tensor<1xf32>) -> {line}\n"
            for j in sources
        )
        joined, head = f"%arg{i}", ""
        for j in sources:
            head += f"%t{i}_{j} = stablehlo.add {joined}, %q{i}_{j} : {line}\n"
            joined = f"%t{i}_{j}"
        text.append(f"""{scalars}{head}%s{i} = "stablehlo.sort"({joined}) <{{dimension = 0 : i64, is_stable = true}}> ({{
          ^bb0(%a: tensor<f32>, %b: tensor<f32>):
            %c = stablehlo.compare LT, %a, %b, TOTALORDER : (tensor<f32>, tensor<f32>) -> tensor<i1>
            stablehlo.return %c : tensor<i1>
        }}) : ({line}) -> {line}""")
        sizes.append(size * 1600)
        behind.append(set(sources).union(*(behind[j] for j in sources)))
    arguments = ", ".join(f"%arg{i}: tensor<{size * 100}xf32>" for i, (size, _) in enumerate(plan))
    module = parse(f"func.func public @main({arguments}) {{\n" + "\n".join(text) + "\nreturn\n}")
    bound = workspace_bytes(module, "cpu", threads)

    def best(chosen, rest):
        held = sum(sizes[i] for i in chosen)
        if len(chosen) > threads:
            return held
        return max([held, *(best([*chosen, i], [j for j in rest if j > i and i not in behind[j] and j not in behind[i]]) for i in rest)])

    assert best([], list(range(len(plan)))) <= bound <= sum(sorted(sizes, reverse=True)[: threads + 1])


def test_platforms():
    module = record(lax.sort, spec((1_000_000,)))
    assert [workspace_bytes(module, platform) for platform in ("cpu", "tpu", "cuda", "gpu", "rocm")] == [SORT, 0, 0, 0, 0]
    with pytest.raises(ValueError, match=r"platform is 'abacus'; expected \"cpu\" or one of"):
        workspace_bytes(module, "abacus")


def test_the_number_of_threads_is_what_xla_takes(monkeypatch):
    module = record(lambda x: [lax.sort(x + i) for i in range(20)], spec((1_000_000,)))
    monkeypatch.setenv("NPROC", "6")
    assert workspace_bytes(module, "cpu") == 7 * SORT
    monkeypatch.setenv("PJRT_NPROC", "3")
    assert workspace_bytes(module, "cpu") == 4 * SORT


def test_single_ops_can_be_asked_for():
    module = record(lambda x: lax.sort(jnp.sin(x)), spec((1_000_000,)))
    assert {op.name: op_workspace_bytes(op) for op in walk(main_block(module)) if op.name != "func.return"}["stablehlo.sort"] == SORT
