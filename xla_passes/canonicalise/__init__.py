"""Clean-up before anything is decided: one function, one form of each thing, short chains, nothing twice and nothing unread."""

from xla_passes.canonicalise.arithmetic import SimplifyArithmetic
from xla_passes.canonicalise.barriers import SplitBarriers
from xla_passes.canonicalise.batch_norm import ExpandBatchNorm
from xla_passes.canonicalise.broadcasts import ComposeBroadcasts
from xla_passes.canonicalise.common_subexpressions import CommonSubexpressions
from xla_passes.canonicalise.composites import LowerComposites
from xla_passes.canonicalise.control_flow import FoldControlFlow
from xla_passes.canonicalise.dead_code import DeadCode
from xla_passes.canonicalise.dot_reshapes import FoldDotReshapes
from xla_passes.canonicalise.dot_transposes import FoldDotTransposes
from xla_passes.canonicalise.fold import FoldConstants
from xla_passes.canonicalise.gather_batches import GatherBatches
from xla_passes.canonicalise.identities import DropIdentities
from xla_passes.canonicalise.inline import InlineCalls
from xla_passes.canonicalise.invariants import CaptureInvariants
from xla_passes.canonicalise.iotas import ComposeIotas
from xla_passes.canonicalise.maps import ExpandMaps
from xla_passes.canonicalise.older_forms import ReplaceOlderForms
from xla_passes.canonicalise.one_device import DropOneDeviceForms
from xla_passes.canonicalise.shapes import RefineShapes
from xla_passes.canonicalise.sort_operands import DropSortOperands
from xla_passes.canonicalise.sort_to_top_k import SortToTopK
from xla_passes.canonicalise.splat import SplatToBroadcast
from xla_passes.canonicalise.tuples import FoldTuples
from xla_passes.canonicalise.unit_dims import DropUnitDims
from xla_passes.canonicalise.unit_windows import DropUnitWindows
from xla_passes.passes import Pass

__all__ = ["canonicalise_passes", "tidy_passes"]


def canonicalise_passes() -> tuple[Pass, ...]:
    """The passes in order: one form of each thing, then tidied up."""
    return (
        RefineShapes(),  # every other pass takes shapes to be static
        LowerComposites(),  # before inlining, which takes care of the calls that it leaves
        InlineCalls(),  # the passes below look at what surrounds an operation
        CaptureInvariants(),  # what a loop is given for a constant is a constant to the passes below
        FoldTuples(),  # so that they find what a value is made from
        DropOneDeviceForms(),  # in between two operations, these would keep them from being seen together
        ReplaceOlderForms(),  # the passes and rules below know one form of an operation
        ExpandMaps(),  # likewise: elementwise operations
        ExpandBatchNorm(),  # likewise: elementwise operations and sums
        DropUnitWindows(),  # one form of a convolution over a line, before composing joins the reshapes with those around
        SplitBarriers(),  # likewise: barriers of one operand
        *tidy_passes(),
    )


def tidy_passes() -> tuple[Pass, ...]:
    """The passes, in order, for what rewrites and loops leave behind: in a canonical module, the others find nothing."""
    return (
        SplatToBroadcast(),  # constants become scalars, which folding and broadcasts look for
        FoldConstants(),  # makes slices at constant places plain ones, which a later pass may find to do nothing
        FoldControlFlow(),  # asks for constants, which folding has made; regions become part of the block for the passes below
        SimplifyArithmetic(),  # asks for constants as well; what it drops stood between what the passes below look at
        DropIdentities(),  # before composing, which looks at neighbours
        DropUnitDims(),  # before composing, which then broadcasts what was there without them
        FoldDotReshapes(),  # before composing, which joins what it leaves with what is there
        ComposeBroadcasts(),  # after it, a broadcast reads the value that was broadcast, whichever way it was written
        ComposeIotas(),  # after it, since one broadcast is left of several
        GatherBatches(),  # looks for them
        FoldDotTransposes(),  # takes the one transpose that composing left
        DropSortOperands(),  # before the next, which takes sorts of one operand, too
        SortToTopK(),  # needs slices to read sorts directly: nothing between them that returns its operand
        CommonSubexpressions(),  # late, since equal things look equal only now
        DeadCode(),  # last: the passes above leave what they replaced without readers
    )
