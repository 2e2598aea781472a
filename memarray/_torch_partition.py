"""Which values a compiled forward graph saves for the backward graph; what is not saved is computed again there.

Inputs are saved always: they are in memory anyway. To start with, everything else is computed again. Then values are added, those first
that save the most recomputing for their bytes, while they pay for being stored and fit into a share of the limit: a saved value is an
output of the forward program and an argument of the backward one, and counts against the limit in both.
"""

import heapq
import math
import operator
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.fx

from frontends.torch_compat import extract_modules
from frontends.torch_joint import SEED, hint_of, results_of, share_seed

aten = torch.ops.aten
Node = torch.fx.Node

# Only ratios count, to choose between values: about one core's arithmetic and its memory.
FLOPS_PER_SECOND = 5e10
BYTES_PER_SECOND = 1e10
SECONDS_PER_ARGUMENT = 5e-6  # to pass a value from one program to the other

_VIEWS = {
    aten.view.default,
    aten._unsafe_view.default,
    aten.reshape.default,
    aten.permute.default,
    aten.t.default,
    aten.transpose.int,
    aten.expand.default,
    aten.unsqueeze.default,
    aten.squeeze.dim,
    aten.squeeze.dims,
    aten.alias.default,
    aten.detach.default,
    aten.clone.default,
}


@dataclass(frozen=True)
class Cut:
    """A joint graph, and what of it is saved whatever it costs."""

    module: torch.fx.GraphModule
    outputs: int  # how many of its results are the forward graph's
    inputs: tuple[Node, ...]
    numbers: tuple[Node, ...]  # sizes that a backward graph may need
    required: tuple[Node, ...]

    @classmethod
    def of(cls, module: torch.fx.GraphModule, outputs: int) -> "Cut":
        """Prepare a joint graph: one seed for all draws, and copies of the inputs that are written to once the forward graph has run."""
        graph = module.graph
        seed = share_seed(graph)
        copies = _copy_written_inputs(graph, outputs)
        graph.eliminate_dead_code()
        late = _after_tangents(graph)
        early = [node for node in graph.nodes if node not in late and node.op != "output"]
        inputs = [
            node for node in early if node.op == "placeholder" and _is_tensor(node) and not any(copy.args[0] is node for copy in copies)
        ]
        required = [node for node in (*copies, seed) if node is not None and node in set(early)]
        return cls(module, outputs, tuple(inputs), tuple(node for node in early if _is_number(node)), tuple(required))

    def saved(self, budget_bytes: int) -> tuple[Node, ...]:
        """The values to save besides inputs."""
        return (*self.required, *_Recompute.of(self.module.graph, self.outputs, self.required).choose(budget_bytes))

    def parts(self, saved: Iterable[Node]) -> tuple[torch.fx.GraphModule, torch.fx.GraphModule]:
        """The forward and the backward graph."""
        found: tuple[torch.fx.GraphModule, torch.fx.GraphModule] = extract_modules(
            self.module, [*self.inputs, *saved], saved_sym_nodes=list(self.numbers), num_fwd_outputs=self.outputs
        )
        return found

    def share(self, limit_bytes: int) -> int:
        """The bytes that saved values may take: half of what inputs and results leave of a limit."""
        results = results_of(self.module.graph)
        forward = total_bytes(results[: self.outputs])
        tangents = [node for node in self.module.graph.nodes if node.op == "placeholder" and node not in self.inputs]
        backward = total_bytes(tangents) + total_bytes(results[self.outputs :])
        return max(0, limit_bytes - total_bytes(self.inputs) - max(forward, backward)) // 2


def total_bytes(nodes: Iterable[Any]) -> int:
    """The bytes of the values of nodes, each once."""
    return sum(map(_bytes, {node: None for node in nodes if isinstance(node, Node)}))


