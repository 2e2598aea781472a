"""gather: dimensions of the indices and of windows are parallel, those that indices point into are reductions."""

import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import evaluate, run
from tests.xla_passes.split.programs import special
from tests.xla_passes.split.rules.everywhere import because, parallel, reduction, split_everywhere


def check(shapes, indices, numbers, sizes, axes, *, values=None, dtype="f32", evaluate=evaluate):
    """A gather from a source by indices into a result, with its operands computed and its result read."""
    kinds = dtype, _KINDS[indices.dtype.name], dtype
    x, i, r = (f"tensor<{'x'.join(map(str, [*shape, kind]))}>" for shape, kind in zip(shapes, kinds, strict=True))
    operation = "not" if dtype == "i1" else "negate"
    attributes = f"dimension_numbers = #stablehlo.gather<{numbers}>, slice_sizes = array<i64: {sizes}>"
    lines = [
        f"%x = stablehlo.{operation} %a : {x}",
        f"%i = stablehlo.maximum %b, %b : {i}",
        f'%r = "stablehlo.gather"(%x, %i) <{{{attributes}}}> : ({x}, {i}) -> {r}',
        f"%n = stablehlo.{operation} %r : {r}",
    ]
    values = special(*shapes[0]) if values is None else values
    split_everywhere({"a": (x, values), "b": (i, indices)}, lines, r, axes, evaluate=evaluate)


_KINDS = {**{f"int{bits}": f"i{bits}" for bits in (8, 16, 32, 64)}, **{f"uint{bits}": f"ui{bits}" for bits in (8, 16, 32, 64)}}
POINTED = np.array([3, -5, 0, 10, 11, 7, 2, 99, 3], np.int32)  # before the first, after the last, and some twice
LOOKUP = "offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1"


def test_rows_are_looked_up_piece_by_piece():
    axes = reduction("x0") | parallel("x1", "i0", "r0", "r1")
    check([(11, 5), (9, 1), (9, 5)], POINTED[:, None], LOOKUP, "1, 5", axes)


def test_index_vectors_that_are_scalars():
    check([(11, 5), (9,), (9, 5)], POINTED, LOOKUP, "1, 5", reduction("x0") | parallel("r1"))


def test_components_of_an_index_vector():
    """The second component is for the first dimension; the vectors lie along the first dimension of the indices."""
    indices = np.stack([POINTED - 5, POINTED])
    numbers = "collapsed_slice_dims = [0, 1], start_index_map = [1, 0], index_vector_dim = 0"
    check([(11, 5), (2, 9), (9,)], indices, numbers, "1, 1", reduction("x0", "x1") | parallel("r0"))


def test_batches():
    numbers = (
        "offset_dims = [2], collapsed_slice_dims = [1], operand_batching_dims = [0], start_indices_batching_dims = [1], "
        "start_index_map = [1], index_vector_dim = 2"
    )
    indices = np.random.default_rng(0).integers(-2, 9, (4, 5, 1)).astype(np.int32)
    axes = parallel("x0", "x2", "r0", "r1") | reduction("x1")
    check([(5, 7, 3), (4, 5, 1), (4, 5, 3)], indices, numbers, "1, 1, 3", axes)


def test_windows_that_move():
    """Along a dimension that windows take parts of, they lie in several pieces of the operand; their own elements are sliced, too."""
    numbers = "offset_dims = [0, 2], collapsed_slice_dims = [], start_index_map = [0, 1], index_vector_dim = 1"
    indices = np.stack([POINTED, POINTED - 4], 1)
    axes = reduction("x0", "x1") | parallel("r0", "r1", "r2")
    check([(11, 7), (9, 2), (4, 9, 3)], indices, numbers, "4, 3", axes)
    numbers = "offset_dims = [1, 2], collapsed_slice_dims = [], start_index_map = [0], index_vector_dim = 1"
    check([(11, 7), (9, 1), (9, 1, 7)], POINTED[:, None], numbers, "1, 7", reduction("x0") | parallel("r2"))


def test_windows_that_stay():
    """No index moves the window along the second dimension, and it takes a part of it only: pieces of the result, not of the operand."""
    axes = reduction("x0") | parallel("r1") | because("no loop over it", "x1")
    check([(11, 7), (9, 1), (9, 4)], POINTED[:, None], LOOKUP, "1, 4", axes)


def test_windows_that_would_move_out():
    """They take all of the second dimension, wherever the index would have them begin; XLA makes a slice of a single one."""
    numbers = "offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0, 1], index_vector_dim = 1"
    for start in (3, -3, 0):
        indices = np.array([[2, start]], np.int32)
        check([(7, 8), (1, 2), (1, 8)], indices, numbers, "1, 8", parallel("r1", "x1") | reduction("x0"), evaluate=run)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int64", "uint8", "uint32", "uint64"])
def test_index_types(dtype):
    """Narrow ones cannot hold where a piece starts; the largest unsigned ones look negative."""
    kind = np.dtype(dtype)
    indices = np.array([0, 5, 120, 127, np.iinfo(kind).max, np.iinfo(kind).min, 64], kind)
    signed_values = np.random.default_rng(0).permutation(300).astype(np.float32)
    numbers = "collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1"
    axes = reduction("x0") | parallel("r0")
    check([(300,), (7, 1), (7,)], indices[:, None], numbers, "1", axes, values=signed_values, evaluate=run)
    numbers = "offset_dims = [1], start_index_map = [0], index_vector_dim = 1"
    axes = reduction("x0") | parallel("r1")
    check([(300,), (7, 1), (7, 90)], indices[:, None], numbers, "90", axes, values=signed_values, evaluate=run)


@pytest.mark.parametrize("dtype", ["i1", "i8", "bf16", "f16", "f64", "complex<f32>"])
def test_element_types(dtype):
    kinds = {"i1": bool, "i8": np.int8, "bf16": jnp.bfloat16, "f16": np.float16, "f64": np.float64, "complex<f32>": np.complex64}
    values = np.where(np.isfinite(special(11, 5)), special(11, 5), 3) if dtype in ("i1", "i8") else special(11, 5)
    axes = reduction("x0") | parallel("r0")
    check([(11, 5), (9, 1), (9, 5)], POINTED[:, None], LOOKUP, "1, 5", axes, values=values.astype(kinds[dtype]), dtype=dtype, evaluate=run)
