"""NumPy's statistics and calculus on sampled values on JAX arrays: covariances, convolutions, interpolation, differences."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from memarray._kernels.manipulation import concatenate
from memarray._kernels.operands import Checks, Operand, axis_of, cast, promoted, real_dtype, result_type
from memarray._kernels.reductions import average
from memarray._kernels.sorting import argsort, searchsorted

__all__ = ["CHECKS", "convolve", "corrcoef", "correlate", "cov", "diff", "ediff1d", "interp", "unwrap"]

_FLOAT64 = np.dtype(np.float64)


def _part(a: jax.Array, start: int | None, stop: int | None, axis: int, step: int = 1) -> jax.Array:
    """`a[start:stop:step]` along an axis."""
    return lax.slice_in_dim(a, *slice(start, stop).indices(a.shape[axis])[:2], step, axis)


def _difference(x: jax.Array, y: jax.Array) -> jax.Array:
    return x != y if x.dtype == np.bool_ else x - y


def diff(a: Operand, n: int = 1, axis: int = -1, prepend: Operand | None = None, append: Operand | None = None) -> jax.Array:
    """`np.diff`."""
    a = jnp.asarray(a)
    if n == 0:
        return a
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n!r}")
    if not a.ndim:
        raise ValueError("diff requires input that is at least one dimensional")
    along = axis_of(axis, a.ndim)
    edge = tuple(1 if dim == along else size for dim, size in enumerate(a.shape))
    ends = [None if end is None else jnp.asarray(end) for end in (prepend, append)]
    before, after = (None if end is None else jnp.broadcast_to(end, edge) if end.ndim == 0 else end for end in ends)
    parts = tuple(part for part in (before, a, after) if part is not None)
    a = concatenate(parts, along) if len(parts) > 1 else a
    for _ in range(n):
        a = _difference(_part(a, 1, None, along), _part(a, 0, max(a.shape[along] - 1, 0), along))
    return a


def ediff1d(ary: Operand, to_end: Operand | None = None, to_begin: Operand | None = None) -> jax.Array:
    """`np.ediff1d`."""
    flat = jnp.asarray(ary).reshape(-1)
    parts = [flat[1:] - flat[:-1] if flat.dtype != np.bool_ else _refuse_bool()]
    for name, end in (("to_begin", to_begin), ("to_end", to_end)):
        if end is None:
            continue
        added = jnp.asarray(end)
        if not np.can_cast(added.dtype, flat.dtype, "same_kind"):
            raise TypeError(f"dtype of `{name}` must be compatible with input `ary` under the `same_kind` rule.")
        added = cast(added.reshape(-1), flat.dtype)
        parts = [added, *parts] if name == "to_begin" else [*parts, added]
    return jnp.concatenate(parts)


def _refuse_bool() -> jax.Array:
    raise TypeError("numpy boolean subtract, the `-` operator, is not supported, use the bitwise_xor, the `^` operator, instead.")


def unwrap(p: Operand, discont: float | None = None, axis: int = -1, *, period: float = 2 * np.pi) -> jax.Array:
    """`np.unwrap`."""
    p = jnp.asarray(p)
    steps = diff(p, axis=axis)
    along = axis_of(axis, p.ndim)
    discont = period / 2 if discont is None else discont
    dtype = result_type(steps.dtype, period)
    if dtype.kind in "iu":
        high, remainder = divmod(period, 2)
        is_ambiguous = remainder == 0
    else:
        high, is_ambiguous = period / 2, True
    steps = cast(steps, dtype)
    limit, low = cast(high, dtype), cast(-high, dtype)
    wrapped = jnp.mod(steps - low, cast(period, dtype)) + low
    if is_ambiguous:
        wrapped = jnp.where((wrapped == low) & (steps > 0), limit, wrapped)
    correction = jnp.where(jnp.abs(steps) < discont, cast(0, dtype), wrapped - steps)
    values = cast(p, dtype)
    return jnp.concatenate([_part(values, 0, 1, along), _part(values, 1, None, along) + jnp.cumsum(correction, along, dtype)], along)


def interp(
    x: Operand, xp: Operand, fp: Operand, left: Operand | None = None, right: Operand | None = None, period: float | None = None
) -> jax.Array:
    """`np.interp`."""
    values = jnp.asarray(fp)
    dtype = np.dtype(np.complex128 if values.dtype.kind == "c" else np.float64)
    at, points, values = cast(x, _FLOAT64), cast(xp, _FLOAT64), cast(values, dtype)
    if points.ndim != 1 or values.ndim != 1:
        raise ValueError("Data points must be 1-D sequences" if period is not None else "object too deep for desired array")
    if points.shape != values.shape:
        raise ValueError("fp and xp are not of the same length.")
    if not points.size:
        raise ValueError("array of sample points is empty")
    if period is not None:
        at, points, values = _around(at, points, values, period)
        left = right = None
    below, above = (values[end] if given is None else cast(given, dtype) for end, given in ((0, left), (-1, right)))
    last = points.shape[0] - 1
    place = jnp.clip(searchsorted(points, at, "right") - 1, 0, max(last - 1, 0))
    following = jnp.minimum(place + 1, last)
    x0, x1, y0, y1 = points[place], points[following], values[place], values[following]
    inside = _line(at, x0, x1, y0, y1)
    inside = jnp.where(at == points[-1], values[-1], jnp.where(at == x0, y0, inside))
    result = jnp.where(at > points[-1], above, jnp.where(at < points[0], below, inside))
    return jnp.where(jnp.isnan(at), at.astype(dtype) if last else values[0], result)


def _line(at: jax.Array, x0: jax.Array, x1: jax.Array, y0: jax.Array, y1: jax.Array) -> jax.Array:
    """The line through two points; through the second where the first gives NaN, and level where both are equal."""
    if y0.dtype.kind == "c":
        return lax.complex(*(_line(at, x0, x1, part(y0), part(y1)) for part in (jnp.real, jnp.imag)))
    slope = (y1 - y0) / (x1 - x0)
    result = slope * (at - x0) + y0
    result = jnp.where(jnp.isnan(result), slope * (at - x1) + y1, result)
    return jnp.where(jnp.isnan(result) & (y0 == y1), y0, result)


def _around(at: jax.Array, points: jax.Array, values: jax.Array, period: float) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Everything in one period, and the outermost points once more on the other side."""
    if period == 0:
        raise ValueError("period must be a non-zero value")
    period = abs(period)
    at, points = jnp.mod(at, period), jnp.mod(points, period)
    order = argsort(points)
    points, values = points[order], values[order]
    points = jnp.concatenate([points[-1:] - period, points, points[:1] + period])
    return at, points, jnp.concatenate([values[-1:], values, values[:1]])


