// RUN: --pass common-subexpressions

// Also with regions, and with complex constants.
// CHECK-LABEL: func.func public @main
// CHECK: %[[S:.*]] = stablehlo.sine %arg0
// CHECK-NOT: stablehlo.sine
// CHECK: %[[A:.*]] = stablehlo.add %[[S]], %[[S]]
// CHECK: %[[R:.*]] = stablehlo.reduce(%[[A]]
// CHECK-NOT: stablehlo.reduce
// CHECK: %[[C:[a-z_0-9]+]] = stablehlo.constant dense<[(1.0
// CHECK-NOT: stablehlo.constant
// CHECK: return %[[R]], %[[R]], %[[C]], %[[C]]
func.func public @main(%x: tensor<8xf32>) -> (tensor<f32>, tensor<f32>, tensor<2xcomplex<f32>>, tensor<2xcomplex<f32>>) {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %s = stablehlo.sine %x : tensor<8xf32>
  %t = stablehlo.sine %x : tensor<8xf32>
  %a = stablehlo.add %s, %t : tensor<8xf32>
  %b = stablehlo.add %t, %s : tensor<8xf32>
  %r = stablehlo.reduce(%a init: %zero) applies stablehlo.maximum across dimensions = [0] : (tensor<8xf32>, tensor<f32>) -> tensor<f32>
  %q = stablehlo.reduce(%b init: %zero) applies stablehlo.maximum across dimensions = [0] : (tensor<8xf32>, tensor<f32>) -> tensor<f32>
  %c = stablehlo.constant dense<[(1.0, 2.0), (0.0, 1.0)]> : tensor<2xcomplex<f32>>
  %d = stablehlo.constant dense<[(1.0, 2.0), (0.0, 1.0)]> : tensor<2xcomplex<f32>>
  return %r, %q, %c, %d : tensor<f32>, tensor<f32>, tensor<2xcomplex<f32>>, tensor<2xcomplex<f32>>
}

// -----

// Other attributes, other regions, randomness, effects, barriers: two things.
// CHECK-LABEL: func.func public @main
// CHECK-COUNT-2: stablehlo.reduce
// CHECK-COUNT-2: stablehlo.slice
// CHECK-COUNT-2: stablehlo.rng
// CHECK-COUNT-2: stablehlo.custom_call
// CHECK-COUNT-2: stablehlo.optimization_barrier
func.func public @main(%x: tensor<8xf32>) -> (tensor<f32>, tensor<f32>, tensor<2xf32>, tensor<2xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %n = stablehlo.constant dense<8> : tensor<1xi64>
  %r = stablehlo.reduce(%x init: %zero) applies stablehlo.maximum across dimensions = [0] : (tensor<8xf32>, tensor<f32>) -> tensor<f32>
  %q = stablehlo.reduce(%x init: %zero) applies stablehlo.add across dimensions = [0] : (tensor<8xf32>, tensor<f32>) -> tensor<f32>
  %s = stablehlo.slice %x [0:2] : (tensor<8xf32>) -> tensor<2xf32>
  %t = stablehlo.slice %x [1:3] : (tensor<8xf32>) -> tensor<2xf32>
  %u = stablehlo.rng %zero, %r, %n, distribution = UNIFORM : (tensor<f32>, tensor<f32>, tensor<1xi64>) -> tensor<8xf32>
  %v = stablehlo.rng %zero, %r, %n, distribution = UNIFORM : (tensor<f32>, tensor<f32>, tensor<1xi64>) -> tensor<8xf32>
  %e = stablehlo.custom_call @count(%x) {has_side_effect = true} : (tensor<8xf32>) -> tensor<8xf32>
  %f = stablehlo.custom_call @count(%x) {has_side_effect = true} : (tensor<8xf32>) -> tensor<8xf32>
  %g = stablehlo.optimization_barrier %x : tensor<8xf32>
  %h = stablehlo.optimization_barrier %x : tensor<8xf32>
  %ef = stablehlo.add %e, %f : tensor<8xf32>
  %gh = stablehlo.add %g, %h : tensor<8xf32>
  return %r, %q, %s, %t, %u, %v, %ef, %gh : tensor<f32>, tensor<f32>, tensor<2xf32>, tensor<2xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}
