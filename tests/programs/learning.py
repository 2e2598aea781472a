"""Programs that learn: clustering and descent in loops, networks and their gradients, lookups and scatters."""

import jax
import jax.numpy as jnp
from jax import lax

from tests.programs.checking import program, real, whole


@program(real(5003, 5), real(23, 5))
def k_means(x, centres):
    def step(centres, _):
        nearest = jnp.argmin(((x[:, None] - centres[None]) ** 2).sum(-1), 1)
        members = jax.nn.one_hot(nearest, 23)
        return members.T @ x / jnp.maximum(members.sum(0), 1)[:, None], None

    return lax.scan(step, centres, None, length=10)[0]


@program(real(401, 3), real(401), real(31, 3))
def descent_over_inducing_points(x, y, points):
    def loss(parameters):
        points, weights = parameters
        kernel = jnp.exp(-((x[:, None] - points[None]) ** 2).sum(-1))
        return ((kernel @ weights - y) ** 2).mean()

    def step(parameters, _):
        value, slopes = jax.value_and_grad(loss)(parameters)
        return jax.tree.map(lambda p, slope: p - 0.01 * slope, parameters, slopes), value

    return lax.scan(step, (points, jnp.zeros(31)), None, length=5)


@program(real(301, 3), real(301))
def adam_over_kernel_weights(x, y):
    def loss(weights):
        return ((jnp.exp(-((x[:, None] - x[None]) ** 2).sum(-1)) @ weights - y) ** 2).mean()

    def step(state, _):
        weights, mean, square = state
        value, slope = jax.value_and_grad(loss)(weights)
        mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        return (weights - 0.01 * mean / (jnp.sqrt(square) + 1e-8), mean, square), value

    return lax.scan(step, (jnp.zeros(301),) * 3, None, length=5)


@program(real(2003, 16), real(16, 64), real(64, 64), real(64, 10), whole(10, 2003), divisor=4)
def gradient_of_a_small_network(x, first, second, last, labels):
    def loss(weights):
        hidden = jax.nn.gelu(jax.nn.gelu(x @ weights[0]) @ weights[1])
        return -jnp.take_along_axis(jax.nn.log_softmax(hidden @ weights[2]), labels[:, None], 1).mean()

    return jax.value_and_grad(loss)((first, second, last))


def convolved(x, w):
    return lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def pooled(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


@program(real(31, 48, 48, 3), real(3, 3, 3, 8), real(3, 3, 8, 8), real(8, 5), divisor=2)
def convolutional_network(x, first, second, last):
    return jax.nn.relu(convolved(pooled(jax.nn.relu(convolved(x, first))), second)).mean((1, 2)) @ last


@program(real(31, 48, 48, 3), real(3, 3, 3, 8), real(3, 3, 8, 8), real(8, 5), divisor=2)
def gradient_of_a_convolutional_network(x, first, second, last):
    def loss(weights):
        return (convolutional_network(x, *weights) ** 2).mean()

    return jax.value_and_grad(loss)((first, second, last))


@program(real(32, 3, 32, 32), real(16, 3, 3, 3), real(16, 16, 3, 3), real(16, 5), divisor=2)
def gradient_of_a_channels_first_network(x, first, second, last):
    """As PyTorch stores images: no convolution has the order of dimensions that the backend wants."""

    def layer(x, w):
        return jnp.tanh(lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NCHW", "OIHW", "NCHW")))

    def loss(weights):
        return ((layer(layer(x, weights[0]), weights[1]).mean((2, 3)) @ weights[2]) ** 2).mean()

    return jax.value_and_grad(loss)((first, second, last))


@program(real(401, 8), whole(401, 10007), real(8, 8))
def gradient_of_an_embedding(table, words, weights):
    return jax.grad(lambda table: (jnp.tanh(table[words] @ weights) ** 2).sum())(table)


@program(real(1009, 7, 8), real(8, 16), real(16, 16))
def recurrent_network(x, weights, recurrent):
    def step(hidden, x):
        return jnp.tanh(x @ weights + hidden @ recurrent), None

    return lax.scan(step, jnp.zeros((len(x), 16)), x.transpose(1, 0, 2))[0].sum(1)


@program(real(5003, 8))
def fixed_iterations_for_each_row(x):
    def one(row):
        return lax.fori_loop(0, 5, lambda _, z: jnp.tanh(1.1 * z @ z * row), row).sum()

    return jax.vmap(one)(jnp.sin(x))


@program(real(5, 3), real(2003, 3))
def one_row_at_a_time(q, x):
    return lax.map(lambda row: jnp.sort(jnp.exp(-((x - row) ** 2).sum(1)[:, None] * jnp.arange(1.0, 65)), 0)[::100].sum(0), q)


@program(real(2003, 5, 5), real(2003, 5))
def batch_of_small_systems(a, b):
    return jax.vmap(jnp.linalg.solve)(a @ a.transpose(0, 2, 1) + jnp.eye(5), b).sum(1)


@program(real(2003, 5, 5))
def batch_of_small_factors(a):
    factors = jnp.linalg.cholesky(a @ a.transpose(0, 2, 1) + jnp.eye(5))
    return jnp.log(jnp.diagonal(factors, axis1=1, axis2=2)).sum(1)


@program(real(1009, 4, 4))
def batch_of_small_spectra(a):
    return jax.vmap(jnp.linalg.eigvalsh)(a + a.transpose(0, 2, 1))[:, 0]
