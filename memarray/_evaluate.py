"""Evaluation: pending nodes become one program, which is fitted under the memory limit, run, and kept by its structure.

nodes -> pending_upstream -> structure (what is compiled once) + leaves and constants (what changes from call to call) -> values
"""

import functools
import gc
import statistics
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import jax
import numpy as np
from jax.extend import source_info_util

from frontends import trace_jax
from memarray._config import Settings, current_settings
from memarray._donation import donated
from memarray._free_memory import free_bytes
from memarray._graph import (
    SEGMENT_DEPTH,
    SEGMENT_NODES,
    Check,
    Node,
    Op,
    Source,
    held_bytes,
    is_traced,
    long_stretches,
    pending_storages,
    pending_upstream,
    source_line,
)
from memarray._primitive import Function, default_device
from memarray._units import format_bytes
from memarray.errors import MemoryLimitError

# Source lines in plans and errors are the user's: each operation is replayed in a frame that says where it was recorded.
source_info_util.register_exclusion(str(Path(__file__).parent))

SMALL_BYTES = 1 << 20  # an intermediate of at most this size is worth keeping, whatever the arguments' sizes

SHARE_OF_LIMIT = 16  # what a stretch may leave behind, as a part of the memory limit

_lock = threading.RLock()


@dataclass(frozen=True)
class _Step:
    """One operation of a structure: where each operand comes from, and the user's line."""

    op: Op
    params: dict[str, Any]
    references: tuple[Any, ...]
    dtype: Any  # of the result, which NumPy has decided; None for several
    source: Source | None


@dataclass(eq=False)
class _Graph:
    """A part of the graph, taken apart into what is the same in every round of a loop and what is not."""

    steps: list[_Step]
    leaves: list[Node]
    constants: list[Any]
    outputs: list[Node]
    key: tuple[Any, ...]
    positions: list[int]  # of the outputs among the steps


@dataclass(eq=False)
class _Template:
    """The programs of one structure: with its constants baked in, and with those arguments that were seen to change."""

    first: tuple[Any, ...]
    baked: Function
    varying: tuple[int, ...] = ()
    general: Function | None = field(default=None)


_templates: dict[tuple[Any, ...], _Template] = {}
MAXIMUM_TEMPLATES = 4096


def evaluate(nodes: Iterable[Node], *, settings: Settings | None = None) -> None:
    """Evaluate nodes in one program under the memory limit.

    What somebody still holds of the values on the way is kept too, where that costs no more than what the program holds anyway: a loop that
    looks at its state now and then goes on from there.

    Raises
    ------
    MemoryLimitError
        Before anything runs.
    """
    with _lock:
        wanted = list({id(node): node for node in nodes if node.value is None}.values())
        if not wanted:
            return
        order = pending_upstream(wanted)
        if any(is_traced(operand) for node in order for operand in node.operands if type(operand) is Node and operand.value is not None):
            _inline(wanted, order)
            return
        settings = settings or _settings_of(order)
        extras = _worth_keeping(order, wanted, [storage.node for storage in pending_storages()])
        if extras:
            try:
                _run(order, wanted + extras, settings)
            except MemoryLimitError:
                _run(order, wanted, settings)
        else:
            _run(order, wanted, settings)


def shorten() -> None:
    """Evaluate the long stretches that were recorded, so that graphs of loops don't grow without end."""
    storages = {id(storage): storage for each in long_stretches if (storage := each()) is not None}
    long_stretches.clear()
    for storage in storages.values():
        if storage.node.value is None:
            _shorten(storage.node)


