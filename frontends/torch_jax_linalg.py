"""Lowerings of ATen's linear algebra and Fourier transforms, in JAX. See `torch_lowerings`."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.lax import linalg


def _adjoint(x: Any) -> Any:
    return jnp.conj(jnp.swapaxes(x, -1, -2))


def _broadcast_batches(*matrices: Any) -> list[Any]:
    """With the batch dimensions of all."""
    batch = jnp.broadcast_shapes(*(x.shape[:-2] for x in matrices))
    return [jnp.broadcast_to(x, (*batch, *x.shape[-2:])) for x in matrices]


def _triangular(
    a: Any, b: Any, *, left: bool = True, lower: bool = True, transpose: bool = False, conjugate: bool = False, unit: bool = False
) -> Any:
    a, b = _broadcast_batches(a, b)
    if b.size == 0:
        return b
    return linalg.triangular_solve(a, b, left_side=left, lower=lower, transpose_a=transpose, conjugate_a=conjugate, unit_diagonal=unit)


def _eigh(a: Any, uplo: str = "L", compute_v: bool = True) -> tuple[Any, Any]:
    if a.size == 0:
        return jnp.zeros(a.shape[:-1], jnp.finfo(a.dtype).dtype), a if compute_v else jnp.zeros((0,), a.dtype)
    values, vectors = jnp.linalg.eigh(a, UPLO=uplo.upper(), symmetrize_input=False)[:]
    return values, vectors if compute_v else jnp.zeros((0,), a.dtype)


def _eig(a: Any) -> tuple[Any, Any]:
    if a.size == 0:
        kind = jnp.result_type(a.dtype, jnp.complex64)
        return jnp.zeros(a.shape[:-1], kind), jnp.zeros(a.shape, kind)
    values, vectors = linalg.eig(a, compute_left_eigenvectors=False)
    return values, vectors


def _eigenvalues(a: Any) -> Any:
    return _eig(a)[0]


def _svd(a: Any, full_matrices: bool = False, compute_uv: bool = True, *, driver: str | None = None) -> tuple[Any, Any, Any]:
    del driver
    if compute_uv:
        u, s, vh = jnp.linalg.svd(a, full_matrices=full_matrices)[:]
        return u, s, vh
    none = jnp.zeros((0,), a.dtype)
    return none, jnp.linalg.svd(a, compute_uv=False), none


def _qr(a: Any, mode: str = "reduced") -> tuple[Any, Any]:
    if mode == "r":
        return jnp.zeros((0,), a.dtype), jnp.linalg.qr(a, mode="r")
    if a.size == 0:
        m, n = a.shape[-2:]
        k = m if mode == "complete" else min(m, n)
        return jnp.broadcast_to(jnp.eye(m, k, dtype=a.dtype), (*a.shape[:-2], m, k)), jnp.zeros((*a.shape[:-2], k, n), a.dtype)
    q, r = jnp.linalg.qr(a, mode=mode)[:]
    return q, r


def _geqrf(a: Any) -> tuple[Any, Any]:
    """LAPACK's reflectors below the diagonal of R, and their factors."""
    if a.size == 0:
        return a, jnp.zeros((*a.shape[:-2], min(a.shape[-2:])), a.dtype)
    reflectors, factors = jnp.linalg.qr(a, mode="raw")
    return jnp.swapaxes(reflectors, -1, -2), factors


def _lu_factor(a: Any, *, pivot: bool = True, check_errors: bool = False) -> tuple[Any, Any, Any]:
    """With LAPACK's pivots, which count from one, and the first zero on the diagonal, from one, or zero."""
    del check_errors
    if not pivot:
        raise NotImplementedError("LU without pivoting")
    k = min(a.shape[-2:])
    if a.size == 0:
        return a, jnp.broadcast_to(jnp.arange(1, k + 1, dtype="int32"), (*a.shape[:-2], k)), jnp.zeros(a.shape[:-2], "int32")
    lu, pivots, _ = linalg.lu(a)
    zeros = jnp.diagonal(lu, 0, -2, -1) == 0
    info = jnp.where(zeros.any(-1), jnp.argmax(zeros, -1) + 1, 0)
    return lu, pivots + 1, info


def _lu(a: Any, *, pivot: bool = True) -> tuple[Any, Any, Any]:
    lu, pivots, _ = _lu_factor(a, pivot=pivot)
    return _lu_unpack(lu, pivots)


