"""The graphs that AOTAutograd makes for torch.compile, as flat functions that `trace_torch` takes.

They are ATen operations already, but their shapes may be symbols, and their inputs and outputs have strides: a graph is traced once more
for every set of shapes that it is called with.

Random numbers: the joint graph of forward and backward draws from `torch_random.draw_seed`, one placeholder for all of its draws. Cut in
two, the seed is the forward program's hidden argument, 8 bytes from torch's default generator at each call; where the backward graph draws
the same numbers again it is saved for it, and an argument like any other there.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
import torch.fx

from frontends.torch_functions import FUNCTIONS
from frontends.torch_layout import Layout
from frontends.torch_source import frames_in
from frontends.torch_trace import Body

aten = torch.ops.aten

SEED = torch.ops.memarray.draw_seed.default

# Strides decide whether a view can be had without a copy; a program has none.
_VIEWS: dict[Any, Any] = {aten.view.default: aten.reshape.default, aten._unsafe_view.default: aten.reshape.default}


def put_own_functions(module: torch.fx.GraphModule) -> None:
    """Replace, in a graph of torch's functions, those that would decide by shapes and devices how to compute."""
    for graph_module in module.modules():
        if isinstance(graph_module, torch.fx.GraphModule):
            for node in graph_module.graph.nodes:
                node.target = FUNCTIONS.get(node.target, node.target)
            graph_module.recompile()


def share_seed(graph: torch.fx.Graph) -> torch.fx.Node | None:
    """Let all draws of a graph use one seed, and give it."""
    found = graph.find_nodes(op="call_function", target=SEED)
    for node in found[1:]:
        node.replace_all_uses_with(found[0])
        graph.erase_node(node)
    return found[0] if found else None


def origin_of(module: torch.fx.GraphModule) -> tuple[str, str | None]:
    """The name of the user's function that a graph is from, and where in it the graph starts."""
    for node in module.graph.nodes:
        frames = frames_in(node.meta.get("stack_trace"))
        if frames:
            line, name = frames[0]
            return re.sub(r"^torch_dynamo_resume_in_(.*)_at_\d+$", r"\1", name), line
    return "compiled", None


def hint_of(number: Any) -> int:
    """A length, or the one that a symbol stood for while the graph was made."""
    hint = number if isinstance(number, int) else number.node.hint
    return 2 if hint is None else int(hint)


def results_of(graph: torch.fx.Graph) -> list[Any]:
    """What a graph gives: nodes, None, numbers."""
    found: Any = graph.output_node().args[0]  # (fx's hints are wider)
    return list(found)


class Replay:
    """A graph of AOTAutograd's, ready to be traced again. Its tensor constants are arguments, after those that it has."""

    def __init__(self, module: torch.fx.GraphModule) -> None:
        graph = torch.fx.Graph()
        made: dict[torch.fx.Node, torch.fx.Node] = {}
        for node in _arguments_first(module):
            if _is_constant(module, node):
                made[node] = graph.placeholder(node.name)
            else:
                made[node] = graph.node_copy(node, made.__getitem__)
                made[node].target = _VIEWS.get(node.target, node.target)
            made[node].meta = {}  # (what AOTAutograd noted is of another trace)
            made[node].meta["stack_trace"] = next((line for line, _ in reversed(frames_in(node.meta.get("stack_trace")))), None)
        self._module = torch.fx.GraphModule(module, graph)
        self.constants = tuple(getattr(module, node.target) for node in module.graph.nodes if _is_constant(module, node))
        self._orders = tuple(map(_order, results_of(module.graph)))

    def body(self, values: Sequence[Any]) -> Body:
        """The graph as a function of tensors, its other arguments being those of `values`."""

        def run(tensors: Sequence[torch.Tensor]) -> Any:
            rest = iter(tensors)
            filled = [next(rest) if isinstance(value, torch.Tensor) else value for value in (*values, *self.constants)]
            interpreter = torch.fx.Interpreter(self._module)
            interpreter.extra_traceback = False
            given = {id(each) for each in filled}
            found = interpreter.run(*filled)
            return [leaf if id(leaf) in given else as_is(leaf) for leaf, as_is in zip(found, self._orders, strict=True)]

        return run


def _arguments_first(module: torch.fx.GraphModule) -> Iterator[torch.fx.Node]:
    """The nodes, with what becomes an argument before those that compute."""
    nodes = list(module.graph.nodes)
    yield from (node for node in nodes if node.op == "placeholder")
    yield from (node for node in nodes if _is_constant(module, node))
    yield from (node for node in nodes if node.op != "placeholder" and not _is_constant(module, node))


def _is_constant(module: torch.fx.GraphModule, node: torch.fx.Node) -> bool:
    return node.op == "get_attr" and isinstance(getattr(module, str(node.target), None), torch.Tensor)


def _order(node: Any) -> Callable[[Any], Any]:
    """What lays a result out with its dimensions in the order in memory that the graph says."""
    value = node.meta.get("val") if isinstance(node, torch.fx.Node) else None
    if not isinstance(value, torch.Tensor):
        return lambda leaf: leaf
    shape, strides = (tuple(map(hint_of, numbers)) for numbers in (value.shape, value.stride()))
    order = Layout.of(shape, strides).order
    inverse = sorted(range(len(order)), key=order.__getitem__)

    def laid_out(leaf: torch.Tensor) -> torch.Tensor:
        return leaf.permute(order).contiguous().permute(inverse)

    return laid_out
