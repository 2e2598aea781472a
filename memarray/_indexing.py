"""Indexing: what `a[key]` and `a[key] = value` record, for every kind of index that NumPy has.

Basic indices (integers, slices, ellipsis, new axes) give views. Integer arrays give gathers and scatters. Boolean masks are evaluated for
the positions that they choose, since shapes depend on them; assigning a single value under a mask needs no positions and stays lazy.
"""

import operator
from typing import Any

import numpy as np

from memarray._array import Scalar, broadcasts_to, fill_from, ndarray, new_array, tight, without_leading_ones
from memarray._gather import OUTSIDE, SCATTER, SCATTERS, TAKE, Entries, result_shape
from memarray._graph import Check, Node, host, is_traced, leaf
from memarray._operators import functions
from memarray._record import lazy, record
from memarray._routine import asarray_node, holds_arrays
from memarray._views import basic_step, slice_entry, without_ellipsis

_BASIC = (int, slice, type(None), type(Ellipsis), np.integer)


_NO_INDEX = "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or boolean arrays are valid indices"


def get_item(array: ndarray, key: Any) -> ndarray:
    """`array[key]`."""
    entries = key if type(key) is tuple else (key,)
    if all(type(entry) in (int, slice, type(None), type(Ellipsis)) for entry in entries) or _all_basic(entries):
        return _basic(array, entries)
    entries = _plain(entries)
    if all(isinstance(entry, _BASIC) for entry in entries):
        return _basic(array, entries)
    return _gather(array, entries)


def set_item(array: ndarray, key: Any, value: Any) -> None:
    """`array[key] = value`."""
    array._check_writeable()
    entries = key if type(key) is tuple else (key,)
    mask = _mask_of_all(array, entries)
    if mask is not None:
        _set_masked(array, mask, value_to_assign(value, array.dtype))
        return
    entries = _plain(entries)
    if all(isinstance(entry, _BASIC) for entry in entries):
        view = _basic(array, entries, always_view=True)
        given = value_to_assign(value, array.dtype)
        if given._storage is not view._storage or given._steps != view._steps:  # (`a[i] += 1` assigns the view to itself at last)
            _check_element(view, entries, given, value)
            fill_from(view, given)
    else:
        given = value_to_assign(value, array.dtype)
        _scatter(array, entries, given)


def value_to_assign(value: Any, dtype: np.dtype[Any]) -> ndarray:
    """A value to assign. What is no array is cast at once, with NumPy's errors where it does not suit the dtype."""
    if isinstance(value, ndarray):
        return value
    with np.errstate(all="ignore"):
        if value is None or isinstance(value, (bool, int, float, complex, np.generic, str, bytes)):
            cell = np.empty((), dtype)
            cell[()] = value
            return new_array(leaf(cell))
        if isinstance(value, (list, tuple)) and not holds_arrays(value):
            return new_array(leaf(np.array(value, dtype, order="C")))
    return new_array(asarray_node(value))


def _check_element(view: ndarray, entries: tuple[Any, ...], given: ndarray, value: Any) -> None:
    """An element is assigned a single value; a list is no deeper than what it is assigned to."""
    is_element = not view.ndim and bool(entries) and not any(entry is Ellipsis for entry in entries)
    if given.ndim and is_element and not (view.dtype == bool and given.size == 1):  # a bool is assigned whether the value is true
        raise ValueError("setting an array element with a sequence.")
    if given.ndim > view.ndim and isinstance(value, (list, tuple)):
        raise ValueError(
            f"setting an array element with a sequence. The requested array would exceed the maximum number of dimension of {view.ndim}."
        )


def _all_basic(entries: tuple[Any, ...]) -> bool:
    return all(isinstance(entry, _BASIC) and not isinstance(entry, (bool, np.bool_)) for entry in entries)


