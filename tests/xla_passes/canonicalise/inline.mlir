// RUN: --pass inline-calls --locations

// Each call gets its own copy, located at its call; the call inside the loop and the one inside the callee are inlined too.
// CHECK-LABEL: func.func public @main
// CHECK-NOT: call @
// CHECK: stablehlo.sine %arg0 : tensor<4xf32> loc(callsite(callsite("sin" at "user.py":10:1) at "user.py":10:1))
// CHECK: stablehlo.add {{.*}} loc(callsite("helper.py":2:1 at "user.py":10:1))
// CHECK: stablehlo.while
// CHECK: stablehlo.sine {{.*}} loc(callsite(callsite("sin" at "in_body") at "user.py":20:1))
// CHECK-NOT: func.func private
func.func public @main(%x: tensor<4xf32>, %n: tensor<i32>) -> tensor<4xf32> {
  %one = stablehlo.constant dense<1> : tensor<i32>
  %a = func.call @both(%x) : (tensor<4xf32>) -> tensor<4xf32> loc("user.py":10:1)
  %w:2 = stablehlo.while(%i = %one, %v = %a) : tensor<i32>, tensor<4xf32>
   cond {
    %p = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %r:2 = func.call @step(%i, %v) : (tensor<i32>, tensor<4xf32>) -> (tensor<i32>, tensor<4xf32>) loc("user.py":20:1)
    stablehlo.return %r#0, %r#1 : tensor<i32>, tensor<4xf32>
  }
  return %w#1 : tensor<4xf32>
}
func.func private @both(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = func.call @sin(%x) : (tensor<4xf32>) -> tensor<4xf32> loc("user.py":10:1)
  %b = stablehlo.add %a, %x : tensor<4xf32> loc("helper.py":2:1)
  return %b : tensor<4xf32>
}
func.func private @step(%i: tensor<i32>, %x: tensor<4xf32>) -> (tensor<i32>, tensor<4xf32>) {
  %one = stablehlo.constant dense<1> : tensor<i32>
  %j = stablehlo.add %i, %one : tensor<i32>
  %a = func.call @sin(%x) : (tensor<4xf32>) -> tensor<4xf32> loc("in_body")
  return %j, %a : tensor<i32>, tensor<4xf32>
}
func.func private @sin(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = stablehlo.sine %x : tensor<4xf32> loc("sin")
  return %a : tensor<4xf32>
}

// -----

// A function that a custom call names stays, and so does a public one; a private one that nothing names goes.
// CHECK: func.func public @main
// CHECK: custom_call @run
// CHECK: func.func private @named
// CHECK: func.func @public
// CHECK-NOT: func.func private @unnamed
func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = stablehlo.custom_call @run(%x) {called_computations = [@named]} : (tensor<4xf32>) -> tensor<4xf32>
  return %a : tensor<4xf32>
}
func.func private @named(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
func.func @public(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
func.func private @unnamed(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
