"""The MLIR context, and what every pass asks of a module: parse, print, clone, sizes, source lines."""

import functools
import math
import re
from collections.abc import Iterator

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import chlo, sdy, stablehlo

from xla_passes.compat import register_dialects

_FRAME = re.compile(r'"([^"]+)":(\d+):\d+')
_SUB_BYTE_BITS = {"i2": 2, "i4": 4, "ui2": 2, "ui4": 4, "f4E2M1FN": 4}


@functools.cache
def context() -> ir.Context:
    """The one context in which everything that JAX and torch-xla emit parses."""
    made = ir.Context()
    registry = ir.DialectRegistry()
    register_dialects(registry)
    made.append_dialect_registry(registry)
    made.load_all_available_dialects()
    for dialect in (stablehlo, chlo, sdy):
        dialect.register_dialect(made)
    return made


def parse(source: str | bytes) -> ir.Module:
    """A module from MLIR text or from a StableHLO portable artifact."""
    with context(), ir.Location.unknown():
        if isinstance(source, bytes):
            return stablehlo.deserialize_portable_artifact(context(), source)
        return ir.Module.parse(source)


def serialize(module: ir.Module) -> bytes:
    """A StableHLO portable artifact, chlo ops let through; made from a copy, since serialising turns a module into VHLO."""
    return stablehlo.serialize_portable_artifact(clone(module), stablehlo.get_current_version(), True)


def clone(module: ir.Module) -> ir.Module:
    """A copy that shares nothing with `module`."""
    return parse(str(module.operation.get_asm(enable_debug_info=True)))


def main_function(module: ir.Module) -> ir.Operation:
    """The public function that a recording runs: `@main`, or the only public one."""
    functions = [op for op in module.body.operations if op.operation.name == "func.func"]
    for function in functions:
        if ir.StringAttr(function.attributes["sym_name"]).value == "main":
            return function.operation
    raise ValueError(f"the module has no function @main; it has {len(functions)} functions")


def main_block(module: ir.Module) -> ir.Block:
    """The body of `@main`."""
    return main_function(module).regions[0].blocks[0]


def walk(block: ir.Block) -> Iterator[ir.Operation]:
    """Every operation of a block, its regions included, outermost first."""
    for op in block.operations:
        yield op.operation
        for region in op.operation.regions:
            for inner in region.blocks:
                yield from walk(inner)


def shape_of(value: ir.Value) -> tuple[int, ...]:
    """The shape of a ranked tensor value."""
    return tuple(ir.RankedTensorType(value.type).shape)


def element_bits(element: ir.Type) -> int:
    """Bits that one element takes in a buffer (a boolean takes a byte)."""
    text = str(element)
    if text in _SUB_BYTE_BITS:
        return _SUB_BYTE_BITS[text]
    if text.startswith("complex"):
        return 2 * element_bits(ir.ComplexType(element).element_type)
    digits = re.search(r"\d+", text)
    return max(8, int(digits.group())) if digits else 8


def type_bytes(kind: ir.Type) -> int:
    """Bytes of a tensor type's buffer; tokens and other types that hold no data are 0."""
    if not isinstance(kind, ir.RankedTensorType):
        return 0
    tensor = ir.RankedTensorType(kind)
    return (math.prod(tensor.shape) * element_bits(tensor.element_type) + 7) // 8


def value_bytes(value: ir.Value) -> int:
    """Bytes of a value's buffer, were it materialised."""
    return type_bytes(value.type)


def source_line(op: ir.Operation) -> str | None:
    """`file:line` of the innermost user frame that recorded the operation, if the location has one."""
    frame = _FRAME.search(str(op.location))
    return f"{frame.group(1)}:{frame.group(2)}" if frame else None
