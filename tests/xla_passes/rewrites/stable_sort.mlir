// RUN: --pass unstable-sort
// Two operands, neither an iota: the position along the sorted dimension becomes the last key.
// CHECK-LABEL: func.func public @main
// CHECK: %[[IOTA:.*]] = stablehlo.iota dim = 0 : tensor<200000xi32>
// CHECK: "stablehlo.sort"(%arg0, %arg1, %[[IOTA]]) <{dimension = 0 : i64, is_stable = false}>
// CHECK: ^bb0(%[[A:.*]]: tensor<f32>, %[[B:.*]]: tensor<f32>, %{{.*}}: tensor<i8>, %{{.*}}: tensor<i8>, %[[I:.*]]: tensor<i32>, %[[J:.*]]: tensor<i32>):
// CHECK: %[[LESS:.*]] = stablehlo.compare LT, %[[A]], %[[B]], TOTALORDER
// CHECK: %[[MORE:.*]] = stablehlo.compare LT, %[[B]], %[[A]], TOTALORDER
// CHECK: %[[FIRST:.*]] = stablehlo.compare LT, %[[I]], %[[J]], SIGNED
// CHECK: %[[NOT:.*]] = stablehlo.not %[[MORE]]
// CHECK: %[[TIE:.*]] = stablehlo.and %[[NOT]], %[[FIRST]]
// CHECK: %[[WINS:.*]] = stablehlo.or %[[LESS]], %[[TIE]]
// CHECK: stablehlo.return %[[WINS]]
// CHECK: return %{{.*}}#0, %{{.*}}#1
func.func public @main(%x: tensor<200000xf32>, %y: tensor<200000xi8>) -> (tensor<200000xf32>, tensor<200000xi8>) {
  %0:2 = "stablehlo.sort"(%x, %y) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<i8>, %d: tensor<i8>):
    %less = stablehlo.compare LT, %a, %b, TOTALORDER : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %less : tensor<i1>
  }) : (tensor<200000xf32>, tensor<200000xi8>) -> (tensor<200000xf32>, tensor<200000xi8>)
  return %0#0, %0#1 : tensor<200000xf32>, tensor<200000xi8>
}
// -----
// An argsort carries its key already.
// CHECK-LABEL: func.func public @main
// CHECK: stablehlo.iota dim = 1 : tensor<4x200000xi32>
// CHECK-NOT: stablehlo.iota
// CHECK: "stablehlo.sort"(%arg0, %{{.*}}) <{dimension = 1 : i64, is_stable = false}>
func.func public @main(%x: tensor<4x200000xi32>) -> tensor<4x200000xi32> {
  %i = stablehlo.iota dim = 1 : tensor<4x200000xi32>
  %0:2 = "stablehlo.sort"(%x, %i) <{dimension = 1 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<i32>, %b: tensor<i32>, %c: tensor<i32>, %d: tensor<i32>):
    %less = stablehlo.compare GT, %a, %b, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %less : tensor<i1>
  }) : (tensor<4x200000xi32>, tensor<4x200000xi32>) -> (tensor<4x200000xi32>, tensor<4x200000xi32>)
  return %0#1 : tensor<4x200000xi32>
}
// -----
// One operand compared by its bits: what ties is the same.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: "stablehlo.sort"(%arg0) <{dimension = 0 : i64, is_stable = false}>
// CHECK-NOT: stablehlo.and
func.func public @main(%x: tensor<400000xi32>) -> tensor<400000xi32> {
  %0 = "stablehlo.sort"(%x) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<i32>, %b: tensor<i32>):
    %less = stablehlo.compare LT, %a, %b, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %less : tensor<i1>
  }) : (tensor<400000xi32>) -> tensor<400000xi32>
  return %0 : tensor<400000xi32>
}
// -----
// Must not fire: LT of floats leaves NaNs without a place.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: "stablehlo.sort"(%arg0) <{dimension = 0 : i64, is_stable = true}>
func.func public @main(%x: tensor<400000xf32>) -> tensor<400000xf32> {
  %0 = "stablehlo.sort"(%x) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %less = stablehlo.compare LT, %a, %b, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %less : tensor<i1>
  }) : (tensor<400000xf32>) -> tensor<400000xf32>
  return %0 : tensor<400000xf32>
}
// -----
// Must not fire: the iota of all lines is larger than the scratch of one.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: "stablehlo.sort"(%arg0, %arg1) <{dimension = 1 : i64, is_stable = true}>
func.func public @main(%x: tensor<100x100000xi32>, %y: tensor<100x100000xi32>) -> tensor<100x100000xi32> {
  %0:2 = "stablehlo.sort"(%x, %y) <{dimension = 1 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<i32>, %b: tensor<i32>, %c: tensor<i32>, %d: tensor<i32>):
    %less = stablehlo.compare LT, %a, %b, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %less : tensor<i1>
  }) : (tensor<100x100000xi32>, tensor<100x100000xi32>) -> (tensor<100x100000xi32>, tensor<100x100000xi32>)
  return %0#1 : tensor<100x100000xi32>
}
