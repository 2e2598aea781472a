"""The torch-xla recorder: a `TorchProgram` in, StableHLO out, by torch-xla's tracer on tensors without data. Runs in `torch_worker`."""

import functools
import os
from collections.abc import Callable, Sequence
from typing import Any

os.environ.update(PJRT_DEVICE="CPU", XLA_IR_DEBUG="1", XLA_HLO_DEBUG="1")  # the last two: lines of the user's code go into the module

import jax
import torch
import torch_xla  # noqa: F401  # before its extension module

# isort: split
import _XLAC
from jax import export
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import chlo, func, sdy, stablehlo
from torch_xla.core import xla_builder

from frontends.compat import register_dialects
from frontends.torch_lowerings import ARITHMETIC, LOWERINGS, LoweringError, jax_dtype, lower_call
from frontends.torch_program import Call, Ref, TensorSpec, TorchProgram, Unsupported, map_leaves
from frontends.torch_source import at_line
from frontends.torch_xla_mending import mend

_XLAC._set_xla_all_numbers_special_scalars(True)  # numbers become constants, not parameters
jax.config.update("jax_enable_x64", True)  # for lowerings of our own
DEVICE = torch.device("xla:0")

_STAND_IN = "memarray.lowering."
_OWN = {**LOWERINGS, **ARITHMETIC}
_KERNELS = ("XLA", "CompositeExplicitAutograd", "CompositeImplicitAutograd")

