"""From torch.fx's graph of ATen calls to a `TorchProgram`: reachable calls only, tuples as several results, constants as arguments."""

import operator
from collections.abc import Sequence
from typing import Any

import torch
import torch.fx

from frontends.errors import UnsupportedOpError
from frontends.torch_program import Call, Ref, TensorSpec, TorchProgram, map_leaves

aten = torch.ops.aten

# They give their first operand: there are no aliases and no layouts in a program.
_IDENTITIES = {aten.detach.default, aten.alias.default, aten.lift_fresh_copy.default, aten.lift.default, aten.clone.default}
_OF_LAYOUTS = ("memory_format", "layout", "pin_memory")  # keywords that mean nothing in a program
_RESHAPES = {aten.view.default, aten._unsafe_view.default, aten.expand.default, aten.reshape.default}


def spec_of(tensor: torch.Tensor) -> TensorSpec:
    """Shape and dtype of a tensor."""
    return TensorSpec(tuple(map(int, tensor.shape)), tensor.dtype)


def program_of(module: torch.fx.GraphModule, name: str) -> tuple[TorchProgram, tuple[torch.Tensor, ...], bool]:
    """The program of a traced graph whose last argument is the seed; its last arguments, which are constants; whether it uses the seed."""
    nodes = list(module.graph.nodes)
    outputs = nodes[-1].args[0]
    live = _reachable(nodes, outputs)
    placeholders = [node for node in nodes if node.op == "placeholder"]
    draws = placeholders[-1] in live
    parameters = placeholders if draws else placeholders[:-1]
    targets = dict.fromkeys(node.target for node in live if node.op == "get_attr")
    constants = tuple(getattr(module, str(target)) for target in targets)
    arguments = (*(spec_of(node.meta["val"]) for node in parameters), *map(spec_of, constants))
    values: dict[torch.fx.Node, tuple[Ref, ...]] = {node: (Ref(i),) for i, node in enumerate(parameters)}
    named = {target: (Ref(len(parameters) + i),) for i, target in enumerate(targets)}
    calls: list[Call] = []
    count = len(arguments)
    for node in live:
        if node.op == "get_attr":
            values[node] = named[node.target]
        elif node.op == "call_function":
            made = _convert(node, values)
            if isinstance(made, Call):
                values[node] = tuple(Ref(count + i) for i in range(len(made.results)))
                count += len(made.results)
                calls.append(made)
            else:
                values[node] = made
    refs = tuple(values[node][0] for node in outputs)
    results = tuple(spec_of(node.meta["val"]) for node in outputs)
    return TorchProgram(name, arguments, tuple(calls), refs, results), constants, draws


def _reachable(nodes: Sequence[torch.fx.Node], outputs: Sequence[torch.fx.Node]) -> list[torch.fx.Node]:
    wanted = set(outputs)
    for node in reversed(nodes):
        if node in wanted:
            wanted.update(node.all_input_nodes)
    return [node for node in nodes if node in wanted]


def _convert(node: torch.fx.Node, values: dict[torch.fx.Node, tuple[Ref, ...]]) -> Call | tuple[Ref, ...]:
    """One node: a call, or the values that it is another name for."""
    if node.target is operator.getitem:
        source, index = node.args
        return (values[source][index],)  # type: ignore[index]  # fx's hints are wider than what there is
    if _is_identity(node):
        return values[node.args[0]]  # type: ignore[index]
    line = node.meta.get("stack_trace")
    if not isinstance(node.target, torch._ops.OpOverload):
        raise UnsupportedOpError(
            f"`{getattr(node.target, '__name__', node.target)}` at {line or 'an unknown line'} is no operation of ATen, and cannot be "
            "recorded. Write it with torch's own operations on tensors, without control flow that depends on data.",
            op=str(node.target),
            source_line=line,
        )
    found = node.meta["val"]
    is_several = isinstance(found, (tuple, list))
    results = tuple(spec_of(each) if isinstance(each, torch.Tensor) else None for each in (found if is_several else (found,)))

    def refer(leaf: Any) -> Any:
        return values[leaf][0] if isinstance(leaf, torch.fx.Node) else leaf

    kept = {key: value for key, value in node.kwargs.items() if key not in _OF_LAYOUTS}
    args, kwargs = map_leaves(tuple(node.args), refer), map_leaves(kept, refer)
    return Call(str(node.target), args, kwargs, results, is_several, line)


def _is_identity(node: torch.fx.Node) -> bool:
    if node.target in _IDENTITIES:
        return True
    if node.target is aten.permute.default:
        order = node.args[1]
        return list(order) == list(range(len(order)))  # type: ignore[arg-type]
    if node.target not in _RESHAPES:
        return False
    return spec_of(node.meta["val"]) == spec_of(node.args[0].meta["val"])  # type: ignore[union-attr]
