"""NumPy's protocols: its ufuncs and functions, called with lazy arrays, become memarray's."""

from collections.abc import Callable
from typing import Any

import numpy as np

from memarray._array import functions, ndarray
from memarray._routine import routines
from memarray._ufunc import ufuncs

of_numpy: dict[Any, Any] = {}  # memarray's function for each of NumPy's that is no `Routine`


def call_ufunc(function: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`numpy.ufunc.__array_ufunc__` for lazy arrays."""
    ours = ufuncs.get(function.__name__) or functions.get(function.__name__)
    if ours is None or (out := kwargs.get("out")) is not None and not all(_is_target(each) for each in out):
        return NotImplemented
    if out is not None and len(out) == 1:
        kwargs = {**kwargs, "out": out[0]}
    called = ours if method == "__call__" else getattr(ours, method)
    return called(*inputs, **kwargs)


def _is_target(value: Any) -> bool:
    return value is None or isinstance(value, (ndarray, np.ndarray))


def call_function(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """`numpy.ndarray.__array_function__` for lazy arrays."""
    ours = routines.get(function) or of_numpy.get(function)
    if ours is None:
        name = f"{function.__module__}.{function.__name__}"
        raise TypeError(
            f"{name} has no lazy form in memarray (docs/numpy.md lists what there is). To run it by NumPy on evaluated values, pass "
            f"numpy.asarray(x)."
        )
    return ours(*args, **kwargs)
