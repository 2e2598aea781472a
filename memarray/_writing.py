"""Functions that write into an array in place."""

from typing import Any

import numpy as np

from memarray._array import fill_from, ndarray
from memarray._creation import asarray
from memarray._operators import functions


def _target(a: Any, name: str) -> ndarray:
    if not isinstance(a, ndarray):
        raise TypeError(f"{name} writes to a memarray array in place; got {type(a).__name__}")
    a._check_writeable()
    return a


def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    """Copy values into an array, where a mask holds."""
    if isinstance(dst, np.ndarray):
        np.copyto(dst, np.asarray(src), casting=casting, where=np.asarray(where))  # type: ignore[arg-type]  # NumPy checks it
        return
    target = _target(dst, "copyto")
    value = asarray(src)
    given = src if isinstance(src, (bool, int, float, complex)) else value.dtype
    if isinstance(given, np.dtype) and not np.can_cast(given, target.dtype, casting):  # type: ignore[arg-type]
        raise TypeError(f"Cannot cast array data from {given!r} to {target.dtype!r} according to the rule {casting!r}")
    if where is True:
        fill_from(target, value)
        return
    mask = functions["broadcast_to"](asarray(where), target.shape)
    spread = functions["broadcast_to"](value, target.shape)
    fill_from(target, functions["where"](mask, spread.astype(target.dtype, copy=False), target))


def putmask(a: Any, /, mask: Any, values: Any) -> None:
    """Write values where a mask holds: to each position the value of that position, repeated if there are fewer."""
    target = _target(a, "putmask")
    given = asarray(values).astype(target.dtype, copy=False)
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
    given = asarray(vals).reshape(-1).astype(target.dtype, copy=False)
    chosen = asarray(mask).astype(bool, copy=False)
    if chosen.size != target.size:
        raise ValueError("place: mask and data must be the same size")
    count = int(functions["count_nonzero"](chosen))
    if not count:
        return
    if not given.size:
        raise ValueError("Cannot place values: arr is empty")
    target[chosen.reshape(target.shape)] = functions["resize"](given, (count,))


def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """Write values at positions of the flat array, repeated if there are fewer."""
    target = _target(a, "put")
    positions = asarray(ind).reshape(-1)
    if positions.size == 0:
        return
    if mode == "wrap":
        positions = positions % target.size
    elif mode == "clip":
        positions = functions["clip"](positions, 0, target.size - 1)
    elif mode != "raise":
        raise ValueError(f"clipmode must be one of 'clip', 'raise', or 'wrap' (got {mode!r})")
    given = asarray(v).reshape(-1).astype(target.dtype, copy=False)
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
    axis = np.lib.array_utils.normalize_axis_index(axis, target.ndim)
    if found.ndim != target.ndim:
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    key = [
        found if k == axis else functions["arange"](length).reshape((1,) * k + (-1,) + (1,) * (target.ndim - k - 1))
        for k, length in enumerate(target.shape)
    ]
    target[tuple(key)] = values
