"""A block as it would be with planned loops in it, and the body of one: what the planner looks ahead with. Nothing is built.

Both are graphs like any other, in which a planned loop is a node without a rule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from xla_passes.analysis.graph import Graph, Node
from xla_passes.analysis.liveness import Item, Liveness, schedule
from xla_passes.split.axes import Axes, Label
from xla_passes.split.candidates import Weighed, piece_shape, placement, virtual_items
from xla_passes.split.factors import Axis, Factor, Kind

LOOP = "planned loop"
SLICE = "planned slice"
PUT = "planned put"


_Key = tuple[int, tuple[int, ...]]


def _key(node: Node) -> _Key:
    """What a node keeps as loops are put around it: its operation, and what it reads."""
    return id(node.op), node.operands


class PlannedAxes(Axes):
    """The factors of a planned graph's nodes, but for those that an outer loop slices already."""

    def __init__(
        self, graph: Graph, taken: Mapping[_Key, Factor] | None = None, known: dict[_Key, tuple[Factor, ...]] | None = None
    ) -> None:
        super().__init__(graph)
        self.taken = taken or {}
        self.known = {} if known is None else known

    def factors(self, node: Node) -> tuple[Factor, ...]:
        """A piece is put in its place dimension by dimension; other nodes have the factors of their operations."""
        if node.name == PUT:
            shape = self.graph.shapes[node.operands[0]]
            return tuple(Factor(Kind.PARALLEL, size, (Axis(dim),), (Axis(dim),)) for dim, size in enumerate(shape))
        if node.name in (LOOP, SLICE):
            return ()
        key = _key(node)
        if key not in self.known:
            self.known[key] = tuple(factor for factor in super().factors(node) if factor != self.taken.get(key))
        return self.known[key]


@dataclass(frozen=True)
class Prospect:
    """A graph with what runs in it, item by node."""

    graph: Graph
    items: tuple[Item, ...]
    axes: PlannedAxes

    def liveness(self, *, fuses: bool) -> Liveness:
        """The temporaries of the block."""
        held = frozenset(value for value, owner in enumerate(self.graph.owner) if owner < 0)
        return schedule(self.items, held, self.graph.outputs, self.graph.can_take_over, fuses=fuses).liveness(self.graph.bytes.__getitem__)


def with_loop(prospect: Prospect, weighed: Weighed, length: int) -> Prospect:
    """The block with one more loop in it."""
    graph, region = prospect.graph, weighed.region
    before, after = placement(graph, region)
    items, at = virtual_items(graph, region, prospect.items)
    stand_in = graph.nodes[graph.owner[region.target]].op
    loop = Node(at, stand_in, LOOP, items[at].reads, (), items[at].results)
    nodes = [graph.nodes[index] for index in before] + [loop] + [graph.nodes[index] for index in after]
    made = {sink.value for sink in region.sinks}
    kept = list(range(len(graph.values)))  # what nodes that stay for another result still make of these, nobody reads
    new_nodes: list[Node] = []
    new_items: list[Item] = []
    for index, (node, item) in enumerate(zip(nodes, items, strict=True)):
        results = node.results
        if index != at and not made.isdisjoint(results):
            results = tuple(len(kept) + list(results).index(value) if value in made else value for value in results)
            kept += node.results
        is_same = results is node.results
        new_nodes.append(node if is_same and node.index == index else replace(node, index=index, results=results))
        new_items.append(item if is_same and item.node == index else replace(item, node=index, results=results))
    inner_bytes = weighed.body.liveness(length)[0].peak_bytes
    new_items[at] = replace(new_items[at], inner_bytes=inner_bytes)
    changed = replace(
        graph,
        values=tuple(graph.values[value] for value in kept),
        shapes=tuple(graph.shapes[value] for value in kept),
        bytes=tuple(graph.bytes[value] for value in kept),
    )
    changed = regraph(changed, new_nodes)
    return Prospect(changed, tuple(new_items), PlannedAxes(changed, prospect.axes.taken, prospect.axes.known))


def regraph(graph: Graph, nodes: Sequence[Node]) -> Graph:
    """The graph with other nodes."""
    owner = [-1] * len(graph.values)
    for node in nodes:
        for value in node.results:
            owner[value] = node.index
    return replace(graph, nodes=tuple(nodes), owner=tuple(owner))


def body_prospect(weighed: Weighed, length: int) -> tuple[Prospect, list[tuple[int, Label | None]]]:
    """The body of a planned loop for pieces of some length, and what its values are pieces of.

    The axis of the loop is no axis any more.
    """
    body, graph = weighed.body, weighed.graph
    sizes = body.sizes(length)
    keys = [key for key in body.numbers if key[0] >= 0]
    number = {body.numbers[key]: at for at, key in enumerate(keys)}
    shapes = [piece_shape(graph, *key, length) for key in keys]
    kinds = [graph.values[value] for value, _ in keys]
    bytes_ = [sizes[body.numbers[key]] for key in keys]
    nodes: list[Node] = []
    items: list[Item] = []
    taken: dict[_Key, Factor] = {}
    steps = iter(body.region.steps)
    for item in body.schedule.items:
        reads = tuple(number[value] for value in item.reads)
        results = tuple(number[value] for value in item.results if value in number)
        index = len(nodes)
        if item.node >= 0:
            source, factor = graph.nodes[item.node], next(steps).factor
            operands = reads[: len(source.operands)]
            for value in source.results[len(results) :]:  # totals that are updated in place
                results = (*results, len(shapes))
                shapes.append(graph.shapes[value])
                kinds.append(graph.values[value])
                bytes_.append(0)
            nodes.append(Node(index, source.op, source.name, operands, reads[len(operands) :], results))
            if factor:
                taken[_key(nodes[-1])] = factor
        elif results:
            nodes.append(Node(index, graph.nodes[0].op, SLICE, reads, (), results))
        else:  # a piece put into its buffer, which is outside
            results = (len(shapes),)
            shapes.append(shapes[reads[0]])
            kinds.append(kinds[reads[0]])
            bytes_.append(0)
            nodes.append(Node(index, graph.nodes[0].op, PUT, reads, (), results))
        inner = sum(sizes[value] for value in item.results if value not in number)
        items.append(Item(item.name, reads, results, inner, index, tuple(number.get(value, -1) for value in item.overwrites)))
    ends = tuple(node.results[0] for node in nodes if node.name == PUT)
    nodes.append(Node(len(nodes), graph.terminator.op, graph.terminator.name, ends, (), ()))
    items.append(Item(graph.terminator.name, ends, (), node=len(items)))
    made = regraph(
        replace(
            graph, nodes=tuple(nodes), values=tuple(kinds), shapes=tuple(shapes), bytes=tuple(bytes_), owner=(), arguments=(), number={}
        ),
        nodes,
    )
    return Prospect(made, tuple(items), PlannedAxes(made, taken)), keys
