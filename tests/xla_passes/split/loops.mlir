// RUN: --split %1:0:3

// Rows in pieces of three; the seventh is left over and follows the loop, from a counter whose end XLA does not know beforehand.
// The maximum of each row is written in place, the sum over the rows is accumulated.
// CHECK-LABEL: func.func public @main(%arg0: tensor<7x3xf32>, %arg1: tensor<11x3xf32>)
// CHECK: %[[BUFFER:[a-zA-Z0-9_]+]] = stablehlo.broadcast_in_dim %{{.*}} -> tensor<7xf32>
// CHECK: %[[ZERO:[a-zA-Z0-9_]+]] = stablehlo.broadcast_in_dim %{{.*}} -> tensor<11xf32>
// CHECK: %[[LOOP:[a-zA-Z0-9_]+]]:4 = stablehlo.while(%[[I:[a-zA-Z0-9_]+]] = %[[START:[a-zA-Z0-9_]+]], %{{.*}} = %[[START]], %[[ROWS:[a-zA-Z0-9_]+]] = %[[BUFFER]], %[[SUM:[a-zA-Z0-9_]+]] = %[[ZERO]])
// CHECK: %[[END:[a-zA-Z0-9_]+]] = stablehlo.constant dense<6> : tensor<i32>
// CHECK: stablehlo.compare LT, %[[I]], %[[END]]
// CHECK: %[[Q:[a-zA-Z0-9_]+]] = stablehlo.dynamic_slice %arg0, %[[I]], %{{.*}}, sizes = [3, 3]
// CHECK: %[[K:[a-zA-Z0-9_]+]] = stablehlo.dot_general %[[Q]], %arg1, contracting_dims = [1] x [1] {{.*}} -> tensor<3x11xf32>
// CHECK: %[[E:[a-zA-Z0-9_]+]] = stablehlo.exponential %[[K]] : tensor<3x11xf32>
// CHECK: %[[M:[a-zA-Z0-9_]+]] = stablehlo.reduce(%[[E]] init: %{{.*}}) applies stablehlo.maximum across dimensions = [1]
// CHECK: %[[S:[a-zA-Z0-9_]+]] = stablehlo.reduce(%[[E]] init: %{{.*}}) applies stablehlo.add across dimensions = [0]
// CHECK: %[[PUT:[a-zA-Z0-9_]+]] = stablehlo.dynamic_update_slice %[[ROWS]], %[[M]], %[[I]]
// CHECK: %[[ADDED:[a-zA-Z0-9_]+]] = stablehlo.add %[[SUM]], %[[S]] : tensor<11xf32>
// CHECK: %[[NEXT:[a-zA-Z0-9_]+]] = stablehlo.add %[[I]], %{{.*}} : tensor<i32>
// CHECK: stablehlo.return %[[NEXT]], %[[NEXT]], %[[PUT]], %[[ADDED]]
// CHECK: stablehlo.dynamic_slice %arg0, %[[LOOP]]#1, %{{.*}}, sizes = [1, 3]
// CHECK: %[[LAST:[a-zA-Z0-9_]+]] = stablehlo.dynamic_update_slice %[[LOOP]]#2, %{{.*}}, %[[LOOP]]#1
// CHECK: %[[TOTAL:[a-zA-Z0-9_]+]] = stablehlo.add %[[LOOP]]#3, %{{.*}} : tensor<11xf32>
// CHECK: return %[[LAST]], %[[TOTAL]]
func.func public @main(%q: tensor<7x3xf32>, %x: tensor<11x3xf32>) -> (tensor<7xf32>, tensor<11xf32>) {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %low = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %k = stablehlo.dot_general %q, %x, contracting_dims = [1] x [1] : (tensor<7x3xf32>, tensor<11x3xf32>) -> tensor<7x11xf32>
  %e = stablehlo.exponential %k : tensor<7x11xf32>
  %m = stablehlo.reduce(%e init: %low) applies stablehlo.maximum across dimensions = [1] : (tensor<7x11xf32>, tensor<f32>) -> tensor<7xf32>
  %s = stablehlo.reduce(%e init: %zero) applies stablehlo.add across dimensions = [0] : (tensor<7x11xf32>, tensor<f32>) -> tensor<11xf32>
  return %m, %s : tensor<7xf32>, tensor<11xf32>
}

