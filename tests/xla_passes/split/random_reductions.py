"""Operations of random programs that reduce, accumulate, sort, contract or convolve."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tests.xla_passes.split.random_pointwise import multiplied, scalar
from tests.xla_passes.split.random_programs import Draw, Value, need, operation


def summable(a: Value, count: int) -> Value:
    """Brought down so far that a sum of so many elements is exact."""
    return a.within(min(a.limit, 2.0**24) / max(count, 1))


def fold(a: Value, which: int, axes: tuple[int, ...]) -> Value:
    """A reduction by one of the monoids that the elements have."""
    count = math.prod(a.shape[axis] for axis in axes)
    if a.kind == "b":
        return Value([lax.reduce_and, lax.reduce_or, lax.reduce_xor][which % 3](a.array, axes))
    if which < 2:
        a = summable(a, count)
        return Value(lax.reduce_sum(a.array, axes), count * a.bound)
    need(a.kind != "c")
    if which < 4 and count:
        return Value((lax.reduce_max if which == 2 else lax.reduce_min)(a.array, axes), a.bound)
    if a.kind in "iu":
        return Value([lax.reduce_and, lax.reduce_or, lax.reduce_xor, lax.reduce_prod][which % 4](a.array, axes))
    need(not a.is_rough)
    return Value(lax.reduce_prod(jnp.sign(a.array), axes))


@operation()
def reduced(a, draw):
    axes = {draw.axis(a) for _ in range(1 + draw.below(2))}
    return fold(a, draw.below(6), tuple(sorted(axes)))


@operation("fciu")
def against_its_reduction(a, draw):
    """As in a softmax or a normalisation."""
    axis = draw.axis(a)
    folded = fold(a, draw.below(4), (axis,)).within(a.limit / 2)
    a = a.within(a.limit / 2)
    return Value(a.array - jnp.expand_dims(folded.array, axis), a.bound + folded.bound)


@operation("fiu", rough=False)
def extreme_index(a, draw):
    axis = draw.axis(a)
    return Value((lax.argmax if draw.coin() else lax.argmin)(a.array, axis, np.int32))


@operation("fciu")
def cumulative(a, draw):
    axis, reverse = draw.axis(a), draw.coin()
    which = draw.below(4)
    if a.kind == "c" or which == 0:
        a = summable(a, a.shape[axis])
        return Value(lax.cumsum(a.array, axis, reverse), a.shape[axis] * a.bound)
    if which < 3:
        return Value((lax.cummax if which == 1 else lax.cummin)(a.array, axis, reverse), a.bound)
    need(not a.is_rough)
    return Value(lax.cumprod(a.array if a.kind in "iu" else jnp.sign(a.array), axis, reverse))


@operation("fiu")
def windowed(a, draw):
    """A window that moves along one or two axes, with strides, dilations and padding."""
    need(0 < a.ndim < 4)
    axes = {draw.axis(a) for _ in range(1 + draw.below(2))}
    sizes, strides, base, window, padding = [], [], [], [], []
    for dim in range(a.ndim):
        is_moved = dim in axes
        sizes.append(1 + draw.below(min(3, a.shape[dim])) if is_moved else 1)
        strides.append(1 + draw.below(2) if is_moved else 1)
        base.append(1 + draw.below(4) // 3 if is_moved else 1)
        window.append(1 + draw.below(4) // 3 if is_moved else 1)
        padding.append((draw.below(2), draw.below(2)) if is_moved else (0, 0))
    extents = [
        (size - 1) * b + 1 + low + high - (k - 1) * w
        for size, b, k, w, (low, high) in zip(a.shape, base, sizes, window, padding, strict=True)
    ]
    need(min(extents) > 0 and a.size > 0)
    which = draw.below(3)
    need(which == 0 or not draw.setting.is_reversed or max(base + window) == 1)
    if which == 0:
        a = summable(a, math.prod(sizes))
        initial, function, bound = 0, lax.add, math.prod(sizes) * a.bound
    else:
        need(a.dtype.itemsize > 1 or a.kind in "iu")
        info = jnp.iinfo(a.dtype) if a.kind in "iu" else None
        low, high = (info.min, info.max) if info else (-np.inf, np.inf)
        initial, function, bound = (low, lax.max, 40.0) if which == 1 else (high, lax.min, 40.0)
    made = lax.reduce_window(a.array, scalar(initial, a), function, sizes, strides, padding, base, window)
    if a.kind == "f":  # windows in the padding alone give the initial value
        made, bound = jnp.clip(made, scalar(-40, a), scalar(40, a)), min(bound, 40.0)
    return Value(made, bound)


@operation("fiu")
def top(a, draw):
    need(a.ndim > 0 and a.shape[-1] > 0)
    k = 1 + draw.below(min(4, a.shape[-1]))
    values, indices = lax.top_k(a.array, k)
    return Value(values, a.bound) if a.is_rough or draw.coin() else Value(indices)


@operation("fiu", signs=True)
def ordered(a, draw):
    """A sort along any axis, with partners that follow."""
    axis = draw.axis(a)
    if a.is_rough or draw.below(3) == 0:
        return Value(jnp.sort(a.array, axis, descending=draw.coin()), a.bound)
    b = draw.partner(lambda b: b.shape == a.shape and b.kind != "c")
    operands = (a.array, b.array, lax.broadcasted_iota(np.int32, a.shape, axis))
    keys = 1 if b.is_rough else 1 + draw.below(2)
    at = draw.below(3)
    return Value(lax.sort(operands, dimension=axis, num_keys=keys)[at], (a.bound, b.bound, 1.0)[at])


@operation("fiu", rough=False, signs=True)
def taken_in_order(a, draw):
    """By the order of another value, as `argsort` and `take_along_axis` give it."""
    axis = draw.axis(a)
    b = draw.partner(lambda b: b.shape == a.shape and b.kind in "fiu")
    order = lax.sort((b.array, lax.broadcasted_iota(np.int32, b.shape, axis)), dimension=axis, num_keys=1)[1]
    return Value(jnp.take_along_axis(a.array, order, axis), a.bound)


@operation("fi", special=False)
def reduced_together(a, draw):
    """Two values by a reducer of one's own: the sum of one and the largest of the other."""
    b = draw.like(a)
    axis = draw.axis(a)
    a = summable(a, a.shape[axis])
    low = scalar(-100 if a.kind == "f" and a.dtype.itemsize > 1 else -4, a)
    zero = scalar(0, a)
    made = lax.reduce((a.array, b.array), (zero, low), lambda x, y: (x[0] + y[0], jnp.maximum(x[1], y[1])), (axis,))
    need(not draw.setting.is_reversed)
    return Value(made[0], a.bound * a.shape[axis]) if draw.coin() else Value(made[1], max(b.bound, 100.0))


