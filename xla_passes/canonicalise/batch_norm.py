"""Batch normalisation as the elementwise operations and sums that it stands for, each of which splits along every dimension."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import filled, scalar
from xla_passes.module import shape_of
from xla_passes.patterns import apply_rules
from xla_passes.plan import Rewrite
from xla_passes.structured import add_reduce, element_of


@dataclass(frozen=True)
class ExpandBatchNorm:
    """`batch_norm_training`, `_inference` and `_grad` -> their definitions; exact.

    The formulas are those into which XLA itself expands them (tried with jaxlib 0.10.2): the variance is the mean of the squares less the
    square of the mean, and inference scales and shifts by numbers that are computed once for each feature.
    """

    name: str = "expand-batch-norm"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        apply_rules(
            module,
            {
                "stablehlo.batch_norm_training": _training,
                "stablehlo.batch_norm_inference": _inference,
                "stablehlo.batch_norm_grad": _gradient,
            },
        )
        return ()


class _Features:
    """The dimension of the features, and all others, which a batch norm sums over."""

    def __init__(self, op: ir.Operation) -> None:
        value = op.operands[0]
        self.kind, self.element = value.type, element_of(value)
        self.dim = ir.IntegerAttr(op.attributes["feature_index"]).value
        shape = shape_of(value)
        self.others = [dim for dim in range(len(shape)) if dim != self.dim]
        self.count = math.prod(shape[dim] for dim in self.others)
        self.epsilon = ir.FloatAttr(op.attributes["epsilon"]).value

    def spread(self, value: ir.Value) -> ir.Value:
        """One number a feature, for every element."""
        return stablehlo.broadcast_in_dim(self.kind, value, ir.DenseI64ArrayAttr.get([self.dim]))

    def sum(self, value: ir.Value) -> ir.Value:
        """The sum over all but the features."""
        return add_reduce(value, self.others)

    def counts(self, like: ir.Value) -> ir.Value:
        """The number of elements of a feature, in each place of the shape of `like`."""
        return filled(scalar(self.count, self.element), like.type)

    def deviation(self, variance: ir.Value) -> ir.Value:
        """The reciprocal of the standard deviation."""
        return stablehlo.rsqrt(self.shifted(variance))

    def shifted(self, variance: ir.Value) -> ir.Value:
        """The variance plus epsilon."""
        return stablehlo.add(variance, filled(scalar(self.epsilon, self.element), variance.type))


def _training(op: ir.Operation) -> Sequence[ir.Value]:
    value, scale, offset = op.operands
    features = _Features(op)
    mean = _mean(features, value)
    variance = stablehlo.subtract(_mean(features, stablehlo.multiply(value, value)), stablehlo.multiply(mean, mean))
    centred = stablehlo.subtract(value, features.spread(mean))
    normal = stablehlo.multiply(centred, features.spread(features.deviation(variance)))
    scaled = stablehlo.multiply(normal, features.spread(scale))
    return [stablehlo.add(scaled, features.spread(offset)), mean, variance]


def _mean(features: _Features, value: ir.Value) -> ir.Value:
    total = features.sum(value)
    return stablehlo.divide(total, features.counts(total))


def _inference(op: ir.Operation) -> ir.Value:
    value, scale, offset, mean, variance = op.operands
    features = _Features(op)
    slope = stablehlo.multiply(scale, features.deviation(variance))
    shift = stablehlo.subtract(offset, stablehlo.multiply(mean, slope))
    return stablehlo.add(stablehlo.multiply(value, features.spread(slope)), features.spread(shift))


def _gradient(op: ir.Operation) -> Sequence[ir.Value]:
    value, scale, mean, variance, cotangent = op.operands
    features = _Features(op)
    deviation = features.deviation(variance)
    centred = stablehlo.subtract(value, features.spread(mean))
    total, moment = features.sum(cotangent), features.sum(stablehlo.multiply(cotangent, centred))
    factor = stablehlo.multiply(scale, deviation)
    factor = stablehlo.divide(factor, features.counts(factor))
    spread = stablehlo.subtract(stablehlo.multiply(cotangent, features.counts(cotangent)), features.spread(total))
    along = stablehlo.divide(stablehlo.multiply(features.spread(moment), centred), features.spread(features.shifted(variance)))
    changed = stablehlo.multiply(features.spread(factor), stablehlo.subtract(spread, along))
    return [changed, stablehlo.multiply(moment, deviation), total]
