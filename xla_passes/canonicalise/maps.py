"""A map is its body, applied to whole tensors: elementwise operations, which everything after this knows."""

from dataclasses import dataclass

from jaxlib.mlir import ir

from xla_passes.build import filled, recreate, tensor
from xla_passes.module import shape_of
from xla_passes.patterns import apply_rules
from xla_passes.plan import Rewrite
from xla_passes.split.rules.elementwise import NAMES
from xla_passes.structured import element_of

_LITERAL = "stablehlo.constant"


@dataclass(frozen=True)
class ExpandMaps:
    """`map(x, y) {(a, b) -> sine(add(a, b))}` -> `sine(add(x, y))`, where all of the body's operations are elementwise; exact."""

    name: str = "expand-maps"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        apply_rules(module, {"stablehlo.map": _expand})
        return ()


def _expand(op: ir.Operation) -> ir.Value | None:
    shape = shape_of(op.results[0])
    body = op.regions[0].blocks[0]
    *operations, end = [view.operation for view in body.operations]
    if not all(each.name in NAMES or each.name == _LITERAL for each in operations):
        return None
    known = dict(zip(body.arguments, op.operands, strict=True))

    def whole(value: ir.Value) -> ir.Value:
        """What an element stands for; a number of the body's own, or from outside of it, is the same for all."""
        if value not in known:
            known[value] = filled(value, tensor(shape, element_of(value)))
        return known[value]

    for each in operations:
        if each.name == _LITERAL:
            known[each.results[0]] = filled(each.clone(ir.InsertionPoint.current).results[0], tensor(shape, element_of(each.results[0])))
            continue
        kinds = [tensor(shape, element_of(result)) for result in each.results]
        known.update(zip(each.results, recreate(each, [whole(value) for value in each.operands], kinds), strict=True))
    return whole(end.operands[0])
