"""Programs written twice, for torch and for JAX, as one would in each; the limits are such that they have to be split."""

import dataclasses
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import torch
from torch.nn import functional


@dataclasses.dataclass(frozen=True)
class Twins:
    """One program in torch and in JAX; `shapes` are those of its arguments, `whole` says which are integers, and below what."""

    in_torch: Callable
    in_jax: Callable
    shapes: tuple[tuple[int, ...], ...]
    limit: str
    whole: dict[int, int] = dataclasses.field(default_factory=dict)
    scale: float = 1.0

    def arguments(self) -> list[np.ndarray]:
        """Random arguments, the same for both."""
        generator = np.random.default_rng(0)
        return [
            generator.integers(0, self.whole[i], shape)
            if i in self.whole
            else (self.scale * generator.standard_normal(shape)).astype(np.float32)
            for i, shape in enumerate(self.shapes)
        ]


def knn_torch(q, x):
    return torch.cdist(q, x).topk(5, largest=False)


def knn_jax(q, x):
    values, indices = jax.lax.top_k(-jnp.linalg.norm(q[:, None] - x[None], axis=-1), 5)
    return -values, indices


def knn_squares_torch(q, x):
    return ((q[:, None] - x[None]) ** 2).sum(-1).topk(5, largest=False)


def knn_squares_jax(q, x):
    values, indices = jax.lax.top_k(-((q[:, None] - x[None]) ** 2).sum(-1), 5)
    return -values, indices


def knn_sorted_torch(q, x):
    return torch.argsort(((q[:, None] - x[None]) ** 2).sum(-1), dim=1, stable=True)[:, :5]


def knn_sorted_jax(q, x):
    return jnp.argsort(((q[:, None] - x[None]) ** 2).sum(-1), axis=1)[:, :5]


def knn_product_torch(q, x):
    distances = (q * q).sum(1, keepdim=True) + (x * x).sum(1) - 2 * q @ x.T
    return distances.topk(5, dim=1, largest=False)


def knn_product_jax(q, x):
    distances = (q * q).sum(1, keepdims=True) + (x * x).sum(1) - 2 * q @ x.T
    values, indices = jax.lax.top_k(-distances, 5)
    return -values, indices


def knn_l1_torch(q, x):
    return torch.cdist(q, x, p=1).topk(5, largest=False)


def knn_l1_jax(q, x):
    values, indices = jax.lax.top_k(-jnp.abs(q[:, None] - x[None]).sum(-1), 5)
    return -values, indices


def knn_cosine_torch(q, x):
    return (functional.normalize(q) @ functional.normalize(x).T).topk(5)


def knn_cosine_jax(q, x):
    def normalise(x):
        return x / jnp.maximum(jnp.linalg.norm(x, axis=1, keepdims=True), 1e-12)

    return jax.lax.top_k(normalise(q) @ normalise(x).T, 5)


def kernel_vector_torch(x, v):
    return torch.exp(-0.5 * torch.cdist(x, x) ** 2) @ v


def kernel_vector_jax(x, v):
    return jnp.exp(-0.5 * jnp.linalg.norm(x[:, None] - x[None], axis=-1) ** 2) @ v


def kernel_square_torch(x, y):
    kernel = torch.exp(-((x[:, None] - y[None]).square().sum(-1)) / 2)
    return kernel @ kernel.T


def kernel_square_jax(x, y):
    kernel = jnp.exp(-(jnp.square(x[:, None] - y[None]).sum(-1)) / 2)
    return kernel @ kernel.T


def attention_torch(q, k, v):
    return torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), dim=-1) @ v


def attention_jax(q, k, v):
    return jax.nn.softmax(q @ k.swapaxes(-2, -1) / math.sqrt(q.shape[-1]), axis=-1) @ v


def causal_attention_torch(q, k, v):
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
    return torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=-1) @ v


def causal_attention_jax(q, k, v):
    scores = q @ k.swapaxes(-2, -1) / math.sqrt(q.shape[-1])
    mask = jnp.tril(jnp.ones(scores.shape[-2:], bool))
    return jax.nn.softmax(jnp.where(~mask, -jnp.inf, scores), axis=-1) @ v


def scaled_dot_product_torch(q, k, v):
    return functional.scaled_dot_product_attention(q, k, v)


