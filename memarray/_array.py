"""The lazy array: NumPy's ndarray as a recorded value, with views that write through to their base.

`ndarray` is the user's object: a storage (shared with its views) and the steps from the storage's value to its own. `Scalar` stands for
NumPy's scalars: what a computation without dimensions gives.
"""

import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from memarray._convert import check_dtype
from memarray._evaluate import evaluate
from memarray._graph import Node, Storage, host, is_traced
from memarray._operators import Operators, functions
from memarray._record import record
from memarray._views import (
    BROADCAST,
    Step,
    basic_step,
    bitcast_step,
    broadcast_step,
    diagonal_step,
    new_address,
    part_step,
    read_through,
    reshape_step,
    stand_in,
    strided_step,
    transpose_step,
    write_through,
)


class ndarray(Operators):  # noqa: N801  # NumPy's name
    """An array whose operations are recorded and evaluated under the memory limit when their values are asked for.

    Made as NumPy's are: ``memarray.ndarray(shape)`` (zeros here, where NumPy leaves what was in memory), or by `memarray.array` and all
    other functions. Printing, ``bool``, ``float``, ``numpy.asarray`` and the like evaluate.
    """

    __slots__ = ("__weakref__", "_base", "_cached", "_dtype", "_numpy_view", "_shape", "_steps", "_storage", "_version", "_writeable")

    _dtype: np.dtype[Any]
    _storage: Storage
    _base: Any
    _steps: tuple[Step, ...]
    _cached: Any  # a node, once the view was read
    _version: int
    _numpy_view: np.ndarray[Any, Any] | None
    _writeable: bool
    _shape: tuple[int, ...]

    def __new__(
        cls,
        shape: Any,
        dtype: Any = float,
        buffer: Any = None,
        offset: int = 0,
        strides: Any = None,
        order: str | None = None,
    ) -> "ndarray":
        """An array of zeros, or the elements of a buffer."""
        if buffer is not None or strides is not None:
            found = functions["asarray"](np.ndarray(shape, dtype, buffer, offset, strides, order))  # type: ignore[arg-type]  # NumPy checks them
        else:
            found = functions["zeros"](shape, dtype)
        return found

    # -- what it is

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the dimensions."""
        return self._shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        numpy_view = self._view_in_numpy()
        try:
            view = np.reshape(numpy_view, as_shape(shape), copy=False)
        except ValueError as error:
            if "copy" not in str(error):
                raise
            raise AttributeError(
                "Incompatible shape for in-place modification. Use `.reshape()` to make a copy with the desired shape."
            ) from None
        self._become_view(self._view(reshape_step(view), view))

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""
        return self._dtype

    @dtype.setter
    def dtype(self, dtype: Any) -> None:
        self._become_view(self.view(dtype))

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self._shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        found = 1
        for length in self._shape:
            found *= length
        return found

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements, evaluated or not."""
        return self.size * self.dtype.itemsize

    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes from one element to the next along each dimension, as NumPy has them."""
        return self._view_in_numpy().strides

    @property
    def flags(self) -> Any:
        """Layout as NumPy has it."""
        view = self._view_in_numpy()
        if view.flags.writeable != self._is_writeable():
            view = view.view()
            view.flags.writeable = self._is_writeable()
        return _Flags(self, view.flags)

    @property
    def base(self) -> "ndarray | None":
        """The array that this is a view of."""
        return self._base

    @property
    def device(self) -> str:
        """Where arrays live: `"cpu"`, or what JAX's default device is called."""
        return "cpu"

    def to_device(self, device: Any, /, *, stream: Any = None) -> "ndarray":
        """The same array: there is one device."""
        if device != self.device:
            raise ValueError(f"memarray's arrays are on device {self.device!r}; got {device!r}")
        if stream is not None:
            raise ValueError("stream is not None, and the CPU has no streams")
        return self

    # -- reading and writing

    def _node(self) -> Node:
        """The node of the present value."""
        storage = self._storage
        if not self._steps:
            return storage.node
        if self._version != storage.version:
            self._cached = read_through(self._steps, storage.node)
            self._version = storage.version
        return self._cached

    def _put(self, node: Node) -> None:
        """Give this array new values, of its shape and dtype: its base and the other views see them."""
        storage = self._storage
        storage.put(write_through(self._steps, storage.node, node) if self._steps else node)
        if self._steps:
            self._cached, self._version = node, storage.version

    def _is_writeable(self) -> bool:
        return self._writeable and self._storage.writeable

    def _check_writeable(self, what: str = "assignment destination") -> None:
        if not self._is_writeable():
            raise ValueError(f"{what} is read-only")

    def _view_in_numpy(self) -> np.ndarray[Any, Any]:
        """NumPy's stand-in for this array: never read, only asked for shapes, strides and views."""
        view = self._numpy_view
        if view is None:
            storage = self._storage
            if not storage.address:
                storage.address = new_address(storage.node.nbytes)
            view = self._numpy_view = stand_in(self._shape, self.dtype, storage.address)
        return view

    def _view(self, step: Step, view: np.ndarray[Any, Any], *, writeable: bool = True) -> "ndarray":
        """A view of this array, one step on."""
        if self._steps and self._steps[-1].is_strided and self._writeable:
            return self._strided(view, writeable=writeable)  # its elements may be the same ones: only those of the view are to be written
        return self._stepped(step, view, writeable=writeable)

    def _stepped(self, step: Step, view: np.ndarray[Any, Any], *, writeable: bool) -> "ndarray":
        base = self._base
        found = object.__new__(ndarray)
        found._base = self if base is None else base
        found._storage = self._storage
        found._steps = (*self._steps, step)
        if self._steps and self._version == self._storage.version and self._cached.value is not None and self._storage.node.value is None:
            found._version, found._cached = self._version, step.apply(self._cached)  # this view is evaluated, and its base is not
        else:
            found._version, found._cached = -1, None
        found._numpy_view = view
        found._writeable = self._writeable and writeable
        found._shape = view.shape
        found._dtype = view.dtype
        return found

    def _become(self, other: "ndarray") -> None:
        for name in ("_base", "_storage", "_steps", "_version", "_cached", "_numpy_view", "_writeable", "_shape", "_dtype"):
            setattr(self, name, getattr(other, name, None))  # an array that is no view has nothing cached

    def _become_view(self, view: "ndarray") -> None:
        """Show the memory in another way; whose memory it is stays."""
        base = self._base
        self._become(view)
        self._base = base

    def _reshaped(self, shape: Any, *, copy: bool | None = None) -> "ndarray":
        """A view of another shape where NumPy gives one, else a copy (or ValueError, where `copy` is False)."""
        numpy_view = self._view_in_numpy()
        shape = as_shape(shape)
        if copy is not True:
            try:
                view = np.reshape(numpy_view, shape, copy=False)
                return self._view(reshape_step(view), view)
            except ValueError as error:
                if copy is False or "copy" not in str(error):
                    raise
        return new_array(self._node())._reshaped(_whole_shape(shape, self.size))  # a view of the copy, as NumPy's is

    def __getitem__(self, key: Any) -> "ndarray":
        """An element, a view, or a copy, as NumPy's indexing gives."""
        from memarray._indexing import get_item  # noqa: PLC0415  # it is made of arrays

        return get_item(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        """Write to a part."""
        from memarray._indexing import set_item  # noqa: PLC0415

        set_item(self, key, value)

    def __delitem__(self, key: Any) -> None:
        raise ValueError("cannot delete array elements")

    def __len__(self) -> int:
        if not self._shape:
            raise TypeError("len() of unsized object")
        return self._shape[0]

    def __iter__(self) -> Iterator["ndarray"]:
        if not self._shape:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(self._shape[0]))

    def __contains__(self, value: Any) -> bool:
        return bool(functions["any"](self == value))

    # -- values

    def _value(self) -> np.ndarray[Any, Any]:
        """The evaluated value, read-only."""
        node = self._node()
        if node.value is None:
            evaluate([node])
        if is_traced(node):
            return np.asarray(node.value)  # JAX says what is wrong with that
        found = host(node)
        if found.flags.writeable:
            found = found.view()
            found.flags.writeable = False
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """The values as a NumPy array of the caller's own: evaluates. With ``copy=False`` no copy, which is read-only."""
        found = self._value()
        if dtype is not None and np.dtype(dtype) != found.dtype:
            if copy is False:
                raise ValueError(f"a copy is needed to make {dtype} of {found.dtype}")
            return found.astype(dtype)
        return found if copy is False else found.copy()

    def __array_ufunc__(self, function: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """NumPy's ufuncs on lazy arrays are memarray's."""
        from memarray._protocols import call_ufunc  # noqa: PLC0415

        return call_ufunc(function, method, inputs, kwargs)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        """NumPy's functions on lazy arrays are memarray's."""
        from memarray._protocols import call_function  # noqa: PLC0415

        return call_function(function, args, kwargs)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """Memarray's functions, as an array-API namespace."""
        from memarray._namespace import array_api  # noqa: PLC0415  # it is made of all functions

        if api_version is not None and api_version not in ("2021.12", "2022.12", "2023.12", "2024.12"):
            raise ValueError(f"memarray has the array API up to 2024.12, not {api_version!r}")
        return array_api()

    def __dlpack__(
        self, *, stream: Any = None, max_version: tuple[int, int] | None = None, dl_device: Any = None, copy: bool | None = None
    ) -> Any:
        """The evaluated values as a DLPack capsule."""
        found = self._value()
        if copy or max_version is None or max_version[0] < 1:  # without a version there is no way to say that it is read-only
            found = found.copy() if copy else _writeable_alias(found)
        return found.__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device, copy=None)

    def __dlpack_device__(self) -> tuple[int, int]:
        """The CPU."""
        return (1, 0)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as the values."""
        return _from_pickle, (np.array(self._value()), isinstance(self, Scalar))

    def __copy__(self) -> "ndarray":
        return new_array(self._node(), type(self))

    def __deepcopy__(self, memo: Any) -> "ndarray":
        return new_array(self._node(), type(self))

    def __repr__(self) -> str:
        return np.array_repr(self._value())

    def __str__(self) -> str:
        return np.array_str(self._value())

    def __format__(self, spec: str) -> str:
        return format(self._value()[()] if not self._shape else self._value(), spec)

    def __bool__(self) -> bool:
        return bool(self._value())

    def __int__(self) -> int:
        return int(self._value())

    def __float__(self) -> float:
        return float(self._value())

    def __complex__(self) -> complex:
        return complex(self._value())

    def __index__(self) -> int:
        return operator.index(self._value())

    def item(self, *args: Any) -> Any:
        """One element as a Python scalar."""
        return self._value().item(*args)

    def tolist(self) -> Any:
        """Nested lists of Python scalars."""
        return self._value().tolist()

    def tobytes(self, order: Any = "C") -> bytes:
        """The elements as bytes."""
        return self._value().tobytes(order)

    def dump(self, file: Any) -> None:
        """Pickle to a file."""
        self._value().dump(file)

    def dumps(self) -> bytes:
        """Pickle to bytes."""
        return self._value().dumps()

    def tofile(self, fid: Any, sep: str = "", format: str = "%s") -> None:  # NumPy's name
        """Write the elements to a file."""
        self._value().tofile(fid, sep, format)

    # -- views

    @property
    def T(self) -> "ndarray":  # noqa: N802
        """The transposed view."""
        return self.transpose()

    @property
    def mT(self) -> "ndarray":  # noqa: N802
        """The view with the last two dimensions swapped."""
        if self.ndim < 2:
            raise ValueError("matrix transpose with ndim < 2 is undefined")
        return self.swapaxes(-1, -2)

    def transpose(self, *axes: Any) -> "ndarray":
        """A view with the dimensions in another order."""
        if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], (tuple, list))):
            axes = tuple(axes[0] or ())
        view = self._view_in_numpy().transpose(*axes)
        order = tuple(range(self.ndim))[::-1] if not axes else tuple(operator.index(axis) % self.ndim for axis in axes)
        return self._view(transpose_step(order, view), view)

    def swapaxes(self, axis1: int, axis2: int) -> "ndarray":
        """A view with two dimensions swapped."""
        view = self._view_in_numpy().swapaxes(axis1, axis2)
        order = list(range(self.ndim))
        first, second = (operator.index(axis) % self.ndim for axis in (axis1, axis2))
        order[first], order[second] = order[second], order[first]
        return self._view(transpose_step(tuple(order), view), view)

    def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> "ndarray":
        """A view of another shape, or a copy where NumPy needs one."""
        if len(shape) == 1:
            shape = shape[0]
        if order in ("F", "A") and (order == "F" or self.flags.fnc):
            reversed_shape = tuple(reversed(_whole_shape(as_shape(shape), self.size)))
            return self.T._reshaped(reversed_shape, copy=copy).T
        return self._reshaped(shape, copy=copy)

    def ravel(self, order: str = "C") -> "ndarray":
        """A flat view, or a copy where NumPy needs one."""
        if order not in ("C", "F", "A", "K"):
            np.empty(0).ravel(order)  # type: ignore[arg-type]  # NumPy says what is wrong with it
        array = self
        if order == "K":
            strides = self.strides
            array = self.transpose(sorted(range(self.ndim), key=lambda axis: -abs(strides[axis])))
        elif order == "F" or (order == "A" and self.flags.fnc):
            array = self.T
        found = array._reshaped((-1,))
        return found if array.flags.c_contiguous else new_array(found._node())

    def flatten(self, order: str = "C") -> "ndarray":
        """A flat copy."""
        return self.ravel(order).copy()

    def squeeze(self, axis: Any = None) -> "ndarray":
        """A view without dimensions of length one."""
        view = self._view_in_numpy().squeeze(axis)
        if 1 not in self._shape:
            return self
        return self._view(reshape_step(view), view)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> "ndarray":
        """A read-only view of diagonals."""
        view = self._view_in_numpy().diagonal(offset, axis1, axis2)
        step = diagonal_step(operator.index(offset), axis1 % self.ndim, axis2 % self.ndim, view)
        return self._view(step, view, writeable=False)

    @property
    def real(self) -> "ndarray":
        """A view of the real parts; the array itself if it is real."""
        if self.dtype.kind != "c":
            return self
        view = self._view_in_numpy().real
        return self._view(part_step("real", view), view)

    @real.setter
    def real(self, value: Any) -> None:
        self.real[...] = value

    @property
    def imag(self) -> "ndarray":
        """A view of the imaginary parts; read-only zeros for a real array."""
        if self.dtype.kind != "c":
            found = functions["zeros"](self._shape, self.dtype)
            found._writeable = False
            return found if type(self) is ndarray else new_array(found._node(), type(self))
        view = self._view_in_numpy().imag
        return self._view(part_step("imag", view), view)

    @imag.setter
    def imag(self, value: Any) -> None:
        if self.dtype.kind != "c":
            raise TypeError("array does not have imaginary part to set")
        self.imag[...] = value

    @property
    def flat(self) -> Any:
        """Flat iteration, reading and writing."""
        from memarray._flat import flatiter  # noqa: PLC0415

        return flatiter(self)

    @flat.setter
    def flat(self, value: Any) -> None:
        self.flat[:] = value

    def view(self, dtype: Any = None, type: Any = None) -> "ndarray":  # NumPy's names
        """The same memory, with another dtype if one is given."""
        if dtype is None or (isinstance(dtype, builtin_type) and issubclass(dtype, ndarray)):
            view = self._view_in_numpy()[...]
            return self._view(basic_step((), self._shape, view), view)
        view = self._view_in_numpy().view(check_dtype(dtype))
        return self._view(bitcast_step(view), view)

    def _broadcast(self, shape: tuple[int, ...]) -> "ndarray":
        view = np.broadcast_to(self._view_in_numpy(), shape)
        return self._view(broadcast_step(view), view, writeable=False)

    def _strided(self, view: np.ndarray[Any, Any], *, writeable: bool = True) -> "ndarray":
        """A view with the offset and strides of NumPy's stand-in, whatever they are."""
        base = self if self._base is None else self._base
        whole = new_view_of_all(self._storage)
        itemsize = view.dtype.itemsize
        if view.dtype != whole.dtype:
            if whole.nbytes % itemsize:
                raise ValueError(f"this view of a view as {view.dtype} is not possible: its base has {whole.nbytes} bytes; copy it first")
            whole = whole._reshaped((-1,)).view(view.dtype)
        offset = (view.ctypes.data - whole._view_in_numpy().ctypes.data) // itemsize
        strides = tuple(stride // itemsize for stride in view.strides)
        found = whole._stepped(strided_step(offset, strides, view), view, writeable=self._writeable and writeable)
        found._base = base
        return found

    # -- in place

    def fill(self, value: Any) -> None:
        """Set all elements to one value."""
        if np.ndim(value):
            raise ValueError("setting an array element with a sequence.")
        self[...] = value

    def sort(self, axis: int = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None) -> None:
        """Sort in place."""
        axis = operator.index(axis)
        self._check_writeable("sort array")
        self[...] = functions["sort"](self, axis=axis)

    def partition(self, kth: Any, axis: int = -1, kind: str = "introselect", order: Any = None) -> None:
        """Partition in place."""
        axis = operator.index(axis)
        self._check_writeable("partition array")
        self[...] = functions["partition"](self, kth, axis=axis)

    def resize(self, *shape: Any, refcheck: bool = True) -> None:
        """Change shape and size in place; zeros where it grows."""
        wanted = as_shape(shape[0] if len(shape) == 1 else shape)
        if any(length < 0 for length in wanted):
            raise ValueError("negative dimensions not allowed")
        size = math.prod(wanted)
        if self._base is not None:
            raise ValueError("cannot resize this array: it does not own its data")
        flat = self.ravel()
        grown = flat[:size] if size <= self.size else functions["concatenate"]((flat, functions["zeros"](size - self.size, self.dtype)))
        self._become(new_array(grown.reshape(wanted)._node()))

    def put(self, indices: Any, values: Any, mode: str = "raise") -> None:
        """Set elements by flat index."""
        functions["put"](self, indices, values, mode)

    def setflags(self, write: bool | None = None, align: bool | None = None, uic: bool | None = None) -> None:
        """Make the array read-only, or writeable again."""
        if write and not (self._storage.writeable and (self._base is None or self._base._writeable)):
            raise ValueError("cannot set WRITEABLE flag to True of this array")
        if write and any(step.read is BROADCAST for step in self._steps):
            self._become(self._strided(self._view_in_numpy()))
        if write is not None:
            self._writeable = write

    def byteswap(self, inplace: bool = False) -> "ndarray":
        """Reverse the bytes of each element."""
        found = functions["asarray"](self._value().byteswap())
        if inplace:
            self[...] = found
            return self
        return found

    # -- copies

    def copy(self, order: str = "C") -> "ndarray":
        """An array of its own with the same values; nothing is copied before one of them is written to."""
        return new_array(self._node(), type(self))

    def astype(self, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True) -> "ndarray":
        """The elements as another dtype."""
        return functions["astype"](self, dtype, casting=casting, copy=copy)


class Scalar(ndarray):
    """A value without dimensions that a computation gave. Like NumPy's scalars it is replaced by `+=`, not changed, and can be hashed.

    Unlike NumPy's it can be written to by index, as the array API's arrays without dimensions can, and as SciPy does.
    """

    __slots__ = ()
    _is_scalar = True

    def __hash__(self) -> int:  # type: ignore[override]  # NumPy's scalars can be hashed, its arrays cannot
        return hash(self._value()[()])

    def __repr__(self) -> str:
        return repr(self._value()[()])

    def __str__(self) -> str:
        return str(self._value()[()])

    def __getitem__(self, key: Any) -> ndarray:
        if type(key) is tuple and not key:
            return self
        try:
            return new_array(self._node())[key]
        except IndexError:
            raise IndexError("invalid index to scalar variable.") from None

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(key, (int, np.integer, slice)):
            raise TypeError(f"'numpy.{self.dtype.name}' object does not support item assignment")
        new_view_of_all(self._storage)[key] = value  # (a view of a scalar is an array of its own)

    def __len__(self) -> int:
        raise TypeError(f"object of type 'numpy.{self.dtype.name}' has no len()")

    def __iter__(self) -> Iterator[ndarray]:
        raise TypeError(f"'numpy.{self.dtype.name}' object is not iterable")

    def __contains__(self, value: Any) -> bool:
        raise TypeError(f"argument of type 'numpy.{self.dtype.name}' is not iterable")

    def __mul__(self, other: Any) -> Any:
        return NotImplemented if self._repeats(other) else super().__mul__(other)

    def __rmul__(self, other: Any) -> Any:
        return NotImplemented if self._repeats(other) else super().__rmul__(other)

    def __getattr__(self, name: str) -> Any:
        if name in ("as_integer_ratio", "bit_count", "denominator", "hex", "numerator"):
            return getattr(self._value()[()], name)
        raise AttributeError(f"'numpy.{self.dtype.name}' object has no attribute {name!r}")

    def _repeats(self, other: Any) -> bool:
        """Whether a product with `other` repeats a Python sequence."""
        return isinstance(other, (list, tuple, str, bytes)) and self.dtype.kind != "b"

    def _view(self, step: Step, view: np.ndarray[Any, Any], *, writeable: bool = True) -> ndarray:
        """A scalar stays one; with dimensions it becomes an array of its own, of which there is a view."""
        found = new_array(self._node())._view(step, view, writeable=writeable)
        return found if view.shape else new_array(found._node(), Scalar)

    def __round__(self, digits: int | None = None) -> Any:
        return round(self._value()[()], digits) if digits is not None else round(self._value()[()])  # type: ignore[call-overload]

    def is_integer(self) -> bool:
        """Whether the value is a whole number."""
        return bool(self.item().is_integer())


class _Flags:
    """NumPy's flags of an array, with the one that can be set."""

    def __init__(self, owner: ndarray, flags: Any) -> None:
        self.__dict__["_owner"] = owner
        self.__dict__["_flags"] = flags

    def __getattr__(self, name: str) -> Any:
        if name == "owndata":
            return self._owner._base is None
        return getattr(self._flags, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "writeable":
            raise AttributeError(f"cannot set flag {name!r}")
        self._owner.setflags(write=bool(value))

    def __getitem__(self, name: str) -> Any:
        return self._owner._base is None if name in ("OWNDATA", "O") else self._flags[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.__setattr__({"WRITEABLE": "writeable", "W": "writeable"}.get(name, name), value)

    def __repr__(self) -> str:
        return repr(self._flags)


builtin_type = type


def new_array(node: Node, kind: type[ndarray] = ndarray) -> Any:
    """An array of its own with a node's value."""
    found = object.__new__(kind)
    found._base = None
    found._storage = Storage(node)
    found._steps = ()
    found._numpy_view = None
    found._writeable = True
    found._shape = node.shape
    found._dtype = node.dtype
    return found


def new_view_of_all(storage: Storage) -> ndarray:
    """The array that a storage is of."""
    found = object.__new__(ndarray)
    found._base = None
    found._storage = storage
    found._steps = ()
    found._numpy_view = None
    found._writeable = True
    found._shape = storage.node.shape
    found._dtype = storage.node.dtype
    return found


def assign(out: Any, result: ndarray, casting: str = "same_kind") -> Any:
    """Write a result to what was given as ``out=``: a lazy array, or one of NumPy's, which evaluates."""
    if out is None:
        return result
    if isinstance(out, np.ndarray):
        np.copyto(out, result._value(), casting=casting)  # type: ignore[arg-type]  # NumPy checks it
        return out
    if not isinstance(out, ndarray) or isinstance(out, Scalar):
        raise TypeError("return arrays must be of ArrayType")
    if not out._is_writeable():
        raise ValueError("output array is read-only")
    if out._shape != result._shape:
        given, wanted = tight(out._shape), tight(result._shape)
        raise ValueError(f"non-broadcastable output operand with shape {given} doesn't match the broadcast shape {wanted}")
    if not np.can_cast(result.dtype, out.dtype, casting):  # type: ignore[arg-type]
        raise TypeError(f"Cannot cast output from {result.dtype!r} to {out.dtype!r} with casting rule {casting!r}")
    out._put(functions["astype"](result, out.dtype, copy=False)._node())
    return out


def fill_from(target: ndarray, value: ndarray) -> None:
    """``target[...] = value``: cast and broadcast as NumPy's assignment does."""
    target._check_writeable()
    if value.dtype != target.dtype:
        value = functions["astype"](value, target.dtype)
    node = value._node()
    if node.shape != target._shape:
        shape = without_leading_ones(node.shape, len(target._shape))
        if not broadcasts_to(shape, target._shape):
            raise ValueError(f"could not broadcast input array from shape {tight(node.shape)} into shape {tight(target._shape)}")
        if shape != node.shape:
            node = new_array(node)._reshaped(shape)._node()
        if shape != target._shape:
            node = record(BROADCAST, (node,), (("shape", target._shape),), target._shape, target.dtype)
    target._put(node)


def without_leading_ones(shape: tuple[int, ...], ndim: int) -> tuple[int, ...]:
    """The shape that an assigned value counts as having: leading ones beyond the target's dimensions are dropped."""
    while len(shape) > ndim and shape[0] == 1:
        shape = shape[1:]
    return shape


def broadcasts_to(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether a shape can be broadcast to another."""
    return len(shape) <= len(target) and all(own in (1, wanted) for own, wanted in zip(reversed(shape), reversed(target), strict=False))


def tight(shape: tuple[int, ...]) -> str:
    """A shape as NumPy's errors have it."""
    return str(shape).replace(" ", "")


def as_shape(shape: Any) -> tuple[int, ...]:
    """A shape from an int or a sequence of ints."""
    if isinstance(shape, (tuple, list)):
        return tuple(operator.index(length) for length in shape)
    if (isinstance(shape, ndarray) and shape._shape) or (isinstance(shape, np.ndarray) and shape.ndim):
        return tuple(int(length) for length in np.asarray(shape))
    return (operator.index(shape),)


def _whole_shape(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """A shape with -1 worked out; NumPy's error where it does not suit the size."""
    return np.reshape(np.broadcast_to(np.empty((), bool), (size,)), shape).shape if size == 0 else _worked_out(shape, size)


def _worked_out(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    return np.reshape(stand_in((size,), np.dtype(bool), 64), shape, copy=False).shape


def _writeable_alias(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same memory without the read-only flag, for consumers that know of none; they must not write to it."""
    interface = dict(value.__array_interface__)
    interface["data"] = (interface["data"][0], False)
    holder = _Alias(interface, value)
    return np.asarray(holder)


class _Alias:
    def __init__(self, interface: dict[str, Any], owner: Any) -> None:
        self.__array_interface__ = interface
        self.owner = owner


def _from_pickle(value: np.ndarray[Any, Any], is_scalar: bool) -> ndarray:
    found = functions["asarray"](value)
    return new_array(found._node(), Scalar) if is_scalar else found
