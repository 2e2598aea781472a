"""Which buffers are live when: an estimate of the compiler's peak, from a model of what XLA fuses and of what it reuses in place.

The order is the program's own; XLA's scheduler may do better. Arguments and outputs are counted apart, as the compiler's report does.
"""

import contextlib
import functools
import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

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
CONTROL_FLOW = frozenset({"stablehlo.while", "stablehlo.if", "stablehlo.case"})
# These hand the buffers that they write over on to their results, one by one.
_HANDS_ON = VIEWS | {"stablehlo.while", "stablehlo.dynamic_update_slice", "stablehlo.sort"}

Integers = npt.NDArray[np.int64]


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


def is_materialised(value: int, item: Item, users: Sequence[Item], outputs: frozenset[int], fuses: bool) -> bool:
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


class Schedule:
    """Items, with what is written to memory, until when, and what is written over: all that does not depend on sizes.

    What is so of a value follows from later items. When a few items change, only what comes before them is looked at again, and only as
    far as something changes there: the planner weighs hundreds of loops in long programs.
    """

    def __init__(
        self,
        items: Sequence[Item],
        makers: list[int],
        users: list[list[int]],
        held: frozenset[int],
        outputs: frozenset[int],
        can_take_over: Callable[[int, int], bool],
        *,
        fuses: bool,
        is_body: bool = False,
    ) -> None:
        self.items, self.makers, self.users = list(items), makers, users
        self.held, self.outputs, self.can_take_over, self.fuses = held, outputs, can_take_over, fuses
        self.is_body = is_body  # whose outputs are counted outside only where they are written in place
        count = len(makers)
        self.written = [False] * count
        self.last = [-1] * count  # the last item that needs the value; fused readers need it as late as their own result is needed
        self.taken: list[tuple[int, ...]] = [()] * len(items)  # what becomes an output by being written over, item by item
        self.is_counted = np.zeros(count, bool)  # written, and not counted elsewhere
        self.born = np.zeros(count, np.int64)
        self.dies = np.zeros(count, np.int64)
        self.is_reused = np.zeros(count, bool)  # whether the item in which it dies may write over it
        self.inner_bytes = np.array([item.inner_bytes for item in items], np.int64)
        self.order = self.place = np.arange(0)
        self._place: list[int] = []  # the same in plain Python
        self._before: list[tuple[Any, int, Any]] | None = None  # what was changed in a trial
        self._put_in_order(np.arange(len(items)))
        self.settle(range(count), range(len(items)))

    def insert(self, item: Item, at: int, moved: Sequence[int], gone: Collection[int]) -> int:
        """Add an item, before a place, followed by the `moved` ones, and leave out those that are `gone`; its number."""
        taken_out = np.sort(self.place[[*moved, *gone]])
        rest = np.delete(self.order, taken_out)
        at -= int(np.searchsorted(taken_out, at))
        self.items.append(item)
        self.taken.append(())
        self.inner_bytes = np.append(self.inner_bytes, item.inner_bytes)
        self._put_in_order(np.insert(rest, at, [len(self.items) - 1, *moved]))
        return len(self.items) - 1

    def change(self, facts: Any, at: int, fact: Any) -> None:
        """Set an entry of a list or an array; after a trial it is as before."""
        if self._before is not None:
            self._before.append((facts, at, facts[at]))
        facts[at] = fact

    @contextlib.contextmanager
    def trial(self) -> Iterator[None]:
        """Whatever is changed meanwhile is as before afterwards. Trials may be inside of each other."""
        outer, self._before = self._before, []
        count, order, inner_bytes = len(self.items), (self.order, self.place, self._place), self.inner_bytes
        try:
            yield
        finally:
            for facts, at, fact in reversed(self._before):
                facts[at] = fact
            del self.items[count:], self.taken[count:]
            self.order, self.place, self._place = order
            self._before, self.inner_bytes = outer, inner_bytes

    def _put_in_order(self, order: Integers) -> None:
        self.order = order
        self.place = np.full(len(self.items), -1)  # of each item in the order; -1 where it does not run
        self.place[order] = np.arange(len(order))
        self._place = self.place.tolist()

    @property
    def materialised(self) -> frozenset[int]:
        """The values that are written to memory."""
        return frozenset(value for value, is_written in enumerate(self.written) if is_written)

    def settle(self, values: Iterable[int], items: Iterable[int], moved: Collection[int] = ()) -> None:
        """Look again at values whose maker or readers changed, at items that did, and at all that depends on them.

        `moved` items run at another place than before.
        """
        changed = set(values)
        touched = self._settle_last(changed, moved)
        changed |= self._settle_taken({*touched, *items})
        for value in changed:
            maker, last = self.makers[value], self.last[value]
            self.change(self.is_counted, value, self.written[value] and value not in self.held and not self._is_output(value))
            self.change(self.born, value, maker)
            self.change(self.dies, value, maker if last < 0 else last)
            item = self.items[last]
            self.change(self.is_reused, value, last >= 0 and (item.name in FUSES_IN_PLACE or value in item.overwrites))

    def _settle_last(self, changed: set[int], moved: Collection[int]) -> set[int]:
        """Whether values are written, and when they are needed last.

        Adds the values that differ from before, and gives the items in which some begin or cease to die.
        """
        queue = [(-self._made_at(value), value) for value in changed]
        heapq.heapify(queue)
        seen: set[int] = set()
        touched: set[int] = set()
        while queue:
            _, value = heapq.heappop(queue)
            if value in seen:
                continue
            seen.add(value)
            maker, before = self.makers[value], (self.written[value], self.last[value])
            now = self._is_written(value), self._last_reader(value)
            if now == before and now[1] not in moved:
                continue
            changed.add(value)
            touched.update(item for item in (before[1], now[1]) if item >= 0)
            self.change(self.written, value, now[0])
            self.change(self.last, value, now[1])
            if maker >= 0 and self.items[maker].name in FUSED:
                for read in self.items[maker].reads:
                    heapq.heappush(queue, (-self._made_at(read), read))
        return touched

    def _made_at(self, value: int) -> int:
        maker = self.makers[value]
        return self._place[maker] if maker >= 0 else -1

    def _is_written(self, value: int) -> bool:
        if self._made_at(value) < 0:
            return False
        users = [self.items[user] for user in self.users[value]]
        return is_materialised(value, self.items[self.makers[value]], users, self.outputs, self.fuses)

    def _last_reader(self, value: int) -> int:
        """The last item that needs a value, or -1."""
        return max((self._needs_until(user) for user in self.users[value]), key=self._place.__getitem__, default=-1)

    def _needs_until(self, item: int) -> int:
        """Where an item needs what it reads: it is fused into the items that read its results, or needs it itself."""
        results = self.items[item].results
        if not results or any(self.written[value] for value in results):
            return item
        return max((self.last[value] for value in results if self.last[value] >= 0), key=self._place.__getitem__, default=item)

    def _settle_taken(self, items: Iterable[int]) -> set[int]:
        """What items write over on the way to an output; gives the values that it changed for."""
        # What does not run any more is seen to first; the others from the last one on.
        queue = [(-self._place[item] if self._place[item] >= 0 else -len(self.items), item) for item in items]
        heapq.heapify(queue)
        seen: set[int] = set()
        changed: set[int] = set()
        while queue:
            _, item = heapq.heappop(queue)
            if item in seen:
                continue
            seen.add(item)
            before, now = self.taken[item], self._taken_by(item)
            if now != before:
                self.change(self.taken, item, now)
                differs = {*before} ^ {*now}
                changed |= differs
                for maker in (self.makers[value] for value in differs):
                    if maker >= 0 and self._place[maker] >= 0:
                        heapq.heappush(queue, (-self._place[maker], maker))
        return changed

    def _taken_by(self, index: int) -> tuple[int, ...]:
        item = self.items[index]
        if self._place[index] < 0:
            return ()
        if item.name in _HANDS_ON:
            pairs = zip(item.overwrites, item.results, strict=False)
            return tuple(value for value, result in pairs if value >= 0 and self.last[value] == index and self._is_output(result))
        if item.name in FUSES_IN_PLACE and self._is_output(item.results[0]):
            dying = (value for value in item.reads if self.last[value] == index and self.can_take_over(value, item.results[0]))
            return tuple(dying)[:1]
        return ()

    def _is_output(self, value: int) -> bool:
        """Whether its buffer is one of the outputs', which are counted elsewhere."""
        if value in self.outputs and not (self.is_body and self.makers[value] >= 0 and self.items[self.makers[value]].name not in IN_PLACE):
            return True
        return self.last[value] >= 0 and value in self.taken[self.last[value]]

    # Sizes

    def live_bytes(self, sizes: Integers) -> Integers:
        """The temporary bytes while each item runs, in order."""
        counted = np.flatnonzero(self.is_counted)
        sizes, born, dies = sizes[counted], self.place[self.born[counted]], self.place[self.dies[counted]]
        count = len(self.order)
        made = np.bincount(born, sizes, count)
        died = np.bincount(dies, sizes, count)
        reused = np.bincount(dies, sizes * self.is_reused[counted], count)
        before = np.cumsum(made - died) - (made - died)
        return (before + np.maximum(0, made - reused)).astype(np.int64) + self.inner_bytes[self.order]

    def values_at(self, place: int, sizes: Integers) -> list[int]:
        """The values in memory once the item at a place has run, before what dies in it is gone; the largest first."""
        counted = np.flatnonzero(self.is_counted)
        born, dies = self.place[self.born[counted]], self.place[self.dies[counted]]
        found = counted[(born <= place) & (place <= dies)].tolist()
        return sorted(found, key=lambda value: (-sizes[value], self._made_at(value), value))

    def liveness(self, size_of: Callable[[int], int]) -> Liveness:
        """The temporaries for values of these sizes."""
        sizes = np.array([size_of(value) for value in range(len(self.makers))], np.int64)
        live = self.live_bytes(sizes)
        peak_at = int(live.argmax()) if len(live) else 0
        items = tuple(self.items[item] for item in self.order)
        return Liveness(items, tuple(live.tolist()), peak_at, tuple(self.values_at(peak_at, sizes)), self.materialised)