def log_sum_exp_torch(x, y):
    return torch.logsumexp(-((x[:, None] - y[None]) ** 2).sum(-1), dim=1)


def log_sum_exp_jax(x, y):
    return jax.nn.logsumexp(-((x[:, None] - y[None]) ** 2).sum(-1), axis=1)


def cross_entropy_torch(hidden, weight, labels):
    return functional.cross_entropy(hidden @ weight.T, labels)


def cross_entropy_jax(hidden, weight, labels):
    chances = jax.nn.log_softmax(hidden @ weight.T)
    return -jnp.take_along_axis(chances, labels[:, None], axis=1).mean()


def layer_norm_mlp_torch(x, scale, offset, first, second):
    normal = functional.layer_norm(x, x.shape[-1:], scale, offset)
    return x + functional.gelu(normal @ first) @ second


def layer_norm_mlp_jax(x, scale, offset, first, second):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    normal = (x - mean) * jax.lax.rsqrt(variance + 1e-5) * scale + offset
    hidden = normal @ first
    return x + 0.5 * hidden * (1 + jax.lax.erf(hidden / math.sqrt(2))) @ second


def bag_of_words_torch(table, words, weight):
    return torch.tanh(functional.embedding(words, table) @ weight).sum(1)


def bag_of_words_jax(table, words, weight):
    return jnp.tanh(table[words] @ weight).sum(1)


def nearest_torch(x, y):
    distances = x.square().sum(1)[:, None] + y.square().sum(1) - 2 * x @ y.T
    return distances.min(1).values, distances.argmin(1)


def nearest_jax(x, y):
    distances = jnp.square(x).sum(1)[:, None] + jnp.square(y).sum(1) - 2 * x @ y.T
    return distances.min(1), distances.argmin(1)


def softmax_columns_torch(x, y):
    return torch.softmax(x @ y, dim=0) @ y.T


def softmax_columns_jax(x, y):
    return jax.nn.softmax(x @ y, axis=0) @ y.T


def batched_chain_torch(a, b, c):
    return torch.bmm(torch.bmm(a, b).relu(), c).sum(0)


def batched_chain_jax(a, b, c):
    return (jax.nn.relu(a @ b) @ c).sum(0)


def running_sum_torch(x, w):
    return torch.cumsum(x @ w, dim=0).max(dim=1).values


def running_sum_jax(x, w):
    return jnp.cumsum(x @ w, axis=0).max(1)


def kernel_gradient_torch(x, v):
    x = x.detach().requires_grad_()
    value = (v @ torch.exp(-((x[:, None] - x[None]) ** 2).sum(-1))).square().sum()
    return torch.autograd.grad(value, x)[0]


def kernel_gradient_jax(x, v):
    def value(x):
        return jnp.square(v @ jnp.exp(-((x[:, None] - x[None]) ** 2).sum(-1))).sum()

    return jax.grad(value)(x)


def posterior_mean_torch(test, train, targets):
    def kernel(a, b):
        return torch.exp(-0.5 * ((a[:, None] - b[None]) ** 2).sum(-1))

    factor = torch.linalg.cholesky(kernel(train, train) + 0.1 * torch.eye(len(train)))
    return kernel(test, train) @ torch.cholesky_solve(targets[:, None], factor)[:, 0]


def posterior_mean_jax(test, train, targets):
    def kernel(a, b):
        return jnp.exp(-0.5 * ((a[:, None] - b[None]) ** 2).sum(-1))

    factor = jnp.linalg.cholesky(kernel(train, train) + 0.1 * jnp.eye(len(train)))
    return kernel(test, train) @ jax.scipy.linalg.cho_solve((factor, True), targets)


def covariance_torch(x):
    standard = (x - x.mean(0)) / x.std(0)
    return standard.T @ standard / (len(x) - 1)


def covariance_jax(x):
    standard = (x - x.mean(0)) / x.std(0, ddof=1)
    return standard.T @ standard / (len(x) - 1)


def convolution_1d_torch(x, w):
    return functional.conv1d(x, w, padding=2).relu().mean(-1)


def convolution_1d_jax(x, w):
    found = jax.lax.conv_general_dilated(x, w, (1,), [(2, 2)])
    return jax.nn.relu(found).mean(-1)


