"""What was planned once is planned again where the program looks the same: the layers of a deep network are not searched one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from xla_passes.analysis.graph import Graph
from xla_passes.split.courses import Turn
from xla_passes.split.region import CHEAP

REACH = 3  # operations around a value that have to be alike


@dataclass
class Precedents:
    """Chains of loops, by the surroundings of the value that they are over."""

    _known: dict[tuple[int, int], tuple[Turn, ...]] = field(default_factory=dict)
    _numbers: dict[object, int] = field(default_factory=dict)  # of the surroundings that were seen

    def find(self, graph: Graph, targets: Sequence[int], budget: int) -> tuple[Turn, ...]:
        """The loops that were chosen for a value that looked like one of these."""
        for target, kind in zip(targets, self._kinds(graph, targets), strict=True):
            if (kind, budget) in self._known:
                return tuple(replace(turn, target=target) for turn in self._known[kind, budget])
        return ()

    def note(self, graph: Graph, budget: int, turns: tuple[Turn, ...]) -> None:
        """Remember what was chosen."""
        (kind,) = self._kinds(graph, [turns[0].target])
        self._known[kind, budget] = turns

    def _kinds(self, graph: Graph, targets: Sequence[int]) -> list[int]:
        view = _View(graph, self._numbers)
        return [view.surroundings(target, REACH) for target in targets]


@dataclass
class _View:
    """A graph, and numbers for what is around its values: the same wherever it is alike."""

    graph: Graph
    numbers: dict[object, int]
    _seen: dict[tuple[int, int], int] = field(default_factory=dict)

    def surroundings(self, value: int, reach: int) -> int:
        """The operations up to `reach` steps from a value."""
        if (value, reach) not in self._seen:
            graph = self.graph
            node = graph.producer(value)
            facts: tuple[object, ...] = graph.shapes[value], graph.bytes[value]
            if node:
                facts += node.name, node.results.index(value)
                if reach:
                    facts += tuple(self.surroundings(read, reach - 1) for read in node.reads)
                # Constants and the like are read all over the program.
                if reach and node.name not in CHEAP:
                    facts += ("readers", *sorted(self._reader(user, value, reach - 1) for user in graph.users[value]))
            self._seen[value, reach] = self._number(facts)
        return self._seen[value, reach]

    def _reader(self, user: int, value: int, reach: int) -> int:
        node = self.graph.nodes[user]
        made = tuple(self.surroundings(result, reach) for result in node.results)
        return self._number((node.name, node.reads.index(value), made))

    def _number(self, facts: object) -> int:
        return self.numbers.setdefault(facts, len(self.numbers))
