"""Elements of tuples that the program itself has put together."""

from dataclasses import dataclass

from jaxlib.mlir import ir

from xla_passes.patterns import apply_rules, produced_by
from xla_passes.plan import Rewrite


@dataclass(frozen=True)
class FoldTuples:
    """`get_tuple_element(tuple(x, y), 1)` -> `y`; exact. The tuple itself is dead code then."""

    name: str = "fold-tuples"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        apply_rules(module, {"stablehlo.get_tuple_element": _element})
        return ()


def _element(op: ir.Operation) -> ir.Value | None:
    made = produced_by(op.operands[0], "stablehlo.tuple")
    return None if made is None else made.operands[ir.IntegerAttr(op.attributes["index"]).value]
