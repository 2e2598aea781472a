"""Grids and positions: `r_`, `c_`, `mgrid`, `ogrid`, `ix_`, indices of diagonals and triangles, blocks and gradients."""

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from memarray._array import ndarray
from memarray._creation import arange, asarray, linspace, tri
from memarray._manipulation import concatenate
from memarray._operators import functions


class _Grid:
    """`mgrid` (dense) and `ogrid` (open), indexed by slices; an imaginary step is a number of points, as in NumPy."""

    def __init__(self, *, sparse: bool) -> None:
        self._sparse = sparse

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return _points(key)
        axes = [_points(each) for each in key]
        dtype = np.result_type(*(each.dtype for each in axes))
        rank = len(axes)
        spread = [axis.astype(dtype, copy=False).reshape((1,) * k + (-1,) + (1,) * (rank - k - 1)) for k, axis in enumerate(axes)]
        return tuple(spread) if self._sparse else functions["stack"](functions["broadcast_arrays"](*spread))


def _points(each: slice) -> ndarray:
    start, stop, step = each.start or 0, each.stop, 1 if each.step is None else each.step
    if isinstance(step, complex):
        return linspace(start, stop, int(abs(step)))
    return arange(start, stop, step)


mgrid = _Grid(sparse=False)
ogrid = _Grid(sparse=True)


class _Concatenator:
    """`r_` and `c_`: arrays, ranges and numbers joined by indexing."""

    def __init__(self, axis: int, ndmin: int, trans1d: int) -> None:
        self._defaults = (axis, ndmin, trans1d)

    def __getitem__(self, key: Any) -> ndarray:
        axis, ndmin, trans1d = self._defaults
        parts = list(key) if isinstance(key, tuple) else [key]
        if parts and isinstance(parts[0], str):
            directive = parts.pop(0)
            if directive in ("r", "c"):
                raise NotImplementedError("r_ and c_ make no matrices in memarray: numpy.matrix is absent; use 2-d arrays")
            values = [int(each) for each in directive.split(",")]
            axis, ndmin, trans1d = (*values, *self._defaults[len(values) :])
        pieces = [self._piece(each, ndmin, trans1d) for each in parts]
        return concatenate(pieces, axis=axis)

    def _piece(self, each: Any, ndmin: int, trans1d: int) -> ndarray:
        found = _points(each) if isinstance(each, slice) else asarray(each)
        if found.ndim == 0:
            found = found.reshape(1)
        missing = ndmin - found.ndim
        if missing <= 0:
            return found
        before = missing if trans1d == -1 else trans1d if trans1d >= 0 else missing + 1 + trans1d
        before = min(before, missing)
        return found.reshape((1,) * before + found.shape + (1,) * (missing - before))


r_ = _Concatenator(0, 1, -1)
c_ = _Concatenator(-1, 2, 0)


def ix_(*args: Any) -> tuple[ndarray, ...]:
    """An open mesh of index vectors; masks are evaluated."""
    found = []
    for k, each in enumerate(args):
        index = asarray(np.asarray(each, np.intp) if not isinstance(each, ndarray) and np.size(each) == 0 else each)
        if index.ndim != 1:
            raise ValueError("Cross index must be 1 dimensional")
        if index.dtype == bool:
            (index,) = functions["nonzero"](index)
        found.append(index.reshape((1,) * k + (-1,) + (1,) * (len(args) - k - 1)))
    return tuple(found)


def diag_indices(n: int, ndim: int = 2) -> tuple[ndarray, ...]:
    """The indices of the main diagonal of an array of `ndim` dimensions of length `n`."""
    return (arange(n),) * ndim


def diag_indices_from(arr: Any) -> tuple[ndarray, ...]:
    """The indices of an array's main diagonal."""
    found = asarray(arr)
    if found.ndim < 2:
        raise ValueError("input array must be at least 2-d")
    if len(set(found.shape)) > 1:
        raise ValueError("All dimensions of input must be of equal length")
    return diag_indices(found.shape[0], found.ndim)


def tril_indices(n: int, k: int = 0, m: int | None = None) -> tuple[ndarray, ...]:
    """The indices of the lower triangle of an n by m matrix."""
    return functions["nonzero"](tri(n, m, k=k, dtype=bool))


def triu_indices(n: int, k: int = 0, m: int | None = None) -> tuple[ndarray, ...]:
    """The indices of the upper triangle of an n by m matrix."""
    return functions["nonzero"](~tri(n, m, k=k - 1, dtype=bool))


def tril_indices_from(arr: Any, k: int = 0) -> tuple[ndarray, ...]:
    """The indices of a matrix's lower triangle."""
    return tril_indices(*_rows_and_columns(arr, k))


def triu_indices_from(arr: Any, k: int = 0) -> tuple[ndarray, ...]:
    """The indices of a matrix's upper triangle."""
    return triu_indices(*_rows_and_columns(arr, k))


