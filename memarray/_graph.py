"""The graph that lazy arrays record: operations, nodes, and who still holds them.

A node is one recorded operation, or a value once it is evaluated; what is upstream of an evaluated node is let go.
"""

import itertools
import math
import sys
import threading
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

import jax
import numpy as np

Params = tuple[tuple[str, Any], ...]
Source = tuple[CodeType, int]  # a line of the user's: the code object, and the instruction in it

_INTERNAL = (str(Path(__file__).parent) + "/", str(Path(np.__file__).parent) + "/")
_is_internal: dict[str, bool] = {}
_serials = itertools.count()


@dataclass(frozen=True, eq=False)
class Op:
    """One row of the table of operations.

    `jax` and `numpy` take the operands positionally and the parameters by name. An operand is an array, or a NumPy scalar, which a recorder
    may pass as it is (then it is static) or as a traced 0-d array. An operation with several results gives a tuple.
    """

    name: str
    jax: Callable[..., Any]
    numpy: Callable[..., Any]
    limit: Any = None  # the memory limit of its own that a wrapped function has

    def __repr__(self) -> str:
        return f"Op({self.name})"


@dataclass(frozen=True, eq=False)
class Check:
    """What an operation requires of its data, to be known at evaluation: where `failed`, a 0-d bool node, holds, `error` is raised."""

    failed: "Node"
    error: Callable[[str], Exception]
    message: str


class Node:
    """One value of the graph: pending (an operation on operands) or evaluated (it has a value).

    `operands` are nodes and NumPy scalars (constants of the program, which change from call to call without a new program). `first` is the
    serial of the earliest pending node upstream: how long the stretch is that would be evaluated for this node.
    """

    __slots__ = (
        "__weakref__",
        "checks",
        "depth",
        "dtype",
        "first",
        "nbytes",
        "op",
        "operands",
        "owned",
        "params",
        "serial",
        "shape",
        "source",
        "value",
    )

    def __init__(
        self,
        op: Op | None,
        operands: tuple[Any, ...],
        params: Params,
        shape: tuple[int, ...],
        dtype: np.dtype[Any] | None,
        value: Any = None,
    ) -> None:
        self.op = op
        self.operands = operands
        self.params = params
        self.shape = shape
        self.dtype: Any = dtype  # None for the several results of one operation, which `ITEM`s pick from
        self.nbytes = 0 if dtype is None else math.prod(shape) * dtype.itemsize  # of the value, evaluated or not
        self.value = value
        self.checks: tuple[Check, ...] = ()
        self.owned = False  # whether the value is an array of JAX's that nobody outside of the graph has seen
        self.serial = next(_serials)
        self.depth: int = 0  # operations in a row behind it that are pending
        self.first: int = self.serial  # of the earliest pending operation behind it
        if value is None:
            self.source: Source | None = user_source()
            depth, first = 0, self.serial
            for operand in operands:
                if type(operand) is Node and operand.value is None:
                    depth = max(depth, operand.depth)
                    first = min(first, operand.first)
            self.depth = depth + 1
            self.first = first
        else:
            self.source = None
            _held.add(self)

    def evaluated(self, value: Any) -> None:
        """Become a value, and let go of what is upstream."""
        self.value = value
        self.owned = True
        self.operands = ()
        self.params = ()
        self.checks = ()
        self.op = None
        self.depth = 0
        self.first = self.serial
        _held.add(self)

    def __del__(self) -> None:
        if self.value is not None:
            _held.remove(self)


class _Held:
    """Bytes of all evaluated values that somebody holds: they count against the limit of the next evaluation."""

    def __init__(self) -> None:
        self.bytes = 0

    def add(self, node: Node) -> None:
        if not isinstance(node.value, jax.core.Tracer):
            self.bytes += node.nbytes

    def remove(self, node: Node) -> None:
        if not isinstance(node.value, jax.core.Tracer):
            self.bytes -= node.nbytes


_held = _Held()


def held_bytes() -> int:
    """Bytes of the evaluated arrays that somebody holds."""
    return _held.bytes


def leaf(value: Any) -> Node:
    """A node for a value that is there: a NumPy array that nobody writes to, a JAX array, or a JAX tracer."""
    return Node(None, (), (), value.shape, np.dtype(value.dtype), value)


