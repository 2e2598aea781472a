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
    SEQUENTIAL = "sequential"  # parallel, with a carry from piece to piece
    FREE = "free"  # in results only
    BLOCKED = "blocked"  # needs all of it


@dataclass(frozen=True)
class Axis:
    """A dimension that carries a factor."""

    dim: int
    scale: int = 1
    shift: int = 0


@dataclass(frozen=True)
class Window:
    """An operand's dimension of which neighbouring pieces may need the same elements (a halo), or some beyond its ends.

    A piece takes `length * scale + extra` elements from `offset * scale + shift`, but never more than there are, and moved inside where it
    would run over an end: `Piece.starts` says where it begins. Mirrored, elements count from the end: the last is 0, and the piece begins
    with the one that is furthest from the end.
    """

    dim: int
    size: int
    scale: int = 1
    shift: int = 0
    extra: int = 0
    is_mirrored: bool = False


@dataclass(frozen=True)
class Restart:
    """A loop whose trips may begin anew: before every `interval`-th, counted from the end, what it carries was written down.

    `checkpoints` are those rows, first what it began with: one value for each that is carried, None where nothing needs it.
    """

    loop: ir.Operation
    trips: "Factor"  # as the loop's rule has it
    interval: int = 0
    checkpoints: tuple[ir.Value | None, ...] = ()


@dataclass(frozen=True)
class Factor:
    """One factor of one operation: for each operand and result the axis that carries it, or None.

    Control flow has an entry for each captured value, too, after those for its operands.
    """

    kind: Kind
    size: int
    operands: tuple[Axis | Window | None, ...]
    results: tuple[Axis | None, ...]
    reason: str = ""  # why it is blocked
    shortest: int = 1  # pieces may not be shorter, for the first piece of a reduction to stand in for all
    is_backwards: bool = False  # a sequential one goes from the last piece to the first
    any_order: bool = False  # the pieces of a reduction may be combined in any order
    restart: Restart | None = None  # the trips of a loop, parallel since each piece begins from a checkpoint


@dataclass(frozen=True)
class Piece:
    """Where a piece starts (a scalar integer tensor) and how long it is, in units of the factor; `starts` is for operands with a window."""

    offset: ir.Value
    length: int
    starts: tuple[ir.Value | None, ...] = ()


Emit = Callable[[ir.Operation, Sequence[ir.Value], Factor, Piece], list[ir.Value]]
Combine = Callable[[ir.Operation, Factor, Sequence[ir.Value], Sequence[ir.Value]], list[ir.Value]]
Initial = Callable[[ir.Operation, Sequence[ir.Value]], list[ir.Value]]


@dataclass(frozen=True)
class Rule:
    """The factors of an operation, how to emit it on pieces, and how partial results become one.

    For a reduction, `emit` gives partial results (one or more values of any type), and `combine` takes them into the running totals, one
    for each result (of a wider type, if the identity is). Totals start from the `identity`, or else from the first piece.
    With `updates`, totals start from the operands themselves (each result from the operand of its number) and are written over.
    For a sequential factor, `emit` gets the carry after the operands, and gives the next one after the results; it starts from `carry`.
    """

    factors: Callable[[ir.Operation], tuple[Factor, ...]]
    emit: Emit
    combine: Combine | None = None
    identity: Initial | None = None
    updates: bool = False
    carry: Callable[[ir.Operation, Factor, Sequence[ir.Value]], list[ir.Value]] | None = None


def blocked(size: int, op: ir.Operation, result_dim: int | None, operand_dim: int | None, reason: str, *, at: int = 0) -> Factor:
    """A factor that cannot be sliced, carried by the operand number `at` and every result."""
    operands = tuple(Axis(operand_dim) if i == at and operand_dim is not None else None for i in range(len(op.operands)))
    results = tuple(Axis(result_dim) if result_dim is not None else None for _ in op.results)
    return Factor(Kind.BLOCKED, size, operands, results, reason)
