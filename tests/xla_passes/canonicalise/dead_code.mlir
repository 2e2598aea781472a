// RUN: --pass dead-code

// A chain that nothing reads goes at once; so do a loop and a custom call without effects.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %0 = stablehlo.sine %arg0
// CHECK-NEXT: return %0
func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %a = stablehlo.cosine %x : tensor<4xf32>
  %b = stablehlo.add %a, %a : tensor<4xf32>
  %c = stablehlo.custom_call @pure(%b) : (tensor<4xf32>) -> tensor<4xf32>
  %w:2 = stablehlo.while(%i = %zero, %v = %b) : tensor<i32>, tensor<4xf32>
   cond {
    %p = stablehlo.compare LT, %i, %zero : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %u = stablehlo.tanh %v : tensor<4xf32>
    stablehlo.return %i, %u : tensor<i32>, tensor<4xf32>
  }
  %s = stablehlo.sine %x : tensor<4xf32>
  return %s : tensor<4xf32>
}

// -----

// Nobody reads the second carried value: neither a result, nor the condition, nor the third one.
// CHECK-LABEL: func.func public @main
// CHECK: stablehlo.while(%[[I:.*]] = %{{.*}}, %[[V:.*]] = %arg0) : tensor<i32>, tensor<4xf32>
// CHECK-NOT: stablehlo.tanh
// CHECK: stablehlo.return %{{.*}}, %{{.*}} : tensor<i32>, tensor<4xf32>
// CHECK: return %{{.*}}#1
func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %end = stablehlo.constant dense<5> : tensor<i32>
  %w:3 = stablehlo.while(%i = %zero, %u = %x, %v = %x) : tensor<i32>, tensor<4xf32>, tensor<4xf32>
   cond {
    %p = stablehlo.compare LT, %i, %end : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %j = stablehlo.add %i, %one : tensor<i32>
    %t = stablehlo.tanh %u : tensor<4xf32>
    %d = stablehlo.add %v, %v : tensor<4xf32>
    stablehlo.return %j, %t, %d : tensor<i32>, tensor<4xf32>, tensor<4xf32>
  }
  return %w#2 : tensor<4xf32>
}

// -----

// What has effects stays, and what it reads; so does a carried value on which another one depends.
// CHECK-LABEL: func.func public @main
// CHECK: %[[A:.*]] = stablehlo.cosine
// CHECK: stablehlo.custom_call @log(%[[A]]) {has_side_effect = true}
// CHECK: stablehlo.while(%{{.*}} = %{{.*}}, %{{.*}} = %arg0, %{{.*}} = %arg0) : tensor<i32>, tensor<4xf32>, tensor<4xf32>
// CHECK: stablehlo.tanh
func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = stablehlo.cosine %x : tensor<4xf32>
  %c = stablehlo.custom_call @log(%a) {has_side_effect = true} : (tensor<4xf32>) -> tensor<4xf32>
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %end = stablehlo.constant dense<5> : tensor<i32>
  %w:3 = stablehlo.while(%i = %zero, %u = %x, %v = %x) : tensor<i32>, tensor<4xf32>, tensor<4xf32>
   cond {
    %p = stablehlo.compare LT, %i, %end : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %j = stablehlo.add %i, %one : tensor<i32>
    %t = stablehlo.tanh %u : tensor<4xf32>
    stablehlo.return %j, %t, %u : tensor<i32>, tensor<4xf32>, tensor<4xf32>
  }
  return %w#2 : tensor<4xf32>
}
