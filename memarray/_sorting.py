"""Sorting, partitioning and searching in sorted arrays."""

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from memarray._array import ndarray
from memarray._creation import asarray
from memarray._kernels import sorting
from memarray._rearranging import flip
from memarray._routine import Routine

argpartition = Routine(np.argpartition, sorting.argpartition, "a")
_argsort = Routine(np.argsort, sorting.argsort, "a")
digitize = Routine(np.digitize, sorting.digitize, "x bins", check=sorting.CHECKS["digitize"])
lexsort = Routine(np.lexsort, sorting.lexsort, "keys*", names="keys axis")
partition = Routine(np.partition, sorting.partition, "a")
searchsorted = Routine(np.searchsorted, sorting.searchsorted, "a v sorter", check=sorting.CHECKS["searchsorted"])
_sort = Routine(np.sort, sorting.sort, "a")
sort_complex = Routine(np.sort_complex, sorting.sort_complex, "a")


def sort(
    a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None, descending: bool = False
) -> ndarray:
    """The elements in order along an axis; in reverse order if `descending`, as the array API has it."""
    _check_order(order)
    found = _sort(a, axis=axis)
    return flip(found, -1 if axis is None else axis) if descending else found


def argsort(
    a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None, descending: bool = False
) -> ndarray:
    """The indices that sort along an axis; equal elements stay in their order."""
    _check_order(order)
    if not descending:
        return _argsort(a, axis=axis, stable=True)
    found = asarray(a)
    if axis is None:
        found, axis = found.ravel(), 0
    place = normalize_axis_index(axis, found.ndim)
    return found.shape[place] - 1 - flip(_argsort(flip(found, place), axis=place, stable=True), place)


def _check_order(order: Any) -> None:
    if order is not None:
        raise ValueError("Cannot specify order when the array has no fields.")
