"""Stable sorts as unstable ones with a last key; runs after splitting, since XLA's CPU backend hides the scratch of stable sorts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes import build
from xla_passes.module import shape_of, source_line, value_bytes, walk
from xla_passes.plan import Rewrite

_SCRATCH_BYTES = 16  # for each element of each operand, in the generic sort of XLA's CPU backend
_STRICT = frozenset({"LT", "GT"})
_SHARDINGS = frozenset({"mhlo.sharding", "sdy.sharding"})


@dataclass(frozen=True)
class UnstableSort:
    """`sort(xs, less, stable)  ->  sort(xs..., iota, less or (neither is less and iota is less), not stable)` without its last result.

    Exact: with the position as the last key no two elements tie, so that every sorting algorithm gives the one stable order, NaNs and
    zeros included. Two cases need no further operand: a sort that already carries its own iota (argsort), whose iota becomes the key, and
    a single operand compared by its bits (integers, IEEE total order), where elements that tie are the same.

    Fires where `less` is a strict weak order as compilers and people write them: built of and, or, EQ, NE and of LT and GT of integers or
    by total order, with no function called and no element before itself. (On what is none, such as LT of floats with NaNs, sorting
    algorithms differ.) What it saves is 16 bytes for each element of a line and operand that the compiler's report leaves out; what it
    costs is the iota, of the operands' whole shape, and up to a fifth more time.

    Attributes
    ----------
    minimum_bytes
        Sorts that save less than this, the iota paid for, are left alone.
    """

    minimum_bytes: int = 1 << 20
    name: str = "unstable-sort"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Rewrite every stable sort that is worth it."""
        fired = []
        for op in [op for op in walk(module.body) if op.name == "stablehlo.sort"]:
            if self._is_wanted(op):
                fired.append(Rewrite(self.name, source_line(op), is_exact=True))
                _rewrite(op)
        return tuple(fired)

    def _is_wanted(self, op: ir.Operation) -> bool:
        if "is_stable" not in op.attributes or not ir.BoolAttr(op.attributes["is_stable"]).value or _SHARDINGS & set(op.attributes):
            return False
        shape = shape_of(op.operands[0])
        if not shape or math.prod(shape) == 0 or not _is_strict_weak_order(op):
            return False
        if _ties_are_equal(op):
            return value_bytes(op.operands[0]) * _line(op) // math.prod(shape) >= self.minimum_bytes
        iota_bytes = 0 if _own_iota(op) is not None else math.prod(shape) * (4 if _line(op) <= build.INDEX_MAX else 8)
        return _line(op) * _SCRATCH_BYTES * len(op.operands) - iota_bytes >= self.minimum_bytes


def _dimension(op: ir.Operation) -> int:
    dimension = ir.IntegerAttr(op.attributes["dimension"]).value if "dimension" in op.attributes else -1
    return int(dimension) % len(shape_of(op.operands[0]))


def _line(op: ir.Operation) -> int:
    """The length of the dimension that is sorted."""
    return shape_of(op.operands[0])[_dimension(op)]


def _is_strict_weak_order(op: ir.Operation) -> bool:
    """Whether the comparator orders NaNs and all: elementwise ops, ordered comparisons by bits alone, and no element before itself."""
    block = op.regions[0].blocks[0]
    for inner in walk(block):
        if len(inner.regions) or "call" in inner.name:
            return False
        if inner.name == "stablehlo.compare" and not _is_equality(inner) and not (_direction(inner) in _STRICT and _is_total(inner)):
            return False
    return _is_false_on_itself(block)


def _is_false_on_itself(block: ir.Block) -> bool:
    """Whether the comparator calls no element less than itself, as far as and, or, LT and GT show."""
    false: set[ir.Value] = set()
    for inner in (entry.operation for entry in block.operations):
        inputs = [operand in false for operand in inner.operands]
        if inner.name == "stablehlo.return":
            return all(inputs)
        is_strict = inner.name == "stablehlo.compare" and _direction(inner) in _STRICT
        if is_strict or (inner.name == "stablehlo.and" and any(inputs)) or (inner.name == "stablehlo.or" and all(inputs)):
            false.update(inner.results)
    return False


def _direction(compare: ir.Operation) -> str:
    return str(stablehlo.ComparisonDirectionAttr(compare.attributes["comparison_direction"]).value)


def _is_equality(compare: ir.Operation) -> bool:
    return _direction(compare) in {"EQ", "NE"}


