// RUN: --pass drop-identities --pass compose-broadcasts --pass dead-code

// CHECK-LABEL: func.func public @main
// CHECK-NEXT: stablehlo.broadcast_in_dim %arg0, dims = [0, 2] : (tensor<4x3xf32>) -> tensor<4x5x3xf32>
// CHECK-NEXT: stablehlo.broadcast_in_dim %arg0, dims = [0, 2] : (tensor<4x3xf32>) -> tensor<4x5x3xf32>
// CHECK-NEXT: return
func.func public @main(%x: tensor<4x3xf32>) -> (tensor<4x5x3xf32>, tensor<4x5x3xf32>) {
  %0 = stablehlo.broadcast_in_dim %x, dims = [0, 2] : (tensor<4x3xf32>) -> tensor<4x1x3xf32>
  %1 = stablehlo.broadcast_in_dim %0, dims = [0, 1, 2] : (tensor<4x1x3xf32>) -> tensor<4x5x3xf32>
  %2 = stablehlo.reshape %x : (tensor<4x3xf32>) -> tensor<4x1x3xf32>
  %3 = stablehlo.broadcast_in_dim %2, dims = [0, 1, 2] : (tensor<4x1x3xf32>) -> tensor<4x5x3xf32>
  return %1, %3 : tensor<4x5x3xf32>, tensor<4x5x3xf32>
}

// -----

// Reshapes and transposes of broadcasts, and of one another; a constant with one element; identities.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %[[R:.+]] = stablehlo.broadcast_in_dim %arg0, dims = [2] : (tensor<3xf32>) -> tensor<1x4x3xf32>
// CHECK-NEXT: %[[T:.+]] = stablehlo.broadcast_in_dim %arg0, dims = [0] : (tensor<3xf32>) -> tensor<3x4xf32>
// CHECK-NEXT: %[[C:.+]] = stablehlo.constant dense<3.000000e+00> : tensor<f32>
// CHECK-NEXT: %[[K:.+]] = stablehlo.broadcast_in_dim %[[C]], dims = [] : (tensor<f32>) -> tensor<6xf32>
// CHECK-NEXT: %[[P:.+]] = stablehlo.transpose %arg1, dims = [2, 0, 1] : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
// CHECK-NEXT: return %[[R]], %[[T]], %[[K]], %[[P]], %arg1
func.func public @main(%x: tensor<3xf32>, %y: tensor<2x3x4xf32>) -> (tensor<1x4x3xf32>, tensor<3x4xf32>, tensor<6xf32>, tensor<4x2x3xf32>, tensor<2x3x4xf32>) {
  %0 = stablehlo.broadcast_in_dim %x, dims = [1] : (tensor<3xf32>) -> tensor<4x3xf32>
  %1 = stablehlo.reshape %0 : (tensor<4x3xf32>) -> tensor<1x4x3xf32>
  %2 = stablehlo.transpose %0, dims = [1, 0] : (tensor<4x3xf32>) -> tensor<3x4xf32>
  %3 = stablehlo.constant dense<3.0> : tensor<1xf32>
  %4 = stablehlo.broadcast_in_dim %3, dims = [0] : (tensor<1xf32>) -> tensor<6xf32>
  %5 = stablehlo.transpose %y, dims = [1, 2, 0] : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %6 = stablehlo.transpose %5, dims = [1, 2, 0] : (tensor<3x4x2xf32>) -> tensor<4x2x3xf32>
  %7 = stablehlo.slice %y [0:2, 0:3, 0:4] : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %8 = stablehlo.convert %7 : tensor<2x3x4xf32>
  %9 = stablehlo.reshape %8 : (tensor<2x3x4xf32>) -> tensor<24xf32>
  %10 = stablehlo.reshape %9 : (tensor<24xf32>) -> tensor<2x3x4xf32>
  return %1, %2, %4, %6, %10 : tensor<1x4x3xf32>, tensor<3x4xf32>, tensor<6xf32>, tensor<4x2x3xf32>, tensor<2x3x4xf32>
}

// -----

// A reshape that is more than units, a transposed broadcast whose dimensions change order, a converted type, a barrier: left alone.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: stablehlo.broadcast_in_dim %arg0
// CHECK-NEXT: stablehlo.reshape
// CHECK-NEXT: stablehlo.broadcast_in_dim %arg1
// CHECK-NEXT: stablehlo.transpose
// CHECK-NEXT: stablehlo.convert
// CHECK-NEXT: stablehlo.optimization_barrier
func.func public @main(%x: tensor<3xf32>, %y: tensor<2x3xf32>) -> (tensor<12xf32>, tensor<4x3x2xf32>, tensor<3xf16>, tensor<3xf32>) {
  %0 = stablehlo.broadcast_in_dim %x, dims = [1] : (tensor<3xf32>) -> tensor<4x3xf32>
  %1 = stablehlo.reshape %0 : (tensor<4x3xf32>) -> tensor<12xf32>
  %2 = stablehlo.broadcast_in_dim %y, dims = [0, 1] : (tensor<2x3xf32>) -> tensor<2x3x4xf32>
  %3 = stablehlo.transpose %2, dims = [2, 1, 0] : (tensor<2x3x4xf32>) -> tensor<4x3x2xf32>
  %4 = stablehlo.convert %x : (tensor<3xf32>) -> tensor<3xf16>
  %5 = stablehlo.optimization_barrier %x : tensor<3xf32>
  return %1, %3, %4, %5 : tensor<12xf32>, tensor<4x3x2xf32>, tensor<3xf16>, tensor<3xf32>
}
