"""The factors of a graph's operations, cached, and labels: how a value is sliced inside a loop."""

import math
from dataclasses import dataclass, field

from xla_passes.analysis.graph import Graph, Node
from xla_passes.split.factors import Axis, Factor, Kind, Window
from xla_passes.split.rules.unsplittable import UNSPLITTABLE
from xla_passes.split.table import RULES

UNKNOWN = "memarray does not know this operation"


@dataclass(frozen=True)
class Frame:
    """A stretch of a dimension that moves with the loop, as a `Window` asks for: what is computed inside is counted in its elements."""

    size: int
    scale: int
    shift: int
    extra: int
    is_mirrored: bool
    parent: "Frame | None"

    def length(self, length: int) -> int:
        """Elements of the stretch, for pieces of the loop of `length` units."""
        return min(self.size, units_in(self.parent, length) * self.scale + self.extra)


def units_in(frame: Frame | None, length: int) -> int:
    """What is left to count of a piece of the loop: its units, or the elements of a frame."""
    return frame.length(length) if frame else length


@dataclass(frozen=True)
class Label:
    """In a loop over units: a piece of `length` units from `offset` holds `[offset * scale + shift, ... + length * scale)` of `dim`.

    In a frame, `offset` and `length` are the frame's.
    """

    dim: int
    scale: int = 1
    shift: int = 0
    frame: Frame | None = None

    def length(self, length: int) -> int:
        """Elements along the dimension, for pieces of the loop of `length` units."""
        return units_in(self.frame, length) * self.scale

    def covers(self, units: int, size: int) -> bool:
        """Whether the pieces of a loop over so many units are, one after the other, the whole dimension."""
        return self.frame is None and self.shift == 0 and self.scale * units == size


class NeedsUnitError(Exception):
    """The loop's unit has to be a multiple of `unit` for this region to be sliced."""

    def __init__(self, unit: int) -> None:
        super().__init__(f"the loop's unit has to be a multiple of {unit}")
        self.unit = unit


@dataclass
class Axes:
    """Answers which factors a node has; asks MLIR once for each."""

    graph: Graph
    _known: dict[int, tuple[Factor, ...]] = field(default_factory=dict)

    def factors(self, node: Node) -> tuple[Factor, ...]:
        """The factors of one operation that have a size; none where there is no rule, or a size is only known at run time."""
        if node.index not in self._known:
            rule = RULES.get(node.name)
            has_sizes = all(size >= 0 for value in (*node.reads, *node.results) for size in self.graph.shapes[value])
            factors = rule.factors(node.op) if rule and has_sizes else ()
            self._known[node.index] = tuple(each for each in factors if each.size and all(axis.scale for axis in each.operands if axis))
        return self._known[node.index]

    def of_result(self, node: Node, value: int, dim: int) -> Factor | None:
        """The factor that a dimension of one of the node's results carries."""
        at = node.results.index(value)
        return next((f for f in self.factors(node) if (axis := f.results[at]) and axis.dim == dim), None)

    def of_operand(self, node: Node, at: int, dim: int) -> Factor | None:
        """The factor that a dimension of one of the node's operands (or captured values, for control flow) carries."""
        return next((f for f in self.factors(node) if at < len(f.operands) and (axis := f.operands[at]) and axis.dim == dim), None)

    def why_blocked(self, value: int, dim: int) -> str:
        """Why there is no loop over a dimension of a value: its producer cannot make pieces of it, or no consumer can take them."""
        node = self.graph.nodes[self.graph.owner[value]]
        made = self._refusal(node, self.of_result(node, value, dim))
        if made:
            return f"{node.name}: {made}"
        users = [self.graph.nodes[user] for user in self.graph.users[value] if user != self.graph.terminator.index]
        factors = [self.of_operand(user, user.reads.index(value), dim) for user in users]
        taken = {user.name: self._refusal(user, factor) for user, factor in zip(users, factors, strict=True)}
        if any(is_opposed(self.of_result(node, value, dim), factor) for factor in factors):
            taken[node.name] = "it is read against the order in which it is made, and checkpoints would take no less memory"
        return "; ".join(f"{name}: {reason}" for name, reason in taken.items() if reason) or "no loop over it leaves less memory in use"

    def _refusal(self, node: Node, factor: Factor | None) -> str:
        if factor is None:
            return "the operation takes or makes all of it at once" if node.name in RULES else UNSPLITTABLE.get(node.name, UNKNOWN)
        return factor.reason if factor.kind is Kind.BLOCKED else ""


def is_opposed(one: Factor | None, other: Factor | None) -> bool:
    """Whether two sequential factors go through their pieces in opposite directions."""
    if one is None or other is None or not one.kind is other.kind is Kind.SEQUENTIAL:
        return False
    return one.is_backwards is not other.is_backwards


def to_factor(label: Label, axis: Axis) -> tuple[int, int, Frame | None] | None:
    """The label in units of the factor: (scale, shift, frame); None if the shift, or a frame's start, falls between units."""
    if (label.shift - axis.shift) % axis.scale:
        return None
    if label.scale % axis.scale:
        if label.frame:
            return None
        raise NeedsUnitError(axis.scale // math.gcd(label.scale, axis.scale))
    return label.scale // axis.scale, (label.shift - axis.shift) // axis.scale, label.frame


def to_label(scale: int, shift: int, frame: Frame | None, axis: Axis | Window) -> Label:
    """The label of a dimension whose factor is labelled (scale, shift, frame)."""
    if isinstance(axis, Window):
        start = shift * axis.scale + axis.shift
        return Label(axis.dim, frame=Frame(axis.size, scale * axis.scale, start, axis.extra, axis.is_mirrored, frame))
    return Label(axis.dim, scale * axis.scale, shift * axis.scale + axis.shift, frame)
