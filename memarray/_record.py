"""One operation on nodes: at once where all is small and there, else as a node of the graph."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from memarray._config import config
from memarray._evaluate import shorten
from memarray._graph import ITEM, Node, Op, Params, held_bytes, host, is_traced, leaf, long_stretches


def record(op: Op, operands: tuple[Any, ...], params: Params, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Node:
    """The node of an operation with one result, whose shape and dtype are known."""
    if runs_now(operands, _bytes(shape, dtype)):
        return leaf(_as_leaf(run_numpy(op, operands, params), dtype))
    return lazy(op, operands, params, shape, dtype)


def lazy(op: Op, operands: tuple[Any, ...], params: Params, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Node:
    """The node of a recorded operation, whatever its size."""
    if long_stretches:
        shorten()
    return Node(op, operands, params, shape, dtype)


def lazy_several(op: Op, operands: tuple[Any, ...], params: Params, specs: Iterable[tuple[tuple[int, ...], np.dtype[Any]]]) -> list[Node]:
    """The nodes of the results of a recorded operation that has several."""
    whole = Node(op, operands, params, (), None)
    return [lazy(ITEM, (whole,), (("index", k),), shape, dtype) for k, (shape, dtype) in enumerate(specs)]


def runs_now(operands: tuple[Any, ...], result_bytes: int) -> bool:
    """Whether the operands are evaluated and small, and so is the result; "small" is `config.eager_bytes` for all together."""
    limit = config.eager_bytes
    total = result_bytes
    for operand in operands:
        if type(operand) is Node:
            if operand.value is None or is_traced(operand):
                return False
            total += operand.nbytes
        if total > limit:
            return False
    return limit > 0 and _has_room(result_bytes)


def _has_room(result_bytes: int) -> bool:
    """Whether the memory limit leaves room for a result. "auto" always does: what runs at once is small."""
    limit = config.memory_limit
    return limit == "auto" or held_bytes() + result_bytes <= limit


def run_numpy(op: Op, operands: tuple[Any, ...], params: Params) -> Any:
    """The operation by NumPy, on values. NumPy's floating-point warnings are off: a recorded operation cannot give them."""
    values = [host(operand) if type(operand) is Node else operand for operand in operands]
    with np.errstate(all="ignore"):
        return op.numpy(*values, **dict(params))


def _as_leaf(value: Any, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    found = np.asarray(value)
    return found if found.dtype == dtype else found.astype(dtype)


def _bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    total = dtype.itemsize
    for length in shape:
        total *= length
    return total


def constant(value: np.generic) -> Node:
    """A node for a NumPy scalar, where an operation wants a node."""
    return leaf(np.asarray(value))