def schedule(
    items: Sequence[Item],
    held: frozenset[int],
    outputs: frozenset[int],
    can_take_over: Callable[[int, int], bool],
    *,
    fuses: bool = True,
) -> Schedule:
    """A sequence of items. `held` values are counted elsewhere (arguments, captures); `outputs` too.

    `can_take_over` says whether a result (second) may have the buffer of a value (first) that nobody reads afterwards.
    """
    count = 1 + max((value for item in items for value in (*item.reads, *item.results)), default=-1)
    makers = [-1] * count
    users: list[list[int]] = [[] for _ in range(count)]
    for index, item in enumerate(items):
        for value in dict.fromkeys(item.reads):
            users[value].append(index)
        for value in item.results:
            makers[value] = index
    return Schedule(items, makers, users, held, outputs, can_take_over, fuses=fuses)


def overwritten(name: str, operands: tuple[int, ...]) -> tuple[int, ...]:
    """The operands that an operation may write its results over, if nobody reads them afterwards."""
    if name in VIEWS or name == "stablehlo.dynamic_update_slice":
        return operands[:1]
    return operands if name in IN_PLACE else ()


def graph_items(graph: Graph, fuses: bool = True, inner: Callable[[Node], int] | None = None) -> tuple[Item, ...]:
    """The nodes of a graph as items; a loop or a branch takes what its own bodies take (`inner`, where that is known already)."""
    inner = inner or functools.partial(inner_bytes, fuses=fuses)
    return tuple(
        Item(node.name, node.reads, node.results, inner(node), node.index, overwritten(node.name, node.operands)) for node in graph.nodes
    )


