"""What the planner decides, as data: loops that were judged together, which of them is built next, and what building it made."""

from dataclasses import dataclass, field

from jaxlib.mlir import ir

from xla_passes.analysis.graph import Graph
from xla_passes.plan import Loop
from xla_passes.split.axes import Label
from xla_passes.split.candidates import LoopNest, Weighed
from xla_passes.split.growth import Growth
from xla_passes.split.prospect import Prospect, with_loop


@dataclass(frozen=True)
class Turn:
    """One loop of a plan: over an axis of a value, grown as far as that, in pieces of `length` units."""

    target: int
    axis: int
    growth: Growth
    length: int


@dataclass(frozen=True)
class Inner:
    """A loop in the body of another; its target is a piece of a value."""

    key: tuple[int, Label | None]
    turn: Turn


@dataclass(frozen=True)
class Course:
    """Loops to be built one after the other, or one with loops in its body; with the estimates for all of them together."""

    turns: tuple[Turn, ...]
    nest: LoopNest  # of the first
    seconds: float
    overflow_bytes: int  # what is left over the budget, summed over the program's steps
    over_inside_bytes: int  # by how much a loop itself is over it
    peak_bytes: int
    before: Prospect = field(compare=False, repr=False)  # what the last of them is put into
    last: Weighed = field(compare=False, repr=False)
    inside: tuple[Inner, ...] = ()

    @property
    def after(self) -> Prospect:
        """The block with all of them in it."""
        return with_loop(self.before, self.last, self.turns[-1].length)


@dataclass(frozen=True)
class Choice:
    """A loop to build, in the block that its graph is a snapshot of, and the loops that were planned with it.

    `depth` counts the loops around it.
    """

    graph: Graph
    nest: LoopNest
    depth: int
    followers: tuple[Turn, ...] = ()
    inside: tuple[Inner, ...] = ()
    overflow_bytes: int | None = None  # of the outermost block as it is now, summed over its steps; None for a follower


@dataclass(frozen=True)
class Follower:
    """A loop that was planned together with one that is built."""

    block: ir.Block
    target: ir.Value
    turn: Turn
    depth: int


@dataclass(frozen=True)
class Built:
    """A loop as it was built: its description, its body, and where the pieces of values are in there."""

    loop: Loop
    body: ir.Block | None
    pieces: dict[tuple[int, Label | None], ir.Value]
