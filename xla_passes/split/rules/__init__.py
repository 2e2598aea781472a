"""One row per operation: which factors it has, and how a piece of it is emitted."""

from xla_passes.split.rules import (
    batch_norm,
    batched,
    calls,
    contraction,
    control,
    convolution,
    edges,
    elementwise,
    gather,
    indexing,
    reduction,
    scatter,
    select_and_scatter,
    shaping,
    windows,
)
from xla_passes.split.table import RULES

__all__ = ["RULES"]

_CHAPTERS = (
    elementwise, shaping, edges, contraction, convolution, reduction, windows, indexing, gather, scatter, select_and_scatter,
    batched, batch_norm, calls, control,
)  # fmt: skip
for _chapter in _CHAPTERS:
    RULES.update(_chapter.RULES)