def _rows_and_columns(arr: Any, k: int) -> tuple[int, int, int]:
    found = asarray(arr)
    if found.ndim != 2:
        raise ValueError("input array must be 2-d")
    return found.shape[0], k, found.shape[1]


def block(arrays: Any) -> ndarray:
    """An array from nested lists of blocks."""

    def depth(value: Any) -> int:
        if isinstance(value, tuple):
            raise TypeError(
                "only lists can be used to arrange blocks, and np.block does not allow implicit conversion from tuple to ndarray"
            )
        if not isinstance(value, list):
            return 0
        if not value:
            raise ValueError("List at arrays cannot be empty")
        depths = {depth(each) for each in value}
        if len(depths) > 1:
            raise ValueError("List depths are mismatched")
        return 1 + depths.pop()

    levels = depth(arrays)

    def leaves(value: Any) -> Any:
        return [each for part in value for each in leaves(part)] if isinstance(value, list) else [asarray(value)]

    rank = max(levels, *(each.ndim for each in leaves(arrays)))

    def join(value: Any, level: int) -> ndarray:
        if not isinstance(value, list):
            found = asarray(value)
            return found.reshape((1,) * (rank - found.ndim) + found.shape)
        return concatenate([join(each, level + 1) for each in value], axis=rank - levels + level)

    found = join(arrays, 0)
    return found.copy() if levels == 0 else found


def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Central differences inside, one-sided ones of first or second order at the ends."""
    found = asarray(f)
    axes = tuple(range(found.ndim)) if axis is None else normalize_axis_tuple(axis, found.ndim)
    if edge_order not in (1, 2):
        raise ValueError("'edge_order' greater than 2 not supported")
    spacings = _spacings(found, varargs, axes)
    if found.dtype.kind not in "fc":
        found = found.astype(float)
    results = [_gradient_along(found, spacing, each, edge_order) for spacing, each in zip(spacings, axes, strict=True)]
    return results[0] if len(axes) == 1 else tuple(results)


def _spacings(f: ndarray, given: tuple[Any, ...], axes: tuple[int, ...]) -> list[Any]:
    if not given:
        return [1.0] * len(axes)
    if len(given) == 1 and np.ndim(given[0]) == 0:
        return [given[0]] * len(axes)
    if len(given) != len(axes):
        raise TypeError("invalid number of arguments")
    found = []
    for each, axis in zip(given, axes, strict=True):
        if np.ndim(each) == 0:
            found.append(each)
            continue
        coordinates = asarray(each)
        if coordinates.ndim != 1:
            raise ValueError("distances must be either scalars or 1d")
        if len(coordinates) != f.shape[axis]:
            raise ValueError("when 1d, distances must match the length of the corresponding dimension")
        found.append(functions["diff"](coordinates.astype(float) if coordinates.dtype.kind in "iub" else coordinates))
    return found


def _gradient_along(f: ndarray, h: Any, axis: int, edge_order: int) -> ndarray:
    if f.shape[axis] < edge_order + 1:
        raise ValueError("Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements are required.")

    def at(low: Any, high: Any = None) -> ndarray:
        return f[(slice(None),) * axis + (slice(low, high),)]

    def wide(values: ndarray) -> ndarray:
        return values.reshape((-1,) + (1,) * (f.ndim - axis - 1))

    if not isinstance(h, ndarray) or not h.ndim:
        inner = (at(2) - at(None, -2)) / (2.0 * h)
        if edge_order == 1:
            ends = (at(1, 2) - at(0, 1)) / h, (at(-1) - at(-2, -1)) / h
        else:
            first = (-1.5 / h) * at(0, 1) + (2.0 / h) * at(1, 2) + (-0.5 / h) * at(2, 3)
            ends = first, (0.5 / h) * at(-3, -2) + (-2.0 / h) * at(-2, -1) + (1.5 / h) * at(-1)
        return concatenate([ends[0], inner, ends[1]], axis=axis)
    before, after = wide(h[:-1]), wide(h[1:])
    a = -after / (before * (before + after))
    b = (after - before) / (before * after)
    c = before / (after * (before + after))
    inner = a * at(None, -2) + b * at(1, -1) + c * at(2)
    if edge_order == 1:
        ends = (at(1, 2) - at(0, 1)) / h[0], (at(-1) - at(-2, -1)) / h[-1]
    else:
        u, v = h[0], h[1]
        first = -(2.0 * u + v) / (u * (u + v)) * at(0, 1) + (u + v) / (u * v) * at(1, 2) - u / (v * (u + v)) * at(2, 3)
        u, v = h[-2], h[-1]
        last = v / (u * (u + v)) * at(-3, -2) - (v + u) / (u * v) * at(-2, -1) + (2.0 * v + u) / (v * (u + v)) * at(-1)
        ends = first, last
    return concatenate([ends[0], inner, ends[1]], axis=axis)
