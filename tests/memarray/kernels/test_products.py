"""Products of arrays against NumPy's."""

import jax
import numpy as np
import pytest

from memarray._kernels import linalg, products
from tests.memarray.kernels.against_numpy import DTYPES, assert_agrees, assert_refuses, run, sample

GUFUNCS = {"matmul", "matvec", "vecmat", "vecdot"}


def numpys(name: str):
    """NumPy's function; its generalised ufuncs take a list of axes where ours take a tuple."""
    function = getattr(np, name)
    if name not in GUFUNCS:
        return function
    return lambda *xs, **kw: function(*xs, **(kw | {"axes": list(kw["axes"])} if "axes" in kw else kw))


def numpys_einsum(subscripts: str):
    def einsum(*operands, optimize=False, **params):
        is_path = isinstance(optimize, tuple) and optimize[0] == "einsum_path"
        return np.einsum(subscripts, *operands, optimize=list(optimize) if is_path else optimize, **params)

    return einsum


# name, shapes of the operands, parameters
CASES = [
    ("dot", [(), (2, 3)], {}),
    ("dot", [(3,), (3,)], {}),
    ("dot", [(2, 3), (3,)], {}),
    ("dot", [(2, 3), (2, 3, 4)], {}),
    ("dot", [(2, 0), (0, 3)], {}),
    ("vdot", [(2, 3), (3, 2)], {}),
    ("vdot", [(), ()], {}),
    ("vdot", [(0,), (0,)], {}),
    ("inner", [(2, 3), (4, 3)], {}),
    ("inner", [(3,), ()], {}),
    ("inner", [(2, 3), (3,)], {}),
    ("outer", [(2, 3), (2,)], {}),
    ("outer", [(0,), (2,)], {}),
    ("matmul", [(3,), (3,)], {}),
    ("matmul", [(3,), (2, 3, 4)], {}),
    ("matmul", [(5, 1, 2, 3), (2, 3, 4)], {}),
    ("matmul", [(2, 3, 0), (0, 4)], {}),
    ("matmul", [(3, 2, 5), (5, 2, 4)], {"axes": ((0, 1), (1, 2), (0, 1)), "dtype": np.dtype("complex128")}),
    ("matmul", [(3, 2, 5), (3, 4, 5)], {"axes": ((1, 0), (0, 1), (1, 0))}),
    ("matvec", [(2, 3), (4, 3)], {}),
    ("matvec", [(4, 2, 3), (3,)], {}),
    ("matvec", [(2, 3, 4), (2, 4)], {"axes": ((1, 0), (0,), (1,))}),
    ("vecmat", [(4, 3), (3, 2)], {}),
    ("vecmat", [(2,), (4, 2, 3)], {}),
    ("vecdot", [(2, 3), (3,)], {}),
    ("vecdot", [(3, 2), (3, 2)], {"axis": 0}),
    ("vecdot", [(3, 2), (2,)], {"keepdims": True}),
    ("vecdot", [(3, 2), (3, 2)], {"axis": 0, "keepdims": True}),
    ("vecdot", [(3, 2), (2, 3)], {"axes": (0, 1)}),
    ("vecdot", [(2, 0), (2, 0)], {}),
    ("tensordot", [(2, 3, 4), (3, 4, 5)], {}),
    ("tensordot", [(2, 3), (4,)], {"axes": 0}),
    ("tensordot", [(2, 3, 4), (4, 2)], {"axes": ((0, -1), (1, 0))}),
    ("tensordot", [(2, 3), (3, 2)], {"axes": (-1, 0)}),
    ("tensordot", [(2, 0), (0, 2)], {"axes": 1}),
    ("kron", [(2, 3), (4,)], {}),
    ("kron", [(2,), (3, 1, 2)], {}),
    ("kron", [(), (2, 2)], {}),
    ("kron", [(2, 0), (2, 2)], {}),
    ("trace", [(3, 4)], {}),
    ("trace", [(2, 3, 4)], {"offset": 1, "axis1": 2, "axis2": -2}),
    ("trace", [(3, 3)], {"offset": 7}),
    ("trace", [(0, 3)], {}),
]


def half_of_the_dtypes(cases: list):
    """Every case with four dtypes of the eight, neighbours with the other four."""
    return [pytest.param(case, dtype, id=f"{case}-{dtype}") for i, case in enumerate(cases) for dtype in DTYPES[i % 2 :: 2]]


@pytest.mark.parametrize(("case", "dtype"), half_of_the_dtypes(CASES))
def test_products_are_numpys(case, dtype) -> None:
    name, shapes, params = case
    operands = [sample(shape, dtype, seed) for seed, shape in enumerate(shapes)]
    assert_agrees(getattr(products, name), numpys(name), *operands, **params)


