// RUN: --pass fold-dot-reshapes --pass compose-broadcasts --pass dead-code

// Heads of attention, merged into one batch dimension and parted again.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %[[DOT:.*]] = stablehlo.dot_general %arg0, %arg1, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [3]
// CHECK-NEXT: return %[[DOT]]
func.func public @main(%q: tensor<2x3x4x5xf32>, %k: tensor<2x3x6x5xf32>) -> tensor<2x3x4x6xf32> {
  %0 = stablehlo.reshape %q : (tensor<2x3x4x5xf32>) -> tensor<6x4x5xf32>
  %1 = stablehlo.reshape %k : (tensor<2x3x6x5xf32>) -> tensor<6x6x5xf32>
  %2 = stablehlo.dot_general %0, %1, batching_dims = [0] x [0], contracting_dims = [2] x [2] : (tensor<6x4x5xf32>, tensor<6x6x5xf32>) -> tensor<6x4x6xf32>
  %3 = stablehlo.reshape %2 : (tensor<6x4x6xf32>) -> tensor<2x3x4x6xf32>
  return %3 : tensor<2x3x4x6xf32>
}

// -----

// A layer on the last dimension of several, and a vector as a matrix.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %[[LAYER:.*]] = stablehlo.dot_general %arg0, %arg1, contracting_dims = [2] x [0] : (tensor<2x3x4xf32>, tensor<4x5xf32>) -> tensor<2x3x5xf32>
// CHECK-NEXT: %[[VECTOR:.*]] = stablehlo.dot_general %arg1, %arg2, contracting_dims = [1] x [0] : (tensor<4x5xf32>, tensor<5xf32>) -> tensor<4xf32>
// CHECK-NEXT: return %[[LAYER]], %[[VECTOR]]
func.func public @main(%x: tensor<2x3x4xf32>, %w: tensor<4x5xf32>, %v: tensor<5xf32>) -> (tensor<2x3x5xf32>, tensor<4xf32>) {
  %0 = stablehlo.reshape %x : (tensor<2x3x4xf32>) -> tensor<6x4xf32>
  %1 = stablehlo.dot_general %0, %w, contracting_dims = [1] x [0] : (tensor<6x4xf32>, tensor<4x5xf32>) -> tensor<6x5xf32>
  %2 = stablehlo.reshape %1 : (tensor<6x5xf32>) -> tensor<2x3x5xf32>
  %3 = stablehlo.reshape %v : (tensor<5xf32>) -> tensor<5x1xf32>
  %4 = stablehlo.dot_general %w, %3, contracting_dims = [1] x [0] : (tensor<4x5xf32>, tensor<5x1xf32>) -> tensor<4x1xf32>
  %5 = stablehlo.reshape %4 : (tensor<4x1xf32>) -> tensor<4xf32>
  return %2, %5 : tensor<2x3x5xf32>, tensor<4xf32>
}

// -----

// Not these: read in the shape that was merged; parted otherwise; batches merged from other dimensions on either side.
// CHECK-LABEL: func.func public @main
// CHECK: stablehlo.dot_general {{.*}} : (tensor<6x4xf32>, tensor<4x5xf32>) -> tensor<6x5xf32>
// CHECK: stablehlo.dot_general {{.*}} : (tensor<6x4xf32>, tensor<4x6xf32>) -> tensor<6x6xf32>
// CHECK: stablehlo.dot_general {{.*}} : (tensor<6x4xf32>, tensor<6x4xf32>) -> tensor<6xf32>
func.func public @main(%x: tensor<2x3x4xf32>, %w: tensor<4x5xf32>, %u: tensor<4x6xf32>, %y: tensor<3x2x4xf32>)
    -> (tensor<6x5xf32>, tensor<3x2x6xf32>, tensor<2x3xf32>) {
  %0 = stablehlo.reshape %x : (tensor<2x3x4xf32>) -> tensor<6x4xf32>
  %1 = stablehlo.dot_general %0, %w, contracting_dims = [1] x [0] : (tensor<6x4xf32>, tensor<4x5xf32>) -> tensor<6x5xf32>
  %2 = stablehlo.dot_general %0, %u, contracting_dims = [1] x [0] : (tensor<6x4xf32>, tensor<4x6xf32>) -> tensor<6x6xf32>
  %3 = stablehlo.reshape %2 : (tensor<6x6xf32>) -> tensor<3x2x6xf32>
  %4 = stablehlo.reshape %y : (tensor<3x2x4xf32>) -> tensor<6x4xf32>
  %5 = stablehlo.dot_general %0, %4, batching_dims = [0] x [0], contracting_dims = [1] x [1] : (tensor<6x4xf32>, tensor<6x4xf32>) -> tensor<6xf32>
  %6 = stablehlo.reshape %5 : (tensor<6xf32>) -> tensor<2x3xf32>
  return %1, %3, %6 : tensor<6x5xf32>, tensor<3x2x6xf32>, tensor<2x3xf32>
}
