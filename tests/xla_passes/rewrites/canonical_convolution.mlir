// RUN: --pass canonical-convolution
// The gradient of a kernel, in a loop: all three change their order.
// CHECK-LABEL: func.func public @main
// CHECK: stablehlo.while
// CHECK: %[[X:.*]] = stablehlo.transpose %arg0, dims = [3, 1, 2, 0] : (tensor<8x16x16x4xf32>) -> tensor<4x16x16x8xf32>
// CHECK-NEXT: %[[K:.*]] = stablehlo.transpose %arg1, dims = [1, 2, 0, 3] : (tensor<8x16x16x32xf32>) -> tensor<16x16x8x32xf32>
// CHECK-NEXT: %[[Y:.*]] = stablehlo.convolution(%[[X]], %[[K]]) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {stride = [1, 2], pad = {{\[}}[1, 1], [1, 2]]}
// CHECK-SAME: -> tensor<4x3x2x32xf32>
// CHECK-NEXT: stablehlo.transpose %[[Y]], dims = [1, 2, 0, 3] : (tensor<4x3x2x32xf32>) -> tensor<3x2x4x32xf32>
func.func public @main(%x: tensor<8x16x16x4xf32>, %k: tensor<8x16x16x32xf32>, %n: tensor<i32>, %start: tensor<3x2x4x32xf32>) -> tensor<3x2x4x32xf32> {
  %0:2 = stablehlo.while(%i = %n, %sum = %start) : tensor<i32>, tensor<3x2x4x32xf32>
  cond {
    %zero = stablehlo.constant dense<0> : tensor<i32>
    %more = stablehlo.compare GT, %i, %zero : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %more : tensor<i1>
  } do {
    %one = stablehlo.constant dense<1> : tensor<i32>
    %less = stablehlo.subtract %i, %one : tensor<i32>
    %y = stablehlo.convolution(%x, %k) dim_numbers = [f, 0, 1, b]x[i, 0, 1, o]->[0, 1, b, f], window = {stride = [1, 2], pad = [[1, 1], [1, 2]]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<8x16x16x4xf32>, tensor<8x16x16x32xf32>) -> tensor<3x2x4x32xf32>
    %more = stablehlo.add %sum, %y : tensor<3x2x4x32xf32>
    stablehlo.return %less, %more : tensor<i32>, tensor<3x2x4x32xf32>
  }
  return %0#1 : tensor<3x2x4x32xf32>
}
// -----
// The gradient of an operand, in a branch: only the kernel changes its order.
// CHECK-LABEL: func.func public @main
// CHECK: stablehlo.if
// CHECK-NEXT: %[[K:.*]] = stablehlo.transpose %arg1, dims = [0, 1, 3, 2]
// CHECK-NEXT: %[[Y:.*]] = stablehlo.convolution(%arg0, %[[K]]) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {pad = {{\[}}[1, 1], [1, 1]]}
// CHECK-NEXT: stablehlo.return %[[Y]]
func.func public @main(%x: tensor<8x16x16x32xf32>, %k: tensor<3x3x32x32xf32>, %p: tensor<i1>) -> tensor<8x16x16x32xf32> {
  %0 = "stablehlo.if"(%p) ({
    %y = stablehlo.convolution(%x, %k) dim_numbers = [b, 0, 1, f]x[0, 1, o, i]->[b, 0, 1, f], window = {pad = [[1, 1], [1, 1]]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<8x16x16x32xf32>, tensor<3x3x32x32xf32>) -> tensor<8x16x16x32xf32>
    stablehlo.return %y : tensor<8x16x16x32xf32>
  }, {
    stablehlo.return %x : tensor<8x16x16x32xf32>
  }) : (tensor<i1>) -> tensor<8x16x16x32xf32>
  return %0 : tensor<8x16x16x32xf32>
}
// -----
// Must not fire: XLA itself does it outside of loops.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: stablehlo.convolution(%arg0, %arg1) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]
func.func public @main(%x: tensor<8x32x16x16xf32>, %k: tensor<32x32x3x3xf32>) -> tensor<8x32x14x14xf32> {
  %y = stablehlo.convolution(%x, %k) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<8x32x16x16xf32>, tensor<32x32x3x3xf32>) -> tensor<8x32x14x14xf32>
  return %y : tensor<8x32x14x14xf32>
}
// -----
// Must not fire: one channel for each group (depthwise), a window that is reversed, float64, and what is canonical already.
// CHECK-LABEL: func.func public @main
// CHECK-NOT: stablehlo.transpose
func.func public @main(%x: tensor<8x32x16x16xf32>, %k: tensor<32x1x3x3xf32>, %l: tensor<32x32x3x3xf32>, %d: tensor<8x32x16x16xf64>, %m: tensor<32x32x3x3xf64>, %c: tensor<8x16x16x32xf32>, %o: tensor<3x3x32x32xf32>, %n: tensor<i32>) -> (tensor<8x32x14x14xf32>, tensor<8x32x14x14xf32>, tensor<8x32x14x14xf64>, tensor<8x14x14x32xf32>) {
  %0:4 = "stablehlo.case"(%n) ({
    %depthwise = stablehlo.convolution(%x, %k) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {} {batch_group_count = 1 : i64, feature_group_count = 32 : i64} : (tensor<8x32x16x16xf32>, tensor<32x1x3x3xf32>) -> tensor<8x32x14x14xf32>
    %reversed = stablehlo.convolution(%x, %l) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {reverse = [true, true]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<8x32x16x16xf32>, tensor<32x32x3x3xf32>) -> tensor<8x32x14x14xf32>
    %double = stablehlo.convolution(%d, %m) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<8x32x16x16xf64>, tensor<32x32x3x3xf64>) -> tensor<8x32x14x14xf64>
    %canonical = stablehlo.convolution(%c, %o) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<8x16x16x32xf32>, tensor<3x3x32x32xf32>) -> tensor<8x14x14x32xf32>
    stablehlo.return %depthwise, %reversed, %double, %canonical : tensor<8x32x14x14xf32>, tensor<8x32x14x14xf32>, tensor<8x32x14x14xf64>, tensor<8x14x14x32xf32>
  }) : (tensor<i32>) -> (tensor<8x32x14x14xf32>, tensor<8x32x14x14xf32>, tensor<8x32x14x14xf64>, tensor<8x14x14x32xf32>)
  return %0#0, %0#1, %0#2, %0#3 : tensor<8x32x14x14xf32>, tensor<8x32x14x14xf32>, tensor<8x32x14x14xf64>, tensor<8x14x14x32xf32>
}