def cov(
    m: Operand,
    y: Operand | None = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Operand | None = None,
    aweights: Operand | None = None,
    *,
    dtype: np.dtype | None = None,
) -> jax.Array:
    """`np.cov`."""
    if ddof is not None and ddof != int(ddof):
        raise ValueError("ddof must be integer")
    sets = [jnp.asarray(item) for item in (m, y) if item is not None]
    if any(item.ndim > 2 for item in sets):
        raise ValueError("m has more than 2 dimensions" if sets[0].ndim > 2 else "y has more than 2 dimensions")
    dtype = result_type(*(item.dtype for item in sets), _FLOAT64) if dtype is None else np.dtype(dtype)
    rows = [_variables(item, rowvar or (place and item.shape[:1] == (1,)), dtype) for place, item in enumerate(sets)]
    if not rows[0].shape[0] and len(rows) == 1:
        return jnp.zeros((0, 0), dtype)
    data = jnp.concatenate(rows) if len(rows) > 1 else rows[0]
    ddof = int(not bias) if ddof is None else int(ddof)
    weights = _sample_weights(data.shape[1], fweights, aweights)
    mean, total = average(data, 1, weights, returned=True)
    total = total[0] if total.ndim else total
    if weights is None:
        freedom = jnp.asarray(data.shape[1] - ddof, real_dtype(dtype))
    elif ddof == 0:
        freedom = total
    elif aweights is None:
        freedom = total - ddof
    else:
        freedom = total - ddof * jnp.sum(weights * cast(aweights, weights.dtype)) / total
    freedom = jnp.where(jnp.real(freedom) <= 0, 0, freedom)
    centred = data - mean[:, None]
    weighted = centred if weights is None else centred * weights
    product = jnp.matmul(centred, jnp.conj(weighted.T), precision="highest")
    product = product * jnp.reciprocal(cast(freedom, real_dtype(product.dtype)))
    return product.reshape(()) if product.shape == (1, 1) else product


