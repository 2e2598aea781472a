"""What one loop computes, as data: its steps, what it reads, what it makes. `growth` makes regions, `loops` emits them."""

from collections.abc import Collection
from dataclasses import dataclass, field

from xla_passes.analysis.graph import Graph, Node
from xla_passes.patterns import has_side_effects
from xla_passes.split.axes import Frame, Label, to_label
from xla_passes.split.factors import Axis, Factor, Kind, Window

# Computed again from a slice for less than it costs to keep.
CHEAP = frozenset({"stablehlo.broadcast_in_dim", "stablehlo.iota", "stablehlo.constant", "stablehlo.reshape", "stablehlo.convert"})


# These only move elements about.
COPIES = CHEAP | {
    "stablehlo.slice", "stablehlo.dynamic_slice", "stablehlo.transpose", "stablehlo.pad", "stablehlo.reverse", "stablehlo.concatenate",
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One operation of a loop's body: on pieces (a factor, and where its units are in the loop's or a frame's), or whole (no factor)."""

    node: int
    factor: Factor | None = None
    scale: int = 1
    shift: int = 0
    frame: Frame | None = None

    def label(self, axis: Axis | Window | None) -> Label | None:
        """How the step slices a value whose dimension `axis` carries its factor."""
        return to_label(self.scale, self.shift, self.frame, axis) if axis else None

    def reads(self, node: Node) -> list[tuple[int, Label | None]]:
        """What the step needs, and how sliced."""
        if self.factor is None:
            return [(value, None) for value in node.operands]
        return [(value, self.label(axis)) for value, axis in zip(node.reads, self.factor.operands, strict=False)]

    def makes(self, node: Node) -> list[tuple[int, Label | None]]:
        """What the step computes, and how sliced; of a reduction, the totals."""
        if self.factor is None:
            return [(value, None) for value in node.results]
        return [(value, self.label(axis)) for value, axis in zip(node.results, self.factor.results, strict=True)]

    def offers(self, node: Node) -> list[tuple[int, Label | None]]:
        """What other steps may take from it: totals, and what is handed from piece to piece, are not there in the loop."""
        if self.is_reduction or self.is_sequential or self.is_restarted:
            return [key for key in self.makes(node) if key[1]]
        return self.makes(node)

    @property
    def is_reduction(self) -> bool:
        """Whether it makes partial results, which are combined from piece to piece."""
        return self.factor is not None and self.factor.kind is Kind.REDUCTION

    @property
    def is_sequential(self) -> bool:
        """Whether it takes a carry from the piece before."""
        return self.factor is not None and self.factor.kind is Kind.SEQUENTIAL

    @property
    def is_restarted(self) -> bool:
        """Whether it runs some trips of a loop again, from a checkpoint."""
        return self.factor is not None and self.factor.restart is not None


@dataclass(frozen=True)
class Sink:
    """A value that the loop produces: written piece by piece (a label), or accumulated (none) by the reduction that computes it.

    Without a label and a reduction it is the same at every trip.

    `buffer` is a value that dies in the loop and of which each piece is read just where the result's piece goes: it is written over.
    """

    value: int
    label: Label | None
    buffer: int | None = None


@dataclass(frozen=True)
class Region:
    """What one loop computes; `steps` in an order that respects their dependences. Where it grew from does not make it another."""

    target: int = field(compare=False)
    axis: int = field(compare=False)
    unit: int = field(compare=False)  # elements of the target's axis in one unit of the loop
    units: int
    steps: tuple[Step, ...]
    sliced: tuple[tuple[int, Label], ...]
    whole: tuple[int, ...]
    sinks: tuple[Sink, ...]
    shortest: int  # units that a piece has to have

    @property
    def is_backwards(self) -> bool:
        """Whether pieces are taken from the last to the first."""
        return any(step.factor is not None and step.factor.is_backwards for step in self.steps)

    @property
    def is_parallel(self) -> bool:
        """Whether nothing depends on the piece before, so that the last piece may overlap it."""
        is_carried = any(step.is_reduction or step.is_sequential for step in self.steps)
        return not is_carried and all(sink.buffer is None for sink in self.sinks)


def dead_nodes(graph: Graph, replaced: Collection[int], read: Collection[int]) -> set[int]:
    """The nodes that nothing needs any more once a loop provides the `replaced` values and reads the others."""
    dead: set[int] = set()
    pending = [graph.owner[value] for value in replaced]
    while pending:
        index = pending.pop()
        if index >= 0 and index not in dead and _is_dead(graph, index, dead, replaced, read):
            dead.add(index)
            pending.extend(graph.owner[value] for value in graph.nodes[index].reads)
    return dead


def _is_dead(graph: Graph, index: int, dead: Collection[int], replaced: Collection[int], read: Collection[int]) -> bool:
    node = graph.nodes[index]
    for value in node.results:
        is_needed = value not in replaced and any(user not in dead for user in graph.users[value])
        if is_needed or value in read:
            return False
    return node is not graph.terminator and not has_side_effects(node.op)
