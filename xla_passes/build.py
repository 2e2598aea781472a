"""Small builders of StableHLO operations at the current insertion point; every pass that makes operations uses them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

INDEX_MAX = 2**31 - 1


def tensor(shape: Sequence[int], element: ir.Type) -> ir.RankedTensorType:
    """A ranked tensor type."""
    return ir.RankedTensorType.get(tuple(shape), element)


def resized(kind: ir.Type, dim: int, size: int) -> ir.RankedTensorType:
    """The tensor type with one dimension changed."""
    ranked = ir.RankedTensorType(kind)
    shape = list(ranked.shape)
    shape[dim] = size
    return ir.RankedTensorType.get(shape, ranked.element_type)


def index_type(largest: int) -> ir.Type:
    """The integer type that counts up to `largest`."""
    return ir.IntegerType.get_signless(32 if largest <= INDEX_MAX else 64)


def scalar(value: complex, element: ir.Type) -> ir.Value:
    """A scalar constant of an integer, floating or complex element type."""
    kind = tensor((), element)
    if isinstance(element, ir.ComplexType):
        part = np.complex64 if str(element.element_type) == "f32" else np.complex128
        array: Any = np.full((), value, part)
        return stablehlo.constant(ir.DenseElementsAttr.get(array, type=kind))
    is_integer = isinstance(element, ir.IntegerType)
    attribute = ir.IntegerAttr.get(element, int(value.real)) if is_integer else ir.FloatAttr.get(element, float(value.real))
    return stablehlo.constant(ir.DenseElementsAttr.get_splat(kind, attribute))


def filled(value: ir.Value, kind: ir.Type) -> ir.Value:
    """A scalar broadcast to a type's shape."""
    ranked = ir.RankedTensorType(kind)
    if not ranked.shape:
        return value
    return stablehlo.broadcast_in_dim(ranked, value, ir.DenseI64ArrayAttr.get([]))


def starts(value: ir.Value, dim: int, start: ir.Value) -> list[ir.Value]:
    """Start indices that are zero but for `dim`."""
    nought = scalar(0, ir.RankedTensorType(start.type).element_type)
    return [start if d == dim else nought for d in range(len(ir.RankedTensorType(value.type).shape))]


def take(value: ir.Value, dim: int, start: ir.Value, size: int) -> ir.Value:
    """`size` elements of `value` along `dim` from `start`."""
    kind = resized(value.type, dim, size)
    return stablehlo.dynamic_slice(value, starts(value, dim, start), ir.DenseI64ArrayAttr.get(kind.shape))


def put(buffer: ir.Value, piece: ir.Value, dim: int, start: ir.Value) -> ir.Value:
    """`buffer` with `piece` written along `dim` from `start`."""
    return stablehlo.dynamic_update_slice(buffer, piece, starts(buffer, dim, start))


def recreate(op: ir.Operation, operands: Sequence[ir.Value], result_types: Sequence[ir.Type], **attributes: ir.Attribute) -> list[ir.Value]:
    """A copy of `op`, regions included, with other operands, result types and attributes, at the current insertion point."""
    copy = op.clone(ir.InsertionPoint.current)
    for i, operand in enumerate(operands):
        copy.operands[i] = operand
    for result, kind in zip(copy.results, result_types, strict=True):
        result.set_type(kind)
    for name, attribute in attributes.items():
        copy.attributes[name] = attribute
    return list(copy.results)
