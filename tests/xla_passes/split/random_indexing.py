"""Operations of random programs that read and write where the data says: gathers and scatters of many kinds."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tests.xla_passes.split.random_programs import Draw, Value, need, operation
from tests.xla_passes.split.random_reductions import summable

MODES = ("clip", "promise_in_bounds")


def indices(draw: Draw, b: Value, size: int, mode: str = "promise_in_bounds") -> jax.Array:
    """The elements of `b` as indices, some of them out of bounds if the mode knows what to do then.

    Not single ones, of which XLA makes slices, and forgets the bounds of slices of slices.
    """
    whole = b.array.astype(np.int32) if b.kind != "u" else lax.rem(b.array, np.array(97, b.dtype)).astype(np.int32)
    spare = 0 if mode == "promise_in_bounds" or b.size == 1 else 1 + draw.below(3)
    return jnp.abs(whole % np.int32(size + spare))


def picked(draw: Draw, most_dims: int) -> Value:
    return draw.partner(lambda b: not b.is_rough and not b.is_special and b.kind != "c" and b.ndim <= most_dims and b.size > 0)


@operation(signs=True)
def taken(a, draw):
    """Rows along any axis."""
    axis = draw.axis(a)
    b = picked(draw, 4 - a.ndim + 1)
    draw.need_size(a.size // a.shape[axis], b.size)
    mode = draw.pick(("clip", "fill", "wrap"))
    array = jnp.take(a.array, indices(draw, b, a.shape[axis], mode), axis=axis, mode=mode, fill_value=0)
    return Value(array, a.bound)


@operation(signs=True)
def taken_along(a, draw):
    axis = draw.axis(a)
    b = draw.partner(lambda b: b.shape == a.shape and not b.is_rough and not b.is_special and b.kind != "c")
    return Value(jnp.take_along_axis(a.array, indices(draw, b, a.shape[axis]), axis, mode=draw.pick(MODES)), a.bound)


@operation(signs=True)
def taken_at_points(a, draw):
    """By two arrays of indices, next to each other or apart, one of them an iota or not."""
    need(a.ndim >= 2 and a.size > 0)
    b = picked(draw, 2)
    one, other = sorted(draw.random.sample(range(a.ndim), 2))
    draw.need_size(a.size // a.shape[one] // a.shape[other], b.size)
    rows = indices(draw, b, a.shape[one])
    if draw.coin():
        columns = indices(draw, Value(b.array[::-1]), a.shape[other]) if b.ndim else rows % a.shape[other]
    else:
        columns = lax.broadcasted_iota(np.int32, b.shape, b.ndim - 1) % a.shape[other] if b.ndim else rows % a.shape[other]
    where = [slice(None)] * a.ndim
    where[one], where[other] = rows, columns
    return Value(a.array.at[tuple(where)].get(mode="promise_in_bounds"), a.bound)


@operation(signs=True)
def windows_taken(a, draw):
    """Windows that start where the data says, one for each element of a partner, batched or not."""
    axis = draw.axis(a)
    b = picked(draw, 1)
    size = 1 + draw.below(a.shape[axis])
    draw.need_size(a.size // a.shape[axis] * size, b.size)
    starts = indices(draw, b, a.shape[axis]).reshape(-1)
    if draw.coin() and a.ndim > 1 and axis != 0:
        each = jnp.resize(starts, (a.shape[0],))
        return Value(jax.vmap(lambda row, start: lax.dynamic_slice_in_dim(row, start, size, axis - 1))(a.array, each), a.bound)
    return Value(jax.vmap(lambda start: lax.dynamic_slice_in_dim(a.array, start, size, axis))(starts), a.bound)


def scattered(array: jax.Array, where: object, updates: Value, draw: Draw, a: Value) -> Value:
    """Updates that are added, compared or (by unique indices only) multiplied."""
    which = draw.below(4) if a.kind in "fiu" else 0
    target = array.at[where]
    if which in (0, 3):
        return Value(target.add(updates.array, mode="drop"), a.bound + updates.bound * updates.size)
    made = target.max(updates.array, mode="drop") if which == 1 else target.min(updates.array, mode="drop")
    return Value(made, max(a.bound, updates.bound))


@operation("fciu", special=False)
def scattered_rows(a, draw):
    """Rows added (or compared) where the data says, some of them out of bounds."""
    axis = draw.axis(a)
    updates = draw.partner(lambda u: u.dtype == a.dtype and u.ndim == a.ndim and u.size > 0)
    rest = [size for dim, size in enumerate(a.shape) if dim != axis]
    need([size for dim, size in enumerate(updates.shape) if dim != axis] == rest)
    b = picked(draw, 2)
    need(b.size == 1 or updates.shape[axis] > 1)
    where = jnp.resize(indices(draw, b, a.shape[axis], "clip"), (updates.shape[axis],))
    a, updates = a.within(a.limit / 2), summable(updates, 2 * updates.size)
    return scattered(a.array, tuple(where if dim == axis else slice(None) for dim in range(a.ndim)), updates, draw, a)


@operation("fciu", special=False)
def scattered_points(a, draw):
    """Single elements, by one index for each axis."""
    need(a.ndim in (1, 2))
    updates = draw.partner(lambda u: u.dtype == a.dtype and u.ndim in (1, 2) and u.size > 0)
    b = picked(draw, 2)
    need(b.size == 1 or updates.size > 1)
    where = tuple(jnp.resize(indices(draw, b, size, "clip"), updates.shape) for size in a.shape)
    if a.ndim == 2 and draw.coin():
        where = (lax.broadcasted_iota(np.int32, updates.shape, 0) % a.shape[0], where[1])
    a, updates = a.within(a.limit / 2), summable(updates, 2 * updates.size)
    return scattered(a.array, where, updates, draw, a)


@operation(special=False, signs=True)
def set_rows(a, draw):
    """Rows written over, each at most once: the places are a permutation."""
    axis = draw.axis(a)
    updates = draw.like(a)
    b = draw.whole_partner()
    size = a.shape[axis]
    keys = jnp.resize(indices(draw, b, 11), (size,))
    order = lax.sort((keys, lax.iota(np.int32, size)), num_keys=1)[1]
    count = 1 + draw.below(size)
    where = tuple(order[:count] if dim == axis else slice(None) for dim in range(a.ndim))
    rows = lax.slice_in_dim(updates.array, 0, count, axis=axis)
    if draw.coin():
        return Value(a.array.at[where].set(rows, unique_indices=True), max(a.bound, updates.bound))
    return Value(a.array.at[where].set(np.array(1, a.dtype)), a.bound)


@operation("fiu", special=False)
def segments(a, draw):
    need(0 < a.ndim < 4 and a.size > 0)
    b = draw.partner(lambda b: b.shape[:1] == a.shape[:1] and b.ndim == 1 and not b.is_rough and not b.is_special and b.kind in "fiu")
    count = 1 + draw.below(5)
    names = indices(draw, b, count, "clip")
    if draw.coin():
        a = summable(a, a.shape[0])
        return Value(jax.ops.segment_sum(a.array, names, count), a.bound * a.shape[0])
    need(not a.is_rough)
    made = jax.ops.segment_max(a.array, names, count)  # empty segments hold the smallest number
    return Value(jnp.maximum(made, np.array(0 if a.kind == "u" else -4, a.dtype)), max(a.bound, 4.0))


@operation("fiu", special=False)
def batched_scatter(a, draw):
    """A scatter for each row, as `vmap` makes it."""
    need(a.ndim >= 2 and a.size > 0)
    updates = draw.like(a)
    b = picked(draw, 2)
    where = jnp.resize(indices(draw, b, a.shape[1]), (a.shape[0], a.shape[1]))
    a, updates = a.within(a.limit / 2), summable(updates, 2 * a.shape[1])
    made = jax.vmap(lambda row, at, new: row.at[at].add(new))(a.array, where, updates.array)
    return Value(made, a.bound + updates.bound * a.shape[1])


@operation("fiu", rough=False, special=False)
def histogram(a, draw):
    """How often each small number comes up, and where a sorted line would take them."""
    need(a.size > 0)
    count = 1 + draw.below(8)
    where = indices(draw, a, count, "clip").reshape(-1)
    if draw.coin():
        return Value(jnp.zeros(count, np.int32).at[where].add(1, mode="drop"), float(a.size))
    return Value(jnp.searchsorted(lax.sort(where), jnp.arange(count, dtype=np.int32)).astype(np.int32), float(a.size))
