"""Control flow in random programs: loops and branches whose bodies are random steps themselves."""

from collections.abc import Sequence
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tests.xla_passes.split.random_programs import Draw, Value, interpret, need, operation


def settled(value: Value, like: Value) -> jax.Array:
    """A value in the shape and type of another, and as small: what a loop carries."""
    array = value.array
    if value.kind == "c" and like.kind != "c":
        array = array.real
    if value.shape != like.shape:
        array = array.reshape(-1)
        array = jnp.resize(array, like.shape) if value.size else jnp.zeros(like.shape, value.dtype)
    if like.kind == "b":
        return array.astype(bool)
    if value.dtype != like.dtype:
        if value.kind in "iu":
            array = lax.rem(array, np.array(3, value.dtype))
        array = jnp.abs(array) if like.kind == "u" and value.kind in "fi" else array
        array = array.astype(like.dtype)
    if like.kind == "f":
        top = np.array(like.bound, like.dtype)
        return jnp.tanh(array) if like.is_rough else jnp.clip(array, -top, top)
    if like.kind == "c":
        return lax.complex(*(jnp.clip(part, -like.bound, like.bound) for part in (array.real, array.imag)))
    return array


def carried(draw: Draw, a: Value) -> Value:
    """What a loop starts from: small enough, and like what it is in every later step."""
    need(a.kind != "c" or a.bound <= 4)
    a = a.within(min(4.0, a.limit))
    is_rough, is_special = (a.is_rough, a.is_special) if a.kind in "fc" else (False, False)
    return Value(a.array, max(a.bound, 1.0), is_rough, is_special)


def run_body(draw: Draw, values: Sequence[Value]) -> list[Value]:
    """The body's steps, on what it carries and the newest values around it."""
    captured = [value for value in draw.pool[-2:] if draw.takes(value)]
    draw.used.extend(captured)
    pool = [*captured, *values]
    made = interpret(pool, draw.step.inner, replace(draw.setting, depth=draw.setting.depth + 1))
    return made or [pool[-1]]


def may_carry(a: Value, made: Value) -> bool:
    """Whether a new value may take the place of a carried one: what is exact stays exact."""
    return (a.is_rough or not made.is_rough) and (a.is_special or not made.is_special)


def newest(a: Value, made: Sequence[Value]) -> Value:
    """The newest value that may be carried; the carried one itself if there is none."""
    return next((value for value in reversed(made) if may_carry(a, value)), a)


@operation(has_bodies=True)
def scanned(a, draw):
    """Two carries, slices of one value along any axis, and the slices of a result."""
    axis = draw.axis(a)
    need(a.shape[axis] <= 8)
    first, second = carried(draw, draw.partner(lambda b: b.size > 0)), carried(draw, draw.partner(lambda b: b.size > 0))
    moved = jnp.moveaxis(a.array, axis, 0)

    def body(carry, row):
        one, other = (replace(value, array=array) for value, array in zip((first, second), carry, strict=True))
        made = run_body(draw, [one, other, replace(a, array=row, has_signs=False)])
        new = settled(newest(one, made), one)
        return (new, settled(newest(other, [one, *made[:1]]), other)), (new, made[-1].array)

    draw.need_size(a.shape[axis], first.size)
    last, rows = lax.scan(body, (first.array, second.array), moved, reverse=draw.coin())
    which = draw.below(4)
    if which < 2:
        return replace((first, second)[which], array=last[which])
    if which == 2:
        return replace(first, array=rows[0])
    kept = rows[1]
    return bounded(kept, first, second, a)


