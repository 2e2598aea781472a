"""Which buffers are live when: an estimate of the compiler's peak, from a model of what XLA fuses and of what it reuses in place.

The order is the program's own; XLA's scheduler may do better. Arguments and outputs are counted apart, as the compiler's report does.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from xla_passes.analysis.graph import Graph, Node, snapshot

_CHEAP = """abs add and bitcast_convert broadcast_in_dim ceil clamp compare complex constant convert count_leading_zeros dynamic_slice
    floor imag iota is_finite maximum minimum multiply negate not or pad popcnt real reduce_precision reshape reverse select shift_left
    shift_right_arithmetic shift_right_logical sign slice subtract transpose xor round_nearest_afz round_nearest_even"""
_DEAR = """atan2 cbrt concatenate cosine divide exponential exponential_minus_one gather log log_plus_one logistic power remainder rsqrt
    sine sqrt tan tanh"""
_DEAR_CHLO = "acos acosh asin asinh atan atanh cosh digamma erf erf_inv erfc lgamma sinh tan"
# What XLA would rather keep than compute for each of several consumers.
EXPENSIVE = frozenset(f"stablehlo.{name}" for name in _DEAR.split()) | frozenset(f"chlo.{name}" for name in _DEAR_CHLO.split())
# XLA computes these inside the loops of their consumers, element by element.
FUSED = EXPENSIVE | frozenset(f"stablehlo.{name}" for name in _CHEAP.split()) | {"chlo.conj", "chlo.square"}
# These read their operands element by element, so that a fused operand is never written out.
READERS = FUSED | {"stablehlo.reduce", "stablehlo.dynamic_update_slice"}
# These may write their result over what nobody reads afterwards: the fused ones over anything that their fusion reads.
FUSES_IN_PLACE = FUSED - {
    "stablehlo.broadcast_in_dim", "stablehlo.transpose", "stablehlo.gather", "stablehlo.reverse", "stablehlo.concatenate", "stablehlo.pad",
}  # fmt: skip
IN_PLACE = FUSES_IN_PLACE | {"stablehlo.dynamic_update_slice", "stablehlo.while", "stablehlo.scatter", "stablehlo.sort"}
VIEWS = frozenset({"stablehlo.reshape"})


@dataclass(frozen=True)
class Item:
    """One thing that runs: what it reads, what it makes, and what it takes meanwhile."""

    name: str
    reads: tuple[int, ...]
    results: tuple[int, ...]
    inner_bytes: int = 0
    node: int = -1  # the graph's node behind it
    overwrites: tuple[int, ...] = ()  # what its results may be written over, result by result; -1 for none


@dataclass(frozen=True)
class Liveness:
    """Temporary bytes live while each item runs, and the values they belong to at the peak."""

    items: tuple[Item, ...]
    live_bytes: tuple[int, ...]
    peak_at: int
    live_values: tuple[int, ...]  # the buffers live at the peak, largest first
    materialised: frozenset[int] = field(repr=False)

    @property
    def peak_bytes(self) -> int:
        """The largest of `live_bytes`: an estimate of the compiler's temporaries."""
        return self.live_bytes[self.peak_at] if self.live_bytes else 0

    def overflow_bytes(self, budget_bytes: int) -> int:
        """By how much the program is over, summed over its steps: what every loop has to bring down."""
        return sum(max(0, live - budget_bytes) for live in self.live_bytes)


def is_materialised(value: int, item: Item, users: list[Item], outputs: frozenset[int], fuses: bool) -> bool:
    """Whether XLA writes the value to memory, rather than computing it where it is read."""
    if item.name not in FUSED or value in outputs or not users:
        return True
    if item.name in ("stablehlo.iota", "stablehlo.constant", "stablehlo.broadcast_in_dim", "stablehlo.reshape") and all(
        user.name in READERS for user in users
    ):
        return False
    if not fuses or any(user.name not in READERS for user in users):
        return True
    return len(users) > 1 and item.name in EXPENSIVE


@dataclass(frozen=True)
class Schedule:
    """Items with what is written to memory and when it dies: all that does not depend on sizes."""

    items: tuple[Item, ...]
    materialised: frozenset[int]
    free: frozenset[int]  # written, but counted elsewhere
    dies: dict[int, list[int]]
    unread: frozenset[int]

    def liveness(self, size_of: Callable[[int], int]) -> Liveness:
        """Go through the items in order."""
        live: dict[int, int] = {}
        total = 0
        totals: list[int] = []
        peak, peak_at, at_peak = -1, 0, dict(live)
        for index, item in enumerate(self.items):
            dying = [value for value in self.dies.get(index, ()) if value in live]
            new = {value: size_of(value) for value in item.results if value in self.materialised and value not in self.free}
            reusable = sum(live[value] for value in dying if item.name in FUSES_IN_PLACE or value in item.overwrites)
            made = sum(new.values())
            now = total + item.inner_bytes + max(0, made - reusable)
            totals.append(now)
            live.update(new)
            total += made
            if now > peak:
                peak, peak_at, at_peak = now, index, dict(live)
            for value in (*dying, *(value for value in new if value in self.unread)):
                total -= live.pop(value, 0)
        return Liveness(
            self.items, tuple(totals), peak_at, tuple(sorted(at_peak, key=at_peak.__getitem__, reverse=True)), self.materialised
        )