_ELEMENTS: dict[torch.dtype, Callable[[], ir.Type]] = {
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


def lower(program: TorchProgram, platform: str, progress: Callable[[int], None]) -> bytes | Unsupported:
    """The portable artifact of a program; `progress` is told of each call before it."""
    stand_ins = _StandIns(platform)
    call: Call | None = None
    try:
        arguments = [xla_builder.create_placeholder_tensor(spec.shape, spec.dtype) for spec in program.arguments]
        values: list[Any] = list(arguments)
        for i, call in enumerate(program.calls):
            progress(i)
            values.extend(stand_ins.call(call, values) if _has_own(call) else _apply(call, values))
        numbers = {_XLAC._xla_get_tensor_id(argument): i for i, argument in enumerate(arguments)}
        return _in_order(program, [values[ref.index] for ref in program.outputs], numbers, stand_ins)
    except Exception as error:  # noqa: BLE001  # whatever torch-xla raises means that it has no lowering
        return Unsupported(call.op if call else program.name, f"{type(error).__name__}: {error}", call.source_line if call else None)


def _has_own(call: Call) -> bool:
    """Whether a lowering of our own is used; for arithmetic of complex numbers, too, in which torch-xla loses imaginary parts."""
    spec = call.results[0]
    return call.op in LOWERINGS or (call.op in ARITHMETIC and spec is not None and spec.dtype.is_complex)


def _apply(call: Call, values: Sequence[Any]) -> list[Any]:
    target: Any = functools.reduce(getattr, call.op.split("."), torch.ops)
    if not any(
        torch._C._dispatch_has_kernel_for_dispatch_key(target.name(), key) for key in _KERNELS
    ):  # it would run on the CPU: there are no data
        raise LoweringError("torch-xla has no kernel for it")

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
        raise LoweringError(f"torch-xla gives shape {tuple(value.shape)}, torch {spec.shape}")
    return value if value.dtype == spec.dtype else value.to(spec.dtype)


class _StandIns:
    """What torch-xla takes for calls with lowerings of our own: custom calls, for which JAX's functions are put in when all is emitted."""

    def __init__(self, platform: str) -> None:
        self._platform = platform
        self._functions: list[bytes] = []

    def call(self, call: Call, values: Sequence[Any]) -> list[Any]:
        """The results of a call, as tensors of torch-xla's."""
        used: dict[int, Any] = {}
        map_leaves(
            (call.args, call.kwargs), lambda leaf: used.setdefault(leaf.index, values[leaf.index]) if isinstance(leaf, Ref) else None
        )
        used = used or {-1: torch.zeros((), device=DEVICE)}  # (torch-xla takes no custom call of nothing)

        def run(*arrays: Any) -> list[Any]:
            return [value for value in lower_call(call, dict(zip(used, arrays, strict=True)), _OWN) if value is not None]

        specs = [jax.ShapeDtypeStruct(tuple(value.shape), jax_dtype(value.dtype)) for value in used.values()]
        exported = export.export(jax.jit(run, keep_unused=True), platforms=[self._platform])(*specs)
        results = [spec for spec in call.results if spec is not None]
        shapes, dtypes = [list(spec.shape) for spec in results], [spec.dtype for spec in results]
        name = f"{_STAND_IN}{len(self._functions)}"
        self._functions.append(bytes(exported.mlir_module_serialized))
        found = iter(at_line(call.source_line)(_XLAC._xla_custom_call, list(used.values()), name, shapes, dtypes, False, "", 1, {}))
        return [None if spec is None else next(found) for spec in call.results]

    def fill_in(self, module: ir.Module) -> None:
        """Replace the custom calls in a module by calls of the functions, which are put into it."""
        found: list[ir.Operation] = []

        def note(op: ir.Operation) -> ir.WalkResult:
            if op.name == "stablehlo.custom_call" and _target(op).startswith(_STAND_IN):
                found.append(op)
            return ir.WalkResult.ADVANCE

        for function in module.body.operations:
            function.operation.walk(note)
        for op in found:
            self._put_in(module, op, _target(op))

    def _put_in(self, module: ir.Module, op: ir.Operation, name: str) -> None:
        inner = stablehlo.deserialize_portable_artifact(_context(), self._functions[int(name.removeprefix(_STAND_IN))])
        functions = list(inner.body.operations)
        names = {ir.StringAttr(each.attributes["sym_name"]).value for each in functions}
        given = expected = None
        for each in functions:
            each.operation.walk(functools.partial(_rename_symbols, names=names, prefix=f"{name}."))
            each.attributes["sym_visibility"] = ir.StringAttr.get("private")
            with ir.InsertionPoint(module.body):
                copied = each.operation.clone()
            if ir.StringAttr(copied.attributes["sym_name"]).value == f"{name}.main":
                kind = ir.FunctionType(ir.TypeAttr(copied.attributes["function_type"]).value)
                given, expected = list(kind.results), list(kind.inputs)
        assert given is not None
        assert expected is not None
        with ir.InsertionPoint(op), op.location:
            operands = [
                _converted(value, kind) for value, kind in zip(op.operands, expected, strict=True)
            ]  # (some are 64 bits wide only for torch)
            results = list(func.CallOp(given, f"{name}.main", operands).results)
        if not isinstance(op.results[0].type, ir.TupleType):
            op.results[0].replace_all_uses_with(results[0])
        for element in [use.owner for use in op.results[0].uses]:
            element.results[0].replace_all_uses_with(results[ir.IntegerAttr(element.attributes["index"]).value])
            element.erase()
        op.erase()


def _target(op: ir.Operation) -> str:
    return ir.StringAttr(op.attributes["call_target_name"]).value


_SYMBOLS = ("sym_name", "callee", "decomposition")


def _rename_symbols(op: ir.Operation, names: set[str], prefix: str) -> ir.WalkResult:
    for attribute in _SYMBOLS:
        if attribute not in op.attributes:
            continue
        value = op.attributes[attribute]
        kind = ir.StringAttr if attribute == "sym_name" else ir.FlatSymbolRefAttr
        name = kind(value).value
        if name in names:
            op.attributes[attribute] = kind.get(prefix + name)
    return ir.WalkResult.ADVANCE


@functools.cache
def _context() -> ir.Context:
    made = ir.Context()
    registry = ir.DialectRegistry()
    register_dialects(registry)
    made.append_dialect_registry(registry)
    made.load_all_available_dialects()
    for dialect in (stablehlo, chlo, sdy):
        dialect.register_dialect(made)
    return made


def _in_order(program: TorchProgram, outputs: Sequence[Any], numbers: dict[int, int], stand_ins: _StandIns) -> bytes:
    """The module with all of the program's arguments in its order, by a `@main` that calls what torch-xla emits for its results.

    `numbers` has the program's arguments by the numbers that torch-xla gives them. It emits nothing for an argument that is a result, and
    takes tensors with data as arguments, which become constants.
    """
    given = [numbers.get(_XLAC._xla_get_tensor_id(output)) for output in outputs]
    computed = [output for output, number in zip(outputs, given, strict=True) if number is None]
    with _context(), ir.Location.unknown():
        inner = None
        module = ir.Module.create()
        if computed:
            module = stablehlo.deserialize_portable_artifact(_context(), _XLAC._get_stablehlo(computed, str(DEVICE), [], True))
            inner = next(op for op in module.body.operations if ir.StringAttr(op.attributes["sym_name"]).value == "main")
            mend(inner.regions[0].blocks[0])
            inner.attributes["sym_name"] = ir.StringAttr.get("recorded")
            inner.attributes["sym_visibility"] = ir.StringAttr.get("private")
        wanted = [_type(spec) for spec in program.results]
        with ir.InsertionPoint(module.body):
            main = func.FuncOp("main", ([_type(spec) for spec in program.arguments], wanted))
            entry = main.add_entry_block()  # type: ignore[attr-defined]  # missing from the hints
        with ir.InsertionPoint(entry):
            results = iter(_call(inner, computed, entry, numbers) if inner else ())
            values = [next(results) if number is None else entry.arguments[number] for number in given]
            func.ReturnOp([_converted(value, kind) for value, kind in zip(values, wanted, strict=True)])
        stand_ins.fill_in(module)
        module.operation.verify()
        return bytes(stablehlo.serialize_portable_artifact(module, stablehlo.get_current_version(), True))


def _call(inner: ir.OpView, computed: Sequence[Any], entry: ir.Block, numbers: dict[int, int]) -> Sequence[ir.Value]:
    used, data = _XLAC._get_tensors_xla_device_data_node(computed)
    operands = [
        _constant(value) if (number := numbers.get(each)) is None else entry.arguments[number]
        for each, value in zip(used, data, strict=True)
    ]
    results = ir.FunctionType(ir.TypeAttr(inner.attributes["function_type"]).value).results
    return list(func.CallOp(list(results), "recorded", operands).results)


def _type(spec: TensorSpec) -> ir.RankedTensorType:
    return ir.RankedTensorType.get(spec.shape, _ELEMENTS[spec.dtype]())


def _converted(value: ir.Value, kind: ir.Type) -> ir.Value:
    return value if value.type == kind else stablehlo.convert(kind, value)


def _constant(tensor: torch.Tensor) -> ir.Value:
    array = tensor.cpu().numpy()
    element = _ELEMENTS[tensor.dtype]()
    return stablehlo.constant(ir.DenseElementsAttr.get(array, shape=list(array.shape), type=element))  # type: ignore[call-overload]  # takes arrays
