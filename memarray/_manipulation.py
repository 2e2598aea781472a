"""Joining, repeating, padding, selecting and replacing: functions that give new arrays."""

from typing import Any

import numpy as np

from memarray._array import assign, ndarray
from memarray._creation import asarray
from memarray._kernels import indexing, manipulation, pointwise
from memarray._operators import functions
from memarray._routine import Routine

_delete = Routine(np.delete, manipulation.delete, "arr")
_insert = Routine(np.insert, manipulation.insert, "arr values", grows=True)
ravel_multi_index = Routine(
    np.ravel_multi_index,
    indexing.ravel_multi_index,
    "multi_index*",
    names="multi_index dims mode order",
    probed=False,
    check=indexing.CHECKS.get("ravel_multi_index"),
)
unravel_index = Routine(
    np.unravel_index,
    indexing.unravel_index,
    "indices",
    names="indices shape order",
    probed=False,
    check=indexing.CHECKS.get("unravel_index"),
)
allclose = Routine(np.allclose, pointwise.allclose, "a b")
angle = Routine(np.angle, pointwise.angle, "z")
array_equal = Routine(np.array_equal, pointwise.array_equal, "a1 a2")
array_equiv = Routine(np.array_equiv, pointwise.array_equiv, "a1 a2")
bartlett = Routine(np.bartlett, pointwise.bartlett, "")
blackman = Routine(np.blackman, pointwise.blackman, "")
column_stack = Routine(np.column_stack, manipulation.column_stack, "tup*")
concatenate = Routine(np.concatenate, manipulation.concatenate, "arrays*", names="arrays axis out dtype casting")
diag = Routine(np.diag, manipulation.diag, "v", grows=True)
diagflat = Routine(np.diagflat, manipulation.diagflat, "v", grows=True)
dstack = Routine(np.dstack, manipulation.dstack, "tup*")
fix = Routine(np.fix, pointwise.fix, "x")
hamming = Routine(np.hamming, pointwise.hamming, "")
hanning = Routine(np.hanning, pointwise.hanning, "")
hstack = Routine(np.hstack, manipulation.hstack, "tup*")
i0 = Routine(np.i0, pointwise.i0, "x")
isclose = Routine(np.isclose, pointwise.isclose, "a b", grows=True)
isin = Routine(np.isin, pointwise.isin, "element test_elements")
isneginf = Routine(np.isneginf, pointwise.isneginf, "x")
isposinf = Routine(np.isposinf, pointwise.isposinf, "x")
iscomplex = Routine(np.iscomplex, pointwise.iscomplex, "x")
isreal = Routine(np.isreal, pointwise.isreal, "x")
kaiser = Routine(np.kaiser, pointwise.kaiser, "")
nan_to_num = Routine(np.nan_to_num, pointwise.nan_to_num, "x nan posinf neginf")
packbits = Routine(np.packbits, manipulation.packbits, "a", names="a axis bitorder")
pad = Routine(
    np.pad, manipulation.pad, "array", names="array pad_width mode constant_values end_values stat_length reflect_type", grows=True
)
resize = Routine(np.resize, manipulation.resize, "a", grows=True)
roll = Routine(np.roll, manipulation.roll, "a")
select = Routine(np.select, indexing.select, "condlist* choicelist* default", grows=True)
sinc = Routine(np.sinc, pointwise.sinc, "x")
stack = Routine(np.stack, manipulation.stack, "arrays*")
tile = Routine(np.tile, manipulation.tile, "A", grows=True)
tril = Routine(np.tril, manipulation.tril, "m")
triu = Routine(np.triu, manipulation.triu, "m")
unpackbits = Routine(np.unpackbits, manipulation.unpackbits, "a", names="a axis count bitorder", grows=True)
vstack = Routine(np.vstack, manipulation.vstack, "tup*")
_where = Routine(np.where, indexing.where, "condition x y", names="condition x y", grows=True)
round = Routine(np.round, pointwise.round, "a")  # NumPy's name
around = round
concat = concatenate


def clip(a: Any, /, min: Any = None, max: Any = None, out: Any = None, *, a_min: Any = None, a_max: Any = None, **kwargs: Any) -> Any:
    """The elements within bounds; `a_min` and `a_max` are NumPy's older names of the bounds."""
    found = asarray(a)
    lower = _bound(a_min if min is None else min, found, -1)
    upper = _bound(a_max if max is None else max, found, 1)
    if lower is not None:
        found = functions["maximum"](found, lower, **kwargs)
    if upper is not None:
        found = functions["minimum"](found, upper, **kwargs)
    found = found.copy() if lower is None and upper is None else found
    return found if out is None else assign(out, found)


def _bound(value: Any, a: ndarray, sign: int) -> Any:
    """A bound; none where it is an integer beyond all that the array's dtype can hold."""
    if type(value) is int and a.dtype.kind in "iu":
        limits = np.iinfo(a.dtype)
        if (value > limits.max and sign > 0) or (value < limits.min and sign < 0):
            return None
    return value


