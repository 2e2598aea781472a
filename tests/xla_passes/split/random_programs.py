"""Random programs, written once for NumPy and for JAX: a recipe of numbers picks operations and operands from what was computed so far.

All numbers are small and whole, so that sums are equal in any order, and there are ties everywhere.
"""

import math
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

Array = Any
Step = tuple[int, int, int, int]
LARGEST = 700  # elements of a value
OPERATIONS: list[Callable[..., Array | None]] = []


def operation(function: Callable[..., Array | None]) -> Callable[..., Array | None]:
    """Register an operation `(xp, a, b, n)`; it gives None where the operands do not suit it."""
    OPERATIONS.append(function)
    return function


def _dim(a: Array, n: int) -> int:
    return n % a.ndim


def _cut(a: Array, axis: int, cut: slice) -> Array:
    return a[tuple(cut if dim == axis else slice(None) for dim in range(a.ndim))]


def _bounded(xp: ModuleType, a: Array) -> Array:
    return xp.clip(a, np.float32(-30), np.float32(30))


@operation
def arithmetic(xp, a, b, n):
    if a.shape != b.shape:
        return None
    return [lambda: _bounded(xp, a + b), lambda: a - b, lambda: _bounded(xp, a * b), lambda: xp.maximum(a, b)][n % 4]()


@operation
def unary(xp, a, b, n):
    return [xp.abs, xp.negative, xp.sign, lambda v: xp.where(v > 1, v, -v), xp.square][n % 5](a)


@operation
def compared(xp, a, b, n):
    if a.shape != b.shape:
        return None
    return xp.where([a < b, a == b, (a >= 0) & (b != 1)][n % 3], a, np.float32(2))


@operation
def outer(xp, a, b, n):
    if a.ndim + b.ndim > 4:
        return None
    left, right = a.reshape(a.shape + (1,) * b.ndim), b.reshape((1,) * a.ndim + b.shape)
    return [left - right, xp.minimum(left, right), _bounded(xp, left * right)][n % 3]


@operation
def along(xp, a, b, n):
    """Rows against rows, as distances are written: a[:, None] with b[None]."""
    if a.ndim < 1 or b.ndim < 1 or a.ndim > 3 or a.shape[1:] != b.shape[1:]:
        return None
    return [a[:, None] - b[None], xp.abs(a[:, None] + b[None])][n % 2]


