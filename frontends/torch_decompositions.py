"""Which ATen operations a torch program is reduced to before a recorder sees it.

To the core ATen operations, as in torch.export; further, where a recorder lacks an operation, gets it wrong, or would hide from the passes what
it computes. Both recorders and the passes so see one small set of operations.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch

from frontends import torch_fastpath, torch_products, torch_random
from frontends.torch_compat import core_aten_decompositions, get_decompositions

aten = torch.ops.aten


@functools.cache
def decompositions() -> dict[Any, Callable[..., Any]]:
    """The table for the trace of a program."""
    return {**joint_decompositions(), **torch_random.SEED_DECOMPOSITION}


@functools.cache
def joint_decompositions() -> dict[Any, Callable[..., Any]]:
    """The table for a graph that is traced into programs later: draws still come from `torch_random.draw_seed`."""
    found = dict(core_aten_decompositions().items())
    found.update(get_decompositions(_FURTHER))
    found.update(torch_fastpath.DECOMPOSITIONS)
    found.update(torch_products.DECOMPOSITIONS)
    found.update(torch_random.DECOMPOSITIONS)
    found.update(_OWN)
    return found


def _cdist(x: torch.Tensor, y: torch.Tensor, p: float = 2.0, compute_mode: str = "") -> torch.Tensor:
    """As defined. Torch's matrix-product form loses digits; the passes have a better one, and know when it pays."""
    del compute_mode
    return torch.linalg.vector_norm(x.unsqueeze(-2) - y.unsqueeze(-3), p, -1)


# Functions that torch decides on the way, by shapes and devices, how to compute.
FUNCTIONS: dict[Any, Callable[..., Any]] = {torch.cdist: _cdist, **torch_products.FUNCTIONS}


def _sum_over(x: torch.Tensor, dim: Sequence[int] | None, keepdim: bool = False, *, dtype: torch.dtype | None = None) -> Any:
    """Over all dimensions, where none is named: torch-xla takes none for none."""
    if dim or x.dim() == 0:
        return NotImplemented
    return aten.sum.dim_IntList(x, list(range(x.dim())), keepdim, dtype=dtype)


_OWN: dict[Any, Callable[..., Any]] = {
    aten.sum.dim_IntList: _sum_over,
}

_FURTHER = (
    aten._log_softmax,
    aten._log_softmax_backward_data,
    aten._native_batch_norm_legit,
    aten._native_batch_norm_legit_functional,
    aten._native_batch_norm_legit_no_training,
    aten._softmax,
    aten._softmax_backward_data,
    aten.addmm,
    aten.gelu,
    aten.native_batch_norm,
    aten.native_batch_norm_backward,
    aten.native_group_norm,
    aten.native_group_norm_backward,
    aten.native_layer_norm,
    aten.native_layer_norm_backward,
)
