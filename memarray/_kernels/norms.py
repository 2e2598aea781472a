"""Norms of vectors and matrices as `numpy.linalg` has them, and what follows from singular values: condition numbers and ranks."""

import math
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple
from numpy.linalg import LinAlgError

from memarray._kernels.decompositions import is_empty, is_singular, real_of, singular_values, square, squared
from memarray._kernels.products import as_array

Order = int | float | str | None


def norm(x: ArrayLike, ord: Order = None, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Array:  # noqa: A002
    """`numpy.linalg.norm`: of vectors along one axis, of matrices along two; integers in float64."""
    x = _inexact(x)
    if axis is None and (ord is None or (ord in {"f", "fro"} and x.ndim == 2) or (ord == 2 and x.ndim == 1)):
        return jnp.sqrt(jnp.sum(squared(x), keepdims=keepdims))
    axes = norm_axes(axis, x.ndim)
    if len(axes) == 1:
        return _norm_of_vectors(x, ord, normalize_axis_index(axes[0], x.ndim), keepdims)
    if len(axes) != 2:
        raise ValueError("Improper number of dimensions to norm.")
    row, column = (normalize_axis_index(each, x.ndim) for each in axes)
    if row == column:
        raise ValueError("Duplicate axes given.")
    if ord not in _MATRIX_NORMS:
        raise ValueError("Invalid norm order for matrices.")
    found = _MATRIX_NORMS[ord](jnp.moveaxis(x, (row, column), (-2, -1)))
    return jnp.expand_dims(found, (row, column)) if keepdims else found


def _inexact(x: ArrayLike) -> Array:
    x = as_array(x)
    return x if np.issubdtype(x.dtype, np.inexact) else x.astype(np.float64)


def norm_axes(axis: int | tuple[int, ...] | None, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    if isinstance(axis, tuple):
        return axis
    try:
        return (int(axis),)
    except ValueError as error:
        raise TypeError("'axis' must be None, an integer or a tuple of integers") from error


def _norm_of_vectors(x: Array, ord: Order, axis: int, keepdims: bool) -> Array:  # noqa: A002
    if ord is None or ord == 2:
        return jnp.sqrt(jnp.sum(squared(x), axis=axis, keepdims=keepdims))
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order '{ord}' for vectors")  # noqa: TRY004 (NumPy's choice)
    sizes = jnp.abs(x)
    if ord == np.inf:
        return jnp.max(sizes, axis=axis, keepdims=keepdims, initial=0)
    if ord == -np.inf:
        return jnp.min(sizes, axis=axis, keepdims=keepdims)
    if ord == 0:
        return jnp.sum((x != 0).astype(sizes.dtype), axis=axis, keepdims=keepdims)
    if ord == 1:
        return jnp.sum(sizes, axis=axis, keepdims=keepdims)
    total = jnp.sum(jnp.power(sizes, np.asarray(ord, sizes.dtype)), axis=axis, keepdims=keepdims)
    return jnp.power(total, np.reciprocal(ord, dtype=total.dtype))


_MATRIX_NORMS: dict[Order, Callable[[Array], Array]] = {
    1: lambda x: jnp.max(jnp.sum(jnp.abs(x), axis=-2), axis=-1, initial=0),
    -1: lambda x: jnp.min(jnp.sum(jnp.abs(x), axis=-2), axis=-1),
    np.inf: lambda x: jnp.max(jnp.sum(jnp.abs(x), axis=-1), axis=-1, initial=0),
    -np.inf: lambda x: jnp.min(jnp.sum(jnp.abs(x), axis=-1), axis=-1),
    2: lambda x: jnp.max(singular_values(x), axis=-1, initial=0),
    -2: lambda x: jnp.min(singular_values(x), axis=-1),
    "nuc": lambda x: jnp.sum(singular_values(x), axis=-1),
    **dict.fromkeys((None, "f", "fro"), lambda x: jnp.sqrt(jnp.sum(squared(x), axis=(-2, -1)))),
}
SPECTRAL = frozenset({2, -2, "nuc"})  # the orders that need singular values


def matrix_norm(x: ArrayLike, /, *, keepdims: bool = False, ord: Order = "fro") -> Array:  # noqa: A002
    """`numpy.linalg.matrix_norm`: of the last two axes."""
    return norm(x, ord, (-2, -1), keepdims)


def vector_norm(
    x: ArrayLike,
    /,
    *,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
    ord: Order = 2,  # noqa: A002
) -> Array:
    """`numpy.linalg.vector_norm`: along any number of axes, which count as one vector."""
    x = as_array(x)
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim)
    rest = tuple(i for i in range(x.ndim) if i not in axes)
    flat = x.transpose(*axes, *rest).reshape(math.prod(x.shape[i] for i in axes), *(x.shape[i] for i in rest))
    found = norm(flat, ord, 0)
    return jnp.expand_dims(found, axes) if keepdims else found


def cond(x: ArrayLike, p: Order = None) -> Array:
    """`numpy.linalg.cond`: infinite for singular matrices."""
    x = as_array(x)
    if x.ndim >= 2 and is_empty(x):
        raise LinAlgError("cond is not defined on empty arrays")
    if p is None or p in {2, -2}:
        s = singular_values(x)
        ratio = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    else:
        a, result = square(x)
        inverse = jnp.where(is_singular(a)[..., None, None], jnp.nan, jnp.linalg.inv(a))
        ratio = (norm(x, p, (-2, -1)) * norm(inverse, p, (-2, -1))).astype(real_of(result))
    return jnp.where(jnp.isnan(ratio) & ~jnp.any(jnp.isnan(x), axis=(-2, -1)), jnp.inf, ratio)


def matrix_rank(
    A: ArrayLike,  # noqa: N803 (NumPy's name)
    tol: ArrayLike | None = None,
    hermitian: bool = False,
    *,
    rtol: ArrayLike | None = None,
) -> Array:
    """`numpy.linalg.matrix_rank`: the number of singular values above `tol`, or above `rtol` times the largest."""
    if rtol is not None and tol is not None:
        raise ValueError("`tol` and `rtol` can't be both set.")
    a = as_array(A)
    if a.ndim < 2:
        return jnp.any(a != 0).astype(np.int64)
    s = singular_values(a, hermitian)
    if tol is not None:
        bound = as_array(tol)[..., None]
    else:
        relative = as_array(rtol)[..., None] if rtol is not None else max(a.shape[-2:]) * np.finfo(s.dtype).eps
        bound = jnp.max(s, axis=-1, keepdims=True, initial=0) * relative
    return jnp.sum(s > bound, axis=-1, dtype=np.int64)