def _shorten(node: Node) -> None:
    """Evaluate the stretch that ends in a node, with what else is held of it.

    The stretches of one loop should end at the same place of its body, so that they have one structure: where one ended before, the next
    ends as soon as it is long enough; elsewhere only at twice that length.
    """
    order = pending_upstream([node])
    if node.depth < SEGMENT_DEPTH and len(order) < SEGMENT_NODES:
        node.first = node.serial - len(order)  # others were recorded meanwhile
        return
    if (
        node.source not in _ends
        and max(node.depth / SEGMENT_DEPTH, len(order) / SEGMENT_NODES) < 2
        and (any(n.source in _ends for n in order) or _is_repeated(node, order))
    ):
        return
    with _lock:
        reached = set(map(id, order))
        held = [storage.node for storage in pending_storages()]
        connected = [each for each in held if id(each) in reached or not reached.isdisjoint(map(id, pending_upstream([each])))]
        budget = max(_affordable_bytes(order, []), _limit_bytes() // SHARE_OF_LIMIT)
        if node.nbytes > budget or any(map(is_traced, _leaves_of(order))):
            _look_again_later(node, SEGMENT_DEPTH // 2)  # nothing is materialised that the user may not want
            return
        chosen = _within(budget, [node, *(each for each in connected if each is not node)])
        place, settings = node.source, _settings_of(order)
        del order, held, connected  # which would keep alive what the results may take the memory of
        try:
            _run(pending_upstream(chosen), chosen, settings)
            _ends.add(place)
        except MemoryLimitError:
            _look_again_later(node, SEGMENT_DEPTH)  # whoever asks for the values gets the error; recording goes on


def _is_repeated(node: Node, order: Sequence[Node]) -> bool:
    """Whether a node's line runs more often than the others, in a loop inside of theirs: there, stretches would end at various rounds."""
    counts = Counter(each.source for each in order)
    return counts[node.source] > 1.5 * statistics.median(counts.values())


def _look_again_later(node: Node, operations: int) -> None:
    node.depth = SEGMENT_DEPTH - operations
    node.first = node.serial


_ends: set[Source | None] = set()


def _limit_bytes() -> int:
    limit = current_settings(None).memory_limit
    return free_bytes(default_device()) if limit == "auto" else limit


def _leaves_of(order: Sequence[Node]) -> list[Node]:
    found = {id(o): o for node in order for o in node.operands if type(o) is Node and o.value is not None}
    return list(found.values())


def _affordable_bytes(order: Sequence[Node], wanted: Sequence[Node]) -> int:
    """What may be kept besides: as much as the program holds anyway."""
    return max(SMALL_BYTES, sum(node.value.nbytes for node in _leaves_of(order)) + sum(node.nbytes for node in wanted))


def _worth_keeping(order: Sequence[Node], wanted: Sequence[Node], held: Sequence[Node]) -> list[Node]:
    reached = {id(node) for node in order} - {id(node) for node in wanted}
    candidates = [node for node in held if id(node) in reached and node.dtype is not None]
    return _within(_affordable_bytes(order, wanted), candidates) if candidates else []


def _within(budget: int, nodes: Iterable[Node]) -> list[Node]:
    """The first of the nodes that together take at most `budget` bytes."""
    found: dict[int, Node] = {}
    for node in nodes:
        if id(node) not in found and node.nbytes <= budget:
            budget -= node.nbytes
            found[id(node)] = node
    return list(found.values())


def _run(order: Sequence[Node], outputs: list[Node], settings: Settings) -> None:
    checks = [check for node in order for check in node.checks]
    graph = _take_apart(order, outputs + [check.failed for check in checks])
    function, packed = _program_of(graph)
    given_up = () if checks else donated(order, graph.leaves, outputs)  # (an operation that fails must leave its operands)
    before = len(function.traced.constants)
    arguments = (*function.traced.constants, *map(_on_device, graph.leaves), *packed)
    with jax.enable_x64(True):
        served, _ = _serve(function, arguments, graph.leaves, settings, tuple(before + position for position in given_up))
        results = jax.block_until_ready(served.run(arguments))  # one program at a time, or what several hold would add up
    _raise_failed(checks, results[len(outputs) :], order)
    for node, value in zip(outputs, results, strict=False):
        node.evaluated(value)


def plan_of(nodes: Iterable[Node]) -> tuple[str, Any, int, bool]:
    """For a plan of what evaluating the nodes would do: its name, the fitted program, the limit, and whether that is "auto"."""
    with _lock:
        wanted = list({id(node): node for node in nodes}.values())
        order = pending_upstream(wanted)
        settings = _settings_of(order)
        graph = _take_apart(order, [node for node in wanted if node.value is None])
        function, packed = _program_of(graph)
        arguments = (*function.traced.constants, *map(_on_device, graph.leaves), *packed)
        with jax.enable_x64(True):
            served, limit = _serve(function, arguments, graph.leaves, settings)
        return function.traced.name, served, limit, settings.memory_limit == "auto"


def _settings_of(order: Sequence[Node]) -> Settings:
    """The settings for a stretch of the graph: the smallest limit of the wrapped functions in it, else the configured one."""
    limits = [node.op.limit for node in order if node.op is not None and node.op.limit is not None]
    settings = current_settings(None)
    if not limits:
        return settings
    fixed = [limit for limit in limits if limit != "auto"]
    return current_settings(min(fixed) if fixed else "auto")


def _serve(
    function: Function, arguments: Sequence[Any], leaves: Sequence[Node], settings: Settings, given_up: tuple[int, ...] = ()
) -> tuple[Any, int]:
    """The fitted program and its limit; what else is held counts against that."""
    device = default_device()
    own = sum(node.value.nbytes for node in leaves)
    program = function.program(device, settings, given_up)
    if settings.memory_limit == "auto":
        free = free_bytes(device) + sum(value.nbytes for value in arguments)
        return program.serve(free, is_auto=True), free
    others = held_bytes() - own
    left = max(1, settings.memory_limit - others)
    try:
        return program.serve(left), left
    except MemoryLimitError as error:
        if not others:
            raise
        gc.collect()  # arrays may hang in cycles, as the frames of an exception that was caught do
        if held_bytes() - own < others:
            return _serve(function, arguments, leaves, settings, given_up)
        raise MemoryLimitError(
            f"{error} (Of the limit of {format_bytes(settings.memory_limit)}, other evaluated arrays that are still held take "
            f"{others} bytes; deleting those that are not needed leaves more room.)",
            op=error.op,
            source_line=error.source_line,
            shape=error.shape,
            needed_bytes=error.needed_bytes + others,
            limit_bytes=settings.memory_limit,
            smallest_limit_bytes=error.smallest_limit_bytes + others,
        ) from None


def _on_device(node: Node) -> Any:
    """The value as a JAX array, which takes the place of a NumPy array: the next program needs it as well."""
    value = node.value
    if isinstance(value, np.ndarray):
        with jax.enable_x64(True):
            value = node.value = jax.device_put(value)
    return value


def _raise_failed(checks: Sequence[Check], results: Sequence[Any], order: Sequence[Node]) -> None:
    for check, failed in zip(checks, results, strict=True):
        if bool(failed):
            owner = next(node for node in order if check in node.checks)
            place = source_line(owner.source)
            where = f" (recorded at {place[0]}:{place[1]})" if place else ""
            raise check.error(f"{check.message}{where}")


def _take_apart(order: Sequence[Node], outputs: list[Node]) -> _Graph:
    index = {id(node): position for position, node in enumerate(order)}
    leaf_index: dict[int, int] = {}
    leaves: list[Node] = []
    constants: list[Any] = []
    steps: list[_Step] = []
    parts: list[Any] = []
    for node in order:
        references = []
        for operand in node.operands:
            if type(operand) is not Node:
                constants.append(operand)
                references.append(_kind(operand))
            elif operand.value is None:
                references.append(index[id(operand)])
            else:
                position = leaf_index.get(id(operand))
                if position is None:
                    position = leaf_index[id(operand)] = len(leaves)
                    leaves.append(operand)
                references.append(-1 - position)
        found = tuple(references)
        parts.append((node.op, node.params, node.dtype, found))
        steps.append(_Step(node.op, dict(node.params), found, node.dtype, node.source))  # type: ignore[arg-type]  # pending nodes have an operation
    positions = [index[id(node)] for node in outputs]
    key = (tuple(parts), tuple((node.shape, node.dtype) for node in leaves), tuple(positions))
    return _Graph(steps, leaves, constants, outputs, key, positions)


def _kind(constant: Any) -> Any:
    """What is fixed about a constant: its dtype, or which of Python's numbers it is."""
    return constant.dtype if isinstance(constant, np.generic) else type(constant)


def _identity(constant: Any) -> Any:
    """What tells constants apart: -0.0 from 0.0 too, and a NaN is itself."""
    return constant.tobytes() if isinstance(constant, np.generic) else constant if type(constant) is int else repr(constant)


def _program_of(graph: _Graph) -> tuple[Function, list[Any]]:
    """The function for this structure, and the constants that are its last arguments."""
    identities = tuple(map(_identity, graph.constants))
    found = _templates.get(graph.key)
    if found is None:
        if len(_templates) >= MAXIMUM_TEMPLATES:
            _templates.pop(next(iter(_templates)))
        found = _templates[graph.key] = _Template(identities, _trace(graph, ()))
    if identities == found.first:
        return found.baked, []
    differing = {k for k, (old, new) in enumerate(zip(found.first, identities, strict=True)) if old != new}
    if found.general is None or not differing.issubset(found.varying):
        found.varying = tuple(sorted(differing.union(found.varying)))
        found.general = _trace(graph, found.varying)
    return found.general, _pack(graph.constants, found.varying)


def _pack(constants: Sequence[Any], varying: Sequence[int]) -> list[Any]:
    """The constants that vary, those of one dtype in one array."""
    groups: dict[Any, list[Any]] = {}
    for k in varying:
        groups.setdefault(np.dtype(_kind(constants[k])), []).append(constants[k])
    return [np.array(values, dtype) for dtype, values in groups.items()]


def _unpack(constants: Sequence[Any], varying: Sequence[int], packed: Sequence[Any]) -> list[Any]:
    """The constants with those that vary taken from the packed arguments."""
    found = list(constants)
    order: dict[Any, list[int]] = {}
    for k in varying:
        order.setdefault(np.dtype(_kind(constants[k])), []).append(k)
    for positions, values in zip(order.values(), packed, strict=True):
        for i, k in enumerate(positions):
            found[k] = values[i]
    return found


def _trace(graph: _Graph, varying: tuple[int, ...]) -> Function:
    """Trace the steps under JAX."""
    specs = [jax.ShapeDtypeStruct(node.shape, node.dtype) for node in graph.leaves]
    packed = [jax.ShapeDtypeStruct(value.shape, value.dtype) for value in _pack(graph.constants, varying)]
    steps, constants, positions, count = graph.steps, list(graph.constants), list(graph.positions), len(specs)

    def program(*arguments: Any) -> list[Any]:
        values = _replay(steps, arguments[:count], _unpack(constants, varying, arguments[count:]))
        return [values[position] for position in positions]

    last = graph.steps[positions[0]]
    program.__name__ = last.op.name
    place = source_line(last.source)
    with jax_scopes():
        return Function(trace_jax(program, [*specs, *packed], {}, f"{place[0]}:{place[1]}" if place else None))


@contextmanager
def jax_scopes() -> Iterator[None]:
    """The settings of JAX that NumPy's semantics need, whatever the user has set."""
    with (
        jax.enable_x64(True),
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
        jax.default_matmul_precision(None),
    ):
        yield


def _replay(steps: Sequence[_Step], leaves: Sequence[Any], constants: Sequence[Any]) -> list[Any]:
    """Every step's value, as JAX computes it."""
    rest = iter(constants)
    values: list[Any] = []
    for step in steps:
        operands = [_look_up(reference, values, leaves, rest) for reference in step.references]
        place = source_line(step.source)
        call = _caller(*place) if place else _call
        value = call(step.op.jax, operands, step.params)
        values.append(value if step.dtype is None or value.dtype == step.dtype else call(_cast, (value, step.dtype), {}))
    return values


def _cast(value: Any, dtype: np.dtype[Any]) -> Any:
    return value.astype(dtype)


def _look_up(reference: Any, values: Sequence[Any], leaves: Sequence[Any], constants: Any) -> Any:
    if type(reference) is not int:
        return next(constants)
    return values[reference] if reference >= 0 else leaves[-1 - reference]


def _inline(wanted: Sequence[Node], order: Sequence[Node]) -> None:
    """Under somebody's trace: the operations become a part of it."""
    graph = _take_apart(order, list(wanted))
    with jax_scopes():
        values = _replay(graph.steps, [node.value for node in graph.leaves], graph.constants)
    for node, position in zip(wanted, graph.positions, strict=True):
        node.evaluated(values[position])


# fmt: off
def _call(function: Any, operands: Any, params: Any) -> Any: return function(*operands, **params)  # one line, one number
# fmt: on


@functools.lru_cache(maxsize=8192)
def _caller(filename: str, line: int) -> Callable[..., Any]:
    """`_call` as if it stood at a line of the user's, which is where JAX then says that the operation comes from."""
    code: CodeType = _call.__code__.replace(co_filename=filename, co_firstlineno=line, co_name="<recorded>")
    return FunctionType(code, {})
