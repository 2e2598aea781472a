"""Which ATen operations a torch program is reduced to before a recorder sees it.

To the core ATen operations, as in torch.export; further, where a recorder lacks an operation, gets it wrong, or would hide from the passes what
it computes. Both recorders and the passes so see one small set of operations.
"""

import functools
from collections.abc import Callable
from typing import Any

import torch

from frontends import torch_random
from frontends.torch_compat import core_aten_decompositions

aten = torch.ops.aten


@functools.cache
def decompositions() -> dict[Any, Callable[..., Any]]:
    """The table for `make_fx`."""
    found = dict(core_aten_decompositions().items())
    found.update(torch_random.DECOMPOSITIONS)
    found.update(_OWN)
    return found


def _cdist(x: torch.Tensor, y: torch.Tensor, p: float, compute_mode: int | None) -> torch.Tensor:
    """As defined; the passes turn the Euclidean one into matrix products."""
    del compute_mode
    return torch.linalg.vector_norm(x.unsqueeze(-2) - y.unsqueeze(-3), p, -1)


_OWN: dict[Any, Callable[..., Any]] = {
    aten._cdist_forward.default: _cdist,
}
