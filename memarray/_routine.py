"""NumPy's functions as lazy operations: a row says which parameters are operands and how JAX computes it; all else follows from NumPy.

Called: bind the arguments as NumPy does, record the operands, keep the rest as static parameters. Result dtypes, and errors about dtypes,
axes and arguments, are NumPy's own: it is asked with tiny arrays of the same dtypes and numbers of dimensions. Shapes come from JAX.
"""

import inspect
import math
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import jax
import numpy as np
from numpy.exceptions import AxisError

from memarray._array import Scalar, assign, ndarray, new_array
from memarray._convert import PYTHON_SCALARS, check_dtype, freeze, node_of
from memarray._evaluate import jax_scopes
from memarray._graph import Check, Node, Op, host, leaf
from memarray._record import lazy, lazy_several, runs_now

Spec = tuple[tuple[int, ...], np.dtype[Any]]
NEVER_PARAMETERS = frozenset({"order", "subok", "like", "device"})  # of layout and subclasses, which lazy arrays have none of
ORACLE_ELEMENTS = 1 << 22  # operands up to so many elements are shown to NumPy for the words of an error


class Routine:
    """A function of NumPy's as an operation of lazy arrays.

    Parameters
    ----------
    numpy_function : callable
        What runs at once on small arrays, decides dtypes, and is the oracle of the tests.
    jax_function : callable
        The same for JAX: takes NumPy's parameters by NumPy's names, operands as JAX arrays and the rest static; only what was given.
    operands : str
        Names of the parameters that are arrays; a name that ends in ``*`` is a sequence of arrays. The first come first in the signature.
    names : str, optional
        All parameters in order, where `inspect.signature` does not know them.
    grows : bool
        Whether results can be much larger than the operands together.
    probed : bool
        Whether NumPy can say the dtype by a trial on arrays of ones with one element.
    check : tuple, optional
        ``(predicate, exception, message)``: what the data must not be, known at evaluation.
    several : callable, optional
        The named tuple that several results come in, of which it takes the fields.
    """

    def __init__(
        self,
        numpy_function: Callable[..., Any],
        jax_function: Callable[..., Any],
        operands: str,
        *,
        names: str | None = None,
        name: str | None = None,
        grows: bool = False,
        probed: bool = True,
        check: tuple[Callable[..., Any], type[Exception], str] | None = None,
        several: Callable[..., Any] | None = None,
    ) -> None:
        self.numpy = numpy_function
        self.__name__ = name or numpy_function.__name__
        self.__qualname__ = self.__name__
        self.__doc__ = f"As `numpy.{self.__name__}`, recorded; see NumPy's documentation.\n\n{_summary(numpy_function)}"
        self.__module__ = "memarray"
        self._names = names.split() if names is not None else _parameter_names(numpy_function)
        self._operands = {each.rstrip("*"): each.endswith("*") for each in operands.split()}
        self._jax_function = jax_function
        self._grows = grows
        self._probed = probed
        self._check = check
        self._several = several or (lambda *results: results)
        self._specs: dict[Any, tuple[bool, tuple[Spec, ...]]] = {}
        self._op = Op(self.__name__, self._run_jax, self._run_numpy)
        self._check_op = Op(f"check of {self.__name__}", self._run_check, self._run_check)
        with suppress(ValueError, TypeError):
            self.__signature__ = inspect.signature(numpy_function)

    def __repr__(self) -> str:
        return f"<function memarray.{self.__name__}>"

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """As a method: the array is the first argument."""
        return self if instance is None else _Method(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Record the function, or run it at once where all is small and evaluated."""
        bound = self._bind(args, kwargs)
        out = bound.pop("out", None)
        operands: list[Any] = []
        structure: list[tuple[str, int | None]] = []
        params: list[tuple[str, Any]] = []
        for name, value in bound.items():
            is_sequence = self._operands.get(name)
            if is_sequence is None or value is None or value is np._NoValue:
                if name not in NEVER_PARAMETERS and value is not np._NoValue:
                    params.append((name, freeze(value)))
            elif is_sequence:
                found = list(value) if not isinstance(value, ndarray) else [value[i] for i in range(len(value))]
                structure.append((name, len(found)))
                operands.extend(map(as_operand, found))
            else:
                structure.append((name, None))
                operands.append(as_operand(value))
        result = self.record(tuple(operands), (("structure", tuple(structure)), *sorted(params)))
        return result if out is None else _into(out, result)

    def record(self, operands: tuple[Any, ...], params: tuple[tuple[str, Any], ...]) -> Any:
        """The result for operands and parameters in the form that the graph keeps."""
        if not self._grows and runs_now(operands, 0):
            return self._wrap_numpy(self._run_host(operands, params))
        is_several, specs = self._infer(operands, params)
        if runs_now(operands, sum(math.prod(shape) * dtype.itemsize for shape, dtype in specs)):
            return self._wrap_numpy(self._run_host(operands, params))
        if is_several:
            nodes = lazy_several(self._op, operands, params, specs)
        else:
            nodes = [lazy(self._op, operands, params, *specs[0])]
        if self._check is not None:
            self._attach_check(nodes, operands, params)
        found = tuple(wrap(node) for node in nodes)
        return self._several(*found) if is_several else found[0]

    def _attach_check(self, nodes: Sequence[Node], operands: tuple[Any, ...], params: tuple[tuple[str, Any], ...]) -> None:
        assert self._check is not None
        _, error, message = self._check
        failed = lazy(self._check_op, (*nodes, *operands), (("count", len(nodes)), *params), (), np.dtype(bool))
        for node in nodes:
            node.checks = (*node.checks, Check(failed, error, message))

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        names = self._names
        if len(args) > len(names):
            raise TypeError(f"{self.__name__}() takes at most {len(names)} positional arguments but {len(args)} were given")
        bound = dict(zip(names, args, strict=False))
        for name, value in kwargs.items():
            if name in bound:
                raise TypeError(f"{self.__name__}() got multiple values for argument {name!r}")
            if name not in names:
                raise TypeError(f"{self.__name__}() got an unexpected keyword argument {name!r}")
            bound[name] = value
        if names and names[0] in self._operands and names[0] not in bound:
            raise TypeError(f"{self.__name__}() missing 1 required positional argument: {names[0]!r}")
        return bound

    def _arguments(self, values: Sequence[Any], structure: tuple[tuple[str, int | None], ...]) -> tuple[list[Any], dict[str, Any]]:
        """The operands as NumPy's function takes them: the leading ones positionally, since some of their names are not keywords."""
        rest = iter(values)
        found = {name: next(rest) if count is None else tuple(next(rest) for _ in range(count)) for name, count in structure}
        positional = []
        for name in self._names:
            if name not in found:
                break
            positional.append(found.pop(name))
        return positional, found

    def _run_jax(self, *operands: Any, structure: Any, **params: Any) -> Any:
        positional, named = self._arguments(operands, structure)
        found = self._jax_function(*positional, **named, **params)
        return tuple(found) if isinstance(found, (tuple, list)) else found

    def _run_numpy(self, *operands: Any, structure: Any, **params: Any) -> Any:
        positional, named = self._arguments(operands, structure)
        found = self.numpy(*positional, **named, **params)
        return tuple(found) if isinstance(found, (tuple, list)) else found

    def _run_check(self, *values: Any, count: int, structure: Any, **params: Any) -> Any:
        assert self._check is not None
        positional, named = self._arguments(values[count:], structure)
        return self._check[0](values[:count], *positional, **named, **params)

    def _run_host(self, operands: tuple[Any, ...], params: tuple[tuple[str, Any], ...]) -> Any:
        values = [host(operand) if type(operand) is Node else operand for operand in operands]
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return self._run_numpy(*values, **dict(params))

    def _wrap_numpy(self, found: Any) -> Any:
        if isinstance(found, tuple):
            return self._several(*(wrap(leaf(np.asarray(each))) for each in found))
        return wrap(leaf(np.asarray(found)))

    def _infer(self, operands: tuple[Any, ...], params: tuple[tuple[str, Any], ...]) -> tuple[bool, tuple[Spec, ...]]:
        """Whether there are several results, and their shapes and dtypes."""
        key = (tuple((o.shape, o.dtype) if type(o) is Node else type(o) for o in operands), params)
        known = self._specs.get(key)
        if known is None:
            dtypes = self._probe(operands, params) if self._probed else None
            known = self._infer_shapes(operands, params)
            if dtypes is not None:
                is_several, specs = known
                known = is_several, tuple((shape, dtype) for (shape, _), dtype in zip(specs, dtypes, strict=True))
            if len(self._specs) > 4096:
                self._specs.clear()
            self._specs[key] = known
        return known

    def _probe(self, operands: tuple[Any, ...], params: tuple[tuple[str, Any], ...]) -> list[np.dtype[Any]] | None:
        """The dtypes by NumPy, which also refuses wrong dtypes, axes and arguments; None where such small arrays are no good."""
        tiny = [np.ones((1,) * len(o.shape), o.dtype) if type(o) is Node else o for o in operands]
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                found = self._run_numpy(*tiny, **dict(params))
        except (AxisError, TypeError):
            raise
        except (ValueError, IndexError, ArithmeticError):
            return None
        return [check_dtype(np.asarray(each).dtype) for each in (found if isinstance(found, tuple) else (found,))]

    def _infer_shapes(self, operands: tuple[Any, ...], params: tuple[tuple[str, Any], ...]) -> tuple[bool, tuple[Spec, ...]]:
        static = dict(params)
        arrays = [o for o in operands if type(o) is Node]

        def run(*values: Any) -> Any:
            rest = iter(values)
            return self._run_jax(*[next(rest) if type(o) is Node else o for o in operands], **static)

        try:
            with jax_scopes():
                found = jax.eval_shape(run, *[jax.ShapeDtypeStruct(node.shape, node.dtype) for node in arrays])
        except Exception:
            self._raise_as_numpy(operands, params)
            raise
        is_several = isinstance(found, tuple)
        return is_several, tuple((each.shape, np.dtype(each.dtype)) for each in (found if is_several else (found,)))

    def _raise_as_numpy(self, operands: tuple[Any, ...], params: tuple[tuple[str, Any], ...]) -> None:
        """Let NumPy say what is wrong with arguments that JAX has refused, if the arrays are not too large to ask."""
        if sum(math.prod(o.shape) for o in operands if type(o) is Node) > ORACLE_ELEMENTS:
            return
        values = [np.broadcast_to(np.ones((), o.dtype), o.shape) if type(o) is Node else o for o in operands]
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            self._run_numpy(*values, **dict(params))


class _Method:
    """A routine bound to an array."""

    def __init__(self, routine: Routine, instance: Any) -> None:
        self._routine = routine
        self._instance = instance
        self.__name__ = routine.__name__
        self.__doc__ = routine.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._routine(self._instance, *args, **kwargs)


def as_operand(value: Any) -> Any:
    """A node, or a scalar as it is: Python's are weak in promotion, NumPy's are not."""
    if isinstance(value, ndarray):
        return value._node()
    if type(value) in PYTHON_SCALARS:
        return value
    if isinstance(value, np.generic):
        check_dtype(value.dtype)
        return value
    return asarray_node(value)


def asarray_node(value: Any) -> Node:
    """The node of whatever NumPy takes for an array; nested sequences may hold lazy arrays."""
    if isinstance(value, ndarray):
        return value._node()
    if isinstance(value, (list, tuple)) and holds_arrays(value):
        from memarray._creation import stacked  # noqa: PLC0415  # it is made of the routines that this file defines

        return stacked(value)._node()
    return node_of(value)


def holds_arrays(value: Any) -> bool:
    """Whether a nested sequence has a lazy array, or a tracer, in it."""
    if isinstance(value, (list, tuple)):
        return any(map(holds_arrays, value))
    return isinstance(value, (ndarray, jax.core.Tracer))


def wrap(node: Node) -> ndarray:
    """The array of a computed node; one without dimensions is a scalar, as in NumPy."""
    return new_array(node) if node.shape else new_array(node, Scalar)


def _into(out: Any, result: Any) -> Any:
    if isinstance(out, tuple) and isinstance(result, tuple):
        return tuple(each if target is None else assign(target, each) for target, each in zip(out, result, strict=True))
    return assign(out[0] if isinstance(out, tuple) and len(out) == 1 else out, result)


def _parameter_names(function: Callable[..., Any]) -> list[str]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [name for name, parameter in inspect.signature(function).parameters.items() if parameter.kind in kinds]


def _summary(function: Callable[..., Any]) -> str:
    lines = (inspect.getdoc(function) or "").strip().splitlines()
    paragraph: list[str] = []
    for line in lines:
        if not line.strip() and paragraph and "(" not in paragraph[0]:
            break
        if not line.strip():
            paragraph = []
        else:
            paragraph.append(line.strip())
    return " ".join(paragraph)
