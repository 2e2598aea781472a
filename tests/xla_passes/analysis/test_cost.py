"""What operations are estimated to cost: the arithmetic that the estimates rest on."""

import jax
import numpy as np
import pytest
from jax import lax

from tests.helpers import record
from xla_passes.analysis.cost import Machine, compute_seconds, convolution_flops
from xla_passes.analysis.graph import snapshot
from xla_passes.module import main_block


@pytest.mark.parametrize(("groups", "products"), [(1, 3 * 3 * 8), (4, 3 * 3 * 2)])
def test_a_convolution_costs_its_products(groups, products):
    def convolved(x, k):
        return lax.conv_general_dilated(x, k, (2, 1), "VALID", dimension_numbers=("NCHW", "OIHW", "NCHW"), feature_group_count=groups)

    x, k = jax.ShapeDtypeStruct((5, 8, 11, 9), np.float32), jax.ShapeDtypeStruct((12, 8 // groups, 3, 3), np.float32)
    module = record(convolved, x, k)
    graph = snapshot(main_block(module))
    (node,) = (node for node in graph.nodes if node.name == "stablehlo.convolution")
    assert convolution_flops(node, graph) == 2 * (5 * 12 * 5 * 7) * products
    assert compute_seconds(node, graph, Machine(convolution_flops=1e3)) == convolution_flops(node, graph) / 1e3
