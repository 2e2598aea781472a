"""Creating arrays: from what is there, and from a shape. Nothing is allocated before it is evaluated, unless it is small."""

import math
import operator
import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from memarray._array import Scalar, as_shape, ndarray, new_array
from memarray._convert import PYTHON_SCALARS, check_dtype, node_of, numpy_copy
from memarray._graph import Node, Op, leaf, user_level
from memarray._operators import functions
from memarray._record import record, runs_now
from memarray._routine import holds_arrays


def check_device(device: Any) -> None:
    """Raise for a device that is not the one there is."""
    if device not in (None, "cpu"):
        raise ValueError(f"Device not understood. Only 'cpu' is there; got {device!r}")


def asarray(a: Any, dtype: Any = None, order: Any = None, *, device: Any = None, copy: bool | None = None, like: Any = None) -> ndarray:
    """An array of anything that NumPy takes for one, of torch's and JAX's too; a lazy array as it is.

    What others can write to (NumPy and torch arrays) is copied at once: recorded operations see the values of this moment.

    Raises
    ------
    ValueError
        If ``copy=False`` and a copy is needed.
    TypeError
        For objects, strings, dates, records and extended precision.
    """
    check_device(device)
    del order, like
    wanted = None if dtype is None else check_dtype(dtype)
    if isinstance(a, ndarray):
        found = new_array(a._node()) if isinstance(a, Scalar) else a
        if wanted is not None and wanted != a.dtype:
            if copy is False:
                raise ValueError("Unable to avoid copy while creating an array as requested.")
            return found.astype(wanted)
        return found.copy() if copy else found
    if isinstance(a, (list, tuple)) and holds_arrays(a):
        found = stacked(a)
        return found if wanted is None else found.astype(wanted, copy=False)
    if copy is False and not isinstance(a, jax.Array):
        raise ValueError(
            f"Unable to avoid copy while creating an array of {type(a).__name__}: memarray's arrays share no memory with others."
        )
    if isinstance(a, (*PYTHON_SCALARS, list, tuple, np.generic)) or (wanted is not None and isinstance(a, np.ndarray)):
        return new_array(leaf(numpy_copy(a, wanted)))
    found = new_array(node_of(a))
    return found if wanted is None or wanted == found.dtype else found.astype(wanted)


def array(
    object: Any,  # NumPy's name
    dtype: Any = None,
    *,
    copy: bool | None = True,
    order: Any = "K",
    subok: bool = False,
    ndmin: int = 0,
    like: Any = None,
) -> ndarray:
    """An array of its own of anything that NumPy takes for one; see `asarray`."""
    del subok
    found = asarray(object, dtype, order, copy=copy, like=like)
    return found[(*(None,) * (ndmin - found.ndim), ...)] if found.ndim < ndmin else found


def stacked(value: Any) -> ndarray:
    """A nested sequence with lazy arrays in it as one array, which is recorded."""
    if isinstance(value, (list, tuple)):
        parts = [stacked(each) for each in value]
        if any(part._shape != parts[0]._shape for part in parts):
            raise ValueError(
                "setting an array element with a sequence. The requested array has an inhomogeneous shape: its parts have the shapes "
                f"{', '.join(str(part._shape) for part in parts)}."
            )
        return functions["stack"](parts)
    return asarray(value)


def asanyarray(a: Any, dtype: Any = None, order: Any = None, *, device: Any = None, copy: bool | None = None, like: Any = None) -> ndarray:
    """As `asarray`: there are no subclasses."""
    return asarray(a, dtype, order, device=device, copy=copy, like=like)


def ascontiguousarray(a: Any, dtype: Any = None, *, like: Any = None) -> ndarray:
    """An array whose elements are in C order, of one dimension at least."""
    found = asarray(a, dtype, like=like)
    found = found if found.flags.c_contiguous else found.copy()
    return found if found.ndim else found.reshape(1)


def asfortranarray(a: Any, dtype: Any = None, *, like: Any = None) -> ndarray:
    """An array whose elements are in Fortran order."""
    found = asarray(a, dtype, like=like)
    return found if found.flags.f_contiguous else found.T.copy().T


