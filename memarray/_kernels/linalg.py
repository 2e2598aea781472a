"""What of linear algebra NumPy and JAX define differently, and what NumPy raises for data that a trace cannot see."""

from typing import Any

import jax.numpy as jnp
import numpy as np

Check = tuple[Any, type[Exception], str]


def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, Any, Any]:
    """`numpy.linalg.lstsq`, with the residuals of every column (NumPy gives none for matrices without full rank)."""
    if a.ndim != 2:
        raise np.linalg.LinAlgError(f"{a.ndim}-dimensional array given. Array must be two-dimensional")
    if a.shape[0] != b.shape[0]:
        raise np.linalg.LinAlgError("Incompatible dimensions")
    work = jnp.result_type(a, b) if jnp.issubdtype(jnp.result_type(a, b), jnp.inexact) else np.dtype(float)
    a, columns = a.astype(work), b.astype(work).reshape(b.shape[0], -1)
    left, values, right = jnp.linalg.svd(a, full_matrices=False)
    epsilon = float(jnp.finfo(work).eps)  # type: ignore[no-untyped-call]  # JAX has no hints for it
    cutoff = epsilon * max(a.shape) if rcond is None else rcond if rcond >= 0 else epsilon
    kept = values > cutoff * (values[0] if values.size else 0)
    inverse = jnp.where(kept, 1 / jnp.where(kept, values, 1), 0).astype(work)
    solution = right.conj().T @ (inverse[:, None] * (left.conj().T @ columns))
    residuals = (jnp.abs(columns - a @ solution) ** 2).sum(axis=0)
    return solution.reshape(a.shape[1], *b.shape[1:]), residuals, kept.sum().astype(np.int32), values


def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:  # noqa: N803  # NumPy's name
    """`numpy.linalg.matrix_rank`: `tol` is absolute, `rtol` relative to the largest singular value."""
    if A.ndim < 2:
        return jnp.any(A != 0).astype(int)
    work = A if jnp.issubdtype(A.dtype, jnp.inexact) else A.astype(float)
    values = jnp.abs(jnp.linalg.eigvalsh(work)) if hermitian else jnp.linalg.svd(work, compute_uv=False)
    largest = values.max(axis=-1, keepdims=True)
    if tol is not None:
        cutoff = jnp.asarray(tol)[..., None]
    else:
        cutoff = largest * (max(A.shape[-2:]) * np.finfo(work.dtype).eps if rtol is None else jnp.asarray(rtol)[..., None])
    return (values > cutoff).sum(axis=-1)


def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """`numpy.linalg.pinv`, whose cutoff is relative to the largest singular value."""
    cutoff = rtol if rcond is None else rcond
    return jnp.linalg.pinv(a, rtol=None if cutoff is None else jnp.asarray(cutoff), hermitian=hermitian)


def _has_nan(results: Any) -> Any:
    return jnp.any(jnp.isnan(results))


def _is_finite(*arrays: Any) -> Any:
    found: Any = np.bool_(True)
    for each in arrays:
        found = found & jnp.all(jnp.isfinite(each))
    return found


def _is_singular(a: Any) -> Any:
    """Whether elimination meets a pivot that is exactly zero, which is when LAPACK refuses."""
    work = a if jnp.issubdtype(a.dtype, jnp.inexact) else a.astype(float)
    return jnp.any(jnp.linalg.slogdet(work)[0] == 0)


CHECKS: dict[str, Check] = {
    "cholesky": (
        lambda results, a, **params: _has_nan(results[0]) & _is_finite(a),
        np.linalg.LinAlgError,
        "Matrix is not positive definite",
    ),
    "inv": (lambda results, a, **params: _is_singular(a), np.linalg.LinAlgError, "Singular matrix"),
    "solve": (lambda results, a, b, **params: _is_singular(a), np.linalg.LinAlgError, "Singular matrix"),
    "svd": (lambda results, a, **params: _has_nan(results[0]) & _is_finite(a), np.linalg.LinAlgError, "SVD did not converge"),
    "eigh": (lambda results, a, **params: _has_nan(results[0]) & _is_finite(a), np.linalg.LinAlgError, "Eigenvalues did not converge"),
}
