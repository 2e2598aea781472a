"""Reading and making constants: the number that fills a value, and the scalar constant of a number."""

from typing import Any

import numpy as np
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.patterns import producer

Number = Any  # a NumPy scalar: its type, which varies, decides how it computes

_NUMPY_FLOATS: dict[str, type] = {"f32": np.float32, "f64": np.float64}


def numpy_dtype(element: ir.Type) -> np.dtype[Any] | None:
    """The NumPy type that computes as XLA does on `element`, for those that have one (bfloat16 and complex do not)."""
    if isinstance(element, ir.IntegerType):
        integer = ir.IntegerType(element)
        if integer.width == 1:
            return np.dtype(bool)
        name = f"{'u' if integer.is_unsigned else ''}int{integer.width}"
        return np.dtype(name) if integer.width in (8, 16, 32, 64) else None
    kind = _NUMPY_FLOATS.get(str(element))
    return None if kind is None else np.dtype(kind)


def elements_of(constant: ir.Operation) -> ir.DenseElementsAttr | None:
    """The elements of a `stablehlo.constant`; None for complex ones, which MLIR's Python bindings cannot hold, and for resources."""
    try:
        value = constant.attributes["value"]
    except TypeError:
        return None
    return value if isinstance(value, ir.DenseElementsAttr) else None


def filled_with(value: ir.Value) -> Number | None:
    """The number that every element of `value` is, where that is known; it looks through broadcasts and reshapes."""
    op = producer(value)
    while op is not None and op.name in ("stablehlo.broadcast_in_dim", "stablehlo.reshape"):
        op = producer(op.operands[0])
    if op is None or op.name != "stablehlo.constant":
        return None
    elements = elements_of(op)
    if elements is None or not elements.is_splat:
        return None
    dtype = numpy_dtype(ir.RankedTensorType(elements.type).element_type)
    return None if dtype is None else dtype.type(np.asarray(elements).reshape(-1)[0])


def scalar_constant(number: Number, element: ir.Type) -> ir.Value:
    """A rank-0 constant of a NumPy number, at the current insertion point."""
    kind = ir.RankedTensorType.get((), element)
    array: Any = np.asarray(number)
    if array.dtype == bool:
        return stablehlo.constant(ir.DenseElementsAttr.get_splat(kind, ir.BoolAttr.get(bool(number))))
    return stablehlo.constant(ir.DenseElementsAttr.get(array, type=kind))


def splat_number(value: ir.Value) -> float | int | bool | None:
    """Like `filled_with`, as a number of Python's and for every real type, those that NumPy lacks among them."""
    op = producer(value)
    while op is not None and op.name in ("stablehlo.broadcast_in_dim", "stablehlo.reshape"):
        op = producer(op.operands[0])
    elements = elements_of(op) if op is not None and op.name == "stablehlo.constant" else None
    if elements is None or not elements.is_splat:
        return None
    number: Any = elements.get_splat_value()
    return number.value
