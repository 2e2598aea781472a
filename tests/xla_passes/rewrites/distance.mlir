// RUN: --pass distance-to-product
// Both sides centred, one product, norms, clamped; nothing of [8, 9, 6] is left.
// CHECK-LABEL: func.func public @main
// CHECK-NOT: tensor<8x9x6xf32>
// CHECK: %[[CENTRE:[a-z0-9]+]] = stablehlo.select {{.*}} : tensor<6xi1>, tensor<6xf32>
// CHECK: %[[A:[a-z0-9]+]] = stablehlo.subtract %arg0, {{.*}} : tensor<8x6xf32>
// CHECK: %[[B:[a-z0-9]+]] = stablehlo.subtract %arg1, {{.*}} : tensor<9x6xf32>
// CHECK: stablehlo.dot_general %[[A]], %[[B]], contracting_dims = [1] x [1], precision = [HIGHEST, HIGHEST]
// CHECK-SAME: (tensor<8x6xf32>, tensor<9x6xf32>) -> tensor<8x9xf32>
// CHECK: stablehlo.maximum
// CHECK: %[[RESULT:[a-z0-9]+]] = stablehlo.select
// CHECK: return %[[RESULT]]
func.func public @main(%q: tensor<8x6xf32>, %x: tensor<9x6xf32>) -> tensor<8x9xf32> {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.broadcast_in_dim %q, dims = [0, 2] : (tensor<8x6xf32>) -> tensor<8x1x6xf32>
  %1 = stablehlo.reshape %x : (tensor<9x6xf32>) -> tensor<1x9x6xf32>
  %2 = stablehlo.broadcast_in_dim %0, dims = [0, 1, 2] : (tensor<8x1x6xf32>) -> tensor<8x9x6xf32>
  %3 = stablehlo.broadcast_in_dim %1, dims = [0, 1, 2] : (tensor<1x9x6xf32>) -> tensor<8x9x6xf32>
  %4 = stablehlo.subtract %2, %3 : tensor<8x9x6xf32>
  %5 = stablehlo.abs %4 : tensor<8x9x6xf32>
  %6 = stablehlo.multiply %5, %5 : tensor<8x9x6xf32>
  %7 = stablehlo.reduce(%6 init: %zero) applies stablehlo.add across dimensions = [2] : (tensor<8x9x6xf32>, tensor<f32>) -> tensor<8x9xf32>
  return %7 : tensor<8x9xf32>
}
// -----
// A sum is shifted in opposite directions; a dimension that both have is a batch dimension of the product. Power, square of f64.
// CHECK-LABEL: func.func public @main
// CHECK: %[[A:[a-z0-9]+]] = stablehlo.add %arg0, {{.*}} : tensor<2x8x6xf64>
// CHECK: %[[B:[a-z0-9]+]] = stablehlo.subtract %arg1, {{.*}} : tensor<2x9x6xf64>
// CHECK: stablehlo.dot_general %[[A]], %[[B]], batching_dims = [0] x [0], contracting_dims = [2] x [2]
// CHECK-NOT: tensor<2x8x9x6xf64>
func.func public @main(%q: tensor<2x8x6xf64>, %x: tensor<2x9x6xf64>) -> tensor<2x8x9xf64> {
  %zero = stablehlo.constant dense<0.0> : tensor<f64>
  %two = stablehlo.constant dense<2.0> : tensor<2x8x9x6xf64>
  %0 = stablehlo.broadcast_in_dim %q, dims = [0, 1, 3] : (tensor<2x8x6xf64>) -> tensor<2x8x9x6xf64>
  %1 = stablehlo.broadcast_in_dim %x, dims = [0, 2, 3] : (tensor<2x9x6xf64>) -> tensor<2x8x9x6xf64>
  %2 = stablehlo.add %0, %1 : tensor<2x8x9x6xf64>
  %3 = stablehlo.power %2, %two : tensor<2x8x9x6xf64>
  %4 = stablehlo.reduce(%3 init: %zero) applies stablehlo.add across dimensions = [3] : (tensor<2x8x9x6xf64>, tensor<f64>) -> tensor<2x8x9xf64>
  return %4 : tensor<2x8x9xf64>
}
// -----
// Must not fire: absolute differences are no product.
// CHECK-LABEL: func.func public @main
// CHECK-NOT: stablehlo.dot_general
// CHECK: stablehlo.abs {{.*}} : tensor<8x9x6xf32>
func.func public @main(%q: tensor<8x6xf32>, %x: tensor<9x6xf32>) -> tensor<8x9xf32> {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.broadcast_in_dim %q, dims = [0, 2] : (tensor<8x6xf32>) -> tensor<8x9x6xf32>
  %1 = stablehlo.broadcast_in_dim %x, dims = [1, 2] : (tensor<9x6xf32>) -> tensor<8x9x6xf32>
  %2 = stablehlo.subtract %0, %1 : tensor<8x9x6xf32>
  %3 = stablehlo.abs %2 : tensor<8x9x6xf32>
  %4 = stablehlo.reduce(%3 init: %zero) applies stablehlo.add across dimensions = [2] : (tensor<8x9x6xf32>, tensor<f32>) -> tensor<8x9xf32>
  return %4 : tensor<8x9xf32>
}
