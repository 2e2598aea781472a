"""`numpy.linalg` as NumPy has it, on JAX arrays; `CHECKS` says after a run what NumPy would have raised for the data.

Where NumPy returns namedtuples these are plain tuples. What lies in the data otherwise, the real dtype of `eig` and the length of `lstsq`'s
residuals, is said where it differs.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from numpy.linalg import LinAlgError

from memarray._kernels import products
from memarray._kernels.decompositions import (
    adjoint,
    check_matrices,
    check_square,
    cholesky,
    det,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    is_empty,
    is_singular,
    prepared,
    qr,
    real_of,
    slogdet,
    square,
    squared,
    svd,
    svdvals,
    swapped,
    without_infinities,
)
from memarray._kernels.norms import SPECTRAL, Order, cond, matrix_norm, matrix_rank, norm, norm_axes, vector_norm
from memarray._kernels.products import as_array, check_cores, diagonal_of, dot

__all__ = [
    "CHECKS",
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "trace",
    "vecdot",
    "vector_norm",
]

Check = tuple[Callable[..., Array], type[Exception], str]

_NOT_GIVEN: Any = np._NoValue  # noqa: SLF001 (NumPy's default of `rtol`, which has no public name)
_LAPACK_EPS = 2.0**-53  # of dgelsd, where `rcond` is none


# Linear equations


def solve(a: ArrayLike, b: ArrayLike) -> Array:
    """`numpy.linalg.solve`; `b` is a vector where it has one dimension, else matrices."""
    a, b = as_array(a), as_array(b)
    check_square(a)
    if b.ndim == 1:
        check_cores("solve1", "(m,m),(m)->(m)", a, b)
    else:
        check_cores("solve", "(m,m),(m,n)->(m,n)", a, b)
    (a, b), result = prepared(a, b)
    return jnp.linalg.solve(a, b).astype(result)


def inv(a: ArrayLike) -> Array:
    """`numpy.linalg.inv`."""
    a, result = square(a)
    return jnp.linalg.inv(a).astype(result)


def tensorsolve(a: ArrayLike, b: ArrayLike, axes: tuple[int, ...] | None = None) -> Array:
    """`numpy.linalg.tensorsolve`."""
    matrix, shape = _tensor_as_matrix(as_array(a), as_array(b), axes)
    return solve(matrix, jnp.ravel(as_array(b))).reshape(shape)


def _tensor_as_matrix(a: Array, b: Array, axes: tuple[int, ...] | None) -> tuple[Array, tuple[int, ...]]:
    """The square matrix that `tensorsolve` solves, and the shape of its result."""
    if axes is not None:
        order = list(range(a.ndim))
        for axis in axes:
            order.remove(axis)
            order.insert(a.ndim, axis)
        a = a.transpose(order)
    shape = a.shape[-(a.ndim - b.ndim) :]
    size = math.prod(shape)
    if a.size != size**2:
        raise LinAlgError("Input arrays must satisfy the requirement prod(a.shape[b.ndim:]) == prod(a.shape[:b.ndim])")
    return a.reshape(size, size), shape


def tensorinv(a: ArrayLike, ind: int = 2) -> Array:
    """`numpy.linalg.tensorinv`."""
    a = as_array(a)
    return inv(_tensor_rows(a, ind)).reshape(a.shape[ind:] + a.shape[:ind])


def _tensor_rows(a: Array, ind: int) -> Array:
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    return a.reshape(math.prod(a.shape[ind:]), -1)


def lstsq(a: ArrayLike, b: ArrayLike, rcond: ArrayLike | None = None) -> tuple[Array, Array, Array, Array]:
    """`numpy.linalg.lstsq`: solution, residuals, rank and singular values.

    The residuals have NumPy's shape for a matrix of full rank. NumPy returns none, `(0,)`, where the rank turns out to be less than the
    number of columns.
    """
    a, b = as_array(a), as_array(b)
    is_vector = b.ndim == 1
    if is_vector:
        b = b[:, None]
    check_matrices(a, b)
    if a.shape[0] != b.shape[0]:
        raise LinAlgError("Incompatible dimensions")
    (a, b), result = prepared(a, b)
    x, rank, s = _least_squares(a, b, rcond)
    residuals = jnp.zeros(0, s.dtype)
    if a.shape[0] > a.shape[1]:
        residuals = jnp.sum(squared(b - products.matmul(a, x)), axis=0)
    real = real_of(result)
    return (x[:, 0] if is_vector else x).astype(result), residuals.astype(real), rank, s.astype(real)


def _least_squares(a: Array, b: Array, rcond: ArrayLike | None) -> tuple[Array, Array, Array]:
    """The solution of least norm, the rank and the singular values, as LAPACK's gelsd cuts them off."""
    if is_empty(a):
        return jnp.zeros((a.shape[1], b.shape[1]), b.dtype), jnp.zeros((), np.int32), jnp.zeros(0, real_of(a.dtype))
    if rcond is None:
        rcond = float(np.finfo(a.dtype).eps) * max(a.shape)
    rcond = as_array(rcond)
    cutoff = jnp.where((rcond <= 0) | (rcond >= 1), _LAPACK_EPS, rcond)
    u, s, vh = jnp.linalg.svd(without_infinities(a), full_matrices=False)
    is_large = s > cutoff * s[0]
    inverse = jnp.where(is_large, 1 / jnp.where(is_large, s, 1), 0)
    x = products.matmul(adjoint(vh), inverse[:, None] * products.matmul(adjoint(u), b))
    return x, jnp.sum(is_large, dtype=np.int32), s


