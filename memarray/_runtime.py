"""Compiling fitted modules, the compiler's verdict on them, and the cache of verified plans. The only place that compiles.

Recording -> fitted_program -> FittedProgram.serve(limit) -> Served(compiled, plan)
"""

import dataclasses
import functools
import hashlib
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax import export
from jaxlib.mlir import ir

from frontends import Recording, Spec
from memarray._allocator import freed_at_once
from memarray._config import Settings
from memarray._units import format_bytes
from memarray.errors import MemoryLimitError
from xla_passes import CannotFitError, Fit, Plan, Report, Search
from xla_passes.analysis.workspace import workspace_bytes
from xla_passes.module import parse, serialize

# XLA's CPU backend hides or wastes memory under its default options (jaxlib 0.10.2), so these are part of the promise:
CPU_OPTIONS: dict[str, Any] = {
    # By default whole sub-graphs become YNNPACK calls whose buffers no report counts (naive attention at n = 6,000: 142 MB); single
    # products only are within the work-space table, and faster.
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT",
    # It cuts reductions longer than 32 off their producers, which then materialise: a floor that no piece length lowers.
    "xla_disable_hlo_passes": "tree_reduction_rewriter",
}


LARGE_WORKSPACE = 4 << 20  # bytes of work space from which a run looks after the allocator


def compiler_options(platform: str | None = None) -> dict[str, Any]:
    """The XLA options that memarray compiles with, for a `jax.jit` of your own around wrapped functions.

    Parameters
    ----------
    platform : str, optional
        ``"cpu"``, ``"gpu"`` or ``"tpu"``; by default the one that JAX runs on.

    Returns
    -------
    dict
        For ``jax.jit(f, compiler_options=...)`` or ``Lowered.compile(compiler_options=...)``; empty where XLA's defaults serve.

    Examples
    --------
    >>> step = jax.jit(training_step, compiler_options=memarray.compiler_options())
    """
    return dict(CPU_OPTIONS) if (platform or jax.default_backend()) == "cpu" else {}


@dataclass(frozen=True)
class Signature:
    """What a module's `@main` takes and gives."""

    arguments: tuple[Spec, ...]
    results: tuple[Spec, ...]
    donated: tuple[int, ...] = ()  # positions of the arguments whose memory results may take


@dataclass(frozen=True, eq=False)
class Served:
    """A compiled program whose peak was verified, and its plan."""

    compiled: Any
    module: ir.Module
    signature: Signature
    platform: str
    plan: Plan

    @property
    def peak_bytes(self) -> int:
        """The verified peak."""
        return self.plan.report.peak_bytes

    @functools.cached_property
    def has_large_workspace(self) -> bool:
        """Whether library calls allocate enough on the CPU for what the allocator keeps of it to count."""
        return self.platform == "cpu" and self.plan.report.workspace_bytes >= LARGE_WORKSPACE

    def run(self, arguments: Sequence[Any]) -> list[Any]:
        """Run on flat arrays; waits for the results where the allocator is looked after meanwhile."""
        if not self.has_large_workspace:
            found: list[Any] = self.compiled(*arguments)
            return found
        with freed_at_once():
            return jax.block_until_ready(self.compiled(*arguments))

    @functools.cached_property
    def exported(self) -> Any:
        """The fitted module as a `jax.export.Exported`, to be inlined in a user's own jit."""
        return _exported(self.module, self.signature, self.platform)


