"""Convolutions of ATen and their derivative in JAX. For torchax, whose own are wrong in groups when transposed, and have no derivative."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp


def _convolution(
    x: Any,
    weight: Any,
    bias: Any,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
) -> Any:
    """Of a batch [n, channels, ...]; the weight is [out, in / groups, ...], transposed [in, out / groups, ...]."""
    dims = weight.ndim - 2
    stride, padding, dilation, output_padding = (_each(given, dims) for given in (stride, padding, dilation, output_padding))
    if transposed:  # the input is spread out, and the kernel turned around
        reach = [step * (length - 1) for step, length in zip(dilation, weight.shape[2:], strict=True)]
        edges = [(far - low, far - low + more) for far, low, more in zip(reach, padding, output_padding, strict=True)]
        kernel = _swapped(jnp.flip(weight, range(2, weight.ndim)), groups)
        steps, spread = (1,) * dims, stride
    else:
        edges, kernel, steps, spread = [(low, low) for low in padding], weight, stride, (1,) * dims
    found = jax.lax.conv_general_dilated(x, kernel, steps, edges, lhs_dilation=spread, rhs_dilation=dilation, feature_group_count=groups)
    return found if bias is None else found + bias.reshape(-1, *[1] * dims)


def _each(given: Sequence[int], dims: int) -> tuple[int, ...]:
    """One number for each dimension."""
    return tuple(given) * dims if len(given) == 1 else tuple(given)


def _swapped(weight: Any, groups: int) -> Any:
    """[in, out / groups, ...] as [out, in / groups, ...]."""
    rows, columns, *rest = weight.shape
    parted = weight.reshape(groups, rows // groups, columns, *rest)
    return jnp.swapaxes(parted, 1, 2).reshape(groups * columns, rows // groups, *rest)


def _convolution_backward(gradient: Any, x: Any, weight: Any, bias_sizes: Any, *how: Any) -> tuple[Any, Any, Any]:
    """The derivatives by input, weight and bias; `how` ends with which of them are wanted."""
    del bias_sizes
    *geometry, wanted = how
    pull = jax.vjp(lambda x, weight: _convolution(x, weight, None, *geometry), x, weight)[1]
    found = (*pull(gradient), gradient.sum((0, *range(2, gradient.ndim))))
    of_x, of_weight, of_bias = (value if is_wanted else None for value, is_wanted in zip(found, wanted, strict=True))
    return of_x, of_weight, of_bias


LOWERINGS: dict[str, Callable[..., Any]] = {
    "aten.convolution.default": _convolution,
    "aten.convolution_backward.default": _convolution_backward,
}