def _lu_unpack(lu: Any, pivots: Any, unpack_data: bool = True, unpack_pivots: bool = True) -> tuple[Any, Any, Any]:
    m, n = lu.shape[-2:]
    k = min(m, n)
    p = lower = upper = jnp.zeros((0,), lu.dtype)
    if unpack_pivots:
        p = jnp.swapaxes(jax.nn.one_hot(_permutation(pivots, m), m, dtype=lu.dtype), -1, -2)
    if unpack_data:
        lower = jnp.tril(lu[..., :, :k], -1) + jnp.eye(m, k, dtype=lu.dtype)
        upper = jnp.triu(lu[..., :k, :])
    return p, lower, upper


def _permutation(pivots: Any, size: int) -> Any:
    if pivots.shape[-1] == 0 or pivots.size == 0:
        return jnp.broadcast_to(jnp.arange(size), (*pivots.shape[:-1], size))
    return linalg.lu_pivots_to_permutation(pivots.astype("int32") - 1, size)


def _lu_solve(lu: Any, pivots: Any, b: Any, *, left: bool = True, adjoint: bool = False) -> Any:
    """Of A X = B, A^H X = B, and, by their adjoints, of X A = B and X A^H = B."""
    if not left:
        return _adjoint(_lu_solve(lu, pivots, _adjoint(b), adjoint=not adjoint))
    batch = jnp.broadcast_shapes(lu.shape[:-2], b.shape[:-2])
    n = lu.shape[-1]
    lu, b = _broadcast_batches(lu, b)
    if b.size == 0:
        return b
    order = jnp.broadcast_to(_permutation(pivots, n), (*batch, n))[..., None]
    if not adjoint:
        b = jnp.take_along_axis(b, order, -2)
        return _triangular(lu, _triangular(lu, b, unit=True), lower=False)
    b = _triangular(lu, b, lower=False, transpose=True, conjugate=True)
    b = _triangular(lu, b, unit=True, transpose=True, conjugate=True)
    return jnp.take_along_axis(b, jnp.argsort(order, -2), -2)


