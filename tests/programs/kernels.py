"""Programs over all pairs of points: kernels, distances, products of matrices that are too large to hold."""

import jax
import jax.numpy as jnp
from jax import lax

from tests.programs.checking import program, real


def squares(x, y):
    return ((x[:, None] - y[None]) ** 2).sum(-1)


def kernel(x, y):
    return jnp.exp(-squares(x, y) / 2)


@program(real(307, 3), real(401, 3), real(401, 2))
def kernel_ridge_prediction(q, x, weights):
    return kernel(q, x) @ weights


@program(real(211, 3), real(503, 3))
def kernel_times_its_transpose(x, y):
    k = kernel(x, y)
    return k @ k.T


@program(real(307, 3), divisor=20)
def kernel_squared(x):
    k = kernel(x, x)
    return (k @ k).sum(1)


@program(real(301, 3), real(307, 3), real(311, 3), divisor=20)
def product_of_two_kernels(x, y, z):
    return (kernel(x, y) @ kernel(y, z)).max(1)


@program(real(401, 3), real(401, 2))
def kernel_and_its_transpose(x, v):
    k = kernel(x, 2 * x)
    return k @ v, k.T @ v


@program(real(401, 3), real(401, 2))
def distances_then_products_with_them(x, v):
    distances = jnp.sqrt(squares(x, x))
    return (distances @ distances).sum(0), distances @ v


@program(real(401, 3), real(401, 2), divisor=20)
def laplacian_times_vectors(x, v):
    weights = kernel(x, x)
    return (jnp.diag(weights.sum(1)) - weights) @ v


@program(real(401, 3), real(401, 2))
def normalised_laplacian_times_vectors(x, v):
    weights = kernel(x, x)
    scale = 1 / jnp.sqrt(weights.sum(1))[:, None]
    return v - scale * (weights @ (scale * v))


@program(real(307, 4), real(401, 4), tolerance=1e-4)
def maximum_mean_discrepancy(x, y):
    return kernel(x, x).mean() + kernel(y, y).mean() - 2 * jnp.tanh(kernel(x, y) @ y).mean()


@program(real(307, 3), real(401, 3))
def kernel_density(q, x):
    return jax.nn.logsumexp(-squares(q, x) / 0.02, axis=1)


@program(real(307, 3), real(401, 3), is_exact=True)
def hausdorff(x, y):
    distances = squares(x, y)
    return jnp.sqrt(jnp.maximum(distances.min(1).max(), distances.min(0).max()))


@program(real(307, 3), real(401, 3), real(401, 5))
def nadaraya_watson(q, x, y):
    weights = kernel(q, x)
    return weights @ y / weights.sum(1)[:, None]


@program(real(401, 3), real(401))
def gravity(x, masses):
    offsets = x[None] - x[:, None]
    strengths = (squares(x, x) + 1e-2) ** -1.5
    return (masses[None, :, None] * offsets * strengths[..., None]).sum(1)


@program(real(301, 3), real(301, 3), real(301))
def gravity_over_time(x, v, masses):
    def step(state, _):
        x, v = state
        v = v + 1e-3 * gravity(x, masses)
        return (x + 1e-3 * v, v), x.mean(0)

    return lax.scan(step, (x, v), None, length=5)


@program(real(301, 3), real(401, 3))
def mean_shift(q, x):
    def shift(_, q):
        weights = kernel(q, x)
        return weights @ x / weights.sum(1, keepdims=True)

    return lax.fori_loop(0, 4, shift, q)


@program(real(401, 3))
def scaling_of_distances(x):
    """Classical scaling: distances centred along both axes, and their leading eigenvector."""

    def centred():
        distances = squares(x, x)
        return distances - distances.mean(1, keepdims=True) - distances.mean(0, keepdims=True) + distances.mean()

    def power_step(_, v):
        v = centred() @ v
        return v / jnp.linalg.norm(v)

    return lax.fori_loop(0, 3, power_step, x[:, 0])


@program(real(301, 3), real(307, 3))
def sinkhorn(x, y):
    k = jnp.exp(-squares(x, y) / 5)

    def step(_, scales):
        a, b = scales
        a = 1 / (k @ b)
        return a, 1 / (k.T @ a)

    return lax.fori_loop(0, 5, step, (jnp.ones(301), jnp.ones(307)))


@program(real(301, 2), real(301, 4), tolerance=1e-4)
def neighbour_embedding_gradient(y, x):
    """The gradient of t-SNE's loss, by automatic differentiation."""
    p = kernel(x, x)
    p = p / p.sum()

    def loss(y):
        q = 1 / (1 + squares(y, y))
        return (p * (jnp.log(p + 1e-12) - jnp.log(q / q.sum()))).sum()

    return jax.grad(loss)(y)


@program(real(301, 4))
def neighbour_graph_smoothing(x):
    nearest = lax.top_k(-squares(x, x), 8)[1]
    return x[nearest].mean(1)


@program(real(301, 3), real(307, 3))
def chamfer_gradient(x, y):
    def loss(x):
        distances = squares(x, y)
        return distances.min(1).mean() + distances.min(0).mean()

    return jax.value_and_grad(loss)(x)


@program(real(301, 4), real(307, 4), real(5))
def kernels_of_nested_vmaps(x, y, scales):
    def one(a, b, scale):
        return jnp.exp(-((a - b) ** 2).sum() * scale**2)

    grid = jax.vmap(jax.vmap(jax.vmap(one, (None, 0, None)), (0, None, None)), (None, None, 0))
    return jnp.sort(grid(x, y, scales), 0)[2].sum(1)


@program(real(301, 4), real(307, 4), real(1))
def branch_on_a_kernel(x, y, sign):
    return lax.cond(sign[0] > 0, lambda: kernel(x, y) @ y, lambda: jnp.sqrt(squares(x, y)) @ y)


@program(real(401, 31), real(31, 409), real(409, 37))
def chain_of_products(a, b, c):
    return jnp.einsum("ij,jk,kl->il", jnp.tanh(a), b, c), jnp.tanh(a @ b) @ c


@program(real(31, 20, 101), real(20, 211), real(31, 211))
def products_with_three_large_indices(a, b, c):
    return jnp.einsum("ikl,il->k", jnp.exp(jnp.einsum("ijk,jl->ikl", a, b) / 10), c)
