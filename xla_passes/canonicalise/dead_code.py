"""Removes what nothing reads: operations without effects, and values that a loop carries for nobody."""

from dataclasses import dataclass

from jaxlib.mlir import ir

from xla_passes.analysis.graph import captured_values
from xla_passes.module import context
from xla_passes.patterns import function_blocks, has_side_effects, inner_blocks, is_used
from xla_passes.plan import Rewrite

_WHILE = "stablehlo.while"


@dataclass(frozen=True)
class DeadCode:
    """An operation without effects whose results nobody reads -> nothing; exact.

    A `while` whose results nobody reads goes too, and so does each carried value that neither the condition, nor a result that
    is read, nor an effect in the body depends on.
    """

    name: str = "dead-code"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        with context():
            for block in function_blocks(module):
                sweep(block)
        return ()


def sweep(block: ir.Block) -> None:
    """Remove dead operations from a block and from the regions in it, last first, so that whole chains go at once."""
    for view in reversed(list(block.operations)):
        op = view.operation
        if _is_dead(op):
            op.erase()
            continue
        for inner in inner_blocks(op):
            sweep(inner)
        if op.name == _WHILE:
            _drop_unread_carries(op)


def _is_dead(op: ir.Operation) -> bool:
    return len(op.results) > 0 and not any(is_used(result) for result in op.results) and not has_side_effects(op)


def _drop_unread_carries(loop: ir.Operation) -> None:
    condition, body = (region.blocks[0] for region in loop.regions)
    live = {i for i, result in enumerate(loop.results) if is_used(result) or is_used(condition.arguments[i])}
    if len(live) == len(loop.results):
        return
    live |= carries_needed(body, live)
    if live and len(live) < len(loop.results):
        _keep_carries(loop, sorted(live))


def carries_needed(body: ir.Block, live: set[int]) -> set[int]:
    """The carried values on which the `live` ones and the body's effects depend, from one step to the next."""
    operations = [view.operation for view in body.operations]
    returned = list(operations.pop().operands)
    made_by: dict[ir.Value, ir.Operation] = {result: op for op in operations for result in op.results}
    position: dict[ir.Value, int] = {argument: i for i, argument in enumerate(body.arguments)}
    needed: set[int] = set()
    seen: set[ir.Value] = set()
    pending = [returned[i] for i in live]
    for op in operations:
        if has_side_effects(op):
            pending += (*op.operands, *captured_values(op))
    while pending:
        value = pending.pop()
        if value in seen:
            continue
        seen.add(value)
        if value in position:
            needed.add(position[value])
            pending.append(returned[position[value]])
        elif value in made_by:
            pending += (*made_by[value].operands, *captured_values(made_by[value]))
    return needed


def _keep_carries(loop: ir.Operation, kept: list[int]) -> None:
    """Put a loop that carries only the `kept` values in the place of `loop`."""
    condition, body = (region.blocks[0] for region in loop.regions)
    results, operands = list(loop.results), list(loop.operands)
    made = ir.Operation.create(
        _WHILE,
        results=[results[i].type for i in kept],
        operands=[operands[i] for i in kept],
        attributes=dict(loop.attributes.items()),
        regions=2,
        loc=loop.location,
        ip=ir.InsertionPoint(loop),
    )
    for block, region in zip((condition, body), made.regions, strict=True):
        block.append_to(region)
    end = list(body.operations)[-1].operation
    returned = list(end.operands)
    ir.Operation.create("stablehlo.return", operands=[returned[i] for i in kept], loc=end.location, ip=ir.InsertionPoint(end))
    end.erase()
    sweep(body)
    for i in reversed([i for i in range(len(results)) if i not in set(kept)]):
        condition.erase_argument(i)
        body.erase_argument(i)
    for i, result in zip(kept, made.results, strict=True):
        results[i].replace_all_uses_with(result)
    loop.erase()
