"""Functions that rearrange: views wherever NumPy gives views, so writing through them reaches the base."""

import itertools
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from memarray._array import as_shape, ndarray, new_view_of_all
from memarray._creation import asarray


def as_array(a: Any) -> ndarray:
    """As `asarray`, but a scalar stays one, as it does in NumPy's functions that are methods too."""
    return a if isinstance(a, ndarray) else asarray(a)


def reshape(a: Any, /, shape: Any, order: str = "C", *, copy: bool | None = None) -> ndarray:
    """A view of another shape, or a copy where NumPy needs one."""
    return as_array(a).reshape(shape, order=order, copy=copy)


def ravel(a: Any, order: str = "C") -> ndarray:
    """A flat view, or a copy where NumPy needs one."""
    return as_array(a).ravel(order)


def transpose(a: Any, axes: Any = None) -> ndarray:
    """A view with the dimensions in another order."""
    return as_array(a).transpose(axes)


permute_dims = transpose


def matrix_transpose(x: Any, /) -> ndarray:
    """A view with the last two dimensions swapped."""
    found = asarray(x)
    if found.ndim < 2:
        raise ValueError(f"Input array must be at least 2-dimensional, but it is {found.ndim}")
    return found.swapaxes(-1, -2)


def swapaxes(a: Any, axis1: int, axis2: int) -> ndarray:
    """A view with two dimensions swapped."""
    return as_array(a).swapaxes(axis1, axis2)


def moveaxis(a: Any, source: Any, destination: Any) -> ndarray:
    """A view with dimensions moved to other places."""
    found = as_array(a)
    old = normalize_axis_tuple(source, found.ndim, "source")
    new = normalize_axis_tuple(destination, found.ndim, "destination")
    if len(old) != len(new):
        raise ValueError("`source` and `destination` arguments must have the same number of elements")
    order = [axis for axis in range(found.ndim) if axis not in old]
    for place, axis in sorted(zip(new, old, strict=True)):
        order.insert(place, axis)
    return found.transpose(order)


def rollaxis(a: Any, axis: int, start: int = 0) -> ndarray:
    """A view with a dimension moved in front of another."""
    found = asarray(a)
    axis = normalize_axis_index(axis, found.ndim)
    place = start + found.ndim if start < 0 else start
    if not 0 <= place <= found.ndim:
        raise np.exceptions.AxisError(f"'start' arg requires {-found.ndim} <= start < {found.ndim + 1}, but {start} was passed in")
    return moveaxis(found, axis, place - 1 if axis < place else place)


def squeeze(a: Any, axis: Any = None) -> ndarray:
    """A view without dimensions of length one."""
    return as_array(a).squeeze(axis)


def expand_dims(a: Any, axis: Any) -> ndarray:
    """A view with new dimensions of length one."""
    found = asarray(a)
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    rank = found.ndim + len(axes)
    places = normalize_axis_tuple(axes, rank)
    lengths = iter(found.shape)
    return found.reshape(tuple(1 if k in places else next(lengths) for k in range(rank)))


def broadcast_to(array: Any, shape: Any, subok: bool = False) -> ndarray:
    """A read-only view of a larger shape."""
    return asarray(array)._broadcast(as_shape(shape))


def broadcast_arrays(*args: Any, subok: bool = False) -> list[ndarray]:
    """Views of one shape, in a list as the array API has it."""
    arrays = [asarray(each) for each in args]
    shape = np.broadcast_shapes(*(each.shape for each in arrays))
    return [each if each.shape == shape else each._broadcast(shape) for each in arrays]


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> ndarray:
    """A read-only view of diagonals."""
    return asarray(a).diagonal(offset, axis1, axis2)


def real(val: Any) -> Any:
    """A view of the real parts."""
    return as_array(val).real


def imag(val: Any) -> Any:
    """A view of the imaginary parts."""
    return as_array(val).imag


def flip(m: Any, axis: Any = None) -> ndarray:
    """A view with the elements along axes in reverse."""
    found = as_array(m)
    axes = range(found.ndim) if axis is None else normalize_axis_tuple(axis, found.ndim)
    return found[tuple(slice(None, None, -1 if k in axes else None) for k in range(found.ndim))]


def fliplr(m: Any) -> ndarray:
    """A view with the columns in reverse."""
    if asarray(m).ndim < 2:
        raise ValueError("Input must be >= 2-d.")
    return flip(m, 1)


def flipud(m: Any) -> ndarray:
    """A view with the rows in reverse."""
    if asarray(m).ndim < 1:
        raise ValueError("Input must be >= 1-d.")
    return flip(m, 0)