def asarray_chkfinite(a: Any, dtype: Any = None, order: Any = None) -> ndarray:
    """As `asarray`; evaluates, and raises ValueError for infinities and NaN."""
    found = asarray(a, dtype, order)
    if found.dtype.kind in "fc" and not bool(functions["all"](functions["isfinite"](found))):
        raise ValueError("array must not contain infs or NaNs")
    return found


def require(a: Any, dtype: Any = None, requirements: Any = None, *, like: Any = None) -> ndarray:
    """An array of a dtype and of a layout that NumPy's `require` knows."""
    wanted = {requirements} if isinstance(requirements, str) else set(requirements or ())
    found = asarray(a, dtype, like=like)
    if {"F", "FORTRAN", "F_CONTIGUOUS"} & wanted:
        found = asfortranarray(found)
    elif {"C", "CONTIGUOUS", "C_CONTIGUOUS"} & wanted:
        found = found if found.flags.c_contiguous else found.copy()
    needs_copy = ({"W", "WRITEABLE"} & wanted and not found.flags.writeable) or ({"O", "OWNDATA"} & wanted and found.base is not None)
    return found.copy() if needs_copy else found


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> ndarray:
    """An array of another library through DLPack. The memory is shared where XLA can use it as it is, unless `copy` is true.

    Whoever else holds shared memory must not write to it.
    """
    check_device(device)
    if isinstance(x, ndarray):
        return x.copy() if copy else x
    if isinstance(x, jax.Array):
        return asarray(x)
    found = np.from_dlpack(x)
    check_dtype(found.dtype)
    if not copy and found.flags.c_contiguous:
        return new_array(leaf(found))
    if copy is False:
        raise BufferError("a copy is needed: the array is not contiguous, and XLA takes contiguous arrays only")
    return new_array(leaf(numpy_copy(found)))


def frombuffer(buffer: Any, dtype: Any = float, count: int = -1, offset: int = 0, *, like: Any = None) -> ndarray:
    """An array of the numbers in a buffer, which are copied."""
    del like
    return asarray(np.frombuffer(buffer, dtype, count, offset))


def fromiter(iter: Any, dtype: Any, count: int = -1, *, like: Any = None) -> ndarray:  # NumPy's name
    """An array of what an iterator gives."""
    del like
    return asarray(np.fromiter(iter, dtype, count))


def fromstring(string: str, dtype: Any = float, count: int = -1, *, sep: str, like: Any = None) -> ndarray:
    """An array of the numbers in a text."""
    del like
    return asarray(np.fromstring(string, dtype, count, sep=sep))


def fromfunction(function: Any, shape: Any, *, dtype: Any = float, like: Any = None, **kwargs: Any) -> Any:
    """A function of the arrays of indices."""
    del like
    return function(*functions["indices"](shape, dtype=dtype), **kwargs)


def copy(a: Any, order: Any = "K", subok: bool = False) -> ndarray:
    """An array of its own with the same values."""
    del order, subok
    return array(a)


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None, casting: str = "unsafe") -> ndarray:
    """The elements as another dtype."""
    check_device(device)
    if not isinstance(x, ndarray):
        raise TypeError(f"Input should be a memarray array. It is of type {type(x)}.")
    wanted = check_dtype(dtype)
    if wanted == x.dtype:
        return x.copy() if copy and not isinstance(x, Scalar) else x
    if not np.can_cast(x.dtype, wanted, casting):  # type: ignore[arg-type]  # NumPy checks it
        raise TypeError(f"Cannot cast array data from {x.dtype!r} to {wanted!r} according to the rule {casting!r}")
    if x.dtype.kind == "c" and wanted.kind not in "cb":
        warnings.warn("Casting complex values to real discards the imaginary part", np.exceptions.ComplexWarning, stacklevel=user_level())
    return new_array(record(_ASTYPE, (x._node(),), (("dtype", wanted),), x._shape, wanted), type(x))


