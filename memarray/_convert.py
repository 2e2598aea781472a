"""What comes from outside: NumPy, JAX and torch arrays, nested lists and scalars become nodes; dtypes that XLA lacks are refused."""

import operator
from typing import Any

import jax
import numpy as np

from memarray._graph import Node, leaf

_INEXACT = ("float16", "float32", "float64", "complex64", "complex128")
_NAMES = ("bool", *(f"{kind}int{bits}" for kind in ("", "u") for bits in (8, 16, 32, 64)), *_INEXACT)
DTYPES = frozenset(map(np.dtype, _NAMES))
PYTHON_SCALARS = (bool, int, float, complex)


def check_dtype(dtype: Any) -> np.dtype[Any]:
    """A dtype that memarray has, in native byte order.

    Raises
    ------
    TypeError
        For what is no dtype, and for objects, strings, dates, records and extended precision.
    """
    found = np.dtype(dtype)
    if found in DTYPES:
        return found
    native = found.newbyteorder("=")
    if native in DTYPES:
        return native
    if found.kind in "fc":
        instead = "use float64 or complex128"
    elif found.kind == "O":
        instead = "memarray has arrays of numbers only (ragged nested lists, and None, make NumPy take objects); use numpy for others"
    else:
        instead = "memarray has arrays of numbers only; use numpy for others"
    raise TypeError(f"memarray has no dtype {found.name!r}: {instead}")


def numpy_copy(value: Any, dtype: np.dtype[Any] | None = None) -> np.ndarray[Any, Any]:
    """A C-contiguous NumPy array that nobody else writes to."""
    found = np.array(value, dtype=dtype, order="C")
    kept = check_dtype(found.dtype)
    return found if found.dtype == kept else found.astype(kept)


def node_of(value: Any) -> Node:
    """The node of an array from outside, or of what NumPy makes an array of. Copied, unless nobody can write to it."""
    if isinstance(value, jax.Array):
        return _from_jax(value)
    if _is_torch(value):
        return leaf(numpy_copy(value.detach().resolve_conj().resolve_neg().cpu().numpy()))
    return leaf(numpy_copy(value))


def _from_jax(value: Any) -> Node:
    if isinstance(value, jax.core.Tracer) or (len(value.devices()) == 1 and value.dtype in DTYPES):
        return leaf(value)
    return leaf(numpy_copy(np.asarray(value)))


def _is_torch(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach")


def freeze(value: Any) -> Any:
    """A parameter that is no operand, in a form that can be hashed."""
    if value is None or isinstance(value, (str, bool, int, float, complex, np.dtype)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, type):
        return np.dtype(value) if issubclass(value, (np.generic, bool, int, float, complex)) else value
    if isinstance(value, (tuple, list, range)):
        return tuple(map(freeze, value))
    if isinstance(value, slice):
        return slice(freeze(value.start), freeze(value.stop), freeze(value.step))
    if isinstance(value, dict):
        return tuple(sorted((key, freeze(each)) for key, each in value.items()))
    if hasattr(value, "__array__"):
        return freeze(np.asarray(value).tolist())
    if hasattr(value, "__index__"):
        return operator.index(value)
    return value