def schedule(
    items: tuple[Item, ...],
    held: frozenset[int],
    outputs: frozenset[int],
    can_take_over: Callable[[int, int], bool],
    *,
    fuses: bool = True,
) -> Schedule:
    """A sequence of items. `held` values are counted elsewhere (arguments, captures); `outputs` too.

    `can_take_over` says whether a result (second) may have the buffer of a value (first) that nobody reads afterwards.
    """
    users: dict[int, list[Item]] = {}
    for item in items:
        for value in dict.fromkeys(item.reads):
            users.setdefault(value, []).append(item)
    made = {value: item for item in items for value in item.results}
    written = frozenset(v for v, item in made.items() if is_materialised(v, item, users.get(v, []), outputs, fuses))
    last = _last_reads(items, written)
    free = held | _written_in_place(items, outputs, last, can_take_over)
    dies: dict[int, list[int]] = {}
    for value, index in last.items():
        if value in written and value not in free:
            dies.setdefault(index, []).append(value)
    return Schedule(items, written, free, dies, written - last.keys())


def _last_reads(items: tuple[Item, ...], written: frozenset[int]) -> dict[int, int]:
    """For each value the last item that needs it; fused readers need it as late as their own result is needed."""
    last: dict[int, int] = {}
    for index in range(len(items) - 1, -1, -1):
        item = items[index]
        is_fused = bool(item.results) and not any(value in written for value in item.results)
        until = max((last.get(value, index) for value in item.results), default=index) if is_fused else index
        for value in item.reads:
            last[value] = max(last.get(value, -1), until)
    return last


def _written_in_place(
    items: tuple[Item, ...], outputs: frozenset[int], last: dict[int, int], can_take_over: Callable[[int, int], bool]
) -> frozenset[int]:
    """The outputs, and the buffers that become outputs by being written over."""
    found = set(outputs)
    for index in range(len(items) - 1, -1, -1):
        item = items[index]
        if item.name in ("stablehlo.while", "stablehlo.dynamic_update_slice", "stablehlo.sort", *VIEWS):
            for value, result in zip(item.overwrites, item.results, strict=False):
                if result in found and last.get(value) == index:
                    found.add(value)
        elif item.name in FUSES_IN_PLACE and item.results[0] in found:
            dying = (value for value in item.reads if last.get(value) == index and can_take_over(value, item.results[0]))
            found.update(itertools.islice(dying, 1))
    return frozenset(found)


def overwritten(name: str, operands: tuple[int, ...]) -> tuple[int, ...]:
    """The operands that an operation may write its results over, if nobody reads them afterwards."""
    if name in VIEWS or name == "stablehlo.dynamic_update_slice":
        return operands[:1]
    return operands if name in IN_PLACE else ()


def graph_items(graph: Graph, fuses: bool = True) -> tuple[Item, ...]:
    """The nodes of a graph as items; a loop or a branch takes what its own bodies take."""
    return tuple(
        Item(node.name, node.reads, node.results, inner_bytes(node, fuses), node.index, overwritten(node.name, node.operands))
        for node in graph.nodes
    )


def inner_bytes(node: Node, fuses: bool = True) -> int:
    """Temporaries of the bodies of control flow; the bodies of reducers and comparators work on scalars."""
    if node.name not in CONTROL_FLOW:
        return 0
    return max(graph_liveness(snapshot(region.blocks[0]), fuses=fuses).peak_bytes for region in node.op.regions)


def graph_liveness(graph: Graph, *, fuses: bool = True) -> Liveness:
    """The temporaries of a block. Its results are counted outside, but for those of a body that are not written in place."""
    held = frozenset(value for value, owner in enumerate(graph.owner) if owner < 0)
    outputs = graph.outputs
    if graph.terminator.name == "stablehlo.return":
        outputs = frozenset(v for v in outputs if graph.owner[v] < 0 or graph.nodes[graph.owner[v]].name in IN_PLACE)
    return schedule(graph_items(graph, fuses), held, outputs, graph.can_take_over, fuses=fuses).liveness(graph.bytes.__getitem__)


CONTROL_FLOW = frozenset({"stablehlo.while", "stablehlo.if", "stablehlo.case"})
