// RUN: --pass capture-invariants

// The weights come back as they were: they are read from outside, in the loop and after it.
// CHECK-LABEL: func.func public @main
func.func public @main(%n: tensor<i32>, %x: tensor<4xf32>, %w: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %c = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  // CHECK: %[[LOOP:.+]]:4 = stablehlo.while(%[[I:.+]] = %{{.+}}, %[[V:.+]] = %arg1, %{{.+}} = %arg2, %{{.+}} = %arg0)
  %r:4 = stablehlo.while(%i = %c, %v = %x, %same = %w, %m = %n) : tensor<i32>, tensor<4xf32>, tensor<4xf32>, tensor<i32>
  cond {
    // CHECK: stablehlo.compare LT, %[[I]], %arg0
    %less = stablehlo.compare LT, %i, %m : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %less : tensor<i1>
  } do {
    // CHECK: stablehlo.multiply %[[V]], %arg2
    %next = stablehlo.multiply %v, %same : tensor<4xf32>
    %up = stablehlo.add %i, %one : tensor<i32>
    stablehlo.return %up, %next, %same, %m : tensor<i32>, tensor<4xf32>, tensor<4xf32>, tensor<i32>
  }
  // CHECK: return %[[LOOP]]#1, %arg2
  return %r#1, %r#2 : tensor<4xf32>, tensor<4xf32>
}
