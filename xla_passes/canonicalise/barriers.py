"""A barrier of several values is one of each: then each splits as an elementwise operation does, along any of its dimensions."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.patterns import apply_rules
from xla_passes.plan import Rewrite


@dataclass(frozen=True)
class SplitBarriers:
    """`optimization_barrier(x, y)` -> `optimization_barrier(x), optimization_barrier(y)`; exact.

    What a barrier is there for stays: none is merged with another, nor with its operand, neither here nor by XLA, so that what
    `jax.checkpoint` computes again is not what was computed before. Lost is that all operands are there before the first is used; gradients
    of checkpointed layers took the same memory with either form on the CPU (jaxlib 0.10.2) and on a TPU v5e (libtpu 0.0.52).
    """

    name: str = "split-barriers"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        apply_rules(module, {"stablehlo.optimization_barrier": _split})
        return ()


def _split(op: ir.Operation) -> Sequence[ir.Value] | None:
    if len(op.operands) < 2:
        return None
    return [stablehlo.OptimizationBarrierOp([operand]).results[0] for operand in op.operands]
