"""Tracing a torch function: what its tensors are like in, a `TorchProgram` out. Nothing is computed, and no data are looked at.

`closed_over` runs the function on fake tensors, finds the tensors that it uses besides its arguments, and stops at what depends on data.
`standing_in` makes those arguments too, and `trace_torch` runs it once more and writes it down below autograd: as pure operations of ATen.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.fx
from torch.fx import traceback as fx_traceback
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from frontends.errors import UnsupportedOpError
from frontends.torch_compat import (
    FakeTensor,
    FakeTensorMode,
    FunctionalTensor,
    FunctionalTensorMode,
    get_mkldnn_enabled,
    is_functional_mode_on,
    is_functorch_wrapped_tensor,
    make_fx,
    set_mkldnn_enabled,
)
from frontends.torch_decompositions import decompositions
from frontends.torch_errors import explained
from frontends.torch_functions import FUNCTIONS
from frontends.torch_graph import program_of
from frontends.torch_layout import Layout
from frontends.torch_program import TorchProgram
from frontends.torch_random import SEED_WORDS, drawing_from
from frontends.torch_source import user_line

LINE = "memarray_line"  # under which a node of autograd's graph keeps the line that made it


@dataclass(frozen=True)
class Argument:
    """What a tensor that goes into a program is like; calls with equal ones share a recording."""

    layout: Layout
    dtype: torch.dtype
    device: torch.device
    requires_grad: bool

    @classmethod
    def of(cls, tensor: torch.Tensor) -> "Argument":
        """Of a tensor, or of a meta tensor, which stands for one on the CPU."""
        _reject_sparse(tensor)
        device = torch.device("cpu") if tensor.device.type == "meta" else tensor.device
        return cls(Layout.of(tuple(tensor.shape), tensor.stride()), tensor.dtype, device, tensor.requires_grad)


@dataclass(frozen=True)
class Result:
    """A result of the program, and how the tensor that it stands for lies in it."""

    layout: Layout
    dtype: torch.dtype
    is_differentiable: bool


@dataclass(frozen=True)
class Slot:
    """A tensor that the function returns: a result of the program, by its number."""

    index: int


@dataclass(frozen=True)
class Input:
    """A tensor that the function returns: one of its arguments itself."""

    index: int


@dataclass(frozen=True, eq=False)
class TracedTorch:
    """A torch function, traced. Its program's arguments are its own, then the seed if it draws, then `constants`.

    The program's results are those of the function that are tensors, then the new values of the arguments that it writes to.
    """

    name: str
    definition: str | None
    program: TorchProgram
    draws: bool
    constants: tuple[torch.Tensor, ...]
    results: tuple[Result, ...]
    written: tuple[int, ...]  # numbers of the arguments
    out_spec: Any
    out_leaves: tuple[Any, ...]  # a `Slot`, an `Input`, or a value that is no tensor


Body = Callable[[Sequence[torch.Tensor]], Any]  # takes flat tensors, gives any tree of results


def closed_over(
    call: Body, arguments: Sequence[Argument], sources: Sequence[torch.Tensor], name: str
) -> tuple[tuple[int, ...], tuple[torch.Tensor, ...]]:
    """Which of `sources` a function uses besides its arguments, and which other tensors. It runs on fake tensors.

    Raises
    ------
    UnsupportedOpError
        For what depends on data.
    """
    mode = FakeTensorMode()
    with mode:
        fakes = [argument.layout.from_stored(_fake(argument)).requires_grad_(argument.requires_grad) for argument in arguments]
    stand_ins = _StandIns(sources, [mode.from_tensor(source) for source in sources], mode.from_tensor)
    with explained(name), plain_kernels(), mode, stand_ins:
        result = call(fakes)
    returned = set(map(id, pytree.tree_leaves(result)))
    met = [i for i, source in enumerate(sources) if stand_ins.met.get(i) or id(source) in returned]
    return tuple(met), tuple(stand_ins.others)


def standing_in(call: Body, count: int, sources: Sequence[torch.Tensor]) -> Body:
    """A function of `count` tensors, as one of those and what stands for `sources` wherever it meets them."""

    def body(tensors: Sequence[torch.Tensor]) -> Any:
        with _StandIns(sources, tensors[count:], _functional):
            result = call(tensors[:count])
        known = dict(zip(map(id, sources), tensors[count:], strict=True))
        return pytree.tree_map_only(torch.Tensor, lambda leaf: known.get(id(leaf), leaf), result)

    return body


def trace_torch(body: Body, arguments: Sequence[Argument], name: str, definition: str | None = None) -> TracedTorch:
    """Trace a function of flat tensors, which uses no others.

    Raises
    ------
    UnsupportedOpError
        For what depends on data, and what is no operation on tensors.
    """
    with FakeTensorMode(allow_non_fake_inputs=True):
        stored = [_fake(argument) for argument in arguments]
        seed = torch.empty(SEED_WORDS, dtype=torch.int32)
    traces: list[_Trace] = []

    def flat(*values: torch.Tensor) -> list[torch.Tensor]:
        with FunctionalTensorMode(), drawing_from(lambda: values[-1]):
            traces.append(_Trace.run(body, values[:-1], arguments))
        return traces[-1].values

    with explained(name), plain_kernels(), fx_traceback.preserve_node_meta():
        module = make_fx(flat, decomposition_table=decompositions(), tracing_mode="fake")(*stored, seed)
        program, constants, draws = program_of(module, name)
    trace = traces[-1]
    return TracedTorch(name, definition, program, draws, constants, trace.results, trace.written, trace.out_spec, trace.out_leaves)


@dataclass(frozen=True, eq=False)
class _Trace:
    """What a run of the function gave, and which of its arguments it wrote to."""

    values: list[torch.Tensor]
    results: tuple[Result, ...]
    written: tuple[int, ...]
    out_spec: Any
    out_leaves: tuple[Any, ...]

    @classmethod
    def run(cls, body: Body, values: Sequence[torch.Tensor], arguments: Sequence[Argument]) -> "_Trace":
        bases = [FunctionalTensor.to_functional(value) for value in values]
        inputs = [_input(base, argument) for base, argument in zip(bases, arguments, strict=True)]
        leaves, out_spec = pytree.tree_flatten(body(inputs))
        found: list[Any] = []
        tensors: list[torch.Tensor] = []
        results: list[Result] = []
        with torch.no_grad():
            for leaf in leaves:
                index = next((i for i, tensor in enumerate(inputs) if tensor is leaf), None)
                if index is not None:
                    found.append(Input(index))
                elif isinstance(leaf, torch.Tensor):
                    _reject_sparse(leaf)
                    result = Result(Layout.of(tuple(leaf.shape), leaf.stride()), leaf.dtype, leaf.requires_grad)
                    found.append(Slot(len(results)))
                    results.append(result)
                    tensors.append(result.layout.to_stored(leaf.detach()))
                else:
                    found.append(leaf)
        written = []
        for i, (base, value) in enumerate(zip(bases, values, strict=True)):
            if _pure(base) is not value:
                written.append(i)
                tensors.append(base)
        return cls([_pure(tensor) for tensor in tensors], tuple(results), tuple(written), out_spec, tuple(found))


def _reject_sparse(tensor: torch.Tensor) -> None:
    if tensor.layout != torch.strided:
        raise UnsupportedOpError(
            f"there is a tensor of layout {tensor.layout}; a recorded program has dense tensors only. Use `.to_dense()` of it.",
            op=str(tensor.layout),
        )


def _fake(argument: Argument) -> torch.Tensor:
    """A fake tensor like the program's argument; call it under a fake mode."""
    return torch.empty(argument.layout.stored_shape, dtype=argument.dtype, device=argument.device)


