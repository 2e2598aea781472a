"""Every axis of every value of small programs, split into any number of pieces: the results stay those of the unsplit program."""

import random

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.helpers import compile_module, evaluate, record, run
from tests.xla_passes.split.programs import COMPILED, PROGRAMS, Program
from tests.xla_passes.split.splitting import Place, assert_agree, canonical, places, split, sums_floats, value_at
from xla_passes import fit
from xla_passes.module import main_block, parse, shape_of
from xla_passes.opt import run_passes
from xla_passes.plan import Report


def recorded(program: Program):
    """The program's canonical module, and whether its results may not differ at all."""
    module = canonical(program.function, *program.arguments, x64=program.x64)
    return module, program.is_exact or not sums_floats(module)


def each_split(module, counts):
    """Every different module that one loop makes of `module`; `counts` gives the numbers of pieces to try for a length."""
    seen = set()
    for place in places(module):
        size = shape_of(value_at(module, place))[place.axis]
        for pieces in sorted({min(size, count) for count in counts(size)}):
            try:
                made, (loop,) = split(module, (place, pieces))
            except ValueError as error:
                assert "cannot be split: " in str(error)  # noqa: PT017  every axis that stays whole has a reason
                break
            text = str(made)
            if text not in seen:
                seen.add(text)
                yield made, loop


@pytest.mark.parametrize("name", PROGRAMS)
def test_one_loop_anywhere(name):
    """By the reference interpreter: pieces of one, and those that leave a remainder."""
    program = PROGRAMS[name]
    module, is_exact = recorded(program)
    expected = evaluate(module, *program.arguments)
    made = 0
    for splits, loop in each_split(module, lambda size: (3, size)):
        assert_agree(evaluate(splits, *program.arguments), expected, is_exact=is_exact)
        assert loop.pieces == -(-loop.axis_length // loop.piece_length)
        made += 1
    assert made >= 2


@pytest.mark.parametrize("name", COMPILED)
def test_one_loop_anywhere_compiled(name):
    """What the interpreter does not know, one number of pieces each."""
    program = COMPILED[name]
    module, is_exact = recorded(program)
    expected = run(module, *program.arguments)
    made = list(each_split(module, lambda _: (3,)))
    for splits, _ in random.Random(name).sample(made, min(4, len(made))):
        assert_agree(run(splits, *program.arguments), expected, is_exact=is_exact)


@pytest.mark.parametrize("name", ["nearest", "softmax_both_ways", "every_monoid", "merged_axes", "kernel_products", "masked_attention"])
def test_compiled_as_interpreted(name):
    """XLA finds the same meaning in the loops, and JAX's own compilation of the function gives the same numbers."""
    program = PROGRAMS[name]
    module, is_exact = recorded(program)
    expected = run(record(program.function, *program.arguments), *program.arguments)
    for splits, _ in random.Random(name).sample(list(each_split(module, lambda size: (2, size))), 2):
        assert_agree(run(splits, *program.arguments), expected, is_exact=is_exact)


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_loop_after_loop_and_in_its_body(name):
    """Some loops one after another, in the program or in the body of a loop: of those built before, or the user's own."""
    program = PROGRAMS[name]
    module, is_exact = recorded(program)
    expected = evaluate(module, *program.arguments)
    chooser = random.Random(name)
    for _ in range(3):
        nested, count = module, 0
        for _ in range(12):
            known = list(places(nested))
            inside = [place for place in known if place.path]
            place = chooser.choice(inside if inside and chooser.random() < 0.6 else known)
            try:
                nested, _ = split(nested, (place, chooser.choice([2, 3, 64])))
            except ValueError:
                continue
            count += 1
            if count == 3:
                break
        assert count >= 1
        assert_agree(evaluate(nested, *program.arguments), expected, is_exact=is_exact)


@pytest.mark.parametrize("element", ["f16", "bf16", "f32", "f64", "complex<f32>", "i8", "ui8", "i64"])
def test_counts_are_rounded_once(element):
    """A piece of an iota holds the whole's bits where the element type cannot count so far."""
    kind = f"tensor<5000x{element}>"
    module = parse(f"""func.func public @main() -> {kind} {{
      %0 = stablehlo.iota dim = 0 : {kind}
      %1 = stablehlo.add %0, %0 : {kind}
      return %1 : {kind}
    }}""")
    splits, _ = split(module, (Place(1, 0, 0), 7))
    (actual,), (expected,) = run(splits), run(module)
    assert actual.tobytes() == expected.tobytes()


def test_accumulators_start_where_a_constant_comes_late():
    """The second sum's zero stands after a reader of the first sum."""
    module = parse("""func.func public @main(%x: tensor<8x6xf32>) -> (tensor<6xf32>, tensor<6xf32>) {
      %zero = stablehlo.constant dense<0.0> : tensor<f32>
      %e = stablehlo.abs %x : tensor<8x6xf32>
      %s = stablehlo.reduce(%e init: %zero) applies stablehlo.add across dimensions = [0] : (tensor<8x6xf32>, tensor<f32>) -> tensor<6xf32>
      %t = stablehlo.negate %s : tensor<6xf32>
      %low = stablehlo.constant dense<0xFF800000> : tensor<f32>
      %m = stablehlo.reduce(%e init: %low) applies stablehlo.maximum across dimensions = [0]
        : (tensor<8x6xf32>, tensor<f32>) -> tensor<6xf32>
      return %t, %m : tensor<6xf32>, tensor<6xf32>
    }""")
    x = np.arange(48, dtype=np.float32).reshape(8, 6)
    splits, (loop,) = split(module, (Place(1, 0, 0), 3))
    assert loop.kind == "reduction"
    assert_agree(evaluate(splits, x), [-x.sum(0), x.max(0)], is_exact=True)


def test_initial_values_are_taken_in_once():
    """A sum may start from anything, though the specification asks for the reducer's identity."""
    x = np.arange(24, dtype=np.float32).reshape(8, 3) % 5 + 1

    def function(a):
        b = jnp.abs(a)
        return (
            lax.reduce(b, np.float32(7), lax.add, (0,)),
            lax.reduce(b, np.float32(3), lax.mul, (0,)),
            lax.reduce(b, np.float32(4), lax.max, (0,)),
        )

    module = canonical(function, x)
    for pieces in (2, 3, 8):
        splits, (loop,) = split(module, (Place(_first(module, "stablehlo.abs"), 0, 0), pieces))
        assert loop.kind == "reduction"
        assert_agree(evaluate(splits, x), [7 + x.sum(0), 3 * x.prod(0), np.maximum(x, 4).max(0)], is_exact=True)


def _first(module, name):
    return [op.operation.name for op in main_block(module).operations].index(name)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, np.float16])
