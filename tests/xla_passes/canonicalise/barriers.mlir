// RUN: --pass split-barriers

// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %[[X:.*]] = stablehlo.optimization_barrier %arg0 : tensor<3xf32>
// CHECK-NEXT: %[[Y:.*]] = stablehlo.optimization_barrier %arg1 : tensor<4xf32>
// CHECK-NEXT: %[[Z:.*]] = stablehlo.optimization_barrier %arg0 : tensor<3xf32>
// CHECK-NEXT: return %[[X]], %[[Y]], %[[Z]]
func.func public @main(%x: tensor<3xf32>, %y: tensor<4xf32>) -> (tensor<3xf32>, tensor<4xf32>, tensor<3xf32>) {
  %0:2 = stablehlo.optimization_barrier %x, %y : tensor<3xf32>, tensor<4xf32>
  %1 = stablehlo.optimization_barrier %x : tensor<3xf32>
  return %0#0, %0#1, %1 : tensor<3xf32>, tensor<4xf32>, tensor<3xf32>
}