def _input(base: torch.Tensor, argument: Argument) -> torch.Tensor:
    """The function's argument from the program's, of which it is a view."""
    with torch.no_grad():
        tensor = argument.layout.from_stored(base)
    return tensor.detach().requires_grad_() if argument.requires_grad else tensor


def _pure(tensor: Any) -> torch.Tensor:
    """The value of a functional tensor."""
    torch._sync(tensor)  # type: ignore[attr-defined, no-untyped-call]  # missing from the hints
    return torch._from_functional_tensor(tensor.elem)


def _functional(tensor: torch.Tensor) -> torch.Tensor:
    """A functional tensor for one that is none, or that torch's C++ code has made (`torch.tensor(...)`)."""
    if not is_functional_mode_on():
        return tensor  # (a step inside of the mode, which takes care of it)
    if torch._is_functional_tensor(tensor):
        torch._sync(tensor)  # type: ignore[attr-defined, no-untyped-call]  # missing from the hints
        tensor = torch._from_functional_tensor(tensor)
    return FunctionalTensor.to_functional(tensor)


class _StandIns(TorchFunctionMode):
    """Real tensors that a function meets are replaced by what stands for them, or by `unknown` of them. Notes the user's lines, too."""

    def __init__(
        self, sources: Sequence[torch.Tensor], stand_ins: Sequence[torch.Tensor], unknown: Callable[[torch.Tensor], torch.Tensor]
    ) -> None:
        self._known = {id(source): (i, stand_in) for i, (source, stand_in) in enumerate(zip(sources, stand_ins, strict=True))}
        self._unknown = unknown
        self.met: dict[int, bool] = {}  # numbers of the sources that were met
        self.others: list[torch.Tensor] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call `func` with what stands for its tensors."""
        line = user_line()
        fx_traceback.set_stack_trace([line or ""])
        args, kwargs = pytree.tree_map_only(torch.Tensor, self._stand_in, (args, kwargs or {}))
        found = FUNCTIONS.get(func, func)(*args, **kwargs)
        for each in found if isinstance(found, (tuple, list)) else (found,):
            if isinstance(each, torch.Tensor) and each.grad_fn is not None:
                each.grad_fn.metadata.setdefault(LINE, line)  # type: ignore[attr-defined]  # a property, hinted as a method
        return found

    def _stand_in(self, tensor: torch.Tensor) -> torch.Tensor:
        if id(tensor) in self._known:
            number, found = self._known[id(tensor)]
            self.met[number] = True
            return found
        if isinstance(tensor, (FakeTensor, FunctionalTensor)) or is_functorch_wrapped_tensor(tensor):
            return tensor
        self.others.append(tensor)  # (kept alive: its id is a key)
        found = self._unknown(tensor)
        self._known[id(tensor)] = -1, found
        return found


@contextlib.contextmanager
def plain_kernels() -> Iterator[None]:
    """Torch's fused kernels are off: they would hide from the passes what they compute, and exist on torch's devices only."""
    fastpath, mkldnn = torch.backends.mha.get_fastpath_enabled(), get_mkldnn_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    set_mkldnn_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fastpath)
        set_mkldnn_enabled(mkldnn)