def _is_total(compare: ir.Operation) -> bool:
    """Whether a comparison tells apart whatever differs in its bits."""
    if isinstance(ir.RankedTensorType(compare.operands[0].type).element_type, ir.IntegerType):
        return True
    kind = compare.attributes.get("compare_type")
    return kind is not None and stablehlo.ComparisonTypeAttr(kind).value == "TOTALORDER"


def _ties_are_equal(op: ir.Operation) -> bool:
    """Whether the comparator is one total comparison of the elements of the only operand."""
    block = op.regions[0].blocks[0]
    names = [inner.operation.name for inner in block.operations]
    if len(op.operands) > 1 or names != ["stablehlo.compare", "stablehlo.return"]:
        return False
    compare = block.operations[0].operation
    return set(compare.operands) == set(block.arguments) and not _is_equality(compare) and _is_total(compare)


def _own_iota(op: ir.Operation) -> int | None:
    """Which operand of the sort counts up along the sorted dimension."""
    for i, operand in enumerate(op.operands):
        maker = operand.owner
        if isinstance(maker, ir.Block) or maker.operation.name != "stablehlo.iota":
            continue
        is_along = ir.IntegerAttr(maker.operation.attributes["iota_dimension"]).value == _dimension(op)
        kind = ir.RankedTensorType(operand.type).element_type
        if is_along and isinstance(kind, ir.IntegerType) and 1 << (kind.width - 1) >= _line(op):
            return i
    return None


def _rewrite(op: ir.Operation) -> None:
    """Put the unstable sort in the place of `op`."""
    with ir.InsertionPoint(op), op.location:
        operands = list(op.operands)
        key = None if _ties_are_equal(op) else _own_iota(op)
        if key is None and not _ties_are_equal(op):
            key = len(operands)
            kind = build.tensor(shape_of(op.operands[0]), build.index_type(_line(op)))
            operands.append(stablehlo.iota(kind, ir.IntegerAttr.get(ir.IntegerType.get_signless(64), _dimension(op))))
        results = [operand.type for operand in operands]
        attributes = {name: op.attributes[name] for name in op.attributes} | {"is_stable": ir.BoolAttr.get(False)}
        new = ir.Operation.create(op.name, results=results, operands=operands, attributes=attributes, regions=1, loc=op.location)
        scalars = [build.tensor((), ir.RankedTensorType(operand.type).element_type) for operand in operands for _ in range(2)]
        block = new.regions[0].blocks.append(*scalars)
        with ir.InsertionPoint(block):
            stablehlo.return_([_comparator(op.regions[0].blocks[0], block, key)])
    for old, value in zip(op.results, new.results, strict=False):
        old.replace_all_uses_with(value)
    op.erase()


def _comparator(old: ir.Block, new: ir.Block, key: int | None) -> ir.Value:
    """What decides in the new block: the old comparator and, where it calls a tie, the elements of operand `key`."""
    taken = len(old.arguments)
    less = _clone(old, dict(zip(old.arguments, list(new.arguments)[:taken], strict=True)))
    if key is None:
        return less
    swapped = [new.arguments[i ^ 1] for i in range(taken)]
    more = _clone(old, dict(zip(old.arguments, swapped, strict=True)))
    lower, signed = stablehlo.ComparisonDirectionAttr.get("LT"), stablehlo.ComparisonTypeAttr.get(_signedness(new.arguments[2 * key]))
    comes_first = stablehlo.compare(new.arguments[2 * key], new.arguments[2 * key + 1], lower, compare_type=signed)
    return stablehlo.or_(less, stablehlo.and_(stablehlo.not_(more), comes_first))


def _signedness(value: ir.Value) -> str:
    return "UNSIGNED" if ir.IntegerType(ir.RankedTensorType(value.type).element_type).is_unsigned else "SIGNED"


def _clone(block: ir.Block, values: Mapping[ir.Value, ir.Value]) -> ir.Value:
    """The comparator's ops at the insertion point, reading `values` for its arguments; what it returns."""
    known = dict(values)
    for inner in (entry.operation for entry in block.operations):
        if inner.name == "stablehlo.return":
            return known.get(inner.operands[0], inner.operands[0])
        copy = inner.clone(ir.InsertionPoint.current)
        for i, operand in enumerate(inner.operands):
            copy.operands[i] = known.get(operand, operand)
        known.update(zip(inner.results, copy.results, strict=True))
    raise ValueError("a comparator has no stablehlo.return; expected the module to be valid")
