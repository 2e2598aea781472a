// RUN: --pass lower-composites --pass inline-calls

// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %values, %indices = chlo.top_k(%arg0, k = 2) : tensor<3x5xf32> -> (tensor<3x2xf32>, tensor<3x2xi32>)
// CHECK-NEXT: chlo.erf %values
// CHECK-NOT: func.func private
func.func public @main(%x: tensor<3x5xf32>) -> (tensor<3x2xf32>, tensor<3x2xi32>) {
  %0:2 = stablehlo.composite "chlo.top_k" %x {composite_attributes = {k = 2 : i64}, decomposition = @top, version = 1 : i32} : (tensor<3x5xf32>) -> (tensor<3x2xf32>, tensor<3x2xi32>)
  %1 = stablehlo.composite "chlo.erf" %0#0 {decomposition = @erf, version = 1 : i32} : (tensor<3x2xf32>) -> tensor<3x2xf32>
  return %1, %0#1 : tensor<3x2xf32>, tensor<3x2xi32>
}
func.func private @top(%x: tensor<3x5xf32>) -> (tensor<3x2xf32>, tensor<3x2xi32>) {
  %0 = stablehlo.slice %x [0:3, 0:2] : (tensor<3x5xf32>) -> tensor<3x2xf32>
  %1 = stablehlo.convert %0 : (tensor<3x2xf32>) -> tensor<3x2xi32>
  return %0, %1 : tensor<3x2xf32>, tensor<3x2xi32>
}
func.func private @erf(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  return %x : tensor<3x2xf32>
}

// -----

// Not the k largest, and an unknown composite: what the decomposition says.
// CHECK-LABEL: func.func public @main
// CHECK-NOT: chlo.
// CHECK: stablehlo.slice
// CHECK: stablehlo.tanh
func.func public @main(%x: tensor<3x5xf32>) -> (tensor<3x2xf32>, tensor<3x2xi32>) {
  %0:2 = stablehlo.composite "chlo.top_k" %x {composite_attributes = {k = 2 : i64, largest = false}, decomposition = @top} : (tensor<3x5xf32>) -> (tensor<3x2xf32>, tensor<3x2xi32>)
  %1 = stablehlo.composite "my.act" %0#0 {decomposition = @act} : (tensor<3x2xf32>) -> tensor<3x2xf32>
  return %1, %0#1 : tensor<3x2xf32>, tensor<3x2xi32>
}
func.func private @top(%x: tensor<3x5xf32>) -> (tensor<3x2xf32>, tensor<3x2xi32>) {
  %0 = stablehlo.slice %x [0:3, 0:2] : (tensor<3x5xf32>) -> tensor<3x2xf32>
  %1 = stablehlo.convert %0 : (tensor<3x2xf32>) -> tensor<3x2xi32>
  return %0, %1 : tensor<3x2xf32>, tensor<3x2xi32>
}
func.func private @act(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %0 = stablehlo.tanh %x : tensor<3x2xf32>
  return %0 : tensor<3x2xf32>
}

// -----

// XLA's own operations as custom calls; others stay.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: chlo.erf %arg0
// CHECK-NEXT: stablehlo.custom_call @mine
func.func public @main(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %0 = stablehlo.custom_call @mhlo.erf(%x) {mhlo.attributes = {}, mhlo.version = 1 : i64} : (tensor<3xf32>) -> tensor<3xf32>
  %1 = stablehlo.custom_call @mine(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %0, %1 : tensor<3xf32>, tensor<3xf32>
}
