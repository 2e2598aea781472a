"""`torch.compile(fn, backend="memarray", options={"memory_limit": "1GB"})`: what Dynamo captures runs under a limit, training included.

Dynamo -> AOTAutograd, with memarray's decompositions -> forward and backward graph -> a `TorchFunction` for each set of shapes.
torch finds the backend by its entry point; nothing here needs to be imported.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.fx

from frontends.torch_compat import TracingContext, aot_autograd, no_modes, tracing
from frontends.torch_decompositions import joint_decompositions
from frontends.torch_joint import Replay, origin_of, put_own_functions
from frontends.torch_random import draw_seed, drawing_from
from frontends.torch_recorder import choose_recorder
from frontends.torch_trace import Argument, plain_kernels
from memarray._config import Limit, Settings, current_settings, parse_limit, parse_recorder, torch_recorder
from memarray._plan import Plan
from memarray._primitive import limit_in_force
from memarray._torch_arrays import jax_device
from memarray._torch_function import TorchFunction
from memarray._torch_partition import Cut, total_bytes
from memarray.errors import MemoryLimitError, UnsupportedOpError

__all__ = ["memarray_backend"]


def memarray_backend(
    module: torch.fx.GraphModule, example_inputs: Sequence[Any], *, options: Mapping[str, Any] | None = None, mode: str | None = None
) -> Callable[..., Any]:
    """Compile a graph of Dynamo's; torch calls this for ``torch.compile(..., backend="memarray")``.

    Parameters
    ----------
    module, example_inputs
        The graph, and what it will be called with.
    options : dict, optional
        As given to torch.compile. ``memory_limit``: bytes, text such as "1GB", or "auto"; without it `memarray.config.memory_limit` at each
        call. ``recorder``: "torch-xla" or "torchax"; without it `memarray.config.recorder`. ``on_plan``: called with the `Plan` of each
        program as it is fitted, for example ``plans.append``.
    mode : str, optional
        torch.compile's, which this backend has none of.

    Returns
    -------
    callable
        What Dynamo runs in the graph's place.

    Notes
    -----
    Forward and backward are programs of their own, each under the limit, with what is saved between them counted in both. A graph that
    cannot be fitted or recorded raises `MemoryLimitError` or `UnsupportedOpError` when it is called, before it runs. Shapes are always
    specialised: a graph that Dynamo made for symbolic ones has a program for each set of shapes.
    """
    if mode is not None:
        raise ValueError(
            f"torch.compile(mode={mode!r}) means nothing to the backend 'memarray'; leave it out, and use options={{'memory_limit': ...}}"
        )
    compiler = _Compiler(_Options.parse(options or {}), *origin_of(module))
    put_own_functions(module)
    backend = aot_autograd(
        fw_compiler=compiler.forward,
        bw_compiler=compiler.backward,
        inference_compiler=compiler.inference,
        partition_fn=compiler.partition,
        decompositions=joint_decompositions(),
    )
    try:
        with plain_kernels(), drawing_from(draw_seed):
            compiled: Callable[..., Any] = backend(module, example_inputs)
    except UnsupportedOpError as error:  # (raised here, torch would wrap it)
        return _raising(error.with_traceback(None))
    return compiled


@dataclass(frozen=True)
class _Options:
    """What `torch.compile(options=...)` says."""

    memory_limit: Limit | None = None
    recorder: str | None = None
    on_plan: Callable[[Plan], None] | None = None

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> "_Options":
        unknown = sorted(set(options) - {"memory_limit", "recorder", "on_plan"})
        if unknown:
            raise ValueError(
                f"torch.compile(backend='memarray') was given the option {unknown[0]!r}; expected 'memory_limit', 'recorder' or 'on_plan'"
            )
        limit, recorder = options.get("memory_limit"), options.get("recorder")
        return cls(
            None if limit is None else parse_limit(limit), None if recorder is None else parse_recorder(recorder), options.get("on_plan")
        )


@dataclass(frozen=True)
class _Compiler:
    """The graphs of one function."""

    options: _Options
    name: str
    line: str | None

    def inference(self, module: torch.fx.GraphModule, example_inputs: Sequence[Any]) -> Callable[..., Any]:
        """A graph without derivative."""
        del example_inputs
        return _boxed(_Graph(module, self.name, self.line, self.options))

    def forward(self, module: torch.fx.GraphModule, example_inputs: Sequence[Any]) -> Callable[..., Any]:
        """A forward graph. Its saved values stay, so that the graph can be kept for a second backward pass."""
        context = TracingContext.try_get()
        donated = getattr(context and context.fw_metadata, "bw_donated_idxs", None)
        if donated:
            donated.clear()
        return self.inference(module, example_inputs)

    def backward(self, module: torch.fx.GraphModule, example_inputs: Sequence[Any]) -> Callable[..., Any]:
        """A backward graph."""
        del example_inputs
        return _boxed(_Graph(module, self._backward_name, self.line, self.options))

    def partition(
        self, joint: torch.fx.GraphModule, joint_inputs: Any, *, num_fwd_outputs: int, **hints: Any
    ) -> tuple[torch.fx.GraphModule, torch.fx.GraphModule]:
        """Cut a joint graph in two. Where memory is short, the cut is tried, and less is saved if that does not fit."""
        del joint_inputs, hints
        cut = Cut.of(joint, num_fwd_outputs)
        settings = current_settings(self.options.memory_limit)
        held = total_bytes(cut.inputs)
        limit = limit_in_force(jax_device(_device(cut.inputs)), settings, held)
        share = cut.share(limit)
        least = cut.saved(0)
        parts = None
        for budget in (share, share // 4):
            saved = cut.saved(budget)
            if len(saved) == len(least):
                break
            parts = cut.parts(saved)
            if total_bytes(joint.graph.nodes) <= limit or all(map(self._fits, parts, (self.name, self._backward_name))):
                return parts
        return cut.parts(least)

    @property
    def _backward_name(self) -> str:
        return f"gradient of {self.name}"

    def _fits(self, module: torch.fx.GraphModule, name: str) -> bool:
        """Whether a graph can be fitted, as far as that can be known before it is called."""
        values = [node.meta["val"] for node in module.graph.find_nodes(op="placeholder")]
        if not all(
            isinstance(value, torch.Tensor) and all(isinstance(each, int) for each in (*value.shape, *value.stride())) for value in values
        ):
            return True
        try:
            with tracing(None), no_modes():  # (a trace of its own)
                _Graph(module, name, self.line, replace(self.options, on_plan=None)).fit(values)
        except MemoryLimitError:
            return False
        except UnsupportedOpError:
            return True  # (which the call will say)
        return True


class _Graph:
    """A graph of AOTAutograd's, and its programs."""

    def __init__(self, module: torch.fx.GraphModule, name: str, line: str | None, options: _Options) -> None:
        self._replay = Replay(module)
        self._name = name
        self._line = line
        self._options = options
        self._functions: dict[Any, TorchFunction] = {}
        self._told: set[Any] = set()
        self._lock = threading.RLock()

    def call(self, values: Sequence[Any]) -> Any:
        """The graph's results for its arguments: tensors, and numbers where its shapes are symbols."""
        settings = current_settings(self._options.memory_limit)
        function = self.function(values)
        if self._options.on_plan is not None:
            self._tell(self._options.on_plan, function, settings)
        tensors = [*_tensors(values), *self._replay.constants]
        with torch.no_grad():
            return function.rebuilt(function.call(tensors, settings), tensors)

    def fit(self, values: Sequence[Any]) -> Plan:
        """Do all that a call does, except to run."""
        return self.function(values).plan(current_settings(self._options.memory_limit))

    def function(self, values: Sequence[Any]) -> TorchFunction:
        """The function for arguments like these."""
        recorder = choose_recorder(torch_recorder(self._options.recorder))
        key = (recorder, *((value.shape, value.stride()) if isinstance(value, torch.Tensor) else value for value in values))
        with self._lock:
            found = self._functions.get(key)
            if found is None:
                arguments = [replace(Argument.of(tensor), requires_grad=False) for tensor in (*_tensors(values), *self._replay.constants)]
                with no_modes():  # (torch 2.13 watches a graph's first call by one)
                    found = TorchFunction(self._replay.body(values), arguments, self._name, self._line, recorder)
                self._functions[key] = found
        return found

    def _tell(self, on_plan: Callable[[Plan], None], function: TorchFunction, settings: Settings) -> None:
        key = (function, settings)
        if key not in self._told:
            plan = function.plan(settings)
            self._told.add(key)
            on_plan(plan)


def _boxed(graph: _Graph) -> Callable[..., Any]:
    """As AOTAutograd calls it: with a list of arguments, which is emptied so that nobody else keeps them."""

    def run(values: list[Any]) -> Any:
        given = tuple(values)
        values.clear()
        return graph.call(given)

    run._boxed_call = True  # type: ignore[attr-defined]
    return run


def _raising(error: Exception) -> Callable[..., Any]:
    def run(*args: Any) -> Any:
        del args
        raise error

    return run


def _tensors(values: Iterable[Any]) -> list[torch.Tensor]:
    return [value for value in values if isinstance(value, torch.Tensor)]


def _device(nodes: Iterable[torch.fx.Node]) -> torch.device:
    return next((node.meta["val"].device for node in nodes), torch.device("cpu"))
