"""What passes share in looking at operations: walking blocks, producers and users, rules by operation name, side effects."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from jaxlib.mlir import ir

from xla_passes.module import context

# One rewrite of the operations of one name: the value that takes the place of the only result, or one for each of several, or None to
# leave the operation alone. It runs with the insertion point at the operation and with the operation's location.
Rule = Callable[[ir.Operation], ir.Value | Sequence[ir.Value] | None]

# Other devices and the host wait for these; nothing is known about a callee before it is inlined.
_EFFECTFUL = frozenset(
    f"stablehlo.{name}"
    for name in (
        "infeed", "outfeed", "send", "recv", "all_gather", "all_reduce", "all_to_all", "reduce_scatter", "collective_permute",
        "collective_broadcast", "cross-replica-sum", "async_start", "async_done",
    )
)  # fmt: skip
_PURE_DIALECTS = ("stablehlo.", "chlo.")


def producer(value: ir.Value) -> ir.Operation | None:
    """The operation that computes `value`; None for a block argument."""
    owner = value.owner
    return None if isinstance(owner, ir.Block) else owner.operation


def produced_by(value: ir.Value, name: str) -> ir.Operation | None:
    """The operation that computes `value`, if it is of that name."""
    op = producer(value)
    return op if op is not None and op.name == name else None


def constant_integer(value: ir.Value) -> int | None:
    """The number that a scalar integer constant holds."""
    owner = value.owner
    if isinstance(owner, ir.Block) or owner.name != "stablehlo.constant" or ir.RankedTensorType(value.type).shape:
        return None
    if not isinstance(ir.RankedTensorType(value.type).element_type, ir.IntegerType):
        return None
    return int(ir.IntegerAttr(ir.DenseElementsAttr(owner.operation.attributes["value"]).get_splat_value()).value)


def is_used(value: ir.Value) -> bool:
    """Whether anything reads `value`."""
    return next(iter(value.uses), None) is not None


def integers(op: ir.Operation, attribute: str) -> list[int]:
    """An array-of-integers attribute."""
    return list(ir.DenseI64ArrayAttr(op.attributes[attribute]))


def function_blocks(module: ir.Module) -> Iterator[ir.Block]:
    """The body of every function."""
    for function in module.body.operations:
        if function.operation.name == "func.func":
            for region in function.operation.regions:
                yield from region.blocks


def inner_blocks(op: ir.Operation) -> Iterator[ir.Block]:
    """The blocks of the operation's own regions."""
    if len(op.regions):
        for region in op.regions:
            yield from region.blocks


def has_side_effects(op: ir.Operation) -> bool:
    """Whether the operation does more than compute its results; unknown dialects are taken to."""
    name = op.name
    if name == "stablehlo.custom_call":
        return "has_side_effect" in op.attributes and ir.BoolAttr(op.attributes["has_side_effect"]).value
    if name in _EFFECTFUL or not name.startswith(_PURE_DIALECTS):
        return True
    return any(has_side_effects(child.operation) for block in inner_blocks(op) for child in block.operations)


def apply_rules(module: ir.Module, rules: Mapping[str, Rule]) -> None:
    """Try the rule of each operation once, in program order, regions before the operation that holds them."""
    with context():
        for block in function_blocks(module):
            _apply(block, rules)


def _apply(block: ir.Block, rules: Mapping[str, Rule]) -> None:
    for view in list(block.operations):
        op = view.operation
        for inner in inner_blocks(op):
            _apply(inner, rules)
        rule = rules.get(op.name)
        if rule is None:
            continue
        with ir.InsertionPoint(op), op.location:
            made = rule(op)
        if made is not None:
            replace(op, [made] if isinstance(made, ir.Value) else made)


def replace(op: ir.Operation, values: Sequence[ir.Value]) -> None:
    """Let `values` take the place of the operation's results, and remove it."""
    for result, value in zip(op.results, values, strict=True):
        result.replace_all_uses_with(value)
    op.erase()
