"""Functions of torch that decide on the way how to compute, by data, shapes or devices, as functions that do not.

They are put in for torch's while a function is traced, above autograd.
"""

import itertools
import math
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


def pdist(x: torch.Tensor, p: float = 2.0) -> torch.Tensor:
    """As defined, which gives it a derivative."""
    first, second = torch.triu_indices(x.shape[0], x.shape[0], 1, device=x.device)
    return torch.linalg.vector_norm(x.index_select(0, first) - x.index_select(0, second), p, -1)


def _quantile(
    x: torch.Tensor, q: float | torch.Tensor, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> torch.Tensor:
    """Without torch's check that `q` is in [0, 1], for which it reads data. NaN where there is one."""
    ordered, axis = _ordered(x, dim)
    found = _between(ordered, q, torch.full_like(ordered[..., :1], ordered.shape[-1] - 1), interpolation)
    found = torch.where(torch.isnan(ordered).any(-1, keepdim=True), math.nan, found)
    return _placed(found, x, q, axis, keepdim)


def _nanquantile(
    x: torch.Tensor, q: float | torch.Tensor, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> torch.Tensor:
    """Of the elements that are no NaN, which come first in order."""
    ordered, axis = _ordered(x, dim)
    last = (~torch.isnan(ordered)).sum(-1, keepdim=True) - 1
    return _placed(_between(ordered, q, last.clamp(min=0).to(x.dtype), interpolation), x, q, axis, keepdim)


def _ordered(x: torch.Tensor, dim: int | None) -> tuple[torch.Tensor, int | None]:
    """The elements in order along the last dimension."""
    if dim is None or x.dim() == 0:
        return x.reshape(-1).sort()[0], None
    return x.movedim(dim, -1).sort(-1)[0], dim % x.dim()


def _between(ordered: torch.Tensor, q: float | torch.Tensor, last: torch.Tensor, interpolation: str) -> torch.Tensor:
    """Elements at fractions of the way to the last one, a fraction each along the last dimension."""
    rank = torch.as_tensor(q, dtype=ordered.dtype, device=ordered.device).reshape(-1) * last
    rank = {"lower": torch.floor, "higher": torch.ceil, "nearest": torch.round}.get(interpolation, torch.clone)(rank)
    below, above = torch.floor(rank), torch.ceil(rank)
    weight = torch.full_like(rank, 0.5) if interpolation == "midpoint" else rank - below
    return torch.lerp(ordered.gather(-1, below.to(torch.int64)), ordered.gather(-1, above.to(torch.int64)), weight)


def _placed(found: torch.Tensor, x: torch.Tensor, q: float | torch.Tensor, axis: int | None, keepdim: bool) -> torch.Tensor:
    """With a dimension for the fractions in front, if they have one, and one of length one where it is kept."""
    if keepdim:
        found = found.reshape([1] * x.dim() + [found.shape[-1]]) if axis is None else found.unsqueeze(axis)
    return found.movedim(-1, 0) if isinstance(q, torch.Tensor) and q.dim() else found.squeeze(-1)


def _gaussian_nll_loss(
    x: torch.Tensor, target: torch.Tensor, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> torch.Tensor:
    """Without torch's check that no variance is negative, for which it reads data."""
    var = torch.full_like(x, var) if isinstance(var, float) else var
    if var.shape == x.shape[:-1] and var.shape != x.shape:
        var = var.unsqueeze(-1)
    with torch.no_grad():
        bounded = var.clamp(min=eps)
    var = var + (bounded - var).detach()  # (its gradient is that of what was given)
    loss = 0.5 * (torch.log(var) + (x - target) ** 2 / var)
    loss = loss + 0.5 * math.log(2 * math.pi) if full else loss
    return loss.mean() if reduction == "mean" else loss.sum() if reduction == "sum" else loss


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    **torch_products.FUNCTIONS,
    torch.cdist: _cdist,
    torch.cov: _cov,
    torch.Tensor.cov: _cov,
    torch.corrcoef: _corrcoef,
    torch.Tensor.corrcoef: _corrcoef,
    torch.combinations: _combinations,
    torch.pdist: pdist,
    torch.nn.functional.pdist: pdist,
    torch.nanquantile: _nanquantile,
    torch.Tensor.nanquantile: _nanquantile,
    torch.nn.functional.gaussian_nll_loss: _gaussian_nll_loss,
    torch.quantile: _quantile,
    torch.Tensor.quantile: _quantile,
}
