"""Functions of torch that decide on the way how to compute, by data, shapes or devices, as functions that do not.

They are put in for torch's while a function is traced, above autograd.
"""

import itertools
from collections.abc import Callable
from typing import Any

import torch

from frontends import torch_products


def _cdist(x: torch.Tensor, y: torch.Tensor, p: float = 2.0, compute_mode: str = "") -> torch.Tensor:
    """As defined. Torch's matrix-product form loses digits; the passes have a better one, and know when it pays."""
    del compute_mode
    return torch.linalg.vector_norm(x.unsqueeze(-2) - y.unsqueeze(-3), p, -1)


def _cov(
    x: torch.Tensor, *, correction: int = 1, fweights: torch.Tensor | None = None, aweights: torch.Tensor | None = None
) -> torch.Tensor:
    """Without torch's warning of a degenerate count, for which it reads data."""
    rows = x.reshape(1, -1) if x.dim() < 2 else x
    dtype = x.dtype if x.dtype.is_floating_point or x.dtype.is_complex else torch.get_default_dtype()
    rows = rows.to(dtype)
    count = rows.shape[1]
    weights = None if fweights is None else fweights.to(rows.real.dtype)
    if aweights is not None:
        weights = aweights if weights is None else weights * aweights
    total = count if weights is None else weights.sum()
    mean = rows.mean(1, keepdim=True) if weights is None else (rows * weights).sum(1, keepdim=True) / total
    norm = total - correction
    if aweights is not None and correction != 0 and weights is not None:
        norm = total - correction * (weights * aweights).sum() / total
    norm = torch.clamp(torch.as_tensor(norm, device=x.device), min=0)
    centred = rows - mean
    weighted = centred if weights is None else centred * weights
    return torch.true_divide(torch.mm(centred, weighted.mH), norm).squeeze()


def _corrcoef(x: torch.Tensor) -> torch.Tensor:
    found = _cov(x)
    if found.dim() == 0:
        return found / found
    deviations = torch.sqrt(torch.diagonal(found).real if found.is_complex() else torch.diagonal(found))
    found = found / deviations.unsqueeze(1) / deviations
    if found.is_complex():
        return torch.complex(found.real.clamp(-1, 1), found.imag.clamp(-1, 1))
    return found.clamp(-1, 1)


def _combinations(x: torch.Tensor, r: int = 2, with_replacement: bool = False) -> torch.Tensor:  # as in torch
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    places = list(choose(range(x.shape[0]), r))
    return x[torch.tensor(places, dtype=torch.int64, device=x.device).reshape(len(places), r)] if r else x.new_empty(0)


def _pdist(x: torch.Tensor, p: float = 2.0) -> torch.Tensor:
    """As defined, which gives it a derivative."""
    first, second = torch.triu_indices(x.shape[0], x.shape[0], 1, device=x.device)
    return torch.linalg.vector_norm(x.index_select(0, first) - x.index_select(0, second), p, -1)


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    **torch_products.FUNCTIONS,
    torch.cdist: _cdist,
    torch.cov: _cov,
    torch.Tensor.cov: _cov,
    torch.corrcoef: _corrcoef,
    torch.Tensor.corrcoef: _corrcoef,
    torch.combinations: _combinations,
    torch.pdist: _pdist,
    torch.nn.functional.pdist: _pdist,
}
