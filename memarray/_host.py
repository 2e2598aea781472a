"""Functions whose result shapes depend on data, or that call the user's Python: they evaluate their arrays and run by NumPy."""

import functools
import warnings
from collections.abc import Callable, Hashable, Iterator
from typing import Any

import jax
import numpy as np

from memarray._array import ndarray, new_array
from memarray._config import config
from memarray._evaluate import evaluate
from memarray._graph import held_bytes, leaf
from memarray._routine import _summary, wrap
from memarray._units import format_bytes
from memarray.errors import MemoryLimitError

WORK_FACTOR = 4  # sorting and indexing by NumPy takes up to so many times the operands' bytes (a sorted copy, positions, masks, results)


def host_function(numpy_function: Callable[..., Any], *, factor: int = WORK_FACTOR, name: str | None = None) -> Callable[..., Any]:
    """A function of NumPy's that evaluates the lazy arrays among its arguments, then runs by NumPy; arrays come back as lazy ones."""

    @functools.wraps(numpy_function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return run_on_host(numpy_function, args, kwargs, factor, call.__name__)

    call.__name__ = name or numpy_function.__name__
    call.__qualname__ = call.__name__
    call.__module__ = "memarray"
    call.__doc__ = f"As `numpy.{call.__name__}`; evaluates its arguments. See NumPy's documentation.\n\n{_summary(numpy_function)}"
    _host_functions.add(call)
    return call


_host_functions: set[Any] = set()


def is_host_function(function: Any) -> bool:
    """Whether a function evaluates and runs by NumPy."""
    return isinstance(function, Hashable) and function in _host_functions


def run_on_host(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], factor: int, name: str) -> Any:
    """Evaluate all lazy arrays in one program, check that NumPy's own work fits, and run."""
    arrays = list(_arrays((args, kwargs)))
    evaluate([each._node() for each in arrays])
    check_room(name, factor * sum(each.nbytes for each in arrays))
    to_host = {id(each): each._value() for each in arrays}
    values, named = _replace((args, kwargs), to_host)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return wrap_results(function(*values, **named))


def check_room(name: str, needed: int) -> None:
    """MemoryLimitError where work on the host does not fit beside what is held."""
    limit = config.memory_limit
    if limit == "auto" or held_bytes() + needed <= limit:
        return
    raise MemoryLimitError(
        f"`{name}` runs by NumPy on evaluated arrays, which takes up to {needed} bytes ({format_bytes(needed)}) beside the "
        f"{held_bytes()} bytes of arrays that are held; the memory limit is {format_bytes(limit)}. Raise the limit to "
        f"{needed + held_bytes()} bytes, or call it on parts of the array.",
        op=name,
        source_line=None,
        shape=(),
        needed_bytes=needed + held_bytes(),
        limit_bytes=limit,
        smallest_limit_bytes=needed + held_bytes(),
    )


def wrap_results(found: Any) -> Any:
    """NumPy's arrays and scalars as lazy ones, inside of tuples, lists and named tuples too."""
    if isinstance(found, np.ndarray):
        return new_array(leaf(found if found.flags.c_contiguous else np.ascontiguousarray(found)))
    if isinstance(found, np.generic):
        return wrap(leaf(np.asarray(found)))
    if isinstance(found, tuple):
        each = [wrap_results(value) for value in found]
        return type(found)(*each) if hasattr(found, "_fields") else tuple(each)
    return [wrap_results(value) for value in found] if isinstance(found, list) else found


def _arrays(value: Any) -> Iterator[ndarray]:
    if isinstance(value, ndarray):
        yield value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from _arrays(each)
    elif isinstance(value, dict):
        yield from _arrays(list(value.values()))


def _replace(value: Any, values: dict[int, Any]) -> Any:
    if isinstance(value, ndarray):
        return values[id(value)]
    if isinstance(value, jax.Array):
        return np.asarray(value)
    if isinstance(value, tuple):
        return tuple(_replace(each, values) for each in value)
    if isinstance(value, list):
        return [_replace(each, values) for each in value]
    return {key: _replace(each, values) for key, each in value.items()} if isinstance(value, dict) else value
