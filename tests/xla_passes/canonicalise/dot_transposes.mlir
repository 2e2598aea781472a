// RUN: --pass fold-dot-transposes
// q @ x.T: the transpose becomes part of the dimension numbers.
// CHECK-LABEL: func.func public @main
// CHECK-SAME: (%[[Q:.*]]: tensor<4x3xf32>, %[[X:.*]]: tensor<5x3xf32>)
// CHECK: stablehlo.dot_general %[[Q]], %[[X]], contracting_dims = [1] x [1]
func.func public @main(%q: tensor<4x3xf32>, %x: tensor<5x3xf32>) -> tensor<4x5xf32> {
  %0 = stablehlo.transpose %x, dims = [1, 0] : (tensor<5x3xf32>) -> tensor<3x5xf32>
  %1 = stablehlo.dot_general %q, %0, contracting_dims = [1] x [0] : (tensor<4x3xf32>, tensor<3x5xf32>) -> tensor<4x5xf32>
  return %1 : tensor<4x5xf32>
}

// -----

// A batch dimension that the transpose moved.
// CHECK-LABEL: func.func public @main
// CHECK-SAME: (%[[A:.*]]: tensor<4x2x3xf32>, %[[B:.*]]: tensor<2x3x5xf32>)
// CHECK: stablehlo.dot_general %[[A]], %[[B]], batching_dims = [1] x [0], contracting_dims = [2] x [1]
func.func public @main(%a: tensor<4x2x3xf32>, %b: tensor<2x3x5xf32>) -> tensor<2x4x5xf32> {
  %0 = stablehlo.transpose %a, dims = [1, 0, 2] : (tensor<4x2x3xf32>) -> tensor<2x4x3xf32>
  %1 = stablehlo.dot_general %0, %b, batching_dims = [0] x [0], contracting_dims = [2] x [1]
    : (tensor<2x4x3xf32>, tensor<2x3x5xf32>) -> tensor<2x4x5xf32>
  return %1 : tensor<2x4x5xf32>
}

// -----

// Two free dimensions in another order: the result would have them in the wrong one.
// CHECK-LABEL: func.func public @main
// CHECK: stablehlo.transpose
// CHECK: stablehlo.dot_general
func.func public @main(%a: tensor<4x2x3xf32>, %b: tensor<3x5xf32>) -> tensor<2x4x5xf32> {
  %0 = stablehlo.transpose %a, dims = [1, 0, 2] : (tensor<4x2x3xf32>) -> tensor<2x4x3xf32>
  %1 = stablehlo.dot_general %0, %b, contracting_dims = [2] x [0] : (tensor<2x4x3xf32>, tensor<3x5xf32>) -> tensor<2x4x5xf32>
  return %1 : tensor<2x4x5xf32>
}
