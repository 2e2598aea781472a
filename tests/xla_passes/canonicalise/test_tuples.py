"""Tuples, folded, against the reference interpreter, which has them."""

from tests.helpers import assert_same_bits, evaluate, op_names, random_array
from xla_passes.canonicalise.dead_code import DeadCode
from xla_passes.canonicalise.tuples import FoldTuples
from xla_passes.module import clone, parse


def test_the_same_values_without_tuples() -> None:
    module = parse("""func.func public @main(%x: tensor<3xf32>, %y: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
      %0 = stablehlo.negate %x : tensor<3xf32>
      %1 = stablehlo.tuple %0, %y, %x : tuple<tensor<3xf32>, tensor<3xf32>, tensor<3xf32>>
      %2 = stablehlo.get_tuple_element %1[0] : (tuple<tensor<3xf32>, tensor<3xf32>, tensor<3xf32>>) -> tensor<3xf32>
      %3 = stablehlo.get_tuple_element %1[1] : (tuple<tensor<3xf32>, tensor<3xf32>, tensor<3xf32>>) -> tensor<3xf32>
      return %3, %2 : tensor<3xf32>, tensor<3xf32>
    }""")
    folded = clone(module)
    for each in (FoldTuples(), DeadCode()):
        each.run(folded)
        folded.operation.verify()
    assert op_names(folded) == ["negate"]
    x, y = random_array((3,)), random_array((3,), seed=1)
    assert_same_bits(evaluate(folded, x, y), evaluate(module, x, y))
