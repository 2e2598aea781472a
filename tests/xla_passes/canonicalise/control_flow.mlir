// RUN: --pass fold-control-flow --pass dead-code

// The branch of true, the last branch for an index out of range, the body of a loop that runs once, the operands of one that never does.
// CHECK-LABEL: func.func public @main
// CHECK: stablehlo.sine %arg0
// CHECK-NEXT: stablehlo.cosine %arg0
// CHECK: stablehlo.tanh %arg0
// CHECK-NOT: stablehlo.while
// CHECK-NOT: stablehlo.if
// CHECK-NOT: stablehlo.case
// CHECK: return %{{.*}}, %{{.*}}, %{{.*}}, %arg0
func.func public @main(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) {
  %true = stablehlo.constant dense<true> : tensor<i1>
  %seven = stablehlo.constant dense<7> : tensor<i32>
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %0 = "stablehlo.if"(%true) ({
    %4 = stablehlo.sine %x : tensor<3xf32>
    stablehlo.return %4 : tensor<3xf32>
  }, {
    %4 = stablehlo.cosine %x : tensor<3xf32>
    stablehlo.return %4 : tensor<3xf32>
  }) : (tensor<i1>) -> tensor<3xf32>
  %1 = "stablehlo.case"(%seven) ({
    %4 = stablehlo.sine %x : tensor<3xf32>
    stablehlo.return %4 : tensor<3xf32>
  }, {
    %4 = stablehlo.cosine %x : tensor<3xf32>
    stablehlo.return %4 : tensor<3xf32>
  }) : (tensor<i32>) -> tensor<3xf32>
  %2:2 = stablehlo.while(%i = %zero, %v = %x) : tensor<i32>, tensor<3xf32> cond {
    %4 = stablehlo.compare LT, %i, %one : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %4 : tensor<i1>
  } do {
    %4 = stablehlo.add %i, %one : tensor<i32>
    %5 = stablehlo.tanh %v : tensor<3xf32>
    stablehlo.return %4, %5 : tensor<i32>, tensor<3xf32>
  }
  %3:2 = stablehlo.while(%i = %one, %v = %x) : tensor<i32>, tensor<3xf32> cond {
    %4 = stablehlo.compare LT, %i, %one : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %4 : tensor<i1>
  } do {
    %4 = stablehlo.tanh %v : tensor<3xf32>
    stablehlo.return %i, %4 : tensor<i32>, tensor<3xf32>
  }
  return %0, %1, %2#1, %3#1 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
}

// -----

// Twice, forever, and as often as the data says.
// CHECK-LABEL: func.func public @main
// CHECK-COUNT-3: stablehlo.while
func.func public @main(%x: tensor<3xf32>, %n: tensor<i32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %0:2 = stablehlo.while(%i = %zero, %v = %x) : tensor<i32>, tensor<3xf32> cond {
    %3 = stablehlo.compare LE, %i, %one : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %3 : tensor<i1>
  } do {
    %3 = stablehlo.add %i, %one : tensor<i32>
    %4 = stablehlo.tanh %v : tensor<3xf32>
    stablehlo.return %3, %4 : tensor<i32>, tensor<3xf32>
  }
  %1:2 = stablehlo.while(%i = %zero, %v = %x) : tensor<i32>, tensor<3xf32> cond {
    %3 = stablehlo.compare LT, %i, %one : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %3 : tensor<i1>
  } do {
    %3 = stablehlo.tanh %v : tensor<3xf32>
    stablehlo.return %i, %3 : tensor<i32>, tensor<3xf32>
  }
  %2:2 = stablehlo.while(%i = %zero, %v = %x) : tensor<i32>, tensor<3xf32> cond {
    %3 = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %3 : tensor<i1>
  } do {
    %3 = stablehlo.add %i, %one : tensor<i32>
    %4 = stablehlo.tanh %v : tensor<3xf32>
    stablehlo.return %3, %4 : tensor<i32>, tensor<3xf32>
  }
  return %0#1, %1#1, %2#1 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
}