def _plain(entries: tuple[Any, ...]) -> tuple[Any, ...]:
    """The entries with lazy integers that are evaluated as ints, and all other arrays as lazy ones."""
    found: list[Any] = []
    for entry in entries:
        if isinstance(entry, slice):
            found.append(slice(*(None if each is None else operator.index(each) for each in (entry.start, entry.stop, entry.step))))
        elif entry is None or entry is Ellipsis or type(entry) is int or isinstance(entry, np.integer):
            found.append(entry)
        elif isinstance(entry, ndarray):
            is_known_integer = entry.shape == () and entry.dtype.kind in "iu" and _is_known(entry._node())
            found.append(int(host(entry._node())) if is_known_integer else _index_array(entry))
        elif isinstance(entry, (bool, np.bool_, list, tuple, np.ndarray)) or hasattr(entry, "__array__") or hasattr(entry, "__dlpack__"):
            found.append(_index_array(new_array(asarray_node(_as_index(entry))), is_array=hasattr(entry, "dtype")))
        elif hasattr(entry, "__index__"):
            found.append(operator.index(entry))
        else:
            raise IndexError(_NO_INDEX)
    return tuple(found)


def _as_index(entry: Any) -> Any:
    """An empty list is an index of integers, though NumPy makes floats of it elsewhere."""
    return np.empty(np.shape(entry), np.intp) if isinstance(entry, (list, tuple)) and np.size(entry) == 0 else entry


def _index_array(array: ndarray, *, is_array: bool = True) -> ndarray:
    if array.dtype.kind not in "iub":
        raise IndexError("arrays used as indices must be of integer (or boolean) type" if is_array else _NO_INDEX)
    if array.dtype in (bool, np.intp):
        return array
    node = array._node()
    # (A small dtype may not hold the length.)
    return new_array(leaf(host(node).astype(np.intp))) if _is_known(node) else array.astype(np.intp)


def _is_known(node: Node) -> bool:
    """Whether the value is there to be looked at."""
    return node.value is not None and not is_traced(node)


def _basic(array: ndarray, entries: tuple[Any, ...], *, always_view: bool = False) -> ndarray:
    """A view; a scalar where every dimension has its integer."""
    view = array._view_in_numpy()[(*entries, ...) if Ellipsis not in entries else entries]
    found = array._view(basic_step(entries, array._shape, view), view)
    is_element = not view.shape and not any(entry is Ellipsis for entry in entries) and not always_view
    return new_array(found._node(), Scalar) if is_element else found


# -- masks


def _mask_of_all(array: ndarray, entries: tuple[Any, ...]) -> ndarray | None:
    """The one boolean mask over leading dimensions that an index is, if it is that."""
    if len(entries) != 1 or (isinstance(entries[0], (int, slice, type(None), type(Ellipsis))) and not isinstance(entries[0], bool)):
        return None
    entry = entries[0]
    if isinstance(entry, (list, tuple)) and np.size(entry) == 0:
        return None
    if not isinstance(entry, ndarray):
        if not (isinstance(entry, (bool, np.bool_, list, np.ndarray)) or hasattr(entry, "__array__")):
            return None
        entry = new_array(asarray_node(entry))
    if entry.dtype != bool:
        return None
    _check_mask(entry, array._shape, 0)
    return entry


def _check_mask(mask: ndarray, shape: tuple[int, ...], axis: int) -> None:
    if axis + mask.ndim > len(shape):
        raise IndexError(f"too many indices for array: array is {len(shape)}-dimensional, but {axis + mask.ndim} were indexed")
    for k, length in enumerate(mask._shape):
        if shape[axis + k] != length:
            raise IndexError(
                f"boolean index did not match indexed array along axis {axis + k}; size of axis is {shape[axis + k]} but size of "
                f"corresponding boolean axis is {length}"
            )


def _set_masked(array: ndarray, mask: ndarray, value: ndarray) -> None:
    """`array[mask] = value`."""
    if value.ndim > 1 and mask.ndim == array.ndim:
        raise TypeError(f"NumPy boolean array indexing assignment requires a 0 or 1-dimensional input, input has {value.ndim} dimensions")
    rest = array._shape[mask.ndim :]
    if value.ndim > len(rest):  # a value for each position
        _set_at_positions(array, mask, value)
        return
    if not broadcasts_to(value._shape, rest):
        _raise_mismatch(value._shape, (_count(mask), *rest))
    spread = mask._reshaped((*mask._shape, *(1,) * len(rest))) if rest else mask
    array._put(functions["where"](spread, value.astype(array.dtype, copy=False), array).astype(array.dtype, copy=False)._node())


