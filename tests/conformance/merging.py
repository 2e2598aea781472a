"""Several forms of one module as one with the results of all: compiling them one by one would take twice as long."""

from collections.abc import Sequence

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import func

from xla_passes.module import context, main_function


def merged(modules: Sequence[ir.Module]) -> ir.Module:
    """A module whose `@main` calls that of each of the others; the other functions, which library calls name, are those of the first."""
    mains = [main_function(module) for module in modules]
    kinds = [ir.FunctionType(ir.TypeAttr(main.attributes["function_type"]).value) for main in mains]
    with context(), ir.Location.unknown():
        together = ir.Module.create()
        with ir.InsertionPoint(together.body):
            for function in modules[0].body.operations:
                if function.operation != mains[0]:
                    function.operation.clone()
            for number, main in enumerate(mains):
                copy = main.clone()
                copy.attributes["sym_name"] = ir.StringAttr.get(f"program{number}")
                copy.attributes["sym_visibility"] = ir.StringAttr.get("private")
            whole = func.FuncOp("main", (kinds[0].inputs, [result for kind in kinds for result in kind.results]), visibility="public")
            block = whole.add_entry_block()
        with ir.InsertionPoint(block):
            calls = [func.CallOp(kind.results, f"program{number}", block.arguments) for number, kind in enumerate(kinds)]
            func.ReturnOp([result for call in calls for result in call.results])
        together.operation.verify()
    return together
