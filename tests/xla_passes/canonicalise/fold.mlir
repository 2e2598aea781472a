// RUN: --pass splat-to-broadcast --pass fold-constants --pass dead-code

// CHECK-LABEL: func.func public @main
// CHECK-DAG: stablehlo.constant dense<1.900000e+01> : tensor<f32>
// CHECK-DAG: stablehlo.constant dense<9> : tensor<i32>
// CHECK-DAG: stablehlo.multiply %arg0, %arg0 : tensor<8xf32>
// CHECK-DAG: stablehlo.slice %arg0 [5:8] : (tensor<8xf32>) -> tensor<3xf32>
// CHECK: return
func.func public @main(%x: tensor<8xf32>) -> (tensor<f32>, tensor<i32>, tensor<8xf32>, tensor<3xf32>, tensor<8xf32>) {
  %a = stablehlo.constant dense<20.0> : tensor<f32>
  %b = stablehlo.constant dense<1.0> : tensor<f32>
  %c = stablehlo.subtract %a, %b : tensor<f32>
  %h = stablehlo.constant dense<0.5> : tensor<f32>
  %d = stablehlo.multiply %c, %h : tensor<f32>
  %e = stablehlo.convert %d : (tensor<f32>) -> tensor<i32>
  %two = stablehlo.constant dense<2.0> : tensor<8xf32>
  %s = stablehlo.power %x, %two : tensor<8xf32>
  %t = stablehlo.dynamic_slice %x, %e, sizes = [3] : (tensor<8xf32>, tensor<i32>) -> tensor<3xf32>
  %p = stablehlo.compare LT, %b, %a : (tensor<f32>, tensor<f32>) -> tensor<i1>
  %u = stablehlo.select %p, %x, %s : tensor<i1>, tensor<8xf32>
  return %c, %e, %s, %t, %u : tensor<f32>, tensor<i32>, tensor<8xf32>, tensor<3xf32>, tensor<8xf32>
}

// -----

// Not a number, out of range, denormal, another power, an unknown start: the compiler's business.
// CHECK-LABEL: func.func public @main
// CHECK-DAG: stablehlo.divide
// CHECK-DAG: stablehlo.convert
// CHECK-DAG: stablehlo.multiply %{{.*}}, %{{.*}} : tensor<f32>
// CHECK-DAG: stablehlo.power
// CHECK-DAG: stablehlo.dynamic_slice
// CHECK: return
func.func public @main(%x: tensor<8xf32>, %i: tensor<i32>) -> (tensor<f32>, tensor<i32>, tensor<f32>, tensor<8xf32>, tensor<3xf32>) {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %nan = stablehlo.divide %zero, %zero : tensor<f32>
  %large = stablehlo.constant dense<1.0e20> : tensor<f32>
  %e = stablehlo.convert %large : (tensor<f32>) -> tensor<i32>
  %small = stablehlo.constant dense<1.0e-20> : tensor<f32>
  %d = stablehlo.multiply %small, %small : tensor<f32>
  %half = stablehlo.constant dense<0.5> : tensor<8xf32>
  %s = stablehlo.power %x, %half : tensor<8xf32>
  %t = stablehlo.dynamic_slice %x, %i, sizes = [3] : (tensor<8xf32>, tensor<i32>) -> tensor<3xf32>
  return %nan, %e, %d, %s, %t : tensor<f32>, tensor<i32>, tensor<f32>, tensor<8xf32>, tensor<3xf32>
}
