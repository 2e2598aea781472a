"""How long a whole program takes, roughly: the same estimates as the planner's, added up over what was built. They choose among plans."""

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.analysis.cost import HALF_ROWS, Machine, compute_seconds
from xla_passes.analysis.counting import counted_arguments, counter_of
from xla_passes.analysis.graph import Graph, Node, snapshot
from xla_passes.analysis.liveness import CONTROL_FLOW, graph_liveness

UNKNOWN_TRIPS = 10  # of a loop whose trips are only known when it runs
_SLICES = frozenset({"stablehlo.dynamic_slice", "stablehlo.slice", "stablehlo.gather"})  # these read a part of their first operand
_UPDATES = frozenset({"stablehlo.dynamic_update_slice", "stablehlo.scatter"})  # and these write a part of it in place


def block_seconds(block: ir.Block, machine: Machine, *, fuses: bool = True) -> float:
    """The estimated seconds of a block, loops and branches included."""
    graph = snapshot(block)
    live = graph_liveness(graph, fuses=fuses)
    seconds = sum(_node_seconds(node, graph, machine, fuses) for node in graph.nodes)
    for value in live.materialised:
        node = graph.nodes[graph.owner[value]]
        if node.name in CONTROL_FLOW:
            continue
        moved = graph.bytes[node.operands[_update_at(node)]] if node.name in _UPDATES else graph.bytes[value]
        seconds += machine.launch_seconds + 2 * machine.move_seconds(moved, live.peak_bytes)
    return seconds + _outer_seconds(graph, machine)


def _node_seconds(node: Node, graph: Graph, machine: Machine, fuses: bool) -> float:
    if node.name in CONTROL_FLOW:
        inner = [block_seconds(region.blocks[0], machine, fuses=fuses) for region in node.op.regions]
        return trip_count(node.op) * (machine.trip_seconds + sum(inner)) if node.name == "stablehlo.while" else max(inner)
    if node.name in _UPDATES:
        return 0.0
    seconds = compute_seconds(node, graph, machine)
    return seconds * (1.0 + HALF_ROWS / _fewest(node, graph)) if node.name == "stablehlo.dot_general" else seconds


def _update_at(node: Node) -> int:
    """The number of the operand that is written into the first."""
    return 1 if node.name == "stablehlo.dynamic_update_slice" else len(node.operands) - len(node.results)


def _fewest(node: Node, graph: Graph) -> int:
    """The smaller of the numbers of rows and columns of a product."""
    numbers = stablehlo.DotDimensionNumbers(node.op.attributes["dot_dimension_numbers"])
    taken = (
        {*numbers.lhs_batching_dimensions, *numbers.lhs_contracting_dimensions},
        {*numbers.rhs_batching_dimensions, *numbers.rhs_contracting_dimensions},
    )
    counts = [1, 1]
    for side, operand in enumerate(node.operands):
        for dim, size in enumerate(graph.shapes[operand]):
            counts[side] *= 1 if dim in taken[side] else max(1, size)
    return min(counts)


def _outer_seconds(graph: Graph, machine: Machine) -> float:
    """To read what comes from outside of the block: in a loop it is read anew at every trip, unless only slices of it are."""
    seconds = 0.0
    for value in graph.outer:
        users = [graph.nodes[user] for user in graph.users[value]]
        is_read = any(user.name not in CONTROL_FLOW and user is not graph.terminator and not _is_part_of(user, value) for user in users)
        if is_read:
            seconds += machine.move_seconds(graph.bytes[value], graph.bytes[value])
    return seconds


def _is_part_of(user: Node, value: int) -> bool:
    return user.name in _SLICES | _UPDATES and user.operands[0] == value and value not in user.operands[1:]


def trip_count(op: ir.Operation) -> int:
    """How often a loop runs, if it counts up in constant steps from one constant to another."""
    condition, body = (snapshot(region.blocks[0]) for region in op.regions)
    test = counter_of(condition)
    if test is None:
        return UNKNOWN_TRIPS
    counter, end = test
    step, start = counted_arguments(op, body).get(body.arguments[counter], (0, 0))
    return max(0, -(-(end - start) // step)) if step > 0 else UNKNOWN_TRIPS