class FittedProgram:
    """One recorded program on one device, with every plan that was verified for it: the fastest that is under a limit serves."""

    def __init__(self, recording: Recording, signature: Signature, device: Any, rewrites: str, split: str) -> None:
        self.name = recording.name
        self.signature = signature
        self.compilations = 0
        self._device = device
        self._split = split
        self._search = Search(parse(recording.artifact), self._report, rewrites=rewrites, platform=device.platform)
        self._served: tuple[Served, ...] = ()  # the fastest first
        self._failure: CannotFitError | None = None  # of the largest limit that failed
        self._lock = threading.Lock()

    def serve(self, limit_bytes: int, *, is_auto: bool = False) -> Served:
        """The fastest verified program with a peak of at most `limit_bytes`; plans and compiles if none is known.

        Raises `MemoryLimitError` where there is none; `is_auto` only words it.
        """
        return self._known(limit_bytes) or self._fit(limit_bytes, is_auto)

    def _known(self, limit_bytes: int) -> Served | None:
        """A kept program, unless the limit leaves room for plans that were not looked at yet, and that may be faster."""
        found = self._fastest(limit_bytes)
        is_final = found and (self._split == "always" or not found.plan.loops or self._search.is_searched(limit_bytes))
        return found if is_final else None

    def _fastest(self, limit_bytes: int) -> Served | None:
        return next((served for served in self._served if served.peak_bytes <= limit_bytes), None)

    def _fit(self, limit_bytes: int, is_auto: bool) -> Served:
        with self._lock:
            known = self._known(limit_bytes)  # another thread may have been first
            if known is not None:
                return known
            if self._failure is not None and limit_bytes <= self._failure.limit_bytes:
                raise self._error(self._failure, limit_bytes, is_auto)
            try:
                fit = self._search.forced((), limit_bytes) if self._split == "always" else self._search.fit(limit_bytes)
            except CannotFitError as failure:
                self._keep(failure.tried)
                self._failure = failure.with_traceback(None)  # whose frames would keep the caller's arrays alive
                raise self._error(failure, limit_bytes, is_auto) from None
            self._keep((fit, *fit.tried))
            found = self._fastest(limit_bytes)
        if found is None:
            raise RuntimeError(
                f"the plan for `{self.name}` has a peak of {fit.plan.report.peak_bytes} bytes under a limit of {limit_bytes}; this is a "
                "mistake in memarray, please report it"
            )
        return found

    def _keep(self, fits: tuple[Fit, ...]) -> None:
        """Add verified plans, that of the unsplit program among them. As written comes first, then unsplit, then the largest peaks."""
        found = {served.compiled: served for served in self._served}
        if self._split == "always":
            fits = tuple(fit for fit in fits if fit.plan.loops) or fits[:1]
        else:
            fits = (*(as_written for fit in fits[:1] if (as_written := self._as_written(fit.plan))), *fits)
        for fit in fits:
            compiled = fit.plan.report.program
            found.setdefault(compiled, Served(compiled, fit.module, self.signature, export_platform(self._device), fit.plan))
        self._served = tuple(sorted(found.values(), key=_speed))

    def _as_written(self, plan: Plan) -> Fit | None:
        """The unsplit program, whose report every plan carries."""
        if plan.unsplit is None or plan.unsplit.program is None:
            return None
        whole = dataclasses.replace(plan, report=plan.unsplit, loops=(), rewrites=(), blocked=(), steps_after=plan.steps_before)
        return Fit(self._search.module, whole)

    def _report(self, module: ir.Module) -> Report:
        self.compilations += 1
        return compile_module(module, self.signature, self._device)

    def _error(self, failure: CannotFitError, limit_bytes: int, is_auto: bool) -> MemoryLimitError:
        smallest = min([failure.smallest_limit_bytes, *(served.peak_bytes for served in self._served)])
        return MemoryLimitError(
            _explain(failure, self.name, self.signature, limit_bytes, smallest, is_auto),
            op=failure.op,
            source_line=failure.source_line,
            shape=tuple(failure.shape),
            needed_bytes=min(failure.needed_bytes, smallest),
            limit_bytes=limit_bytes,
            smallest_limit_bytes=smallest,
        )


def _speed(served: Served) -> tuple[bool, float, int]:
    """Sorts programs, the fastest first: as written, then by the estimate; of equals, those with the most room."""
    seconds = served.plan.estimated_seconds
    is_written = not served.plan.loops and not served.plan.rewrites
    return not is_written, math.inf if seconds is None else seconds, -served.peak_bytes


def fitted_program(recording: Recording, device: Any, settings: Settings, donated: tuple[int, ...] = ()) -> FittedProgram:
    """The process's one `FittedProgram` for this module, device and settings (the limit aside)."""
    # Without locations, which hold the lines of whoever called; those inside of a function come with its definition.
    text = str(parse(recording.artifact).operation.get_asm(enable_debug_info=False))
    digest = hashlib.sha256(text.encode()).digest()
    signature = Signature(recording.arguments, recording.results, donated)
    return _program(_Key(digest, signature, recording.name, recording.definition, device, settings.rewrites, settings.split, recording))


@dataclass(frozen=True)
class _Key:
    """What makes two programs one. Equal modules may differ in weak types, and in where they come from, which plans and errors name."""

    digest: bytes
    signature: Signature
    name: str
    definition: str | None
    device: Any
    rewrites: str
    split: str
    recording: Recording = dataclasses.field(compare=False, repr=False)


