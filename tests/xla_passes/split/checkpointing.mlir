// RUN: --checkpoint 3

// Seven trips in stretches of three: checkpoints before trips 0, 1 and 4. Each trip writes what is carried into it to the next of these rows,
// so that the last to write is the one that the stretch begins with; the fourth row is what no stretch begins with.
// CHECK-LABEL: func.func public @main(%arg0: tensor<7xf32>, %arg1: tensor<f32>)
// CHECK: %[[ROWS:[a-zA-Z0-9_]+]] = stablehlo.broadcast_in_dim %arg1, dims = [] : (tensor<f32>) -> tensor<4xf32>
// CHECK: %[[AHEAD:[a-zA-Z0-9_]+]]:3 = stablehlo.while(%[[I:[a-zA-Z0-9_]+]] = %{{.*}}, %[[C:[a-zA-Z0-9_]+]] = %arg1, %[[K:[a-zA-Z0-9_]+]] = %[[ROWS]])
// CHECK: stablehlo.tanh
// CHECK: %[[LATE:[a-zA-Z0-9_]+]] = stablehlo.constant dense<4> : tensor<i32>
// CHECK: %[[SUM:[a-zA-Z0-9_]+]] = stablehlo.add %[[I]], %[[LATE]]
// CHECK: %[[ROW:[a-zA-Z0-9_]+]] = stablehlo.divide %[[SUM]], %{{.*}}
// CHECK: %[[VALUE:[a-zA-Z0-9_]+]] = stablehlo.reshape %[[C]]
// CHECK: stablehlo.dynamic_update_slice %[[K]], %[[VALUE]], %[[ROW]]

// From the last stretch to the first: the forward body from the checkpoint, what is between the loops, and the backward body.
// CHECK: stablehlo.while(%[[J:[a-zA-Z0-9_]+]] = %{{.*}}, %{{.*}} = %{{.*}}, %[[D:[a-zA-Z0-9_]+]] = %[[AHEAD]]#1)
// CHECK: %[[FOUR:[a-zA-Z0-9_]+]] = stablehlo.constant dense<4>
// CHECK: %[[START:[a-zA-Z0-9_]+]] = stablehlo.subtract %[[FOUR]], %[[J]]
// CHECK: stablehlo.dynamic_slice %arg0, %[[START]], sizes = [3]
// CHECK: %[[KEPT:[a-zA-Z0-9_]+]] = stablehlo.dynamic_slice %[[AHEAD]]#2, %{{.*}}, sizes = [1]
// CHECK: %[[FROM:[a-zA-Z0-9_]+]] = stablehlo.reshape %[[KEPT]]
// CHECK: %[[AGAIN:[a-zA-Z0-9_]+]]:3 = stablehlo.while(%{{.*}} = %{{.*}}, %{{.*}} = %[[FROM]], %{{.*}} = %{{.*}}) : tensor<i32>, tensor<f32>, tensor<3xf32>
// CHECK: stablehlo.tanh
// CHECK: %[[SQUARES:[a-zA-Z0-9_]+]] = stablehlo.multiply %[[AGAIN]]#2, %[[AGAIN]]#2 : tensor<3xf32>
// CHECK: stablehlo.while(%[[L:[a-zA-Z0-9_]+]] = %{{.*}}, %{{.*}} = %[[D]])
// CHECK: %[[TWO:[a-zA-Z0-9_]+]] = stablehlo.constant dense<2>
// CHECK: %[[LOCAL:[a-zA-Z0-9_]+]] = stablehlo.subtract %[[TWO]], %[[L]]
// CHECK: stablehlo.dynamic_slice %[[SQUARES]], %[[LOCAL]], sizes = [1]

// The one trip that is left over comes last.
// CHECK: stablehlo.dynamic_slice %arg0, %{{.*}}, sizes = [1]
// CHECK: stablehlo.while
// CHECK: stablehlo.tanh
// CHECK: stablehlo.while
// CHECK-NOT: tensor<7xf32>
func.func public @main(%x: tensor<7xf32>, %h: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %trips = stablehlo.constant dense<7> : tensor<i32>
  %empty = stablehlo.constant dense<0.0> : tensor<f32>
  %rows = stablehlo.broadcast_in_dim %empty, dims = [] : (tensor<f32>) -> tensor<7xf32>
  %f:3 = stablehlo.while(%i = %zero, %c = %h, %s = %rows) : tensor<i32>, tensor<f32>, tensor<7xf32>
  cond {
    %p = stablehlo.compare LT, %i, %trips : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %r = stablehlo.dynamic_slice %x, %i, sizes = [1] : (tensor<7xf32>, tensor<i32>) -> tensor<1xf32>
    %e = stablehlo.reshape %r : (tensor<1xf32>) -> tensor<f32>
    %m = stablehlo.multiply %c, %e : tensor<f32>
    %t = stablehlo.tanh %m : tensor<f32>
    %u = stablehlo.reshape %t : (tensor<f32>) -> tensor<1xf32>
    %w = stablehlo.dynamic_update_slice %s, %u, %i : (tensor<7xf32>, tensor<1xf32>, tensor<i32>) -> tensor<7xf32>
    %n = stablehlo.add %i, %one : tensor<i32>
    stablehlo.return %n, %t, %w : tensor<i32>, tensor<f32>, tensor<7xf32>
  }
  %q = stablehlo.multiply %f#2, %f#2 : tensor<7xf32>
  %b:2 = stablehlo.while(%i = %zero, %d = %f#1) : tensor<i32>, tensor<f32>
  cond {
    %p = stablehlo.compare LT, %i, %trips : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %l = stablehlo.subtract %trips, %i : tensor<i32>
    %j = stablehlo.subtract %l, %one : tensor<i32>
    %r = stablehlo.dynamic_slice %q, %j, sizes = [1] : (tensor<7xf32>, tensor<i32>) -> tensor<1xf32>
    %e = stablehlo.reshape %r : (tensor<1xf32>) -> tensor<f32>
    %m = stablehlo.subtract %d, %e : tensor<f32>
    %n = stablehlo.add %i, %one : tensor<i32>
    stablehlo.return %n, %m : tensor<i32>, tensor<f32>
  }
  return %f#1, %b#1 : tensor<f32>, tensor<f32>
}
