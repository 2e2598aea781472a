"""How long things take, roughly: only the order of the estimates matters, since they choose among plans and prove nothing."""

import math
from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.analysis.graph import Graph, Node
from xla_passes.analysis.liveness import FUSED


@dataclass(frozen=True)
class Machine:
    """What the estimates assume of the hardware."""

    dot_flops: float = 1.2e11  # per second
    convolution_flops: float = 8e10
    elements: float = 2e9  # cheap elementwise operations a second
    sorted_elements: float = 3e7
    selected_elements: float = 7e8  # elements a second that a top-k of short rows reads
    long_selected_elements: float = 2.5e9  # and of rows long enough for two levels
    long_row: int = 16384
    memory_bytes: float = 1e10  # per second
    cache_bytes: float = 6e10  # per second
    stream_bytes: float = 3e10  # per second, through buffers that are used again and again
    cache_size: int = 32 << 20
    stream_size: int = 128 << 20
    trip_seconds: float = 1e-5
    launch_seconds: float = 2e-6

    def move_seconds(self, moved_bytes: float, working_bytes: float) -> float:
        """To read or write `moved_bytes` while the working set is `working_bytes`."""
        if working_bytes <= self.cache_size:
            return moved_bytes / self.cache_bytes
        return moved_bytes / (self.stream_bytes if working_bytes <= self.stream_size else self.memory_bytes)


# How many cheap operations one of these is worth.
WEIGHT = {"exponential": 8, "log": 8, "power": 20, "tanh": 8, "logistic": 10, "sine": 12, "cosine": 12, "sqrt": 2, "divide": 2, "atan2": 20}
# Each row of a dot re-uses what a tile of the other operand loaded; a product of this many rows runs at half of its speed.
HALF_ROWS = 12


def dot_flops(node: Node, graph: Graph) -> float:
    """Floating-point operations of a dot_general."""
    numbers = stablehlo.DotDimensionNumbers(node.op.attributes["dot_dimension_numbers"])
    lhs = graph.shapes[node.operands[0]]
    contracted = math.prod(lhs[dim] for dim in numbers.lhs_contracting_dimensions)
    return 2.0 * math.prod(graph.shapes[node.results[0]]) * contracted


def convolution_flops(node: Node, graph: Graph) -> float:
    """Floating-point operations of a convolution, those on the padding included."""
    numbers = stablehlo.ConvDimensionNumbers(node.op.attributes["dimension_numbers"])
    kernel = graph.shapes[node.operands[1]]
    filters = max(1, kernel[numbers.kernel_output_feature_dimension])
    return 2.0 * math.prod(graph.shapes[node.results[0]]) * math.prod(kernel) / filters


def compute_seconds(node: Node, graph: Graph, machine: Machine, row_length: int | None = None) -> float:
    """Arithmetic of one operation on whole values, without the memory traffic.

    `row_length` is how long a loop's pieces leave the axis that a top-k selects from.
    """
    name = node.name.partition(".")[2]
    if not node.results:
        return 0.0
    made = math.prod(graph.shapes[node.results[0]])
    if name == "dot_general":
        return dot_flops(node, graph) / machine.dot_flops
    if name == "convolution":
        return convolution_flops(node, graph) / machine.convolution_flops
    if name == "sort":
        length = graph.shapes[node.results[0]][ir.IntegerAttr(node.op.attributes["dimension"]).value]
        return made * max(1.0, math.log2(max(2, length))) / machine.sorted_elements
    if name == "top_k":
        shape = graph.shapes[node.operands[0]]
        is_long = (row_length or shape[-1]) >= machine.long_row
        return math.prod(shape) / (machine.long_selected_elements if is_long else machine.selected_elements)
    if node.name in FUSED:
        return made * WEIGHT.get(name, 1) / machine.elements
    read = max((math.prod(graph.shapes[value]) for value in node.operands), default=0)
    return max(read, made) / machine.elements
