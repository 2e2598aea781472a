"""Branches that are known, and loops that run once or never: the operations of their regions, in the place of the operation."""

from collections.abc import Iterable
from dataclasses import dataclass

from jaxlib.mlir import ir

from xla_passes.canonicalise.constants import Number, filled_with
from xla_passes.canonicalise.fold import FOLDED, number_of
from xla_passes.patterns import apply_rules
from xla_passes.plan import Rewrite


@dataclass(frozen=True)
class FoldControlFlow:
    """`if` and `case` on a constant -> the branch that it takes; a `while` known to run once or never -> its body, or its operands; exact.

    XLA does the same later on; here, what is inside becomes part of the block around it, where it fuses and splits with the rest.
    """

    name: str = "fold-control-flow"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        apply_rules(module, {"stablehlo.if": choose_branch, "stablehlo.case": choose_branch, "stablehlo.while": run_once})
        return ()


def choose_branch(op: ir.Operation) -> list[ir.Value] | None:
    """What the known branch returns; an index out of range takes the last, and `if` has the branch of true first."""
    number = filled_with(op.operands[0])
    if number is None:
        return None
    last = len(op.regions) - 1
    index = int(not number) if op.name == "stablehlo.if" else int(number)
    return _inline(op, op.regions[index if 0 <= index <= last else last].blocks[0])


def run_once(op: ir.Operation) -> list[ir.Value] | None:
    """What a loop that runs once or never returns."""
    operands = list(op.operands)
    condition, body = (region.blocks[0] for region in op.regions)
    first = [filled_with(operand) for operand in operands]
    (runs,) = _returned(condition, first)
    if runs is None:
        return None
    if not runs:
        return operands
    (again,) = _returned(condition, _returned(body, first))
    if again is None or again:
        return None
    for argument, operand in zip(body.arguments, operands, strict=True):
        argument.replace_all_uses_with(operand)
    return _inline(op, body)


def _returned(block: ir.Block, arguments: Iterable[Number | None]) -> list[Number | None]:
    """What of the block's results is known when of its arguments so much is."""
    known: dict[ir.Value, Number | None] = dict(zip(block.arguments, arguments, strict=True))

    def lookup(value: ir.Value) -> Number | None:
        return known[value] if value in known else filled_with(value)

    *operations, end = [view.operation for view in block.operations]
    for op in operations:
        if op.name in FOLDED and not ir.RankedTensorType(op.results[0].type).rank:
            known[op.results[0]] = number_of(op, [lookup(operand) for operand in op.operands])
    return [lookup(value) for value in end.operands]


def _inline(op: ir.Operation, block: ir.Block) -> list[ir.Value]:
    """The block's operations moved in front of `op`, and the values that it returns."""
    *operations, end = [view.operation for view in block.operations]
    for each in operations:
        each.move_before(op)
    return list(end.operands)
