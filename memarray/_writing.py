"""Functions that write into an array in place."""

from typing import Any

import jax
import numpy as np

from memarray._array import broadcasts_to, fill_from, ndarray, tight
from memarray._creation import asarray
from memarray._indexing import check_bounds, value_to_assign
from memarray._operators import functions
from memarray._routine import holds_arrays


def _target(a: Any, name: str, read_only: str = "assignment destination") -> ndarray:
    if not isinstance(a, ndarray):
        raise TypeError(f"{name} writes to a memarray array in place; got {type(a).__name__}")
    a._check_writeable(read_only)
    return a


def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    """Copy values into an array, where a mask holds."""
    if isinstance(dst, np.ndarray):
        np.copyto(dst, np.asarray(src), casting=casting, where=np.asarray(where))  # type: ignore[arg-type]  # NumPy checks it
        return
    target = _target(dst, "copyto")
    value = _cast_as_numpy(src, target.dtype, casting)
    if where is True:
        fill_from(target, value)
        return
    mask = asarray(where)
    if not broadcasts_to(mask.shape, target.shape):
        raise ValueError(f"could not broadcast where mask from shape {tight(mask.shape)} into shape {tight(target.shape)}")
    old = target.copy()
    fill_from(target, value)
    fill_from(target, functions["where"](mask, target, old))


def _cast_as_numpy(value: Any, dtype: np.dtype[Any], casting: Any) -> ndarray:
    """A value in another dtype, with NumPy's errors where the rule does not allow that; what is no array is cast by NumPy."""
    if isinstance(value, (ndarray, np.ndarray, jax.Array)) or holds_arrays(value):
        found = asarray(value)
        if not np.can_cast(found.dtype, dtype, casting):
            raise TypeError(f"Cannot cast array data from {found.dtype!r} to {dtype!r} according to the rule {casting!r}")
        return found.astype(dtype, copy=False)
    cast = np.empty(np.shape(value), dtype)
    np.copyto(cast, value, casting=casting)
    return asarray(cast)


def putmask(a: Any, /, mask: Any, values: Any) -> None:
    """Write values where a mask holds: to each position the value of that position, repeated if there are fewer."""
    target = _target(a, "putmask", "putmask: output array")
    given = value_to_assign(values, target.dtype).astype(target.dtype, copy=False)
    if not given.size:
        return
    chosen = asarray(mask).astype(bool, copy=False)
    if chosen.size != target.size:
        raise ValueError("putmask: mask and data must be the same size")
    if given.shape != target.shape:
        given = functions["resize"](given, target.shape)
    fill_from(target, functions["where"](chosen.reshape(target.shape), given, target))


def place(arr: Any, mask: Any, vals: Any) -> None:
    """Write values where a mask holds, one after the other, repeated if there are fewer; evaluates the mask."""
    target = _target(arr, "place")
    given = value_to_assign(vals, target.dtype).reshape(-1).astype(target.dtype, copy=False)
    chosen = asarray(mask).astype(bool, copy=False)
    if chosen.size != target.size:
        raise ValueError("place: mask and data must be the same size")
    count = int(functions["count_nonzero"](chosen))
    if not count:
        return
    if not given.size:
        raise ValueError("Cannot insert from an empty array!")
    target[chosen.reshape(target.shape)] = functions["resize"](given, (count,))


def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """Write values at positions of the flat array, repeated if there are fewer."""
    target = _target(a, "put", "put: output array")
    positions = asarray(ind)
    if positions.size == 0:
        return
    if not np.can_cast(positions.dtype, np.intp, "same_kind"):
        raise TypeError(f"Cannot cast array data from {positions.dtype!r} to dtype('int64') according to the rule 'safe'")
    if mode == "raise":
        check_bounds(positions, target.size)
    positions = positions.reshape(-1)
    if mode == "wrap":
        positions = functions["remainder"](positions, target.size)
    elif mode == "clip":
        positions = functions["clip"](positions, 0, target.size - 1)
    elif mode != "raise":
        raise ValueError(f"clipmode must be one of 'clip', 'raise', or 'wrap' (got {mode!r})")
    given = value_to_assign(v, target.dtype).reshape(-1).astype(target.dtype, copy=False)
    if not given.size:
        return
    flat = target.flatten()
    flat[positions.astype(np.intp, copy=False)] = functions["resize"](given, positions.shape)
    fill_from(target, flat.reshape(target.shape))


def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None = -1) -> None:
    """Write values at the positions that indices give along an axis."""
    target = _target(arr, "put_along_axis")
    found = asarray(indices)
    if axis is None:
        if found.ndim != 1:
            raise ValueError("when axis=None, `indices` must have a single dimension.")
        flat = target.flatten()
        put_along_axis(flat, found, values, 0)
        fill_from(target, flat.reshape(target.shape))
        return
    if found.dtype.kind not in "iu":
        raise IndexError("`indices` must be an integer array")
    axis = np.lib.array_utils.normalize_axis_index(axis, target.ndim)
    if found.ndim != target.ndim:
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    key = [
        found if k == axis else functions["arange"](length).reshape((1,) * k + (-1,) + (1,) * (target.ndim - k - 1))
        for k, length in enumerate(target.shape)
    ]
    target[tuple(key)] = values
