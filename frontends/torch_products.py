"""Products that torch computes in one of several ways, or takes apart further than the passes like: one form of each."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

aten = torch.ops.aten


def _linear(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """A product and a sum: torch would add the bias before it parts the dimensions that it merged for the product."""
    product = x @ weight.mT if weight.dim() > 1 else x @ weight
    return product if bias is None else product + bias.to(product.dtype)  # (which differ under autocast)


def _attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> torch.Tensor:
    """Without a mask, softmax(q k' scale) v, computed in float32 at least; no row is masked out, so that none has to be looked for."""
    if attn_mask is not None or dropout_p or enable_gqa or min(query.dim(), key.dim(), value.dim()) < 2:
        return functional.scaled_dot_product_attention(
            query, key, value, attn_mask, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa
        )
    dtype = query.dtype
    if dtype in (torch.float16, torch.bfloat16):
        query, key, value = (each.float() for each in (query, key, value))
    scores = query @ key.mT * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    if is_causal:
        allowed = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
        scores = torch.where(allowed, scores, -math.inf)
    return (torch.softmax(scores, -1) @ value).to(dtype)


def _mv(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """A product of matrices: torch's own table has the sum of a product of elements."""
    return aten.squeeze.dim(aten.mm(x, aten.unsqueeze(y, 1)), 1)


DECOMPOSITIONS: dict[Any, Callable[..., Any]] = {aten.mv.default: _mv}

# Put in for torch's while a function is traced, above autograd.
FUNCTIONS: dict[Any, Callable[..., Any]] = {
    functional.linear: _linear,
    functional.scaled_dot_product_attention: _attention,
}