def pinv(a: ArrayLike, rcond: ArrayLike | None = None, hermitian: bool = False, *, rtol: ArrayLike | None = _NOT_GIVEN) -> Array:
    """`numpy.linalg.pinv`; singular values up to `rcond` times the largest count as zero: 1e-15 if neither it nor `rtol` is given."""
    a = as_array(a)
    cut: Any = 1e-15 if rcond is None else rcond
    if rtol is not _NOT_GIVEN:
        if rcond is not None:
            raise ValueError("`rtol` and `rcond` can't be both set.")
        cut = max(a.shape[-2:]) * np.finfo(a.dtype).eps if rtol is None else rtol
    if a.ndim >= 2 and is_empty(a):
        return jnp.zeros((*a.shape[:-2], a.shape[-1], a.shape[-2]), a.dtype)
    u, s, vh = svd(jnp.conj(a), full_matrices=False, hermitian=hermitian)
    is_large = s > as_array(cut)[..., None] * jnp.max(s, axis=-1, keepdims=True)
    inverse = jnp.where(is_large, 1 / jnp.where(is_large, s, 1), 0)
    return products.matmul(swapped(vh), inverse[..., None] * swapped(u))


# Powers and products


def matrix_power(a: ArrayLike, n: int) -> Array:
    """`numpy.linalg.matrix_power`; integers stay integers unless `n` is negative."""
    a = as_array(a)
    check_square(a)
    try:
        n = operator.index(n)
    except TypeError as error:
        raise TypeError("exponent must be an integer") from error
    if n == 0:
        return jnp.broadcast_to(jnp.eye(a.shape[-1], dtype=a.dtype), a.shape)
    power = inv(a) if n < 0 else a
    if abs(n) == 3:  # in NumPy's order
        return products.matmul(products.matmul(power, power), power)
    result = None
    n = abs(n)
    while True:
        n, is_odd = divmod(n, 2)
        if is_odd:
            result = power if result is None else products.matmul(result, power)
        if not n and result is not None:
            return result
        power = products.matmul(power, power)


def multi_dot(arrays: tuple[ArrayLike, ...]) -> Array:
    """`numpy.linalg.multi_dot`: in the order of the fewest multiplications."""
    if len(arrays) < 2:
        raise ValueError("Expecting at least two arrays.")
    if len(arrays) == 2:
        return dot(*arrays)
    matrices = [as_array(x) for x in arrays]
    first, last = matrices[0].ndim, matrices[-1].ndim
    if first == 1:
        matrices[0] = matrices[0][None, :]
    if last == 1:
        matrices[-1] = matrices[-1][:, None]
    check_matrices(*matrices)
    product = _chained(matrices)
    if first == 1 and last == 1:
        return product[0, 0]
    return product.ravel() if 1 in {first, last} else product


def _chained(matrices: list[Array]) -> Array:
    """The product of all, split where it costs least: `cost[i, j]` counts multiplications, `cut[i, j]` is where `i..j` is split."""
    sizes = [x.shape[0] for x in matrices] + [matrices[-1].shape[1]]
    count = len(matrices)
    cost = {(i, i): 0 for i in range(count)}
    cut = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            costs = {k: cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)}
            cut[i, j] = min(costs, key=costs.__getitem__)
            cost[i, j] = costs[cut[i, j]]

    def product(i: int, j: int) -> Array:
        return matrices[i] if i == j else dot(product(i, cut[i, j]), product(cut[i, j] + 1, j))

    return product(0, count - 1)


