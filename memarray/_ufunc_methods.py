"""The methods of ufuncs: reduce, accumulate, reduceat and at."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from memarray import _indexing as indexing
from memarray._array import Scalar, ndarray
from memarray._kernels import cumulative, reductions
from memarray._operators import functions
from memarray._routine import Routine
from memarray._ufunc import ufunc

_REDUCTIONS = {
    "add": reductions.sum,
    "multiply": reductions.prod,
    "maximum": reductions.max,
    "minimum": reductions.min,
    "logical_and": reductions.all,
    "logical_or": reductions.any,
}
_ACCUMULATIONS = {"add": cumulative.cumsum, "multiply": cumulative.cumprod}


def make_method(function: ufunc, name: str) -> Routine:
    """`reduce`, `accumulate` or `reduceat` of a ufunc."""
    if function.nin != 2:
        raise ValueError(f"{name} only supported for binary functions")
    if function.nout != 1:
        raise ValueError(f"{name} only supported for functions returning a single value")
    full_name = f"{function.__name__}.{name}"
    if name == "reduce":
        kernel = _reduction(function)
        return Routine(
            function.numpy.reduce, kernel, "array initial where", names="array axis dtype out keepdims initial where", name=full_name
        )
    if name == "accumulate":
        return Routine(function.numpy.accumulate, _accumulation(function), "array", names="array axis dtype out", name=full_name)
    return Routine(
        function.numpy.reduceat, _stretches(function), "array", names="array indices axis dtype out", name=full_name, probed=False
    )


def _loop(function: ufunc, dtype: Any) -> np.dtype[Any]:
    """The dtype that a reduction works in."""
    return function.numpy.resolve_dtypes((None, dtype, None), reduction=True)[0]


def _reduction(function: ufunc) -> Any:
    known = _REDUCTIONS.get(function.__name__)

    def reduce(array: Any, axis: Any = 0, dtype: Any = None, keepdims: bool = False, initial: Any = None, where: Any = None) -> Any:
        axis = () if not array.ndim and axis in (0, -1) else axis
        named = {name: value for name, value in (("initial", initial), ("where", where)) if value is not None}
        if known is not None:
            typed = {} if function.__name__ in ("maximum", "minimum", "logical_and", "logical_or") else {"dtype": dtype}
            cast = array.astype(dtype) if dtype is not None and not typed else array
            return known(cast, axis=axis, keepdims=keepdims, **typed, **named)  # type: ignore[operator]  # those that have them
        work = dtype or _loop(function, array.dtype)
        start = initial if initial is not None else function.identity
        return cumulative.ufunc_reduce(function.kernel, array.astype(work), axis=axis, keepdims=keepdims, initial=start, where=where)

    return reduce


def _accumulation(function: ufunc) -> Any:
    known = _ACCUMULATIONS.get(function.__name__)

    def accumulate(array: Any, axis: int = 0, dtype: Any = None) -> Any:
        if known is not None:
            return known(array, axis=axis, dtype=dtype)
        return cumulative.ufunc_accumulate(function.kernel, array.astype(dtype or _loop(function, array.dtype)), axis=axis)

    return accumulate


def _stretches(function: ufunc) -> Any:
    reduce = _reduction(function)

    def reduceat(array: Any, indices: tuple[int, ...], axis: int = 0, dtype: Any = None) -> Any:
        length = array.shape[axis]
        if any(not 0 <= each < length for each in indices):
            wrong = next(each for each in indices if not 0 <= each < length)
            raise IndexError(f"index {wrong} out-of-bounds in {function.__name__}.reduceat [0, {length})")
        ends = [*indices[1:], length]
        parts = [
            reduce(lax.slice_in_dim(array, low, high if high > low else low + 1, axis=axis), axis=axis, dtype=dtype, keepdims=True)
            for low, high in zip(indices, ends, strict=True)
        ]
        return jnp.concatenate(parts, axis=axis)

    return reduceat


def apply_at(function: ufunc, a: Any, indices: Any, b: Any) -> None:
    """`ufunc.at`: in place, once for each time that an index is there."""
    if not isinstance(a, ndarray) or isinstance(a, Scalar):
        raise TypeError(f"first operand must be array: {function.__name__}.at writes to a memarray array in place; got {type(a).__name__}")
    if function.nout > 1:
        raise ValueError("Only single output ufuncs supported at this time")
    if (b is None) != (function.nin == 1):
        raise ValueError("second operand needed for ufunc" if b is None else "second operand provided when ufunc is unary")
    if not a._is_writeable():
        raise ValueError("operand array with iterator write flag set is read-only")
    value = functions["asarray"](False if b is None else b)
    dtypes = (a.dtype,) if b is None else (a.dtype, value.dtype)
    loop = function.numpy.resolve_dtypes((*dtypes, None), casting="unsafe")
    indexing.apply_at(a, indices, value, function, loop[: function.nin])
