// RUN: --pass gather-batches --pass dead-code

// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %[[FOUND:.*]] = "stablehlo.gather"(%arg0, %arg1)
// CHECK-SAME: collapsed_slice_dims = [1], operand_batching_dims = [0], start_indices_batching_dims = [0], start_index_map = [1], index_vector_dim = 2
// CHECK-NEXT: return %[[FOUND]]
func.func public @main(%x: tensor<4x7xf32>, %i: tensor<4x2x1xi32>) -> tensor<4x2xf32> {
  %0 = stablehlo.iota dim = 0 : tensor<4x2x1xi32>
  %1 = stablehlo.concatenate %0, %i, dim = 2 : (tensor<4x2x1xi32>, tensor<4x2x1xi32>) -> tensor<4x2x2xi32>
  %2 = "stablehlo.gather"(%x, %1) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0, 1], start_index_map = [0, 1], index_vector_dim = 2>,
    slice_sizes = array<i64: 1, 1>}> : (tensor<4x7xf32>, tensor<4x2x2xi32>) -> tensor<4x2xf32>
  return %2 : tensor<4x2xf32>
}

// -----

// Not the first four of five, nor where a slice is longer than one element.
// CHECK-LABEL: func.func public @main
// CHECK-NOT: operand_batching_dims
func.func public @main(%x: tensor<5x7xf32>, %i: tensor<4x2x1xi32>) -> (tensor<4x2xf32>, tensor<4x2x2xf32>) {
  %0 = stablehlo.iota dim = 0 : tensor<4x2x1xi32>
  %1 = stablehlo.concatenate %0, %i, dim = 2 : (tensor<4x2x1xi32>, tensor<4x2x1xi32>) -> tensor<4x2x2xi32>
  %2 = "stablehlo.gather"(%x, %1) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0, 1], start_index_map = [0, 1], index_vector_dim = 2>,
    slice_sizes = array<i64: 1, 1>}> : (tensor<5x7xf32>, tensor<4x2x2xi32>) -> tensor<4x2xf32>
  %3 = "stablehlo.gather"(%x, %1) <{dimension_numbers = #stablehlo.gather<offset_dims = [2], collapsed_slice_dims = [1], start_index_map = [0, 1],
    index_vector_dim = 2>, slice_sizes = array<i64: 2, 1>}> : (tensor<5x7xf32>, tensor<4x2x2xi32>) -> tensor<4x2x2xf32>
  return %2, %3 : tensor<4x2xf32>, tensor<4x2x2xf32>
}
