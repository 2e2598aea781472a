// RUN: --pass drop-unit-dims --pass compose-broadcasts --pass dead-code

// CHECK-LABEL: func.func public @main
// CHECK: %[[SHIFTED:.*]] = stablehlo.add %arg0, {{.*}} : tensor<3xf32>
// CHECK-NEXT: %[[ROOT:.*]] = stablehlo.sqrt %[[SHIFTED]] : tensor<3xf32>
// CHECK-NEXT: %[[WIDE:.*]] = stablehlo.broadcast_in_dim %[[ROOT]], dims = [0] : (tensor<3xf32>) -> tensor<3x4xf32>
// CHECK-NEXT: return %[[WIDE]], %[[ROOT]]
func.func public @main(%x: tensor<3xf32>) -> (tensor<3x4xf32>, tensor<3xf32>) {
  %c = stablehlo.constant dense<2.0> : tensor<f32>
  %0 = stablehlo.broadcast_in_dim %x, dims = [0] : (tensor<3xf32>) -> tensor<3x1xf32>
  %1 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<f32>) -> tensor<3x1xf32>
  %2 = stablehlo.add %0, %1 : tensor<3x1xf32>
  %3 = stablehlo.sqrt %2 : tensor<3x1xf32>
  %4 = stablehlo.broadcast_in_dim %3, dims = [0, 1] : (tensor<3x1xf32>) -> tensor<3x4xf32>
  %5 = stablehlo.reshape %3 : (tensor<3x1xf32>) -> tensor<3xf32>
  return %4, %5 : tensor<3x4xf32>, tensor<3xf32>
}

// -----

// Not these: an operand that always had the dimension, and one of another kind.
// CHECK-LABEL: func.func public @main
// CHECK: stablehlo.add {{.*}} : tensor<3x1xf32>
// CHECK: stablehlo.add {{.*}} : tensor<1x1xf32>
func.func public @main(%x: tensor<3xf32>, %y: tensor<3x1xf32>, %s: tensor<f32>) -> (tensor<3x1xf32>, tensor<1x1xf32>) {
  %0 = stablehlo.reshape %x : (tensor<3xf32>) -> tensor<3x1xf32>
  %1 = stablehlo.add %0, %y : tensor<3x1xf32>
  %2 = stablehlo.reshape %s : (tensor<f32>) -> tensor<1x1xf32>
  %3 = stablehlo.add %2, %2 : tensor<1x1xf32>
  return %1, %3 : tensor<3x1xf32>, tensor<1x1xf32>
}
