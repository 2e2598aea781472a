"""scatter: pieces of the updates are taken in one after the other, pieces of the operand take what falls into them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import evaluate, random_array, run
from tests.xla_passes.split.programs import special
from tests.xla_passes.split.rules.everywhere import because, parallel, reduction, split_everywhere
from tests.xla_passes.split.splitting import Place, assert_agree, canonical, places, split, value_at
from xla_passes.module import parse, shape_of

ORDER, UNNAMED = "updates that would be taken in in another order", "a dimension that no index points into"
_KINDS = {**{f"int{bits}": f"i{bits}" for bits in (8, 16, 32, 64)}, **{f"uint{bits}": f"ui{bits}" for bits in (8, 16, 32, 64)}}


def check(shapes, indices, numbers, axes, *, body="add %p, %q", dtype="f32", values=None, extra="", evaluate=evaluate, is_exact=True):
    """A scatter with its operand and updates computed, and its result read. Without a body, updates take the place of what was there."""
    operand, update = shapes
    x, i, u = (
        f"tensor<{'x'.join(map(str, [*shape, kind]))}>"
        for shape, kind in ((operand, dtype), (indices.shape, _KINDS[indices.dtype.name]), (update, dtype))
    )
    operation = "not" if dtype == "i1" else "negate"
    element = f"tensor<{dtype}>"
    reducer = f"%s = stablehlo.{body} : {element}\nstablehlo.return %s : {element}" if body else f"stablehlo.return %q : {element}"
    region = f"({{\n^bb0(%p: {element}, %q: {element}):\n{reducer}\n}})"
    attributes = f"<{{scatter_dimension_numbers = #stablehlo.scatter<{numbers}>{extra}}}>"
    lines = [
        f"%x = stablehlo.{operation} %a : {x}",
        f"%u = stablehlo.{operation} %c : {u}",
        f'%r = "stablehlo.scatter"(%x, %b, %u) {attributes} {region} : ({x}, {i}, {u}) -> {x}',
        f"%n = stablehlo.{operation} %r : {x}",
    ]
    values = values or (special(*operand), special(*update, seed=1))
    arguments = {"a": (x, values[0]), "b": (i, indices), "c": (u, values[1])}
    split_everywhere(arguments, lines, x, axes, is_exact=is_exact, evaluate=evaluate)


POINTED = np.array([3, -5, 0, 10, 11, 7, 2, 99, 3], np.int32)  # before the first, after the last, and some twice
ROWS = "update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1"
EVERY_AXIS = parallel("x0", "x1", "u1", "r0", "r1") | reduction("u0")
BODIES = {"add": "add %p, %q", "multiply": "multiply %q, %p", "maximum": "maximum %p, %q", "set": "", "subtract": "subtract %p, %q"}


@pytest.mark.parametrize("body", BODIES)
def test_rows_are_updated_piece_by_piece(body):
    """In the order of the updates, so that any body gives the same bits."""
    check([(11, 5), (9, 5)], POINTED[:, None], ROWS, EVERY_AXIS, body=BODIES[body])


def test_index_vectors_that_are_scalars():
    check([(11, 5), (9, 5)], POINTED, ROWS, parallel("x0") | reduction("u0"))


def test_components_of_an_index_vector():
    indices = np.stack([POINTED - 5, POINTED])
    numbers = "inserted_window_dims = [0, 1], scatter_dims_to_operand_dims = [1, 0], index_vector_dim = 0"
    axes = parallel("x0", "r1") | reduction("u0")
    check([(11, 5), (9,)], indices, numbers, axes, body="")


def test_the_order_of_updates_is_kept():
    """Updates come row by row: pieces of rows keep that order, pieces of columns only where the order is nothing."""
    indices = np.random.default_rng(0).integers(-1, 5, (4, 6, 1)).astype(np.int32)
    numbers = "inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 2"
    values = random_array((4,)), random_array((4, 6), seed=1)
    for body in ("", "subtract %p, %q", "divide %p, %q", "add %q, %q"):
        check([(4,), (4, 6)], indices, numbers, reduction("u0") | because(ORDER, "u1"), body=body, values=values)
    for body in ("minimum %q, %p", "maximum %p, %q"):
        check([(4,), (4, 6)], indices, numbers, reduction("u0", "u1"), body=body, values=values)
    check([(4,), (4, 6)], indices, numbers, reduction("u1"), body="add %p, %q", values=values, is_exact=False)
    single = reduction("u0", "u1")
    check([(40,), (1, 6)], np.arange(6, dtype=np.int32).reshape(1, 6, 1) * 7, numbers, reduction("u1"), body="")
    unique = np.random.default_rng(0).permutation(40)[:24].reshape(4, 6, 1).astype(np.int32)
    check([(40,), (4, 6)], unique, numbers, single, body="", extra=", unique_indices = true")


def test_batches():
    numbers = (
        "update_window_dims = [2], inserted_window_dims = [1], input_batching_dims = [0], scatter_indices_batching_dims = [1], "
        "scatter_dims_to_operand_dims = [1], index_vector_dim = 2"
    )
    indices = np.random.default_rng(0).integers(-2, 9, (4, 5, 1)).astype(np.int32)
    axes = parallel("x0", "x1", "x2", "u1", "r1") | reduction("u0")
    check([(5, 7, 3), (4, 5, 3)], indices, numbers, axes, body="")


def test_windows_that_move():
    """XLA takes in a window that is inside of the operand, and none of one that is not, whatever the piece."""
    numbers = "update_window_dims = [0, 2], scatter_dims_to_operand_dims = [0, 1], index_vector_dim = 1"
    indices = np.stack([POINTED, POINTED - 4], 1)
    axes = parallel("x0", "x1", "r1") | reduction("u0", "u1", "u2")
    check([(11, 7), (4, 9, 3)], indices, numbers, axes, body="maximum %p, %q", evaluate=run)
    ordered = axes | because(ORDER, "u0", "u2")
    check([(11, 7), (4, 9, 3)], indices, numbers, ordered, body="", evaluate=run)
    for start in (3, 8, -1):  # a single window, as in an update of a slice
        numbers = "update_window_dims = [0, 1], scatter_dims_to_operand_dims = [0], index_vector_dim = 0"
        check([(11, 7), (4, 7)], np.array([start], np.int32), numbers, reduction("u0") | parallel("r0"), body="", evaluate=run)


def test_windows_that_stay():
    numbers = "update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1"
    check([(11, 7), (9, 4)], POINTED[:, None], numbers, parallel("x0") | because(UNNAMED, "r1") | reduction("u0"))


@pytest.mark.parametrize("dtype", ["int8", "int16", "int64", "uint8", "uint32", "uint64"])
def test_index_types(dtype):
    """Narrow ones cannot hold where a piece starts; the largest unsigned ones look negative."""
    kind = np.dtype(dtype)
    indices = np.array([0, 5, 90, 120, np.iinfo(kind).max, np.iinfo(kind).min, 64], kind)
    numbers = "inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1"
    check([(121,), (7,)], indices[:, None], numbers, parallel("r0") | reduction("u0"), evaluate=run)


@pytest.mark.parametrize("dtype", ["i1", "i8", "bf16", "f16", "f64", "complex<f32>"])
def test_element_types(dtype):
    kind = {"i1": bool, "i8": np.int8, "bf16": jnp.bfloat16, "f16": np.float16, "f64": np.float64, "complex<f32>": np.complex64}[dtype]
    values = random_array((11, 5), kind), random_array((9, 5), kind, seed=1)
    body = "xor %p, %q" if dtype == "i1" else "add %p, %q"
    check([(11, 5), (9, 5)], POINTED[:, None], ROWS, parallel("x0") | reduction("u0"), body=body, dtype=dtype, values=values, evaluate=run)


SEVERAL = """func.func public @main(%x: tensor<7xf32>, %y: tensor<7xi32>, %i: tensor<9x1xi32>, %u: tensor<9xf32>, %v: tensor<9xi32>)
    -> (tensor<7xf32>, tensor<7xi32>) {
  %a = stablehlo.negate %u : tensor<9xf32>
  %b = stablehlo.negate %v : tensor<9xi32>
  %r:2 = "stablehlo.scatter"(%x, %y, %i, %a, %b) <{scatter_dimension_numbers =
    #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
  ^bb0(%p: tensor<f32>, %o: tensor<i32>, %q: tensor<f32>, %w: tensor<i32>):
    %less = stablehlo.compare LT, %p, %q : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %s = stablehlo.select %less, %q, %p : tensor<i1>, tensor<f32>
    %t = stablehlo.select %less, %w, %o : tensor<i1>, tensor<i32>
    stablehlo.return %s, %t : tensor<f32>, tensor<i32>
  }) : (tensor<7xf32>, tensor<7xi32>, tensor<9x1xi32>, tensor<9xf32>, tensor<9xi32>) -> (tensor<7xf32>, tensor<7xi32>)
  %n = stablehlo.negate %r#0 : tensor<7xf32>
  %m = stablehlo.negate %r#1 : tensor<7xi32>
  return %n, %m : tensor<7xf32>, tensor<7xi32>
}"""


def test_several_operands_at_once():
    """The largest of the updates and where it came from: along the updates, and along both operands."""
    module = parse(SEVERAL)
    arguments = [random_array((7,)), np.zeros(7, np.int32), POINTED[:, None] - 2, random_array((9,), seed=1), np.arange(9, dtype=np.int32)]
    expected = evaluate(module, *arguments)
    for place in places(module):
        for pieces in (2, 9):
            splits, (loop,) = split(module, (place, pieces))
            assert loop.kind == ("reduction" if shape_of(value_at(module, place)) == (9,) else "parallel")
            assert_agree(evaluate(splits, *arguments), expected, is_exact=True)


def test_a_histogram_from_jax_and_the_gradient_of_a_lookup():
    indices = np.random.default_rng(0).integers(0, 40, 200)

    def function(x):
        counted = jnp.zeros(40).at[indices].add(jnp.exp(x))
        return counted, jax.grad(lambda rows: (rows[indices] * x[:, None]).sum())(jnp.ones((40, 3)))

    x = random_array((200,))
    module = canonical(function, x)
    expected = run(module, x)
    scattered = [place for place in places(module) if value_at(module, place).owner.name == "stablehlo.scatter"]
    assert len(scattered) == 3
    for place in scattered:
        splits, (loop,) = split(module, (place, 3))
        assert loop.kind == "parallel"
        assert_agree(run(splits, x), expected, is_exact=True)


@pytest.mark.parametrize("index", [(5, 2), (5, 8), (8, 2)])
def test_one_update_outside_of_a_piece(index):
    """XLA's CPU compiler makes a slice of it, and would read it from beyond the end of the piece."""
    matrix = "tensor<7x7xi32>"
    module = parse(f"""func.func public @main(%x: {matrix}, %i: tensor<1x2xi32>, %u: tensor<1xi32>) -> {matrix} {{
      %r = "stablehlo.scatter"(%x, %i, %u) <{{scatter_dimension_numbers =
        #stablehlo.scatter<inserted_window_dims = [0, 1], scatter_dims_to_operand_dims = [0, 1], index_vector_dim = 1>}}> ({{
      ^bb0(%p: tensor<i32>, %q: tensor<i32>):
        %s = stablehlo.multiply %p, %q : tensor<i32>
        stablehlo.return %s : tensor<i32>
      }}) : ({matrix}, tensor<1x2xi32>, tensor<1xi32>) -> {matrix}
      return %r : {matrix}
    }}""")
    arguments = np.arange(49, dtype=np.int32).reshape(7, 7), np.array([index], np.int32), np.array([100], np.int32)
    expected = arguments[0].copy()
    if max(index) < 7:
        expected[index] *= 100
    for axis in (0, 1):
        splits, _ = split(module, (Place(0, 0, axis), 3))
        assert_agree(run(splits, *arguments), [expected], is_exact=True)