def is_traced(node: Node) -> bool:
    """Whether the value is a tracer of JAX's: it stands for an array in somebody's jit."""
    return isinstance(node.value, jax.core.Tracer)


def host(node: Node) -> np.ndarray[Any, Any]:
    """The value of an evaluated node as a NumPy array; no copy on the CPU."""
    value = node.value
    if type(value) is np.ndarray:
        return value
    node.owned = False
    return np.asarray(value)


def _item_jax(results: Any, *, index: int) -> Any:
    return results[index]


ITEM = Op("item", _item_jax, _item_jax)


class Storage:
    """What an array and its views share: the node of the present value. Writing puts another node there."""

    __slots__ = ("__weakref__", "address", "node", "version", "writeable")

    def __init__(self, node: Node, *, writeable: bool = True) -> None:
        self.version = 0
        self.writeable = writeable
        self.address = 0  # of the stand-in that NumPy computes strides with; given when it is first asked for
        self._take(node)

    def put(self, node: Node) -> None:
        """Replace the value, for all views."""
        self.version += 1
        self._take(node)

    def _take(self, node: Node) -> None:
        self.node = node
        if node.value is None:
            _pending.add(self)
            if node.depth >= SEGMENT_DEPTH or node.serial - node.first >= SEGMENT_NODES:
                long_stretches.append(weakref.ref(self))


SEGMENT_DEPTH = 64  # operations in a row from which a stretch of the graph counts as long
SEGMENT_NODES = 200  # the same for operations in all

# Storages whose values have long stretches behind them. They are looked at when the next operation is recorded: by then the user's
# variables are bound to the new values, and what only the old ones needed is gone.
long_stretches: "list[weakref.ref[Storage]]" = []

_pending: "weakref.WeakSet[Storage]" = weakref.WeakSet()
_lock = threading.RLock()


def pending_storages() -> list[Storage]:
    """The storages that hold a recorded value, oldest first; those evaluated meanwhile are forgotten."""
    with _lock:
        found = list(_pending)
        for storage in found:
            if storage.node.value is not None:
                _pending.discard(storage)
    return sorted((storage for storage in found if storage.node.value is None), key=lambda storage: storage.node.serial)


def pending_upstream(nodes: Iterable[Node]) -> list[Node]:
    """The pending nodes that `nodes` need, themselves included, operands first; then those that their checks need."""
    order: list[Node] = []
    seen: set[int] = set()
    _walk(nodes, order, seen)
    looked_at = 0
    while looked_at < len(order):
        checks = [check.failed for node in order[looked_at:] for check in node.checks]
        looked_at = len(order)
        _walk(checks, order, seen)
    return order


def _walk(nodes: Iterable[Node], order: list[Node], seen: set[int]) -> None:
    """Append what is pending upstream of `nodes` and not in `seen`, operands first."""
    stack: list[tuple[Node, bool]] = [(node, False) for node in nodes]
    stack.reverse()
    while stack:
        node, is_done = stack.pop()
        if is_done:
            order.append(node)
        elif node.value is None and id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            for operand in node.operands:
                if type(operand) is Node and operand.value is None and id(operand) not in seen:
                    stack.append((operand, False))


def user_source() -> Source | None:
    """The innermost line that is neither memarray's nor NumPy's."""
    frame = sys._getframe(2)  # what `traceback` and `warnings` use as well; `inspect.stack` takes milliseconds
    while frame is not None:
        code = frame.f_code
        filename = code.co_filename
        internal = _is_internal.get(filename)
        if internal is None:
            internal = _is_internal[filename] = filename.startswith(_INTERNAL)
        if not internal:
            return code, frame.f_lasti
        frame = frame.f_back  # type: ignore[assignment]  # None above the outermost
    return None


def user_level() -> int:
    """The `stacklevel` with which a warning of the caller's is about the user's line."""
    level, frame = 1, sys._getframe(1)  # as above
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_INTERNAL):
        level, frame = level + 1, frame.f_back
    return level


def source_line(source: Source | None) -> tuple[str, int] | None:
    """File and line of a source."""
    if source is None:
        return None
    code, instruction = source
    for start, end, line in code.co_lines():
        if start <= instruction < end and line is not None:
            return code.co_filename, line
    return code.co_filename, code.co_firstlineno
