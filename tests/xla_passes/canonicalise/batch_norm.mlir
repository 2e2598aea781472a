// RUN: --pass expand-batch-norm --pass dead-code

// CHECK-LABEL: func.func public @main
// CHECK-NOT: batch_norm
// CHECK: %[[SUM:.*]] = stablehlo.reduce(%arg0 init: %{{.*}}) applies stablehlo.add across dimensions = [0, 1]
// CHECK: stablehlo.constant dense<1.000000e+01> : tensor<f32>
// CHECK: %[[MEAN:.*]] = stablehlo.divide %[[SUM]], %{{.*}} : tensor<3xf32>
// CHECK: stablehlo.constant dense<1.000000e-03> : tensor<f32>
// CHECK: %[[NORMAL:.*]] = stablehlo.add %{{.*}}, %{{.*}} : tensor<2x5x3xf32>
// CHECK: return %[[NORMAL]], %[[MEAN]], %{{.*}}
func.func public @main(%x: tensor<2x5x3xf32>, %s: tensor<3xf32>, %o: tensor<3xf32>) -> (tensor<2x5x3xf32>, tensor<3xf32>, tensor<3xf32>) {
  %0:3 = "stablehlo.batch_norm_training"(%x, %s, %o) <{epsilon = 1.0e-3 : f32, feature_index = 2 : i64}>
    : (tensor<2x5x3xf32>, tensor<3xf32>, tensor<3xf32>) -> (tensor<2x5x3xf32>, tensor<3xf32>, tensor<3xf32>)
  return %0#0, %0#1, %0#2 : tensor<2x5x3xf32>, tensor<3xf32>, tensor<3xf32>
}

// -----

// What is one for each feature is computed once for each.
// CHECK-LABEL: func.func public @main
// CHECK: stablehlo.rsqrt %{{.*}} : tensor<5xf64>
// CHECK: stablehlo.broadcast_in_dim %{{.*}}, dims = [1] : (tensor<5xf64>) -> tensor<2x5xf64>
// CHECK: return
func.func public @main(%x: tensor<2x5xf64>, %s: tensor<5xf64>, %o: tensor<5xf64>, %m: tensor<5xf64>, %v: tensor<5xf64>) -> tensor<2x5xf64> {
  %0 = "stablehlo.batch_norm_inference"(%x, %s, %o, %m, %v) <{epsilon = 1.0e-3 : f32, feature_index = 1 : i64}>
    : (tensor<2x5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>) -> tensor<2x5xf64>
  return %0 : tensor<2x5xf64>
}
