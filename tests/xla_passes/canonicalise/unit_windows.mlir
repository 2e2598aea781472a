// RUN: --pass drop-unit-windows --pass compose-broadcasts --pass dead-code

// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %[[FOUND:.*]] = stablehlo.convolution(%arg0, %arg1) dim_numbers = [b, f, 0]x[o, i, 0]->[b, f, 0], window = {stride = [2], pad = {{\[\[}}2, 1]], rhs_dilate = [3]}
// CHECK-NEXT: return %[[FOUND]]
func.func public @main(%x: tensor<2x3x20xf32>, %w: tensor<4x3x5xf32>) -> tensor<2x4x6xf32> {
  %0 = stablehlo.reshape %x : (tensor<2x3x20xf32>) -> tensor<2x3x1x20xf32>
  %1 = stablehlo.reshape %w : (tensor<4x3x5xf32>) -> tensor<4x3x1x5xf32>
  %2 = stablehlo.convolution(%0, %1) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1],
    window = {stride = [1, 2], pad = [[0, 0], [2, 1]], rhs_dilate = [1, 3]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<2x3x1x20xf32>, tensor<4x3x1x5xf32>) -> tensor<2x4x1x6xf32>
  %3 = stablehlo.reshape %2 : (tensor<2x4x1x6xf32>) -> tensor<2x4x6xf32>
  return %3 : tensor<2x4x6xf32>
}

// -----

// Not a dimension of length 1 that is padded for a longer kernel, nor the only one.
// CHECK-LABEL: func.func public @main
// CHECK: stablehlo.convolution(%arg0, %arg1) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]
// CHECK: stablehlo.convolution(%arg2, %arg3) dim_numbers = [b, f, 0]x[o, i, 0]->[b, f, 0]
func.func public @main(%x: tensor<2x3x1x20xf32>, %w: tensor<4x3x3x5xf32>, %y: tensor<2x3x1xf32>, %v: tensor<4x3x1xf32>)
    -> (tensor<2x4x1x16xf32>, tensor<2x4x1xf32>) {
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {pad = [[1, 1], [0, 0]]}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<2x3x1x20xf32>, tensor<4x3x3x5xf32>) -> tensor<2x4x1x16xf32>
  %1 = stablehlo.convolution(%y, %v) dim_numbers = [b, f, 0]x[o, i, 0]->[b, f, 0], window = {pad = [[0, 0]]}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<2x3x1xf32>, tensor<4x3x1xf32>) -> tensor<2x4x1xf32>
  return %0, %1 : tensor<2x4x1x16xf32>, tensor<2x4x1xf32>
}