@functools.lru_cache(maxsize=1024)
def _program(key: _Key) -> FittedProgram:
    return FittedProgram(key.recording, key.signature, key.device, key.rewrites, key.split)


def compile_module(module: ir.Module, signature: Signature, device: Any) -> Report:
    """Compile a module for a device; the report holds the compiled program, which takes and gives flat arrays."""
    exported = _exported(module, signature, export_platform(device))
    placed = jax.sharding.SingleDeviceSharding(device)
    specs = [jax.ShapeDtypeStruct(spec.shape, spec.dtype, sharding=placed, weak_type=spec.is_weak) for spec in signature.arguments]
    compiled = (
        jax.jit(exported.call, keep_unused=True, donate_argnums=signature.donated)
        .lower(*specs)
        .compile(compiler_options=compiler_options(device.platform))
    )
    found = compiled.memory_analysis()
    if found is None:
        raise RuntimeError(f"the compiler for {device} gives no memory report, without which no limit can be promised")
    return Report(
        argument_bytes=found.argument_size_in_bytes,
        output_bytes=found.output_size_in_bytes,
        temp_bytes=found.temp_size_in_bytes,
        alias_bytes=found.alias_size_in_bytes,
        peak_memory_bytes=found.peak_memory_in_bytes,
        workspace_bytes=workspace_bytes(module, device.platform),
        program=compiled,
    )


def export_platform(device: Any) -> str:
    """The name under which `jax.export` knows a device's platform."""
    if device.platform != "gpu":
        return str(device.platform)
    return "rocm" if "rocm" in device.client.platform_version.lower() else "cuda"


def _exported(module: ir.Module, signature: Signature, platform: str) -> Any:
    return dataclasses.replace(_empty_export(signature, platform), mlir_module_serialized=serialize(module))


@functools.lru_cache(maxsize=256)
def _empty_export(signature: Signature, platform: str) -> Any:
    """An `Exported` of the right signature that gives zeros: the shell around our own modules."""

    def zeros(*leaves: Any) -> list[Any]:
        del leaves
        return [jax.lax.full(spec.shape, np.zeros((), spec.dtype)) for spec in signature.results]

    specs = [jax.ShapeDtypeStruct(spec.shape, spec.dtype, weak_type=spec.is_weak) for spec in signature.arguments]
    exported = export.export(jax.jit(zeros, keep_unused=True), platforms=[platform])(*specs)
    avals = tuple(aval.update(weak_type=spec.is_weak) for aval, spec in zip(exported.out_avals, signature.results, strict=True))
    return dataclasses.replace(exported, out_avals=avals)


def _explain(failure: CannotFitError, name: str, signature: Signature, limit_bytes: int, smallest_bytes: int, is_auto: bool) -> str:
    """What happened, what was expected, what to do."""
    arguments, outputs = (sum(spec.nbytes for spec in specs) for specs in (signature.arguments, signature.results))
    limit = f"{_exactly(limit_bytes)}{', which is what the device has free' if is_auto else ''}"
    where = f" at {failure.source_line}" if failure.source_line else ""
    largest = "" if failure.op in ("", "func.return") else f"`{failure.op}` of shape {tuple(failure.shape)}{where}"
    sizes = f"arguments are {format_bytes(arguments)} and outputs {format_bytes(outputs)}"
    head = f"`{name}` cannot run under the memory limit of {limit}: "
    tail = f"The smallest limit that works is {_exactly(smallest_bytes)}. Raise the limit to that, or "
    if arguments + outputs > limit_bytes:
        largest = f"The largest value inside is {largest}. " if largest else ""
        return (
            f"{head}{sizes}, which alone is over it, and no splitting makes them smaller. {largest}{tail}call it on parts of its arguments."
        )
    reason = next((f", which no loop could make smaller ({note.reason})" for note in failure.blocked if note.op == failure.op), "")
    largest = f"What stays large is {largest}{reason}. " if largest else ""
    peaks = f"the best plan has a peak of {_exactly(smallest_bytes)}; unsplit it is {format_bytes(failure.unsplit_peak_bytes)}"
    return f"{head}{peaks} ({sizes}). {largest}{tail}make the value named here smaller."


def _exactly(count: int) -> str:
    return f"{count} bytes ({format_bytes(count)})"
