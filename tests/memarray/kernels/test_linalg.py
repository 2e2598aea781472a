"""Linear algebra against NumPy's, and what NumPy raises for the data against `CHECKS`."""

import jax
import numpy as np
import pytest

from memarray._kernels import linalg
from tests.memarray.kernels.against_numpy import assert_agrees, assert_refuses, assert_same, run, run_numpy, sample

DTYPES = ("bool", "int8", "int64", "float32", "float64", "complex64", "complex128")
SQUARES = [(4, 4), (1, 1), (0, 0), (2, 3, 3), (0, 2, 2), (2, 0, 0)]
TALL_AND_WIDE = [(4, 3), (3, 5), (0, 3), (3, 0), (2, 4, 3), (0, 3, 2)]


def matrix(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    """A matrix whose condition is good, by a dominant diagonal."""
    x = sample(shape, dtype, seed)
    if np.dtype(dtype).kind in "iu":
        x = x % 7
    return x ^ np.eye(*shape[-2:], dtype=bool) if x.dtype == bool else (x + 9 * np.eye(*shape[-2:])).astype(dtype)


def hermitian(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """A positive definite matrix in the lower triangle, with other values above."""
    x = matrix(shape, dtype)
    return x if x.dtype.kind in "bi" else np.tril(x + x.swapaxes(-1, -2).conj()) + np.triu(sample(shape, dtype, 1), 1)


def both(name: str):
    return getattr(linalg, name), getattr(np.linalg, name)


# Determinants and equations


@pytest.mark.parametrize("name", ["det", "slogdet", "inv"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes_of_square_matrices_are_numpys(name, dtype) -> None:
    assert_agrees(*both(name), matrix((4, 4), dtype), slack=20)


@pytest.mark.parametrize("name", ["det", "slogdet", "inv"])
@pytest.mark.parametrize("shape", SQUARES, ids=str)
def test_shapes_of_square_matrices_are_numpys(name, shape) -> None:
    assert_agrees(*both(name), matrix(shape, "float64"), slack=20)


def test_determinants_of_singular_matrices_are_numpys() -> None:
    stack = np.array([[[1, 2], [2, 4]], [[0, 1], [1, 0]], [[0, 0], [0, np.nan]], [[np.inf, 1], [1, 1]]])
    assert_agrees(*both("det"), stack)
    assert_agrees(*both("slogdet"), stack)
    assert_agrees(*both("slogdet"), (stack[:2] * 1j).astype("complex64"))


SOLVES = [
    ((3, 3), (3,)),
    ((3, 3), (3, 2)),
    ((2, 3, 3), (3,)),
    ((2, 3, 3), (3, 2)),
    ((3, 3), (2, 3, 2)),
    ((4, 1, 3, 3), (2, 3, 1)),
    ((0, 0), (0,)),
    ((3, 3), (3, 0)),
    ((0, 3, 3), (3,)),
]


@pytest.mark.parametrize("shapes", SOLVES, ids=str)
def test_solve_is_numpys(shapes) -> None:
    for dtypes in (("float64", "float64"), ("complex64", "float32")):
        assert_agrees(*both("solve"), matrix(shapes[0], dtypes[0]), sample(shapes[1], dtypes[1]), slack=10)


@pytest.mark.parametrize("dtypes", [("int8", "bool"), ("float32", "float32"), ("float32", "int64"), ("float32", "complex128")], ids=str)
def test_solve_promotes_as_numpy_does(dtypes) -> None:
    assert_agrees(*both("solve"), matrix((3, 3), dtypes[0]), sample((3,), dtypes[1]), slack=10)


def test_float32_is_solved_in_double_precision() -> None:
    """Their condition is past float32's, and the results agree."""
    hilbert = (1 / (np.arange(7)[:, None] + np.arange(1, 8))).astype(np.float32)
    for name in ("inv", "det"):
        assert_agrees(*both(name), hilbert)


def test_tensor_equations_are_numpys() -> None:
    a = matrix((6, 6), "float32")
    assert_agrees(*both("tensorsolve"), a.reshape(2, 3, 6), sample((2, 3), "float32"))
    assert_agrees(*both("tensorsolve"), a.reshape(2, 3, 3, 2).swapaxes(1, 3).copy(), sample((2, 3), "int8"), axes=(1,))
    assert_agrees(*both("tensorinv"), a.reshape(2, 3, 6))
    assert_agrees(*both("tensorinv"), a.reshape(6, 3, 2), ind=1)


LEAST_SQUARES = [((5, 3), (5,)), ((5, 3), (5, 2)), ((3, 5), (3,)), ((4, 4), (4, 2)), ((3, 0), (3, 2)), ((0, 3), (0, 2)), ((4, 2), (4, 0))]


@pytest.mark.parametrize("shapes", LEAST_SQUARES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "complex128", "int8"])
def test_least_squares_are_numpys(shapes, dtype) -> None:
    assert_agrees(*both("lstsq"), matrix(shapes[0], dtype), sample(shapes[1], dtype), slack=50)


def deficient(dtype: str = "float64") -> np.ndarray:
    """Five rows, four columns, of rank two and a little more."""
    x = sample((5, 2), dtype) @ sample((2, 4), dtype)
    x[0, 0] += np.asarray(1e-4, dtype)
    return x


@pytest.mark.parametrize("rcond", [None, 1e-3, 1e-8, 0, -1, 2.0])
def test_least_squares_cut_off_as_numpys(rcond) -> None:
    """Where the rank is less than the columns NumPy returns no residuals; here they come with their values."""
    a, b = deficient(), sample((5, 2), "float64", 1)
    x, residuals, rank, s = run(linalg.lstsq, a, b, rcond=rcond)
    expected = run_numpy(np.linalg.lstsq, a, b, rcond=rcond)
    assert rank.dtype == expected[2].dtype == np.int32
    assert rank == expected[2] or rcond in {0, -1, 2.0}  # the last singular value is rounding
    assert residuals.shape == (2,)
    assert_same((s,), (expected[3],), slack=10)
    if rank == expected[2] and rank < 4:
        assert_same((x,), (expected[0],), slack=1e6)
        np.testing.assert_allclose(residuals, (np.abs(b - a @ x) ** 2).sum(0))


# Powers and products


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 7, -1, -3])
@pytest.mark.parametrize("dtype", ["bool", "int8", "float32", "complex128"])
def test_powers_are_numpys(n, dtype) -> None:
    x = np.eye(3, dtype=bool)[[1, 2, 0]] if dtype == "bool" else matrix((3, 3), dtype)
    assert_agrees(*both("matrix_power"), x, n=n, slack=50)
    if n in {0, 3}:
        assert_agrees(*both("matrix_power"), matrix((2, 3, 3), dtype), n=n, slack=50)


@pytest.mark.parametrize("shapes", [
    [(2, 3), (3,)], [(3,), (3, 2), (2, 4), (4,)], [(3,), (3, 2), (2, 4)], [(2, 30), (30, 5), (5, 9), (9, 1)], [(9, 2), (2, 9), (9, 1)],
], ids=str)  # fmt: skip
@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_chains_are_numpys(shapes, dtype) -> None:
    assert_agrees(*both("multi_dot"), tuple(sample(shape, dtype) for shape in shapes), slack=5)


# Decompositions


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_cholesky_is_numpys(dtype, upper) -> None:
    x = np.eye(3, dtype=bool) if dtype == "bool" else hermitian((3, 3), dtype)
    assert_agrees(*both("cholesky"), x.swapaxes(-1, -2).copy() if upper else x, upper=upper)


@pytest.mark.parametrize("shape", SQUARES, ids=str)
def test_cholesky_of_stacks_is_numpys(shape) -> None:
    assert_agrees(*both("cholesky"), hermitian(shape, "complex128"))


@pytest.mark.parametrize("mode", ["reduced", "complete", "r", "raw", "full", "economic"])
@pytest.mark.parametrize("shape", [*TALL_AND_WIDE, (3, 3)], ids=str)
def test_qr_is_numpys(shape, mode) -> None:
    assert_agrees(*both("qr"), sample(shape, "float64"), mode=mode, slack=5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes_of_qr_are_numpys(dtype) -> None:
    for mode in ("reduced", "raw"):
        assert_agrees(*both("qr"), sample((4, 2), dtype), mode=mode, slack=5)


@pytest.mark.parametrize("shape", TALL_AND_WIDE, ids=str)
@pytest.mark.parametrize("params", [{}, {"full_matrices": False}, {"compute_uv": False}], ids=str)
def test_svd_is_numpys(shape, params) -> None:
    assert_agrees(*both("svd"), sample(shape, "float64"), slack=10, **params)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes_of_svd_are_numpys(dtype) -> None:
    assert_agrees(*both("svd"), sample((3, 2), dtype), slack=10)
    assert_agrees(*both("svdvals"), sample((3, 2), dtype), slack=10)


@pytest.mark.parametrize("compute_uv", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_hermitian_svd_is_numpys(dtype, compute_uv) -> None:
    x = sample((2, 4, 4), dtype)
    assert_agrees(*both("svd"), x + x.swapaxes(-1, -2).conj(), compute_uv=compute_uv, hermitian=True, slack=50)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes_of_eigenvalues_are_numpys(dtype) -> None:
    """But for `eig`'s, complex here always."""
    x = sample((4, 4), dtype, 2) % 7 if np.dtype(dtype).kind in "iu" else sample((4, 4), dtype, 2)
    for name in ("eigh", "eigvalsh"):
        assert_agrees(*both(name), x, slack=50)
        assert_agrees(*both(name), x, UPLO="u", slack=50)
    for name in ("eig", "eigvals"):
        for one, other in zip(run(both(name)[0], x), run_numpy(both(name)[1], x), strict=True):
            assert one.dtype == np.result_type(other.dtype, np.complex64)
            assert_same((one,), (other.astype(one.dtype),), slack=50)


@pytest.mark.parametrize("shape", SQUARES, ids=str)
def test_shapes_of_eigenvalues_are_numpys(shape) -> None:
    assert_agrees(*both("eigh"), sample(shape, "float64"), slack=50)
    assert_agrees(*both("eig"), sample(shape, "complex128"), slack=50)


# Norms, condition numbers, ranks and inverses of what has none

ORDERS_OF_VECTORS = [None, 0, 1, 2, 3, -1, -2, 0.5, 2.5, np.inf, -np.inf]
ORDERS_OF_MATRICES = [None, "fro", "f", "nuc", 1, -1, 2, -2, np.inf, -np.inf]


@pytest.mark.parametrize("order", ORDERS_OF_VECTORS)
@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_norms_of_vectors_are_numpys(order, dtype) -> None:
    x = sample((3, 4), dtype) + np.asarray(1, dtype)
    assert_agrees(*both("norm"), x[0], ord=order)
    assert_agrees(*both("norm"), x, ord=order, axis=0, keepdims=True)
    assert_agrees(*both("vector_norm"), x, ord=order, keepdims=True)


@pytest.mark.parametrize("order", ORDERS_OF_MATRICES)
@pytest.mark.parametrize("dtype", ["bool", "float32", "complex128"])
def test_norms_of_matrices_are_numpys(order, dtype) -> None:
    x = sample((2, 3, 4), dtype)
    assert_agrees(*both("norm"), x[0], ord=order, slack=5)
    assert_agrees(*both("norm"), x, ord=order, axis=(2, 0), keepdims=True, slack=5)
    assert_agrees(*both("matrix_norm"), x, ord=order, slack=5)


@pytest.mark.parametrize("shape", [(), (0,), (3,), (0, 3), (2, 3, 4)], ids=str)
def test_the_norm_of_all_is_numpys(shape) -> None:
    for dtype in ("float16", "complex64", "int64"):
        assert_agrees(*both("norm"), sample(shape, dtype))
        assert_agrees(*both("norm"), sample(shape, dtype), keepdims=True)


@pytest.mark.parametrize("axis", [0, -1, (0, 2), (-1, 0), (0, 1, 2), None, ()], ids=str)
def test_axes_of_vector_norms_are_numpys(axis) -> None:
    for keepdims in (False, True):
        assert_agrees(*both("vector_norm"), sample((2, 3, 4), "float32"), axis=axis, keepdims=keepdims)


@pytest.mark.parametrize("order", [1, 2, np.inf, "nuc", "fro"])
def test_norms_of_nothing_are_numpys(order) -> None:
    assert_agrees(*both("norm"), np.ones((0, 3)), ord=order)
    if not isinstance(order, str):
        assert_agrees(*both("norm"), np.ones(0), ord=order)


@pytest.mark.parametrize("p", ORDERS_OF_MATRICES)
def test_condition_numbers_are_numpys(p) -> None:
    singular = np.array([[1.0, 2], [2, 4]])
    assert_agrees(*both("cond"), matrix((2, 3, 3), "float32"), p=p, slack=20)
    assert_agrees(*both("cond"), matrix((3, 3), "int8"), p=p, slack=20)
    if p not in {None, 2, -2, "nuc"}:  # infinite; the others depend on what rounding leaves, or raise
        assert_agrees(*both("cond"), np.stack([singular, np.diag([1.0, 0]), np.zeros((2, 2)), [[np.nan, 1], [1, 1]]]), p=p)


def test_condition_numbers_of_matrices_that_are_not_square() -> None:
    assert_agrees(*both("cond"), sample((4, 3), "float64"), slack=20)
    assert_agrees(*both("cond"), np.zeros((4, 3)))


@pytest.mark.parametrize(
    "params", [{}, {"tol": 1.0}, {"rtol": 1e-3}, {"tol": np.array([1e-9, 100])}, {"rtol": np.array([1e-9, 0.9])}], ids=str
)
def test_ranks_are_numpys(params) -> None:
    assert_agrees(*both("matrix_rank"), np.stack([deficient(), np.zeros((5, 4))]), **params)


def test_ranks_of_other_operands_are_numpys() -> None:
    for dtype in DTYPES:
        assert_agrees(*both("matrix_rank"), sample((2, 3), dtype))
    for shape in ((), (3,), (0,), (0, 3), (2, 0, 3)):
        assert_agrees(*both("matrix_rank"), np.ones(shape))
    assert_agrees(*both("matrix_rank"), deficient("float32")[:4] @ deficient("float32")[:4].T, hermitian=True)


@pytest.mark.parametrize("params", [{}, {"rcond": 1e-3}, {"rtol": 1e-3}, {"rtol": None}, {"rcond": np.array([1e-3, 0.9])}], ids=str)
def test_pseudoinverses_are_numpys(params) -> None:
    x = np.stack([matrix((5, 4), "float32"), matrix((5, 4), "float32", 1)])
    assert_agrees(*both("pinv"), x, slack=20, **params)


def test_pseudoinverses_of_other_operands_are_numpys() -> None:
    for shape in ((0, 3), (2, 3, 0), (0, 2, 3)):
        assert_agrees(*both("pinv"), np.ones(shape, np.int8 if 0 in shape[-2:] else float))
    for dtype in DTYPES:
        assert_agrees(*both("pinv"), matrix((2, 3), dtype), slack=20)
    assert_agrees(*both("pinv"), deficient(), rcond=1e-3, slack=1e4)
    x = matrix((4, 4), "complex128")
    assert_agrees(*both("pinv"), x + x.T.conj(), hermitian=True, slack=20)


# What NumPy refuses

REFUSED = [
    ("inv", [(3,)], {}),
    ("inv", [(2, 3)], {}),
    ("det", [(2, 3)], {}),
    ("slogdet", [()], {}),
    ("cholesky", [(2, 3)], {}),
    ("eig", [(2, 3)], {}),
    ("eigvals", [(2,)], {}),
    ("eigh", [(2, 3)], {}),
    ("eigh", [(2, 2)], {"UPLO": "X"}),
    ("svd", [(2,)], {}),
    ("svd", [(2, 3)], {"hermitian": True}),
    ("svdvals", [()], {}),
    ("qr", [(2,)], {}),
    ("qr", [(2, 2)], {"mode": "other"}),
    ("solve", [(2, 2), (3,)], {}),
    ("solve", [(2, 2), (3, 3)], {}),
    ("solve", [(2, 2), ()], {}),
    ("solve", [(2, 3), (2,)], {}),
    ("solve", [(1, 2, 2), (1, 2)], {}),
    ("solve", [(2, 2, 2), (3, 2, 2)], {}),
    ("lstsq", [(2, 2), (3,)], {}),
    ("lstsq", [(2, 2, 2), (2,)], {}),
    ("lstsq", [(2, 2), ()], {}),
    ("tensorinv", [(2, 3)], {"ind": 0}),
    ("tensorinv", [(2, 3)], {"ind": 1}),
    ("tensorsolve", [(2, 3), (2,)], {}),
    ("tensorsolve", [(2, 2), (2,)], {"axes": (5,)}),
    ("matrix_power", [(2, 3)], {"n": 2}),
    ("matrix_power", [(2, 2)], {"n": 1.5}),
    ("matrix_rank", [(2, 2)], {"tol": 1.0, "rtol": 1.0}),
    ("pinv", [(2, 2)], {"rcond": 1.0, "rtol": 1.0}),
    ("pinv", [(2,)], {}),
    ("cond", [(0, 2)], {}),
    ("cond", [(2,)], {}),
    ("cond", [(2, 3)], {"p": 1}),
    ("cond", [(2, 2)], {"p": "other"}),
    ("norm", [(2, 2, 2)], {"ord": 2}),
    ("norm", [()], {"ord": 2}),
    ("norm", [(2, 2)], {"ord": "other"}),
    ("norm", [(2, 2)], {"ord": 3}),
    ("norm", [(2,)], {"ord": "fro"}),
    ("norm", [(2, 2)], {"axis": (0, 0)}),
    ("norm", [(2,)], {"axis": 3}),
    ("norm", [(2, 2)], {"axis": (0, 3)}),
    ("norm", [(2, 2)], {"axis": "a"}),
    ("norm", [(0,)], {"ord": -np.inf}),
    ("norm", [(0, 2)], {"ord": -2}),
    ("vector_norm", [(2,)], {"axis": (0, 0)}),
    ("vector_norm", [(2,)], {"axis": 2}),
    ("matrix_norm", [(2,)], {}),
]


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_operands_are_refused_as_numpy_refuses_them(case) -> None:
    name, shapes, params = case
    assert_refuses(*both(name), *(np.ones(shape) for shape in shapes), **params)


@pytest.mark.parametrize("name", ["inv", "det", "cholesky", "qr", "svd", "eig", "eigh", "pinv", "matrix_rank"])
def test_float16_is_not_supported(name) -> None:
    with jax.enable_x64(True), pytest.raises(TypeError, match="array type float16 is unsupported in linalg"):
        jax.eval_shape(getattr(linalg, name), np.ones((2, 2), np.float16))


@pytest.mark.parametrize("shapes", [[(2,)], [(2, 2), (2, 2), (3, 3)], [(2, 2), (2, 2, 2), (2, 2)]], ids=str)
def test_chains_are_refused_as_numpy_refuses_them(shapes) -> None:
    assert_refuses(*both("multi_dot"), tuple(np.ones(shape) for shape in shapes))


# What NumPy raises for the data

SINGULAR = np.array([[1.0, 2], [2, 4]])
ROW_OF_ZEROS = np.array([[1.0, 1], [0, 0]])
INDEFINITE = np.array([[1.0, 2], [2, 1]])
WITH_NAN = np.array([[1.0, 2, 3], [np.nan, 4, 5], [3, 5, 1]])
FINE = np.array([[2.0, 1], [1, 3]])
INFINITE = np.array([[np.inf, 1], [1, 1]])

DATA = [
    *[("inv", (x,), {}) for x in (SINGULAR, ROW_OF_ZEROS, FINE, INDEFINITE, np.zeros((1, 1)), np.full((1, 1), np.nan), INFINITE)],
    *[
        ("inv", (x,), {})
        for x in (WITH_NAN, np.array([[0, 0], [0, np.nan]]), np.ones((0, 0)), np.stack([FINE, SINGULAR]), SINGULAR.astype(int))
    ],
    *[("inv", (x.astype(np.complex64),), {}) for x in (SINGULAR, FINE)],
    ("inv", (np.float32(1e-30) * FINE.astype(np.float32),), {}),
    ("inv", (np.full((1, 1), 1e-300, np.float64),), {}),
    *[("solve", (ROW_OF_ZEROS, b), {}) for b in (np.array([1.0, 0]), np.ones((2, 3)), np.ones((2, 2, 1)))],
    *[("solve", (np.stack([FINE, x]), np.ones((2, 1))), {}) for x in (FINE, SINGULAR)],
    *[("matrix_power", (x,), {"n": n}) for x in (SINGULAR, FINE) for n in (2, -1)],
    *[("tensorsolve", (x.reshape(2, 1, 2), np.ones((2, 1))), {}) for x in (SINGULAR, FINE)],
    *[("tensorinv", (x.reshape(2, 1, 2),), {}) for x in (SINGULAR, FINE)],
    *[
        ("cholesky", (x,), {})
        for x in (INDEFINITE, FINE, SINGULAR, -FINE, WITH_NAN, np.full((1, 1), np.nan), np.zeros((1, 1)), np.ones((0, 0)))
    ],
    *[("cholesky", (x,), {}) for x in (np.array([[0, 0], [0, np.nan]]), np.array([[1, np.nan], [0, 1]]), np.stack([FINE, INDEFINITE]))],
    *[("cholesky", (x,), {"upper": True}) for x in (np.array([[1.0, 2], [0, 1]]), np.array([[1.0, 0], [2, 1]]))],
    *[(name, (x,), {}) for name in ("eig", "eigvals") for x in (FINE, WITH_NAN, np.diag([1, np.inf]), np.ones((0, 0)))],
    *[(name, (x,), {}) for name in ("eigh", "eigvalsh") for x in (FINE, INDEFINITE, np.full((2, 2), np.nan), np.ones((0, 0)))],
    *[(name, (x,), {}) for name in ("svd", "svdvals", "pinv", "matrix_rank", "cond") for x in (FINE, SINGULAR, WITH_NAN)],
    *[("svd", (x,), params) for x in (FINE, WITH_NAN) for params in ({"compute_uv": False}, {"full_matrices": False})],
    ("svd", (FINE,), {"hermitian": True}),
    ("pinv", (FINE,), {"hermitian": True}),
    ("matrix_rank", (np.array([np.nan, 1]),), {}),
    ("matrix_rank", (np.ones((2, 2, 0)),), {}),
    *[("cond", (x,), {"p": p}) for x in (FINE, SINGULAR, WITH_NAN) for p in (1, -2, "nuc", "fro")],
    *[("norm", (x,), {"ord": order}) for x in (FINE, WITH_NAN) for order in (None, 1, 2, -2, "nuc")],
    ("norm", (WITH_NAN,), {"ord": 2, "axis": 0}),
    ("norm", (np.stack([WITH_NAN]),), {"ord": 2, "axis": (0, 2)}),
    *[("matrix_norm", (WITH_NAN,), {"ord": order}) for order in ("fro", "nuc")],
    *[("lstsq", (x, np.ones(len(x))), {}) for x in (FINE, SINGULAR, np.full((2, 2), np.nan), np.ones((0, 2)))],
    ("lstsq", (FINE, np.array([np.nan, 1])), {}),
]


@pytest.mark.parametrize("case", DATA, ids=lambda case: f"{case[0]}-{case[2]}")
def test_checks_say_what_numpy_raises(case) -> None:
    name, operands, params = case
    predicate, kind, message = linalg.CHECKS[name]

    def program(*operands):
        results = getattr(linalg, name)(*operands, **params)
        return predicate(results if isinstance(results, tuple) else (results,), *operands, **params)

    with jax.enable_x64(True):
        failed = jax.jit(program)(*operands)
    assert failed.shape == ()
    assert failed.dtype == bool
    raised = None
    try:
        run_numpy(getattr(np.linalg, name), *operands, **params)
    except np.linalg.LinAlgError as error:
        raised = error
    assert bool(failed) == (raised is not None)
    assert raised is None or (type(raised), str(raised)) == (kind, message)


def test_every_function_that_can_fail_has_a_check() -> None:
    fine = {
        "cross",
        "det",
        "diagonal",
        "matmul",
        "matrix_transpose",
        "multi_dot",
        "outer",
        "qr",
        "slogdet",
        "tensordot",
        "trace",
        "vecdot",
        "vector_norm",
    }
    assert set(linalg.__all__) - {"CHECKS"} == fine | set(linalg.CHECKS)
    assert set(linalg.__all__) - {"CHECKS"} == set(np.linalg.__all__) - {"LinAlgError"}


def test_the_check_costs_no_second_decomposition() -> None:
    def program(a):
        return linalg.inv(a), linalg.CHECKS["inv"][0]((), a)

    with jax.enable_x64(True):
        text = jax.jit(program).lower(np.ones((8, 8))).compile().as_text()
    assert text.count('custom_call_target="lapack_dgetrf') == 1


@pytest.mark.parametrize("name", ["svd", "svdvals", "pinv", "lstsq"])
def test_infinities_come_back(name) -> None:
    """LAPACK, and so NumPy, may loop without end."""
    x = np.array([[1.0, 2, np.inf], [2, 4, 5], [np.inf, 5, 1]])
    assert np.isnan(run(getattr(linalg, name), *([x, np.ones(3)] if name == "lstsq" else [x]))[0]).all()
