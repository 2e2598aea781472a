"""Older forms, replaced, against what NumPy computes for them; and against XLA, which knows most of them itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers import assert_same_bits, evaluate, random_array, run
from xla_passes.canonicalise.older_forms import ReplaceOlderForms
from xla_passes.module import clone, parse

SIZES = dict(zip("abcdef", (2, 3, 4, 1, 5, 2), strict=True))


def text_of(shape, element="f32"):
    return "tensor<" + "".join(f"{size}x" for size in shape) + f"{element}>"


def whole(shape, seed):
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(np.float32)


def replaced(module):
    made = clone(module)
    ReplaceOlderForms().run(made)
    made.operation.verify()
    return made


@st.composite
def einsums(draw):
    """Two operands' labels in any order, and those that the result has."""
    lhs, rhs = ("".join(draw(st.lists(st.sampled_from("abcdef"), max_size=4, unique=True))) for _ in range(2))
    known = sorted({*lhs, *rhs})
    out = draw(st.permutations(known))[: draw(st.integers(0, len(known)))]
    return lhs, rhs, "".join(out)


@settings(max_examples=60, deadline=None)
@given(einsums())
def test_einsums_of_any_labels(labels):
    lhs, rhs, out = labels
    shapes = [tuple(SIZES[label] for label in own) for own in labels]
    x, y = whole(shapes[0], 0), whole(shapes[1], 1)
    types = ", ".join(map(text_of, shapes[:2]))
    module = replaced(
        parse(f"""func.func public @main(%x: {text_of(shapes[0])}, %y: {text_of(shapes[1])}) -> ({text_of(shapes[2])}) {{
          %0 = stablehlo.einsum %x, %y, config = "{lhs},{rhs}->{out}" : ({types}) -> {text_of(shapes[2])}
          return %0 : {text_of(shapes[2])}
        }}""")
    )
    np.testing.assert_array_equal(evaluate(module, x, y)[0], np.einsum(f"{lhs},{rhs}->{out}", x, y))


@pytest.mark.parametrize(
    ("shape", "index", "dim", "batch"), [((3, 4), (2,), 0, 0), ((3, 4, 5), (2, 3), 1, 0), ((3, 4, 5), (3, 2), 2, 1), ((3, 4), (3,), 1, 1)]
)
def test_selected_slices(shape, index, dim, batch):
    """Indices out of range are clamped, as XLA clamps them."""
    result = (*shape[:dim], *index[batch:], *shape[dim + 1 :])
    module = parse(f"""func.func public @main(%x: {text_of(shape)}, %i: {text_of(index, "i32")}) -> {text_of(result)} {{
      %0 = "stablehlo.torch_index_select"(%x, %i) <{{dim = {dim} : i64, batch_dims = {batch} : i64}}>
        : ({text_of(shape)}, {text_of(index, "i32")}) -> {text_of(result)}
      return %0 : {text_of(result)}
    }}""")
    x, i = random_array(shape), np.random.default_rng(1).integers(-1, 6, index).astype(np.int32)
    if batch:
        expected = np.stack([np.take(row, at, dim - 1, mode="clip") for row, at in zip(x, i, strict=True)])
    else:
        expected = np.take(x, i, dim, mode="clip")
    assert_same_bits(evaluate(replaced(module), x, i), [expected])
    assert_same_bits(run(module, x, i), [expected])


@pytest.mark.parametrize("shapes", [((3, 4), (4, 5)), ((4,), (4, 5)), ((3, 4), (4,)), ((4,), (4,))])
def test_products_of_matrices_and_vectors(shapes):
    x, y = whole(shapes[0], 0), whole(shapes[1], 1)
    kinds = [text_of(shape) for shape in (*shapes, (x @ y).shape)]
    module = parse(f"""func.func public @main(%x: {kinds[0]}, %y: {kinds[1]}) -> {kinds[2]} {{
      %0 = stablehlo.dot %x, %y : ({kinds[0]}, {kinds[1]}) -> {kinds[2]}
      return %0 : {kinds[2]}
    }}""")
    np.testing.assert_array_equal(evaluate(replaced(module), x, y)[0], x @ y)
    np.testing.assert_array_equal(run(module, x, y)[0], x @ y)
