// RUN: --pass splat-to-broadcast

// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %[[C:.*]] = stablehlo.constant dense<2.000000e+00> : tensor<f32>
// CHECK-NEXT: stablehlo.broadcast_in_dim %[[C]], dims = [] : (tensor<f32>) -> tensor<4x5xf32>
// CHECK: stablehlo.constant dense<true> : tensor<i1>
// CHECK: stablehlo.constant dense<0x7FC00001> : tensor<f32>
// CHECK: stablehlo.constant dense<(1.000000e+00,-2.000000e+00)> : tensor<complex<f32>>
// CHECK-NEXT: stablehlo.broadcast_in_dim %{{.*}}, dims = [] : (tensor<complex<f32>>) -> tensor<3xcomplex<f32>>
func.func public @main() -> (tensor<4x5xf32>, tensor<3xi1>, tensor<2xf32>, tensor<3xcomplex<f32>>) {
  %a = stablehlo.constant dense<2.0> : tensor<4x5xf32>
  %b = stablehlo.constant dense<true> : tensor<3xi1>
  %c = stablehlo.constant dense<0x7FC00001> : tensor<2xf32>
  %d = stablehlo.constant dense<(1.0, -2.0)> : tensor<3xcomplex<f32>>
  return %a, %b, %c, %d : tensor<4x5xf32>, tensor<3xi1>, tensor<2xf32>, tensor<3xcomplex<f32>>
}

// -----

// One element, different elements, no elements: nothing to do.
// CHECK-LABEL: func.func public @main
// CHECK-NOT: broadcast_in_dim
func.func public @main() -> (tensor<1x1xf32>, tensor<2xf32>, tensor<0xf32>, tensor<2xcomplex<f32>>) {
  %a = stablehlo.constant dense<2.0> : tensor<1x1xf32>
  %b = stablehlo.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %c = stablehlo.constant dense<> : tensor<0xf32>
  %d = stablehlo.constant dense<[(1.0, -2.0), (0.0, 1.0)]> : tensor<2xcomplex<f32>>
  return %a, %b, %c, %d : tensor<1x1xf32>, tensor<2xf32>, tensor<0xf32>, tensor<2xcomplex<f32>>
}
