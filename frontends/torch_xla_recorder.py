"""The torch-xla recorder: a `TorchProgram` in, StableHLO out, by torch-xla's tracer on tensors without data. Runs in `torch_worker`."""

import functools
import os
from collections.abc import Callable, Sequence
from typing import Any

os.environ.update(PJRT_DEVICE="CPU", XLA_IR_DEBUG="1", XLA_HLO_DEBUG="1")  # the last two: lines of the user's code go into the module

import torch
import torch_xla  # noqa: F401  # before its extension module
import _XLAC
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import chlo, func, stablehlo
from torch_xla.core import xla_builder

from frontends.compat import register_dialects
from frontends.torch_program import Call, Ref, TensorSpec, TorchProgram, Unsupported, map_leaves
from frontends.torch_source import at_line
from frontends.torch_xla_mending import mend

_XLAC._set_xla_all_numbers_special_scalars(True)  # numbers become constants, not parameters
DEVICE = torch.device("xla:0")

_KERNELS = ("XLA", "CompositeExplicitAutograd", "CompositeImplicitAutograd")

_ELEMENTS = {
    torch.bool: lambda: ir.IntegerType.get_signless(1),
    torch.uint8: lambda: ir.IntegerType.get_unsigned(8),
    torch.uint16: lambda: ir.IntegerType.get_unsigned(16),
    torch.uint32: lambda: ir.IntegerType.get_unsigned(32),
    torch.uint64: lambda: ir.IntegerType.get_unsigned(64),
    torch.int8: lambda: ir.IntegerType.get_signless(8),
    torch.int16: lambda: ir.IntegerType.get_signless(16),
    torch.int32: lambda: ir.IntegerType.get_signless(32),
    torch.int64: lambda: ir.IntegerType.get_signless(64),
    torch.float16: ir.F16Type.get,
    torch.bfloat16: ir.BF16Type.get,
    torch.float32: ir.F32Type.get,
    torch.float64: ir.F64Type.get,
    torch.complex64: lambda: ir.ComplexType.get(ir.F32Type.get()),
    torch.complex128: lambda: ir.ComplexType.get(ir.F64Type.get()),
}


class _LoweringError(Exception):
    """A call that torch-xla cannot lower."""


def lower(program: TorchProgram, platform: str, progress: Callable[[int], None]) -> bytes | Unsupported:
    """The portable artifact of a program; `progress` is told of each call before it. What torch-xla emits is the same for every platform."""
    del platform
    call: Call | None = None
    try:
        arguments = [xla_builder.create_placeholder_tensor(spec.shape, spec.dtype) for spec in program.arguments]
        values: list[Any] = list(arguments)
        for i, call in enumerate(program.calls):
            progress(i)
            values.extend(_apply(call, values))
        outputs = [values[ref.index] for ref in program.outputs]
        emitted = _XLAC._get_stablehlo(outputs, str(DEVICE), [], True)
        used, data = _XLAC._get_tensors_xla_device_data_node(outputs)
        numbers = {_XLAC._xla_get_tensor_id(argument): i for i, argument in enumerate(arguments)}
        return _in_order(emitted, program, [numbers.get(each) for each in used], data)
    except Exception as error:  # noqa: BLE001  # whatever torch-xla raises means that it has no lowering
        return Unsupported(call.op if call else program.name, f"{type(error).__name__}: {error}", call.source_line if call else None)


def _apply(call: Call, values: Sequence[Any]) -> list[Any]:
    target = functools.reduce(getattr, call.op.split("."), torch.ops)
    if not any(torch._C._dispatch_has_kernel_for_dispatch_key(target.name(), key) for key in _KERNELS):  # it would run on the CPU: there are no data
        raise _LoweringError("torch-xla has no kernel for it")

    def place(leaf: Any) -> Any:
        if isinstance(leaf, torch.device):
            return DEVICE
        return values[leaf.index] if isinstance(leaf, Ref) else leaf

    args, kwargs = map_leaves(call.args, place), map_leaves(call.kwargs, place)
    found = at_line(call.source_line)(target._op, *args, **kwargs)
    return [_checked(value, spec) for value, spec in zip(found if call.is_several else [found], call.results, strict=True)]


def _checked(value: Any, spec: TensorSpec | None) -> Any:
    """A result with the dtype that torch says; a shape that differs is an error of torch-xla's."""
    if spec is None:
        return value
    if tuple(value.shape) != spec.shape:
        raise _LoweringError(f"torch-xla gives shape {tuple(value.shape)}, torch {spec.shape}")
    return value if value.dtype == spec.dtype else value.to(spec.dtype)


@functools.cache
def _context() -> ir.Context:
    made = ir.Context()
    registry = ir.DialectRegistry()
    register_dialects(registry)
    made.append_dialect_registry(registry)
    made.load_all_available_dialects()
    for dialect in (stablehlo, chlo):
        dialect.register_dialect(made)
    return made


def _in_order(emitted: bytes, program: TorchProgram, used: Sequence[int | None], data: Sequence[Any]) -> bytes:
    """The module with all of the program's arguments in its order, by a `@main` that calls what torch-xla emitted.

    `used` has, for each argument of the emitted one, which argument of the program it is; None for a tensor with data, which becomes a constant.
    """
    with _context(), ir.Location.unknown():
        module = stablehlo.deserialize_portable_artifact(_context(), emitted)
        inner = next(op for op in module.body.operations if ir.StringAttr(op.attributes["sym_name"]).value == "main")
        mend(inner.regions[0].blocks[0])
        inner.attributes["sym_name"] = ir.StringAttr.get("recorded")
        inner.attributes["sym_visibility"] = ir.StringAttr.get("private")
        given = ir.FunctionType(ir.TypeAttr(inner.attributes["function_type"]).value).results
        wanted = [_type(spec) for spec in program.results]
        with ir.InsertionPoint(module.body):
            main = func.FuncOp("main", ([_type(spec) for spec in program.arguments], wanted))
            entry = main.add_entry_block()
        with ir.InsertionPoint(entry):
            operands = [_constant(value) if i is None else entry.arguments[i] for i, value in zip(used, data, strict=True)]
            results = func.CallOp(list(given), "recorded", operands).results
            func.ReturnOp([_converted(value, kind) for value, kind in zip(results, wanted, strict=True)])
        module.operation.verify()
        return bytes(stablehlo.serialize_portable_artifact(module, stablehlo.get_current_version(), True))


def _type(spec: TensorSpec) -> ir.RankedTensorType:
    return ir.RankedTensorType.get(spec.shape, _ELEMENTS[spec.dtype]())


def _converted(value: ir.Value, kind: ir.RankedTensorType) -> ir.Value:
    return value if value.type == kind else stablehlo.convert(kind, value)


def _constant(tensor: torch.Tensor) -> ir.Value:
    array = tensor.cpu().numpy()
    element = _ELEMENTS[tensor.dtype]()
    return stablehlo.constant(ir.DenseElementsAttr.get(array, shape=list(array.shape), type=element))