CROSSES = [
    ([(3,), (3,)], {}),
    ([(4, 3), (2, 1, 3)], {}),
    ([(3, 4), (4, 3)], {"axisa": 0, "axisc": 0}),
    ([(3, 4), (3, 4)], {"axis": 0}),
    ([(4, 2), (4, 2)], {}),
    ([(2,), (4, 3)], {}),
    ([(4, 3), (2,)], {}),
    ([(0, 3), (3,)], {}),
]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "float32", "complex128"])
@pytest.mark.parametrize("case", CROSSES, ids=str)
def test_cross_products_are_numpys(case, dtype) -> None:
    shapes, params = case
    assert_agrees(products.cross, np.cross, *(sample(shape, dtype, seed) for seed, shape in enumerate(shapes)), **params)


EINSUMS = [
    ("ij,jk", [(2, 3), (3, 4)], {}),
    ("ij->", [(2, 3)], {}),
    ("ii", [(3, 3)], {}),
    ("ii->i", [(3, 3)], {}),
    ("ji", [(2, 3)], {}),
    ("i,i", [(0,), (0,)], {}),
    ("ij, jk -> ik", [(2, 1), (3, 4)], {}),
    ("i...,...j->...ij", [(2, 4, 1), (1, 3, 5)], {}),
    ("...ij,...jk", [(2, 2, 3), (3, 4)], {}),
    ("ij,jk,kl", [(2, 3), (3, 4), (4, 2)], {}),
    ("ij,jk,kl", [(2, 3), (3, 4), (4, 2)], {"optimize": True}),
    ("ij,jk,kl", [(2, 3), (3, 4), (4, 2)], {"optimize": "optimal"}),
    ("ij,jk,kl", [(2, 3), (3, 4), (4, 2)], {"optimize": ("einsum_path", (1, 2), (0, 1))}),
    ("ij,jk,kl", [(2, 3), (3, 4), (4, 2)], {"optimize": ("greedy", 1000)}),
    ("ij,ik,il->jkl", [(2, 3), (2, 4), (2, 2)], {}),
    ("ij,ij", [(2, 3), (2, 3)], {"dtype": np.dtype("complex128")}),
]


@pytest.mark.parametrize(("case", "dtype"), half_of_the_dtypes(EINSUMS))
def test_einsum_is_numpys(case, dtype) -> None:
    subscripts, shapes, params = case
    operands = [sample(shape, dtype, seed) for seed, shape in enumerate(shapes)]
    assert_agrees(lambda *xs, **kw: products.einsum(subscripts, *xs, **kw), numpys_einsum(subscripts), *operands, **params)


LINALG = [
    ("outer", [(2,), (3,)], {}),
    ("cross", [(2, 3), (3,)], {}),
    ("cross", [(3, 2), (3, 2)], {"axis": 0}),
    ("matmul", [(2, 3), (3,)], {}),
    ("vecdot", [(3, 2), (3, 2)], {"axis": 0}),
    ("tensordot", [(2, 3), (3, 2)], {"axes": 1}),
    ("trace", [(2, 3, 4)], {"offset": 1}),
    ("trace", [(3, 3)], {"dtype": np.dtype("complex64")}),
    ("diagonal", [(2, 3, 4)], {"offset": -1}),
    ("matrix_transpose", [(2, 3, 4)], {}),
]


@pytest.mark.parametrize("dtype", ["int8", "complex64"])
@pytest.mark.parametrize("case", LINALG, ids=str)
def test_products_of_linalg_are_numpys(case, dtype) -> None:
    name, shapes, params = case
    assert_agrees(
        getattr(linalg, name), getattr(np.linalg, name), *(sample(shape, dtype, seed) for seed, shape in enumerate(shapes)), **params
    )


MIXED = [("float32", "int64"), ("int8", "uint8"), ("float32", "complex128"), ("bool", "int8"), ("int64", "complex64"), ("float16", "int8")]


@pytest.mark.parametrize("dtypes", MIXED, ids=str)
@pytest.mark.parametrize("name", ["dot", "inner", "vdot", "outer", "matmul", "vecdot", "kron", "cross", "tensordot"])
def test_mixed_dtypes_are_promoted_as_numpy_does(name, dtypes) -> None:
    operands = [sample((3,), dtype, seed) for seed, dtype in enumerate(dtypes)]
    assert_agrees(getattr(products, name), numpys(name), *operands, **({"axes": 1} if name == "tensordot" else {}))