@operation
def broadcast_back(xp, a, b, n):
    """A value against its own reduction, as in a softmax."""
    if not a.ndim:
        return None
    axis = _dim(a, n)
    return a - [a.max(axis, keepdims=True), _bounded(xp, a.sum(axis, keepdims=True))][n // 4 % 2]


@operation
def reduced(xp, a, b, n):
    if not a.ndim:
        return None
    axis: Any = _dim(a, n)
    if n // 8 % 3 == 2 and a.ndim > 1:
        axis = tuple(sorted({axis, _dim(a, n // 3)}))
    return [
        lambda: _bounded(xp, a.sum(axis)),
        lambda: a.max(axis),
        lambda: a.min(axis),
        lambda: (a > 0).all(axis),
        lambda: (a != 0).sum(axis),
    ][n % 5]()


@operation
def extreme_index(xp, a, b, n):
    return (a.argmax if n % 2 else a.argmin)(_dim(a, n // 2)) if a.ndim else None


@operation
def product(xp, a, b, n):
    for left in range(a.ndim):
        for right in range(b.ndim):
            if a.shape[left] == b.shape[right] and (left + right + n) % 2:
                return _bounded(xp, xp.tensordot(a, b, ((left,), (right,))))
    return None


@operation
def batched_product(xp, a, b, n):
    if a.ndim != 3 or b.ndim != 3 or a.shape[0] != b.shape[0] or a.shape[2] != b.shape[2]:
        return None
    return _bounded(xp, xp.einsum("bik,bjk->bij", a, b))


@operation
def own_product(xp, a, b, n):
    if a.ndim != 2:
        return None
    return _bounded(xp, [a @ a.T, a.T @ a][n % 2])


@operation
def transposed(xp, a, b, n):
    return xp.transpose(a, np.random.default_rng(n).permutation(a.ndim)) if a.ndim > 1 else None


@operation
def merged(xp, a, b, n):
    if a.ndim < 2:
        return None
    at = n % (a.ndim - 1)
    return a.reshape(a.shape[:at] + (a.shape[at] * a.shape[at + 1],) + a.shape[at + 2 :])


@operation
def parted(xp, a, b, n):
    if not 0 < a.ndim < 4:
        return None
    axis = _dim(a, n)
    factors = [size for size in (2, 3, 5) if a.shape[axis] % size == 0]
    if not factors:
        return None
    inner = factors[n % len(factors)]
    outer_size = a.shape[axis] // inner
    parts = (outer_size, inner) if n % 2 else (inner, outer_size)
    return a.reshape(a.shape[:axis] + parts + a.shape[axis + 1 :])


@operation
def regrouped(xp, a, b, n):
    """All elements in rows of another length."""
    size = math.prod(a.shape)
    lengths = [length for length in (2, 3, 4, 5, 6, 10) if size % length == 0]
    return a.reshape(-1, lengths[n % len(lengths)]) if lengths and size else None


@operation
def sliced(xp, a, b, n):
    if not a.ndim:
        return None
    axis = _dim(a, n)
    start, stride = n // 4 % 3, 1 + n // 12 % 3
    return _cut(a, axis, slice(start, a.shape[axis] - n // 36 % 2, stride)) if a.shape[axis] > start + 1 else None


@operation
def differences(xp, a, b, n):
    if not a.ndim or a.shape[_dim(a, n)] < 2:
        return None
    axis = _dim(a, n)
    return _cut(a, axis, slice(1, None)) - _cut(a, axis, slice(None, -1))


@operation
def joined(xp, a, b, n):
    axis = _dim(a, n) if a.ndim else 0
    if not a.ndim or a.ndim != b.ndim or any(x != y for dim, (x, y) in enumerate(zip(a.shape, b.shape, strict=True)) if dim != axis):
        return None
    return xp.concatenate([a, b], axis)


@operation
def padded(xp, a, b, n):
    if not a.ndim:
        return None
    axis = _dim(a, n)
    return xp.pad(a, [(n % 3, n // 3 % 2) if dim == axis else (0, 0) for dim in range(a.ndim)])


@operation
def flipped(xp, a, b, n):
    return xp.flip(a, _dim(a, n)) if a.ndim else None


@operation
def counted(xp, a, b, n):
    if not a.ndim:
        return None
    axis = _dim(a, n)
    places = xp.arange(a.shape[axis]).reshape([-1 if dim == axis else 1 for dim in range(a.ndim)])
    return a + places if n // 4 % 2 else xp.where(places < n % 5, a, np.float32(-3))


@operation
def top(xp, a, b, n):
    if not a.ndim or not a.shape[-1]:
        return None
    k = min(1 + n // 2 % 4, a.shape[-1])
    if xp is jnp:
        return lax.top_k(a, k)[n % 2]
    indices = np.argsort(-a, axis=-1, kind="stable")[..., :k]
    return indices if n % 2 else np.take_along_axis(a, indices, -1)


@operation
def ordered(xp, a, b, n):
    if not a.ndim:
        return None
    axis = _dim(a, n)
    return xp.sort(a, axis) if n // 4 % 2 else (xp.argsort(a, axis) if xp is jnp else np.argsort(a, axis, kind="stable"))


@operation
def taken(xp, a, b, n):
    """Rows of `a` picked by `b`."""
    if not a.ndim or not a.shape[_dim(a, n)] or a.ndim + b.ndim > 4:
        return None
    axis = _dim(a, n)
    return xp.take(a, xp.abs(b).astype(np.int32) % a.shape[axis], axis=axis)


@operation
def taken_along(xp, a, b, n):
    if not a.ndim or a.shape != b.shape or not a.size:
        return None
    axis = _dim(a, n)
    return xp.take_along_axis(a, xp.abs(b).astype(np.int32) % a.shape[axis], axis)


@operation
def window(xp, a, b, n):
    """A slice whose start is computed."""
    if not a.ndim or not b.size or not a.size:
        return None
    axis = _dim(a, n)
    size = 1 + n // 4 % a.shape[axis]
    start = xp.abs(b).max().astype(np.int32)
    if xp is jnp:
        return lax.dynamic_slice_in_dim(a, start, size, axis)
    first = min(int(start), a.shape[axis] - size)
    return _cut(a, axis, slice(first, first + size))


@operation
def summed_up(xp, a, b, n):
    """Has no rule yet in the split engine: it has to stay whole."""
    return _bounded(xp, xp.cumsum(a, _dim(a, n))) if a.ndim else None


def interpret(xp: ModuleType, arguments: Sequence[Array], steps: Sequence[Step], kept: int) -> list[Array]:
    """The last `kept` values and the first one that no other was computed from."""
    pool = list(arguments)
    for which, left, right, n in steps:
        # Half of the operands are the newest value: chains; the others may be any: diamonds.
        a = pool[-1] if left % 2 else pool[left // 2 % len(pool)]
        b = pool[right % len(pool)]
        made = OPERATIONS[which % len(OPERATIONS)](xp, a, b, n)
        if made is not None and math.prod(made.shape) <= LARGEST:
            pool.append(xp.asarray(made).astype(np.float32))
    made = pool[len(arguments) :]
    return made[-kept:] + made[:1]


def recorded(steps: Sequence[Step], kept: int) -> Callable[..., list[jax.Array]]:
    """The recipe as a function for JAX."""

    def random_program(*arguments: jax.Array) -> list[jax.Array]:
        return interpret(jnp, arguments, steps, kept)

    return random_program


def whole_numbers(shape: Sequence[int], seed: int) -> np.ndarray:
    """Small whole numbers."""
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(np.float32)
