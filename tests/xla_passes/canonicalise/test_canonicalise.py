"""All canonicalising passes in their order, on programs as JAX exports them: same bits, one function, nothing left to do."""

import functools
import sys
from collections.abc import Callable
from types import FrameType

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxlib.mlir import ir

from tests.helpers import assert_same_bits, evaluate, op_names, random_array, record, run, spec
from xla_passes.canonicalise import canonicalise_passes
from xla_passes.canonicalise.constants import elements_of
from xla_passes.module import clone, main_block, parse, source_line, walk
from xla_passes.patterns import is_used

MATRIX = spec((6, 5))


def canonicalise(module: ir.Module) -> ir.Module:
    for each in canonicalise_passes():
        assert each.run(module) == ()
        module.operation.verify()
    return module


def scanned(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    def step(carry: jax.Array, row: jax.Array) -> tuple[jax.Array, jax.Array]:
        return carry + jnp.linalg.norm(row), jnp.argsort(row)

    return jax.lax.scan(step, jnp.float32(0), x)


def looped(x: jax.Array) -> jax.Array:
    def step(state: tuple) -> tuple:
        i, kept, unread, chained = state
        return i + 1, kept * 0.5 + chained, unread @ unread.T @ unread, jnp.tanh(chained)

    return jax.lax.while_loop(lambda state: state[0] < 3, step, (0, x, x, x))[1]


def branched(x: jax.Array) -> jax.Array:
    return jax.lax.cond(x.sum() > 0, lambda y: jax.nn.softmax(y, axis=0), lambda y: jnp.linalg.norm(y, axis=0, keepdims=True) + y, x)


def naive_neighbours(q: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    return jax.lax.top_k(-((q[:, None] - x[None]) ** 2).sum(-1), 3)


def cosine_neighbours(q: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    q, x = (a / jnp.linalg.norm(a, axis=-1, keepdims=True) for a in (q, x))
    return jax.lax.top_k(q @ x.T, 3)


def normalised(x: jax.Array) -> jax.Array:
    centred = x - x.mean(0, keepdims=True)
    return centred / jnp.sqrt((centred**2).mean(0, keepdims=True) + 1e-5) * jnp.full((5,), 2.0) + jnp.ones((1, 5))


def integers(x: jax.Array, y: jax.Array) -> tuple[jax.Array, ...]:
    return x // 3 + y % 4, x**2, jnp.bitwise_xor(x, y), jnp.cumsum(x, axis=1), (x > y).sum(1), jnp.where(x == y, x, -y)


PROGRAMS: dict[str, tuple[Callable, list[jax.ShapeDtypeStruct]]] = {
    "norm": (lambda x: jnp.linalg.norm(x, axis=1), [MATRIX]),
    "argmin": (lambda x: (x.argmin(1), x.argmax(0), x.min()), [MATRIX]),
    "sort": (lambda x: (jnp.sort(x, axis=0), jnp.argsort(x, axis=1)[:, :2], jnp.median(x, axis=1)), [MATRIX]),
    "top_k": (lambda x: jax.lax.top_k(x, 2) + jax.lax.top_k(x, 2, axis=0), [MATRIX]),
    "softmax": (lambda x: jax.nn.softmax(x, axis=1), [MATRIX]),
    "log_sum_exp": (lambda x: jax.nn.logsumexp(x, axis=1), [MATRIX]),
    "scan": (scanned, [MATRIX]),
    "while": (looped, [spec((4, 4))]),
    "cond": (branched, [MATRIX]),
    "neighbours": (naive_neighbours, [spec((4, 3)), spec((7, 3))]),
    "cosine": (cosine_neighbours, [spec((4, 3)), spec((7, 3))]),
    "vmap": (jax.vmap(lambda x, y: (jnp.interp(x, jnp.arange(5.0), y), jnp.where(x > y, x, 0.0))), [MATRIX, MATRIX]),
    "normalised": (normalised, [MATRIX]),
    "gradient": (jax.grad(lambda x: (jax.nn.softmax(x @ x.T, axis=1) ** 2).sum()), [MATRIX]),
    "special": (lambda x: jax.nn.gelu(x, approximate=False) + jnp.sinh(x), [MATRIX]),
    "indexing": (lambda x, i: (x[2], x[:, -1], x[i], x[:, 1:3].T, x[::-1, None]), [MATRIX, spec((4,), np.int32)]),
    "integers": (integers, [spec((6, 5), np.int32)] * 2),
    "bytes": (lambda x: jnp.sort(x, axis=1)[:, :2], [spec((6, 5), np.uint8)]),
    "booleans": (lambda x, y: (jnp.logical_xor(x, y), x.any(0), (x & ~y).sum(1), jnp.all(x)), [spec((6, 5), bool)] * 2),
    "half": (lambda x: (x @ x.T).astype(jnp.float16).sum(1), [spec((6, 5), np.float16)]),
    "unused": (lambda x, _: x * 2, [MATRIX, MATRIX]),
    "random": (lambda x: x + jax.random.normal(jax.random.key(0), x.shape), [MATRIX]),
}


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> tuple[ir.Module, ir.Module, list[np.ndarray]]:
    """A recorded program, the same canonicalised, and arguments."""
    function, specs = PROGRAMS[request.param]
    module = record(function, *specs)
    arguments = [random_array(item.shape, item.dtype, seed) for seed, item in enumerate(specs)]
    return module, canonicalise(clone(module)), arguments


def test_computes_the_same_bits(program: tuple) -> None:
    """To the bit by the reference interpreter; compiled, up to the order of sums, since XLA may fuse the shorter program otherwise."""
    module, canonical, arguments = program
    assert_same_bits(evaluate(canonical, *arguments), evaluate(module, *arguments))
    for actual, expected in zip(run(canonical, *arguments), run(module, *arguments), strict=True):
        assert actual.dtype == expected.dtype
        tolerance = 8 * float(jnp.finfo(actual.dtype).eps) if actual.dtype.kind == "f" else 0.0
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def test_leaves_one_function_without_splats_or_unread_results(program: tuple) -> None:
    _, canonical, _ = program
    assert len(list(canonical.body.operations)) == 1
    names = op_names(canonical)
    assert not {"func.call", "call", "composite"} & set(names)
    for op in walk(main_block(canonical)):
        assert op.name.endswith("return") or any(is_used(result) for result in op.results)
        if op.name == "stablehlo.constant" and (elements := elements_of(op)) is not None:
            assert not elements.is_splat or len(elements) == 1


def test_a_second_time_changes_nothing(program: tuple) -> None:
    _, canonical, _ = program
    assert canonicalise(clone(canonical)).operation.get_asm() == canonical.operation.get_asm()


def test_every_operation_has_a_line_of_this_file(program: tuple) -> None:
    """Also those of JAX's own functions, which have no file: they are located where they were called. JAX places constants nowhere."""
    _, canonical, _ = program
    for op in walk(main_block(canonical)):
        if op.name not in ("stablehlo.constant", "func.return"):
            assert __file__ in (source_line(op) or ""), f"{op.name} is at {op.location}"


def test_loop_that_carries_unread_values_carries_what_it_needs() -> None:
    canonical = canonicalise(record(looped, spec((4, 4))))
    (loop,) = (op for op in walk(main_block(canonical)) if op.name == "stablehlo.while")
    assert len(loop.results) == 3
    assert "dot_general" not in op_names(canonical)


def test_square_written_as_power_is_the_rounded_square() -> None:
    """As torch-xla writes `x ** 2`: a power by a constant of full shape."""
    text = """func.func public @main(%x: tensor<50xf32>) -> tensor<50xf32> {
      %two = stablehlo.constant dense<2.0> : tensor<50xf32>
      %y = stablehlo.power %x, %two : tensor<50xf32>
      return %y : tensor<50xf32>
    }"""
    canonical = canonicalise(parse(text))
    assert op_names(canonical) == ["multiply"]
    x = random_array((50,))
    x[:4] = -0.0, np.inf, -np.inf, 1e-30
    assert_same_bits(evaluate(canonical, x), [x * x])
    assert_same_bits(run(canonical, x), run(parse(text), x))


@pytest.mark.parametrize("name", ["acos", "acosh", "asin", "asinh", "atanh", "cosh", "erf", "sinh"])
def test_composites_of_chlo_become_chlo_operations_that_compile(name: str) -> None:
    module = record(getattr(jax.lax, name), spec((3, 4)))
    assert op_names(module)[0] == "composite"
    canonical = canonicalise(clone(module))
    assert op_names(canonical) == [f"chlo.{name}"]
    x = random_array((3, 4))
    assert_same_bits(run(canonical, x), run(module, x))


def test_private_functions_called_many_times_are_inlined_each_time() -> None:
    inner = jax.jit(lambda x: jnp.tanh(x) * 2)
    outer = jax.jit(lambda x: inner(inner(x)) + 1)
    module = record(lambda x: outer(outer(x)), spec((3,)))
    canonical = canonicalise(clone(module))
    assert op_names(canonical).count("tanh") == 4
    x = random_array((3,))
    assert_same_bits(run(canonical, x), run(module, x))


def test_function_that_calls_itself_is_refused() -> None:
    text = """func.func public @main(%x: tensor<f32>) -> tensor<f32> {
      %y = func.call @main(%x) : (tensor<f32>) -> tensor<f32>
      return %y : tensor<f32>
    }"""
    with pytest.raises(ValueError, match="calls itself"):
        canonicalise(parse(text))


def count_calls(function: Callable[[], object]) -> int:
    """Calls of Python and C functions while `function` runs."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(before)
    return calls


def chain(length: int) -> ir.Module:
    """A program with all that the passes look for, `length` times in a row."""

    def repeated(x: jax.Array) -> jax.Array:
        for i in range(length):
            x = jnp.linalg.norm(x - jnp.ones((1, 4)) * i, axis=1, keepdims=True) + x[None, :, :][0].T
        return x

    return record(repeated, spec((4, 4)))


def test_work_grows_linearly_with_the_program() -> None:
    """Counted, not timed."""
    short, long = (count_calls(functools.partial(canonicalise, chain(length))) for length in (10, 40))
    assert long < 4.4 * short
