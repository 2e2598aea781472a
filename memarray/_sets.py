"""Sets, positions and pieces whose number depends on the data: they evaluate; and functions of the user's Python functions."""

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from memarray._array import ndarray
from memarray._creation import asarray, zeros
from memarray._host import host_function
from memarray._operators import functions

argwhere = host_function(np.argwhere)
compress = host_function(np.compress)
extract = host_function(np.extract)
flatnonzero = host_function(np.flatnonzero)
histogramdd = host_function(np.histogramdd)
intersect1d = host_function(np.intersect1d)
mask_indices = host_function(np.mask_indices)
nonzero = host_function(np.nonzero)
poly = host_function(np.poly)
polydiv = host_function(np.polydiv)
polyfit = host_function(np.polyfit)
real_if_close = host_function(np.real_if_close)
roots = host_function(np.roots)
setdiff1d = host_function(np.setdiff1d)
setxor1d = host_function(np.setxor1d)
trim_zeros = host_function(np.trim_zeros)
union1d = host_function(np.union1d)
unique = host_function(np.unique)
unique_all = host_function(np.unique_all)
unique_counts = host_function(np.unique_counts)
unique_inverse = host_function(np.unique_inverse)
unique_values = host_function(np.unique_values)


def apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> ndarray:
    """A function of one-dimensional slices, of each of them: called once a slice, as in NumPy."""
    found = asarray(arr)
    axis = normalize_axis_index(axis, found.ndim)
    rows = functions["moveaxis"](found, axis, -1)
    places = rows.shape[:-1]
    if 0 in places:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    results = [asarray(func1d(rows[place], *args, **kwargs)) for place in np.ndindex(places)]
    stacked = functions["stack"](results).reshape(*places, *results[0].shape)
    extra = results[0].ndim
    order = [*range(axis), *range(len(places), len(places) + extra), *range(axis, len(places))]
    return stacked.transpose(order)


def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> ndarray:
    """A function of an array and an axis, along several axes in turn."""
    found = asarray(a)
    rank = found.ndim
    for axis in np.atleast_1d(np.asarray(axes)):
        result = asarray(func(found, operator.index(axis) % rank))
        if result.ndim != found.ndim:
            result = functions["expand_dims"](result, operator.index(axis) % rank)
            if result.ndim != found.ndim:
                raise ValueError("function is not returning an array of the correct shape")
        found = result
    return found


def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kwargs: Any) -> ndarray:
    """Functions of the elements where conditions hold; evaluates the conditions."""
    found = asarray(x)
    conditions = (
        [condlist] if np.isscalar(condlist) or (not isinstance(condlist, list) and asarray(condlist).ndim == found.ndim) else list(condlist)
    )
    conditions = [asarray(each).astype(bool, copy=False) for each in conditions]
    if len(funclist) == len(conditions) + 1:
        conditions.append(functions["logical_not"](functools.reduce(operator.or_, conditions)))
    elif len(funclist) != len(conditions):
        raise ValueError(f"with {len(conditions)} condition(s), either {len(conditions)} or {len(conditions) + 1} functions are expected")
    result = zeros(found.shape, found.dtype)
    for condition, function in zip(conditions, funclist, strict=True):
        if not callable(function):
            result[condition] = function
        elif (part := found[condition]).size:
            result[condition] = function(part, *args, **kwargs)
    return result


class vectorize:  # noqa: N801  # NumPy's name
    """A Python function of scalars as one of arrays: evaluates, and calls it once an element, as NumPy's does."""

    def __init__(self, pyfunc: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self._vectorized = np.vectorize(pyfunc, *args, **kwargs)
        self._call = host_function(self._vectorized.__call__, name=getattr(pyfunc, "__name__", "vectorize"))
        self.pyfunc = pyfunc
        self.__doc__ = self._vectorized.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function of each element of the broadcast arguments."""
        return self._call(*args, **kwargs)


def iterable(y: Any) -> bool:
    """Whether an object can be iterated over."""
    return np.iterable(y) if not isinstance(y, ndarray) else y.ndim > 0


def ndenumerate(arr: Any) -> Any:
    """Coordinates and elements."""
    found = asarray(arr)
    return ((place, found[place]) for place in np.ndindex(found.shape))
