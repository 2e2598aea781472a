"""custom_call: library calls that work on a batch of matrices, one after the other; and random numbers, which come in one stream."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import recreate, resized, tensor
from xla_passes.module import shape_of
from xla_passes.patterns import has_side_effects, producer
from xla_passes.split.factors import Axis, Factor, Kind, Piece, Rule, Window
from xla_passes.split.rules.elementwise import emit_resized

# These say nothing about their batch: all dimensions but the last two of their first operand. TPUs and torch-xla have them.
_MATRIX_CALLS = frozenset({"Eigh", "LuDecomposition", "ProductOfElementaryHouseholderReflectors", "Qr"})
# These compute each element from the same elements of the operands.
_ELEMENTWISE_CALLS = frozenset({"LayoutConstraint", "Sharding", "cu_threefry2x32_ffi", "hip_threefry2x32_ffi"})
_TOP_K_CALLS = frozenset({"ApproxTopK", "PartialReduce"})
# Solvers: which operand has the right-hand sides.
_SOLVER = re.compile("(?:lapack_[sdcz]|(?:cu|hip)(?:solver|sparse)_)(trsm|gtsv2?|ormqr|unmqr)_ffi")
_RIGHT_HAND_SIDES = {"trsm": 1, "gtsv": 3, "gtsv2": 3, "ormqr": 2, "unmqr": 2}
# What a call says of the shapes of its operands and results, for partitioners.
_SHARDING_RULE = "sdy.sharding_rule"


def target_of(op: ir.Operation) -> str:
    """The name of what is called."""
    return ir.StringAttr(op.attributes["call_target_name"]).value


def _setting(op: ir.Operation, group: str, name: str) -> ir.Attribute | None:
    """An entry of one of the dictionaries that a call carries along."""
    if group not in op.attributes or not isinstance(op.attributes[group], ir.DictAttr):
        return None
    settings = ir.DictAttr(op.attributes[group])
    return settings[name] if name in settings else None  # noqa: SIM401 - it has no `get`


def _factors(op: ir.Operation) -> tuple[Factor, ...]:
    target = target_of(op)
    if has_side_effects(op) or not all(isinstance(value.type, ir.RankedTensorType) for value in (*op.operands, *op.results)):
        return tuple(_blocked_dims(op, (), f"{target} does more than compute arrays"))
    found = tuple(_parallel_factors(op))
    reason = f"{target} is not known to work on pieces" if _batch_dims(op) is None else f"{target} takes or makes all of it at once"
    return (*found, *_blocked_dims(op, found, reason))


def _parallel_factors(op: ir.Operation) -> Iterator[Factor]:
    """The dimensions that a call goes through one element after the other."""
    operands, results = ([shape_of(value) for value in values] for values in (op.operands, op.results))
    for dim in _batch_dims(op) or ():
        size = results[0][dim]
        shapes = [shape for shape in (*operands, *results) if shape]  # the others are scalars: settings
        if all(len(shape) > dim and shape[dim] == size for shape in shapes):
            axes = [tuple(Axis(dim) if shape else None for shape in shapes) for shapes in (operands, results)]
            yield Factor(Kind.PARALLEL, size, axes[0], axes[1])
    if (solved := _solved_operand(op)) is not None:
        at, dim = solved
        sliced = [value.type == op.operands[at].type for value in op.results]
        yield Factor(
            Kind.PARALLEL,
            operands[at][dim],
            tuple(Axis(dim) if each == at else None for each in range(len(operands))),
            tuple(Axis(dim) if is_sliced else None for is_sliced in sliced),
        )


def _batch_dims(op: ir.Operation) -> Sequence[int] | None:
    """JAX says how many leading dimensions are a batch (XLA's partitioners ask for it); some calls are known by their names, others not."""
    target, rank = target_of(op), len(shape_of(op.operands[0])) if len(op.operands) else 0
    count = _setting(op, "mhlo.frontend_attributes", "num_batch_dims")
    if count is not None:
        return range(int(ir.StringAttr(count).value))
    if target in _MATRIX_CALLS:
        return range(rank - 2)
    if target in _ELEMENTWISE_CALLS:
        return range(rank)
    searched = _setting(op, "mhlo.backend_config", "reduction_dim") if target in _TOP_K_CALLS else None
    return None if searched is None else [dim for dim in range(rank) if dim != ir.IntegerAttr(searched).value]


def _solved_operand(op: ir.Operation) -> tuple[int, int] | None:
    """Which operand of a solver has the right-hand sides, and along which dimension they stand side by side."""
    found = _SOLVER.fullmatch(target_of(op))
    if not found:
        return None
    at = _RIGHT_HAND_SIDES[found.group(1)]
    side, left = _setting(op, "mhlo.backend_config", "side"), _setting(op, "mhlo.backend_config", "left")
    is_right = (side is not None and ir.IntegerAttr(side).value != ord("L")) or (left is not None and not ir.BoolAttr(left).value)
    return at, len(shape_of(op.operands[at])) - (2 if is_right else 1)


def _blocked_dims(op: ir.Operation, known: Sequence[Factor], reason: str) -> Iterator[Factor]:
    """A factor for each dimension of an operand or result that is in none so far."""
    for side, values in enumerate((op.operands, op.results)):
        for at, value in enumerate(values):
            carried = {axis.dim for factor in known if (axis := (factor.results if side else factor.operands)[at])}
            rank = len(shape_of(value)) if isinstance(value.type, ir.RankedTensorType) else 0
            for dim in sorted(set(range(rank)) - carried):
                axes = tuple(Axis(dim) if each == at else None for each in range(len(values)))
                nothing = (None,) * len(op.operands if side else op.results)
                operands, results = (nothing, axes) if side else (axes, nothing)
                yield Factor(Kind.BLOCKED, shape_of(value)[dim], operands, results, reason)


def _emit(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    """The call on a piece, without what it says of the whole's shapes to partitioners."""
    kinds = [
        resized(result.type, axis.dim, piece.length) if axis else result.type
        for result, axis in zip(op.results, factor.results, strict=True)
    ]
    made = recreate(op, _in_rows(op, "operand_layouts", operands, factor.operands), kinds)
    call = producer(made[0])
    if call is not None and _SHARDING_RULE in call.attributes:
        del call.attributes[_SHARDING_RULE]
    return _in_rows(op, "result_layouts", made, factor.results)


def _in_rows(op: ir.Operation, layouts: str, values: Sequence[ir.Value], axes: Sequence[Axis | Window | None]) -> list[ir.Value]:
    """The values, each piece that the call wants otherwise stored row by row.

    Or XLA would store all that the loop slices or writes as the call wants it, and take a copy of it for that.
    """
    if layouts not in op.attributes:
        return list(values)
    orders = [np.array(ir.DenseIntElementsAttr(each)).tolist() for each in ir.ArrayAttr(op.attributes[layouts])]
    is_turned = [axis is not None and order != sorted(order, reverse=True) for order, axis in zip(orders, axes, strict=True)]
    return [_row_by_row(value) if turned else value for value, turned in zip(values, is_turned, strict=True)]


def _row_by_row(value: ir.Value) -> ir.Value:
    rank = len(shape_of(value))
    order: Any = np.arange(rank)[::-1].copy()
    rows = ir.ArrayAttr.get([ir.DenseIntElementsAttr.get(order, type=tensor((rank,), ir.IndexType.get()))])
    return stablehlo.CustomCallOp([value.type], [value], "LayoutConstraint", operand_layouts=rows, result_layouts=rows).results[0]


def _random_factors(op: ir.Operation) -> tuple[Factor, ...]:
    return tuple(_blocked_dims(op, (), "the numbers of a piece would be others"))


RULES = {
    "stablehlo.custom_call": Rule(_factors, _emit),
    "stablehlo.rng": Rule(_random_factors, emit_resized),
    "stablehlo.rng_bit_generator": Rule(_random_factors, emit_resized),
}
