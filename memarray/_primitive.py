"""The JAX primitive that a call of a wrapped function is, and its derivatives and batches, each fitted to the limit as well.

A derived function is traced from the original one, so it recomputes what it needs instead of storing it, and the splitter sees all of it.
"""

import functools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.extend.core as jex
import jax.numpy as jnp
import numpy as np
from jax.extend import source_info_util
from jax.interpreters import ad, batching, mlir

from frontends import Recording, TracedFunction, UnsupportedOpError, lower_traced, trace_jax
from memarray._config import Settings
from memarray._free_memory import free_bytes
from memarray._runtime import FittedProgram, Served, export_platform, fitted_program

source_info_util.register_exclusion(__file__)  # source lines are the user's, not those of this file


@dataclass(frozen=True)
class Jvp:
    """The tangents of the floating-point results, from the primals and the tangents that are not zero."""

    has_tangent: tuple[bool, ...]

    def apply(self, function: "Function") -> tuple[Callable[..., Any], list[Any]]:
        """The derived callable and the specs of its arguments."""
        specs = function.specs
        original = function.callable

        def tangents(*leaves: Any) -> list[Any]:
            primals, given = leaves[: len(specs)], leaves[len(specs) :]

            def of_some(*some: Any) -> list[Any]:
                rest = iter(some)
                chosen = [next(rest) if has else primal for primal, has in zip(primals, self.has_tangent, strict=True)]
                return [result for result in original(*chosen) if _is_inexact(result)]

            some = tuple(primal for primal, has in zip(primals, self.has_tangent, strict=True) if has)
            return list(jax.jvp(of_some, some, tuple(given))[1])

        return tangents, specs + [spec for spec, has in zip(specs, self.has_tangent, strict=True) if has]


@dataclass(frozen=True)
class Batch:
    """The function over a batch: `axes` of the arguments are mapped, each result has the batch in front."""

    axes: tuple[int | None, ...]
    size: int

    def apply(self, function: "Function") -> tuple[Callable[..., Any], list[Any]]:
        """The derived callable and the specs of its arguments."""
        batched = jax.vmap(lambda *leaves: list(function.callable(*leaves)), in_axes=self.axes, out_axes=0, axis_size=self.size)
        return batched, [_with_axis(spec, axis, self.size) for spec, axis in zip(function.specs, self.axes, strict=True)]


@dataclass(frozen=True)
class Transpose:
    """The transpose of a function that is linear in some arguments: from the others and the cotangents that are not zero."""

    is_linear: tuple[bool, ...]
    has_cotangent: tuple[bool, ...]

    def apply(self, function: "Function") -> tuple[Callable[..., Any], list[Any]]:
        """The derived callable and the specs of its arguments."""
        fixed_specs = [spec for spec, linear in zip(function.specs, self.is_linear, strict=True) if not linear]
        linear_specs = [spec for spec, linear in zip(function.specs, self.is_linear, strict=True) if linear]

        def transposed(*leaves: Any) -> list[Any]:
            fixed, given = leaves[: len(fixed_specs)], iter(leaves[len(fixed_specs) :])

            def of_linear(*linear: Any) -> list[Any]:
                sources = (iter(fixed), iter(linear))
                return list(function.callable(*[next(sources[is_linear]) for is_linear in self.is_linear]))

            cotangents = [
                next(given) if has else jnp.zeros(spec.shape, spec.dtype)
                for spec, has in zip(function.result_specs, self.has_cotangent, strict=True)
            ]
            return list(jax.linear_transpose(of_linear, *linear_specs)(cotangents))

        return transposed, fixed_specs + [spec for spec, has in zip(function.result_specs, self.has_cotangent, strict=True) if has]


Step = Jvp | Batch | Transpose


