"""How an operation carries an axis: factors, as in Shardy's `OpShardingRule`, each with its kind and how to emit one piece.

A factor has a size in units. A dimension that carries it holds `scale` elements a unit, and an operand's dimension may start `shift`
elements late, so that the piece of `length` units from `offset` is `[offset * scale + shift, (offset + length) * scale + shift)` of it.
"""

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jaxlib.mlir import ir


class Kind(enum.Enum):
    """What splitting a factor takes."""

    PARALLEL = "parallel"  # in operands and results: pieces of the operands give the piece of the result
    REDUCTION = "reduction"  # in operands only: the partial results are combined
    FREE = "free"  # in results only
    BLOCKED = "blocked"  # needs all of it


@dataclass(frozen=True)
class Axis:
    """A dimension that carries a factor."""

    dim: int
    scale: int = 1
    shift: int = 0


@dataclass(frozen=True)
class Factor:
    """One factor of one operation: for each operand and result the axis that carries it, or None."""

    kind: Kind
    size: int
    operands: tuple[Axis | None, ...]
    results: tuple[Axis | None, ...]
    reason: str = ""  # why it is blocked
    shortest: int = 1  # pieces may not be shorter, for the first piece of a reduction to stand in for all


@dataclass(frozen=True)
class Piece:
    """Where a piece starts (a scalar integer tensor) and how long it is, in units of the factor."""

    offset: ir.Value
    length: int


Emit = Callable[[ir.Operation, Sequence[ir.Value], Factor, Piece], list[ir.Value]]
Combine = Callable[[ir.Operation, Factor, Sequence[ir.Value], Sequence[ir.Value]], list[ir.Value]]
Identity = Callable[[ir.Operation, Sequence[ir.Value]], list[ir.Value]]


@dataclass(frozen=True)
class Rule:
    """The factors of an operation, how to emit it on pieces, and how partial results become one.

    A rule without an `identity` starts its accumulators from the first piece.
    """

    factors: Callable[[ir.Operation], tuple[Factor, ...]]
    emit: Emit
    combine: Combine | None = None
    identity: Identity | None = None


def blocked(size: int, op: ir.Operation, result_dim: int | None, operand_dim: int | None, reason: str) -> Factor:
    """A factor that cannot be sliced, carried by the first operand and every result."""
    operands = tuple(Axis(operand_dim) if i == 0 and operand_dim is not None else None for i in range(len(op.operands)))
    results = tuple(Axis(result_dim) if result_dim is not None else None for _ in op.results)
    return Factor(Kind.BLOCKED, size, operands, results, reason)
