"""Wrapped functions called with torch tensors: each signature is traced once, and a call runs its program on the tensors' own memory."""

import inspect
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils import _pytree as pytree

from frontends import function_name
from frontends.torch_compat import FakeTensor, FunctionalTensor, is_functorch_wrapped_tensor
from frontends.torch_recorder import choose_recorder, start_recorder
from frontends.torch_trace import Argument, closed_over, standing_in
from memarray._config import Settings, torch_recorder
from memarray._plan import Plan
from memarray._torch_function import TorchFunction
from memarray._torch_modules import assignments_written, modules_of
from memarray.errors import UnsupportedOpError


@dataclass(frozen=True, eq=False)
class _Entry:
    """What is known of calls with one signature."""

    function: TorchFunction
    state: tuple[int, ...]  # which tensors of the modules it uses
    others: tuple[torch.Tensor, ...]  # tensors that it closes over besides
    arguments_of_others: tuple[Argument, ...]
    modules: tuple[torch.nn.Module, ...]  # kept alive: their ids are part of the key

    def is_current(self) -> bool:
        """Whether the tensors that it closes over are what they were."""
        return all(Argument.of(tensor) == argument for tensor, argument in zip(self.others, self.arguments_of_others, strict=True))


class TorchCalls:
    """The calls of one function with torch tensors."""

    def __init__(self, fn: Callable[..., Any], recorder: str | None) -> None:
        self._fn = fn
        self._recorder = recorder
        self._entries: dict[Any, _Entry] = {}
        self._lock = threading.RLock()

    def call(self, fn: Callable[..., Any], constant: Hashable, args: Any, kwargs: Any, settings: Settings) -> Any:
        """Run `fn`, which has the constants filled in. Inside of another function's trace it becomes a part of that one."""
        if any(isinstance(leaf, (FakeTensor, FunctionalTensor)) for leaf in pytree.tree_leaves((args, kwargs))):
            return fn(*args, **kwargs)
        entry, tensors = self._entry(fn, constant, args, kwargs)
        found = entry.function.call(tensors, settings)
        return entry.function.rebuilt(found, tensors)

    def plan(self, fn: Callable[..., Any], constant: Hashable, args: Any, kwargs: Any, settings: Settings) -> Plan:
        """Its plan; nothing runs."""
        entry, _ = self._entry(fn, constant, args, kwargs)
        return entry.function.plan(settings)

    def _entry(self, fn: Callable[..., Any], constant: Hashable, args: Any, kwargs: Any) -> tuple[_Entry, list[torch.Tensor]]:
        recorder = choose_recorder(torch_recorder(self._recorder))
        leaves, spec = pytree.tree_flatten((args, kwargs))
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        modules = modules_of(self._fn)
        state = [tensor for module in modules for tensor in (*module.parameters(), *module.buffers())]
        _reject_transformed((*tensors, *state), function_name(self._fn))
        statics = tuple(None if isinstance(leaf, torch.Tensor) else _static_key(leaf, function_name(self._fn)) for leaf in leaves)
        arguments = tuple(map(Argument.of, tensors))
        state_arguments = tuple(map(Argument.of, state))
        modes = (*map(id, modules), *(module.training for outer in modules for module in outer.modules()))
        key = (spec, constant, statics, arguments, state_arguments, modes, recorder, *_torch_state())
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or not entry.is_current():
                _reject_mixed((*arguments, *state_arguments), function_name(self._fn))
                start_recorder(recorder)
                entry = self._entries[key] = self._trace(fn, leaves, spec, arguments, state, modules, recorder)
        return entry, [*tensors, *(state[i] for i in entry.state), *entry.others]

    def _trace(
        self,
        fn: Callable[..., Any],
        leaves: Sequence[Any],
        spec: Any,
        arguments: Sequence[Argument],
        state: Sequence[torch.Tensor],
        modules: tuple[torch.nn.Module, ...],
        recorder: str,
    ) -> _Entry:
        name = function_name(self._fn)

        def call(tensors: Sequence[torch.Tensor]) -> Any:
            rest = iter(tensors)
            filled = [next(rest) if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves]
            args, kwargs = pytree.tree_unflatten(filled, spec)
            with assignments_written(modules):
                return fn(*args, **kwargs)

        met, others = closed_over(call, arguments, state, name)
        sources = (*(state[i] for i in met), *others)
        body = standing_in(call, len(arguments), sources)
        of_sources = tuple(map(Argument.of, sources))
        function = TorchFunction(body, (*arguments, *of_sources), name, _definition(self._fn), recorder)
        return _Entry(function, met, others, of_sources[len(met) :], modules)


def _torch_state() -> tuple[Any, ...]:
    """What of torch's own state a trace depends on."""
    return (
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        torch.is_autocast_enabled("cpu"),
        torch.is_autocast_enabled("cuda"),
        torch.get_autocast_dtype("cpu"),
        torch.get_autocast_dtype("cuda"),
    )


def _static_key(leaf: Any, name: str) -> Hashable:
    """An argument that is no tensor is a constant of the program; 1, 1.0 and True are different ones."""
    if isinstance(leaf, Hashable) and not isinstance(leaf, torch.Generator) and not hasattr(leaf, "__array__"):
        return type(leaf), leaf
    raise UnsupportedOpError(
        f"`{name}` was called with torch tensors and {type(leaf).__module__}.{type(leaf).__name__}, which is neither a tensor nor a "
        "constant that can be hashed. Pass a tensor (torch.as_tensor of it), a number, a string, None, or a tuple, list or dict of those.",
        op="argument",
    )


def _reject_transformed(tensors: Sequence[torch.Tensor], name: str) -> None:
    if any(is_functorch_wrapped_tensor(tensor) for tensor in tensors):
        raise UnsupportedOpError(
            f"`{name}` was called under a transformation of torch.func, which would have to look into the program. Wrap what the "
            "transformation gives instead: memarray.wrap(torch.func.vmap(function)).",
            op="torch.func",
        )


def _reject_mixed(arguments: Sequence[Argument], name: str) -> None:
    devices = {str(argument.device): None for argument in arguments}
    if len(devices) > 1:
        raise UnsupportedOpError(
            f"`{name}` was called with tensors on several devices ({', '.join(devices)}); a program runs on one. Move them to one with "
            "`.to(device)`.",
            op="device",
        )


def _definition(fn: Any) -> str | None:
    plain = type(fn).forward if isinstance(fn, torch.nn.Module) else inspect.unwrap(getattr(fn, "__func__", fn))
    code = getattr(plain, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else None
