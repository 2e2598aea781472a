"""Functions of dtypes that take arrays too, and what the array API asks about a namespace."""

from typing import Any

import numpy as np

from memarray._array import Scalar, ndarray
from memarray._convert import DTYPES


def _typed(value: Any) -> Any:
    """An array's dtype, or what it is."""
    return value.dtype if isinstance(value, ndarray) else value


def result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    """The dtype that arrays, dtypes and Python's numbers promote to."""
    return np.result_type(*map(_typed, arrays_and_dtypes))


def can_cast(from_: Any, to: Any, casting: str = "safe") -> bool:
    """Whether a dtype, or an array's, can be cast to another."""
    return bool(np.can_cast(_typed(from_), to, casting))  # type: ignore[arg-type]  # NumPy checks it


def min_scalar_type(a: Any, /) -> np.dtype[Any]:
    """The smallest dtype that holds a number; an array's own dtype."""
    return a.dtype if isinstance(a, ndarray) and a.ndim else np.min_scalar_type(np.asarray(a))


def common_type(*arrays: Any) -> Any:
    """The inexact scalar type common to arrays."""
    return np.common_type(*(np.empty(0, a.dtype) if isinstance(a, ndarray) else a for a in arrays))


def iscomplexobj(x: Any) -> bool:
    """Whether the dtype is complex."""
    return x.dtype.kind == "c" if isinstance(x, ndarray) else bool(np.iscomplexobj(x))


def isrealobj(x: Any) -> bool:
    """Whether the dtype is not complex."""
    return not iscomplexobj(x)


def isscalar(element: Any) -> bool:
    """Whether something is a scalar, a computed one included."""
    return isinstance(element, Scalar) or bool(np.isscalar(element))


class finfo:  # noqa: N801  # NumPy's name
    """Limits of a floating-point dtype, or of an array's: Python floats, as in the array API, where NumPy gives its own scalars."""

    def __init__(self, type: Any, /) -> None:  # the array API's name
        self._limits = np.finfo(_typed(type))
        self.dtype = np.dtype(self._limits.dtype)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._limits, name)
        return float(found) if isinstance(found, np.floating) else found

    def __repr__(self) -> str:
        return repr(self._limits)


def iinfo(type: Any, /) -> Any:  # the array API's name
    """Limits of an integer dtype, or of an array's."""
    return np.iinfo(_typed(type))


class NamespaceInfo:
    """What the array API's `__array_namespace_info__` gives."""

    def capabilities(self) -> dict[str, Any]:
        """Boolean indexing and shapes that depend on data are there."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> str:
        """The one device."""
        return "cpu"

    def devices(self) -> list[str]:
        """The one device."""
        return ["cpu"]

    def default_dtypes(self, *, device: Any = None) -> dict[str, np.dtype[Any]]:
        """The dtypes of results that nothing else decides."""
        return {
            "real floating": np.dtype("float64"),
            "complex floating": np.dtype("complex128"),
            "integral": np.dtype("int64"),
            "indexing": np.dtype("int64"),
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, np.dtype[Any]]:
        """The array API's dtypes by name, of a kind or of all."""
        named = {dtype.name: dtype for dtype in sorted(DTYPES, key=str) if dtype != np.float16}
        return named if kind is None else {name: dtype for name, dtype in named.items() if np.isdtype(dtype, kind)}


def __array_namespace_info__() -> NamespaceInfo:  # noqa: N807  # the array API's name
    """What there is: dtypes, devices, capabilities."""
    return NamespaceInfo()


__array_api_version__ = "2024.12"
