"""Derivatives that no recorder has, of operations that are linear along each dimension: resizing, and padding with the edge's elements."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

aten = torch.ops.aten


def _nearest(weights: torch.Tensor, length: int, scale: float | None) -> torch.Tensor:
    return aten.upsample_nearest1d(weights.unsqueeze(1), [length], scale).squeeze(1)


def _nearest_exact(weights: torch.Tensor, length: int, scale: float | None) -> torch.Tensor:
    return aten._upsample_nearest_exact1d(weights.unsqueeze(1), [length], scale).squeeze(1)


def _linear(weights: torch.Tensor, length: int, align_corners: bool, scale: float | None) -> torch.Tensor:
    return aten.upsample_linear1d(weights.unsqueeze(1), [length], align_corners, scale).squeeze(1)


def _cubic(weights: torch.Tensor, length: int, align_corners: bool, scale: float | None) -> torch.Tensor:
    return aten.upsample_bicubic2d(weights[:, None, None], [1, length], align_corners, None, scale)[:, 0, 0]


def _resized_back(resize: Callable[..., torch.Tensor], dims: int, options: int = 1) -> Callable[..., torch.Tensor]:
    """The transpose of resizing: along each dimension, a product with the matrix that resizes the unit vectors."""

    def back(gradient: torch.Tensor, output_size: Sequence[int], input_size: Sequence[int], *how: Any) -> torch.Tensor:
        del output_size
        scales = (*how[options:], *[None] * dims)
        for axis, scale in zip(range(2, 2 + dims), scales, strict=False):
            unit = torch.eye(input_size[axis], dtype=gradient.dtype, device=gradient.device)
            matrix = resize(unit, gradient.shape[axis], *how[:options], scale)
            gradient = torch.matmul(gradient.movedim(axis, -1), matrix.mT).movedim(-1, axis)
        return gradient

    return back


def _padded_back(gradient: torch.Tensor, x: torch.Tensor, padding: Sequence[int]) -> torch.Tensor:
    """The transpose of padding with the edge's elements: each is given what its copies were."""
    for i, (low, high) in enumerate(zip(padding[::2], padding[1::2], strict=True)):
        axis = x.dim() - 1 - i
        places = torch.arange(-low, x.shape[axis] + high, device=x.device).clamp(0, x.shape[axis] - 1)
        shape = [x.shape[axis] if at == axis else length for at, length in enumerate(gradient.shape)]
        gradient = gradient.new_zeros(shape).index_add(axis, places, gradient)
    return gradient


def _shrunk_back(gradient: torch.Tensor, x: torch.Tensor, limit: float) -> torch.Tensor:
    return torch.where(x.abs() <= limit, 0.0, gradient).to(gradient.dtype)


DECOMPOSITIONS: dict[Any, Callable[..., Any]] = {
    aten._upsample_nearest_exact1d_backward.default: _resized_back(_nearest_exact, 1, options=0),
    aten._upsample_nearest_exact2d_backward.default: _resized_back(_nearest_exact, 2, options=0),
    aten._upsample_nearest_exact3d_backward.default: _resized_back(_nearest_exact, 3, options=0),
    aten.hardshrink_backward.default: _shrunk_back,
    aten.replication_pad1d_backward.default: _padded_back,
    aten.replication_pad2d_backward.default: _padded_back,
    aten.replication_pad3d_backward.default: _padded_back,
    aten.softshrink_backward.default: _shrunk_back,
    aten.upsample_bicubic2d_backward.default: _resized_back(_cubic, 2),
    aten.upsample_bilinear2d_backward.default: _resized_back(_linear, 2),
    aten.upsample_linear1d_backward.default: _resized_back(_linear, 1),
    aten.upsample_nearest1d_backward.default: _resized_back(_nearest, 1, options=0),
    aten.upsample_nearest2d_backward.default: _resized_back(_nearest, 2, options=0),
    aten.upsample_nearest3d_backward.default: _resized_back(_nearest, 3, options=0),
    aten.upsample_trilinear3d_backward.default: _resized_back(_linear, 3),
}
