// RUN: --pass simplify-arithmetic --pass dead-code

// Neutral elements, on either side, also of types that NumPy lacks.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %[[N:.*]] = stablehlo.negate %arg0
// CHECK-NEXT: return %arg0, %[[N]], %arg0, %arg0, %arg1, %arg2
func.func public @main(%x: tensor<3xf32>, %b: tensor<3xbf16>, %i: tensor<3xi32>)
    -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xbf16>, tensor<3xi32>) {
  %one = stablehlo.constant dense<1.0> : tensor<f32>
  %ones = stablehlo.broadcast_in_dim %one, dims = [] : (tensor<f32>) -> tensor<3xf32>
  %minus = stablehlo.constant dense<-1.0> : tensor<3xf32>
  %nought = stablehlo.constant dense<0.0> : tensor<3xf32>
  %least = stablehlo.constant dense<0xFF800000> : tensor<3xf32>
  %bones = stablehlo.constant dense<1.0> : tensor<3xbf16>
  %ione = stablehlo.constant dense<1> : tensor<3xi32>
  %inought = stablehlo.constant dense<0> : tensor<3xi32>
  %0 = stablehlo.multiply %ones, %x : tensor<3xf32>
  %1 = stablehlo.multiply %x, %minus : tensor<3xf32>
  %2 = stablehlo.subtract %x, %nought : tensor<3xf32>
  %3 = stablehlo.maximum %least, %2 : tensor<3xf32>
  %4 = stablehlo.power %3, %ones : tensor<3xf32>
  %5 = stablehlo.divide %b, %bones : tensor<3xbf16>
  %6 = stablehlo.multiply %i, %ione : tensor<3xi32>
  %7 = stablehlo.add %inought, %6 : tensor<3xi32>
  return %0, %1, %2, %4, %5, %7 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xbf16>, tensor<3xi32>
}

// -----

// A sum of squares has a root; the square of a magnitude is that of the number.
// CHECK-LABEL: func.func public @main
// CHECK: %[[SQUARE:.*]] = stablehlo.multiply %arg0, %arg0
// CHECK: %[[SUM:.*]] = stablehlo.reduce(%[[SQUARE]]
// CHECK: stablehlo.sqrt %[[SUM]]
func.func public @main(%x: tensor<3x4xf32>) -> tensor<3xf32> {
  %nought = stablehlo.constant dense<0.0> : tensor<f32>
  %half = stablehlo.constant dense<0.5> : tensor<3xf32>
  %0 = stablehlo.abs %x : tensor<3x4xf32>
  %1 = stablehlo.multiply %0, %0 : tensor<3x4xf32>
  %2 = stablehlo.reduce(%1 init: %nought) applies stablehlo.add across dimensions = [1] : (tensor<3x4xf32>, tensor<f32>) -> tensor<3xf32>
  %3 = stablehlo.power %2, %half : tensor<3xf32>
  return %3 : tensor<3xf32>
}

// -----

// Truth values.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %[[CHOICE:.*]] = stablehlo.select %arg0, %arg2, %arg1
// CHECK-NEXT: return %arg0, %[[CHOICE]]
func.func public @main(%p: tensor<3xi1>, %x: tensor<3xf32>, %y: tensor<3xf32>) -> (tensor<3xi1>, tensor<3xf32>) {
  %true = stablehlo.constant dense<true> : tensor<3xi1>
  %false = stablehlo.constant dense<false> : tensor<3xi1>
  %0 = stablehlo.and %p, %true : tensor<3xi1>
  %1 = stablehlo.or %false, %0 : tensor<3xi1>
  %2 = stablehlo.select %1, %true, %false : tensor<3xi1>, tensor<3xi1>
  %3 = stablehlo.not %p : tensor<3xi1>
  %4 = stablehlo.select %3, %x, %y : tensor<3xi1>, tensor<3xf32>
  return %2, %4 : tensor<3xi1>, tensor<3xf32>
}

// -----

// A comparison with an infinity needs no longer type; one with a number that the shorter type lacks does.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %[[TENTH:.*]] = stablehlo.constant dense<1.000000e-01> : tensor<3xf64>
// CHECK-NEXT: %[[LONG:.*]] = stablehlo.convert %arg0
// CHECK: stablehlo.compare EQ, %arg0, {{.*}} : (tensor<3xf32>, tensor<3xf32>)
// CHECK-NEXT: stablehlo.compare LT, %[[LONG]], %[[TENTH]]
func.func public @main(%x: tensor<3xf32>) -> (tensor<3xi1>, tensor<3xi1>) {
  %infinity = stablehlo.constant dense<0x7FF0000000000000> : tensor<3xf64>
  %tenth = stablehlo.constant dense<0.1> : tensor<3xf64>
  %0 = stablehlo.convert %x : (tensor<3xf32>) -> tensor<3xf64>
  %1 = stablehlo.compare EQ, %0, %infinity : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
  %2 = stablehlo.compare LT, %0, %tenth : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
  return %1, %2 : tensor<3xi1>, tensor<3xi1>
}

// -----

// Not these: a zero that changes the sign of another, a root of what may be negative, the magnitude of complex numbers.
// CHECK-LABEL: func.func public @main
// CHECK: stablehlo.add %arg0
// CHECK: stablehlo.subtract %arg0
// CHECK: stablehlo.power %arg0
// CHECK: %[[ABS:.*]] = stablehlo.abs %arg1
// CHECK: stablehlo.multiply %[[ABS]], %[[ABS]]
func.func public @main(%x: tensor<3xf32>, %z: tensor<3xcomplex<f32>>) -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) {
  %nought = stablehlo.constant dense<0.0> : tensor<3xf32>
  %minus = stablehlo.constant dense<-0.0> : tensor<3xf32>
  %half = stablehlo.constant dense<0.5> : tensor<3xf32>
  %0 = stablehlo.add %x, %nought : tensor<3xf32>
  %1 = stablehlo.subtract %x, %minus : tensor<3xf32>
  %2 = stablehlo.power %x, %half : tensor<3xf32>
  %3 = stablehlo.abs %z : (tensor<3xcomplex<f32>>) -> tensor<3xf32>
  %4 = stablehlo.multiply %3, %3 : tensor<3xf32>
  return %0, %1, %2, %4 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
}
