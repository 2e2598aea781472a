// RUN: --pass refine-shapes --pass dead-code

// CHECK-LABEL: @main
// CHECK-NOT: ?
// CHECK: stablehlo.broadcast_in_dim %{{.*}}, dims = [1] : (tensor<4xf32>) -> tensor<3x4xf32>
// CHECK: return %{{.*}} : tensor<3x4xf32>
func.func @main(%x: tensor<4xf32>) -> tensor<?x?xf32> {
  %shape = stablehlo.constant dense<[3, 4]> : tensor<2xi32>
  %0 = stablehlo.dynamic_broadcast_in_dim %x, %shape, dims = [1] : (tensor<4xf32>, tensor<2xi32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

// Static: stays as it is, calls and all.
// CHECK-LABEL: @main
// CHECK-NEXT: call @f
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = func.call @f(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func private @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}


// -----

// Static types, but operands that say what the shape is: constants become attributes, and where the type says it, they are not read.
// CHECK-LABEL: @main
// CHECK-NEXT: stablehlo.constant dense<6> : tensor<i32>
// CHECK-NEXT: stablehlo.reshape %arg0 : (tensor<6xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: stablehlo.iota dim = 1 : tensor<2x3xi32>
// CHECK-NEXT: stablehlo.broadcast_in_dim %arg0, dims = [1] : (tensor<6xf32>) -> tensor<2x6xf32>
// CHECK-NEXT: stablehlo.slice %arg0 [1:6:2] : (tensor<6xf32>) -> tensor<3xf32>
// CHECK-NEXT: stablehlo.pad %arg0, %{{.*}}, low = [1], high = [2], interior = [0]
// CHECK-NEXT: return
func.func @main(%x: tensor<6xf32>, %s: tensor<2xi32>, %z: tensor<f32>)
    -> (tensor<2x3xf32>, tensor<2x3xi32>, tensor<i32>, tensor<2x6xf32>, tensor<3xf32>, tensor<9xf32>) {
  %one = stablehlo.constant dense<1> : tensor<1xi32>
  %two = stablehlo.constant dense<2> : tensor<1xi32>
  %nought = stablehlo.constant dense<0> : tensor<1xi32>
  %six = stablehlo.constant dense<6> : tensor<1xi32>
  %0 = stablehlo.dynamic_reshape %x, %s : (tensor<6xf32>, tensor<2xi32>) -> tensor<2x3xf32>
  %1 = stablehlo.dynamic_iota %s, dim = 1 : (tensor<2xi32>) -> tensor<2x3xi32>
  %2 = stablehlo.get_dimension_size %x, dim = 0 : (tensor<6xf32>) -> tensor<i32>
  %3 = stablehlo.dynamic_broadcast_in_dim %x, %s, dims = [1] : (tensor<6xf32>, tensor<2xi32>) -> tensor<2x6xf32>
  %4 = stablehlo.real_dynamic_slice %x, %one, %six, %two : (tensor<6xf32>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) -> tensor<3xf32>
  %5 = stablehlo.dynamic_pad %x, %z, %one, %two, %nought
    : (tensor<6xf32>, tensor<f32>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) -> tensor<9xf32>
  return %0, %1, %2, %3, %4, %5 : tensor<2x3xf32>, tensor<2x3xi32>, tensor<i32>, tensor<2x6xf32>, tensor<3xf32>, tensor<9xf32>
}
