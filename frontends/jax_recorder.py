"""The JAX recorder: a function that JAX can trace in, a StableHLO `Recording` out.

Tracing (`trace_jax`) and lowering (`lower_traced`) are apart, because derivatives and batches are made from the traced function.
"""

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.extend.core as jex
import jax.numpy as jnp
import numpy as np
from jax import export
from jax.extend import source_info_util

from frontends.errors import UnsupportedOpError
from frontends.recording import Recording, Spec

# Constants that stay in the module are in no field of the compiler's report, so they are bounded: small ones stay, because XLA folds them
# (masks, indices, filter taps) and each argument costs dispatch time; all beyond these bytes together become arguments and are counted.
BAKED_BYTES = 64 * 1024

source_info_util.register_exclusion(__file__)  # source lines in plans and errors are the user's, not those of this file

_CALLBACKS = {
    "pure_callback": "compute it with jax.numpy, or call it outside of the wrapped function",
    "io_callback": "move the callback outside of the wrapped function",
    "debug_callback": "remove it, or return the value and print it outside of the wrapped function",
    "debug_print": "remove it, or return the value and print it outside of the wrapped function",
}


@dataclass(frozen=True, eq=False)
class TracedFunction:
    """A function as a jaxpr over raw arrays: lifted constants first, then the leaves of the caller's arguments."""

    name: str
    definition: str | None
    jaxpr: Any  # ClosedJaxpr; what it still closes over is at most BAKED_BYTES
    constants: tuple[Any, ...]
    in_tree: Any
    out_tree: Any
    in_keys: tuple[Any, ...]
    out_keys: tuple[Any, ...]

    @property
    def arguments(self) -> tuple[Spec, ...]:
        """Shapes and dtypes of constants and arguments."""
        return tuple(_spec(aval) for aval in self.jaxpr.in_avals)

    @property
    def results(self) -> tuple[Spec, ...]:
        """Shapes and dtypes of results."""
        return tuple(_spec(aval) for aval in self.jaxpr.out_avals)


def record_jax(fn: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], platform: str | None = None) -> Recording:
    """Record `fn(*args, **kwargs)`; nothing is run, and arguments may be `jax.ShapeDtypeStruct`.

    Parameters
    ----------
    fn : callable
        Any function that `jax.jit` accepts.
    args, kwargs
        Pytrees of arrays, NumPy arrays, Python scalars, or `jax.ShapeDtypeStruct`.
    platform : str, optional
        ``"cpu"``, ``"cuda"``, ``"rocm"`` or ``"tpu"``; by default the one that JAX runs on.

    Raises
    ------
    UnsupportedOpError
        For host callbacks and prints, and for whatever `jax.export` refuses.
    """
    traced = trace_jax(fn, args, kwargs)
    return lower_traced(traced, platform or export.default_export_platform())


def trace_jax(fn: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], definition: str | None = None) -> TracedFunction:
    """Trace `fn` to a jaxpr over raw arrays, with large closed-over arrays (and outer tracers) lifted to arguments.

    `definition` is for functions that are derived from another one, which is where the user has defined them.
    """
    name = function_name(fn)
    leaves, in_tree = jax.tree.flatten((tuple(args), dict(kwargs)))
    closed, result = jax.make_jaxpr(fn, return_shape=True)(*args, **kwargs)
    _reject_refs((*leaves, *closed.consts), name)
    results, out_tree = jax.tree.flatten(result)
    in_keys, out_keys = tuple(map(key_implementation, leaves)), tuple(map(key_implementation, results))
    lifted = _lifted(closed.consts)
    if lifted or any(in_keys) or any(out_keys):
        closed, constants = _with_raw_arguments(closed, lifted, in_keys, out_keys)
    else:
        constants = ()
    return TracedFunction(name, definition or _definition(fn), closed, constants, in_tree, out_tree, in_keys, out_keys)


def lower_traced(traced: TracedFunction, platform: str) -> Recording:
    """Lower a traced function to a StableHLO portable artifact."""
    _reject_callbacks(traced)
    function = jex.jaxpr_as_fun(traced.jaxpr)
    specs = [jax.ShapeDtypeStruct(aval.shape, aval.dtype, weak_type=aval.weak_type) for aval in traced.jaxpr.in_avals]
    jitted = jax.jit(function, keep_unused=True)
    artifact = _export(jitted, specs, platform, traced.name).mlir_module_serialized
    return Recording(
        traced.name,
        traced.definition,
        artifact,
        traced.arguments,
        traced.results,
        traced.constants,
        traced.in_tree,
        traced.out_tree,
        traced.in_keys,
        traced.out_keys,
    )


