"""Algebraic rewrites, run before splitting, and forms that suit one backend, run after it."""

from xla_passes.passes import Pass
from xla_passes.rewrites.canonical_convolution import CanonicalConvolution
from xla_passes.rewrites.distance import DistanceToProduct
from xla_passes.rewrites.stable_sort import UnstableSort
from xla_passes.rewrites.top_k import TwoLevelTopK


def rewrite_passes(rewrites: str = "all") -> tuple[Pass, ...]:
    """The rewrites in order; "exact" leaves out those that change floating-point results."""
    return (DistanceToProduct(),) if rewrites == "all" else ()


def backend_passes(rewrites: str = "all", platform: str = "cpu") -> tuple[Pass, ...]:
    """What makes each piece fast and its memory visible, once the pieces have their length; no pass makes what another seeks.

    Other platforms than the CPU choose the order of a convolution's dimensions by themselves.
    """
    convolutions = (CanonicalConvolution(),) if rewrites == "all" and platform == "cpu" else ()
    return (TwoLevelTopK(), UnstableSort(), *convolutions)
