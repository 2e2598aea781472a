"""The torchax recorder: a `TorchProgram` in, StableHLO out, by torchax's table of what ATen operations are in JAX. For `torch_worker`."""

import functools
import logging
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import torch
from jax import export
from jax.extend import source_info_util

from frontends import torch_jax_convolution
from frontends.torch_lowerings import ARITHMETIC, LOWERINGS, checked, jax_dtype, lower_call
from frontends.torch_program import Call, Ref, TorchProgram, Unsupported, map_leaves
from frontends.torch_source import at_line


def _import_torchax() -> Any:
    """Import torchax 0.0.13, which needs help: its checkpoints want flax, and its casts name overloads that torch has dropped since 2.9."""
    sys.modules["torchax.checkpoint"] = checkpoints = types.ModuleType("torchax.checkpoint")
    checkpoints.save_checkpoint = checkpoints.load_checkpoint = None  # type: ignore[attr-defined]
    packet = torch._ops.OpOverloadPacket
    look_up = packet.__getattr__

    def look_up_or_name(self: Any, name: str) -> Any:
        try:
            return look_up(self, name)
        except AttributeError:
            if name.startswith("_"):
                raise
            return str(self), name

    packet.__getattr__ = look_up_or_name  # type: ignore[method-assign]
    logging.disable()  # it warns of an operation that it registers twice
    try:
        import torchax  # noqa: PLC0415

        torchax.default_env()  # loads the operations
    finally:
        packet.__getattr__ = look_up  # type: ignore[method-assign]
        logging.disable(logging.NOTSET)
    return torchax


torchax = _import_torchax()
torchax.enable_accuracy_mode()
jax.config.update("jax_default_matmul_precision", None)
_environment = torchax.default_env()
for _module in (torch, torchax):
    source_info_util.register_exclusion(str(Path(str(_module.__file__)).parent))  # source lines are the user's
source_info_util.register_exclusion(functools.__file__)


def _embedding(weight: Any, indices: Any, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False) -> Any:
    """Indices count from the start, and are there; torchax asks for each whether it is."""
    del padding_idx, scale_grad_by_freq, sparse
    return weight.at[indices].get(mode="clip", wrap_negative_indices=False)


_OWN = {
    **LOWERINGS,
    **ARITHMETIC,
    **torch_jax_convolution.LOWERINGS,
    "aten.embedding.default": _embedding,
}


def lower(program: TorchProgram, platform: str, progress: Callable[[int], None]) -> bytes | Unsupported:
    """The portable artifact of a program; `progress` is told of each call before it."""
    call: Call | None = None

    def run(*arguments: Any) -> list[Any]:
        nonlocal call
        values = list(arguments)
        with _environment:
            for i, call in enumerate(program.calls):
                progress(i)
                values.extend(_apply(call, values))
        return [values[ref.index] for ref in program.outputs]

    specs = [jax.ShapeDtypeStruct(spec.shape, jax_dtype(spec.dtype)) for spec in program.arguments]
    try:
        return bytes(export.export(jax.jit(run, keep_unused=True), platforms=[platform])(*specs).mlir_module_serialized)
    except Exception as error:  # noqa: BLE001  # whatever torchax raises means that it has no lowering
        return Unsupported(call.op if call else program.name, f"{type(error).__name__}: {error}", call.source_line if call else None)


def _apply(call: Call, values: Sequence[Any]) -> list[Any]:
    if call.op in _OWN:
        return lower_call(call, values, _OWN)
    target = functools.reduce(getattr, call.op.split("."), torch.ops)

    def look_up(leaf: Any) -> Any:
        return _environment.j2t_iso(values[leaf.index]) if isinstance(leaf, Ref) else leaf

    args, kwargs = map_leaves(call.args, look_up), map_leaves(call.kwargs, look_up)
    kwargs.pop("device", None)
    torch.set_default_dtype(_default_dtype(call))
    found = at_line(call.source_line)(_environment.dispatch, target, (), args, kwargs)
    results = list(found) if call.is_several else [found]
    return [checked(_environment.t2j_iso(value), spec) for value, spec in zip(results, call.results, strict=True)]


def _default_dtype(call: Call) -> torch.dtype:
    """What torchax casts to where Python's numbers meet tensors: wide enough not to lose digits; what is too wide is cast back."""
    wide = (torch.float64, torch.complex128, torch.int64)
    return torch.float64 if any(spec is not None and spec.dtype in wide for spec in call.results) else torch.float32