def _variables(m: jax.Array, rowvar: bool | int, dtype: np.dtype) -> jax.Array:
    """One variable a row."""
    m = cast(m, dtype)
    rows = m.reshape(1, -1) if m.ndim < 2 else m
    return rows.T if not rowvar and m.ndim == 2 else rows


def _sample_weights(size: int, fweights: Operand | None, aweights: Operand | None) -> jax.Array | None:
    """How often a sample is counted times how much it weighs."""
    weights = None
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is None:
            continue
        factor = cast(given, _FLOAT64)
        if factor.ndim > 1:
            raise RuntimeError(f"cannot handle multidimensional {name}")
        if factor.shape != (size,):
            raise RuntimeError(f"incompatible numbers of samples and {name}")
        weights = factor if weights is None else weights * factor
    return weights


def corrcoef(x: Operand, y: Operand | None = None, rowvar: bool = True, *, dtype: np.dtype | None = None) -> jax.Array:
    """`np.corrcoef`."""
    c = cov(x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return c / c
    deviation = jnp.sqrt(jnp.real(jnp.diagonal(c)))
    c = c / deviation[:, None] / deviation[None, :]
    if c.dtype.kind == "c":
        return lax.complex(jnp.clip(jnp.real(c), -1, 1), jnp.clip(jnp.imag(c), -1, 1))
    return jnp.clip(c, -1, 1)


def _slid(a: jax.Array, v: jax.Array, mode: str) -> jax.Array:
    """The inner products of `v` with each stretch of `a`, which is at least as long."""
    if mode not in ("valid", "same", "full"):
        raise ValueError(f"mode must be one of 'valid', 'same', or 'full' (got {mode!r})")
    long, short = a.shape[0], v.shape[0]
    dtype = a.dtype
    padding = {"valid": (0, 0), "same": (short // 2, (short - 1) - short // 2), "full": (short - 1, short - 1)}[mode]
    work = np.dtype(np.float32) if dtype == np.float16 else np.dtype(np.int64) if dtype.kind in "biu" else dtype
    padded = jnp.pad(cast(a, work), padding)
    if work.kind != "i":
        return lax.conv(padded[None, None], cast(v, work)[None, None], (1,), "VALID", precision="highest")[0, 0].astype(dtype)
    # XLA's convolutions of integers go through no fast path either; this one splits along the stretches.
    places = lax.broadcasted_iota(np.int32, (long + sum(padding) - short + 1, short), 0) + lax.broadcasted_iota(
        np.int32, (long + sum(padding) - short + 1, short), 1
    )
    return jnp.sum(padded[places] * cast(v, work), 1).astype(dtype)


def correlate(a: Operand, v: Operand, mode: str = "valid") -> jax.Array:
    """`np.correlate`."""
    a, v = promoted(a, v)
    if a.ndim > 1 or v.ndim > 1:
        raise ValueError("object too deep for desired array")
    a, v = jnp.atleast_1d(a), jnp.conj(jnp.atleast_1d(v))
    if not a.size or not v.size:
        raise ValueError(f"{'second' if a.size else 'first'} array argument cannot be empty")
    if a.shape[0] >= v.shape[0]:
        return _slid(a, v, mode)
    return _slid(v, a, mode)[::-1]


def convolve(a: Operand, v: Operand, mode: str = "full") -> jax.Array:
    """`np.convolve`."""
    a, v = promoted(a, v)
    a, v = jnp.atleast_1d(a), jnp.atleast_1d(v)
    if a.ndim > 1 or v.ndim > 1:
        raise ValueError("object too deep for desired array")
    if not a.size or not v.size:
        raise ValueError(f"{'v' if a.size else 'a'} cannot be empty")
    return _slid(a, v[::-1], mode) if a.shape[0] >= v.shape[0] else _slid(v, a[::-1], mode)


def _has_bad_weights(
    _: tuple[jax.Array, ...],
    m: Operand,
    y: Operand | None = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Operand | None = None,
    aweights: Operand | None = None,
    **rest: object,
) -> jax.Array:
    given = [jnp.asarray(item) for item in (fweights, aweights) if item is not None]
    return jnp.asarray([jnp.any(item < 0) for item in given]).any() if given else jnp.asarray(False)


CHECKS: Checks = {"cov": (_has_bad_weights, ValueError, "weights cannot be negative")}
