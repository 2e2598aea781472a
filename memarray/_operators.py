"""The operators of lazy arrays: each is a ufunc, in place where Python's is."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from memarray._array import Scalar, functions, ndarray
from memarray._convert import PYTHON_SCALARS
from memarray._ufunc import ufunc, ufuncs

BINARY = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "divmod": "divmod",
    "pow": "power",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "lshift": "left_shift",
    "rshift": "right_shift",
    "matmul": "matmul",
}
COMPARISONS = {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "eq": "equal", "ne": "not_equal"}
UNARY = {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "bitwise_not"}

_OWN = (ndarray, *PYTHON_SCALARS, np.ndarray, np.generic, list, tuple, jax.Array)


def _takes(value: Any) -> bool:
    """Whether an operand is for us: not so if its type wants to handle the operation itself."""
    if isinstance(value, _OWN):
        return True
    kind = type(value)
    if getattr(kind, "__array_ufunc__", True) is None or getattr(value, "__array_priority__", 0.0) > ndarray.__array_priority__:
        return False
    return hasattr(kind, "__array__") or not hasattr(kind, "__array_ufunc__") and hasattr(kind, "__array_interface__")


def _forward(function: Any) -> Callable[[Any, Any], Any]:
    def operate(self: Any, other: Any) -> Any:
        return function(self, other) if _takes(other) else NotImplemented

    return operate


def _comparison(function: Any, answer: bool) -> Callable[[Any, Any], Any]:
    """`==` or `!=`: an array is unequal to text and None, element by element."""

    def operate(self: Any, other: Any) -> Any:
        if other is None or isinstance(other, (str, bytes)):
            return functions["full"](self.shape, answer)
        return function(self, other) if _takes(other) else NotImplemented

    return operate


def _reflected(function: Any) -> Callable[[Any, Any], Any]:
    def operate(self: Any, other: Any) -> Any:
        return function(other, self) if _takes(other) else NotImplemented

    return operate


def _in_place(function: Any) -> Callable[[Any, Any], Any]:
    def operate(self: Any, other: Any) -> Any:
        if isinstance(self, Scalar):
            return NotImplemented  # a scalar is replaced, not changed
        return function(self, other, out=self) if _takes(other) else NotImplemented

    return operate


def _unary(function: Any) -> Callable[[Any], Any]:
    def operate(self: Any) -> Any:
        return function(self)

    return operate


def _power(function: Any) -> Callable[..., Any]:
    def operate(self: Any, other: Any, modulo: Any = None) -> Any:
        if modulo is not None or not _takes(other):
            return NotImplemented
        return function(self, other)

    return operate


METHODS = (
    "all any argmax argmin argpartition argsort clip conj conjugate cumprod cumsum dot max mean min nonzero prod repeat round searchsorted "
    "std sum take trace var"
).split()


def _method(name: str) -> Callable[..., Any]:
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return functions[name](self, *args, **kwargs)

    call.__name__ = name
    call.__doc__ = f"As the function `{name}` of this array."
    return call


def _with_array_second(name: str) -> Callable[..., Any]:
    def call(self: Any, first: Any, *args: Any, **kwargs: Any) -> Any:
        return functions[name](first, self, *args, **kwargs)

    call.__name__ = name
    call.__doc__ = f"As the function `{name}`, whose second argument is this array."
    return call


def attach(matmul: Any) -> None:
    """Give `ndarray` its operators, and the methods that are functions of the same name."""
    for name in METHODS:
        setattr(ndarray, name, _method(name))
    for name in ("choose", "compress"):
        setattr(ndarray, name, _method(name) if name == "choose" else _with_array_second(name))
    table: dict[str, Any] = {**ufuncs, "matmul": matmul}
    for name, of in {**BINARY, **COMPARISONS}.items():
        setattr(ndarray, f"__{name}__", _power(table[of]) if name == "pow" else _forward(table[of]))
    for name in ("eq", "ne"):
        setattr(ndarray, f"__{name}__", _comparison(table[COMPARISONS[name]], name == "ne"))
    for name, of in BINARY.items():
        setattr(ndarray, f"__r{name}__", _reflected(table[of]))
        if name != "divmod":
            setattr(ndarray, f"__i{name}__", _in_place(table[of]))
    for name, of in UNARY.items():
        setattr(ndarray, f"__{name}__", _unary(table["invert" if of == "bitwise_not" else of]))


__all__ = ["attach", "ufunc"]