# Products


def contracted(subscripts: str, *values: Value, count: int) -> Value:
    """An einsum of so many terms to a sum, with operands small enough for it."""
    first = values[0]
    if first.kind == "b":
        return Value(jnp.einsum(subscripts, *(value.array.astype(np.int32) for value in values)))
    most = (min(first.limit, 2.0**22) / max(count, 1) / (2 if first.kind == "c" else 1)) ** (1 / len(values))
    values = [value.within(most) for value in values]
    made = jnp.einsum(subscripts, *(value.array for value in values), preferred_element_type=first.dtype)
    return Value(made, count * math.prod(value.bound for value in values) * (2 if first.kind == "c" else 1))


@operation()
def product(a, draw):
    """Over any pair of axes of equal length, one batch axis if there is one."""
    b = draw.partner(lambda b: b.dtype == a.dtype and not {*a.shape}.isdisjoint(b.shape) and a.ndim + b.ndim < 7)
    left, right = draw.pick([(i, j) for i, m in enumerate(a.shape) for j, n in enumerate(b.shape) if m == n])
    one, other = list("abcd"[: a.ndim]), list("efgh"[: b.ndim])
    other[right] = one[left]
    batches = [(i, j) for i, m in enumerate(a.shape) for j, n in enumerate(b.shape) if m == n and i != left and j != right]
    if batches and draw.coin():
        i, j = draw.pick(batches)
        other[j] = one[i]
    kept = [name for name in dict.fromkeys(one + other) if name != one[left]]
    draw.random.shuffle(kept)
    sizes = dict(zip(one + other, a.shape + b.shape, strict=True))
    draw.need_size(*(sizes[name] for name in kept))
    return contracted(f"{''.join(one)},{''.join(other)}->{''.join(kept)}", a, b, count=a.shape[left])


