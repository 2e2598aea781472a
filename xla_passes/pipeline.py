"""The passes in order, and the loops that are built between them."""

from collections.abc import Sequence

from jaxlib.mlir import ir

from xla_passes.canonicalise import canonicalise_passes, tidy_passes
from xla_passes.module import main_block
from xla_passes.passes import Pass
from xla_passes.plan import Loop, Rewrite
from xla_passes.rewrites import backend_passes, rewrite_passes
from xla_passes.split.checkpointing import Checkpointing, checkpoint
from xla_passes.split.loops import build
from xla_passes.split.planner import Planner
from xla_passes.split.sinking import Sinking, sink

MOST_LOOPS = 24, 8  # so many, or one for so many operations
PATIENCE = 4  # loops in a row that may leave more over the budget than there was


def default_pipeline(*, rewrites: str = "all") -> tuple[Pass, ...]:
    """The passes in order; the loops are built between those before and those after splitting."""
    return (*passes_before_splitting(rewrites), *passes_after_splitting(rewrites))


def passes_before_splitting(rewrites: str) -> tuple[Pass, ...]:
    """Canonicalisation first, so that every later pass meets one form of a thing; rewrites, since a smaller program needs fewer loops."""
    return (*canonicalise_passes(), *rewrite_passes(rewrites), *tidy_passes())


def passes_after_splitting(rewrites: str = "all", platform: str = "cpu") -> tuple[Pass, ...]:
    """What the loops left is cleaned up; backend forms last, since they depend on how long the pieces are."""
    return (*tidy_passes(), *backend_passes(rewrites, platform))


def run_passes(module: ir.Module, passes: Sequence[Pass]) -> tuple[Rewrite, ...]:
    """Run passes in place; the module is verified after each."""
    fired: list[Rewrite] = []
    for each in passes:
        fired += each.run(module)
        module.operation.verify()
    return tuple(dict.fromkeys(fired))


def build_loops(module: ir.Module, planner: Planner) -> tuple[tuple[Loop, ...], tuple[Rewrite, ...]]:
    """Build one loop after another until the program fits by the estimate, or no loop brings it nearer; and what was recomputed inside."""
    loops: list[Loop] = []
    rewrites: list[Rewrite] = []
    overflows: list[int] = []
    most = max(MOST_LOOPS[0], len(main_block(module).operations) // MOST_LOOPS[1])
    while len(loops) + len(rewrites) < most and (found := planner.next_loop(main_block(module))):
        if found.overflow_bytes is not None:
            overflows.append(found.overflow_bytes)
            if min(overflows[-PATIENCE:]) > min(overflows):
                break
        if isinstance(found, Sinking):
            rewrites.append(sink(found))
        elif isinstance(found, Checkpointing):
            rewrite, built = checkpoint(found)
            rewrites.append(rewrite)
            loops.append(built.loop)
        else:
            built = build(found)
            planner.note_built(found, built)
            loops.append(built.loop)
    return tuple(loops), tuple(dict.fromkeys(rewrites))
