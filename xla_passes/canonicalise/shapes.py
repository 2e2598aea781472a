"""Shapes that are computed by the program become attributes of its operations; every pass after it takes shapes to be static."""

from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo
from jaxlib.mlir.passmanager import PassManager

from xla_passes.build import scalar
from xla_passes.module import context, shape_of, walk
from xla_passes.patterns import Rule, apply_rules, function_blocks, integers
from xla_passes.plan import Rewrite
from xla_passes.structured import element_of

_SHAPED_BY_OPERANDS = frozenset(
    f"stablehlo.{name}"
    for name in (
        "dynamic_broadcast_in_dim", "dynamic_conv", "dynamic_gather", "dynamic_iota", "dynamic_pad", "dynamic_reshape",
        "get_dimension_size", "real_dynamic_slice",
    )
)  # fmt: skip


@dataclass(frozen=True)
class RefineShapes:
    """Shapes that follow from those of the arguments, and operations whose shape is an operand, as static ones; exact.

    - `tensor<?xf32>` -> `tensor<5xf32>`;
    - `dynamic_pad(x, 0, low, high, interior)` -> `pad`, and so on for `dynamic_gather`, `dynamic_conv` and `real_dynamic_slice`, where what
      is dynamic about them is constant;
    - `dynamic_reshape(x, shape)` -> `reshape(x)`, `dynamic_broadcast_in_dim` and `dynamic_iota` too, where the type says what the shape is;
    - `get_dimension_size(x)` -> the size.

    Does nothing to a module without any of these.
    """

    name: str = "refine-shapes"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        if is_dynamic(module):
            stablehlo.register_stablehlo_passes()
            with context():
                stages = "stablehlo-refine-shapes,func.func(stablehlo-canonicalize-dynamism)"
                PassManager.parse(f"builtin.module({stages})").run(module.operation)
            apply_rules(module, _RULES)
        return ()


def is_dynamic(module: ir.Module) -> bool:
    """Whether any value's shape is not known, or given by an operand."""
    return any(
        op.name in _SHAPED_BY_OPERANDS or not all(has_static_shape(result) for result in op.results)
        for block in function_blocks(module)
        for op in walk(block)
    )


def has_static_shape(value: ir.Value) -> bool:
    """Whether all sizes are known; what is no tensor has none."""
    kind = value.type
    return not isinstance(kind, ir.RankedTensorType) or ir.RankedTensorType(kind).has_static_shape


def is_static(op: ir.Operation) -> bool:
    """Whether the shapes that the operation reads and makes are known, apart from what operands say."""
    return has_static_shape(op.operands[0]) and has_static_shape(op.results[0])


def static_reshape(op: ir.Operation) -> ir.Value | None:
    """The shape that it is reshaped to is that of its result."""
    return stablehlo.reshape(op.results[0].type, op.operands[0]) if is_static(op) else None


def static_broadcast(op: ir.Operation) -> ir.Value | None:
    """Which dimensions are repeated is told by the shapes before and after."""
    if not is_static(op):
        return None
    return stablehlo.broadcast_in_dim(op.results[0].type, op.operands[0], integers(op, "broadcast_dimensions"))


def static_iota(op: ir.Operation) -> ir.Value | None:
    """Counts along the shape of its result."""
    return stablehlo.iota(op.results[0].type, ir.IntegerAttr(op.attributes["iota_dimension"])) if is_static(op) else None


def static_size(op: ir.Operation) -> ir.Value | None:
    """The size as a number."""
    if not is_static(op):
        return None
    size = shape_of(op.operands[0])[ir.IntegerAttr(op.attributes["dimension"]).value]
    return scalar(size, element_of(op.results[0]))


_RULES: dict[str, Rule] = {
    "stablehlo.dynamic_reshape": static_reshape,
    "stablehlo.dynamic_broadcast_in_dim": static_broadcast,
    "stablehlo.dynamic_iota": static_iota,
    "stablehlo.get_dimension_size": static_size,
}
