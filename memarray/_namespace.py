"""What ties the chapters together: methods, operators and protocols look functions up by name."""

import functools
import sys
from types import ModuleType
from typing import Any

import numpy as np

from memarray import _protocols
from memarray._operators import functions
from memarray._ufunc import ufunc


def complete(namespace: dict[str, Any]) -> None:
    """Register the package's functions, under their names, which methods and operators use, and for NumPy's protocols."""
    functions.update({name: value for name, value in namespace.items() if callable(value) and not name.startswith("_")})
    for name, value in functions.items():
        _register(getattr(np, name, None), value)
    for part in ("linalg", "fft"):
        for name in getattr(namespace[part], "__all__", ()):
            _register(getattr(getattr(np, part), name, None), getattr(namespace[part], name))
    _register(np.lib.stride_tricks.sliding_window_view, namespace["lib"].stride_tricks.sliding_window_view)
    _register(np.lib.stride_tricks.as_strided, namespace["lib"].stride_tricks.as_strided)


def _register(of_numpy: Any, ours: Any) -> None:
    if callable(of_numpy) and of_numpy is not ours and not isinstance(ours, (ufunc, type)):
        _protocols.of_numpy[of_numpy] = ours


class _ArrayApi(ModuleType):
    """memarray under another name: SciPy (1.17) takes every namespace with "marray" in its name for one of masked arrays."""

    def __init__(self) -> None:
        super().__init__("mem_array", "memarray's functions, as an array-API namespace.")

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.modules["memarray"], name)

    def __dir__(self) -> list[str]:
        return dir(sys.modules["memarray"])

    def __eq__(self, other: object) -> bool:
        return other is self or other is sys.modules["memarray"]

    def __hash__(self) -> int:
        return hash(sys.modules["memarray"])


@functools.cache
def array_api() -> ModuleType:
    """What `ndarray.__array_namespace__` gives."""
    return _ArrayApi()
