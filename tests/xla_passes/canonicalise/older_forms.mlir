// RUN: --pass replace-older-forms --pass dead-code

// CHECK-LABEL: func.func public @main
// CHECK-NEXT: stablehlo.dot_general %arg0, %arg1, contracting_dims = [1] x [0], precision = [HIGHEST, DEFAULT]
// CHECK-NEXT: stablehlo.broadcast_in_dim %arg0, dims = [1, 2] : (tensor<3x4xf32>) -> tensor<2x3x4xf32>
// CHECK-NEXT: stablehlo.constant dense<[1, 2]> : tensor<2xi32>
// CHECK-NEXT: stablehlo.constant dense<2.500000e+00> : tensor<f32>
// CHECK-NEXT: stablehlo.broadcast_in_dim %{{.*}}, dims = [] : (tensor<f32>) -> tensor<3x4xf32>
// CHECK-NEXT: return
func.func public @main(%x: tensor<3x4xf32>, %y: tensor<4x5xf32>) -> (tensor<3x5xf32>, tensor<2x3x4xf32>, tensor<2xi32>, tensor<3x4xf32>) {
  %0 = stablehlo.dot %x, %y, precision = [HIGHEST, DEFAULT] : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>
  %1 = stablehlo.broadcast %x, sizes = [2] : (tensor<3x4xf32>) -> tensor<2x3x4xf32>
  %2 = "chlo.constant"() <{value = dense<[1, 2]> : tensor<2xi32>}> : () -> tensor<2xi32>
  %3 = "chlo.constant_like"(%x) <{value = 2.5 : f32}> : (tensor<3x4xf32>) -> tensor<3x4xf32>
  return %0, %1, %2, %3 : tensor<3x5xf32>, tensor<2x3x4xf32>, tensor<2xi32>, tensor<3x4xf32>
}

// -----

// A label that only one operand has is summed first; the result is transposed where its labels are in another order.
// CHECK-LABEL: func.func public @main
// CHECK: %[[SUM:.*]] = stablehlo.reduce(%arg0 init: %{{.*}}) applies stablehlo.add across dimensions = [2]
// CHECK-NEXT: %[[PRODUCT:.*]] = stablehlo.dot_general %[[SUM]], %arg1, batching_dims = [0] x [0], contracting_dims = [1] x [1] : (tensor<2x3xf32>, tensor<2x3x5xf32>) -> tensor<2x5xf32>
// CHECK-NEXT: stablehlo.transpose %[[PRODUCT]], dims = [1, 0] : (tensor<2x5xf32>) -> tensor<5x2xf32>
// CHECK-NEXT: stablehlo.transpose %arg1, dims = [2, 0, 1] : (tensor<2x3x5xf32>) -> tensor<5x2x3xf32>
// CHECK-NEXT: return
func.func public @main(%x: tensor<2x3x4xf32>, %y: tensor<2x3x5xf32>) -> (tensor<5x2xf32>, tensor<5x2x3xf32>) {
  %0 = stablehlo.einsum %x, %y, config = "abc,abd->da" : (tensor<2x3x4xf32>, tensor<2x3x5xf32>) -> tensor<5x2xf32>
  %1 = "stablehlo.unary_einsum"(%y) <{einsum_config = "abc->cab"}> : (tensor<2x3x5xf32>) -> tensor<5x2x3xf32>
  return %0, %1 : tensor<5x2xf32>, tensor<5x2x3xf32>
}

// -----

// A diagonal and an ellipsis stay.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: stablehlo.einsum %arg0, %arg1, config = "aa,ab->b"
// CHECK-NEXT: stablehlo.einsum %arg0, %arg1, config = "a...,b...->ab"
// CHECK-NEXT: return
func.func public @main(%x: tensor<3x3xf32>, %y: tensor<3x3xf32>) -> (tensor<3xf32>, tensor<3x3xf32>) {
  %0 = stablehlo.einsum %x, %y, config = "aa,ab->b" : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3xf32>
  %1 = stablehlo.einsum %x, %y, config = "a...,b...->ab" : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
  return %0, %1 : tensor<3xf32>, tensor<3x3xf32>
}
