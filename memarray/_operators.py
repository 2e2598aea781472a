"""The operators of lazy arrays, and the methods that are functions of the same name. In place where Python's are."""

import operator
from typing import Any

import jax
import numpy as np

functions: dict[str, Any] = {}  # memarray's namespace by name, filled when it is complete

_TAKEN = (bool, int, float, complex, np.ndarray, np.generic, list, tuple, jax.Array)


def _takes(value: Any) -> bool:
    """Whether an operand is for us: not so if its type wants to handle the operation itself."""
    if isinstance(value, (Operators, *_TAKEN)):
        return True
    kind = type(value)
    if kind.__module__.partition(".")[0] == "torch":  # its priority is for NumPy, which it knows; memarray it does not
        return True
    if getattr(kind, "__array_ufunc__", True) is None or getattr(value, "__array_priority__", 0.0) > Operators.__array_priority__:
        return False
    return hasattr(kind, "__array__") or (not hasattr(kind, "__array_ufunc__") and hasattr(kind, "__array_interface__"))


def _call(name: str, left: Any, right: Any, other: Any) -> Any:
    return functions[name](left, right) if _takes(other) else NotImplemented


def _call_comparison(name: str, array: Any, other: Any, answer: bool) -> Any:
    """`==` or `!=`: an array is unequal to text and None, element by element."""
    if other is None or isinstance(other, (str, bytes)):
        return functions["full"](array.shape, answer)
    return functions[name](array, other) if _takes(other) else NotImplemented


def _write(name: str, array: Any, other: Any) -> Any:
    """In place; a scalar is replaced instead, by the operator that gives a new value."""
    if array._is_scalar or not _takes(other):
        return NotImplemented
    return functions[name](array, other, out=array)


