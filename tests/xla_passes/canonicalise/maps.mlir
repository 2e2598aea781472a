// RUN: --pass expand-maps --pass dead-code

// What the body has of its own, or from outside, is the same for every element.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %[[SUM:.*]] = stablehlo.add %arg0, %arg1 : tensor<3x4xf32>
// CHECK-NEXT: %[[HALF:.*]] = stablehlo.constant dense<5.000000e-01> : tensor<f32>
// CHECK-NEXT: %[[HALVES:.*]] = stablehlo.broadcast_in_dim %[[HALF]], dims = [] : (tensor<f32>) -> tensor<3x4xf32>
// CHECK-NEXT: %[[LESS:.*]] = stablehlo.compare LT, %[[SUM]], %[[HALVES]]
// CHECK-NEXT: %[[OUTER:.*]] = stablehlo.broadcast_in_dim %arg2, dims = [] : (tensor<f32>) -> tensor<3x4xf32>
// CHECK-NEXT: %[[CHOICE:.*]] = stablehlo.select %[[LESS]], %[[SUM]], %[[OUTER]] : tensor<3x4xi1>, tensor<3x4xf32>
// CHECK-NEXT: return %[[CHOICE]]
func.func public @main(%x: tensor<3x4xf32>, %y: tensor<3x4xf32>, %z: tensor<f32>) -> tensor<3x4xf32> {
  %0 = "stablehlo.map"(%x, %y) <{dimensions = array<i64: 0, 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.add %a, %b : tensor<f32>
    %2 = stablehlo.constant dense<0.5> : tensor<f32>
    %3 = stablehlo.compare LT, %1, %2 : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %4 = stablehlo.select %3, %1, %z : tensor<i1>, tensor<f32>
    stablehlo.return %4 : tensor<f32>
  }) : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// -----

// A body with more than elementwise operations stays.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: stablehlo.map
func.func public @main(%x: tensor<3xi32>) -> tensor<3xf32> {
  %0 = "stablehlo.map"(%x) <{dimensions = array<i64: 0>}> ({
  ^bb0(%a: tensor<i32>):
    %1 = stablehlo.bitcast_convert %a : (tensor<i32>) -> tensor<f32>
    stablehlo.return %1 : tensor<f32>
  }) : (tensor<3xi32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