def convolution_2d_torch(x, w, b):
    return functional.conv2d(x, w, b, padding=1).relu().sum((2, 3))


def convolution_2d_jax(x, w, b):
    found = jax.lax.conv_general_dilated(x, w, (1, 1), "SAME") + b[:, None, None]
    return jax.nn.relu(found).sum((2, 3))


def median_torch(x, y):
    return torch.sort(x @ y, dim=1).values[:, y.shape[1] // 2]


def median_jax(x, y):
    return jnp.sort(x @ y, axis=1)[:, y.shape[1] // 2]


TWINS = {
    "knn": Twins(knn_torch, knn_jax, ((600, 16), (4000, 16)), "4MB"),
    "knn of squares": Twins(knn_squares_torch, knn_squares_jax, ((600, 16), (4000, 16)), "4MB"),
    "kNN by sorting": Twins(knn_sorted_torch, knn_sorted_jax, ((600, 16), (4000, 16)), "4MB"),
    "knn by a product": Twins(knn_product_torch, knn_product_jax, ((600, 16), (4000, 16)), "4MB"),
    "knn l1": Twins(knn_l1_torch, knn_l1_jax, ((600, 16), (2000, 16)), "2.5MB"),
    "knn cosine": Twins(knn_cosine_torch, knn_cosine_jax, ((600, 16), (4000, 16)), "4MB"),
    "kernel times vector": Twins(kernel_vector_torch, kernel_vector_jax, ((2000, 8), (2000,)), "4MB"),
    "kernel times itself": Twins(kernel_square_torch, kernel_square_jax, ((300, 8), (8000, 8)), "3MB"),
    "attention": Twins(attention_torch, attention_jax, ((1500, 32), (2000, 32), (2000, 32)), "4MB"),
    "attention of heads": Twins(attention_torch, attention_jax, ((2, 4, 512, 32),) * 3, "4MB"),
    "causal attention": Twins(causal_attention_torch, causal_attention_jax, ((2, 3, 512, 32),) * 3, "4MB"),
    "scaled dot product attention": Twins(scaled_dot_product_torch, attention_jax, ((2, 4, 512, 32),) * 3, "4MB"),
    "log-sum-exp": Twins(log_sum_exp_torch, log_sum_exp_jax, ((1000, 3), (3000, 3)), "2MB"),
    "cross entropy": Twins(cross_entropy_torch, cross_entropy_jax, ((600, 32), (5000, 32), (600,)), "4MB", {2: 5000}),
    "layer norm and mlp": Twins(layer_norm_mlp_torch, layer_norm_mlp_jax, ((4000, 32), (32,), (32,), (32, 256), (256, 32)), "2MB"),
    "bag of words": Twins(bag_of_words_torch, bag_of_words_jax, ((500, 64), (800, 50), (64, 64)), "3MB", {1: 500}),
    "nearest": Twins(nearest_torch, nearest_jax, ((1000, 3), (3000, 3)), "2MB"),
    "softmax of columns": Twins(softmax_columns_torch, softmax_columns_jax, ((3000, 16), (16, 1000)), "4MB"),
    "batched chain": Twins(batched_chain_torch, batched_chain_jax, ((16, 200, 32), (16, 32, 500), (16, 500, 8)), "3MB"),
    "running sum": Twins(running_sum_torch, running_sum_jax, ((3000, 8), (8, 800)), "3MB", scale=0.1),
    "kernel gradient": Twins(kernel_gradient_torch, kernel_gradient_jax, ((1000, 8), (1000,)), "2MB", scale=0.3),
    "posterior mean": Twins(posterior_mean_torch, posterior_mean_jax, ((4000, 3), (300, 3), (300,)), "2MB"),
    "covariance": Twins(covariance_torch, covariance_jax, ((20000, 20),), "2MB"),
    "convolution 1d": Twins(convolution_1d_torch, convolution_1d_jax, ((8, 4, 4000), (16, 4, 5)), "3MB"),
    "convolution 2d": Twins(convolution_2d_torch, convolution_2d_jax, ((8, 4, 64, 64), (16, 4, 3, 3), (16,)), "3MB"),
    "median": Twins(median_torch, median_jax, ((2000, 8), (8, 1001)), "2MB"),
}
