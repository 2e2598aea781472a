"""Operations of random programs that move elements about."""

import jax.numpy as jnp
import numpy as np
from jax import lax

from tests.xla_passes.split.random_pointwise import scalar
from tests.xla_passes.split.random_programs import Draw, Value, need, operation


def cut(a: Value, axis: int, where: slice) -> Value:
    return Value(a.array[tuple(where if dim == axis else slice(None) for dim in range(a.ndim))], a.bound)


@operation(signs=True)
def transposed(a, draw):
    need(a.ndim > 1)
    return Value(jnp.transpose(a.array, draw.random.sample(range(a.ndim), a.ndim)), a.bound)


@operation(signs=True)
def merged(a, draw):
    need(a.ndim > 1)
    at = draw.below(a.ndim - 1)
    return Value(a.array.reshape(*a.shape[:at], a.shape[at] * a.shape[at + 1], *a.shape[at + 2 :]), a.bound)


@operation(signs=True)
def parted(a, draw):
    need(0 < a.ndim < 4)
    axis = draw.axis(a)
    inner = draw.pick([size for size in (2, 3, 5) if a.shape[axis] % size == 0])
    parts = (a.shape[axis] // inner, inner) if draw.coin() else (inner, a.shape[axis] // inner)
    return Value(a.array.reshape(*a.shape[:axis], *parts, *a.shape[axis + 1 :]), a.bound)


@operation(signs=True)
def regrouped(a, draw):
    """All elements in rows of another length."""
    need(a.size > 0)
    length = draw.pick([length for length in (1, 2, 3, 4, 5, 6, 10) if a.size % length == 0])
    return Value(a.array.reshape(-1, length) if draw.coin() else a.array.reshape(length, -1), a.bound)


@operation(signs=True)
def sliced(a, draw):
    """Along one axis or all of them."""
    axes = [draw.axis(a)] if draw.coin() else list(range(a.ndim))
    for axis in axes:
        start = draw.below(3)
        need(a.shape[axis] > start + 1)
        a = cut(a, axis, slice(start, a.shape[axis] - draw.below(2), 1 + draw.below(3)))
    return a


@operation("fciu", signs=True)
def stencil(a, draw):
    """Differences of neighbours, and three-point forms."""
    axis = draw.axis(a, 3)
    size = a.shape[axis]
    a = a.within(a.limit / 4)
    if draw.coin():
        return Value(cut(a, axis, slice(1, None)).array - cut(a, axis, slice(None, -1)).array, 2 * a.bound)
    left, middle, right = (cut(a, axis, slice(start, size - 2 + start)).array for start in range(3))
    return Value(left - middle - middle + right, 4 * a.bound)


@operation(signs=True)
def joined(a, draw):
    axis = draw.axis(a)
    others = [size for dim, size in enumerate(a.shape) if dim != axis]
    parts = [a]
    for _ in range(1 + draw.below(3)):
        parts.append(
            draw.partner(
                lambda b: b.dtype == a.dtype and b.ndim == a.ndim and [size for dim, size in enumerate(b.shape) if dim != axis] == others
            )
        )
    draw.need_size(*others, sum(part.shape[axis] for part in parts))
    return Value(jnp.concatenate([part.array for part in parts], axis), max(part.bound for part in parts))


@operation(signs=True)
def stacked(a, draw):
    parts = [a, *(draw.like(a) for _ in range(1 + draw.below(2)))]
    draw.need_size(len(parts), a.size)
    return Value(jnp.stack([part.array for part in parts], draw.below(a.ndim + 1)), max(part.bound for part in parts))


@operation(signs=True)
def padded(a, draw):
    """Any of the three kinds of padding along every axis; negative ones cut off."""
    need(a.ndim > 0)
    config = [(draw.below(5) - 2, draw.below(5) - 2, draw.below(3)) if draw.coin() else (0, 0, 0) for _ in a.shape]
    sizes = [max(size + (size - 1) * inner, 0) + low + high for size, (low, high, inner) in zip(a.shape, config, strict=True)]
    need(min(sizes) > 0)
    draw.need_size(*sizes)
    return Value(lax.pad(a.array, scalar(draw.below(2), a), config), max(a.bound, 1.0))


@operation(signs=True)
def padded_by_itself(a, draw):
    axis = draw.axis(a, 3)
    draw.need_size(*a.shape, 3)
    widths = [(draw.below(3), draw.below(3)) if dim == axis else (0, 0) for dim in range(a.ndim)]
    return Value(jnp.pad(a.array, widths, mode=draw.pick(["edge", "reflect", "wrap", "symmetric"])), a.bound)


@operation(signs=True)
def flipped(a, draw):
    axes = [dim for dim in range(a.ndim) if draw.coin()]
    return Value(lax.rev(a.array, axes), a.bound)


@operation(signs=True)
def rolled(a, draw):
    return Value(jnp.roll(a.array, draw.below(7) - 3, draw.axis(a)), a.bound)


@operation(signs=True)
def repeated(a, draw):
    axis, times = draw.axis(a), 2 + draw.below(2)
    draw.need_size(*a.shape, times)
    if draw.coin():
        return Value(jnp.repeat(a.array, times, axis), a.bound)
    return Value(jnp.tile(a.array, [times if dim == axis else 1 for dim in range(a.ndim)]), a.bound)


@operation(signs=True)
def broadcast(a, draw):
    """Along a new axis, at any place."""
    need(a.ndim < 4)
    size, at = 1 + draw.below(4), draw.below(a.ndim + 1)
    draw.need_size(*a.shape, size)
    dims = [dim + (dim >= at) for dim in range(a.ndim)]
    return Value(lax.broadcast_in_dim(a.array, (*a.shape[:at], size, *a.shape[at:]), dims), a.bound)


@operation(signs=True)
def diagonal(a, draw):
    need(a.ndim >= 2 and min(a.shape) > 1)
    one, other = draw.random.sample(range(a.ndim), 2)
    return Value(jnp.diagonal(a.array, draw.below(3) - 1, one, other), a.bound)


def start_of(a: Value, draw: Draw, size: int, length: int) -> object:
    """A start that the data says. Outside of arguments only (it is then moved inside): XLA forgets that in slices of slices."""
    b = draw.whole_partner()
    first = jnp.abs(b.array.reshape(-1)[0].astype(np.int32))
    return first % np.int32(size + 2) - np.int32(draw.below(2)) if a.is_given else first % np.int32(size - length + 1)


@operation(signs=True)
def sliced_by_data(a, draw):
    """Along one axis or two."""
    need(a.size > 0 and a.ndim > 0)
    axes = {draw.axis(a) for _ in range(1 + draw.below(2))}
    sizes = [1 + draw.below(size) if dim in axes else size for dim, size in enumerate(a.shape)]
    starts = [start_of(a, draw, size, sizes[dim]) if dim in axes else np.int32(0) for dim, size in enumerate(a.shape)]
    return Value(lax.dynamic_slice(a.array, starts, sizes), a.bound)


@operation(signs=True)
def updated_by_data(a, draw):
    """A part of a value over another, where the data says."""
    need(a.size > 0 and a.ndim > 0)
    b = draw.partner(lambda b: b.dtype == a.dtype and b.ndim == a.ndim and b.size > 0)
    axes = {draw.axis(a) for _ in range(1 + draw.below(2))}
    sizes = [min(size, other) for size, other in zip(a.shape, b.shape, strict=True)]
    sizes = [1 + draw.below(size) if dim in axes else size for dim, size in enumerate(sizes)]
    need(all(size == whole for dim, (size, whole) in enumerate(zip(sizes, a.shape, strict=True)) if dim not in axes))
    starts = [start_of(a, draw, size, sizes[dim]) if dim in axes else np.int32(0) for dim, size in enumerate(a.shape)]
    update = b.array[tuple(slice(size) for size in sizes)]
    return Value(lax.dynamic_update_slice(a.array, update, starts), max(a.bound, b.bound))