def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    """Elements of the arrays that an index array names; evaluates whether all are there, unless `mode` is "wrap" or "clip"."""
    options = [asarray(each) for each in choices]
    index, *options = functions["broadcast_arrays"](asarray(a), *options)
    if index.dtype.kind not in "iub":
        raise TypeError(f"Cannot cast array data from {index.dtype!r} to dtype('int64') according to the rule 'safe'")
    index = _positions(index.astype(np.intp), len(options), mode, "clipmode")
    stacked = functions["stack"](options)
    if mode == "raise" and index.size and bool(functions["any"]((index < 0) | (index >= len(options)))):
        raise ValueError("invalid entry in choice array")
    found = take_along_axis(stacked, index[None], 0)[0]
    return found if out is None else assign(out, found)


def take(a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise") -> Any:
    """Elements at positions along an axis, or of the flat array."""
    found, index = asarray(a), asarray(indices)
    if index.dtype.kind == "b":
        index = index.astype(np.intp)
    if index.dtype.kind not in "iu":
        raise TypeError(f"Cannot cast array data from {index.dtype!r} to dtype('int64') according to the rule 'safe'")
    if axis is None:
        found, axis = found.ravel(), 0
    axis = np.lib.array_utils.normalize_axis_index(axis, found.ndim)
    taken = found[(slice(None),) * axis + (_positions(index, found.shape[axis], mode, "clipmode"),)]
    return taken if out is None else assign(out, taken)


def _positions(index: ndarray, length: int, mode: str, name: str) -> ndarray:
    """Positions within a length: as they are, wrapped, or clipped."""
    if mode == "wrap":
        return index % length
    if mode == "clip":
        return clip(index, 0, length - 1)
    if mode != "raise":
        raise ValueError(f"{name} must be one of 'clip', 'raise', or 'wrap' (got {mode!r})")
    return index


def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> ndarray:
    """Elements at the positions that indices give along an axis."""
    found, index = asarray(arr), asarray(indices)
    if index.dtype.kind not in "iu":
        raise IndexError("`indices` must be an integer array")
    if axis is None:
        if index.ndim != 1:
            raise ValueError("when axis=None, `indices` must have a single dimension.")
        found, axis = found.ravel(), 0
    axis = np.lib.array_utils.normalize_axis_index(axis, found.ndim)
    if found.ndim != index.ndim:
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    key = [
        index if k == axis else functions["arange"](length).reshape((1,) * k + (-1,) + (1,) * (found.ndim - k - 1))
        for k, length in enumerate(found.shape)
    ]
    return found[tuple(key)]


def append(arr: Any, values: Any, axis: int | None = None) -> ndarray:
    """An array with values after its own."""
    found, more = asarray(arr), asarray(values)
    if axis is None:
        found, more, axis = found.ravel(), more.ravel(), 0
    return concatenate((found, more), axis=axis)


def where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    """Elements of one array or another; with a condition only, the positions where it holds, which evaluates it."""
    if (x is None) != (y is None):
        raise ValueError("either both or neither of x and y should be given")
    return functions["nonzero"](condition) if x is None else _where(condition, x, y)


def repeat(a: Any, repeats: Any, axis: int | None = None) -> ndarray:
    """Elements repeated, each as often as the others or as `repeats` says, which is evaluated."""
    found = asarray(a)
    if axis is None:
        found, axis = found.ravel(), 0
    counts = np.asarray(repeats)
    if counts.dtype.kind not in "iub":
        raise TypeError(f"Cannot cast array data from {counts.dtype!r} to dtype('int64') according to the rule 'safe'")
    if (counts < 0).any():
        raise ValueError("repeats may not contain negative values.")
    place = np.lib.array_utils.normalize_axis_index(axis, max(found.ndim, 1))
    found = found.reshape(1) if not found.ndim else found
    length = found.shape[place]
    if counts.ndim > 1 or (counts.ndim == 1 and len(counts) not in (1, length)):
        raise ValueError(f"operands could not be broadcast together with shape ({length},) {counts.shape}".replace(" (", " ("))
    positions = np.repeat(np.arange(length), counts[0] if counts.shape == (1,) else counts)
    return found[(slice(None),) * place + (positions,)]


def delete(arr: Any, obj: Any, axis: int | None = None) -> ndarray:
    """An array without the elements at some positions, which are evaluated."""
    found = asarray(arr)
    return _delete(found, _places(found, obj, axis), axis=axis)


def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> ndarray:
    """An array with values before some of its positions, which are evaluated."""
    found = asarray(arr)
    return _insert(found, _places(found, obj, axis), values, axis=axis)


def _places(a: ndarray, obj: Any, axis: int | None) -> Any:
    """A slice as the positions that it takes; anything else as it is."""
    if not isinstance(obj, slice):
        return obj
    length = a.size if axis is None else a.shape[np.lib.array_utils.normalize_axis_index(axis, a.ndim)]
    return tuple(range(*obj.indices(length)))