def _set_at_positions(array: ndarray, mask: ndarray, value: ndarray) -> None:
    if not mask.ndim:
        _scatter(array, (mask,), value)
        return
    positions = nonzero_of(mask)
    count = len(positions[0])
    if value.ndim == 1 and mask.ndim == array.ndim and len(value) not in (1, count):
        raise ValueError(
            f"NumPy boolean array indexing assignment cannot assign {len(value)} input values to the {count} output values "
            "where the mask is true"
        )
    _scatter(array, tuple(new_array(leaf(each)) for each in positions), value)


def _count(mask: ndarray) -> int:
    """How many positions a mask chooses: evaluates it."""
    return int(np.count_nonzero(mask._value()))


def nonzero_of(array: ndarray) -> tuple[np.ndarray[Any, Any], ...]:
    """The positions of what is not zero: evaluates the array."""
    return np.nonzero(array._value())


# -- integer arrays


def _expand(array: ndarray, entries: tuple[Any, ...]) -> tuple[Entries, list[Any], tuple[int, ...]]:
    """The entries for every dimension, their operands, and the result's shape. Masks become positions."""
    shape = array._shape
    taken = sum(
        entry.ndim if isinstance(entry, ndarray) and entry.dtype == bool else 1
        for entry in entries
        if entry is not None and entry is not Ellipsis
    )
    if taken > len(shape):
        raise IndexError(f"too many indices for array: array is {len(shape)}-dimensional, but {taken} were indexed")
    if sum(entry is Ellipsis for entry in entries) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    found: list[tuple[Any, ...]] = []
    operands: list[Any] = []
    arrays: list[tuple[ndarray, int]] = []
    axis = 0
    for entry in without_ellipsis(entries, taken, len(shape)):
        if entry is None:
            found.append(("new",))
        elif isinstance(entry, slice):
            part, start = slice_entry(entry, shape[axis])
            found.append(part)
            operands.append(start)
            axis += 1
        elif isinstance(entry, ndarray) and entry.dtype == bool:
            axis = _expand_mask(entry, shape, axis, found, operands)
        else:
            index = entry if isinstance(entry, ndarray) else new_array(leaf(np.asarray(entry, np.intp)))
            arrays.append((index, axis))
            found.append(("array", index.ndim))
            operands.append(index._node())
            axis += 1
    result = result_shape(found, operands)
    takes_none = any(not index.size for index, _ in arrays)  # then NumPy does not look at the other arrays
    for index, along in arrays:
        if not (takes_none and index.ndim):
            check_bounds(index, shape[along], along)
    return tuple(found), operands, result


def _expand_mask(mask: ndarray, shape: tuple[int, ...], axis: int, found: list[tuple[Any, ...]], operands: list[Any]) -> int:
    _check_mask(mask, shape, axis)
    if not mask.ndim:  # a 0-d mask adds a dimension of length one or none
        count = int(bool(mask))
        found.append(("mask", 1))
        operands.append(leaf(np.zeros(count, np.intp)))
        return axis
    for positions in nonzero_of(mask):
        found.append(("array", 1))
        operands.append(leaf(positions))
    return axis + mask.ndim


def check_bounds(index: ndarray, length: int, axis: int = 0) -> None:
    """IndexError now if the index is evaluated; at evaluation otherwise."""
    node = index._node()
    if not index.size:
        return
    if not _is_known(node):
        if not length:
            raise IndexError(f"an index is out of bounds for axis {axis} with size 0")
        return
    values = host(node)
    low, high = values.min(), values.max()
    if low < -length or high >= length:
        wrong = low if low < -length else high
        raise IndexError(f"index {wrong} is out of bounds for axis {axis} with size {length}")


def _attach_bounds_checks(node: Node, entries: Entries, operands: list[Any], shape: tuple[int, ...]) -> None:
    if any(type(operand) is Node and 0 in operand.shape for operand in operands):
        return
    axis = 0
    rest = iter(operands)
    for entry in entries:
        if entry[0] == "new":
            continue
        operand = next(rest)
        if entry[0] == "array" and operand.value is None:
            failed = lazy(OUTSIDE, (operand,), (("length", shape[axis]),), (), np.dtype(bool))
            node.checks = (*node.checks, Check(failed, IndexError, f"an index is out of bounds for axis {axis} with size {shape[axis]}"))
        axis += entry[0] != "mask"


