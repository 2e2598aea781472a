"""Universal functions: NumPy's ufuncs on lazy arrays, with their dtype rules, broadcasting, `out`, `where` and methods.

NumPy resolves the dtypes (`np.ufunc.resolve_dtypes`), a kernel computes in them under JAX, NumPy itself where all is small and evaluated.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from memarray._array import assign, broadcasts_to, fill_from, ndarray
from memarray._convert import check_dtype
from memarray._graph import Node, Op, host, leaf
from memarray._record import constant, lazy, lazy_several, runs_now
from memarray._routine import Routine, as_operand, wrap

_COMPARISONS = {"less": (True, False), "less_equal": (True, False), "greater": (False, True), "greater_equal": (False, True)}

ufuncs: dict[str, "ufunc"] = {}


class ufunc:  # noqa: N801  # NumPy's name
    """An elementwise function with NumPy's calling conventions; made for each of NumPy's ufuncs.

    Parameters
    ----------
    function : numpy.ufunc
        NumPy's: it decides dtypes, and runs where all is small and evaluated.
    kernel : callable
        The same on JAX arrays of one of NumPy's loops' dtypes.
    check : callable, optional
        Takes operands and the loop's dtypes, gives the `Check`s of a recorded operation: what its data must not be.
    at_once : callable, optional
        What runs in NumPy's place where all is small and evaluated.
    """

    def __init__(
        self,
        function: np.ufunc,
        kernel: Callable[..., Any],
        *,
        check: Callable[..., Any] | None = None,
        at_once: Callable[..., Any] | None = None,
        registered: bool = True,
    ) -> None:
        self.numpy = function
        self.kernel = kernel
        self._check = check
        self._at_once = at_once or function
        self.__name__ = function.__name__
        self.__qualname__ = function.__name__
        self.__module__ = "memarray"
        self.__doc__ = function.__doc__
        self.nin, self.nout, self.nargs = function.nin, function.nout, function.nargs
        self.types, self.ntypes, self.identity, self.signature = function.types, function.ntypes, function.identity, function.signature
        self.resolve_dtypes = function.resolve_dtypes
        self._op = Op(self.__name__, self._run_jax, self._run_numpy)
        self._resolved: dict[Any, tuple[tuple[Any, ...], tuple[Any, ...]]] = {}
        self._methods: dict[str, Routine] = {}
        if registered:
            ufuncs[self.__name__] = self

    def __repr__(self) -> str:
        return f"<ufunc {self.__name__!r}>"

    def __reduce__(self) -> Any:
        return _ufunc_by_name, (self.__name__,)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Record the function of the operands, or run it at once where all is small and evaluated."""
        if not kwargs and len(args) == self.nin:
            return self._apply(args)
        return self._call_with(args, kwargs)

    def by_operator(self, operate: Callable[..., Any], *args: Any) -> Any:
        """The function as one of Python's operators, which NumPy may compute in another way."""
        return self._apply(args, at_once=operate)

    def _apply(
        self, args: tuple[Any, ...], requested: Any = None, casting: str = "same_kind", at_once: Callable[..., Any] | None = None
    ) -> Any:
        operands = tuple([arg._node() if isinstance(arg, ndarray) else as_operand(arg) for arg in args])
        shape = _broadcast(operands)
        if runs_now(operands, _result_bytes(shape)):
            given = {} if requested is None and casting == "same_kind" else self._keywords(requested, casting)
            return self._run_now(at_once or self._at_once, operands, given)
        return self._record(operands, shape, requested, casting)

    def _keywords(self, requested: Any, casting: str) -> dict[str, Any]:
        """How NumPy is told of a dtype, or a loop's dtypes, and of what may be cast."""
        given: dict[str, Any] = {"casting": casting}
        if requested is not None:
            given["signature"] = requested if isinstance(requested, tuple) else (None,) * self.nin + (requested,) * self.nout
        return given

    def _run_now(self, function: Callable[..., Any], operands: tuple[Any, ...], given: dict[str, Any]) -> Any:
        values = [host(o) if type(o) is Node else o for o in operands]
        with np.errstate(all="ignore"):
            found = function(*values, **given)
        if self.nout == 1:
            return wrap(leaf(np.asarray(found)))
        return tuple(wrap(leaf(np.asarray(each))) for each in found)

    def _record(self, operands: tuple[Any, ...], shape: tuple[int, ...], requested: Any, casting: str) -> Any:
        ins, outs = self._resolve(operands, requested, casting)
        try:
            operands = tuple([o if type(o) is Node else _cast_scalar(o, dtype) for o, dtype in zip(operands, ins, strict=True)])
        except OverflowError:
            return self._beyond_range(operands)
        if not any(type(o) is Node for o in operands):
            operands = tuple(map(constant, operands))
        params = (("loop", ins),)
        if self.nout == 1:
            node = lazy(self._op, operands, params, shape, outs[0])
            if self._check is not None:
                node.checks = self._check(operands, ins)
            return wrap(node)
        return tuple(wrap(node) for node in lazy_several(self._op, operands, params, [(shape, dtype) for dtype in outs]))

    def _resolve(self, operands: tuple[Any, ...], requested: Any, casting: str) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The dtypes of the loop that NumPy would choose: of operands and results."""
        given = tuple([o.dtype if type(o) is Node or isinstance(o, np.generic) else type(o) for o in operands])
        key = (given, requested, casting)
        found = self._resolved.get(key)
        if found is None:
            dtypes = tuple(np.dtype(bool) if each is bool else each for each in given)
            loop = self._resolve_by_numpy(dtypes, requested, casting)
            found = self._resolved[key] = loop[: self.nin], tuple(map(check_dtype, loop[self.nin :]))
        return found

    def _resolve_by_numpy(self, dtypes: tuple[Any, ...], requested: Any, casting: str) -> tuple[Any, ...]:
        if not any(isinstance(each, np.dtype) for each in dtypes):  # NumPy takes Python's numbers as arrays where there is nothing else
            dtypes = tuple(np.dtype(each) for each in dtypes)
        given = self._keywords(requested, casting)
        try:
            if casting != "same_kind":  # Python's numbers are of the loop's dtype
                loop = self.numpy.resolve_dtypes((*dtypes, *(None,) * self.nout), **{**given, "casting": "unsafe"})
                dtypes = tuple(each if isinstance(each, np.dtype) else of for each, of in zip(dtypes, loop, strict=False))
            return self.numpy.resolve_dtypes((*dtypes, *(None,) * self.nout), **given)
        except TypeError:
            trial = [np.ones(0, each) if isinstance(each, np.dtype) else each(1) for each in dtypes]
            self.numpy(*trial, **given)  # NumPy words it better
            raise

    def _beyond_range(self, operands: tuple[Any, ...]) -> Any:
        """A comparison with a Python integer that the other operand's dtype cannot hold is decided by its sign; all else is an error."""
        name = self.__name__
        position = next(k for k, o in enumerate(operands) if type(o) is int)
        array = operands[1 - position] if self.nin == 2 else None
        if name in ("equal", "not_equal"):
            answer = name == "not_equal"
        elif name in _COMPARISONS and isinstance(array, Node):
            is_large = operands[position] > 0
            array_is_less = is_large
            answer = _COMPARISONS[name][0] if (array_is_less == (position == 1)) else _COMPARISONS[name][1]
        else:
            dtype = array.dtype if array is not None else np.dtype(int)
            raise OverflowError(f"Python integer {operands[position]} out of bounds for {dtype.name}")
        from memarray._creation import full  # noqa: PLC0415  # it is made of ufuncs

        assert isinstance(array, Node)
        return full(array.shape, answer)

    def _run_jax(self, *operands: Any, loop: tuple[Any, ...]) -> Any:
        cast = [o if o.dtype == dtype else o.astype(dtype) for o, dtype in zip(operands, loop, strict=True)]
        return self.kernel(*cast)

    def _run_numpy(self, *operands: Any, loop: tuple[Any, ...]) -> Any:
        return self.numpy(*[np.asarray(o).astype(dtype, copy=False) for o, dtype in zip(operands, loop, strict=True)])

    def _call_with(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """With `out`, `where`, `dtype`, `casting`: what most calls do without."""
        inputs, outs = self._split(args, kwargs.pop("out", None))
        where = kwargs.pop("where", True)
        casting = kwargs.pop("casting", "same_kind")
        requested = kwargs.pop("dtype", None)
        signature = kwargs.pop("signature", kwargs.pop("sig", None))
        kwargs.pop("order", None)
        kwargs.pop("subok", None)
        if kwargs:
            raise TypeError(f"{self.__name__}() got an unexpected keyword argument {next(iter(kwargs))!r}")
        if signature is not None:
            if requested is not None:
                raise TypeError("cannot specify both 'signature' and 'dtype'")
            requested = _parse_signature(signature)
        elif requested is not None:
            requested = np.dtype(requested)
        results = self._apply(inputs, requested, casting)
        results = (results,) if self.nout == 1 else results
        finished = tuple(_finish(result, out, where, casting, self.__name__) for result, out in zip(results, outs, strict=True))
        return finished[0] if self.nout == 1 else finished

    def _split(self, args: tuple[Any, ...], out: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        if len(args) < self.nin or len(args) > self.nargs:
            raise TypeError(f"{self.__name__}() takes from {self.nin} to {self.nargs} positional arguments but {len(args)} were given")
        outs = args[self.nin :]
        if outs and out is not None:
            raise TypeError("cannot specify 'out' as both a positional and keyword argument")
        if out is not None:
            outs = out if isinstance(out, tuple) else (out,)
            if len(outs) != self.nout:
                raise ValueError("The 'out' tuple must have exactly one entry per ufunc output")
        return args[: self.nin], tuple(outs) + (None,) * (self.nout - len(outs))

    # -- methods

    def _method(self, name: str) -> Routine:
        found = self._methods.get(name)
        if found is None:
            from memarray._ufunc_methods import make_method  # noqa: PLC0415  # it is made of ufuncs

            found = self._methods[name] = make_method(self, name)
        return found

    def reduce(self, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False, **kwargs: Any) -> Any:
        """Apply the function along axes until one element is left of each; `initial` and `where` as NumPy's."""
        return self._method("reduce")(array, axis, dtype, out, keepdims, **kwargs)

    def accumulate(self, array: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
        """All partial results along an axis."""
        return self._method("accumulate")(array, axis, dtype, out)

    def reduceat(self, array: Any, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
        """Reductions over the stretches between indices."""
        return self._method("reduceat")(array, indices, axis, dtype, out)

    def outer(self, a: Any, b: Any, /, **kwargs: Any) -> Any:
        """The function of all pairs of elements."""
        if self.nin != 2:
            raise ValueError("outer product only supported for binary functions")
        first, second = (x if isinstance(x, ndarray) else wrap(_array_node(x)) for x in (a, b))
        return self(first[(..., *(None,) * second.ndim)], second, **kwargs)

    def at(self, a: Any, indices: Any, b: Any = None, /) -> None:
        """Apply the function in place at indices, once for each time that an index is there."""
        from memarray._ufunc_methods import apply_at  # noqa: PLC0415

        apply_at(self, a, indices, b)


def _broadcast(operands: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape that the operands broadcast to, with NumPy's error where they do not."""
    found: tuple[int, ...] | None = None
    for operand in operands:
        if type(operand) is Node and operand.shape != found:
            if found is None or found == ():
                found = operand.shape
            elif operand.shape != ():
                return _broadcast_shapes(operands)
    return found or ()


def _broadcast_shapes(operands: tuple[Any, ...]) -> tuple[int, ...]:
    shapes = [o.shape for o in operands if type(o) is Node]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        listed = " ".join(str(shape).replace(" ", "") for shape in shapes)
        raise ValueError(f"operands could not be broadcast together with shapes {listed} ") from None


def _result_bytes(shape: tuple[int, ...]) -> int:
    """An upper bound of the bytes of one result."""
    total = 16
    for length in shape:
        total *= length
    return total


def _cast_scalar(value: Any, dtype: np.dtype[Any]) -> Any:
    """A scalar as one of the loop's dtype. OverflowError where a Python integer does not fit."""
    if isinstance(value, np.generic):
        return value if value.dtype == dtype else value.astype(dtype)
    with np.errstate(all="ignore"):
        return dtype.type(value)


def _array_node(value: Any) -> Node:
    found = as_operand(value)
    return found if type(found) is Node else leaf(np.asarray(found))


def _finish(result: ndarray, out: Any, where: Any, casting: str, name: str) -> Any:
    """Apply `where`, and write to `out`."""
    if where is True:
        return result if out is None else _write_out(out, result, casting, name)
    mask = where if isinstance(where, ndarray) else wrap(_array_node(where if hasattr(where, "dtype") else np.asarray(where, bool)))
    if mask.dtype != bool:
        raise TypeError(f"Cannot cast array data from {mask.dtype!r} to dtype('bool') according to the rule 'safe'")
    from memarray._creation import zeros  # noqa: PLC0415  # it is made of ufuncs
    from memarray._manipulation import where as choose  # noqa: PLC0415

    shape = np.broadcast_shapes(mask.shape, result.shape)
    if out is None:  # NumPy leaves what was in memory; zeros here
        return choose(mask, result, zeros(shape, result.dtype))
    old = out if isinstance(out, ndarray) else wrap(_array_node(out))
    if not np.can_cast(result.dtype, old.dtype, casting):  # type: ignore[arg-type]
        _write_out(out, result, casting, name)
    return _write_out(out, choose(mask, result.astype(old.dtype), old), casting, name)


def _write_out(out: Any, result: ndarray, casting: str, name: str) -> Any:
    fits = not isinstance(out, ndarray) or np.can_cast(result.dtype, out.dtype, casting)  # type: ignore[arg-type]  # NumPy checks it
    if not fits:
        message = f"Cannot cast ufunc {name!r} output from {result.dtype!r} to {out.dtype!r} with casting rule {casting!r}"
        raise TypeError(message)
    is_larger = isinstance(out, ndarray) and out.shape != result.shape and broadcasts_to(result.shape, out.shape)
    if is_larger and out._is_writeable():
        fill_from(out, result)
        return out
    return assign(out, result, casting)


def _parse_signature(signature: Any) -> tuple[Any, ...]:
    """A loop's dtypes from NumPy's ``signature=``: a tuple, or text such as "dd->d"."""
    if isinstance(signature, str):
        ins, _, outs = signature.partition("->")
        signature = (*ins, *outs)
    return tuple(None if each is None else np.dtype(each) for each in signature)


def _ufunc_by_name(name: str) -> ufunc:
    return ufuncs[name]
