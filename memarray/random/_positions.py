"""Choosing and reordering: positions by NumPy's generator, so that the elements are those that NumPy gives, applied to lazy arrays."""

import math
from typing import Any

import numpy as np

from memarray._array import Scalar, as_shape, assign, fill_from, ndarray, new_array
from memarray._convert import DTYPES
from memarray._graph import leaf
from memarray._host import check_room
from memarray._kernels import random as kernels
from memarray._operators import functions
from memarray.random._distributions import INTEGER, Distribution, Prepared
from memarray.random._draw import Source, as_lazy, draw, draw_now, is_small, on_host, record_draw

POSITION_BYTES = INTEGER.itemsize
SHUFFLE_COPIES = 2  # of the positions, that NumPy holds meanwhile


def choice(source: Source, given: dict[str, Any]) -> Any:
    """`choice` of NumPy's generators: elements of an array along an axis, or of ``range(a)``."""
    a = given["a"]
    if not isinstance(a, ndarray):
        if np.ndim(a) == 0 or not _has_lazy_form(a):
            return _choose_positions(source, given)
        a = functions["asarray"](a)
    is_legacy = isinstance(source, np.random.RandomState)
    axis = given.get("axis", 0)
    if a.ndim == 0:
        return _choose_positions(source, {**given, "a": a.item()})
    if (is_legacy and a.ndim != 1) or not -a.ndim <= axis < a.ndim or not a.shape[axis]:
        stand_in = np.broadcast_to(np.zeros((), bool), a.shape)  # NumPy says what is wrong, or gives what is empty
        return as_lazy(source.choice(**on_host({**given, "a": stand_in})))
    found = _choose_positions(source, {**given, "a": a.shape[axis], **({} if is_legacy else {"axis": 0})})
    return _taken(a, found, axis)


def _taken(a: ndarray, positions: Any, axis: int) -> Any:
    """The elements at positions along an axis; a scalar where NumPy gives one."""
    found = a[(slice(None),) * (axis % a.ndim) + (positions,)]
    return new_array(found._node(), ndarray if found.ndim or isinstance(positions, ndarray) else Scalar)


def _choose_positions(source: Source, given: dict[str, Any]) -> Any:
    """Positions with the size and the probabilities of `choice`; what has no lazy form is chosen by NumPy itself."""
    size, a = given["size"], given["a"]
    try:
        shape = () if size is None else as_shape(size)
    except TypeError:
        shape = ()
    nbytes = math.prod(shape) * POSITION_BYTES
    if not shape or is_small(nbytes) or np.ndim(a) or not given["replace"] or min(shape) < 0:
        return draw_now(source, "choice", given, nbytes)
    given = on_host(given)
    source.choice(**{**given, "size": 0 if a > 0 else 1})  # NumPy says what is wrong with the parameters
    if given["p"] is None:
        name = "randint" if isinstance(source, np.random.RandomState) else "integers"
        return draw(source, name, {"low": a, "high": None, "size": shape, "dtype": np.int64})
    cumulative = np.cumsum(given["p"], dtype=np.float64)
    return record_draw(source, _CHOICE, {"cumulative": cumulative / cumulative[-1]}, shape, INTEGER)


def _prepared_choice(given: dict[str, Any]) -> Prepared:
    return Prepared((leaf(given["cumulative"]),))


_CHOICE = Distribution(("cumulative",), kernels.choice, INTEGER, prepared=_prepared_choice)


def permutation(source: Source, x: Any, **axis: int) -> Any:
    """`permutation` of NumPy's generators: of ``range(x)``, or of the elements of an array along an axis."""
    if not isinstance(x, ndarray):
        if np.ndim(x) == 0 or not _has_lazy_form(x):
            return draw_now(source, "permutation", {"x": x, **axis}, SHUFFLE_COPIES * POSITION_BYTES * _as_count(x))
        x = functions["asarray"](x)
    if not x.ndim:
        return draw_now(source, "permutation", {"x": x._value()[()], **axis}, 0)
    place = np.lib.array_utils.normalize_axis_index(axis.get("axis", 0), x.ndim)
    return x[(slice(None),) * place + (_reordered(source, x.shape[place]),)]


def shuffle(source: Source, x: Any, **axis: int) -> None:
    """`shuffle` of NumPy's generators, in place: lazy arrays, NumPy's, and sequences."""
    if not isinstance(x, ndarray):
        source.shuffle(x, **axis)
        return
    if not x.ndim:
        raise TypeError("len() of unsized object")
    x._check_writeable()
    fill_from(x, permutation(source, x, **axis))


def permuted(source: np.random.Generator, x: Any, axis: int | None, out: Any) -> Any:
    """`permuted` of NumPy's generators: each slice along the axis is reordered by itself; all elements if it is None."""
    if not isinstance(x, ndarray):
        if isinstance(out, np.ndarray) or (np.ndim(x) and not _has_lazy_form(x)):
            return draw_now(source, "permuted", {"x": x, "axis": axis, "out": out}, 0)
        x = functions["asarray"](x)
    if not x.ndim:
        raise TypeError("len() of unsized object")
    _check_permuted_out(x, out)
    if axis is None:
        found = x.reshape(-1)[_reordered(source, x.size)].reshape(x.shape)
    else:
        found = _permuted_along(source, x, np.lib.array_utils.normalize_axis_index(axis, x.ndim))
    return assign(out, found, "safe")


def _permuted_along(source: np.random.Generator, x: ndarray, place: int) -> ndarray:
    check_room("permuted", SHUFFLE_COPIES * POSITION_BYTES * x.size)
    line = np.arange(x.shape[place]).reshape([-1 if dim == place else 1 for dim in range(x.ndim)])
    positions = source.permuted(np.broadcast_to(line, x.shape), axis=place)
    return functions["take_along_axis"](x, new_array(leaf(np.ascontiguousarray(positions))), axis=place)


def _check_permuted_out(x: ndarray, out: Any) -> None:
    if out is None:
        return
    if not isinstance(out, (ndarray, np.ndarray)):
        raise TypeError("out must be a numpy array")
    if out.shape != x.shape:
        raise ValueError("out must have the same shape as x")


def _reordered(source: Source, count: int) -> ndarray:
    """The positions ``range(count)`` in the order that NumPy's generator gives to arrays of any dtype."""
    check_room("permutation", SHUFFLE_COPIES * POSITION_BYTES * count)
    return new_array(leaf(source.permutation(count)))


def _has_lazy_form(x: Any) -> bool:
    """Whether what NumPy makes of a value is an array of numbers."""
    try:
        return np.asarray(x).dtype in DTYPES
    except (TypeError, ValueError):
        return False


def _as_count(x: Any) -> int:
    return int(x) if isinstance(x, (int, np.integer)) else 0
