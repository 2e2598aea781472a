"""Leaves out of a sort what is sorted along with it for nobody."""

from dataclasses import dataclass

from jaxlib.mlir import ir

from xla_passes.module import context, walk
from xla_passes.patterns import function_blocks, is_used
from xla_passes.plan import Rewrite


@dataclass(frozen=True)
class DropSortOperands:
    """`sort(x, y)` of which nobody reads the second result, and whose comparator does not look at `y` -> `sort(x)`; exact.

    torch sorts values and their places together, whichever of the two a program asks for.
    """

    name: str = "drop-sort-operands"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        with context():
            for block in function_blocks(module):
                for sort in [op for op in walk(block) if op.name == "stablehlo.sort"]:
                    _drop(sort)
        return ()


def _drop(sort: ir.Operation) -> None:
    comparator = sort.regions[0].blocks[0]
    arguments = list(comparator.arguments)
    kept = [i for i, result in enumerate(sort.results) if is_used(result) or any(map(is_used, arguments[2 * i : 2 * i + 2]))]
    if not kept or len(kept) == len(sort.results):
        return
    with ir.InsertionPoint(sort), sort.location:
        made = ir.Operation.create(
            "stablehlo.sort",
            results=[sort.results[i].type for i in kept],
            operands=[sort.operands[i] for i in kept],
            attributes={name: sort.attributes[name] for name in sort.attributes},
            regions=1,
        )
    for i in reversed(range(len(sort.results))):
        if i not in kept:
            comparator.erase_argument(2 * i + 1)
            comparator.erase_argument(2 * i)
    comparator.append_to(made.regions[0])
    for i, result in zip(kept, made.results, strict=True):
        sort.results[i].replace_all_uses_with(result)
    sort.erase()
