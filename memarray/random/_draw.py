"""Drawing: small draws by NumPy, which are there at once; large ones recorded, with a key that is taken from NumPy's stream."""

import copy
import inspect
import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from memarray._array import Scalar, assign, ndarray, new_array
from memarray._config import config
from memarray._convert import DTYPES
from memarray._evaluate import evaluate
from memarray._graph import Check, Node, leaf
from memarray._host import check_room, wrap_results
from memarray._record import lazy
from memarray._routine import _summary
from memarray.random._distributions import DISTRIBUTIONS, Distribution, known

DRAWN_BYTES = 16 << 20  # draws of up to so many bytes are NumPy's
SHARE_OF_LIMIT = 8  # where a memory limit is set, they are of up to this part of it

Source = np.random.Generator | np.random.RandomState


class Draws:
    """What has a generator of NumPy's and draws with it."""

    _numpy: Any


def drawn(kind: type, name: str) -> Callable[..., Any]:
    """The method that draws from a distribution, called as NumPy's."""
    function = getattr(kind, name)
    signature = inspect.signature(function)

    def method(self: Draws, *args: Any, **kwargs: Any) -> Any:
        if not args and not kwargs:
            return as_lazy(function(self._numpy))
        try:
            bound = signature.bind(self, *args, **kwargs)
        except TypeError:
            return function(self._numpy, *args, **kwargs)  # NumPy says what is wrong
        bound.apply_defaults()
        given = dict(bound.arguments)
        del given["self"]
        return draw(self._numpy, name, given)

    method.__name__ = name
    method.__qualname__ = f"{kind.__name__}.{name}"
    method.__module__ = "memarray.random"
    method.__doc__ = f"As `numpy.random.{kind.__name__}.{name}`, large draws recorded.\n\n{_summary(function)}"
    method.__signature__ = signature  # type: ignore[attr-defined]  # what `inspect` looks for
    return method


def is_small(nbytes: int) -> bool:
    """Whether a draw of so many bytes is NumPy's. That depends on the limit, not on what is held: a seed gives the same numbers again."""
    limit = config.memory_limit
    return nbytes <= (DRAWN_BYTES if limit == "auto" else min(DRAWN_BYTES, limit // SHARE_OF_LIMIT))


def draw(source: Source, name: str, given: dict[str, Any]) -> Any:
    """Draw from a distribution with NumPy's parameters by name, all of them."""
    row = DISTRIBUTIONS.get(name)
    spec = None if row is None else row.spec(given)
    out = given.get("out")
    if row is None or spec is None or isinstance(out, np.ndarray):
        return draw_now(source, name, given, 0)
    shape, dtype = spec
    nbytes = math.prod(shape) * dtype.itemsize
    if row.kernel is None or not shape or is_small(nbytes):
        return draw_now(source, name, given, nbytes)
    _validate(source, name, row, given)
    return assign(out, record_draw(source, row, given, shape, dtype))


def draw_now(source: Source, name: str, given: dict[str, Any], nbytes: int) -> Any:
    """Draw by NumPy, the lazy parameters evaluated. `nbytes` is the size of the result, as far as it is known."""
    out = given.get("out")
    if isinstance(out, ndarray):
        return _draw_into(source, name, given, out)
    values = on_host(given)
    check_room(name, nbytes)
    found = getattr(source, name)(**values)
    return found if found is out else as_lazy(found)


def _draw_into(source: Source, name: str, given: dict[str, Any], out: Any) -> Any:
    if isinstance(out, Scalar):
        raise TypeError("return arrays must be of ArrayType")
    out._check_writeable()
    values = on_host({key: value for key, value in given.items() if key != "out"})
    check_room(name, out.nbytes)
    found = np.empty(out.shape, out.dtype)
    getattr(source, name)(**values, out=found)
    out._put(leaf(found))
    return out


def as_lazy(found: Any) -> Any:
    """What NumPy gave as a lazy array, or scalar; Python's values, and arrays of what memarray has no dtype for, as they are."""
    return wrap_results(found) if isinstance(found, (np.ndarray, np.generic)) and found.dtype in DTYPES else found


def on_host(given: dict[str, Any]) -> dict[str, Any]:
    """The parameters with lazy arrays evaluated, all of them in one program."""
    arrays = [value for value in jax.tree_util.tree_leaves(given) if isinstance(value, ndarray)]
    evaluate([each._node() for each in arrays])
    return {name: jax.tree_util.tree_map(_host_value, value) for name, value in given.items()}


def _host_value(value: Any) -> Any:
    if isinstance(value, ndarray):
        found = value._value()
        return found if found.ndim else found[()]
    return np.asarray(value) if isinstance(value, jax.Array) else value


def _validate(source: Source, name: str, row: Distribution, given: dict[str, Any]) -> None:
    """Have NumPy look at the parameters of a large draw, if they are there, by a tiny draw of a copy: it raises its own errors."""
    values = {key: given[key] for key in row.parameters}
    if any(known(value) is None for value in values.values() if value is not None):
        return
    size = (1,) if row.is_vector else (1, *np.broadcast_shapes(*map(np.shape, values.values())))
    rest = {key: value for key, value in given.items() if key not in (*row.parameters, "size", "out")}
    if given.get("out") is not None:
        rest["out"] = np.empty(size, given["out"].dtype)
    getattr(copy.deepcopy(source), name)(**on_host(values), **rest, size=size)


def record_draw(source: Source, row: Distribution, given: dict[str, Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> ndarray:
    """Record a large draw."""
    prepared = row.prepare(given)
    params = (("dtype", dtype), *sorted(prepared.options.items()), ("shape", shape))
    node = lazy(row.op, (new_key(source), *prepared.operands), params, shape, dtype)
    node.checks = tuple(Check(failed._node(), ValueError, message) for failed, message in prepared.checks)
    return new_array(node)


def new_key(source: Source) -> Node:
    """The key of a large draw: two words of NumPy's stream, given to programs as an argument, so that the next draw needs no new one."""
    words = source.integers if isinstance(source, np.random.Generator) else source.randint
    return leaf(words(0, 1 << 32, 2, dtype=np.uint32))
