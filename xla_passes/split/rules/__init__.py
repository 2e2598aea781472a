"""One row per operation: which factors it has, and how a piece of it is emitted."""

from xla_passes.split.factors import Rule
from xla_passes.split.rules import batched, contraction, elementwise, indexing, reduction, shaping

RULES: dict[str, Rule] = {
    **elementwise.RULES,
    **shaping.RULES,
    **contraction.RULES,
    **reduction.RULES,
    **indexing.RULES,
    **batched.RULES,
}
