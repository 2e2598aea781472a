// RUN: --pass two-level-top-k
// 312 groups of 64 and a remainder of 35: 5 winners in ascending order, 5 * 64 + 35 candidates.
// CHECK-LABEL: func.func public @main
// CHECK: stablehlo.reduce({{.*}} applies stablehlo.maximum across dimensions = [2] : (tensor<4x312x64xi32>, tensor<i32>) -> tensor<4x312xi32>
// CHECK: chlo.top_k({{.*}}, k = 5) : tensor<4x312xf32> -> (tensor<4x5xf32>, tensor<4x5xi32>)
// CHECK: "stablehlo.sort"{{.*}}is_stable = false
// CHECK: "stablehlo.gather"{{.*}} -> tensor<4x5x64xf32>
// CHECK: stablehlo.concatenate {{.*}} -> tensor<4x355xf32>
// CHECK: chlo.top_k({{.*}}, k = 5) : tensor<4x355xf32> -> (tensor<4x5xf32>, tensor<4x5xi32>)
// CHECK-NOT: chlo.top_k
func.func public @main(%x: tensor<4x20003xf32>) -> (tensor<4x5xf32>, tensor<4x5xi32>) {
  %values, %indices = chlo.top_k(%x, k = 5) : tensor<4x20003xf32> -> (tensor<4x5xf32>, tensor<4x5xi32>)
  return %values, %indices : tensor<4x5xf32>, tensor<4x5xi32>
}
// -----
// No batch axis, integers, the largest only: nothing to sort or to append.
// CHECK-LABEL: func.func public @main
// CHECK: stablehlo.reduce({{.*}} applies stablehlo.maximum across dimensions = [1] : (tensor<64x64xui8>, tensor<ui8>) -> tensor<64xui8>
// CHECK-NOT: stablehlo.sort
// CHECK-NOT: stablehlo.concatenate
// CHECK: chlo.top_k({{.*}}, k = 1) : tensor<64xui8>
func.func public @main(%x: tensor<4096xui8>) -> (tensor<1xui8>, tensor<1xi32>) {
  %values, %indices = chlo.top_k(%x, k = 1) : tensor<4096xui8> -> (tensor<1xui8>, tensor<1xi32>)
  return %values, %indices : tensor<1xui8>, tensor<1xi32>
}
// -----
// Must not fire: 100 winners of 125 groups leave nearly everything.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: chlo.top_k(%arg0, k = 100) : tensor<4x2000xf32>
// CHECK-NEXT: return
func.func public @main(%x: tensor<4x2000xf32>) -> (tensor<4x100xf32>, tensor<4x100xi32>) {
  %values, %indices = chlo.top_k(%x, k = 100) : tensor<4x2000xf32> -> (tensor<4x100xf32>, tensor<4x100xi32>)
  return %values, %indices : tensor<4x100xf32>, tensor<4x100xi32>
}