// -----

// Everything is parallel: the last piece starts early and overlaps the one before, so that nothing is left over.
// CHECK-LABEL: func.func public @main(%arg0: tensor<7x4xf32>)
// CHECK: stablehlo.while(%[[I:[a-zA-Z0-9_]+]] = %[[START:[a-zA-Z0-9_]+]], %{{.*}} = %[[START]], %[[OUT:[a-zA-Z0-9_]+]] = %{{.*}})
// CHECK: %[[MOST:[a-zA-Z0-9_]+]] = stablehlo.constant dense<4> : tensor<i32>
// CHECK: %[[AT:[a-zA-Z0-9_]+]] = stablehlo.minimum %[[I]], %[[MOST]]
// CHECK: %[[X:[a-zA-Z0-9_]+]] = stablehlo.dynamic_slice %arg0, %[[AT]], %{{.*}}, sizes = [3, 4]
// CHECK: %[[T:[a-zA-Z0-9_]+]] = stablehlo.tanh %[[X]] : tensor<3x4xf32>
// CHECK: %[[S:[a-zA-Z0-9_]+]] = stablehlo.sine %[[T]] : tensor<3x4xf32>
// CHECK: stablehlo.dynamic_update_slice %[[OUT]], %[[S]], %[[AT]], %{{.*}}
// CHECK-NOT: dynamic_slice
func.func public @main(%x: tensor<7x4xf32>) -> tensor<7x4xf32> {
  %t = stablehlo.tanh %x : tensor<7x4xf32>
  %s = stablehlo.sine %t : tensor<7x4xf32>
  return %s : tensor<7x4xf32>
}

// -----

// A running top-k starts from the first piece; indices count from the whole's start, and the older ones stand first among equals.
// CHECK-LABEL: func.func public @main(%arg0: tensor<9xf32>)
// CHECK: dynamic_slice %arg0, %{{.*}}, sizes = [3]
// CHECK: chlo.top_k
// CHECK: stablehlo.while(
// CHECK: stablehlo.dynamic_slice %arg0, %[[I:[a-zA-Z0-9_]+]], sizes = [3]
// CHECK: %[[V:[a-zA-Z0-9_]+]], %[[J:[a-zA-Z0-9_]+]] = chlo.top_k(%{{.*}}, k = 2) : tensor<3xf32> -> (tensor<2xf32>, tensor<2xi32>)
// CHECK: %[[COUNTED:[a-zA-Z0-9_]+]] = stablehlo.add %[[J]], %{{.*}} : tensor<2xi32>
// CHECK: stablehlo.concatenate %[[OLD:[a-zA-Z0-9_]+]], %[[V]], dim = 0
// CHECK: %[[ALL:[a-zA-Z0-9_]+]] = stablehlo.concatenate %{{.*}}, %[[COUNTED]], dim = 0
// CHECK: chlo.top_k(%{{.*}}, k = 2) : tensor<4xf32>
// CHECK: "stablehlo.gather"(%[[ALL]],
func.func public @main(%x: tensor<9xf32>) -> (tensor<2xf32>, tensor<2xi32>) {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %n = stablehlo.negate %x : tensor<9xf32>
  %a = stablehlo.abs %n : tensor<9xf32>
  %v, %i = chlo.top_k(%a, k = 2) : tensor<9xf32> -> (tensor<2xf32>, tensor<2xi32>)
  return %v, %i : tensor<2xf32>, tensor<2xi32>
}
