// RUN: --pass drop-identities --pass dead-code

// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %[[ONE:.*]] = stablehlo.slice %arg0 [0:3, 0:1]
// CHECK-NEXT: return %arg0, %arg0, %arg0, %[[ONE]], %arg0, %arg1
func.func public @main(%x: tensor<3x4xf32>, %y: tensor<3x4xf32>, %e: tensor<0x4xf32>, %z: tensor<f32>, %i: tensor<i32>)
    -> (tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x1xf32>, tensor<3x4xf32>, tensor<3x4xf32>) {
  %0 = stablehlo.concatenate %e, %x, %e, dim = 0 : (tensor<0x4xf32>, tensor<3x4xf32>, tensor<0x4xf32>) -> tensor<3x4xf32>
  %1 = stablehlo.pad %x, %z, low = [0, 0], high = [0, 0], interior = [0, 0] : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %2 = stablehlo.slice %x [0:3, 0:4] : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %3 = stablehlo.slice %x [0:3, 0:1] : (tensor<3x4xf32>) -> tensor<3x1xf32>
  %4 = stablehlo.reverse %3, dims = [1] : tensor<3x1xf32>
  %5 = stablehlo.dynamic_slice %x, %i, %i, sizes = [3, 4] : (tensor<3x4xf32>, tensor<i32>, tensor<i32>) -> tensor<3x4xf32>
  %6 = stablehlo.dynamic_update_slice %5, %y, %i, %i : (tensor<3x4xf32>, tensor<3x4xf32>, tensor<i32>, tensor<i32>) -> tensor<3x4xf32>
  return %0, %1, %2, %4, %5, %6 : tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x1xf32>, tensor<3x4xf32>, tensor<3x4xf32>
}

// -----

// Through a type that holds every number of the first; not through one that is too short, or has no sign.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: stablehlo.convert %arg0 : (tensor<3xf32>) -> tensor<3xbf16>
// CHECK-NEXT: stablehlo.convert %arg1 : (tensor<3xi8>) -> tensor<3xf32>
// CHECK-NEXT: %[[SHORT:.*]] = stablehlo.convert %arg0 : (tensor<3xf32>) -> tensor<3xf16>
// CHECK-NEXT: stablehlo.convert %[[SHORT]] : (tensor<3xf16>) -> tensor<3xf64>
// CHECK-NEXT: %[[UNSIGNED:.*]] = stablehlo.convert %arg1 : (tensor<3xi8>) -> tensor<3xui32>
// CHECK-NEXT: stablehlo.convert %[[UNSIGNED]] : (tensor<3xui32>) -> tensor<3xi64>
// CHECK-NEXT: return %arg0
func.func public @main(%x: tensor<3xf32>, %i: tensor<3xi8>) -> (tensor<3xf32>, tensor<3xbf16>, tensor<3xf32>, tensor<3xf64>, tensor<3xi64>) {
  %0 = stablehlo.convert %x : (tensor<3xf32>) -> tensor<3xf64>
  %1 = stablehlo.convert %0 : (tensor<3xf64>) -> tensor<3xf32>
  %2 = stablehlo.convert %0 : (tensor<3xf64>) -> tensor<3xbf16>
  %3 = stablehlo.convert %i : (tensor<3xi8>) -> tensor<3xi32>
  %4 = stablehlo.convert %3 : (tensor<3xi32>) -> tensor<3xf32>
  %5 = stablehlo.convert %x : (tensor<3xf32>) -> tensor<3xf16>
  %6 = stablehlo.convert %5 : (tensor<3xf16>) -> tensor<3xf64>
  %7 = stablehlo.convert %i : (tensor<3xi8>) -> tensor<3xui32>
  %8 = stablehlo.convert %7 : (tensor<3xui32>) -> tensor<3xi64>
  return %1, %2, %4, %6, %8 : tensor<3xf32>, tensor<3xbf16>, tensor<3xf32>, tensor<3xf64>, tensor<3xi64>
}

// -----

// Shifted by one: of the same type, and not the same. Parts with elements stay.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: stablehlo.pad %arg0, %arg1, low = [1], high = [-1], interior = [0]
// CHECK-NEXT: stablehlo.reverse %arg0, dims = [0]
// CHECK-NEXT: stablehlo.concatenate %arg0, %arg0, dim = 0 : (tensor<3xf32>, tensor<3xf32>) -> tensor<6xf32>
func.func public @main(%x: tensor<3xf32>, %z: tensor<f32>, %e: tensor<0xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<6xf32>) {
  %0 = stablehlo.pad %x, %z, low = [1], high = [-1], interior = [0] : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  %1 = stablehlo.reverse %x, dims = [0] : tensor<3xf32>
  %2 = stablehlo.concatenate %x, %e, %x, dim = 0 : (tensor<3xf32>, tensor<0xf32>, tensor<3xf32>) -> tensor<6xf32>
  return %0, %1, %2 : tensor<3xf32>, tensor<3xf32>, tensor<6xf32>
}
