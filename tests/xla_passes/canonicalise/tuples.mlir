// RUN: --pass fold-tuples --pass dead-code

// Tuples of tuples too; what a call makes stays.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %[[CALL:.*]] = stablehlo.custom_call @both(%arg0)
// CHECK-NEXT: %[[PART:.*]] = stablehlo.get_tuple_element %[[CALL]][0]
// CHECK-NEXT: return %arg1, %arg0, %[[PART]]
func.func public @main(%x: tensor<3xf32>, %y: tensor<4xi32>) -> (tensor<4xi32>, tensor<3xf32>, tensor<3xf32>) {
  %0 = stablehlo.tuple %x, %y : tuple<tensor<3xf32>, tensor<4xi32>>
  %1 = stablehlo.tuple %0, %x : tuple<tuple<tensor<3xf32>, tensor<4xi32>>, tensor<3xf32>>
  %2 = stablehlo.get_tuple_element %1[0] : (tuple<tuple<tensor<3xf32>, tensor<4xi32>>, tensor<3xf32>>) -> tuple<tensor<3xf32>, tensor<4xi32>>
  %3 = stablehlo.get_tuple_element %2[1] : (tuple<tensor<3xf32>, tensor<4xi32>>) -> tensor<4xi32>
  %4 = stablehlo.get_tuple_element %1[1] : (tuple<tuple<tensor<3xf32>, tensor<4xi32>>, tensor<3xf32>>) -> tensor<3xf32>
  %5 = stablehlo.custom_call @both(%x) : (tensor<3xf32>) -> tuple<tensor<3xf32>, tensor<4xi32>>
  %6 = stablehlo.get_tuple_element %5[0] : (tuple<tensor<3xf32>, tensor<4xi32>>) -> tensor<3xf32>
  return %3, %4, %6 : tensor<4xi32>, tensor<3xf32>, tensor<3xf32>
}
