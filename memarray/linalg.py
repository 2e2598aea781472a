"""Linear algebra: `numpy.linalg` on lazy arrays. What NumPy raises for the data, such as a singular matrix, is raised at evaluation."""

from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from memarray import _products, _rearranging
from memarray._array import ndarray
from memarray._creation import asarray
from memarray._kernels import linalg as kernels
from memarray._operators import functions
from memarray._routine import Routine


def _result(name: str) -> Any:
    """The named tuple that a function of NumPy's gives."""
    return type(getattr(np.linalg, name)(np.eye(1)))


cholesky = Routine(np.linalg.cholesky, kernels.cholesky, "a", check=kernels.CHECKS["cholesky"])
cond = Routine(np.linalg.cond, kernels.cond, "x", check=kernels.CHECKS["cond"])
cross = Routine(np.linalg.cross, kernels.cross, "x1 x2", grows=True)
det = Routine(np.linalg.det, kernels.det, "a")
eigh = Routine(np.linalg.eigh, kernels.eigh, "a", check=kernels.CHECKS["eigh"], several=_result("eigh"))
eigvalsh = Routine(np.linalg.eigvalsh, kernels.eigvalsh, "a", check=kernels.CHECKS["eigvalsh"])
inv = Routine(np.linalg.inv, kernels.inv, "a", check=kernels.CHECKS["inv"])
matmul = _products.matmul
matrix_norm = Routine(np.linalg.matrix_norm, kernels.matrix_norm, "x")
matrix_power = Routine(np.linalg.matrix_power, kernels.matrix_power, "a", check=kernels.CHECKS["matrix_power"])
matrix_rank = Routine(np.linalg.matrix_rank, kernels.matrix_rank, "A tol rtol", check=kernels.CHECKS["matrix_rank"])
matrix_transpose = _rearranging.matrix_transpose
multi_dot = Routine(np.linalg.multi_dot, kernels.multi_dot, "arrays*", grows=True)
_norm = Routine(np.linalg.norm, kernels.norm, "x")
_norm_by_svd = Routine(np.linalg.norm, kernels.norm, "x", check=kernels.CHECKS["norm"])
outer = Routine(np.linalg.outer, kernels.outer, "x1 x2", grows=True)
pinv = Routine(np.linalg.pinv, kernels.pinv, "a rcond rtol", check=kernels.CHECKS["pinv"])
qr = Routine(np.linalg.qr, kernels.qr, "a", several=_result("qr"), grows=True)
slogdet = Routine(np.linalg.slogdet, kernels.slogdet, "a", several=_result("slogdet"))
solve = Routine(np.linalg.solve, kernels.solve, "a b", check=kernels.CHECKS["solve"])
svd = Routine(np.linalg.svd, kernels.svd, "a", check=kernels.CHECKS["svd"], several=_result("svd"), grows=True)
svdvals = Routine(np.linalg.svdvals, kernels.svdvals, "x", check=kernels.CHECKS["svdvals"])
tensordot = Routine(np.linalg.tensordot, kernels.tensordot, "x1 x2", grows=True)
tensorinv = Routine(np.linalg.tensorinv, kernels.tensorinv, "a", check=kernels.CHECKS["tensorinv"])
tensorsolve = Routine(np.linalg.tensorsolve, kernels.tensorsolve, "a b", check=kernels.CHECKS["tensorsolve"])
trace = Routine(np.linalg.trace, kernels.trace, "x")
vecdot = Routine(np.linalg.vecdot, kernels.vecdot, "x1 x2", grows=True)
vector_norm = Routine(np.linalg.vector_norm, kernels.vector_norm, "x")

_eig = Routine(np.linalg.eig, kernels.eig, "a", check=kernels.CHECKS["eig"], probed=False, several=_result("eig"))
_eigvals = Routine(np.linalg.eigvals, kernels.eigvals, "a", check=kernels.CHECKS["eigvals"], probed=False)
_lstsq = Routine(np.linalg.lstsq, kernels.lstsq, "a b", check=kernels.CHECKS["lstsq"])


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> ndarray:
    """Norms of vectors and matrices. Only those by singular values can fail, so only these are checked."""
    found = asarray(x)
    is_of_matrices = found.ndim == 2 if axis is None else isinstance(axis, (tuple, list)) and len(axis) == 2
    routine = _norm_by_svd if is_of_matrices and ord in (2, -2, "nuc") else _norm
    return routine(found, ord, axis, keepdims)


def eig(a: Any) -> Any:
    """Eigenvalues and right eigenvectors. Of a real matrix it evaluates them: they are real arrays if all are real, as NumPy's."""
    found = asarray(a)
    results = _eig(found)
    return _real_if_possible(found, results.eigenvalues, results)


def eigvals(a: Any) -> ndarray:
    """Eigenvalues; of a real matrix evaluated, as in `eig`."""
    found = asarray(a)
    values = _eigvals(found)
    return _real_if_possible(found, values, values)


def _real_if_possible(a: ndarray, values: ndarray, results: Any) -> Any:
    if a.dtype.kind == "c" or values.dtype.kind != "c" or bool(functions["any"](values.imag != 0)):
        return results
    if isinstance(results, tuple):
        return type(results)(*(each.real.copy() for each in results))
    return results.real.copy()


def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, ...]:
    """Least squares. Evaluates the rank: there are no residuals where it is below the number of columns."""
    solution, residuals, rank, values = _lstsq(a, b, rcond=rcond)
    rows, columns = asarray(a).shape
    if int(rank) != columns or rows <= columns:
        residuals = functions["zeros"](0, residuals.dtype)
    return solution, residuals, rank, values


def diagonal(x: Any, /, *, offset: int = 0) -> ndarray:
    """A read-only view of the diagonals of the last two dimensions."""
    return asarray(x).diagonal(offset, -2, -1)


__all__ = [
    "LinAlgError", "cholesky", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv", "lstsq", "matmul",
    "matrix_norm", "matrix_power", "matrix_rank", "matrix_transpose", "multi_dot", "norm", "outer", "pinv", "qr", "slogdet", "solve", "svd",
    "svdvals", "tensordot", "tensorinv", "tensorsolve", "trace", "vecdot", "vector_norm",
]  # fmt: skip
