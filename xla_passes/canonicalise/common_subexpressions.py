"""Computes once what a block computes several times."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from jaxlib.mlir import ir

from xla_passes.module import context, walk
from xla_passes.patterns import function_blocks, has_side_effects, inner_blocks, replace
from xla_passes.plan import Rewrite

# Two random numbers are not one, and a barrier separates what its author wanted separate.
_NEVER_SHARED = frozenset({"stablehlo.rng", "stablehlo.optimization_barrier", "stablehlo.create_token", "stablehlo.after_all"})
_LARGEST_PRINTED_CONSTANT = 16


@dataclass(frozen=True)
class CommonSubexpressions:
    """Two operations of a block with equal names, operands, attributes, result types and regions -> the first; exact.

    Regions share nothing with the block around them: XLA gives a value that a loop's body captures a place in the loop's tuple.
    """

    name: str = "common-subexpressions"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        with context():
            for block in function_blocks(module):
                _share(block)
        return ()


def _share(block: ir.Block) -> None:
    seen = _Seen()
    for view in list(block.operations):
        op = view.operation
        for inner in inner_blocks(op):
            _share(inner)
        if len(op.results) and _can_share(op):
            same = seen.same(op)
            if same is not None:
                replace(op, list(same.results))


@dataclass
class _Seen:
    """The operations of a block so far. Few have the name and operands of another, and only for those is the long key put together."""

    alone: dict[Hashable, ir.Operation | None] = field(default_factory=dict)
    known: dict[Hashable, ir.Operation] = field(default_factory=dict)

    def same(self, op: ir.Operation) -> ir.Operation | None:
        """The one that has everything in common with `op`, if there is one."""
        brief = (op.name, *op.operands)
        if brief not in self.alone:
            self.alone[brief] = op
            return None
        first, self.alone[brief] = self.alone[brief], None
        for each in (first, op):
            key = None if each is None else _key(each, {})
            if each is not None and key is not None and self.known.setdefault(key, each) is not each:
                return self.known[key]
        return None


def _can_share(op: ir.Operation) -> bool:
    if op.name in _NEVER_SHARED or has_side_effects(op):
        return False
    return all(child.name not in _NEVER_SHARED for block in inner_blocks(op) for child in walk(block))


def _key(op: ir.Operation, inner: dict[ir.Value, int]) -> Hashable | None:
    """What two operations have to have in common; `inner` numbers the values of the regions around `op` that are compared with it."""
    attributes = _attributes(op)
    if attributes is None:
        return None
    regions = []
    for block in inner_blocks(op):
        key = tuple(_block_keys(block, inner))
        if None in key:
            return None
        regions.append(key)
    operands = tuple(inner.get(operand, operand) for operand in op.operands)
    return op.name, operands, attributes, tuple(result.type for result in op.results), tuple(regions)


def _block_keys(block: ir.Block, inner: dict[ir.Value, int]) -> Iterator[Hashable | None]:
    for argument in block.arguments:
        inner[argument] = len(inner)
    yield tuple(argument.type for argument in block.arguments)
    for view in block.operations:
        yield _key(view.operation, inner)
        for result in view.operation.results:
            inner[result] = len(inner)


def _attributes(op: ir.Operation) -> Hashable | None:
    """The attributes in a form to compare; None where they cannot be."""
    try:
        return frozenset(op.attributes.items())
    except TypeError:  # a complex constant, which the bindings cannot read (jaxlib 0.10.2): its text will do, unless parts are left out
        if op.name != "stablehlo.constant":
            return None
        text = str(op.clone(ip=False).get_asm(large_elements_limit=_LARGEST_PRINTED_CONSTANT, use_local_scope=True))
        return None if "elided" in text else text