def _solve_triangular(a: Any, b: Any, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:
    return _triangular(a, b, left=left, lower=not upper, unit=unitriangular)


def _triangular_solve(b: Any, a: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False) -> tuple[Any, Any]:
    a, b = _broadcast_batches(a, b)
    return _triangular(a, b, lower=not upper, transpose=transpose, unit=unitriangular), a


def _cholesky(a: Any, upper: bool = False) -> Any:
    if a.size == 0:
        return a
    if upper:
        return _adjoint(linalg.cholesky(_adjoint(a), symmetrize_input=False))
    return linalg.cholesky(a, symmetrize_input=False)


def _cholesky_ex(a: Any, *, upper: bool = False, check_errors: bool = False) -> tuple[Any, Any]:
    """Where it fails, the factor is NaN, and `info` one."""
    del check_errors
    factor = _cholesky(a, upper)
    return factor, jnp.isnan(factor).any((-2, -1)).astype("int32")


def _cholesky_solve(b: Any, factor: Any, upper: bool = False) -> Any:
    conjugate = {"transpose": True, "conjugate": True}
    if upper:
        return _triangular(factor, _triangular(factor, b, lower=False, **conjugate), lower=False)
    return _triangular(factor, _triangular(factor, b), **conjugate)


def _cholesky_inverse(factor: Any, upper: bool = False) -> Any:
    return _cholesky_solve(jnp.broadcast_to(jnp.eye(factor.shape[-1], dtype=factor.dtype), factor.shape), factor, upper)


def _householder_product(a: Any, tau: Any) -> Any:
    return (
        linalg.householder_product(a, tau)
        if a.size and tau.size
        else jnp.broadcast_to(jnp.eye(a.shape[-2], a.shape[-1], dtype=a.dtype), a.shape)
    )


def _ormqr(a: Any, tau: Any, other: Any, left: bool = True, transpose: bool = False) -> Any:
    """The product with the whole of Q, for which reflectors that do nothing are added."""
    size = other.shape[-2] if left else other.shape[-1]
    batch = a.shape[:-2]
    a, tau = a[..., :size], tau[..., :size]
    a = jnp.concatenate([a, jnp.zeros((*batch, size, size - a.shape[-1]), a.dtype)], -1)
    tau = jnp.concatenate([tau, jnp.zeros((*batch, size - tau.shape[-1]), tau.dtype)], -1)
    q = _householder_product(a, tau)
    if transpose:
        q = _adjoint(q)
    return q @ other if left else other @ q


def _no_ldl(*args: Any, **kwargs: Any) -> Any:
    del args, kwargs
    raise NotImplementedError("XLA has no LDL factorization that pivots")


_DEGREE = 18  # of the Taylor polynomial
_RADII = {4: 3.01, 8: 1.09}  # norms up to which it is exact to rounding, by the bytes of a real (Bader, Blanes and Casas 2019, table 1)


def _exponential(a: Any) -> Any:
    """By scaling, a Taylor polynomial, and squaring each matrix as often as its norm asks for."""
    if a.size == 0:
        return a
    norms = jnp.abs(a).sum(-2).max(-1)
    radius = _RADII.get(jnp.finfo(a.dtype).dtype.itemsize, _RADII[4])
    times = jnp.where(norms > radius, jnp.ceil(jnp.log2(jnp.maximum(norms, radius) / radius)), 0).astype("int32")
    scaled = a * jnp.exp2(-times.astype(norms.dtype))[..., None, None].astype(a.dtype)
    eye = jnp.broadcast_to(jnp.eye(a.shape[-1], dtype=a.dtype), a.shape)
    found = eye
    for n in range(_DEGREE, 0, -1):
        found = eye + scaled @ found / n

    def square(state: tuple[Any, Any]) -> tuple[Any, Any]:
        i, x = state
        return i + 1, jnp.where((i < times)[..., None, None], x @ x, x)

    return jax.lax.while_loop(lambda state: (state[0] < times).any(), square, (jnp.int32(0), found))[1]


_POWERS = {0: 0.0, 1: -0.5, 2: -1.0}  # of the number of elements, by torch's number for a normalization


def _scaled(x: Any, lengths: Sequence[int], normalization: int) -> Any:
    scale = float(math.prod(lengths) or 1) ** _POWERS[normalization]
    return x if scale == 1.0 else x * jnp.asarray(scale, jnp.finfo(x.dtype).dtype)


def _fft_c2c(x: Any, dim: Sequence[int], normalization: int, forward: bool) -> Any:
    return _scaled(_transformed(x, dim, forward=forward), [x.shape[i] for i in dim], normalization)


def _transformed(x: Any, dim: Sequence[int], *, forward: bool) -> Any:
    """Without a scale."""
    if x.size == 0 or not dim:
        return x
    return jnp.fft.fftn(x, axes=dim) if forward else jnp.fft.ifftn(x, axes=dim, norm="forward")


def _fft_r2c(x: Any, dim: Sequence[int], normalization: int, onesided: bool) -> Any:
    lengths = [x.shape[i] for i in dim]
    if not onesided:
        found = _transformed(x.astype(jnp.result_type(x.dtype, jnp.complex64)), dim, forward=True)
    else:
        found = _transformed(jnp.fft.rfft(x, axis=dim[-1]), dim[:-1], forward=True)
    return _scaled(found, lengths, normalization)


def _fft_c2r(x: Any, dim: Sequence[int], normalization: int, last_dim_size: int) -> Any:
    x = _transformed(x, dim[:-1], forward=False)
    found = jnp.fft.irfft(x, last_dim_size, axis=dim[-1], norm="forward")
    return _scaled(found, [found.shape[i] for i in dim], normalization)


LOWERINGS: dict[str, Callable[..., Any]] = {
    "aten._fft_c2c.default": _fft_c2c,
    "aten._fft_c2r.default": _fft_c2r,
    "aten._fft_r2c.default": _fft_r2c,
    "aten._linalg_eigh.default": _eigh,
    "aten._linalg_eigvals.default": _eigenvalues,
    "aten._linalg_svd.default": _svd,
    "aten.cholesky.default": _cholesky,
    "aten.cholesky_inverse.default": _cholesky_inverse,
    "aten.cholesky_solve.default": _cholesky_solve,
    "aten.geqrf.default": _geqrf,
    "aten.linalg_cholesky_ex.default": _cholesky_ex,
    "aten.linalg_eig.default": _eig,
    "aten.linalg_eigvals.default": _eigenvalues,
    "aten.linalg_householder_product.default": _householder_product,
    "aten.linalg_ldl_factor_ex.default": _no_ldl,
    "aten.linalg_ldl_solve.default": _no_ldl,
    "aten.linalg_lu.default": _lu,
    "aten.linalg_lu_factor_ex.default": _lu_factor,
    "aten.linalg_lu_solve.default": _lu_solve,
    "aten.linalg_matrix_exp.default": _exponential,
    "aten.linalg_qr.default": _qr,
    "aten.linalg_solve_triangular.default": _solve_triangular,
    "aten.lu_unpack.default": _lu_unpack,
    "aten.ormqr.default": _ormqr,
    "aten.triangular_solve.default": _triangular_solve,
}
