"""Algebraic rewrites, run before splitting, and forms that suit one backend, run after it."""

from xla_passes.passes import Pass
from xla_passes.rewrites.distance import DistanceToProduct
from xla_passes.rewrites.stable_sort import UnstableSort
from xla_passes.rewrites.top_k import TwoLevelTopK


def rewrite_passes(rewrites: str = "all") -> tuple[Pass, ...]:
    """The rewrites in order; "exact" leaves out those that change floating-point results."""
    return (DistanceToProduct(),) if rewrites == "all" else ()


def backend_passes() -> tuple[Pass, ...]:
    """What makes each piece fast and its memory visible, once the pieces have their length."""
    return (TwoLevelTopK(), UnstableSort())
