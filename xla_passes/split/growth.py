"""Grow the region of one loop from a large value and one of its dimensions: what is computed piece by piece, from what, into what.

Backwards through producers while they are large, forwards through consumers while their results are large. A reduction factor ends
a path with an accumulator, a small parallel result ends it with a buffer that pieces are written into.
"""

import functools
import heapq
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from xla_passes.analysis.graph import Graph, Node
from xla_passes.patterns import has_side_effects
from xla_passes.split.axes import Axes, Label, NeedsUnitError, to_factor
from xla_passes.split.factors import Axis, Factor, Kind, Restart
from xla_passes.split.region import CHEAP, COPIES, Region, Sink, Step, dead_nodes
from xla_passes.split.table import RULES

_Key = TypeVar("_Key")


@dataclass(frozen=True)
class Growth:
    """How far a region reaches: values from `large_bytes` on are computed in pieces, smaller ones are kept whole outside."""

    large_bytes: int
    recomputes_whole: bool = False  # large values that are needed whole are computed again inside, for a nested loop to split
    restarts: tuple[Restart, ...] = ()  # loops of which the trips of a piece may be run again, from a checkpoint


def grow(graph: Graph, axes: Axes, target: int, axis: int, growth: Growth) -> Region | None:
    """The region of a loop over one dimension of a value, or None where it has no result that could be kept."""
    size = graph.shapes[target][axis]
    unit = 1
    while size > unit and size % unit == 0:
        try:
            return _Grower(graph, axes, growth, target, Label(axis, unit), size // unit).region()
        except NeedsUnitError as needed:
            unit *= needed.unit
    return None


class _Grower:
    """The state of one growth. Its containers only ever gain entries, so that a step that led nowhere is undone by their lengths."""

    def __init__(self, graph: Graph, axes: Axes, growth: Growth, target: int, label: Label, units: int) -> None:
        self.graph, self.axes, self.growth = graph, axes, growth
        self.target, self.label, self.units = target, label, units
        self.requested: dict[tuple[int, Label | None], None] = {}
        self.computed: dict[tuple[int, Label | None], None] = {}  # those of the requested that the body computes; the others are sources
        self.steps: dict[Step, None] = {}
        self.sinks: dict[int, Sink] = {}
        self.covered: dict[int, Label] = {}  # values of which the body computes every piece once
        self.downstream = 0  # the nodes that need a sink, or what is computed from one, as the bits of an integer
        self.made_at = 0  # the nodes that make sinks,
        self.from_nodes = 0  # and those that make what was asked for and not computed at first, likewise
        # Which way the loop goes, once something asks: from the last piece to the first or not. What restarts is read against its order.
        self.directions: dict[bool, None] = {not each.trips.is_backwards: None for each in growth.restarts}
        self.left: set[int] = set()  # nodes that need a result of the loop
        self.waits = False  # a request came to something that only exists after the loop

    def region(self) -> Region | None:
        """Grow to the end."""
        self._request(self.target, self.label)
        if (self.target, self.label) not in self.computed:
            return None
        self._grow_forwards()
        return self._pruned()

    # Backwards

    def _request(self, value: int, label: Label | None) -> None:
        """Ask for a piece of a value (or for all of it): the body computes it, or it is taken from outside."""
        pending: list[tuple[int, Label | None] | Step] = [(value, label)]
        while pending:
            wanted = pending.pop()
            if isinstance(wanted, Step):  # its operands have been seen to
                self._add_step(wanted)
                continue
            if wanted in self.requested or self.waits:
                continue
            self.requested[wanted] = None
            step = self._step_for(*wanted)
            self.waits = step is None and self._is_downstream(wanted[0])
            if step is None:
                self.from_nodes |= self._bit(wanted[0])
            if step:
                pending.append(step)
                pending.extend(reversed(step.reads(self.graph.nodes[step.node])))

    def _step_for(self, value: int, label: Label | None) -> Step | None:
        index = self.graph.owner[value]
        if index < 0 or (index in self.left and self._is_downstream(value)):
            return None
        node = self.graph.nodes[index]
        if label is None:
            return Step(index) if self._is_recomputed_whole(node, value) else None
        if not self._is_recomputed(node, value):
            return None
        factor = self._restarted(node, self.axes.of_result(node, value, label.dim))
        if factor is None or factor.kind is Kind.BLOCKED:
            return None
        axis = factor.results[node.results.index(value)]
        assert axis is not None
        units = to_factor(label, axis)
        needs_all = factor.kind is Kind.SEQUENTIAL or factor.restart
        if units is None or (needs_all and not label.covers(self.units, self.graph.shapes[value][label.dim])):
            return None
        return Step(index, factor, *units) if self._keeps_order(factor) else None

    def _restarted(self, node: Node, factor: Factor | None) -> Factor | None:
        """The factor of a node, or, of a loop that has checkpoints, its trips in any order."""
        for restart in self.growth.restarts:
            if restart.loop == node.op and restart.trips == factor:
                waits = any(map(self._is_downstream, node.reads))  # the loop that writes the checkpoints comes before this one
                return None if waits else replace(factor, kind=Kind.PARALLEL, is_backwards=False, restart=restart)
        return factor

    def _keeps_order(self, factor: Factor) -> bool:
        """Whether pieces come in the order that a factor asks for: a loop goes one way, and the first that asks says which."""
        if factor.kind is not Kind.SEQUENTIAL and (factor.kind is not Kind.REDUCTION or factor.any_order):
            return True
        if self.directions and factor.is_backwards not in self.directions:
            return False
        self.directions[factor.is_backwards] = None
        return True

    def _is_recomputed(self, node: Node, value: int) -> bool:
        """Large values, those that cost nothing to compute again from a slice, and those that wait for a result of the loop."""
        is_large = self.graph.bytes[value] >= self.growth.large_bytes
        return value == self.target or is_large or node.name in CHEAP or self._is_downstream(value)

    def _is_recomputed_whole(self, node: Node, value: int) -> bool:
        if node.name == "stablehlo.constant":
            return not self.graph.shapes[value]
        can_be_copied = not node.captures and node.name != "stablehlo.rng" and not has_side_effects(node.op)
        return self.growth.recomputes_whole and self.graph.bytes[value] >= self.growth.large_bytes and can_be_copied

    def _add_step(self, step: Step) -> None:
        self.steps[step] = None
        node = self.graph.nodes[step.node]
        for value in self._reads_whole(step):
            self.from_nodes |= self._bit(value)
        # What costs nothing to make again is no reason for its other consumers to join.
        is_followed = node.name not in CHEAP or any(value in self.covered for value in node.operands)
        for value, label in step.offers(node):
            self.requested[value, label] = None
            self.computed[value, label] = None
            is_whole = label and label.covers(self.units, self.graph.shapes[value][label.dim])
            if label and is_whole and (is_followed or value == self.target):
                self.covered.setdefault(value, label)

    # Forwards

    def _grow_forwards(self) -> None:
        queue: list[int] = []
        seen: set[int] = set()

        def push(values: Iterable[int]) -> None:
            for value in values:
                for user in self.graph.users[value]:
                    if user not in seen:
                        heapq.heappush(queue, user)

        push(self.covered)
        while queue:
            index = heapq.heappop(queue)
            if index in seen:
                continue
            seen.add(index)
            before = len(self.covered)
            self._join(self.graph.nodes[index])
            push(value for value in tail(self.covered, before) if value not in self.sinks)
        for step in list(self.steps):  # what a loop of the program itself makes beside pieces, such as its counter
            node = self.graph.nodes[step.node]
            for value, label in step.makes(node) if step.factor and not (step.is_reduction or step.is_restarted) else ():
                if label is None:
                    self._unless_cyclic(functools.partial(self._produce, Sink(value, None)))

    def _join(self, node: Node) -> None:
        """Take a consumer into the body if it carries the loop's factor and needs no result of the loop; keep what is returned."""
        if node is self.graph.terminator:
            for value in node.operands:
                self._unless_cyclic(functools.partial(self._sink, value))
            return
        step = self._forward_factor(node)
        if step and step not in self.steps and not self._unless_cyclic(functools.partial(self._take_in, step)):
            self.left.add(node.index)

    def _unless_cyclic(self, change: Callable[[], None]) -> bool:
        """Make a change, and undo it if the loop would then read what depends on its own results; whether it stands."""
        containers: tuple[dict[Any, Any], ...] = (
            self.requested, self.computed, self.steps, self.covered, self.directions, self.sinks,
        )  # fmt: skip
        lengths, nodes = [len(container) for container in containers], (self.downstream, self.made_at, self.from_nodes)
        self.waits = False
        change()
        is_suspect = len(self.sinks) > lengths[-1] and (self.growth.restarts or (self.downstream | self.made_at) & self.from_nodes)
        stands = not self.waits and not (is_suspect and any(map(self._is_downstream, self._sources())))
        if not stands:
            self.downstream, self.made_at, self.from_nodes = nodes
            for container, length in zip(containers, lengths, strict=True):
                while len(container) > length:
                    container.popitem()
        return stands

    def _take_in(self, step: Step) -> None:
        node = self.graph.nodes[step.node]
        assert step.factor is not None
        if not self._keeps_order(step.factor):
            self.waits = True
            return
        for operand, wanted in step.reads(node):
            self._request(operand, wanted)
            if wanted and wanted.frame and operand in self.covered and (operand, wanted) not in self.computed:
                self.waits = True  # all of it would be computed outside, for the sake of the halo
        self._add_step(step)
        for value, label in step.makes(node):
            if label is None and (step.is_reduction or step.is_sequential):
                self._produce(Sink(value, None))
            elif label and self.graph.bytes[value] < self.growth.large_bytes:
                self._sink(value)

    def _forward_factor(self, node: Node) -> Step | None:
        """The factor of a consumer that takes in all of a value that the body computes in pieces."""
        for at, value in enumerate(node.reads):
            label = self.covered.get(value)
            factor = self._restarted(node, self.axes.of_operand(node, at, label.dim)) if label else None
            if label is None or factor is None or factor.kind is Kind.BLOCKED:
                continue
            axis = factor.operands[at]
            if not isinstance(axis, Axis):  # a window: as many units as the loop has, and the value computed again with its halo
                if factor.size % self.units == 0:
                    return Step(node.index, factor, factor.size // self.units)
            elif not axis.shift and axis.scale * factor.size == self.graph.shapes[value][label.dim]:
                return Step(node.index, factor, *(to_factor(label, axis) or ()))
        return None

    def _sink(self, value: int) -> None:
        if value not in self.sinks and (label := self.covered.get(value)):
            self._produce(Sink(value, label))

    def _produce(self, sink: Sink) -> None:
        self.sinks[sink.value] = sink
        self.made_at |= self._bit(sink.value)
        for user in self.graph.users[sink.value]:
            self.downstream |= self.graph.descendants[user] | 1 << user

    def _is_downstream(self, value: int) -> bool:
        """Whether it is a sink, or computed from one: it only exists after the loop."""
        return value in self.sinks or (self.graph.owner[value] >= 0 and bool(self.downstream >> self.graph.owner[value] & 1))

    def _bit(self, value: int) -> int:
        return 1 << self.graph.owner[value] if self.graph.owner[value] >= 0 else 0

    def _sources(self) -> set[int]:
        again = (self.graph.nodes[step.node].reads for step in self.steps if step.is_restarted)
        outside = (self._reads_whole(step) for step in self.steps)  # from where it is before the loop, even if the body computes it, too
        return {key[0] for key in self.requested if key not in self.computed}.union(*again, *outside)

    # What comes out

    def _pruned(self) -> Region | None:
        """Only the sinks that something outside still reads, and only the steps that they need."""
        dead = dead_nodes(self.graph, self.sinks, self._sources())
        read = {value for value in self.sinks if any(user not in dead for user in self.graph.users[value])}
        totals = {step.node for step in self.steps if step.is_reduction}
        owners = {self.graph.owner[value] for value in read} & totals
        sinks = {
            value: sink
            for value, sink in self.sinks.items()
            if value in read or (sink.label is None and self.graph.owner[value] in owners)  # argmin's pair goes together
        }
        # In order: what the module looks like may not depend on the process.
        needed: dict[tuple[int, Label | None], None] = {(sink.value, sink.label): None for sink in sinks.values() if sink.label}
        steps: list[Step] = []
        for step in sorted(self.steps, key=lambda step: -step.node):  # what was a source at first may have joined later
            if self._is_needed(step, needed, sinks):
                steps.append(step)
                needed.update(dict.fromkeys(step.reads(self.graph.nodes[step.node])))
        if all(self.graph.nodes[step.node].name in COPIES for step in steps):
            return None  # what comes out is as large as what goes in
        if not any(sink.label for sink in sinks.values()) and not any(step.is_reduction or step.is_sequential for step in steps):
            return None  # nothing is made of the pieces
        sources = [key for key in needed if key not in self.computed]
        outside = {value: None for step in steps for value in self._reads_whole(step)}
        return Region(
            target=self.target,
            axis=self.label.dim,
            unit=self.label.scale,
            units=self.units,
            steps=tuple(reversed(steps)),
            sliced=tuple((value, label) for value, label in sources if label),
            whole=tuple(dict.fromkeys([*(value for value, label in sources if label is None), *outside])),
            sinks=self._with_buffers(tuple(sinks[value] for value in sorted(sinks)), sources, steps),
            shortest=max((-(-step.factor.shortest // step.scale) for step in steps if step.factor), default=1),
        )

    def _reads_whole(self, step: Step) -> list[int]:
        """What a step needs beside its operands."""
        return [*self._captures(step), *self._initial_values(step), *self._checkpoints(step)]

    def _captures(self, step: Step) -> tuple[int, ...]:
        """What the body of a reducer or the like takes from outside, as it is; the rules of control flow slice what they capture."""
        node = self.graph.nodes[step.node]
        return () if step.factor and len(step.factor.operands) > len(node.operands) else node.captures

    def _checkpoints(self, step: Step) -> list[int]:
        restart = step.factor.restart if step.factor else None
        return [self.graph.number[value] for value in restart.checkpoints if value is not None] if restart else []

    def _initial_values(self, step: Step) -> list[int]:
        """What the accumulators of a reduction, or a carry, start from."""
        if not (step.is_reduction or step.is_sequential):
            return []
        return [value for value, label in step.reads(self.graph.nodes[step.node]) if label is None]

    def _with_buffers(self, sinks: tuple[Sink, ...], sources: list[tuple[int, Label | None]], steps: list[Step]) -> tuple[Sink, ...]:
        """Give each sink a buffer to write over where one dies in the loop: `acc + piece` stays in place."""
        inside = {step.node for step in steps}
        labels: dict[int, list[Label | None]] = {}
        for value, label in sources:
            labels.setdefault(value, []).append(label)
        free = [
            value
            for value, found in labels.items()
            if len(found) == 1 and value not in self.graph.protected and all(user in inside for user in self.graph.users[value])
        ]
        chosen = []
        for sink in sinks:
            node = self.graph.nodes[self.graph.owner[sink.value]]
            if sink.label:
                same = [v for v in free if labels[v] == [sink.label] and self.graph.values[v].type == self.graph.values[sink.value].type]
            else:
                updated = node.operands[node.results.index(sink.value)] if RULES[node.name].updates else None
                same = [v for v in free if v == updated]
            for buffer in same[:1]:
                free.remove(buffer)
            chosen.append(Sink(sink.value, sink.label, same[0] if same else None))
        return tuple(chosen)

    def _is_needed(self, step: Step, needed: Collection[tuple[int, Label | None]], sinks: Collection[int]) -> bool:
        node = self.graph.nodes[step.node]
        if step.factor and any(label is None and value in sinks for value, label in step.makes(node)):
            return True
        return any(key in needed for key in step.offers(node))


def tail(container: dict[_Key, Any], start: int) -> Iterator[_Key]:
    """The keys that a dictionary gained since it had `start` entries."""
    return itertools.islice(reversed(container), len(container) - start)