def cast_jax(x: Any, dtype: np.dtype[Any]) -> Any:
    """`x.astype(dtype)` of JAX, with the real part where complex numbers become real ones."""
    if dtype.kind != "c" and x.dtype.kind == "c":
        x = x != 0 if dtype.kind == "b" else jnp.real(x)
    return x.astype(dtype)


def _astype_numpy(x: Any, *, dtype: np.dtype[Any]) -> Any:
    return (x.real if x.dtype.kind == "c" and dtype.kind in "iuf" else x).astype(dtype)


_ASTYPE = Op("astype", lambda x, dtype: cast_jax(x, dtype), _astype_numpy)


# -- from a shape


def _full_jax(value: Any, *, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    return jnp.full(shape, value, dtype)


_FULL = Op("full", _full_jax, lambda value, shape, dtype: np.full(shape, value, dtype))


def _filled(shape: Any, value: Any, dtype: np.dtype[Any]) -> ndarray:
    lengths = as_shape(shape)
    if any(length < 0 for length in lengths):
        raise ValueError("negative dimensions are not allowed")
    if isinstance(value, Node):
        return new_array(record(_FULL, (value,), (("dtype", dtype), ("shape", lengths)), lengths, dtype))
    return new_array(record(_FULL, (dtype.type(value),), (("dtype", dtype), ("shape", lengths)), lengths, dtype))


def zeros(shape: Any, dtype: Any = float, order: str = "C", *, device: Any = None, like: Any = None) -> ndarray:
    """An array of zeros."""
    check_device(device)
    del order, like
    return _filled(shape, 0, check_dtype(float if dtype is None else dtype))


def ones(shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None, like: Any = None) -> ndarray:
    """An array of ones."""
    check_device(device)
    del order, like
    return _filled(shape, 1, check_dtype(float if dtype is None else dtype))


def empty(shape: Any, dtype: Any = float, order: str = "C", *, device: Any = None, like: Any = None) -> ndarray:
    """An array to be filled; zeros until then, where NumPy leaves what was in memory."""
    return zeros(shape, dtype, order, device=device, like=like)


def full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device: Any = None, like: Any = None) -> ndarray:
    """An array of one value, or of values that broadcast to the shape."""
    check_device(device)
    del order, like
    value = asarray(fill_value)
    wanted = value.dtype if dtype is None else check_dtype(dtype)
    if value.ndim:
        return functions["broadcast_to"](value.astype(wanted), as_shape(shape)).copy()
    if isinstance(fill_value, (*PYTHON_SCALARS, np.generic)):
        return _filled(shape, np.asarray(fill_value).astype(wanted)[()] if wanted != value.dtype else fill_value, wanted)
    return _filled(shape, value.astype(wanted)._node(), wanted)


def zeros_like(a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None) -> ndarray:
    """An array of zeros with the shape and dtype of another."""
    found = asarray(a)
    return zeros(found._shape if shape is None else shape, found.dtype if dtype is None else dtype, device=device)


def ones_like(a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None) -> ndarray:
    """An array of ones with the shape and dtype of another."""
    found = asarray(a)
    return ones(found._shape if shape is None else shape, found.dtype if dtype is None else dtype, device=device)


