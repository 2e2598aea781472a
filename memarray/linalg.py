"""Linear algebra: `numpy.linalg` on lazy arrays. What NumPy raises for the data, such as a singular matrix, is raised at evaluation."""

from typing import Any

import jax.numpy as jnp
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


cholesky = Routine(np.linalg.cholesky, jnp.linalg.cholesky, "a", check=kernels.CHECKS["cholesky"])
cond = Routine(np.linalg.cond, jnp.linalg.cond, "x")
cross = Routine(np.linalg.cross, jnp.linalg.cross, "x1 x2", grows=True)
det = Routine(np.linalg.det, jnp.linalg.det, "a")
eigh = Routine(np.linalg.eigh, jnp.linalg.eigh, "a", check=kernels.CHECKS["eigh"], several=_result("eigh"))
eigvalsh = Routine(np.linalg.eigvalsh, jnp.linalg.eigvalsh, "a")
inv = Routine(np.linalg.inv, jnp.linalg.inv, "a", check=kernels.CHECKS["inv"])
matmul = _products.matmul
matrix_norm = Routine(np.linalg.matrix_norm, jnp.linalg.matrix_norm, "x")
matrix_power = Routine(np.linalg.matrix_power, jnp.linalg.matrix_power, "a")
matrix_rank = Routine(np.linalg.matrix_rank, kernels.matrix_rank, "A tol rtol")
matrix_transpose = _rearranging.matrix_transpose
multi_dot = Routine(np.linalg.multi_dot, jnp.linalg.multi_dot, "arrays*", grows=True)
norm = Routine(np.linalg.norm, jnp.linalg.norm, "x")
outer = Routine(np.linalg.outer, jnp.linalg.outer, "x1 x2", grows=True)
pinv = Routine(np.linalg.pinv, kernels.pinv, "a rcond rtol")
qr = Routine(np.linalg.qr, jnp.linalg.qr, "a", several=_result("qr"), grows=True)
slogdet = Routine(np.linalg.slogdet, jnp.linalg.slogdet, "a", several=_result("slogdet"))
solve = Routine(np.linalg.solve, jnp.linalg.solve, "a b", check=kernels.CHECKS["solve"])
svd = Routine(np.linalg.svd, jnp.linalg.svd, "a", check=kernels.CHECKS["svd"], several=_result("svd"), grows=True)
svdvals = Routine(np.linalg.svdvals, jnp.linalg.svdvals, "x")
tensordot = Routine(np.linalg.tensordot, jnp.linalg.tensordot, "x1 x2", grows=True)
tensorinv = Routine(np.linalg.tensorinv, jnp.linalg.tensorinv, "a")
tensorsolve = Routine(np.linalg.tensorsolve, jnp.linalg.tensorsolve, "a b")
trace = Routine(np.linalg.trace, jnp.linalg.trace, "x")
vecdot = Routine(np.linalg.vecdot, jnp.linalg.vecdot, "x1 x2", grows=True)
vector_norm = Routine(np.linalg.vector_norm, jnp.linalg.vector_norm, "x")

_eig = Routine(np.linalg.eig, jnp.linalg.eig, "a", probed=False, several=_result("eig"))
_eigvals = Routine(np.linalg.eigvals, jnp.linalg.eigvals, "a", probed=False)
_lstsq = Routine(np.linalg.lstsq, kernels.lstsq, "a b")


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
