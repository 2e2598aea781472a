"""Clean-up before anything is decided: one function, scalar constants, short chains, nothing twice and nothing unread."""

from xla_passes.canonicalise.broadcasts import ComposeBroadcasts
from xla_passes.canonicalise.common_subexpressions import CommonSubexpressions
from xla_passes.canonicalise.composites import LowerComposites
from xla_passes.canonicalise.dead_code import DeadCode
from xla_passes.canonicalise.dot_transposes import FoldDotTransposes
from xla_passes.canonicalise.fold import FoldConstants
from xla_passes.canonicalise.inline import InlineCalls
from xla_passes.canonicalise.shapes import RefineShapes
from xla_passes.canonicalise.sort_to_top_k import SortToTopK
from xla_passes.canonicalise.splat import SplatToBroadcast
from xla_passes.passes import Pass

__all__ = ["canonicalise_passes"]


def canonicalise_passes() -> tuple[Pass, ...]:
    """The passes in order."""
    return (
        RefineShapes(),  # every other pass takes shapes to be static
        LowerComposites(),  # before inlining, which takes care of the calls that it leaves
        InlineCalls(),  # the passes below look at what surrounds an operation
        SplatToBroadcast(),  # constants become scalars, which folding and broadcasts look for
        FoldConstants(),  # makes slices at constant places plain ones, which the next pass may find to do nothing
        ComposeBroadcasts(),  # after it, a broadcast reads the value that was broadcast, whichever way it was written
        FoldDotTransposes(),  # takes the one transpose that composing left
        SortToTopK(),  # needs slices to read sorts directly: nothing between them that returns its operand
        CommonSubexpressions(),  # late, since equal things look equal only now
        DeadCode(),  # last: the passes above leave what they replaced without readers
    )