def _gather(array: ndarray, entries: tuple[Any, ...]) -> ndarray:
    expanded, operands, shape = _expand(array, entries)
    if any(entry[0] == "mask" for entry in expanded):
        array, expanded = _widen(array, expanded)
    node = record(TAKE, (array._node(), *operands), (("entries", expanded),), shape, array.dtype)
    if node.value is None:
        _attach_bounds_checks(node, expanded, operands, array._shape)
    return new_array(node, Scalar if not shape and not any(entry is Ellipsis for entry in entries) else ndarray)


def _widen(array: ndarray, entries: Entries) -> tuple[ndarray, Entries]:
    """A 0-d mask counts as a new axis of length one, of which it takes the element or none."""
    axis = 0
    view = array
    found: list[tuple[Any, ...]] = []
    for entry in entries:
        if entry[0] == "mask":
            view = _basic(view, (slice(None),) * axis + (None,), always_view=True)
            found.append(("array", 1))
            axis += 1
        else:
            found.append(entry)
            axis += entry[0] != "new"
    return view, tuple(found)


# -- writing through integer arrays


def apply_at(array: ndarray, key: Any, value: ndarray, how: Any, loop: tuple[Any, ...]) -> None:
    """`how.at(array, key, value)` for a ufunc whose loop has these dtypes; of a function of one operand the value is of no matter."""
    entries = _plain(key if type(key) is tuple else (key,))
    if all(isinstance(entry, _BASIC) for entry in entries):
        view = _basic(array, entries, always_view=True)
        result = how(view, value) if how.nin > 1 else how(view)
        if not broadcasts_to(value._shape, view._shape):
            raise ValueError("array is not broadcastable to correct shape")
        fill_from(view, result)
        return
    shape = _expand(array, entries)[2]
    if not broadcasts_to(value._shape, shape):
        raise ValueError("array is not broadcastable to correct shape")
    if _adds_up(how, loop, array.dtype, value.dtype):
        _scatter(array, entries, value.astype(array.dtype, copy=False), how)
    else:
        _scatter(array, entries, value, how, loop)


def _adds_up(how: Any, loop: tuple[Any, ...], dtype: np.dtype[Any], given: np.dtype[Any]) -> bool:
    """Whether XLA's scatter does it in the array's own dtype. Of floats the rounding differs from NumPy's, which rounds at each step."""
    if how.__name__ not in SCATTERS or "b" in (dtype.kind, given.kind):
        return False
    if all(each == dtype for each in loop):
        return True
    kinds = {np.dtype(each).kind for each in loop}
    if dtype.kind in "iu":
        return how.__name__ in ("add", "subtract", "multiply") and kinds <= {"i", "u"}
    return kinds == {dtype.kind}


def _scatter(array: ndarray, entries: tuple[Any, ...], value: ndarray, how: Any = None, loop: Any = None) -> None:
    expanded, operands, shape = _expand(array, entries)
    view = array
    if any(entry[0] == "mask" for entry in expanded):
        view, expanded = _widen(array, expanded)
    part = _broadcast_value(value if how is not None else value.astype(array.dtype, copy=False), shape)
    params = (("entries", expanded), ("how", how), ("loop", loop))
    node = record(SCATTER, (view._node(), part, *operands), params, view._shape, array.dtype)
    if node.value is None:
        _attach_bounds_checks(node, expanded, operands, view._shape)
    view._put(node)


def _broadcast_value(value: ndarray, shape: tuple[int, ...]) -> Node:
    """The values for every position of an index."""
    given = without_leading_ones(value._shape, len(shape))
    if not broadcasts_to(given, shape):
        _raise_mismatch(value._shape, shape)
    if given != value._shape:
        value = value._reshaped(given)
    return value._node() if given == shape else value._broadcast(shape)._node()


def _raise_mismatch(given: tuple[int, ...], shape: tuple[int, ...]) -> None:
    raise ValueError(
        f"shape mismatch: value array of shape {tight(given)} could not be broadcast to indexing result of shape {tight(shape)}"
    )
