// RUN: --pass compose-iotas --pass dead-code

// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %[[A:.*]] = stablehlo.iota dim = 1 : tensor<3x9xi64>
// CHECK-NEXT: %[[B:.*]] = stablehlo.iota dim = 1 : tensor<1x9x1xi32>
// CHECK-NEXT: %[[C:.*]] = stablehlo.iota dim = 0 : tensor<9xi32>
// CHECK: %[[D:.*]] = stablehlo.multiply %[[C]]
// CHECK: %[[E:.*]] = stablehlo.add %[[D]]
// CHECK: return %[[A]], %[[B]], %[[E]]
func.func public @main() -> (tensor<3x9xi64>, tensor<1x9x1xi32>, tensor<9xi32>) {
  %0 = stablehlo.iota dim = 0 : tensor<9xi32>
  %1 = stablehlo.convert %0 : (tensor<9xi32>) -> tensor<9xi64>
  %2 = stablehlo.broadcast_in_dim %1, dims = [1] : (tensor<9xi64>) -> tensor<3x9xi64>
  %3 = stablehlo.reshape %0 : (tensor<9xi32>) -> tensor<1x9x1xi32>
  %4 = stablehlo.constant dense<[7, 4, 1, -2, -5, -8, -11, -14, -17]> : tensor<9xi32>
  return %2, %3, %4 : tensor<3x9xi64>, tensor<1x9x1xi32>, tensor<9xi32>
}

// -----

// Not these: the dimension that is counted is repeated, cut up, or too long for the type; constants that do not count, or are short.
// CHECK-LABEL: func.func public @main
// CHECK: stablehlo.broadcast_in_dim
// CHECK: stablehlo.reshape
// CHECK: stablehlo.convert
// CHECK: stablehlo.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 7]>
// CHECK: stablehlo.constant dense<[0, 1, 2]>
func.func public @main() -> (tensor<4xi32>, tensor<3x3xi32>, tensor<300xui8>, tensor<9xi32>, tensor<3xi32>) {
  %0 = stablehlo.iota dim = 0 : tensor<1xi32>
  %1 = stablehlo.broadcast_in_dim %0, dims = [0] : (tensor<1xi32>) -> tensor<4xi32>
  %2 = stablehlo.iota dim = 0 : tensor<9xi32>
  %3 = stablehlo.reshape %2 : (tensor<9xi32>) -> tensor<3x3xi32>
  %4 = stablehlo.iota dim = 0 : tensor<300xi32>
  %5 = stablehlo.convert %4 : (tensor<300xi32>) -> tensor<300xui8>
  %6 = stablehlo.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 7]> : tensor<9xi32>
  %7 = stablehlo.constant dense<[0, 1, 2]> : tensor<3xi32>
  return %1, %3, %5, %6, %7 : tensor<4xi32>, tensor<3x3xi32>, tensor<300xui8>, tensor<9xi32>, tensor<3xi32>
}
