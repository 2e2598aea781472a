"""Decompositions of matrices as `numpy.linalg` has them, and the checks and dtypes that all of it shares.

As in NumPy, all is computed in double precision and rounded to the operands' dtype, so that ranks and singular matrices are those that
NumPy finds. Subnormal numbers count as zero in XLA.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from numpy.linalg import LinAlgError

from memarray._kernels.products import as_array

_SUPPORTED = frozenset("fdFD")


def prepared(*operands: ArrayLike) -> tuple[tuple[Array, ...], np.dtype]:
    """The operands in the double precision that NumPy computes in, and the dtype that results are rounded to."""
    arrays = tuple(as_array(x) for x in operands)
    for x in arrays:
        if np.issubdtype(x.dtype, np.inexact) and x.dtype.char not in _SUPPORTED:
            raise TypeError(f"array type {x.dtype.name} is unsupported in linalg")
    result = np.result_type(*(x.dtype if x.dtype.char in _SUPPORTED else np.dtype(np.float64) for x in arrays))
    compute = np.promote_types(result, np.float64)
    return tuple(x.astype(compute) for x in arrays), result


def real_of(dtype: np.dtype) -> np.dtype:
    return np.zeros((), dtype).real.dtype


def check_stacked(a: Array) -> None:
    if a.ndim < 2:
        raise LinAlgError(f"{a.ndim}-dimensional array given. Array must be at least two-dimensional")


def check_square(a: Array) -> None:
    check_stacked(a)
    if a.shape[-1] != a.shape[-2]:
        raise LinAlgError("Last 2 dimensions of the array must be square")


def check_matrices(*arrays: Array) -> None:
    for x in arrays:
        if x.ndim != 2:
            raise LinAlgError(f"{x.ndim}-dimensional array given. Array must be two-dimensional")


def square(a: ArrayLike) -> tuple[Array, np.dtype]:
    a = as_array(a)
    check_square(a)
    (a,), result = prepared(a)
    return a, result


def is_empty(a: Array) -> bool:
    return 0 in a.shape[-2:]


def swapped(a: Array) -> Array:
    return jnp.swapaxes(a, -1, -2)


def adjoint(a: Array) -> Array:
    return jnp.conj(swapped(a))


def cholesky(a: ArrayLike, /, *, upper: bool = False) -> Array:
    """`numpy.linalg.cholesky`: only the triangle that is returned is read."""
    a, result = square(a)
    lower = jnp.linalg.cholesky(adjoint(a) if upper else a, symmetrize_input=False)
    return (adjoint(lower) if upper else lower).astype(result)


def qr(a: ArrayLike, mode: str = "reduced") -> Array | tuple[Array, Array]:
    """`numpy.linalg.qr`; "r" and "economic" return one array, the other modes two."""
    mode = {"f": "reduced", "full": "reduced", "e": "economic"}.get(mode, mode)
    if mode not in {"reduced", "complete", "r", "raw", "economic"}:
        raise ValueError(f"Unrecognized mode '{mode}'")
    check_stacked(as_array(a))
    (a,), result = prepared(a)
    found = jnp.linalg.qr(a, mode="raw" if mode == "economic" else mode)
    if isinstance(found, jax.Array):
        return found.astype(result)
    first, second = found[0].astype(result), found[1].astype(result)
    return swapped(first) if mode == "economic" else (first, second)


def eig(a: ArrayLike) -> tuple[Array, Array]:
    """`numpy.linalg.eig`, complex always: NumPy returns real arrays where `a` is real and all eigenvalues happen to be."""
    a, result = square(a)
    values, vectors = jnp.linalg.eig(a)
    dtype = np.result_type(result, np.complex64)
    return values.astype(dtype), vectors.astype(dtype)


def eigvals(a: ArrayLike) -> Array:
    """`numpy.linalg.eigvals`, complex always, as `eig`."""
    a, result = square(a)
    return jnp.linalg.eigvals(a).astype(np.result_type(result, np.complex64))


def eigh(a: ArrayLike, UPLO: str = "L") -> tuple[Array, Array]:  # noqa: N803 (NumPy's name)
    """`numpy.linalg.eigh`: only the triangle `UPLO` is read."""
    UPLO = UPLO.upper()  # noqa: N806
    if UPLO not in {"L", "U"}:
        raise ValueError("UPLO argument must be 'L' or 'U'")
    a, result = square(a)
    values, vectors = jnp.linalg.eigh(a, UPLO, symmetrize_input=False)
    return values.astype(real_of(result)), vectors.astype(result)


def eigvalsh(a: ArrayLike, UPLO: str = "L") -> Array:  # noqa: N803
    """`numpy.linalg.eigvalsh`."""
    return eigh(a, UPLO)[0]


def svd(a: ArrayLike, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Array | tuple[Array, Array, Array]:
    """`numpy.linalg.svd`; infinities give NaN, where LAPACK and so NumPy may not come back."""
    if hermitian:
        return _hermitian_svd(a, compute_uv)
    check_stacked(as_array(a))
    (a,), result = prepared(a)
    found = jnp.linalg.svd(without_infinities(a), full_matrices=full_matrices, compute_uv=compute_uv)
    if isinstance(found, jax.Array):
        return found.astype(real_of(result))
    return found[0].astype(result), found[1].astype(real_of(result)), found[2].astype(result)


def without_infinities(a: Array) -> Array:
    """NaN for what is not finite: LAPACK's gesdd refuses NaN at once, and can loop without end for infinities."""
    return jnp.where(jnp.isfinite(a), a, jnp.nan)


