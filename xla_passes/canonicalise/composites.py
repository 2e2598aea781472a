"""Composites and custom calls that name an operation of the chlo dialect become it; other composites, a call of their decomposition."""

from dataclasses import dataclass
from typing import Any

from jaxlib.mlir import ir

from xla_passes.module import context, walk
from xla_passes.patterns import function_blocks
from xla_passes.plan import Rewrite

# What JAX exports as composites without options (tried with 0.10.2); each equals its composite, compiled, to the bit.
_ELEMENTWISE = frozenset(f"chlo.{name}" for name in ("acos", "acosh", "asin", "asinh", "atanh", "cosh", "erf", "sinh"))
_CUSTOM_CALLS = {"mhlo.erf": "chlo.erf"}  # what XLA makes of its operations that StableHLO has not


@dataclass(frozen=True)
class LowerComposites:
    """`composite "chlo.top_k"(x) {k}` -> `chlo.top_k(x, k)`, `composite "chlo.erf"(x)` -> `chlo.erf(x)`, others -> a call; exact.

    Likewise `custom_call @mhlo.erf(x)` -> `chlo.erf(x)`, which is how XLA writes its operation in StableHLO.

    JAX exports these operations as composites, whose decompositions have fixed shapes and are slower than XLA's own code.
    """

    name: str = "lower-composites"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        with context():
            for block in function_blocks(module):
                for op in list(walk(block)):
                    if op.name == "stablehlo.composite":
                        _lower(op)
                    elif op.name == "stablehlo.custom_call":
                        _lower_custom_call(op)
        return ()


def _lower(op: ir.Operation) -> None:
    given: Any = op.attributes.get("composite_attributes", ())
    options = {item.name: item.attr for item in given}
    name = ir.StringAttr(op.attributes["name"]).value
    if name == "chlo.top_k" and set(options) == {"k"} and str(ir.RankedTensorType(op.results[1].type).element_type) == "i32":
        attributes = {"k": options["k"]}
    elif name in _ELEMENTWISE and not options and len(op.results) == 1:
        attributes = {}
    else:
        name, attributes = "func.call", {"callee": op.attributes["decomposition"]}
    _become(op, name, attributes)


def _lower_custom_call(op: ir.Operation) -> None:
    name = _CUSTOM_CALLS.get(ir.StringAttr(op.attributes["call_target_name"]).value)
    if name is not None and len(op.operands) == len(op.results) == 1 and op.operands[0].type == op.results[0].type:
        _become(op, name, {})


def _become(op: ir.Operation, name: str, attributes: dict[str, ir.Attribute]) -> None:
    made = ir.Operation.create(
        name,
        results=[result.type for result in op.results],
        operands=list(op.operands),
        attributes=attributes,
        loc=op.location,
        ip=ir.InsertionPoint(op),
    )
    for result, replacement in zip(op.results, made.results, strict=True):
        result.replace_all_uses_with(replacement)
    op.erase()
