// RUN: --pass refine-shapes

// CHECK-LABEL: @main
// CHECK-NOT: ?
// CHECK: stablehlo.broadcast_in_dim %{{.*}}, dims = [1] : (tensor<4xf32>) -> tensor<3x4xf32>
// CHECK: return %{{.*}} : tensor<3x4xf32>
func.func @main(%x: tensor<4xf32>) -> tensor<?x?xf32> {
  %shape = stablehlo.constant dense<[3, 4]> : tensor<2xi32>
  %0 = stablehlo.dynamic_broadcast_in_dim %x, %shape, dims = [1] : (tensor<4xf32>, tensor<2xi32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

// Static: stays as it is, calls and all.
// CHECK-LABEL: @main
// CHECK-NEXT: call @f
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = func.call @f(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func private @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
