// RUN: --pass drop-one-device-forms --pass dead-code

// CHECK-LABEL: func.func public @main
// CHECK-NEXT: %[[SINE:.*]] = stablehlo.sine %arg0
// CHECK-NEXT: stablehlo.constant dense<0> : tensor<ui32>
// CHECK-NEXT: stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK-NEXT: %[[NONE:.*]] = stablehlo.broadcast_in_dim
// CHECK-NEXT: return %[[SINE]], %{{.*}}, %arg0, %[[NONE]]
module attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  sdy.mesh @mesh = <["a"=1]>
  func.func public @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<ui32>, tensor<4xf32>, tensor<4xf32>) {
    %0 = stablehlo.custom_call @Sharding(%x) {backend_config = ""} : (tensor<4xf32>) -> tensor<4xf32>
    %1 = sdy.sharding_constraint %0 <@mesh, [{"a"}]> : tensor<4xf32>
    %2 = stablehlo.sine %1 : tensor<4xf32>
    %3 = "stablehlo.all_reduce"(%2) <{replica_groups = dense<0> : tensor<1x1xi64>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %8 = stablehlo.add %a, %b : tensor<f32>
      stablehlo.return %8 : tensor<f32>
    }) : (tensor<4xf32>) -> tensor<4xf32>
    %4 = stablehlo.partition_id : tensor<ui32>
    %5 = "stablehlo.all_gather"(%x) <{all_gather_dim = 0 : i64, replica_groups = dense<0> : tensor<1x1xi64>}> : (tensor<4xf32>) -> tensor<4xf32>
    %6 = "stablehlo.collective_permute"(%5) <{source_target_pairs = dense<0> : tensor<1x2xi64>}> : (tensor<4xf32>) -> tensor<4xf32>
    %7 = "stablehlo.collective_permute"(%5) <{source_target_pairs = dense<> : tensor<0x2xi64>}> : (tensor<4xf32>) -> tensor<4xf32>
    return %3, %4, %6, %7 : tensor<4xf32>, tensor<ui32>, tensor<4xf32>, tensor<4xf32>
  }
}

// -----

// Two partitions: everything stays.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: sdy.sharding_constraint
// CHECK-NEXT: stablehlo.partition_id
// CHECK-NEXT: stablehlo.all_gather
module attributes {mhlo.num_partitions = 2 : i32, mhlo.num_replicas = 1 : i32} {
  sdy.mesh @mesh = <["a"=2]>
  func.func public @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<ui32>) {
    %0 = sdy.sharding_constraint %x <@mesh, [{"a"}]> : tensor<4xf32>
    %1 = stablehlo.partition_id : tensor<ui32>
    %2 = "stablehlo.all_gather"(%0) <{all_gather_dim = 0 : i64, replica_groups = dense<[[0], [1]]> : tensor<2x1xi64>}> : (tensor<4xf32>) -> tensor<4xf32>
    return %2, %1 : tensor<4xf32>, tensor<ui32>
  }
}

// -----

// A mesh of two devices, and no word of partitions.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: sdy.sharding_constraint
module {
  sdy.mesh @mesh = <["a"=2, "b"=1]>
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = sdy.sharding_constraint %x <@mesh, [{"a"}]> : tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}

// -----

// No word of partitions, but of other devices.
// CHECK-LABEL: func.func public @main
// CHECK-NEXT: stablehlo.custom_call @Sharding
// CHECK-NEXT: stablehlo.all_gather
// CHECK-NEXT: stablehlo.collective_permute
func.func public @main(%x: tensor<4xf32>) -> tensor<8xf32> {
  %0 = stablehlo.custom_call @Sharding(%x) {mhlo.sharding = "{devices=[2]0,1}"} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = "stablehlo.all_gather"(%0) <{all_gather_dim = 0 : i64, replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> : (tensor<4xf32>) -> tensor<8xf32>
  %2 = "stablehlo.collective_permute"(%1) <{source_target_pairs = dense<[[0, 1]]> : tensor<1x2xi64>}> : (tensor<8xf32>) -> tensor<8xf32>
  return %2 : tensor<8xf32>
}
