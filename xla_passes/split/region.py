"""What one loop computes, as data: its steps, what it reads, what it makes. `growth` makes regions, `loops` emits them."""

from collections.abc import Collection
from dataclasses import dataclass, field

from xla_passes.analysis.graph import Graph
from xla_passes.patterns import has_side_effects
from xla_passes.split.axes import Label
from xla_passes.split.factors import Factor

# Computed again from a slice for less than it costs to keep.
CHEAP = frozenset({"stablehlo.broadcast_in_dim", "stablehlo.iota", "stablehlo.constant", "stablehlo.reshape", "stablehlo.convert"})


# These only move elements about.
COPIES = CHEAP | {"stablehlo.slice", "stablehlo.dynamic_slice", "stablehlo.transpose"}


@dataclass(frozen=True)
class Step:
    """One operation of a loop's body: on pieces (a factor, and its scale and shift in the loop's units), or whole (no factor)."""

    node: int
    factor: Factor | None = None
    scale: int = 1
    shift: int = 0


@dataclass(frozen=True)
class Sink:
    """A value that the loop produces: written piece by piece (a label), or accumulated (none) by the step that computes it.

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
    def is_parallel(self) -> bool:
        """Whether no sink adds to what was there before, so that the last piece may overlap the one before."""
        return all(sink.label and sink.buffer is None for sink in self.sinks)


def alive_nodes(graph: Graph, replaced: Collection[int], extra_reads: Collection[int]) -> list[int]:
    """The nodes that are still needed, in order, once a loop provides the `replaced` values and reads `extra_reads`."""
    wanted = set(extra_reads)
    alive = []
    for node in reversed(graph.nodes):
        is_root = node is graph.terminator or has_side_effects(node.op)
        if is_root or any(value in wanted for value in node.results):
            alive.append(node.index)
            wanted.update(value for value in node.reads if value not in replaced)
    return alive[::-1]