def empty_like(
    prototype: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> ndarray:
    """An array to be filled, with the shape and dtype of another."""
    return zeros_like(prototype, dtype, order, subok, shape, device=device)


def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> ndarray:
    """An array of one value with the shape and dtype of another."""
    found = asarray(a)
    return full(found._shape if shape is None else shape, fill_value, found.dtype if dtype is None else dtype, device=device)


def _arange_jax(start: Any, delta: Any, *, length: int, dtype: np.dtype[Any]) -> Any:
    steps = lax.iota(dtype if dtype.kind in "iuf" else np.dtype(float), length)
    return (start + steps * delta).astype(dtype)


def _arange_numpy(start: Any, delta: Any, *, length: int, dtype: np.dtype[Any]) -> Any:
    return (start + np.arange(length, dtype=dtype) * delta).astype(dtype)


_ARANGE = Op("arange", _arange_jax, _arange_numpy)


def arange(
    start: Any = None, /, stop: Any = None, step: Any = 1, dtype: Any = None, *, device: Any = None, like: Any = None, **named: Any
) -> ndarray:
    """Evenly spaced values: ``arange([start,] stop[, step])``."""
    check_device(device)
    del like
    if "start" in named and start is None:
        start = named.pop("start")
    if named:
        raise TypeError(f"arange() got an unexpected keyword argument {next(iter(named))!r}")
    if stop is None:
        if start is None:
            raise TypeError("arange() requires stop to be specified.")
        start, stop = 0, start
    first, last, delta = (each.item() if isinstance(each, ndarray) else each for each in (0 if start is None else start, stop, step))
    wanted = check_dtype(np.result_type(*(np.asarray(each).dtype for each in (first, last, delta))) if dtype is None else dtype)
    if delta == 0:
        raise ZeroDivisionError("division by zero")
    length = _arange_length(first, last, delta)
    if wanted.kind not in "iuf" or runs_now((), length * wanted.itemsize):
        return new_array(leaf(np.arange(first, last, delta, wanted)))  # type: ignore[call-overload]  # numbers of any kind
    with np.errstate(all="ignore"):
        begin = np.asarray(first).astype(wanted)[()]
        difference = wanted.type(np.asarray(first + delta).astype(wanted)[()] - begin)  # as NumPy, which rounds the first two elements
    return new_array(record(_ARANGE, (begin, difference), (("dtype", wanted), ("length", length)), (length,), wanted))


def _arange_length(start: Any, stop: Any, step: Any) -> int:
    if all(isinstance(v, (int, np.integer)) for v in (start, stop, step)):
        return max(0, -((int(start) - int(stop)) // int(step)))
    span = (stop - start) / step
    if math.isnan(np.real(span)):
        raise ValueError("arange: cannot compute length")
    return max(0, math.ceil(np.real(span)))


def _linspace_jax(start: Any, stop: Any, *, count: int, endpoint: bool, axis: int, dtype: np.dtype[Any], work: np.dtype[Any]) -> Any:
    start, stop = (jnp.asarray(v).astype(work) for v in (start, stop))
    start, stop = jnp.broadcast_arrays(start, stop)
    intervals = count - 1 if endpoint else count
    rank = start.ndim
    positions = lax.iota(np.dtype(float), count).reshape(count, *(1,) * rank)
    delta = stop - start
    if intervals > 0:
        step = delta / intervals
        found = jnp.where(step == 0, positions / intervals * delta, positions * step) + start
    else:
        found = positions * delta + start
    if endpoint and count > 1:
        found = jnp.where(positions == count - 1, stop, found)
    found = jnp.moveaxis(found, 0, axis)
    return jnp.floor(found).astype(dtype) if dtype.kind in "iu" else found.astype(dtype)


def _linspace_numpy(start: Any, stop: Any, *, count: int, endpoint: bool, axis: int, dtype: np.dtype[Any], work: np.dtype[Any]) -> Any:
    return np.linspace(start, stop, count, endpoint, False, dtype, axis)


_LINSPACE = Op("linspace", _linspace_jax, _linspace_numpy)


def linspace(
    start: Any,
    stop: Any,
    /,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    """`num` evenly spaced values from `start` to `stop`."""
    check_device(device)
    count = operator.index(num)
    if count < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    ends = [asarray(each) for each in (start, stop)]
    given = [each if type(each) in PYTHON_SCALARS else end.dtype for each, end in zip((start, stop), ends, strict=True)]
    work = np.result_type(*given, float(count))
    wanted = check_dtype(work if dtype is None else dtype)
    shape = np.broadcast_shapes(*(each._shape for each in ends))
    place = np.lib.array_utils.normalize_axis_index(axis, len(shape) + 1)
    params = (("axis", place), ("count", count), ("dtype", wanted), ("endpoint", bool(endpoint)), ("work", work))
    node = record(_LINSPACE, tuple(each._node() for each in ends), params, (*shape[:place], count, *shape[place:]), wanted)
    found = new_array(node)
    if not retstep:
        return found
    intervals = count - 1 if endpoint else count
    return found, (ends[1].astype(work) - ends[0]) / intervals if intervals > 0 else functions["asarray"](np.nan)


def logspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0) -> ndarray:
    """`num` values from ``base ** start`` to ``base ** stop`` whose exponents are evenly spaced."""
    if np.ndim(base):
        ndim = max(np.ndim(start), np.ndim(stop), np.ndim(base))
        start, stop, base = (array(a, ndmin=ndim) for a in (start, stop, base))
        base = functions["expand_dims"](base, axis)
    found = functions["power"](base, linspace(start, stop, num, endpoint, axis=axis))
    return found if dtype is None else found.astype(dtype, copy=False)


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> ndarray:
    """`num` values from `start` to `stop` with one ratio from each to the next; evaluates the two, as their signs decide how."""
    ends = [np.asarray(each) for each in (start, stop)]
    return asarray(np.geomspace(ends[0], ends[1], num, endpoint, dtype, axis))


def _eye_jax(*, rows: int, columns: int, k: int, dtype: np.dtype[Any]) -> Any:
    shape = (rows, columns)
    return (lax.broadcasted_iota(np.int64, shape, 1) - lax.broadcasted_iota(np.int64, shape, 0) == k).astype(dtype)


_EYE = Op("eye", _eye_jax, lambda rows, columns, k, dtype: np.eye(rows, columns, k, dtype=dtype))


def eye(
    N: Any,  # noqa: N803  # NumPy's names
    M: Any = None,  # noqa: N803
    k: int = 0,
    dtype: Any = float,
    order: str = "C",
    *,
    device: Any = None,
    like: Any = None,
) -> ndarray:
    """A matrix with ones on a diagonal."""
    check_device(device)
    rows = operator.index(N)
    columns = rows if M is None else operator.index(M)
    if rows < 0 or columns < 0:
        raise ValueError("negative dimensions are not allowed")
    wanted = check_dtype(float if dtype is None else dtype)
    params = (("columns", columns), ("dtype", wanted), ("k", max(-rows, min(columns, operator.index(k)))), ("rows", rows))
    return new_array(record(_EYE, (), params, (rows, columns), wanted))


def identity(n: int, dtype: Any = None, *, like: Any = None) -> ndarray:
    """The identity matrix."""
    return eye(n, dtype=float if dtype is None else dtype, like=like)


def indices(dimensions: Any, dtype: Any = int, sparse: bool = False) -> Any:
    """The index of every element, along each dimension."""
    lengths = as_shape(dimensions)
    rank = len(lengths)
    each = [arange(length, dtype=dtype).reshape((1,) * k + (length,) + (1,) * (rank - k - 1)) for k, length in enumerate(lengths)]
    if sparse:
        return tuple(each)
    return functions["stack"](functions["broadcast_arrays"](*each)) if each else zeros((0, *lengths), dtype)


def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> list[ndarray]:
    """Coordinate arrays from coordinate vectors, in a list as the array API has it."""
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    rank = len(xi)
    flat = [asarray(x).reshape(-1) for x in xi]
    places = list(range(rank))
    if indexing == "xy" and rank > 1:
        places[:2] = [1, 0]
    spread = [x.reshape((1,) * place + (-1,) + (1,) * (rank - place - 1)) for x, place in zip(flat, places, strict=True)]
    if sparse:
        return [x.copy() if copy else x for x in spread]
    found = functions["broadcast_arrays"](*spread) if spread else []
    return [x.copy() if copy else x for x in found]


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = float, *, like: Any = None) -> ndarray:  # noqa: N803  # NumPy's names
    """A matrix with ones at and below a diagonal."""
    del like
    rows = operator.index(N)
    columns = rows if M is None else operator.index(M)
    found = arange(rows)[:, None] + k >= arange(columns)
    return found.astype(check_dtype(dtype), copy=False)