@operation("fiu", special=False, has_bodies=True)
def scanned_again(a, draw):
    """Two loops over the slices of one value, of which the second needs what the first one ends with."""
    axis = draw.axis(a)
    need(a.shape[axis] <= 8)
    moved = jnp.moveaxis(a.array, axis, 0)
    row = replace(a, array=moved[0], has_signs=False)
    first = carried(draw, replace(row, bound=4.0) if row.bound <= 4 else row.within(4.0))

    def summed(total, piece):
        now = replace(first, array=total)
        return settled(newest(now, run_body(draw, [now, replace(row, array=piece)])), first), None

    total = lax.scan(summed, first.array, moved)[0]

    def again(now, piece):
        both = settled(Value(jnp.maximum(now, piece) - total, 12.0, row.is_rough), first)
        return both, both

    last, rows = lax.scan(again, total, moved)
    return replace(first, array=last if draw.coin() else rows)


def bounded(array: jax.Array, *like: Value) -> Value:
    """Something that a body made, whose magnitude is not known any more."""
    made = Value(array, 30.0)
    if made.kind != "f":
        need(made.kind != "c")
        return made
    need(made.limit > 30)
    return replace(made, is_rough=any(value.is_rough for value in like), is_special=any(value.is_special for value in like))


@operation(has_bodies=True)
def counted_loop(a, draw):
    """A `fori_loop` with known bounds."""
    start = carried(draw, a)
    first, count = draw.below(3), 1 + draw.below(4)

    def body(i, array):
        now = replace(start, array=array)
        index = Value(jnp.asarray(i, np.int32), 10.0)
        return settled(newest(now, run_body(draw, [index, now])), start)

    return replace(start, array=lax.fori_loop(first, first + count, body, start.array))


@operation(rough=False, special=False, is_reversible=False, has_bodies=True)
def waited(a, draw):
    """A `while_loop` that stops when the data says so; batched over the first axis or not, so that rows stop at different times."""
    need(a.kind != "c")
    start = carried(draw, a)

    def loop(array):
        def condition(state):
            i, now = state
            return (i < 5) & (jnp.sum(now.astype(np.int32), dtype=np.int32) + i < 6)

        def body(state):
            i, now = state
            value = replace(start, array=now)
            return i + 1, settled(newest(value, run_body(draw, [Value(i, 5.0), value])), value)

        return lax.while_loop(condition, body, (np.int32(0), array))[1]

    if a.ndim and draw.coin():
        return replace(start, array=jax.vmap(loop)(start.array))
    return replace(start, array=loop(start.array))


@operation(has_bodies=True)
def branched(a, draw):
    """A `cond` or `switch` by the data; as a function of each row it is a `select`."""
    b = draw.whole_partner()
    start = carried(draw, a)
    index = jnp.abs(b.array.reshape(-1)[0].astype(np.int32)) % 3

    def first(array):
        now = replace(start, array=array)
        return settled(newest(now, run_body(draw, [now])), start)

    def second(array):
        return jnp.flip(array)

    def third(array):
        return array | True if start.kind == "b" else array + array

    if draw.coin():
        return replace(start, array=lax.cond(index > 0, first, second, start.array), bound=start.bound)
    branches = [first, second, third]
    draw.random.shuffle(branches)
    return replace(start, array=lax.switch(index, branches, start.array), bound=2 * start.bound)


@operation(has_bodies=True)
def mapped(a, draw):
    """A body for each row along an axis: by `lax.map`, in batches or not, or by `vmap`."""
    axis = draw.axis(a)
    need(a.shape[axis] <= 8)
    start = carried(draw, a)
    moved = jnp.moveaxis(start.array, axis, 0)
    like = replace(start, array=moved[0])

    def body(row):
        now = replace(like, array=row)
        return settled(newest(now, run_body(draw, [now])), now)

    which = draw.below(3)
    if which == 2:
        return replace(start, array=jax.vmap(body)(moved))
    return replace(start, array=lax.map(body, moved, batch_size=2 if which else None))


@operation("fi", rough=False, special=False)
def associative(a, draw):
    """A parallel prefix by a function of one's own."""
    axis = draw.axis(a)
    return Value(lax.associative_scan(jnp.maximum, a.array, axis=axis, reverse=draw.coin()), a.bound)