class Function:
    """A traced function with its fitted programs and the functions derived from it; equal to itself only, so it keys JAX's caches."""

    def __init__(self, traced: TracedFunction) -> None:
        self.traced = traced
        self._recordings: dict[str, Recording] = {}
        self._programs: dict[Any, FittedProgram] = {}
        self._derived: dict[Step, Function] = {}
        self._lock = threading.RLock()

    @functools.cached_property
    def specs(self) -> list[Any]:
        """Specs of all arguments, lifted constants first."""
        return [_struct(aval) for aval in self.traced.jaxpr.in_avals]

    @functools.cached_property
    def result_specs(self) -> list[Any]:
        """Specs of the results."""
        return [_struct(aval) for aval in self.traced.jaxpr.out_avals]

    @functools.cached_property
    def callable(self) -> Callable[..., Any]:
        """The original function on flat arrays, for JAX to transform."""
        found: Callable[..., Any] = jex.jaxpr_as_fun(self.traced.jaxpr)
        return found

    def derive(self, step: Step) -> "Function":
        """The function that `step` makes of this one, traced once."""
        with self._lock:
            found = self._derived.get(step)
            if found is None:
                derived, specs = step.apply(self)
                derived.__name__ = f"{type(step).__name__.lower()} of {self.traced.name}"
                found = self._derived[step] = Function(trace_jax(derived, specs, {}, self.traced.definition))
        return found

    def program(self, device: Any, settings: Settings, donated: tuple[int, ...] = ()) -> FittedProgram:
        """The fitted program of this function for a device; results may take the memory of the arguments at the positions `donated`."""
        key = (device, settings.rewrites, settings.split, donated)
        found = self._programs.get(key)
        if found is None:
            with self._lock:
                platform = export_platform(device)
                if platform not in self._recordings:
                    self._recordings[platform] = lower_traced(self.traced, platform)
                found = self._programs[key] = fitted_program(self._recordings[platform], device, settings, donated)
        return found

    def serve(self, device: Any, settings: Settings, held: int) -> Served:
        """The program for this call; `held` are the bytes of its arguments that are on the device already."""
        limit = limit_in_force(device, settings, held)
        return self.program(device, settings).serve(limit, is_auto=settings.memory_limit == "auto")


def limit_in_force(device: Any, settings: Settings, held: int) -> int:
    """The limit in bytes. "auto" is what the device has free, and what the arguments hold of it already."""
    limit = settings.memory_limit
    return free_bytes(device) + held if limit == "auto" else limit


fitted_call_p = jex.Primitive("memarray_call")
fitted_call_p.multiple_results = True


def bind(function: Function, settings: Settings, arguments: Sequence[Any]) -> list[Any]:
    """Call `function` as JAX's own operations are called: under any transformation, and at once where there is none."""
    found: list[Any] = fitted_call_p.bind(*function.traced.constants, *arguments, function=function, settings=settings)
    return found


def device_of(arguments: Sequence[Any]) -> Any:
    """The one device that the arguments are on, JAX's default device if they are not on any."""
    committed: dict[Any, None] = {}
    resting: dict[Any, None] = {}
    for value in arguments:
        if isinstance(value, jax.Array) and not isinstance(value, jax.core.Tracer):
            (committed if value.committed else resting).update(dict.fromkeys(value.devices()))
    if len(committed) > 1:
        names = ", ".join(map(str, committed))
        raise UnsupportedOpError(
            f"the arguments are on several devices ({names}); memarray runs a program on one. Move them with jax.device_put, or "
            "gather sharded arrays first.",
            op="device_put",
        )
    for device in (*committed, *resting):
        return device
    return default_device()


def default_device() -> Any:
    """The device that JAX places new arrays on."""
    chosen = jax.config.jax_default_device  # type: ignore[attr-defined]  # the hints leave settings out
    if chosen is None:
        return jax.local_devices()[0]
    return jax.local_devices(backend=chosen)[0] if isinstance(chosen, str) else chosen


def held_bytes(arguments: Sequence[Any]) -> int:
    """Bytes of the arguments that are arrays on the device already."""
    return sum(value.nbytes for value in arguments if isinstance(value, jax.Array) and not isinstance(value, jax.core.Tracer))