class Operators:
    """What `ndarray` inherits."""

    __slots__ = ()
    __array_priority__ = 100.0
    __hash__ = None  # type: ignore[assignment]  # as NumPy's
    _is_scalar = False

    def __add__(self, other: Any) -> Any:
        return _call("add", self, other, other)

    def __radd__(self, other: Any) -> Any:
        return _call("add", other, self, other)

    def __iadd__(self, other: Any) -> Any:
        return _write("add", self, other)

    def __sub__(self, other: Any) -> Any:
        return _call("subtract", self, other, other)

    def __rsub__(self, other: Any) -> Any:
        return _call("subtract", other, self, other)

    def __isub__(self, other: Any) -> Any:
        return _write("subtract", self, other)

    def __mul__(self, other: Any) -> Any:
        return _call("multiply", self, other, other)

    def __rmul__(self, other: Any) -> Any:
        return _call("multiply", other, self, other)

    def __imul__(self, other: Any) -> Any:
        return _write("multiply", self, other)

    def __truediv__(self, other: Any) -> Any:
        return _call("divide", self, other, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _call("divide", other, self, other)

    def __itruediv__(self, other: Any) -> Any:
        return _write("divide", self, other)

    def __floordiv__(self, other: Any) -> Any:
        return _call("floor_divide", self, other, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _call("floor_divide", other, self, other)

    def __ifloordiv__(self, other: Any) -> Any:
        return _write("floor_divide", self, other)

    def __mod__(self, other: Any) -> Any:
        return _call("remainder", self, other, other)

    def __rmod__(self, other: Any) -> Any:
        return _call("remainder", other, self, other)

    def __imod__(self, other: Any) -> Any:
        return _write("remainder", self, other)

    def __pow__(self, other: Any) -> Any:
        # NumPy's operator has ways of its own for some exponents, which its function has not.
        return functions["power"].by_operator(operator.pow, self, other) if _takes(other) else NotImplemented

    def __rpow__(self, other: Any) -> Any:
        return _call("power", other, self, other)

    def __ipow__(self, other: Any) -> Any:
        return _write("power", self, other)

    def __matmul__(self, other: Any) -> Any:
        return _call("matmul", self, other, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _call("matmul", other, self, other)

    def __imatmul__(self, other: Any) -> Any:
        return _write("matmul", self, other)

    def __lshift__(self, other: Any) -> Any:
        return _call("left_shift", self, other, other)

    def __rlshift__(self, other: Any) -> Any:
        return _call("left_shift", other, self, other)

    def __ilshift__(self, other: Any) -> Any:
        return _write("left_shift", self, other)

    def __rshift__(self, other: Any) -> Any:
        return _call("right_shift", self, other, other)

    def __rrshift__(self, other: Any) -> Any:
        return _call("right_shift", other, self, other)

    def __irshift__(self, other: Any) -> Any:
        return _write("right_shift", self, other)

    def __and__(self, other: Any) -> Any:
        return _call("bitwise_and", self, other, other)

    def __rand__(self, other: Any) -> Any:
        return _call("bitwise_and", other, self, other)

    def __iand__(self, other: Any) -> Any:
        return _write("bitwise_and", self, other)

    def __or__(self, other: Any) -> Any:
        return _call("bitwise_or", self, other, other)

    def __ror__(self, other: Any) -> Any:
        return _call("bitwise_or", other, self, other)

    def __ior__(self, other: Any) -> Any:
        return _write("bitwise_or", self, other)

    def __xor__(self, other: Any) -> Any:
        return _call("bitwise_xor", self, other, other)

    def __rxor__(self, other: Any) -> Any:
        return _call("bitwise_xor", other, self, other)

    def __ixor__(self, other: Any) -> Any:
        return _write("bitwise_xor", self, other)

    def __divmod__(self, other: Any) -> Any:
        return _call("divmod", self, other, other)

    def __rdivmod__(self, other: Any) -> Any:
        return _call("divmod", other, self, other)

    def __lt__(self, other: Any) -> Any:
        return _call("less", self, other, other)

    def __le__(self, other: Any) -> Any:
        return _call("less_equal", self, other, other)

    def __gt__(self, other: Any) -> Any:
        return _call("greater", self, other, other)

    def __ge__(self, other: Any) -> Any:
        return _call("greater_equal", self, other, other)

    def __eq__(self, other: Any) -> Any:
        return _call_comparison("equal", self, other, False)

    def __ne__(self, other: Any) -> Any:
        return _call_comparison("not_equal", self, other, True)

    def __neg__(self) -> Any:
        return functions["negative"](self)

    def __pos__(self) -> Any:
        return functions["positive"](self)

    def __abs__(self) -> Any:
        return functions["absolute"](self)

    def __invert__(self) -> Any:
        return functions["invert"](self)

    def all(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `all` of this array."""
        return functions["all"](self, *args, **kwargs)

    def any(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `any` of this array."""
        return functions["any"](self, *args, **kwargs)

    def argmax(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `argmax` of this array."""
        return functions["argmax"](self, *args, **kwargs)

    def argmin(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `argmin` of this array."""
        return functions["argmin"](self, *args, **kwargs)

    def argpartition(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `argpartition` of this array."""
        return functions["argpartition"](self, *args, **kwargs)

    def argsort(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `argsort` of this array."""
        return functions["argsort"](self, *args, **kwargs)

    def choose(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `choose` of this array."""
        return functions["choose"](self, *args, **kwargs)

    def clip(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `clip` of this array."""
        return functions["clip"](self, *args, **kwargs)

    def conj(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `conj` of this array."""
        return functions["conj"](self, *args, **kwargs)

    def conjugate(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `conjugate` of this array."""
        return functions["conjugate"](self, *args, **kwargs)

    def cumprod(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `cumprod` of this array."""
        return functions["cumprod"](self, *args, **kwargs)

    def cumsum(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `cumsum` of this array."""
        return functions["cumsum"](self, *args, **kwargs)

    def dot(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `dot` of this array."""
        return functions["dot"](self, *args, **kwargs)

    def max(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `max` of this array."""
        return functions["max"](self, *args, **kwargs)

    def mean(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `mean` of this array."""
        return functions["mean"](self, *args, **kwargs)

    def min(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `min` of this array."""
        return functions["min"](self, *args, **kwargs)

    def nonzero(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `nonzero` of this array."""
        return functions["nonzero"](self, *args, **kwargs)

    def prod(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `prod` of this array."""
        return functions["prod"](self, *args, **kwargs)

    def repeat(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `repeat` of this array."""
        return functions["repeat"](self, *args, **kwargs)

    def round(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `round` of this array."""
        return functions["round"](self, *args, **kwargs)

    def searchsorted(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `searchsorted` of this array."""
        return functions["searchsorted"](self, *args, **kwargs)

    def std(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `std` of this array."""
        return functions["std"](self, *args, **kwargs)

    def sum(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `sum` of this array."""
        return functions["sum"](self, *args, **kwargs)

    def take(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `take` of this array."""
        return functions["take"](self, *args, **kwargs)

    def trace(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `trace` of this array."""
        return functions["trace"](self, *args, **kwargs)

    def var(self, *args: Any, **kwargs: Any) -> Any:
        """As the function `var` of this array."""
        return functions["var"](self, *args, **kwargs)

    def compress(self, condition: Any, axis: Any = None, out: Any = None) -> Any:
        """As the function `compress` of this array."""
        return functions["compress"](condition, self, axis, out)