def function_name(fn: Callable[..., Any]) -> str:
    """What to call a function in messages."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    return getattr(fn, "__name__", type(fn).__name__)


def _definition(fn: Callable[..., Any]) -> str | None:
    fn = inspect.unwrap(fn)
    while isinstance(fn, functools.partial):
        fn = inspect.unwrap(fn.func)
    code = getattr(fn, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else None


def key_implementation(leaf: Any) -> Any:
    """The implementation of a typed random key (an array or a spec of keys), None for anything else."""
    dtype = getattr(leaf, "dtype", None)
    if dtype is None or not jnp.issubdtype(dtype, jax.dtypes.prng_key):
        return None
    found: list[Any] = []
    jax.eval_shape(lambda key: found.append(jax.random.key_impl(key)), jax.ShapeDtypeStruct((), dtype))
    return found[0]


def _spec(aval: Any) -> Spec:
    return Spec(tuple(aval.shape), np.dtype(aval.dtype), bool(aval.weak_type))


def _lifted(constants: Sequence[Any]) -> tuple[int, ...]:
    """Positions of the constants that become arguments: the tracers, the keys, and the largest until BAKED_BYTES are left."""
    must = [i for i, value in enumerate(constants) if isinstance(value, jax.core.Tracer) or key_implementation(value) is not None]
    rest = sorted((i for i in range(len(constants)) if i not in must), key=lambda i: _constant_bytes(constants[i]))
    baked = 0
    for i in rest:
        baked += _constant_bytes(constants[i])
        if baked > BAKED_BYTES:
            must.append(i)
    return tuple(sorted(must))


def _constant_bytes(value: Any) -> int:
    return int(np.prod(np.shape(value), dtype=np.int64)) * np.dtype(value.dtype).itemsize


def _with_raw_arguments(
    closed: Any, lifted: tuple[int, ...], in_keys: tuple[Any, ...], out_keys: tuple[Any, ...]
) -> tuple[Any, tuple[Any, ...]]:
    """The same jaxpr with `lifted` constants as leading arguments and every random key as its raw words."""
    constant_keys = tuple(key_implementation(closed.consts[i]) for i in lifted)
    constants = tuple(_as_argument(closed.consts[i], key) for i, key in zip(lifted, constant_keys, strict=True))

    def run(*leaves: Any) -> list[Any]:
        logical = [
            unwrap if key is None else jax.random.wrap_key_data(unwrap, impl=key)
            for unwrap, key in zip(leaves, constant_keys + in_keys, strict=True)
        ]
        values = dict(zip(lifted, logical, strict=False))
        consts = [values.get(i, value) for i, value in enumerate(closed.consts)]
        results = jax.core.eval_jaxpr(closed.jaxpr, consts, *logical[len(lifted) :])
        return [value if key is None else jax.random.key_data(value) for value, key in zip(results, out_keys, strict=True)]

    arguments = [_raw_spec(aval, key) for aval, key in zip(closed.in_avals, in_keys, strict=True)]
    raw = jax.make_jaxpr(run)(*[_raw_spec(jax.typeof(value), None) for value in constants], *arguments)
    return raw, constants


def _raw_spec(aval: Any, key: Any) -> jax.ShapeDtypeStruct:
    if key is None:
        return jax.ShapeDtypeStruct(aval.shape, aval.dtype, weak_type=aval.weak_type)
    return jax.eval_shape(jax.random.key_data, jax.ShapeDtypeStruct(aval.shape, aval.dtype))


def _as_argument(value: Any, key: Any) -> Any:
    """A constant on the device. NumPy arrays are copied: what was traced must not change with the user's array, as under `jax.jit`."""
    if key is not None:
        return jax.random.key_data(value)
    return value if isinstance(value, jax.Array) else jnp.array(np.asarray(value), dtype=value.dtype, copy=True)


def _export(jitted: Any, specs: Sequence[Any], platform: str, name: str) -> Any:
    """`jax.export`, letting library calls through that it refuses for lack of a compatibility guarantee: this process runs the module."""
    try:
        return export.export(jitted, platforms=[platform])(*specs)
    except UnsupportedOpError:
        raise
    except ValueError as error:
        if "custom call" not in str(error):
            raise _refused(name, error) from error
    except NotImplementedError as error:
        raise _refused(name, error) from error
    text = jitted.trace(*specs).lower(lowering_platforms=(platform,)).as_text()
    targets = sorted(set(re.findall(r"custom_call @([\w.$]+)", text)))
    checks = [export.DisabledSafetyCheck.custom_call(target) for target in targets]
    return export.export(jitted, platforms=[platform], disabled_checks=checks)(*specs)


def _refused(name: str, error: Exception) -> UnsupportedOpError:
    return UnsupportedOpError(
        f'`{name}` could not be recorded: jax.export refused it with "{error}". Move what it names outside of the wrapped function.',
        op=name,
    )


def _reject_callbacks(traced: TracedFunction) -> None:
    """Raise for the first equation that calls back into Python or has side effects: neither can be recorded."""
    for equation in _equations(traced.jaxpr.jaxpr):
        op = equation.primitive.name
        if op in _CALLBACKS:
            advice = _CALLBACKS[op]
        elif any(not _is_contained(effect) for effect in equation.effects) and not list(jex.jaxprs_in_params(equation.params)):
            advice = "move it outside of the wrapped function"
        else:
            continue
        where = _source_line(equation)
        raise UnsupportedOpError(
            f"`{op}` at {where or 'an unknown line'} in `{traced.name}` cannot be recorded: it runs Python, or has a side effect, "
            f"while the program runs. Expected operations on arrays only. To fix it, {advice}.",
            op=op,
            source_line=where,
        )


def _reject_refs(values: Iterable[Any], name: str) -> None:
    if any(isinstance(value, jax.Ref) for value in values):
        raise UnsupportedOpError(
            f"`{name}` uses a jax.Ref from outside, which would change while the program runs. Expected arrays. To fix it, pass the "
            "array that it holds, and return the new one.",
            op="jax.Ref",
        )


def _is_contained(effect: Any) -> bool:
    """Whether an effect stays inside the program: writes to a `jax.Ref` made in it, which lowering turns into values."""
    return type(effect).__name__ in {"ReadEffect", "WriteEffect", "AccumEffect", "InternalMutableArrayEffect"}


def _equations(jaxpr: Any) -> Iterator[Any]:
    for equation in jaxpr.eqns:
        yield equation
        for inner in jex.jaxprs_in_params(equation.params):
            yield from _equations(inner)


def _source_line(equation: Any) -> str | None:
    """`file:line` of the user's frame; JAX gives `file:line:column (function)`."""
    match = re.match(r"(.+?:\d+)(?::\d+)? \(", source_info_util.summarize(equation.source_info))
    return match.group(1) if match else None
