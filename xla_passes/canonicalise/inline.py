"""Inlines every call, so that the passes after it see one program."""

from dataclasses import dataclass, field

from jaxlib.mlir import ir

from xla_passes.module import context, walk
from xla_passes.plan import Rewrite


@dataclass(frozen=True)
class InlineCalls:
    """`func.call @f(x)` -> the body of `@f`, once per call, wherever the call stands; then private functions nobody names go. Exact.

    An inlined operation is located at its own place *called from* the call's. Functions of JAX's own library have no file, so
    the first file in such a location is the line of the user's code that called them.
    """

    name: str = "inline-calls"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        with context():
            inliner = _Inliner({_symbol(view.operation): view.operation for view in module.body.operations if _is_function(view.operation)})
            for name in inliner.functions:
                inliner.flatten(name)
            _remove_unnamed(inliner.functions)
        return ()


@dataclass
class _Inliner:
    functions: dict[str, ir.Operation]
    flat: set[str] = field(default_factory=set)
    entered: set[str] = field(default_factory=set)

    def flatten(self, name: str) -> None:
        """Inline the calls in a function, callees first, so that each body is copied when it has no calls left."""
        if name in self.flat:
            return
        if name in self.entered:
            raise ValueError(f"@{name} calls itself; StableHLO functions have to form a tree of calls")
        self.entered.add(name)
        function = self.functions[name]
        if len(function.regions[0].blocks):
            for op in list(walk(function.regions[0].blocks[0])):
                if op.name == "func.call":
                    callee = ir.FlatSymbolRefAttr(op.attributes["callee"]).value
                    self.flatten(callee)
                    _splice(op, self.functions[callee])
        self.flat.add(name)


def _is_function(op: ir.Operation) -> bool:
    return op.name == "func.func"


def _symbol(function: ir.Operation) -> str:
    return ir.StringAttr(function.attributes["sym_name"]).value


def _splice(call: ir.Operation, callee: ir.Operation) -> None:
    """Put a copy of the callee's body in the place of the call."""
    copy = callee.clone(ip=False)
    at = call.location

    def relocate(op: ir.Operation) -> ir.WalkResult:
        op.location = ir.Location.callsite(op.location, [at])
        return ir.WalkResult.ADVANCE

    copy.operation.walk(relocate)
    block = copy.operation.regions[0].blocks[0]
    for argument, operand in zip(block.arguments, list(call.operands), strict=True):
        argument.replace_all_uses_with(operand)
    *body, end = [view.operation for view in block.operations]
    for op in body:
        op.move_before(call)
    for result, value in zip(call.results, list(end.operands), strict=True):
        result.replace_all_uses_with(value)
    call.erase()


def _remove_unnamed(functions: dict[str, ir.Operation]) -> None:
    """Remove the private functions that no function which stays refers to."""
    reached: set[str] = set()
    pending = [name for name, op in functions.items() if not _is_private(op)]
    while pending:
        name = pending.pop()
        if name in reached or name not in functions:
            continue
        reached.add(name)
        for region in functions[name].regions:
            for block in region.blocks:
                for op in walk(block):
                    pending += _referenced(op)
    for name, op in functions.items():
        if name not in reached:
            op.erase()


def _is_private(function: ir.Operation) -> bool:
    attributes = function.attributes
    return "sym_visibility" in attributes and ir.StringAttr(attributes["sym_visibility"]).value == "private"


def _referenced(op: ir.Operation) -> list[str]:
    """The functions that an operation names other than by a call, all of which are gone by now."""
    if op.name == "stablehlo.composite":
        return [ir.FlatSymbolRefAttr(op.attributes["decomposition"]).value]
    if op.name == "stablehlo.custom_call" and "called_computations" in op.attributes:
        return [ir.FlatSymbolRefAttr(symbol).value for symbol in ir.ArrayAttr(op.attributes["called_computations"])]
    return []
