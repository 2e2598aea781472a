// RUN: --pass drop-sort-operands --pass dead-code

// Nobody reads the places.
// CHECK-LABEL: func.func public @main
// CHECK-NOT: stablehlo.iota
// CHECK: "stablehlo.sort"(%arg0)
// CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<f32>, %[[B:.*]]: tensor<f32>):
// CHECK-NEXT: stablehlo.compare LT, %[[A]], %[[B]], TOTALORDER
func.func public @main(%x: tensor<3x8xf32>) -> tensor<3x8xf32> {
  %index = stablehlo.iota dim = 1 : tensor<3x8xi64>
  %s:2 = "stablehlo.sort"(%x, %index) <{dimension = 1 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<i64>, %d: tensor<i64>):
    %p = stablehlo.compare LT, %a, %b, TOTALORDER : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  }) : (tensor<3x8xf32>, tensor<3x8xi64>) -> (tensor<3x8xf32>, tensor<3x8xi64>)
  return %s#0 : tensor<3x8xf32>
}

// -----

// Nobody reads the values, but the order is theirs.
// CHECK-LABEL: func.func public @main
// CHECK: "stablehlo.sort"(%arg0, %{{.*}})
func.func public @main(%x: tensor<3x8xf32>) -> tensor<3x8xi64> {
  %index = stablehlo.iota dim = 1 : tensor<3x8xi64>
  %s:2 = "stablehlo.sort"(%x, %index) <{dimension = 1 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<i64>, %d: tensor<i64>):
    %p = stablehlo.compare LT, %a, %b, TOTALORDER : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  }) : (tensor<3x8xf32>, tensor<3x8xi64>) -> (tensor<3x8xf32>, tensor<3x8xi64>)
  return %s#1 : tensor<3x8xi64>
}
