"""`wrap` and `plan`: a user's function becomes one that runs under a memory limit."""

import functools
import inspect
import sys
import types
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, overload

import jax
import numpy as np
from jax.extend import source_info_util

from frontends import UnsupportedOpError, function_name, trace_jax
from memarray._array import ndarray
from memarray._config import Limit, current_settings, parse_limit, parse_recorder
from memarray._config import memory_limit as scoped_limit
from memarray._graph import Node
from memarray._lazy_call import LazyFunction, plan_of_arrays, trace_lazy, with_traced_results
from memarray._plan import Plan
from memarray._primitive import Function, bind, device_of, held_bytes, limit_in_force
from memarray._routine import as_operand
from memarray.compat import trace_context, trace_state_clean

source_info_util.register_exclusion(__file__)  # source lines are the user's, not those of this file


@dataclass(frozen=True, eq=False)
class _Entry:
    """What is known of calls with one signature: nothing is traced, recorded or compiled for a second one."""

    function: Function
    device: Any
    out_tree: Any
    has_keys: bool
    held_bytes: int
    is_eager: bool  # every argument is a value, not a tracer or a spec


class Wrapped:
    """A function that runs under a memory limit; made by `memarray.wrap`."""

    __name__: str

    def __init__(self, fn: Callable[..., Any], limit: Limit | None, static: "_Static", recorder: str | None = None) -> None:
        self.__name__ = function_name(fn)  # a partial has none of its own
        functools.update_wrapper(self, fn, updated=())  # (a torch module's attributes are its own)
        self._fn = fn
        self._limit = limit
        self._static = static
        self._entries: dict[Any, _Entry] = {}
        self._lazy: dict[Any, LazyFunction] = {}  # for calls with lazy arrays
        self._recorder = recorder

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function under the limit.

        Raises
        ------
        MemoryLimitError
            Before anything runs, where no plan keeps the program under the limit.
        UnsupportedOpError
            For what cannot be recorded.
        """
        settings = current_settings(self._limit)
        constant, args, kwargs = self._static.take(args, kwargs) if self._static else ((), args, kwargs)
        leaves, in_tree = jax.tree_util.tree_flatten((args, kwargs))
        if any(isinstance(leaf, ndarray) for leaf in leaves):
            return self._lazy_call(leaves, in_tree, constant)
        if self._is_torch(leaves):
            return self._torch_calls.call(self._filled(constant), constant, args, kwargs, settings)
        entry = self._entry(leaves, in_tree, constant, args, kwargs)
        function = entry.function
        if entry.is_eager and not entry.has_keys and trace_state_clean():
            served = function.serve(entry.device, settings, entry.held_bytes)
            return jax.tree_util.tree_unflatten(entry.out_tree, served.run((*function.traced.constants, *leaves)))
        traced = function.traced
        raw = [leaf if key is None else jax.random.key_data(leaf) for leaf, key in zip(leaves, traced.in_keys, strict=True)]
        results = bind(function, settings, raw)
        typed = [
            value if key is None else jax.random.wrap_key_data(value, impl=key) for value, key in zip(results, traced.out_keys, strict=True)
        ]
        return jax.tree_util.tree_unflatten(entry.out_tree, typed)

    def plan(self, *args: Any, **kwargs: Any) -> Plan:
        """Do all that a call does, except to run: record, split, compile and verify.

        Parameters
        ----------
        *args, **kwargs
            As for the call; `jax.ShapeDtypeStruct` may stand for arrays.

        Raises
        ------
        MemoryLimitError, UnsupportedOpError
            As the call does.
        """
        settings = current_settings(self._limit)
        constant, args, kwargs = self._static.take(args, kwargs) if self._static else ((), args, kwargs)
        leaves, in_tree = jax.tree_util.tree_flatten((args, kwargs))
        if any(isinstance(leaf, ndarray) for leaf in leaves):
            return plan_of_arrays(self._lazy_call(leaves, in_tree, constant))
        if self._is_torch(leaves):
            return self._torch_calls.plan(self._filled(constant), constant, args, kwargs, settings)
        entry = self._entry(leaves, in_tree, constant, args, kwargs)
        served = entry.function.serve(entry.device, settings, entry.held_bytes)
        limit_bytes = max(limit_in_force(entry.device, settings, entry.held_bytes), served.peak_bytes)  # free memory moves while compiling
        return Plan.of(entry.function.traced.name, served.plan, limit_bytes, is_auto=settings.memory_limit == "auto")

    def with_limit(self, memory_limit: Any) -> "Wrapped":
        """The same function under another limit."""
        return Wrapped(self._fn, parse_limit(memory_limit), self._static, self._recorder)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Bind as a method, as plain functions do."""
        return self if instance is None else types.MethodType(self, instance)

    def __repr__(self) -> str:
        return f"memarray.wrap({self._fn!r}, memory_limit={self._limit!r})"

    def _is_torch(self, leaves: Sequence[Any]) -> bool:
        """Whether this call is torch's: a tensor anywhere, or a module. Where torch was never imported there are none."""
        torch = sys.modules.get("torch")
        return torch is not None and (isinstance(self._fn, torch.nn.Module) or any(isinstance(leaf, torch.Tensor) for leaf in leaves))

    @functools.cached_property
    def _torch_calls(self) -> Any:
        from memarray._torch_wrap import TorchCalls  # noqa: PLC0415  # torch is an extra

        return TorchCalls(self._fn, self._recorder)

    def _filled(self, constant: Any) -> Callable[..., Any]:
        return self._static.fill(self._fn, constant) if self._static else self._fn

    def _entry(self, leaves: Sequence[Any], in_tree: Any, constant: Hashable, args: Sequence[Any], kwargs: dict[str, Any]) -> _Entry:
        default_device = jax.config.jax_default_device  # type: ignore[attr-defined]  # the hints leave settings out
        key = (in_tree, constant, trace_context(), default_device, *map(_leaf_key, leaves))
        found = self._entries.get(key)
        if found is None:
            found = self._record(leaves, constant, args, kwargs)
            if not any(isinstance(value, jax.core.Tracer) for value in found.function.traced.constants):
                found = self._entries.setdefault(key, found)  # (a function that closes over tracers is another one in every trace)
        return found

    def _lazy_call(self, leaves: Sequence[Any], in_tree: Any, constant: Hashable) -> Any:
        """The call as one operation of lazy arrays, under this function's limit."""
        nodes = [leaf._node() if isinstance(leaf, ndarray) else as_operand(leaf) for leaf in leaves]
        arrays = tuple(isinstance(leaf, ndarray) for leaf in leaves)
        key = (in_tree, constant, arrays, *((node.shape, node.dtype) if isinstance(node, Node) else type(node) for node in nodes))
        found = self._lazy.get(key)
        if found is None:
            fn = self._filled(constant)
            found = self._lazy[key] = trace_lazy(fn, self.__name__, nodes, arrays, in_tree, self._limit)
        return found.record(nodes)

    def _record(self, leaves: Sequence[Any], constant: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> _Entry:
        for leaf in leaves:
            _reject_foreign(leaf, self.__name__)
        fn = self._filled(constant)
        function = Function(trace_jax(with_traced_results(fn), args, kwargs))
        traced = function.traced
        is_eager = not any(isinstance(leaf, (jax.core.Tracer, jax.ShapeDtypeStruct)) for leaf in (*leaves, *traced.constants))
        return _Entry(
            function,
            device_of((*leaves, *traced.constants)),
            traced.out_tree,
            any(key is not None for key in traced.in_keys + traced.out_keys),
            held_bytes((*leaves, *traced.constants)),
            is_eager,
        )


@overload
def wrap(
    fn: Callable[..., Any],
    *,
    memory_limit: Any = None,
    static_argnums: int | Iterable[int] = (),
    static_argnames: str | Iterable[str] = (),
    recorder: str | None = None,
) -> Wrapped: ...
@overload
def wrap(
    fn: None = None,
    *,
    memory_limit: Any = None,
    static_argnums: int | Iterable[int] = (),
    static_argnames: str | Iterable[str] = (),
    recorder: str | None = None,
) -> Callable[[Callable[..., Any]], Wrapped]: ...
def wrap(
    fn: Callable[..., Any] | None = None,
    *,
    memory_limit: Any = None,
    static_argnums: int | Iterable[int] = (),
    static_argnames: str | Iterable[str] = (),
    recorder: str | None = None,
) -> Any:
    """Make a function run under a memory limit.

    The function is recorded for the arguments' shapes and dtypes, rewritten and split so that its peak stays under the limit, verified with
    the compiler's own report, and run. ``jit``, ``grad``, ``vmap``, ``jvp`` and ``scan`` of the result work, and are fitted as well.

    Parameters
    ----------
    fn : callable
        A function written for JAX: whatever `jax.jit` accepts; or for torch: a function of tensors, or a `torch.nn.Module`. Without it, a
        decorator is returned.
    memory_limit : int or str, optional
        Bytes, text such as "256MB" or "1.5GiB", or "auto"; None takes `memarray.config.memory_limit` at each call. It bounds all that the
        program holds on its device while it runs: arguments, outputs, temporaries, and the work space of library calls.
    static_argnums, static_argnames
        Arguments that are hashable constants, as in `jax.jit`.
    recorder : {"torch-xla", "torchax"}, optional
        What records calls with torch tensors; None takes `memarray.config.recorder`.

    Returns
    -------
    callable
        Takes and gives what `fn` does, with results as `jax.Array`; its method ``plan(*args, **kwargs)`` does all but run.

    Notes
    -----
    Under a `jax.jit` of your own the function is fitted and verified by itself, then compiled as a part of yours: what the rest of your
    program holds is not counted, and its compile options are yours (see `memarray.compiler_options`).

    Examples
    --------
    >>> @memarray.wrap(memory_limit="256MB")
    ... def nearest(queries, points):
    ...     distances = ((queries[:, None] - points[None]) ** 2).sum(-1)
    ...     return jax.lax.top_k(-distances, 10)
    """
    limit = None if memory_limit is None else parse_limit(memory_limit)
    if fn is None:
        return functools.partial(
            wrap, memory_limit=limit, static_argnums=static_argnums, static_argnames=static_argnames, recorder=recorder
        )
    if not callable(fn):
        raise TypeError(
            f"memarray.wrap was given {fn!r}, a {type(fn).__name__}; expected a function (or nothing, as a decorator with arguments)"
        )
    return Wrapped(fn, limit, _Static.of(fn, static_argnums, static_argnames), None if recorder is None else parse_recorder(recorder))


def plan(fn: Callable[..., Any], *args: Any, memory_limit: Any = None, **kwargs: Any) -> Plan:
    """The plan for ``fn(*args, **kwargs)`` under a memory limit; nothing runs.

    Parameters
    ----------
    fn : callable or memarray.ndarray
        A function as for `wrap`, or one that `wrap` made; or a lazy array, whose evaluation is planned (together with others in `args`).
    *args, **kwargs
        Its arguments, or `jax.ShapeDtypeStruct` for them.
    memory_limit : int or str, optional
        As for `wrap`; None takes the function's own limit, else the configured one.

    Raises
    ------
    MemoryLimitError, UnsupportedOpError
        As a call does.
    """
    if isinstance(fn, ndarray):
        with scoped_limit(memory_limit):
            return plan_of_arrays((fn, *args))
    if isinstance(fn, Wrapped):
        if memory_limit is None:
            return fn.plan(*args, **kwargs)
        return fn.with_limit(memory_limit).plan(*args, **kwargs)
    return wrap(fn, memory_limit=memory_limit).plan(*args, **kwargs)


@dataclass(frozen=True)
class _Static:
    """Which arguments are constants, by position and by name."""

    positions: tuple[int, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, fn: Callable[..., Any], positions: int | Iterable[int], names: str | Iterable[str]) -> "_Static":
        """From what the user named; a position and its name stand for each other, as in `jax.jit`."""
        by_position = (positions,) if isinstance(positions, int) else tuple(positions)
        by_name = (names,) if isinstance(names, str) else tuple(names)
        if not by_position and not by_name:
            return cls((), ())
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        parameters = inspect.signature(fn).parameters
        ordered = [name for name, parameter in parameters.items() if parameter.kind in kinds]
        unknown = [name for name in by_name if name not in parameters]
        if unknown or any(not -len(ordered) <= i < len(ordered) for i in by_position):
            raise ValueError(f"static arguments {by_position + by_name} are not all arguments of {fn!r}, which has {list(parameters)}")
        found = {i % len(ordered) for i in by_position} | {ordered.index(name) for name in by_name if name in ordered}
        return cls(tuple(sorted(found)), tuple(sorted({ordered[i] for i in found} | set(by_name))))

    def __bool__(self) -> bool:
        return bool(self.names)

    def take(self, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
        """Split a call into its constants (hashable, to key a cache) and the rest."""
        constant = (tuple((i, args[i]) for i in self.positions if i < len(args)), tuple((n, kwargs[n]) for n in self.names if n in kwargs))
        for name, value in (*constant[0], *constant[1]):
            if not isinstance(value, Hashable):
                raise TypeError(
                    f"static argument {name!r} is {value!r}, a {type(value).__name__}, which is not hashable; pass a tuple instead of a "
                    "list, or make the argument an ordinary one"
                )
        rest = tuple(value for i, value in enumerate(args) if i not in self.positions)
        return constant, rest, {name: value for name, value in kwargs.items() if name not in self.names}

    def fill(self, fn: Callable[..., Any], constant: Any) -> Callable[..., Any]:
        """`fn` with the constants put back."""
        by_position, by_name = dict(constant[0]), dict(constant[1])

        @functools.wraps(fn)
        def filled(*rest: Any, **kwargs: Any) -> Any:
            args = list(rest)
            for i, value in by_position.items():  # in ascending order, so each lands where it was
                args.insert(i, value)
            return fn(*args, **kwargs, **by_name)

        return filled


def _leaf_key(leaf: Any) -> Hashable:
    """Shape, dtype and place of one argument: what a recording depends on."""
    kind = type(leaf)
    if kind in _array_types:
        return leaf.aval, leaf.sharding, leaf.committed
    if kind is np.ndarray:
        return kind, leaf.shape, leaf.dtype
    if kind in _SCALARS:
        return (kind,)
    return _key_of_other(leaf)


_SCALARS = (int, float, bool, complex)
_array_types: set[type] = set()  # JAX's concrete array types, as met: they have no public name


def _key_of_other(leaf: Any) -> Hashable:
    if isinstance(leaf, jax.core.Tracer):
        return jax.core.Tracer, jax.typeof(leaf)
    if isinstance(leaf, jax.Array):
        _array_types.add(type(leaf))
        return _leaf_key(leaf)
    if isinstance(leaf, jax.ShapeDtypeStruct):
        return jax.ShapeDtypeStruct, leaf
    return type(leaf), getattr(leaf, "shape", None), str(getattr(leaf, "dtype", None))


def _reject_foreign(leaf: Any, name: str) -> None:
    if hasattr(leaf, "__jax_array__") and not isinstance(leaf, (jax.Array, np.ndarray)):
        raise UnsupportedOpError(
            f"`{name}` was called with a {type(leaf).__name__}, which only converts to an array. Pass jax.numpy.asarray of it.",
            op="__jax_array__",
        )
