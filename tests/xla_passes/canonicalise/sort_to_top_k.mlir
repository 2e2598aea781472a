// RUN: --pass sort-to-top-k --pass compose-broadcasts --pass dead-code

// The k largest as torch-xla writes them.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %values, %indices = chlo.top_k(%arg0, k = 2) : tensor<3x8xf32> -> (tensor<3x2xf32>, tensor<3x2xi32>)
// CHECK-NEXT: return %values, %indices
func.func public @main(%x: tensor<3x8xf32>) -> (tensor<3x2xf32>, tensor<3x2xi32>) {
  %iota = stablehlo.iota dim = 0 : tensor<8xi32>
  %index = stablehlo.broadcast_in_dim %iota, dims = [1] : (tensor<8xi32>) -> tensor<3x8xi32>
  %s:2 = "stablehlo.sort"(%x, %index) <{dimension = 1 : i64, is_stable = false}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<i32>, %d: tensor<i32>):
    %p = stablehlo.compare GT, %a, %b, TOTALORDER : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  }) : (tensor<3x8xf32>, tensor<3x8xi32>) -> (tensor<3x8xf32>, tensor<3x8xi32>)
  %v = stablehlo.slice %s#0 [0:3, 0:2] : (tensor<3x8xf32>) -> tensor<3x2xf32>
  %i = stablehlo.slice %s#1 [0:3, 0:2] : (tensor<3x8xi32>) -> tensor<3x2xi32>
  return %v, %i : tensor<3x2xf32>, tensor<3x2xi32>
}

// -----

// Ascending along the first axis, 64-bit indices, slices of different lengths.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %[[N:.*]] = stablehlo.negate %arg0
// CHECK-NEXT: %[[T:.*]] = stablehlo.transpose %[[N]], dims = [1, 0]
// CHECK-NEXT: chlo.top_k(%[[T]], k = 3) : tensor<3x8xf32> -> (tensor<3x3xf32>, tensor<3x3xi32>)
// CHECK-DAG: stablehlo.slice %{{.*}} [1:3, 0:3]
// CHECK-DAG: stablehlo.slice %{{.*}} [0:1, 0:3]
func.func public @main(%x: tensor<8x3xf32>) -> (tensor<2x3xf32>, tensor<1x3xi64>) {
  %index = stablehlo.iota dim = 0 : tensor<8x3xi64>
  %s:2 = "stablehlo.sort"(%x, %index) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<i64>, %d: tensor<i64>):
    %p = stablehlo.compare LT, %a, %b, TOTALORDER : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  }) : (tensor<8x3xf32>, tensor<8x3xi64>) -> (tensor<8x3xf32>, tensor<8x3xi64>)
  %v = stablehlo.slice %s#0 [1:3, 0:3] : (tensor<8x3xf32>) -> tensor<2x3xf32>
  %i = stablehlo.slice %s#1 [0:1, 0:3] : (tensor<8x3xi64>) -> tensor<1x3xi64>
  return %v, %i : tensor<2x3xf32>, tensor<1x3xi64>
}

// -----

// A stable sort by FLOAT promises the order of -0.0 and 0.0: not the total order's.
// CHECK-LABEL: func.func public @main
// CHECK-NOT: chlo.top_k
func.func public @main(%x: tensor<8xf32>) -> tensor<2xf32> {
  %s = "stablehlo.sort"(%x) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %p = stablehlo.compare GT, %a, %b, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  }) : (tensor<8xf32>) -> tensor<8xf32>
  %v = stablehlo.slice %s [0:2] : (tensor<8xf32>) -> tensor<2xf32>
  return %v : tensor<2xf32>
}

// -----

// All of the sort is read; the last ones are read; more than half is read; what is sorted along is no index.
// CHECK-LABEL: func.func public @main
// CHECK-NOT: chlo.top_k
func.func public @main(%x: tensor<8xi32>, %y: tensor<8xi32>) -> (tensor<8xi32>, tensor<2xi32>, tensor<2xi32>, tensor<7xi32>, tensor<2xi32>) {
  %s = "stablehlo.sort"(%x) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<i32>, %b: tensor<i32>):
    %p = stablehlo.compare GT, %a, %b, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  }) : (tensor<8xi32>) -> tensor<8xi32>
  %v = stablehlo.slice %s [0:2] : (tensor<8xi32>) -> tensor<2xi32>
  %t = "stablehlo.sort"(%y) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<i32>, %b: tensor<i32>):
    %p = stablehlo.compare GT, %a, %b, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  }) : (tensor<8xi32>) -> tensor<8xi32>
  %last = stablehlo.slice %t [6:8] : (tensor<8xi32>) -> tensor<2xi32>
  %u = "stablehlo.sort"(%y) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<i32>, %b: tensor<i32>):
    %p = stablehlo.compare LT, %a, %b, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  }) : (tensor<8xi32>) -> tensor<8xi32>
  %most = stablehlo.slice %u [0:7] : (tensor<8xi32>) -> tensor<7xi32>
  %w:2 = "stablehlo.sort"(%x, %y) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<i32>, %b: tensor<i32>, %c: tensor<i32>, %d: tensor<i32>):
    %p = stablehlo.compare GT, %a, %b, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  }) : (tensor<8xi32>, tensor<8xi32>) -> (tensor<8xi32>, tensor<8xi32>)
  %z = stablehlo.slice %w#1 [0:2] : (tensor<8xi32>) -> tensor<2xi32>
  return %s, %v, %last, %most, %z : tensor<8xi32>, tensor<2xi32>, tensor<2xi32>, tensor<7xi32>, tensor<2xi32>
}

// -----

// The indices are made longer before they are sliced, as torch-xla does.
// CHECK-LABEL: func.func public @main
// CHECK: %[[V:.*]], %[[I:.*]] = chlo.top_k
// CHECK-NEXT: stablehlo.convert %[[I]] : (tensor<3x2xi32>) -> tensor<3x2xi64>
// CHECK-NOT: stablehlo.sort
func.func public @main(%x: tensor<3x8xf32>) -> tensor<3x2xi64> {
  %index = stablehlo.iota dim = 1 : tensor<3x8xi32>
  %s:2 = "stablehlo.sort"(%x, %index) <{dimension = 1 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<i32>, %d: tensor<i32>):
    %p = stablehlo.compare LT, %a, %b, TOTALORDER : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  }) : (tensor<3x8xf32>, tensor<3x8xi32>) -> (tensor<3x8xf32>, tensor<3x8xi32>)
  %long = stablehlo.convert %s#1 : (tensor<3x8xi32>) -> tensor<3x8xi64>
  %i = stablehlo.slice %long [0:3, 0:2] : (tensor<3x8xi64>) -> tensor<3x2xi64>
  return %i : tensor<3x2xi64>
}