def _hermitian_svd(a: ArrayLike, compute_uv: bool) -> Array | tuple[Array, Array, Array]:
    values, vectors = eigh(a)
    s = jnp.abs(values)
    if not compute_uv:
        return jnp.sort(s)[..., ::-1]
    order = jnp.argsort(s)[..., ::-1]
    sign = jnp.take_along_axis(jnp.copysign(jnp.ones_like(values), values), order, axis=-1)
    u = jnp.take_along_axis(vectors, order[..., None, :], axis=-1)
    return u, jnp.take_along_axis(s, order, axis=-1), adjoint(u * sign[..., None, :])


def svdvals(x: ArrayLike, /) -> Array:
    """`numpy.linalg.svdvals`."""
    return singular_values(x)


def singular_values(a: ArrayLike, hermitian: bool = False) -> Array:
    found = svd(a, compute_uv=False, hermitian=hermitian)
    assert isinstance(found, jax.Array)
    return found


def slogdet(a: ArrayLike) -> tuple[Array, Array]:
    """`numpy.linalg.slogdet`: sign and logarithm of the magnitude, both from the LU decomposition."""
    a, result = square(a)
    sign, logarithm = _slogdet(a)
    return sign.astype(result), logarithm.astype(real_of(result))


def det(a: ArrayLike) -> Array:
    """`numpy.linalg.det`: from sign and logarithm, as NumPy has it, at every size."""
    a, result = square(a)
    sign, logarithm = _slogdet(a)
    return (sign * jnp.exp(logarithm)).astype(result)


def _slogdet(a: Array) -> tuple[Array, Array]:
    pivots, swaps = factored(a)
    is_odd = jnp.sum(swaps != jnp.arange(a.shape[-1]), axis=-1) % 2
    signs = jnp.sign(pivots) if jnp.iscomplexobj(a) else jnp.where(pivots < 0, -1.0, 1.0)
    sign = (1 - 2 * is_odd) * jnp.prod(signs, axis=-1)
    is_singular = jnp.any(pivots == 0, axis=-1)
    logarithm = jnp.sum(jnp.log(jnp.abs(pivots)), axis=-1)
    return jnp.where(is_singular, 0, sign), jnp.where(is_singular, -jnp.inf, logarithm)


def factored(a: Array) -> tuple[Array, Array]:
    """The pivots of the LU decomposition and the row that each was swapped with; XLA computes equal decompositions once."""
    lu, swaps, _ = jax.lax.linalg.lu(a)
    return jnp.diagonal(lu, axis1=-2, axis2=-1), swaps


def is_singular(a: Array) -> Array:
    """Which matrices have a pivot that is exactly zero: what LAPACK calls singular."""
    return jnp.any(factored(a)[0] == 0, axis=-1)


def squared(x: Array) -> Array:
    """The squared magnitude, real."""
    return jnp.square(x.real) + jnp.square(x.imag) if jnp.iscomplexobj(x) else jnp.square(x)