@dataclass
class _Recompute:
    """What the backward graph computes again, and how many of those values, or of its own operations, need each value of it."""

    costs: dict[Node, float]  # seconds, of all that is computed again
    uses: Counter[Node] = field(default_factory=Counter)

    @classmethod
    def of(cls, graph: torch.fx.Graph, outputs: int, saved: Iterable[Node]) -> "_Recompute":
        """Everything that the backward operations need and that does not depend on the tangents."""
        late = _after_tangents(graph)
        results = results_of(graph)[outputs:]
        live = _ancestors([node for node in results if isinstance(node, Node)], ())
        needed = {node for user in live & late for node in user.all_input_nodes} | {node for node in results if isinstance(node, Node)}
        again = {node for node in _ancestors(needed - late, saved) if node.op == "call_function" and node not in late}
        found = cls({node: _cost(node) for node in graph.nodes if node in again})
        for node in again:
            found.uses[node] += node in needed
            found.uses.update(each for each in node.all_input_nodes if each in again)
        return found

    def choose(self, budget_bytes: int) -> list[Node]:
        """The values to save within a budget, greedily. An entry of the queue may be out of date, and is looked at again."""
        order = {node: i for i, node in enumerate(self.costs)}
        queue = [(-self._gain(node)[0] / _bytes(node), i, node) for node, i in order.items() if _is_tensor(node) and _bytes(node) > 0]
        heapq.heapify(queue)
        chosen = []
        while queue:
            key, i, node = heapq.heappop(queue)
            size = _bytes(node)
            if node not in self.costs or size > budget_bytes:
                continue
            gain, unused = self._gain(node)
            if gain <= 2 * size / BYTES_PER_SECOND + SECONDS_PER_ARGUMENT:  # it is written once and read once
                continue
            if -gain / size > key:
                heapq.heappush(queue, (-gain / size, i, node))
                continue
            chosen.append(node)
            budget_bytes -= size
            self._remove(unused)
        return chosen

    def _gain(self, node: Node) -> tuple[float, list[Node]]:
        """What is not computed again once this value is saved: the seconds, and the values."""
        if node not in self.costs:
            return 0.0, []
        unused, fewer = [node], Counter[Node]()
        for each in unused:  # (which grows)
            for source in each.all_input_nodes:
                if source in self.costs:
                    fewer[source] += 1
                    if fewer[source] == self.uses[source]:
                        unused.append(source)
        return math.fsum(self.costs[each] for each in unused), unused

    def _remove(self, unused: Iterable[Node]) -> None:
        for node in unused:
            del self.costs[node]
            self.uses.subtract(node.all_input_nodes)


def _copy_written_inputs(graph: torch.fx.Graph, outputs: int) -> list[Node]:
    """Let the graph use copies of the inputs whose new values it gives: torch writes those before the backward graph runs."""
    copies = []
    described = graph.output_node().meta.get("desc", [])[:outputs]
    written = {desc.mutated_input for desc in described if hasattr(desc, "mutated_input")}
    for node in graph.find_nodes(op="placeholder"):
        if node.meta.get("desc") in written and _is_tensor(node) and node.users:
            with graph.inserting_before(_first_computed(graph)):
                copy = graph.call_function(aten.clone.default, (node,))
            copy.meta["val"] = node.meta["val"]
            node.replace_all_uses_with(copy, delete_user_cb=lambda user, copy=copy: user is not copy)
            copies.append(copy)
    return copies


def _first_computed(graph: torch.fx.Graph) -> Node:
    return next(node for node in graph.nodes if node.op != "placeholder")


def _after_tangents(graph: torch.fx.Graph) -> set[Node]:
    """What depends on the cotangents of the results, and those."""
    found: set[Node] = set()
    for node in graph.nodes:
        is_tangent = node.op == "placeholder" and "tangents" in str(node.target)
        if node.op != "output" and (is_tangent or any(each in found for each in node.all_input_nodes)):
            found.add(node)
    return found


def _ancestors(nodes: Iterable[Node], stop: Iterable[Node]) -> set[Node]:
    """The nodes, and what they are computed from, as far as `stop`."""
    seen = set(stop)
    rest = [node for node in nodes if node not in seen]
    found = set(rest)
    while rest:
        for each in rest.pop().all_input_nodes:
            if each not in found and each not in seen:
                found.add(each)
                rest.append(each)
    return found


def _is_tensor(node: Node) -> bool:
    return isinstance(node.meta.get("val"), torch.Tensor)


def _is_number(node: Node) -> bool:
    return isinstance(node.meta.get("val"), (torch.SymInt, torch.SymFloat, torch.SymBool))


def _elements(value: Any) -> int:
    return math.prod(map(hint_of, value.shape))


def _bytes(node: Node) -> int:
    value = node.meta.get("val")
    values = value if isinstance(value, (tuple, list)) else (value,)
    return sum(_elements(each) * each.dtype.itemsize for each in values if isinstance(each, torch.Tensor))


def _cost(node: Node) -> float:
    """Roughly the seconds that a node takes: its arithmetic, or writing its result. A view is free."""
    if node.target in _VIEWS or node.target in (SEED, operator.getitem) or _is_number(node):
        return 0.0
    return max(_flops(node) / FLOPS_PER_SECOND, _bytes(node) / BYTES_PER_SECOND)


def _flops(node: Node) -> float:
    """Of products; twenty for an element of a sort, which passes over it so often; one for an element of anything else."""
    values = [each.meta["val"] for each in node.all_input_nodes if _is_tensor(each)]
    result = node.meta.get("val")
    if node.target in (aten.mm.default, aten.bmm.default):
        return 2.0 * _elements(result) * hint_of(values[0].shape[-1])
    if node.target is aten.convolution.default:
        return 2.0 * _elements(result) * _elements(values[1]) / max(1, hint_of(values[1].shape[0]))
    passes = 20.0 if node.target in (aten.sort.default, aten.sort.stable, aten.topk.default) else 1.0
    return passes * max(map(_elements, values), default=0)
