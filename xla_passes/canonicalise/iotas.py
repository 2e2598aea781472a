"""Counting up is one operation, however it was written: a constant that counts is baked into the program, and is read from memory."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import filled, scalar
from xla_passes.canonicalise.constants import elements_of, numpy_dtype
from xla_passes.module import shape_of
from xla_passes.patterns import Rule, apply_rules, integers, produced_by
from xla_passes.plan import Rewrite

_SHORTEST = 8


@dataclass(frozen=True)
class ComposeIotas:
    """`broadcast_in_dim(iota)`, `reshape(iota)`, `convert(iota)`, a constant that counts -> `iota`; exact.

    - A broadcast along new dimensions, or a reshape that adds some of size 1 -> the `iota` along the dimension that was counted.
    - A conversion to an integer type that holds the last number.
    - An integer constant of one dimension, `[a, a + s, a + 2 s, ...]` -> `iota * s + a`, if it has at least `shortest` elements.

    Attributes
    ----------
    shortest
        Constants of fewer elements are left as they are.
    """

    shortest: int = _SHORTEST
    name: str = "compose-iotas"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""

        def count(op: ir.Operation) -> ir.Value | None:
            return counting(op) if _length(op) >= self.shortest else None

        apply_rules(module, {"stablehlo.constant": count, **_RULES})
        return ()


def _length(op: ir.Operation) -> int:
    shape = shape_of(op.results[0])
    return shape[0] if len(shape) == 1 else 0


def counting(constant: ir.Operation) -> ir.Value | None:
    """The `iota`, times a step and with a start, that a constant of one dimension is."""
    kind = ir.RankedTensorType(constant.results[0].type)
    elements, dtype = elements_of(constant), numpy_dtype(kind.element_type)
    if elements is None or elements.is_splat or dtype is None or dtype.kind not in "iu":
        return None
    numbers: Any = np.asarray(elements)
    start, step = int(numbers[0]), int(numbers[1]) - int(numbers[0])
    last = start + step * (len(numbers) - 1)
    limits = np.iinfo(dtype)
    if not limits.min <= last <= limits.max or len(numbers) - 1 > limits.max or not limits.min <= step <= limits.max:
        return None
    if not np.array_equal(numbers, start + step * np.arange(len(numbers), dtype=dtype)):
        return None
    found = stablehlo.iota(kind, 0)
    if step != 1:
        found = stablehlo.multiply(found, filled(scalar(step, kind.element_type), kind))
    return stablehlo.add(found, filled(scalar(start, kind.element_type), kind)) if start else found


def broadcast(op: ir.Operation) -> ir.Value | None:
    """The `iota` of the broadcast's shape, unless it repeats the only element of the dimension that is counted."""
    iota = produced_by(op.operands[0], "stablehlo.iota")
    if iota is None:
        return None
    dim = ir.IntegerAttr(iota.attributes["iota_dimension"]).value
    to = integers(op, "broadcast_dimensions")[dim]
    if shape_of(op.results[0])[to] != shape_of(iota.results[0])[dim]:
        return None
    return stablehlo.iota(op.results[0].type, to)


def reshape(op: ir.Operation) -> ir.Value | None:
    """The `iota` of the reshape's shape, where only dimensions of size 1 are new or gone."""
    iota = produced_by(op.operands[0], "stablehlo.iota")
    if iota is None:
        return None
    dim = ir.IntegerAttr(iota.attributes["iota_dimension"]).value
    before, after = shape_of(iota.results[0]), shape_of(op.results[0])
    kept = [at for at, size in enumerate(after) if size != 1]
    if before[dim] == 1 or [size for size in before if size != 1] != [after[at] for at in kept]:
        return None
    return stablehlo.iota(op.results[0].type, kept[sum(size != 1 for size in before[:dim])])


def convert(op: ir.Operation) -> ir.Value | None:
    """The `iota` of the other type."""
    iota, dtype = produced_by(op.operands[0], "stablehlo.iota"), numpy_dtype(ir.RankedTensorType(op.results[0].type).element_type)
    if iota is None or dtype is None or dtype.kind not in "iu":
        return None
    dim = ir.IntegerAttr(iota.attributes["iota_dimension"]).value
    before = numpy_dtype(ir.RankedTensorType(iota.results[0].type).element_type)
    if before is None or before.kind not in "iu" or shape_of(iota.results[0])[dim] - 1 > min(np.iinfo(dtype).max, np.iinfo(before).max):
        return None
    return stablehlo.iota(op.results[0].type, dim)


_RULES: dict[str, Rule] = {"stablehlo.broadcast_in_dim": broadcast, "stablehlo.reshape": reshape, "stablehlo.convert": convert}