def rot90(m: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> ndarray:
    """A view turned by quarter turns."""
    found = asarray(m)
    if len(axes) != 2:
        raise ValueError("len(axes) must be 2.")
    first, second = normalize_axis_tuple(axes, found.ndim, allow_duplicate=True)
    if first == second:
        raise ValueError("Axes must be different.")
    match k % 4:
        case 0:
            return found[...]
        case 2:
            return flip(flip(found, first), second)
        case 1:
            return flip(found, second).swapaxes(first, second)
        case _:
            return flip(found.swapaxes(first, second), second)


def atleast_1d(*arys: Any) -> Any:
    """Views of one dimension at least."""
    return _each(arys, lambda a: a.reshape(1) if not a.ndim else a)


def atleast_2d(*arys: Any) -> Any:
    """Views of two dimensions at least."""
    return _each(arys, lambda a: a.reshape(1, 1) if not a.ndim else a[None, :] if a.ndim == 1 else a)


def atleast_3d(*arys: Any) -> Any:
    """Views of three dimensions at least."""

    def widen(a: ndarray) -> ndarray:
        if not a.ndim:
            return a.reshape(1, 1, 1)
        return a[None, :, None] if a.ndim == 1 else a[:, :, None] if a.ndim == 2 else a

    return _each(arys, widen)


def _each(arrays: Iterable[Any], widen: Any) -> Any:
    found = tuple(widen(asarray(a)) for a in arrays)
    return found[0] if len(found) == 1 else found


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[ndarray]:
    """Views of parts along an axis."""
    found = asarray(ary)
    length = found.shape[axis]
    try:
        bounds = [0, *(operator.index(each) for each in indices_or_sections), length]
    except TypeError:
        sections = int(indices_or_sections)
        if sections <= 0:
            raise ValueError("number sections must be larger than 0.") from None
        each, extra = divmod(length, sections)
        bounds = [0]
        for k in range(sections):
            bounds.append(bounds[-1] + each + (k < extra))
    axis = normalize_axis_index(axis, found.ndim)
    return [found[(*(slice(None),) * axis, slice(low, high))] for low, high in itertools.pairwise(bounds)]


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[ndarray]:
    """Views of equal parts along an axis, or of parts between indices."""
    found = asarray(ary)
    if not np.iterable(indices_or_sections) and found.shape[axis] % indices_or_sections:
        raise ValueError("array split does not result in an equal division")
    return array_split(found, indices_or_sections, axis)


def hsplit(ary: Any, indices_or_sections: Any) -> list[ndarray]:
    """Views of parts side by side."""
    found = asarray(ary)
    if not found.ndim:
        raise ValueError("hsplit only works on arrays of 1 or more dimensions")
    return split(found, indices_or_sections, 1 if found.ndim > 1 else 0)


def vsplit(ary: Any, indices_or_sections: Any) -> list[ndarray]:
    """Views of parts below each other."""
    if asarray(ary).ndim < 2:
        raise ValueError("vsplit only works on arrays of 2 or more dimensions")
    return split(ary, indices_or_sections, 0)


def dsplit(ary: Any, indices_or_sections: Any) -> list[ndarray]:
    """Views of parts behind each other."""
    if asarray(ary).ndim < 3:
        raise ValueError("dsplit only works on arrays of 3 or more dimensions")
    return split(ary, indices_or_sections, 2)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[ndarray, ...]:
    """Views of the slices along an axis."""
    found = asarray(x)
    if not found.ndim:
        raise ValueError("Input array must be at least 1-d.")
    return tuple(moveaxis(found, axis, 0))


def sliding_window_view(x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False) -> ndarray:
    """A view of all windows of a shape, read-only unless asked for."""
    found = asarray(x)
    view = np.lib.stride_tricks.sliding_window_view(found._view_in_numpy(), window_shape, axis, writeable=True)
    return found._strided(view, writeable=writeable)


def as_strided(x: Any, shape: Any = None, strides: Any = None, subok: bool = False, writeable: bool = True) -> ndarray:
    """A view with any strides. Unlike NumPy's it cannot leave the array's memory.

    Raises
    ------
    ValueError
        If an element of the view would lie outside of the base.
    """
    found = asarray(x)
    view = np.lib.stride_tricks.as_strided(found._view_in_numpy(), shape, strides)
    low, high = np.lib.array_utils.byte_bounds(view)
    first, last = np.lib.array_utils.byte_bounds(new_view_of_all(found._storage)._view_in_numpy())
    if view.size and (low < first or high > last):
        raise ValueError(f"as_strided: a view of shape {view.shape} with strides {view.strides} would leave the memory of its base")
    return found._strided(view, writeable=writeable)


def shares_memory(a: Any, b: Any, max_work: int = -1) -> bool:
    """Whether two arrays have an element in common."""
    if not isinstance(a, ndarray) or not isinstance(b, ndarray):
        return False
    return bool(np.shares_memory(a._view_in_numpy(), b._view_in_numpy(), max_work))  # type: ignore[arg-type]


def may_share_memory(a: Any, b: Any, max_work: int = 0) -> bool:
    """Whether the memory of two arrays may overlap."""
    if not isinstance(a, ndarray) or not isinstance(b, ndarray):
        return False
    return bool(np.may_share_memory(a._view_in_numpy(), b._view_in_numpy(), max_work))  # type: ignore[arg-type]


def isfortran(a: Any) -> bool:
    """Whether the elements are in Fortran order, and not in C order."""
    return bool(asarray(a).flags.fnc)


def ndim(a: Any) -> int:
    """Number of dimensions."""
    return asarray(a).ndim


def shape(a: Any) -> tuple[int, ...]:
    """Lengths of the dimensions."""
    return asarray(a).shape


def size(a: Any, axis: Any = None) -> int:
    """Number of elements, in all or along axes."""
    found = asarray(a)
    if axis is None:
        return found.size
    return int(np.prod([found.shape[k] for k in normalize_axis_tuple(axis, found.ndim)], dtype=int))


def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """Write to the diagonal in place."""
    if not isinstance(a, ndarray):
        raise TypeError(f"fill_diagonal writes to a memarray array in place; got {type(a).__name__}")
    if a.ndim < 2:
        raise ValueError("array must be at least 2-d")
    if a.ndim > 2 and len(set(a.shape)) > 1:
        raise ValueError("All dimensions of input must be of equal length")
    step = a.shape[1] + 1 if a.ndim == 2 else 1 + sum(int(np.prod(a.shape[k + 1 :], dtype=int)) for k in range(a.ndim - 1))
    end = None if wrap or a.ndim > 2 else a.shape[1] * a.shape[1]
    a.flat[:end:step] = val
