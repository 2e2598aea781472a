"""Constants that hold one number many times become a broadcast scalar, so that nothing large is baked into a program."""

from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import filled
from xla_passes.canonicalise.constants import elements_of
from xla_passes.module import source_line
from xla_passes.patterns import apply_rules
from xla_passes.plan import Rewrite

_LONGEST_SPLAT_TEXT = 200


@dataclass(frozen=True)
class SplatToBroadcast:
    """`constant dense<c> : tensor<AxBxT>` -> `broadcast_in_dim(constant dense<c> : tensor<T>)`; exact."""

    name: str = "splat-to-broadcast"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        apply_rules(module, {"stablehlo.constant": broadcast_splat})
        return ()


def broadcast_splat(op: ir.Operation) -> ir.Value | None:
    """The broadcast scalar that equals a constant of more than one element, all of them the same."""
    kind = ir.RankedTensorType(op.results[0].type)
    if all(size == 1 for size in kind.shape):
        return None
    scalar_type = ir.RankedTensorType.get((), kind.element_type)
    if isinstance(kind.element_type, ir.ComplexType):
        scalar = _complex_scalar(op, scalar_type)
    else:
        elements = elements_of(op)
        if elements is None or not elements.is_splat:
            return None
        scalar = stablehlo.constant(ir.DenseElementsAttr.get_splat(scalar_type, elements.get_splat_value()))
    if scalar is None:
        return None
    with _place(op):
        return filled(scalar, kind)


def _place(op: ir.Operation) -> ir.Location:
    """Where the constant is in the user's code: JAX gives constants no place, their first readers have one."""
    if source_line(op) is None:
        for use in op.results[0].uses:
            return use.owner.location
    return op.location


def _complex_scalar(op: ir.Operation, scalar_type: ir.Type) -> ir.Value | None:
    """The splat of a complex constant by way of its text: the bindings cannot read complex attributes (jaxlib 0.10.2)."""
    text = str(op.clone(ip=False).get_asm(large_elements_limit=2, use_local_scope=True))
    start, end = text.find("dense<("), text.rfind(")>")
    if start < 0 or end < start or end - start > _LONGEST_SPLAT_TEXT:
        return None
    number = text[start + len("dense<") : end + 1]
    constant = ir.Operation.parse(f"stablehlo.constant dense<{number}> : {scalar_type}").operation
    constant.location = op.location
    ir.InsertionPoint.current.insert(constant)
    return constant.results[0]