def outer(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """`numpy.linalg.outer`: of vectors only."""
    x1, x2 = as_array(x1), as_array(x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(f"Input arrays must be one-dimensional, but they are {x1.ndim=} and {x2.ndim=}.")
    return products.outer(x1, x2)


def cross(x1: ArrayLike, x2: ArrayLike, /, *, axis: int = -1) -> Array:
    """`numpy.linalg.cross`: of vectors of three elements only."""
    x1, x2 = as_array(x1), as_array(x2)
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ValueError(
            "Both input arrays must be (arrays of) 3-dimensional vectors,"
            f" but they are {x1.shape[axis]} and {x2.shape[axis]} dimensional instead."
        )
    return products.cross(x1, x2, axis=axis)


def matmul(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """`numpy.linalg.matmul`."""
    return products.matmul(x1, x2)


def vecdot(x1: ArrayLike, x2: ArrayLike, /, *, axis: int = -1) -> Array:
    """`numpy.linalg.vecdot`."""
    return products.vecdot(x1, x2, axis=axis)


def tensordot(x1: ArrayLike, x2: ArrayLike, /, *, axes: int | tuple[products.Axes, products.Axes] = 2) -> Array:
    """`numpy.linalg.tensordot`."""
    return products.tensordot(x1, x2, axes)


def trace(x: ArrayLike, /, *, offset: int = 0, dtype: np.dtype | None = None) -> Array:
    """`numpy.linalg.trace`: of the last two axes."""
    return products.trace(x, offset, -2, -1, dtype)


def diagonal(x: ArrayLike, /, *, offset: int = 0) -> Array:
    """`numpy.linalg.diagonal`: of the last two axes."""
    return diagonal_of(as_array(x), offset, -2, -1)


def matrix_transpose(x: ArrayLike, /) -> Array:
    """`numpy.linalg.matrix_transpose`."""
    x = as_array(x)
    if x.ndim < 2:
        raise ValueError(f"Input array must be at least 2-dimensional, but it is {x.ndim}")
    return swapped(x)


# What NumPy raises for the data: whether it would have, from a function's results and operands


def _lacks_inverse(a: ArrayLike) -> Array:
    return jnp.any(is_singular(prepared(a)[0][0]))


def _has_nan(*arrays: ArrayLike) -> Array:
    return jnp.any(jnp.stack([jnp.any(jnp.isnan(as_array(x))) for x in arrays]))


def _is_finite(a: ArrayLike) -> Array:
    return jnp.all(jnp.isfinite(as_array(a)))


def _inv_failed(_results: tuple[Array, ...], a: ArrayLike) -> Array:
    return _lacks_inverse(a)


def _solve_failed(_results: tuple[Array, ...], a: ArrayLike, b: ArrayLike) -> Array:  # noqa: ARG001
    return _lacks_inverse(a)


def _matrix_power_failed(_results: tuple[Array, ...], a: ArrayLike, n: int) -> Array:
    return _lacks_inverse(a) if n < 0 else jnp.zeros((), bool)


def _tensorsolve_failed(_results: tuple[Array, ...], a: ArrayLike, b: ArrayLike, axes: tuple[int, ...] | None = None) -> Array:
    return _lacks_inverse(_tensor_as_matrix(as_array(a), as_array(b), axes)[0])


def _tensorinv_failed(_results: tuple[Array, ...], a: ArrayLike, ind: int = 2) -> Array:
    return _lacks_inverse(_tensor_rows(as_array(a), ind))


def _cholesky_failed(results: tuple[Array, ...], a: ArrayLike, /, *, upper: bool = False) -> Array:  # noqa: ARG001
    """XLA fills a matrix that has no decomposition with NaN; LAPACK lets NaN of the operand through, and NumPy with it."""
    return jnp.any(jnp.isnan(results[0][..., :1, :1]) & ~jnp.isnan(as_array(a)[..., :1, :1]))


def _eig_failed(_results: tuple[Array, ...], a: ArrayLike) -> Array:
    return ~_is_finite(a)


def _eigh_failed(results: tuple[Array, ...], a: ArrayLike, UPLO: str = "L") -> Array:  # noqa: ARG001, N803
    """For operands that are not finite it depends on their size whether NumPy raises or returns NaN: here they return NaN."""
    return _has_nan(*results) & _is_finite(a)


def _svd_failed(
    results: tuple[Array, ...],
    a: ArrayLike,
    full_matrices: bool = True,  # noqa: ARG001
    compute_uv: bool = True,  # noqa: ARG001
    hermitian: bool = False,
) -> Array:
    failed = _has_nan(*results) & _is_finite(a)
    return failed if hermitian else failed | _has_nan(a)


def _pinv_failed(
    results: tuple[Array, ...],
    a: ArrayLike,
    rcond: ArrayLike | None = None,  # noqa: ARG001
    hermitian: bool = False,
    *,
    rtol: ArrayLike | None = None,  # noqa: ARG001
) -> Array:
    return _svd_failed(results, a, hermitian=hermitian)


def _matrix_rank_failed(
    _results: tuple[Array, ...],
    A: ArrayLike,  # noqa: N803
    tol: ArrayLike | None = None,  # noqa: ARG001
    hermitian: bool = False,
    *,
    rtol: ArrayLike | None = None,  # noqa: ARG001
) -> Array:
    return jnp.zeros((), bool) if hermitian or as_array(A).ndim < 2 else _has_nan(A)


def _lstsq_failed(results: tuple[Array, ...], a: ArrayLike, b: ArrayLike, rcond: ArrayLike | None = None) -> Array:  # noqa: ARG001
    return ~_is_finite(a) | _has_nan(results[3])


def _norm_failed(
    results: tuple[Array, ...],
    x: ArrayLike,
    ord: Order = None,  # noqa: A002
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,  # noqa: ARG001
) -> Array:
    is_spectral = ord in SPECTRAL and len(norm_axes(axis, as_array(x).ndim)) == 2
    return _svd_failed(results, x) if is_spectral else jnp.zeros((), bool)


def _matrix_norm_failed(results: tuple[Array, ...], x: ArrayLike, /, *, keepdims: bool = False, ord: Order = "fro") -> Array:  # noqa: A002
    return _norm_failed(results, x, ord, (-2, -1), keepdims)


def _cond_failed(_results: tuple[Array, ...], x: ArrayLike, p: Order = None) -> Array:
    if p == "nuc":
        return _has_nan(x) | _lacks_inverse(x)
    return _has_nan(x) if p is None or p in SPECTRAL else jnp.zeros((), bool)


_SINGULAR = "Singular matrix"
_NO_SVD = "SVD did not converge"
_NO_EIGENVALUES = "Eigenvalues did not converge"
_NOT_FINITE = "Array must not contain infs or NaNs"

# name -> (whether NumPy would have raised: predicate(results, *operands, **parameters), the exception, NumPy's message)
CHECKS: dict[str, Check] = {
    "cholesky": (_cholesky_failed, LinAlgError, "Matrix is not positive definite"),
    "cond": (_cond_failed, LinAlgError, _NO_SVD),
    "eig": (_eig_failed, LinAlgError, _NOT_FINITE),
    "eigh": (_eigh_failed, LinAlgError, _NO_EIGENVALUES),
    "eigvals": (_eig_failed, LinAlgError, _NOT_FINITE),
    "eigvalsh": (_eigh_failed, LinAlgError, _NO_EIGENVALUES),
    "inv": (_inv_failed, LinAlgError, _SINGULAR),
    "lstsq": (_lstsq_failed, LinAlgError, "SVD did not converge in Linear Least Squares"),
    "matrix_norm": (_matrix_norm_failed, LinAlgError, _NO_SVD),
    "matrix_power": (_matrix_power_failed, LinAlgError, _SINGULAR),
    "matrix_rank": (_matrix_rank_failed, LinAlgError, _NO_SVD),
    "norm": (_norm_failed, LinAlgError, _NO_SVD),
    "pinv": (_pinv_failed, LinAlgError, _NO_SVD),
    "solve": (_solve_failed, LinAlgError, _SINGULAR),
    "svd": (_svd_failed, LinAlgError, _NO_SVD),
    "svdvals": (_svd_failed, LinAlgError, _NO_SVD),
    "tensorinv": (_tensorinv_failed, LinAlgError, _SINGULAR),
    "tensorsolve": (_tensorsolve_failed, LinAlgError, _SINGULAR),
}