def test_short_floats_do_not_lose_digits_with_every_piece(dtype):
    """512 pieces of 8 terms, each sum near 1: added up in the short type, the last digits would be lost 512 times."""
    a, b = (np.random.default_rng(seed).uniform(0.01, 0.02, shape).astype(dtype) for seed, shape in enumerate([(3, 4096), (4096, 2)]))
    module = canonical(lambda a, b: jnp.negative(a) @ b, a, b)
    splits, (loop,) = split(module, (Place(_first(module, "stablehlo.negate"), 0, 1), 512))
    assert (loop.kind, loop.pieces) == ("reduction", 512)
    exact = -(a.astype(np.float64) @ b.astype(np.float64))
    (actual,) = run(splits, a, b)
    assert actual.dtype == dtype
    np.testing.assert_allclose(actual.astype(np.float64), exact, rtol=float(jnp.finfo(dtype).eps))


def test_a_consumer_that_stays_out_costs_nothing():
    """The slice would need pieces of two rows each, and nine rows have no half: the sum is computed in pieces all the same."""
    x = np.arange(72, dtype=np.float32).reshape(9, 8)
    module = canonical(lambda a: (jnp.abs(a)[:8:2], jnp.abs(a).sum(0)), x)
    splits, (loop,) = split(module, (Place(_first(module, "stablehlo.abs"), 0, 0), 3))
    assert (loop.kind, loop.pieces) == ("reduction", 3)
    assert_agree(evaluate(splits, x), [x[:8:2], x.sum(0)], is_exact=True)


def test_a_remainder_is_not_held_through_the_loop():
    """301 rows in pieces of 38 leave 35: XLA takes no more than for one piece, though it knows the loop's trip count."""
    arguments = (np.zeros((301, 16), np.float32), np.zeros((16, 499), np.float32))

    def function(a, b):
        k = jnp.exp(a @ b)
        return k @ b.T, k.sum(0)

    module = canonical(function, *arguments)
    splits, (loop,) = split(module, (Place(_first(module, "stablehlo.exponential"), 0, 0), 8))
    assert (loop.piece_length, loop.pieces, loop.axis_length % loop.piece_length) == (38, 8, 35)
    report = report_of(splits)
    assert report.temp_bytes < 1.2 * 4 * 38 * 499 + report.output_bytes


def report_of(module):
    """The compiler's report on this machine."""
    compiled = compile_module(module)
    sizes = compiled.memory_analysis()
    return Report(sizes.argument_size_in_bytes, sizes.output_size_in_bytes, sizes.temp_size_in_bytes, program=compiled)


def test_force_names_values_of_the_canonical_module():
    program = PROGRAMS["kernel_products"]
    module = record(program.function, *program.arguments)
    prepared = canonical(program.function, *program.arguments)
    squared = next(op.operation for op in main_block(prepared).operations if op.operation.name == "stablehlo.multiply")
    name = squared.results[0].get_name()
    found = fit(module, 10**9, report_of, rewrites="exact", force=[(name, 0, 4)])
    (loop,) = found.plan.loops
    assert (loop.axis_length, loop.pieces, loop.piece_length) == (6, 3, 2)
    assert_agree(run(found.module, *program.arguments), run(module, *program.arguments), is_exact=True)


def test_force_says_what_it_cannot_do():
    program = PROGRAMS["nearest"]
    module = record(program.function, *program.arguments)
    with pytest.raises(ValueError, match=r"there is no value %99 in @main to split \(left: .*%0"):
        fit(module, 10**9, report_of, rewrites="exact", force=[("%99", 0, 2)])
    with pytest.raises(ValueError, match=r"axis 1 of %values \(chlo.top_k\) cannot be split"):
        fit(module, 10**9, report_of, rewrites="exact", force=[("%values", 1, 2)])


def test_the_command_line_says_what_it_cannot_split():
    source = (
        "func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> { %y = stablehlo.sine %x : tensor<4xf32> return %y : tensor<4xf32> }"
    )
    assert "stablehlo.while" in run_passes(source, [], splits=["%0:0:2"])
    for split_at, message in (
        ("%0:0", "expected VALUE:AXIS:PIECES"),
        ("%0:-1:2", "cannot read"),
        ("%7:0:2", "there is no value %7 to split; there are %0"),
    ):
        with pytest.raises(ValueError, match=message):
            run_passes(source, [], splits=[split_at])


@pytest.mark.parametrize("name", ["nearest", "attention", "joined"])
def test_always_splits_what_fits(name):
    program = PROGRAMS[name]
    module = record(program.function, *program.arguments)
    found = fit(module, 10**9, report_of, split="always")
    assert all(loop.pieces >= 2 for loop in found.plan.loops)
    assert found.plan.loops
    assert_agree(run(found.module, *program.arguments), run(module, *program.arguments), is_exact=False)
