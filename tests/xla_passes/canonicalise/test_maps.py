"""Maps, expanded, against the reference interpreter, which applies the body to each element."""

from tests.helpers import assert_same_bits, evaluate, op_names, random_array, run
from xla_passes.canonicalise.maps import ExpandMaps
from xla_passes.module import clone, parse

BODY = """
    %2 = stablehlo.multiply %a, %a : tensor<f32>
    %3 = stablehlo.compare GT, %2, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %z = stablehlo.constant dense<1.5> : tensor<f32>
    %4 = stablehlo.clamp %z, %2, %b : tensor<f32>
    %5 = stablehlo.select %3, %4, %a : tensor<i1>, tensor<f32>
    %6 = stablehlo.convert %5 : (tensor<f32>) -> tensor<i32>
    stablehlo.return %6 : tensor<i32>"""


def test_the_body_on_whole_tensors() -> None:
    module = parse(f"""func.func public @main(%x: tensor<3x4xf32>, %y: tensor<3x4xf32>) -> tensor<3x4xi32> {{
      %0 = "stablehlo.map"(%x, %y) <{{dimensions = array<i64: 0, 1>}}> ({{
      ^bb0(%a: tensor<f32>, %b: tensor<f32>):{BODY}
      }}) : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xi32>
      return %0 : tensor<3x4xi32>
    }}""")
    expanded = clone(module)
    ExpandMaps().run(expanded)
    expanded.operation.verify()
    assert "map" not in op_names(expanded)
    arguments = random_array((3, 4)) * 4, random_array((3, 4), seed=1) * 4
    assert_same_bits(evaluate(expanded, *arguments), evaluate(module, *arguments))
    assert_same_bits(run(expanded, *arguments), run(module, *arguments))
