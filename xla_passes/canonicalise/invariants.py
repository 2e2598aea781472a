"""What a loop carries but never changes is read from outside instead, where the passes see what it is made from."""

from dataclasses import dataclass

from jaxlib.mlir import ir

from xla_passes.module import context, walk
from xla_passes.patterns import function_blocks
from xla_passes.plan import Rewrite


@dataclass(frozen=True)
class CaptureInvariants:
    """A value that the body of a `while` returns as it was given -> the loop's operand, inside of the loop and after it; exact.

    JAX carries every constant of a loop like this. The carry itself, which nobody reads any more, goes with the dead code.
    """

    name: str = "capture-invariants"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        with context():
            for block in function_blocks(module):
                for op in walk(block):  # outer loops first: what they capture, their inner loops may carry unchanged
                    if op.name == "stablehlo.while":
                        capture_invariants(op)
        return ()


def capture_invariants(loop: ir.Operation) -> None:
    """Let the loop's regions and the readers of its results read the operands that it does not change."""
    condition, body = (region.blocks[0] for region in loop.regions)
    returned = list(list(body.operations)[-1].operation.operands)
    for at, (operand, value) in enumerate(zip(list(loop.operands), returned, strict=True)):
        if value == body.arguments[at]:
            for same in (condition.arguments[at], body.arguments[at], loop.results[at]):
                same.replace_all_uses_with(operand)
