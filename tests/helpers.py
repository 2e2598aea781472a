"""What the tests of the passes share: record a JAX function, run a module through JAX or the reference interpreter, compare bits."""

import dataclasses
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import export
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo
from jaxlib.mlir.passmanager import PassManager

from xla_passes.module import clone, context, main_function, parse, serialize, walk

_DTYPES = {
    "i1": bool,
    "bf16": jnp.bfloat16,
    "f16": np.float16,
    "f32": np.float32,
    "f64": np.float64,
    "complex<f32>": np.complex64,
    "complex<f64>": np.complex128,
    **{f"i{bits}": np.dtype(f"int{bits}") for bits in (8, 16, 32, 64)},
    **{f"ui{bits}": np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64)},
}


def spec(shape: Sequence[int], dtype: object = np.float32) -> jax.ShapeDtypeStruct:
    """An argument's shape and dtype."""
    return jax.ShapeDtypeStruct(tuple(shape), dtype)


def record(function: Callable, *specs: object, x64: bool = False) -> ir.Module:
    """The StableHLO that JAX exports for `function`; arrays stand for their shape and dtype."""
    shapes = [spec(np.shape(item), item.dtype) for item in specs]
    with jax.enable_x64(x64):
        return parse(export.export(jax.jit(function, keep_unused=True))(*shapes).mlir_module_serialized)


def _shape_dtype(kind: ir.Type) -> jax.ShapeDtypeStruct:
    ranked = ir.RankedTensorType(kind)
    return spec(ranked.shape, _DTYPES[str(ranked.element_type)])


def signature(module: ir.Module) -> tuple[list[jax.ShapeDtypeStruct], list[jax.ShapeDtypeStruct]]:
    """The shapes and dtypes of `@main`'s arguments and results."""
    kind = ir.FunctionType(ir.TypeAttr(main_function(module).attributes["function_type"]).value)
    return [_shape_dtype(item) for item in kind.inputs], [_shape_dtype(item) for item in kind.results]


def compile_module(module: ir.Module, compiler_options: dict[str, object] | None = None) -> jax.stages.Compiled:
    """The module, compiled by XLA for this machine; `.memory_analysis()` has its buffer report."""
    arguments, results = signature(module)

    def stand_in(*_: jax.Array) -> tuple[jax.Array, ...]:
        return tuple(jnp.zeros(item.shape, item.dtype) for item in results)

    with jax.enable_x64(True):
        exported = export.export(jax.jit(stand_in, keep_unused=True))(*arguments)
        exported = dataclasses.replace(exported, mlir_module_serialized=serialize(module))
        return jax.jit(exported.call, keep_unused=True).lower(*arguments).compile(compiler_options=compiler_options)


def run(module: ir.Module, *arguments: np.ndarray, compiler_options: dict[str, object] | None = None) -> list[np.ndarray]:
    """What the module computes when XLA compiles it."""
    compiled = compile_module(module, compiler_options)
    with jax.enable_x64(True):
        return [np.asarray(result) for result in compiled(*map(jnp.asarray, arguments))]


def evaluate(module: ir.Module, *arguments: np.ndarray) -> list[np.ndarray]:
    """What the module computes by StableHLO's reference interpreter: slow, and no compiler in the way. No complex numbers, no bfloat16."""
    module = clone(module)
    stablehlo.register_stablehlo_passes()
    with context():
        PassManager.parse("builtin.module(func.func(chlo-legalize-to-stablehlo))").run(module.operation)
        types = ir.FunctionType(ir.TypeAttr(main_function(module).attributes["function_type"]).value).inputs
        elements = [_elements(np.asarray(argument), kind) for argument, kind in zip(arguments, types, strict=True)]
        return [np.array(result) for result in stablehlo.eval_module(module, elements)]


def _elements(array: np.ndarray, kind: ir.Type) -> ir.DenseElementsAttr:
    if array.dtype == bool:
        return ir.DenseElementsAttr.get([ir.BoolAttr.get(bool(item)) for item in array.reshape(-1)], kind)
    return ir.DenseElementsAttr.get(np.ascontiguousarray(array), type=kind)


def op_names(module: ir.Module) -> list[str]:
    """The names of all operations in all functions, in order, without the dialect `stablehlo.`; terminators are left out."""
    names = []
    for function in module.body.operations:
        for region in function.operation.regions:
            for block in region.blocks:
                names += [op.name.removeprefix("stablehlo.") for op in walk(block)]
    return [name for name in names if name not in ("return", "func.return")]


def assert_same_bits(actual: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> None:
    """Equal dtypes, shapes and bits: zeros keep their sign, NaNs their payload."""
    assert len(actual) == len(expected)
    for one, other in zip(actual, expected, strict=True):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        np.testing.assert_array_equal(one, other)
        assert one.tobytes() == other.tobytes()


def random_array(shape: Sequence[int], dtype: object = np.float32, seed: int = 0) -> np.ndarray:
    """Numbers of either sign, small integers for integer dtypes (so that there are ties), in any dtype."""
    generator = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return generator.random(shape) < 0.5
    if dtype.kind in "iu":
        return generator.integers(0 if dtype.kind == "u" else -9, 10, shape).astype(dtype)
    numbers = generator.standard_normal(shape)
    if dtype.kind == "c":
        numbers = numbers + 1j * generator.standard_normal(shape)
    return numbers.astype(dtype)
