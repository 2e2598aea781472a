"""Batch normalisation, as it stands: features are apart; `canonicalise.batch_norm` makes of it what splits along every dimension."""

from collections.abc import Sequence
from dataclasses import replace

from jaxlib.mlir import ir

from xla_passes.module import shape_of
from xla_passes.split.factors import Axis, Factor, Kind, Rule, blocked
from xla_passes.split.rules.elementwise import emit_resized


def _factors(op: ir.Operation) -> tuple[Factor, ...]:
    feature = ir.IntegerAttr(op.attributes["feature_index"]).value
    factors = []
    for dim, size in enumerate(shape_of(op.results[0])):
        operands, results = (_axes(values, dim, feature) for values in (list(op.operands), list(op.results)))
        if dim == feature or len(results) == 1:
            factors.append(Factor(Kind.PARALLEL, size, operands, results))
        else:
            whole = blocked(size, op, None, None, "statistics over all of it")
            factors.append(replace(whole, operands=operands, results=results))
    return tuple(factors)


def _axes(values: Sequence[ir.Value], dim: int, feature: int) -> tuple[Axis | None, ...]:
    """How a dimension of the data is carried, by the data and by what there is one of for each feature."""
    of_features = Axis(0) if dim == feature else None
    return tuple(of_features if len(shape_of(value)) == 1 else Axis(dim) for value in values)


RULES = {f"stablehlo.batch_norm_{name}": Rule(_factors, emit_resized) for name in ("grad", "inference", "training")}
