"""The factors of a graph's operations, cached, and labels: how a value is sliced inside a loop."""

import math
from dataclasses import dataclass, field

from xla_passes.analysis.graph import Graph, Node
from xla_passes.split.factors import Axis, Factor, Kind
from xla_passes.split.rules import RULES

NO_RULE = "no rule for this operation yet"


@dataclass(frozen=True)
class Label:
    """In a loop over units: a piece of `length` units from `offset` holds `[offset * scale + shift, ... + length * scale)` of `dim`."""

    dim: int
    scale: int = 1
    shift: int = 0


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
        """The factors of one operation; none where there is no rule."""
        if node.index not in self._known:
            rule = RULES.get(node.name)
            self._known[node.index] = rule.factors(node.op) if rule else ()
        return self._known[node.index]

    def of_result(self, node: Node, value: int, dim: int) -> Factor | None:
        """The factor that a dimension of one of the node's results carries."""
        at = node.results.index(value)
        return next((f for f in self.factors(node) if (axis := f.results[at]) and axis.dim == dim), None)

    def of_operand(self, node: Node, value: int, dim: int) -> Factor | None:
        """The factor that a dimension of one of the node's operands carries."""
        at = node.operands.index(value)
        return next((f for f in self.factors(node) if (axis := f.operands[at]) and axis.dim == dim), None)

    def why_blocked(self, value: int, dim: int) -> str:
        """Why there is no loop over a dimension of a value: its producer cannot make pieces of it, or no consumer can take them."""
        node = self.graph.nodes[self.graph.owner[value]]
        made = self._refusal(node, self.of_result(node, value, dim))
        if made:
            return f"{node.name}: {made}"
        users = [self.graph.nodes[user] for user in self.graph.users[value] if user != self.graph.terminator.index]
        taken = {user.name: self._refusal(user, self.of_operand(user, value, dim)) for user in users if value in user.operands}
        return "; ".join(f"{name}: {reason}" for name, reason in taken.items() if reason) or "no loop over it leaves less memory in use"

    def _refusal(self, node: Node, factor: Factor | None) -> str:
        if factor is None:
            return "the operation takes or makes all of it at once" if node.name in RULES else NO_RULE
        return factor.reason if factor.kind is Kind.BLOCKED else ""


def to_factor(label: Label, axis: Axis) -> tuple[int, int] | None:
    """The label in units of the factor: (scale, shift); None if the shift falls between units."""
    if (label.shift - axis.shift) % axis.scale:
        return None
    if label.scale % axis.scale:
        raise NeedsUnitError(axis.scale // math.gcd(label.scale, axis.scale))
    return label.scale // axis.scale, (label.shift - axis.shift) // axis.scale


def to_label(scale: int, shift: int, axis: Axis) -> Label:
    """The label of a dimension whose factor is labelled (scale, shift)."""
    return Label(axis.dim, scale * axis.scale, shift * axis.scale + axis.shift)