@operation("fiu")
def own_product(a, draw):
    need(a.ndim == 2)
    which = draw.below(2)
    draw.need_size(a.shape[which], a.shape[which])
    return contracted(["ij,kj->ik", "ij,ik->jk"][which], a, a, count=a.shape[1 - which])


@operation("fi")
def chain(a, draw):
    """An einsum of three operands."""
    need(a.ndim == 2)
    b = draw.partner(lambda b: b.dtype == a.dtype and b.ndim == 2 and b.shape[0] == a.shape[1])
    c = draw.partner(lambda c: c.dtype == a.dtype and c.ndim == 2 and c.shape[0] in (b.shape[1], a.shape[0]))
    if c.shape[0] == b.shape[1]:
        draw.need_size(a.shape[0], c.shape[1])
        return contracted("ij,jk,kl->il", a, b, c, count=a.shape[1] * b.shape[1])
    draw.need_size(b.shape[1], c.shape[1])
    return contracted("ij,jk,il->kl", a, b, c, count=a.shape[1] * a.shape[0])


def spread(a: Value, b: Value) -> tuple[Value, Value]:
    """Operands of an operation on all pairs of elements."""
    left = a.array.reshape(a.shape + (1,) * b.ndim)
    right = b.array.reshape((1,) * a.ndim + b.shape)
    return Value(left, a.bound, a.is_rough), Value(right, b.bound, b.is_rough)


def paired(a: Value, b: Value, draw: Draw) -> Value:
    which = draw.below(3)
    if a.kind == "b" or which == 0:
        return multiplied(a, b)
    if which == 1 and a.kind != "c":
        return Value(jnp.minimum(a.array, b.array), max(a.bound, b.bound))
    a, b = a.within(a.limit / 2), b.within(b.limit / 2)
    return Value(a.array - b.array, a.bound + b.bound)


@operation(signs=True)
def outer(a, draw):
    b = draw.partner(lambda b: b.dtype == a.dtype and a.ndim + b.ndim <= 4 and a.size * b.size <= draw.setting.largest)
    return paired(*spread(a, b), draw)


@operation("fiu", signs=True)
def along(a, draw):
    """Rows against rows, as distances are written."""
    need(0 < a.ndim < 4)
    b = draw.partner(lambda b: b.dtype == a.dtype and b.ndim == a.ndim and b.shape[1:] == a.shape[1:])
    draw.need_size(a.size, b.shape[0])
    return paired(Value(a.array[:, None], a.bound, a.is_rough), Value(b.array[None], b.bound, b.is_rough), draw)


