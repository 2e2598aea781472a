"""NumPy's protocols: its ufuncs and functions, called with lazy arrays, become memarray's."""

from collections.abc import Callable
from typing import Any

import jax.scipy.special
import numpy as np

from memarray._array import ndarray
from memarray._operators import functions
from memarray._ufunc import ufunc, ufuncs

of_numpy: dict[Any, Any] = {}  # memarray's function for each of NumPy's, filled when the namespace is complete


def call_ufunc(function: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`numpy.ufunc.__array_ufunc__` for lazy arrays."""
    ours = _ours(function)
    if ours is None:
        return _call_foreign(function, method, inputs, kwargs)
    if (out := kwargs.get("out")) is not None and not all(_is_target(each) for each in out):
        return NotImplemented
    if out is not None and len(out) == 1:
        kwargs = {**kwargs, "out": out[0]}
    called = ours if method == "__call__" else getattr(ours, method)
    return called(*inputs, **kwargs)


def _ours(function: np.ufunc) -> Any:
    """Memarray's ufunc for NumPy's; one is made for each of `scipy.special`'s that JAX has too."""
    name = function.__name__
    if getattr(np, name, None) is function or (name in ufuncs and ufuncs[name].numpy is function):
        return ufuncs.get(name) or functions.get(name)
    known = _foreign.get(function)
    if known is None and hasattr(jax.scipy.special, name):
        known = _foreign[function] = ufunc(function, getattr(jax.scipy.special, name), registered=False)
    return known


_foreign: dict[np.ufunc, ufunc] = {}


def _call_foreign(function: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A ufunc of another library's that JAX does not have runs by itself on evaluated values."""
    from memarray._host import run_on_host  # noqa: PLC0415  # it uses this file's table

    return run_on_host(getattr(function, method), inputs, kwargs, 2, function.__name__)


def _is_target(value: Any) -> bool:
    return value is None or isinstance(value, (ndarray, np.ndarray))


def call_function(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """`numpy.ndarray.__array_function__` for lazy arrays."""
    ours = of_numpy.get(function)
    if ours is None:
        name = f"{function.__module__}.{function.__name__}"
        raise TypeError(
            f"{name} has no lazy form in memarray (docs/numpy.md lists what there is). To run it by NumPy on evaluated values, pass "
            f"numpy.asarray(x)."
        )
    return ours(*args, **kwargs)
