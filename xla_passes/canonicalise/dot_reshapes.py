"""Reshapes that merge dimensions for a product, and part them after it, are left out: the product takes any number of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import recreate, tensor
from xla_passes.module import shape_of
from xla_passes.patterns import apply_rules, produced_by
from xla_passes.plan import Rewrite
from xla_passes.structured import element_of

_RESHAPE = "stablehlo.reshape"
Groups = list[list[int]]  # for each dimension, which dimensions of another shape make it


@dataclass(frozen=True)
class FoldDotReshapes:
    """`reshape(dot_general(reshape(a), reshape(b)))` -> `dot_general(a, b)` and what is left of the outer reshape; exact.

    Where a reshape of an operand merges neighbouring dimensions (or adds one of size 1), and whatever reads the product parts them again
    (or drops it): `[b, h, n, d]` as `[b * h, n, d]`, a vector as a matrix. Batch and contracted dimensions have to be merged alike on both
    sides. The transposes that such a reshape hid are seen by the next pass.
    """

    name: str = "fold-dot-reshapes"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        apply_rules(module, {"stablehlo.dot_general": _fold})
        return ()


@dataclass(frozen=True)
class _Side:
    """An operand: what it is a reshape of, and which dimensions of that make each of its own."""

    value: ir.Value
    groups: Groups

    @classmethod
    def of(cls, operand: ir.Value) -> "_Side":
        reshape = produced_by(operand, _RESHAPE)
        groups = None if reshape is None else merged(shape_of(reshape.operands[0]), shape_of(operand))
        if reshape is None or groups is None:
            return cls.whole(operand)
        return cls(reshape.operands[0], groups)

    @classmethod
    def whole(cls, operand: ir.Value) -> "_Side":
        return cls(operand, [[dim] for dim in range(len(shape_of(operand)))])

    def sizes(self, dim: int) -> list[int]:
        return [shape_of(self.value)[each] for each in self.groups[dim]]

    def dims(self, of: Sequence[int]) -> list[int]:
        return [each for dim in of for each in self.groups[dim]]


def merged(shape: Sequence[int], into: Sequence[int]) -> Groups | None:
    """Which neighbouring dimensions of `shape` make each of `into`, none for one of size 1 that is new; None where some are parted."""
    groups: Groups = []
    at = 0
    for size in into:
        group: list[int] = []
        while at < len(shape) and _takes(size, group, shape, at):
            group.append(at)
            at += 1
        if math.prod(shape[dim] for dim in group) != size:
            return None
        groups.append(group)
    return groups if at == len(shape) else None


def _takes(size: int, group: Sequence[int], shape: Sequence[int], at: int) -> bool:
    """Whether a dimension of `size` that is made of `group` takes the next one too; one of size 1 takes one at most."""
    if size == 1:
        return shape[at] == 1 and not group
    return math.prod(shape[dim] for dim in group) * shape[at] <= size


def _fold(op: ir.Operation) -> ir.Value | None:
    if any(0 in shape_of(operand) for operand in op.operands):
        return None
    left, right = op.operands
    for sides in ((_Side.of(left), _Side.of(right)), (_Side.of(left), _Side.whole(right)), (_Side.whole(left), _Side.of(right))):
        if (sides[0].value != left or sides[1].value != right) and (made := _folded(op, sides)) is not None:
            return made
    return None


def _folded(op: ir.Operation, sides: tuple[_Side, _Side]) -> ir.Value | None:
    """The product of what the operands are reshapes of; None where that has other dimensions than what reads it."""
    numbers = stablehlo.DotDimensionNumbers(op.attributes["dot_dimension_numbers"])
    batch = [list(numbers.lhs_batching_dimensions), list(numbers.rhs_batching_dimensions)]
    contracted = [list(numbers.lhs_contracting_dimensions), list(numbers.rhs_contracting_dimensions)]
    pairs = [*zip(*batch, strict=True), *zip(*contracted, strict=True)]
    if any(sides[0].sizes(one) != sides[1].sizes(other) for one, other in pairs):
        return None
    shape = [size for dim in batch[0] for size in sides[0].sizes(dim)]
    for number, side in enumerate(sides):
        free = [dim for dim in range(len(side.groups)) if dim not in batch[number] and dim not in contracted[number]]
        shape += [size for dim in free for size in side.sizes(dim)]
    if not _is_parted(op.results[0], shape):
        return None
    moved = stablehlo.DotDimensionNumbers.get(
        lhs_batching_dimensions=sides[0].dims(batch[0]),
        rhs_batching_dimensions=sides[1].dims(batch[1]),
        lhs_contracting_dimensions=sides[0].dims(contracted[0]),
        rhs_contracting_dimensions=sides[1].dims(contracted[1]),
    )
    kind = tensor(shape, element_of(op.results[0]))
    product = recreate(op, [side.value for side in sides], [kind], dot_dimension_numbers=moved)[0]
    return product if kind == op.results[0].type else stablehlo.reshape(op.results[0].type, product)


def _is_parted(product: ir.Value, shape: Sequence[int]) -> bool:
    """Whether `shape` is what the product has, or what all that reads it makes of it, dimensions of size 1 apart."""
    if list(shape_of(product)) == list(shape):
        return True
    wanted = [size for size in shape if size != 1]
    readers = [use.owner for use in product.uses]
    made = [shape_of(reader.results[0]) for reader in readers if reader.name == _RESHAPE]
    return 0 < len(made) == len(readers) and all([size for size in each if size != 1] == wanted for each in made)
