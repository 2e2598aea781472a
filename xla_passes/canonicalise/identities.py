"""Operations that return what they are given, or would if one before them had not changed its form on the way."""

from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.module import shape_of
from xla_passes.patterns import Rule, apply_rules, integers, produced_by
from xla_passes.plan import Rewrite
from xla_passes.structured import element_of

_CONVERT = "stablehlo.convert"
_WIDER = {
    "f16": ("f32", "f64"),
    "bf16": ("f32", "f64"),
    "f32": ("f64",),
}  # which floats hold every number of another, NaN and denormals too


@dataclass(frozen=True)
class DropIdentities:
    """Operations that change nothing -> their operand; exact.

    - `convert`, `slice`, `dynamic_slice`, `reverse` and `pad` of nothing, and a `dynamic_update_slice` of everything;
    - `concatenate` of one operand; of several, those without elements are left out;
    - `convert(convert(x))` -> `convert(x)`, where the type between the two holds every number of the first.
    """

    name: str = "drop-identities"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        apply_rules(module, _RULES)
        return ()


def drop_unchanged(op: ir.Operation) -> ir.Value | None:
    """The operand of a conversion or slice that returns it as it is, which its type is enough to tell."""
    value = op.operands[0]
    return value if value.type == op.results[0].type else None


def drop_update(op: ir.Operation) -> ir.Value | None:
    """The update that covers all that it is written into."""
    value = op.operands[1]
    return value if value.type == op.results[0].type else None


def drop_reverse(op: ir.Operation) -> ir.Value | None:
    """The operand, if each of the dimensions that are turned has one element at most."""
    value = op.operands[0]
    shape = shape_of(value)
    return value if all(shape[dim] in (0, 1) for dim in integers(op, "dimensions")) else None


def drop_padding(op: ir.Operation) -> ir.Value | None:
    """The operand, if nothing is added at the ends, and nothing within dimensions that have more than one element."""
    value = op.operands[0]
    ends = [*integers(op, "edge_padding_low"), *integers(op, "edge_padding_high")]
    return value if not any(ends) and value.type == op.results[0].type else None


def shorten_concatenation(op: ir.Operation) -> ir.Value | None:
    """The concatenation of those operands that have elements along its dimension."""
    dim = ir.IntegerAttr(op.attributes["dimension"]).value
    kept = [value for value in op.operands if shape_of(value)[dim]] or [op.operands[0]]
    if len(kept) == len(op.operands) > 1:
        return None
    return kept[0] if len(kept) == 1 else stablehlo.concatenate(kept, dim)


def shorten_conversion(op: ir.Operation) -> ir.Value | None:
    """The conversion from the first type to the last."""
    value, kind = op.operands[0], op.results[0].type
    if value.type == kind:
        return value
    inner = produced_by(value, _CONVERT)
    if inner is None or not holds_every(element_of(value), element_of(inner.operands[0])):
        return None
    source = inner.operands[0]
    return source if source.type == kind else stablehlo.convert(kind, source)


def holds_every(wide: ir.Type, narrow: ir.Type) -> bool:
    """Whether the one element type has all the numbers of the other; of integers, the longer one has, unless it has lost the sign."""
    if isinstance(wide, ir.IntegerType) and isinstance(narrow, ir.IntegerType):
        longer = ir.IntegerType(wide).width > ir.IntegerType(narrow).width
        keeps_sign = is_unsigned(narrow) or not is_unsigned(wide)
        return longer and keeps_sign
    return str(wide) in _WIDER.get(str(narrow), ())


def is_unsigned(element: ir.Type) -> bool:
    """Whether an integer type has no negative numbers; a boolean has none."""
    integer = ir.IntegerType(element)
    return integer.is_unsigned or integer.width == 1


_RULES: dict[str, Rule] = {
    _CONVERT: shorten_conversion,
    "stablehlo.slice": drop_unchanged,
    "stablehlo.dynamic_slice": drop_unchanged,
    "stablehlo.dynamic_update_slice": drop_update,
    "stablehlo.reverse": drop_reverse,
    "stablehlo.pad": drop_padding,
    "stablehlo.concatenate": shorten_concatenation,
}
