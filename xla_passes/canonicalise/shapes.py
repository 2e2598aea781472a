"""Refines dynamic shapes that the arguments determine; every pass after it takes shapes to be static."""

from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo
from jaxlib.mlir.passmanager import PassManager

from xla_passes.module import context, walk
from xla_passes.patterns import function_blocks
from xla_passes.plan import Rewrite


@dataclass(frozen=True)
class RefineShapes:
    """`tensor<?xf32>` -> `tensor<5xf32>` wherever the shape follows from those of the arguments; exact. Does nothing to a static module."""

    name: str = "refine-shapes"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        if is_dynamic(module):
            stablehlo.register_stablehlo_passes()
            with context():
                stages = "stablehlo-refine-shapes,func.func(stablehlo-canonicalize-dynamism)"
                PassManager.parse(f"builtin.module({stages})").run(module.operation)
        return ()


def is_dynamic(module: ir.Module) -> bool:
    """Whether any value's shape is not known."""
    return any(
        isinstance(result.type, ir.RankedTensorType) and not ir.RankedTensorType(result.type).has_static_shape
        for block in function_blocks(module)
        for op in walk(block)
        for result in op.results
    )