@operation("fi", special=False)
def convolved(a, draw):
    """In one or two dimensions, with strides, dilations, padding, groups; the kernel is cut from a partner."""
    need(a.ndim in (2, 3, 4) and a.size > 0 and a.dtype.itemsize > 1)
    need(a.kind == "f" or a.dtype.itemsize == 4)
    space = max(1, min(2, a.ndim - 2))
    x = a.array.reshape((1,) * (space + 2 - a.ndim) + a.shape)
    b = draw.partner(lambda b: b.dtype == a.dtype and b.size >= 4)
    groups = draw.pick([count for count in (1, 1, 2, x.shape[1]) if x.shape[1] % count == 0])
    batches = draw.pick([count for count in (1, 1, 2) if groups == 1 and x.shape[0] % count == 0] or [1])
    extents = [1 + draw.below(3) for _ in range(space)]
    outputs = groups * batches * (1 + draw.below(3))
    shape = (outputs, x.shape[1] // groups, *extents)
    kernel = jnp.resize(b.array, shape)
    strides, left, right = ([1 + draw.below(3) // 2 for _ in extents] for _ in range(3))
    padding = [(draw.below(3), draw.below(3)) for _ in extents]
    count = math.prod(shape[1:]) * (x.shape[0] if batches > 1 else 1)
    most = (min(a.limit, 2.0**22) / count) ** 0.5
    a, b = Value(x, a.bound, a.is_rough).within(most), Value(kernel, b.bound, b.is_rough).within(most)
    made = functools.partial(
        lax.conv_general_dilated,
        window_strides=strides,
        padding=padding,
        lhs_dilation=left,
        rhs_dilation=right,
        feature_group_count=groups,
        batch_group_count=batches,
    )
    shape = jax.eval_shape(made, a.array, b.array).shape
    need(min(shape) > 0)
    draw.need_size(*shape)
    return Value(made(a.array, b.array), count * a.bound * b.bound)


# What is rounded


@operation("f", special=False)
def normalised(a, draw):
    """Softmax, log-sum-exp, standardised, a mean, a norm."""
    need(a.dtype.itemsize > 1)
    axis = draw.axis(a)
    a = a.within(4)
    tiny = scalar(0.5, a)
    functions = [
        lambda v: jax.nn.softmax(v, axis),
        lambda v: jax.nn.log_softmax(v, axis),
        lambda v: jax.nn.logsumexp(v, axis),
        lambda v: (v - v.mean(axis, keepdims=True)) * lax.rsqrt(v.var(axis, keepdims=True) + tiny),
        lambda v: v.mean(axis),
        lambda v: jnp.sqrt((v * v).sum(axis) + tiny) / scalar(a.shape[axis] ** 0.5, a),
        lambda v: lax.cumlogsumexp(v, axis, reverse=draw.coin()),
        lambda v: jnp.cumsum(v, axis) / scalar(a.shape[axis], a),
    ]
    return Value(functions[draw.below(len(functions))](a.array), 8.0, is_rough=True)


@operation("fc", special=False)
def transformed(a, draw):
    """Fourier transforms of all kinds."""
    need(a.ndim > 0 and a.dtype.name in ("float32", "float64", "complex64", "complex128"))
    axis = draw.axis(a, 2)
    if a.kind == "c":
        function = [jnp.fft.fft, jnp.fft.ifft, jnp.fft.irfft][draw.below(3)]
        return Value(function(a.array, axis=axis), a.bound * 2 * a.shape[axis], is_rough=True)
    which = draw.below(3)
    if which == 2 and a.ndim > 1:
        return Value(jnp.fft.rfft2(a.array), a.bound * a.shape[-1] * a.shape[-2], is_rough=True)
    return Value([jnp.fft.rfft, jnp.fft.fft][which % 2](a.array, axis=axis), a.bound * a.shape[axis], is_rough=True)


@operation("f", special=False)
def solved(a, draw):
    """Systems with well-conditioned matrices, batches of them: by Cholesky, substitution, LU, QR, and eigenvalues."""
    need(a.ndim >= 2 and a.dtype.name in ("float32", "float64") and a.size > 0)
    a = a.within(2)
    rows, columns = a.shape[-2:]
    draw.need_size(*a.shape[:-2], rows, rows)
    gram = jnp.einsum("...ij,...kj->...ik", a.array, a.array) / scalar(columns, a) + scalar(3, a) * jnp.eye(rows, dtype=a.dtype)
    which = draw.below(7)
    if which == 0:
        return Value(jnp.linalg.cholesky(gram), 6.0, is_rough=True)
    if which == 1:
        factor = jnp.linalg.cholesky(gram)
        options = {"left_side": True, "lower": True, "transpose_a": draw.coin()}
        return Value(lax.linalg.triangular_solve(factor, a.array, **options), 6.0, is_rough=True)
    if which == 2:
        return Value(jnp.linalg.solve(gram, a.array), 6.0, is_rough=True)
    if which == 3:
        return Value(jnp.linalg.eigvalsh(gram), 8.0 * rows, is_rough=True)
    if which == 4:
        q, r = jnp.linalg.qr(gram)
        return Value(jnp.abs(jnp.diagonal(r, axis1=-2, axis2=-1)) + q[..., 0] * q[..., 0], 8.0 * rows, is_rough=True)
    if which == 5:
        return Value(jnp.linalg.slogdet(gram)[1], 4.0 * rows, is_rough=True)
    return Value(jnp.linalg.svd(gram, compute_uv=False), 8.0 * rows, is_rough=True)
