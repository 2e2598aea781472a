"""What the kernels' chapters share: dtypes as NumPy promotes them, axes as NumPy counts them, and the type of a check on data."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

Operand = jax.Array | np.generic | complex
Axis = int | tuple[int, ...] | None
Checks = dict[str, tuple[Callable[..., jax.Array], type[Exception], str]]


def result_type(*operands: Operand | np.dtype) -> np.dtype:
    """NumPy's common dtype; Python's own scalars are weak."""
    kinds: list[Any] = [item.dtype if isinstance(item, jax.Array | np.generic) else item for item in operands]
    return np.result_type(*kinds)


def cast(operand: Operand, dtype: np.dtype) -> jax.Array:
    """`operand` as an array of `dtype`; a complex number loses its imaginary part where `dtype` is real."""
    array = jnp.asarray(operand)
    if array.dtype.kind == "c" and np.dtype(dtype).kind not in "cb":
        array = jnp.real(array)
    return array.astype(dtype)


def promoted(*operands: Operand) -> list[jax.Array]:
    """The operands in their common dtype."""
    dtype = result_type(*operands)
    return [cast(operand, dtype) for operand in operands]


def inexact(dtype: np.dtype) -> np.dtype:
    """`dtype` where it has fractions and float64 where it is integer or bool."""
    return np.dtype(dtype) if np.dtype(dtype).kind in "fc" else np.dtype(np.float64)


def real_dtype(dtype: np.dtype) -> np.dtype:
    """The dtype of the parts of complex numbers; any other as it is."""
    return np.dtype(f"f{np.dtype(dtype).itemsize // 2}") if np.dtype(dtype).kind == "c" else np.dtype(dtype)


def has_nan(dtype: np.dtype) -> bool:
    """Whether values of `dtype` can be NaN."""
    return np.dtype(dtype).kind in "fc"


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes of a reduction, counted from the front."""
    return tuple(range(ndim)) if axis is None else normalize_axis_tuple(axis, ndim, "axis")


def ufunc_axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes of a reduction that is a ufunc's: for those a scalar has axes 0 and -1 too."""
    return () if ndim == 0 and axis in (0, -1) else axes_of(axis, ndim)


def quotient(dividend: jax.Array, divisor: complex) -> jax.Array:
    """The quotient by a constant, rounded once.

    XLA multiplies by the rounded reciprocal where it sees that all elements have one divisor, and 49 / 49 is less than one then. The
    divisor is chosen element by element, NaN for NaN, to keep it from that.
    """
    if dividend.dtype.kind == "c":
        return dividend / cast(divisor, dividend.dtype)
    return dividend / jnp.where(jnp.isnan(dividend), dividend, cast(divisor, dividend.dtype))


def product(x: jax.Array, y: jax.Array) -> jax.Array:
    """The product of real numbers, rounded before anything is added to it: XLA's code would fuse both, and round once.

    A barrier does not keep it from that (jaxlib 0.10.2); a choice that hangs on the product itself does.
    """
    result = x * y
    beyond = jnp.where(jnp.isnan(result), np.nan, jnp.copysign(np.inf, result)).astype(result.dtype)
    return jnp.where(jnp.abs(result) <= np.finfo(result.dtype).max, result, beyond)


def axis_of(axis: int, ndim: int) -> int:
    """One axis, counted from the front."""
    return normalize_axis_index(axis, ndim)


def flat_or_whole(a: jax.Array, axis: int | None) -> tuple[jax.Array, int]:
    """An array with an axis to work along: `None` makes it flat, and a scalar is an array of one."""
    if axis is None or a.ndim == 0:
        return a.reshape(-1), 0 if axis is None else axis_of(axis, 1)
    return a, axis_of(axis, a.ndim)


def merged(a: jax.Array, axis: Axis) -> tuple[jax.Array, tuple[int, ...]]:
    """The reduced axes as one, in front, and the shape of the result with `keepdims`."""
    axes = axes_of(axis, a.ndim)
    kept = [dim for dim in range(a.ndim) if dim not in axes]
    shape = tuple(1 if dim in axes else size for dim, size in enumerate(a.shape))
    front = a.transpose((*axes, *kept))
    return front.reshape(math.prod(a.shape[dim] for dim in axes), *(a.shape[dim] for dim in kept)), shape


def broadcast_weights(weights: Operand, a: jax.Array, axis: Axis) -> jax.Array:
    """The weights in the shape of `a`, or with the sizes of the reduced axes and one elsewhere."""
    array = jnp.asarray(weights)
    if array.shape == a.shape:
        return array
    if axis is None:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    axes = axes_of(axis, a.ndim)
    if array.shape != tuple(a.shape[dim] for dim in axes):
        raise ValueError("Shape of weights must be consistent with shape of a along specified axis.")
    return array.transpose(np.argsort(axes)).reshape(tuple(size if dim in axes else 1 for dim, size in enumerate(a.shape)))


def broadcast(*arrays: jax.Array) -> list[jax.Array]:
    """The arrays in their common shape; where there is none, the error is NumPy's."""
    shape = np.broadcast_shapes(*(array.shape for array in arrays))
    return [jnp.broadcast_to(array, shape) for array in arrays]


def is_static(operand: Any) -> bool:
    """Whether the value is known while tracing."""
    return not isinstance(operand, jax.Array)


def isnan(a: jax.Array) -> jax.Array:
    """Where `a` is NaN, in either part; nowhere for integers."""
    return jnp.isnan(a) if has_nan(a.dtype) else jnp.zeros(a.shape, np.bool_)


def order_keys(a: jax.Array) -> tuple[jax.Array, ...]:
    """What `a` is ordered by, first key first: NumPy puts complex numbers with NaN in the imaginary part after all without."""
    if a.dtype.kind != "c":
        return (a,)
    real, imag = jnp.real(a), jnp.imag(a)
    kind = 2 * jnp.isnan(real).astype(np.uint8) + jnp.isnan(imag).astype(np.uint8)
    return kind, jnp.nan_to_num(real, nan=0, posinf=np.inf, neginf=-np.inf), jnp.nan_to_num(imag, nan=0, posinf=np.inf, neginf=-np.inf)


def precedes(x: jax.Array, y: jax.Array) -> jax.Array:
    """Whether `x` sorts before `y`: NaN last, complex numbers by their real parts first."""
    result = jnp.asarray(False)
    for one, other in reversed(list(zip(order_keys(x), order_keys(y), strict=True))):
        less = (one < other) | (isnan(other) & ~isnan(one))
        more = (other < one) | (isnan(one) & ~isnan(other))
        result = less | (~more & result)
    return result
