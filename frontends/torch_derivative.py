"""The vector-Jacobian product of a flat torch function, as another flat function: it runs the function again, and autograd inside."""

import functools
from collections.abc import Sequence
from typing import Any

import torch
from torch.fx import traceback as fx_traceback
from torch.utils import _pytree as pytree

from frontends.torch_trace import LINE, Body


def vjp_of(body: Body, count: int, wanted: Sequence[int]) -> Body:
    """The gradients for the arguments `wanted` of a function of `count` tensors, from its arguments and the cotangents of its results.

    Cotangents are those of the results that are differentiable, in order. A gradient that does not depend on them is None.
    """

    def pullback(tensors: Sequence[torch.Tensor]) -> Any:
        is_nested = any(tensor.requires_grad for tensor in tensors)  # a derivative of this one is being taken
        with torch.enable_grad():
            inputs = [_independent(tensor, i in wanted) for i, tensor in enumerate(tensors[:count])]
            leaves = pytree.tree_leaves(body(inputs))
            results = [leaf for leaf in leaves if _is_differentiable(leaf) and not any(leaf is each for each in inputs)]
            _note_lines(results)
            return torch.autograd.grad(results, [inputs[i] for i in wanted], tensors[count:], allow_unused=True, create_graph=is_nested)

    return pullback


def _independent(tensor: torch.Tensor, is_wanted: bool) -> torch.Tensor:
    """An argument of the pullback as one of the function: with a gradient if wanted, and free for the function to write to if not."""
    if tensor.requires_grad:
        return tensor
    return tensor.detach().requires_grad_() if is_wanted else tensor.clone()


def _is_differentiable(leaf: Any) -> bool:
    return isinstance(leaf, torch.Tensor) and leaf.requires_grad


def _note_lines(results: Sequence[torch.Tensor]) -> None:
    """Let each step of the backward pass carry the line of the forward step that it belongs to."""
    rest: list[tuple[Any, str | None]] = [(result.grad_fn, None) for result in results]
    seen = set()
    while rest:
        node, later = rest.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        line = node.metadata.get(LINE, later)
        node.register_prehook(functools.partial(_set_line, line))
        rest.extend((each, line) for each, _ in node.next_functions)


def _set_line(line: str | None, gradients: Any) -> None:
    del gradients
    fx_traceback.set_stack_trace([line or ""])