@pytest.mark.parametrize("scalar", [3, 2.5, 1j, True, np.float32(2), np.int8(3)], ids=repr)
def test_scalars_are_operands(scalar) -> None:
    vector = sample((3,), "float32")
    with jax.enable_x64(True):
        found = jax.jit(lambda x: products.dot(x, scalar))(vector)
    expected = np.dot(vector, scalar)
    assert found.dtype == expected.dtype
    assert not found.weak_type
    np.testing.assert_allclose(found, expected)


def test_float16_is_added_in_more_than_float16() -> None:
    ones = np.ones(4096, np.float16)
    assert run(products.dot, ones, ones)[0] == np.dot(ones, ones) == 4096


def test_float32_products_keep_every_digit() -> None:
    a, b = sample((64, 256), "float32"), sample((256, 64), "float32", 1)
    exact = a.astype(np.float64) @ b.astype(np.float64)
    assert np.abs(run(products.matmul, a, b)[0] - exact).max() < 2e-6 * np.abs(exact).max()


REFUSED = [
    ("dot", [(2, 3), (2, 3)], {}),
    ("dot", [(3,), (2,)], {}),
    ("inner", [(2, 3), (2,)], {}),
    ("vdot", [(3,), (2,)], {}),
    ("matmul", [(), (2,)], {}),
    ("matmul", [(2, 3), (2, 3)], {}),
    ("matmul", [(2, 2, 2), (3, 2, 2)], {}),
    ("matmul", [(2, 2), (2, 2)], {"dtype": np.dtype("int32")}),
    ("matmul", [(2, 2), (2, 2)], {"axes": ((0, 1), (0, 1))}),
    ("matmul", [(2, 2), (2, 2)], {"axes": ((0, 2), (0, 1), (0, 1))}),
    ("matvec", [(3,), (3,)], {}),
    ("vecmat", [(3,), (2, 3)], {}),
    ("vecdot", [(2, 3, 4), (2, 5, 4)], {}),
    ("vecdot", [(2, 3), (2, 4)], {}),
    ("vecdot", [(2, 3), (2, 3)], {"axis": 2}),
    ("tensordot", [(2, 3), (2, 3)], {"axes": 1}),
    ("tensordot", [(2, 2), (2, 2)], {"axes": 3}),
    ("tensordot", [(2, 2), (2, 2)], {"axes": ((0, 0), (0, 1))}),
    ("tensordot", [(2, 2), (2, 2)], {"axes": ((0,), (5,))}),
    ("tensordot", [(2, 2), (2, 2)], {"axes": ((0,), (0, 1))}),
    ("cross", [(4,), (3,)], {}),
    ("cross", [(), (3,)], {}),
    ("cross", [(2, 3), (4, 3)], {}),
    ("cross", [(3,), (3,)], {"axis": 1}),
    ("trace", [(3,)], {}),
    ("trace", [(3, 3)], {"axis1": 3}),
    ("trace", [(3, 3)], {"axis1": 1}),
]


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_shapes_are_refused_as_numpy_refuses_them(case) -> None:
    name, shapes, params = case
    assert_refuses(getattr(products, name), numpys(name), *(np.ones(shape) for shape in shapes), **params)


BAD_EINSUMS = [
    ("ij,jk", [(2, 3), (2, 3)], {}),
    ("ij", [(2,)], {}),
    ("ij->k", [(2, 2)], {}),
    ("i,j", [(2,)], {}),
    ("i$", [(2, 2)], {}),
    ("ij->ii", [(2, 2)], {}),
    ("ii", [(2, 3)], {}),
    ("ii", [(1, 3)], {}),
    ("...i->i", [(2, 3)], {}),
    ("i,i", [(2,), (2,)], {"dtype": np.dtype("float32")}),
    ("i,i,i", [(2,), (2,), (2,)], {"optimize": "wrong"}),
]


@pytest.mark.parametrize("case", BAD_EINSUMS, ids=str)
def test_subscripts_are_refused_as_numpy_refuses_them(case) -> None:
    subscripts, shapes, params = case
    assert_refuses(
        lambda *xs, **kw: products.einsum(subscripts, *xs, **kw),
        numpys_einsum(subscripts),
        *(np.ones(shape) for shape in shapes),
        **params,
    )


@pytest.mark.parametrize(
    ("name", "shapes"), [("outer", [(2, 2), (2,)]), ("cross", [(2,), (2,)]), ("matrix_transpose", [(3,)]), ("diagonal", [(3,)])]
)
def test_linalg_refuses_what_numpys_does(name, shapes) -> None:
    assert_refuses(getattr(linalg, name), getattr(np.linalg, name), *(np.ones(shape) for shape in shapes))


def test_bools_have_no_cross_product() -> None:
    assert_refuses(products.cross, np.cross, np.ones(3, bool), np.ones(3, bool))
