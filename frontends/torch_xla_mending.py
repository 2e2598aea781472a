"""Where torch-xla emits something else than torch computes: infinities and NaNs in maxima, minima and their places."""

from collections.abc import Iterator

import numpy as np
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

_REDUCTIONS = ("stablehlo.reduce", "stablehlo.reduce_window")
_LIMITS = {"f16": float(np.finfo(np.float16).max), "bf16": 3.3895313892515355e38, "f32": float(np.finfo(np.float32).max)}
_LIMITS["f64"] = float(np.finfo(np.float64).max)
_PLACE = ["compare", "select", "compare", "minimum", "select", "select", "return"]  # the operations of torch-xla's argmax and argmin


def mend(block: ir.Block) -> None:
    """Change a block in place; call it in the module's context."""
    for op in list(_walk(block)):
        if op.name in _REDUCTIONS:
            _start_from_infinity(op)
        if op.name == "stablehlo.reduce":
            _find_nans(op)


def _walk(block: ir.Block) -> Iterator[ir.Operation]:
    for view in block.operations:
        op = view.operation
        yield op
        for region in op.regions:
            for inner in region.blocks:
                yield from _walk(inner)


def _body(op: ir.Operation) -> list[ir.Operation]:
    return [view.operation for view in op.regions[0].blocks[0].operations]


def _start_from_infinity(op: ir.Operation) -> None:
    """Maxima and minima of floats start from the largest finite number: those of infinities only come out finite."""
    body = _body(op)
    sign = {"stablehlo.maximum": -1.0, "stablehlo.minimum": 1.0}.get(body[0].name)
    if len(op.results) != 1 or len(body) != 2 or sign is None or isinstance(op.operands[1].owner, ir.Block):
        return
    start = op.operands[1].owner.operation
    element = ir.RankedTensorType(op.operands[1].type).element_type
    limit = _LIMITS.get(str(element))
    if start.name != "stablehlo.constant" or limit is None or start.attributes["value"].get_splat_value().value != sign * limit:
        return
    infinity = ir.DenseElementsAttr.get_splat(op.operands[1].type, ir.FloatAttr.get(element, sign * np.inf))
    with ir.InsertionPoint(op), op.location:
        op.operands[1] = stablehlo.constant(infinity)


def _find_nans(op: ir.Operation) -> None:
    """The place of the largest (or smallest) element is that of the first NaN, where there is one; the reducer passes over them."""
    body = _body(op)
    if [each.name.removeprefix("stablehlo.") for each in body] != _PLACE:
        return
    block = op.regions[0].blocks[0]
    one, place, other, other_place = (block.arguments[i] for i in (0, 1, 2, 3))
    direction = stablehlo.ComparisonDirectionAttr(body[0].attributes["comparison_direction"]).value
    is_expected = list(body[0].operands) == [one, other] and list(body[3].operands) == [place, other_place] and direction in ("LE", "GE")
    if not is_expected:
        return
    kind = "FLOAT" if isinstance(ir.RankedTensorType(one.type).element_type, ir.FloatType) else None
    with ir.InsertionPoint(body[-1]), op.location:
        is_before = _compare(one, other, "LT" if direction == "LE" else "GT", kind)
        is_taken = is_before if kind is None else stablehlo.or_(is_before, _compare(one, one, "NE", kind))
        is_tie = stablehlo.and_(_compare(one, other, "EQ", kind), _compare(place, other_place, "LT", "SIGNED"))
        found = stablehlo.select(is_taken, one, other), stablehlo.select(stablehlo.or_(is_taken, is_tie), place, other_place)
    body[-1].operands[0], body[-1].operands[1] = found
    for each in reversed(body[:-1]):
        each.erase()


def _compare(one: ir.Value, other: ir.Value, direction: str, kind: str | None) -> ir.Value:
    found = None if kind is None else stablehlo.ComparisonTypeAttr.get(kind)
    return stablehlo.compare(one, other, stablehlo.ComparisonDirectionAttr.get(direction), compare_type=found)
