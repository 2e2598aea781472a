"""Runs a module of one function on arrays: the rewritten program has to do what the original does."""

from collections.abc import Callable

import jax
import numpy as np
import pytest
from jax import export
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import chlo

from xla_passes import module as modules

OPTIONS = {
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT",
    "xla_disable_hlo_passes": "tree_reduction_rewriter",
}


class Program:
    """A JAX function recorded for given arguments, with its module to rewrite; calling it compiles and runs the module as it is."""

    def __init__(self, function: Callable, *arguments: np.ndarray) -> None:
        self.arguments = arguments
        with jax.enable_x64(True):
            specs = [jax.ShapeDtypeStruct(array.shape, array.dtype) for array in arguments]
            self.exported = export.export(jax.jit(function, keep_unused=True))(*specs)
        self.module = modules.parse(self.exported.mlir_module_serialized)
        with modules.context():
            composites_to_top_k(self.module)

    def compiled(self):
        replaced = {field: getattr(self.exported, field) for field in self.exported.__dataclass_fields__}
        replaced["mlir_module_serialized"] = modules.serialize(modules.clone(self.module))  # serialising changes a module
        call = export.Exported(**replaced).call
        with jax.enable_x64(True):
            return jax.jit(call).lower(*self.arguments).compile(compiler_options=OPTIONS)

    def run(self) -> list[np.ndarray]:
        self.module.operation.verify()
        compiled = self.compiled()
        with jax.enable_x64(True):
            return [np.asarray(leaf) for leaf in jax.tree.leaves(compiled(*self.arguments))]

    def names(self) -> list[str]:
        return [op.name for op in modules.walk(self.module.body)]


def composites_to_top_k(module) -> None:
    """`jax.lax.top_k` exports as a composite of a private function; the passes see `chlo.top_k`."""
    for op in [op for op in modules.walk(module.body) if op.name == "stablehlo.composite"]:
        if ir.StringAttr(op.attributes["name"]).value != "chlo.top_k":
            continue
        k = ir.IntegerAttr(ir.DictAttr(op.attributes["composite_attributes"])["k"]).value
        with op.location, ir.InsertionPoint(op):
            results = chlo.top_k(op.operands[0], k)
        for old, new in zip(op.results, results, strict=True):
            old.replace_all_uses_with(new)
        op.erase()


@pytest.fixture
def record():
    """`record(function, *arrays)` gives a `Program`."""
    return Program