def _run(*arguments: Any, function: Function, settings: Settings) -> list[Any]:
    served = function.serve(device_of(arguments), settings, held_bytes(arguments))
    return served.run(arguments)


def _result_avals(*avals: Any, function: Function, settings: Settings) -> list[Any]:
    del avals, settings
    return list(function.traced.jaxpr.out_avals)


def _jvp(primals: Sequence[Any], tangents: Sequence[Any], *, function: Function, settings: Settings) -> tuple[list[Any], list[Any]]:
    results = fitted_call_p.bind(*primals, function=function, settings=settings)
    has_tangent = tuple(type(t) is not ad.Zero and np.dtype(t.dtype) != jax.dtypes.float0 for t in tangents)
    given = [t for t, has in zip(tangents, has_tangent, strict=True) if has]
    derived = iter(bind(function.derive(Jvp(has_tangent)), settings, [*primals, *given]) if given else ())
    outs = [next(derived) if given and _is_inexact(result) else ad.Zero(jax.typeof(result).to_tangent_aval()) for result in results]
    return results, outs


def _batch(arguments: Sequence[Any], axes: Sequence[Any], *, function: Function, settings: Settings) -> tuple[list[Any], tuple[int, ...]]:
    size = next(np.shape(value)[axis] for value, axis in zip(arguments, axes, strict=True) if axis is not None)
    results = bind(function.derive(Batch(tuple(axes), size)), settings, arguments)
    return results, (0,) * len(results)


def _transpose(cotangents: Sequence[Any], *arguments: Any, function: Function, settings: Settings) -> list[Any]:
    is_linear = tuple(ad.is_undefined_primal(value) for value in arguments)
    has_cotangent = tuple(type(ct) is not ad.Zero for ct in cotangents)
    fixed = [value for value, linear in zip(arguments, is_linear, strict=True) if not linear]
    given = [ct for ct, has in zip(cotangents, has_cotangent, strict=True) if has]
    results = iter(bind(function.derive(Transpose(is_linear, has_cotangent)), settings, [*fixed, *given]))
    return [next(results) if linear else None for linear in is_linear]


def _lower(ctx: Any, *operands: Any, function: Function, settings: Settings) -> Any:
    """Inline the fitted module in a user's jit. Our own compilation has verified it; the whole is compiled with the user's options."""
    platforms = ctx.platforms or ctx.module_context.platforms
    if len(platforms) != 1:
        raise UnsupportedOpError(
            f"`{function.traced.name}` is lowered for several platforms at once {tuple(platforms)}; a program is fitted for one. "
            "Lower for one platform.",
            op=fitted_call_p.name,
        )
    try:
        device = jax.local_devices(backend=platforms[0])[0]
    except RuntimeError as error:
        raise UnsupportedOpError(
            f"`{function.traced.name}` is lowered for {platforms[0]}, and no such device is here to compile for.", op=fitted_call_p.name
        ) from error
    served = function.serve(device, settings, 0)
    return mlir.lower_fun(served.exported.call, multiple_results=True)(ctx, *operands)


fitted_call_p.def_impl(_run)
fitted_call_p.def_abstract_eval(_result_avals)
ad.primitive_jvps[fitted_call_p] = _jvp
ad.primitive_transposes[fitted_call_p] = _transpose
batching.primitive_batchers[fitted_call_p] = _batch
mlir.register_lowering(fitted_call_p, _lower)


def _is_inexact(value: Any) -> bool:
    return bool(jnp.issubdtype(value.dtype, jnp.inexact))


def _struct(aval: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(aval.shape, aval.dtype, weak_type=aval.weak_type)


def _with_axis(spec: Any, axis: int | None, size: int) -> jax.ShapeDtypeStruct:
    shape = spec.shape if axis is None else (*spec.shape[:axis], size, *spec.shape[axis:])
    return jax.ShapeDtypeStruct(shape, spec.dtype, weak_type=spec.weak_type)