def inner_bytes(node: Node, fuses: bool = True, inner: Callable[[Node], int] | None = None) -> int:
    """Temporaries of the bodies of control flow; the bodies of reducers and comparators work on scalars."""
    if node.name not in CONTROL_FLOW:
        return 0
    return max(graph_liveness(snapshot(region.blocks[0]), fuses=fuses, inner=inner).peak_bytes for region in node.op.regions)


def graph_schedule(graph: Graph, items: Sequence[Item], *, fuses: bool = True) -> Schedule:
    """The nodes of a graph, as items; made once. Its results are counted outside, but for those of a body that are not written in place."""
    if (Schedule, fuses) not in graph.found:
        is_body = graph.terminator.name == "stablehlo.return"
        users = [list(each) for each in graph.users]
        graph.found[Schedule, fuses] = Schedule(
            items, list(graph.owner), users, graph.outer, graph.outputs, graph.can_take_over, fuses=fuses, is_body=is_body
        )
    made: Schedule = graph.found[Schedule, fuses]
    return made


def graph_liveness(graph: Graph, *, fuses: bool = True, inner: Callable[[Node], int] | None = None) -> Liveness:
    """The temporaries of a block."""
    return graph_schedule(graph, graph_items(graph, fuses, inner), fuses=fuses).liveness(graph.bytes.__getitem__)
