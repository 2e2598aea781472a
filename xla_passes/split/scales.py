"""What the steps of a block take with a loop in it, found from what the loop changes: a long program is weighed with hundreds of loops."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from xla_passes.analysis.graph import Graph
from xla_passes.analysis.liveness import Integers, Item, graph_schedule
from xla_passes.split.region import Region, dead_nodes


@dataclass(frozen=True)
class Around:
    """The temporaries of a block with a loop in it, those of the loop itself left out."""

    live_bytes: Integers  # step by step
    loop_at: int  # the loop's step
    materialised: frozenset[int]

    @property
    def peak_bytes(self) -> int:
        """The largest of `live_bytes`."""
        return int(self.live_bytes.max())

    def overflow_bytes(self, budget_bytes: int) -> int:
        """By how much the program is over, summed over its steps."""
        return int(np.maximum(0, self.live_bytes - budget_bytes).sum())


class Scales:
    """A block, into which one loop after another is put to see what it does."""

    def __init__(self, graph: Graph, items: Sequence[Item], *, fuses: bool) -> None:
        self.graph, self.fuses = graph, fuses
        self._schedule = graph_schedule(graph, items, fuses=fuses)
        self._sizes = np.array(graph.bytes, np.int64)

    def with_loop(self, region: Region) -> Around:
        """What the block takes once the region's loop stands in it."""
        schedule = self._schedule
        with schedule.trial():
            loop = self._put(region)
            return Around(schedule.live_bytes(self._sizes), int(schedule.place[loop]), schedule.materialised)

    def _put(self, region: Region) -> int:
        """Let the loop take the place of what it computes; the number of its item."""
        graph, schedule = self.graph, self._schedule
        item = loop_item(region)
        gone = dead_nodes(graph, item.results, item.reads)
        anchor, moved = self._place_for(item, gone)
        loop = schedule.insert(item, anchor, moved, gone)
        for value in {value for node in gone for value in graph.nodes[node].reads}:
            schedule.change(schedule.users, value, [user for user in graph.users[value] if user not in gone])
        for value in item.reads:
            schedule.change(schedule.users, value, [*schedule.users[value], loop])
        for value in item.results:
            schedule.change(schedule.makers, value, loop)
        nodes = [graph.nodes[index] for index in (*gone, *moved)]
        changed = {*item.reads, *item.results, *(value for node in nodes for value in (*node.reads, *node.results))}
        schedule.settle(changed, {loop, *gone, *moved}, moved)
        return loop

    def _place_for(self, item: Item, gone: Collection[int]) -> tuple[int, list[int]]:
        """The node before which the loop comes, and those that have to follow it: as late as can be, once all that it reads is there."""
        graph = self.graph
        readers = [user for value in item.results for user in graph.users[value] if user not in gone]
        last_source = max((graph.owner[value] for value in item.reads), default=-1)
        moved: set[int] = set()
        pending = [user for user in readers if user < last_source]
        while pending:
            index = pending.pop()
            if index not in moved:
                moved.add(index)
                users = {user for value in graph.nodes[index].results for user in graph.users[value]}
                pending.extend(user for user in users if user < last_source and user not in gone)
        return last_source + 1 if moved else min(readers), sorted(moved)


def scales_of(graph: Graph, items: Sequence[Item], *, fuses: bool) -> Scales:
    """The scales of a block whose nodes are `items`; they are made once."""
    if (Scales, fuses) not in graph.found:
        graph.found[Scales, fuses] = Scales(graph, items, fuses=fuses)
    made: Scales = graph.found[Scales, fuses]
    return made


def loop_item(region: Region) -> Item:
    """A region's loop as one thing that runs; what its body takes is left out."""
    reads = tuple(dict.fromkeys([*(value for value, _ in region.sliced), *region.whole]))
    buffers = tuple(-1 if sink.buffer is None else sink.buffer for sink in region.sinks)
    return Item("stablehlo.while", reads, tuple(sink.value for sink in region.sinks), overwrites=buffers)
