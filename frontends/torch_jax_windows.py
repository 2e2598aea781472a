"""Lowerings of ATen's pooling, in JAX. See `torch_lowerings`."""

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def _adaptive(pool: Callable[[Any, int], Any], count: int) -> Callable[..., Any]:
    """Pooling of the last `count` dimensions to given sizes; window i of n goes from floor(i m / n) to ceil((i + 1) m / n)."""

    def pooled(x: Any, size: Sequence[int]) -> Any:
        dtype = x.dtype
        x = x.astype("float32") if dtype.name in ("float16", "bfloat16") else x
        for axis, n in enumerate(size, start=x.ndim - count):
            m = x.shape[axis]
            pieces = [jax.lax.slice_in_dim(x, i * m // n, -(-(i + 1) * m // n), axis=axis) for i in range(n)]
            x = jnp.concatenate([pool(piece, axis) for piece in pieces], axis) if pieces else x[(slice(None),) * axis + (slice(0),)]
        return x.astype(dtype)

    return pooled


def _mean(x: Any, axis: int) -> Any:
    return x.mean(axis, keepdims=True)


def _adaptive_max(count: int) -> Callable[..., Any]:
    """Maxima with their places in the flat window dimensions: the first that is largest, or the last NaN."""

    def pooled(x: Any, size: Sequence[int]) -> tuple[Any, Any]:
        lengths = x.shape[-count:]
        places = jnp.broadcast_to(jnp.arange(math.prod(lengths)).reshape(lengths), x.shape)
        for axis, n in reversed([*enumerate(size, start=x.ndim - count)]):
            m = x.shape[axis]
            found = [_largest(x, places, i * m // n, -(-(i + 1) * m // n), axis) for i in range(n)]
            x, places = (jnp.concatenate(each, axis) for each in zip(*found, strict=True))
        return x, places

    return pooled


def _largest(x: Any, places: Any, start: int, stop: int, axis: int) -> tuple[Any, Any]:
    x, places = (jax.lax.slice_in_dim(each, start, stop, axis=axis) for each in (x, places))
    at = jnp.argmax(x, axis, keepdims=True)
    return jnp.take_along_axis(x, at, axis), jnp.take_along_axis(places, at, axis)


def _average(count: int) -> Callable[..., Any]:
    """Means over windows of the last `count` dimensions."""

    def pooled(
        x: Any,
        kernel: Sequence[int],
        stride: Sequence[int] = (),
        padding: Sequence[int] = (0,),
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Any:
        kernel, padding = _repeated(kernel, count), _repeated(padding, count)
        stride = _repeated(stride, count) if stride else kernel
        lengths = x.shape[-count:]
        outputs = [_windows(*each, ceil_mode=ceil_mode) for each in zip(lengths, kernel, stride, padding, strict=True)]
        # What is after the padding, for a last window that goes further in ceil_mode, is not counted.
        after = [max((n - 1) * s + k - m - p, 0) for n, m, k, s, p in zip(outputs, lengths, kernel, stride, padding, strict=True)]
        dtype = x.dtype
        x = x.astype("float32") if dtype.name in ("float16", "bfloat16") else x
        sums = _window_sums(x, kernel, stride, list(zip(padding, after, strict=True)), outputs)
        if divisor_override:
            return _divided(sums, jnp.asarray(divisor_override, x.dtype)).astype(dtype)
        ones = jnp.ones(lengths, x.dtype)
        if count_include_pad:
            ones = jnp.pad(ones, [(p, p) for p in padding], constant_values=1)
            sides = [(0, max(a - p, 0)) for p, a in zip(padding, after, strict=True)]
        else:
            sides = list(zip(padding, after, strict=True))
        return _divided(sums, _window_sums(ones, kernel, stride, sides, outputs)).astype(dtype)

    return pooled


def _maximum(count: int) -> Callable[..., Any]:
    """Maxima over windows of the last `count` dimensions, with their places in those: the first of equal ones."""

    def pooled(
        x: Any,
        kernel: Sequence[int],
        stride: Sequence[int] = (),
        padding: Sequence[int] = (0,),
        dilation: Sequence[int] = (1,),
        ceil_mode: bool = False,
    ) -> tuple[Any, Any]:
        kernel, padding, dilation = (_repeated(each, count) for each in (kernel, padding, dilation))
        stride = _repeated(stride, count) if stride else kernel
        lengths = x.shape[-count:]
        spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
        outputs = [_windows(*each, ceil_mode=ceil_mode) for each in zip(lengths, spans, stride, padding, strict=True)]
        after = [max((n - 1) * s + k - m - p, 0) for n, m, k, s, p in zip(outputs, lengths, spans, stride, padding, strict=True)]
        outer = (1,) * (x.ndim - count)
        places = jnp.broadcast_to(jnp.arange(math.prod(lengths)).reshape(lengths), x.shape)
        found = jax.lax.reduce_window(
            (x, places),
            (_lowest(x.dtype), jnp.asarray(jnp.iinfo(places.dtype).max)),
            _larger,
            outer + tuple(kernel),
            outer + tuple(stride),
            [(0, 0)] * len(outer) + list(zip(padding, after, strict=True)),
            window_dilation=outer + tuple(dilation),
        )
        at = (..., *(slice(n) for n in outputs))
        return found[0][at], found[1][at]

    return pooled


def _lowest(dtype: Any) -> Any:
    return jnp.asarray(-jnp.inf if jnp.issubdtype(dtype, jnp.inexact) else jnp.iinfo(dtype).min, dtype)


def _larger(one: tuple[Any, Any], other: tuple[Any, Any]) -> tuple[Any, Any]:
    """NaN is larger than all."""
    (x, i), (y, j) = one, other
    is_equal = (x == y) | ((x != x) & (y != y))  # noqa: PLR0124  # NaN
    first = jnp.where(is_equal, i < j, (x > y) | (x != x))  # noqa: PLR0124  # NaN
    return jnp.where(first, x, y), jnp.where(first, i, j)


def _maximum_backward(count: int) -> Callable[..., Any]:
    """Each gradient added where its maximum was."""

    def backward(gradient: Any, x: Any, *window: Any) -> Any:
        indices = window[-1]
        planes = math.prod(x.shape[:-count])
        flat = jnp.zeros((planes, math.prod(x.shape[-count:])), gradient.dtype)
        rows = jnp.arange(planes)[:, None]
        return flat.at[rows, indices.reshape(planes, -1)].add(gradient.reshape(planes, -1)).reshape(x.shape)

    return backward


def _divided(sums: Any, counts: Any) -> Any:
    return sums / counts if jnp.issubdtype(sums.dtype, jnp.inexact) else jax.lax.div(sums, jnp.broadcast_to(counts, sums.shape))


def _repeated(values: Sequence[int], count: int) -> list[int]:
    values = [values] if isinstance(values, int) else list(values)
    return values * count if len(values) == 1 else values


def _windows(length: int, kernel: int, stride: int, padding: int, *, ceil_mode: bool) -> int:
    """How many windows there are; one that would start in the padding after is none."""
    room = length + 2 * padding - kernel
    found = (-(-room // stride) if ceil_mode else room // stride) + 1
    return found - 1 if ceil_mode and (found - 1) * stride >= length + padding else found


def _window_sums(x: Any, kernel: Sequence[int], stride: Sequence[int], sides: Sequence[tuple[int, int]], outputs: Sequence[int]) -> Any:
    outer = x.ndim - len(kernel)
    found = jax.lax.reduce_window(
        x, np.zeros((), x.dtype), jax.lax.add, (1,) * outer + tuple(kernel), (1,) * outer + tuple(stride), [(0, 0)] * outer + list(sides)
    )
    return found[(..., *(slice(n) for n in outputs))]


def _grid_sample(x: Any, grid: Any, interpolation: int, padding: int, align_corners: bool) -> Any:
    """The values of `x` (N, C, *lengths) at points (N, *shape, d), whose coordinates, the last dimension's first, go from -1 to 1."""
    lengths = x.shape[2:]
    points = [_unscaled(grid[..., ~axis], length, padding, align_corners) for axis, length in enumerate(lengths)]
    if interpolation == 1:
        return _elements(x, [(jnp.round(point), 1.0) for point in points], lengths)
    if interpolation != 0:
        raise NotImplementedError("bicubic interpolation")
    corners = [((low := jnp.floor(point)), (low, 1 - (point - low)), (low + 1, point - low))[1:] for point in points]
    return sum(_elements(x, corner, lengths) for corner in itertools.product(*corners))


def _unscaled(point: Any, length: int, padding: int, align_corners: bool) -> Any:
    """A coordinate as an index; with the padding, inside."""
    index = (point + 1) / 2 * (length - 1) if align_corners else ((point + 1) * length - 1) / 2
    if padding == 2:
        low, span = (0.0, length - 1.0) if align_corners else (-0.5, float(length))
        distance = jnp.abs(index - low)
        times, rest = jnp.floor(distance / (span or 1.0)), jnp.fmod(distance, span or 1.0)
        index = jnp.where(times % 2 == 0, rest, span - rest) + low if span else jnp.zeros_like(index)
    return jnp.clip(index, 0, length - 1) if padding else index


def _elements(x: Any, at: Sequence[tuple[Any, Any]], lengths: Sequence[int]) -> Any:
    """Elements at whole indices, by their weights; zero outside."""
    inside = functools.reduce(jnp.logical_and, [(index >= 0) & (index <= n - 1) for (index, _), n in zip(at, lengths, strict=True)])
    weight = functools.reduce(jnp.multiply, [weight for _, weight in at], jnp.ones(inside.shape, x.dtype))
    places = tuple(jnp.clip(index, 0, n - 1).astype("int64") for (index, _), n in zip(at, lengths, strict=True))
    found = jax.vmap(lambda image, *where: image[(slice(None), *where)])(x, *places)
    return found * jnp.where(inside, weight, 0)[:, None]


def _backward_of(pool: Callable[..., Any]) -> Callable[..., Any]:
    """The derivative of a pooling by its first operand."""

    def backward(gradient: Any, x: Any, *window: Any) -> Any:
        return jax.vjp(lambda x: pool(x, *window), x)[1](gradient)[0]

    return backward


def _adaptive_backward(count: int) -> Callable[..., Any]:
    """Likewise; the sizes are those of the gradient."""
    pool = _adaptive(_mean, count)

    def backward(gradient: Any, x: Any) -> Any:
        return jax.vjp(lambda x: pool(x, gradient.shape[-count:]), x)[1](gradient)[0]

    return backward


def _grid_sample_backward(gradient: Any, x: Any, grid: Any, *how: Any) -> tuple[Any, Any]:
    *options, wanted = how
    found = jax.vjp(lambda x, grid: _grid_sample(x, grid, *options), x, grid)[1](gradient)
    of_x, of_grid = (value if is_wanted else None for value, is_wanted in zip(found, wanted, strict=True))
    return of_x, of_grid


LOWERINGS: dict[str, Callable[..., Any]] = {
    "aten._adaptive_avg_pool2d_backward.default": _adaptive_backward(2),
    "aten._adaptive_avg_pool3d_backward.default": _adaptive_backward(3),
    "aten.adaptive_max_pool2d_backward.default": _maximum_backward(2),
    "aten.adaptive_max_pool3d_backward.default": _maximum_backward(3),
    "aten.avg_pool2d_backward.default": _backward_of(_average(2)),
    "aten.avg_pool3d_backward.default": _backward_of(_average(3)),
    "aten.grid_sampler_2d_backward.default": _grid_sample_backward,
    "aten.grid_sampler_3d_backward.default": _grid_sample_backward,
    "aten._adaptive_avg_pool2d.default": _adaptive(_mean, 2),
    "aten._adaptive_avg_pool3d.default": _adaptive(_mean, 3),
    "aten.adaptive_max_pool2d.default": _adaptive_max(2),
    "aten.adaptive_max_pool3d.default": _adaptive_max(3),
    "aten.avg_pool2d.default": _average(2),
    "aten.avg_pool3d.default": _average(3),
    "aten.grid_sampler_3d.default": _grid_sample,
    "aten.max_pool2d_with_indices.default": _maximum(2),
    "aten.max_pool2d_with_indices_backward.default": _maximum_backward(2),
    "aten.max_pool3d_with_indices.default": _maximum(3),
    "aten.max_pool3d_with_indices_backward.default": _maximum_backward(3),
}
