"""A traced torch function that runs under a memory limit, and its derivatives, each fitted to the limit as well.

A derivative is traced from the original function, so it recomputes what it needs instead of storing it, as for JAX.
"""

import dataclasses
import functools
import threading
from collections.abc import Sequence
from typing import Any

import torch
from torch.utils import _pytree as pytree

from frontends import Recording
from frontends.torch_derivative import vjp_of
from frontends.torch_layout import Layout
from frontends.torch_random import new_seed
from frontends.torch_recorder import record_torch
from frontends.torch_trace import Argument, Body, Input, Result, Slot, TracedTorch, trace_torch
from memarray._config import Settings
from memarray._evaluate import jax_scopes
from memarray._plan import Plan
from memarray._primitive import limit_in_force
from memarray._runtime import FittedProgram, Served, export_platform, fitted_program
from memarray._torch_arrays import jax_device, to_jax, to_torch


class TorchFunction:
    """A flat function of tensors like `arguments`; its results are those of the program that are not written back."""

    def __init__(self, body: Body, arguments: Sequence[Argument], name: str, definition: str | None, recorder: str) -> None:
        self._body = body
        self.arguments = tuple(arguments)
        self._recorder = recorder
        self.traced: TracedTorch = trace_torch(body, arguments, name, definition)
        self._device = self.arguments[0].device if self.arguments else torch.device("cpu")
        self._programs: dict[Any, FittedProgram] = {}
        self._derived: dict[Any, TorchFunction] = {}
        self._lock = threading.RLock()

    @functools.cached_property
    def recording(self) -> Recording:
        """The program as StableHLO."""
        return record_torch(self.traced, self._recorder, export_platform(jax_device(self._device)))

    def call(self, tensors: Sequence[torch.Tensor], settings: Settings, seed: torch.Tensor | None = None) -> list[torch.Tensor]:
        """The results, differentiable where torch's would be."""
        if seed is None and self.traced.draws:
            seed = new_seed()
        if torch.is_grad_enabled() and any(result.is_differentiable for result in self.traced.results):
            return list(_Call.apply(self, settings, seed, *tensors))  # type: ignore[no-untyped-call]  # torch has no hints for it
        return self.run(tensors, settings, seed)

    def run(self, tensors: Sequence[torch.Tensor], settings: Settings, seed: torch.Tensor | None) -> list[torch.Tensor]:
        """The results' values. Tensors that the function writes to are written to."""
        with jax_scopes():
            arrays = self._arrays(tensors, seed)
            served = self._serve(settings, sum(array.nbytes for array in arrays))
            values = [to_torch(value, self._device) for value in served.run(arrays)]
        traced = self.traced
        count = len(traced.results)
        with torch.no_grad():
            for i, value in zip(traced.written, values[count:], strict=True):
                tensors[i].copy_(self.arguments[i].layout.from_stored(value))
        return [result.layout.from_stored(value) for result, value in zip(traced.results, values[:count], strict=True)]

    def plan(self, settings: Settings) -> Plan:
        """How the program fits; nothing runs."""
        held = self.recording.argument_bytes
        with jax_scopes():
            served = self._serve(settings, held)
            limit = max(limit_in_force(jax_device(self._device), settings, held), served.peak_bytes)  # free memory moves while compiling
        return Plan.of(self.traced.name, served.plan, limit, is_auto=settings.memory_limit == "auto")

    def rebuilt(self, results: Sequence[torch.Tensor], tensors: Sequence[torch.Tensor]) -> Any:
        """The tree that the function returns."""
        leaves: list[Any] = []
        for leaf in self.traced.out_leaves:
            if isinstance(leaf, Slot):
                leaf = results[leaf.index]  # noqa: PLW2901
            elif isinstance(leaf, Input):
                leaf = tensors[leaf.index]  # noqa: PLW2901
            leaves.append(leaf)
        return pytree.tree_unflatten(leaves, self.traced.out_spec)

    def vjp(self, wanted: tuple[int, ...], differentiable: tuple[bool, ...]) -> "TorchFunction":
        """The gradients of the arguments `wanted`, as a function of the arguments and the cotangents of the differentiable results.

        `differentiable` says which of those need a gradient themselves.
        """
        with self._lock:
            found = self._derived.get((wanted, differentiable))
            if found is None:
                cotangents = [_dense(result, self._device) for result in self.traced.results if result.is_differentiable]
                arguments = [
                    dataclasses.replace(argument, requires_grad=needed)
                    for argument, needed in zip((*self.arguments, *cotangents), differentiable, strict=True)
                ]
                body = vjp_of(self._body, len(self.arguments), wanted)
                found = TorchFunction(body, arguments, f"gradient of {self.traced.name}", self.traced.definition, self._recorder)
                self._derived[wanted, differentiable] = found
        return found

    def _arrays(self, tensors: Sequence[torch.Tensor], seed: torch.Tensor | None) -> list[Any]:
        device = jax_device(self._device)
        stored = [argument.layout.to_stored(tensor) for argument, tensor in zip(self.arguments, tensors, strict=True)]
        if self.traced.draws:
            assert seed is not None
            stored.append(seed.to(self._device))
        stored += [constant.to(self._device).contiguous() for constant in self.traced.constants]
        return [to_jax(tensor, device) for tensor in stored]

    def _serve(self, settings: Settings, held: int) -> Served:
        device = jax_device(self._device)
        key = (settings.rewrites, settings.split)
        with self._lock:
            if key not in self._programs:
                self._programs[key] = fitted_program(self.recording, device, settings)
        return self._programs[key].serve(limit_in_force(device, settings, held), is_auto=settings.memory_limit == "auto")


class _Call(torch.autograd.Function):
    """A call as one step of autograd's graph, whose backward step is a call of the function's derivative."""

    @staticmethod
    def forward(ctx: Any, function: TorchFunction, settings: Settings, seed: torch.Tensor | None, *tensors: torch.Tensor) -> Any:
        written = function.traced.written
        ctx.save_for_backward(*(tensor.clone() if i in written else tensor for i, tensor in enumerate(tensors)))
        ctx.function, ctx.settings, ctx.seed = function, settings, seed
        results = function.run(tensors, settings, seed)
        is_differentiable = [result.is_differentiable for result in function.traced.results]
        ctx.mark_non_differentiable(*(value for value, wanted in zip(results, is_differentiable, strict=True) if not wanted))
        return tuple(results)

    @staticmethod
    def backward(ctx: Any, *cotangents: torch.Tensor) -> Any:
        function = ctx.function
        given = [ct for ct, result in zip(cotangents, function.traced.results, strict=True) if result.is_differentiable]
        tensors = [*ctx.saved_tensors, *given]
        needed = ctx.needs_input_grad[3:]
        wanted = tuple(i for i, is_needed in enumerate(needed) if is_needed)
        derived = function.vjp(wanted, tuple(torch.is_grad_enabled() and tensor.requires_grad for tensor in tensors))
        gradients = iter(derived.rebuilt(derived.call(tensors, ctx.settings, ctx.seed), tensors))
        return (None, None, None, *(next(gradients) if is_needed else None for is_needed in needed))


def _dense(result: Result, device: torch.device) -> Argument:
    """A cotangent: like the result, row-major."""
    shape = result.layout.shape
    return Argument(Layout(shape, tuple(range(len(shape))), ()), result.dtype, device, requires_grad=False)
