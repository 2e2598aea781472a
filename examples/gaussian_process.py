"""A Gaussian process learns the length scales of 100,000 points by gradient descent, under a memory limit.

The marginal likelihood's lower bound by Titsias (2009), with 1,000 inducing points, as plain as it gets. As written, its gradient holds
ten arrays of inducing points x points, 400 MB each; here it runs under 512 MB. The data are drawn from a Gaussian process whose length
scales are known, so the script can tell whether it found them. It also checks bound and gradient against float64.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular

import memarray

TRUE_SCALES = np.array([0.7, 1.5, 3.0, 1000.0])  # nothing depends on the last column
TRUE_NOISE = 0.3
JITTER = 1e-3  # keeps float32's Cholesky factor of the inducing points' kernel matrix stable
CHECKED_POINTS = 1000
# What 24 bits leave of a Cholesky factor whose smallest eigenvalue is the jitter.
TOLERANCE = 5e-3


def kernel(a: jax.Array, b: jax.Array) -> jax.Array:
    """The Gaussian kernel of all pairs of rows."""
    return jnp.exp(-((a[:, None] - b[None]) ** 2).sum(-1) / 2)


def loss(parameters: jax.Array, inducing: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
    """The negated bound for each point; `parameters` are the logarithms of the length scales and of the noise."""
    scales, noise = jnp.exp(parameters[:-1]), jnp.exp(parameters[-1])
    inducing, x = inducing / scales, x / scales
    identity = jnp.eye(len(inducing))
    factor = jnp.linalg.cholesky(kernel(inducing, inducing) + JITTER * identity)
    whitened = solve_triangular(factor, kernel(inducing, x), lower=True) / noise
    inner = jnp.linalg.cholesky(identity + whitened @ whitened.T)
    projected = solve_triangular(inner, whitened @ y, lower=True) / noise
    fit = (y @ y) / noise**2 - projected @ projected
    determinant = 2 * jnp.log(jnp.diag(inner)).sum() + len(y) * jnp.log(2 * jnp.pi * noise**2)
    left_out = len(y) / noise**2 - (whitened**2).sum()
    return (fit + determinant + left_out) / (2 * len(y))


def loss_by_definition(parameters: jax.Array, inducing: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
    """The same from dense matrices: -log N(y | 0, Q + noise^2 I) + tr(K - Q) / (2 noise^2), Q being K's projection on the inducing points."""
    scales, noise = jnp.exp(parameters[:-1]), jnp.exp(parameters[-1])
    inducing, x = inducing / scales, x / scales
    between = kernel(inducing, x)
    projected = between.T @ jnp.linalg.solve(kernel(inducing, inducing) + JITTER * jnp.eye(len(inducing)), between)
    covariance = projected + noise**2 * jnp.eye(len(y))
    likelihood = -(y @ jnp.linalg.solve(covariance, y) + jnp.linalg.slogdet(2 * jnp.pi * covariance)[1]) / 2
    return (-likelihood + (len(y) - jnp.trace(projected)) / (2 * noise**2)) / len(y)


def draw_data(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points, and noisy values at them of a function from a Gaussian process with the true length scales (by random Fourier features)."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((count, len(TRUE_SCALES)), np.float32)
    frequencies = generator.standard_normal((len(TRUE_SCALES), 500)) / TRUE_SCALES[:, None]
    features = np.cos(x @ frequencies.astype(np.float32) + generator.uniform(0, 2 * np.pi, 500).astype(np.float32))
    values = features @ generator.standard_normal(500).astype(np.float32) * np.sqrt(2 / 500)
    return x, (values + TRUE_NOISE * generator.standard_normal(count)).astype(np.float32)


def descend(value_and_slopes: Callable, parameters: np.ndarray, inducing: np.ndarray, steps: int) -> Iterator[tuple[float, np.ndarray, np.ndarray]]:
    """Adam (Kingma and Ba, 2015) on the parameters, with the inducing points moving along; after each step the loss and both."""
    state = [(array, np.zeros_like(array), np.zeros_like(array), rate) for array, rate in ((parameters, 0.2), (inducing, 0.05))]
    for step in range(1, steps + 1):
        value, slopes = value_and_slopes(state[0][0], state[1][0])
        for at, slope in enumerate(map(np.asarray, slopes)):
            array, mean, square, rate = state[at]
            mean, square = 0.8 * mean + 0.2 * slope, 0.9 * square + 0.1 * slope**2
            moved = array - rate * mean / (1 - 0.8**step) / np.sqrt(square / (1 - 0.9**step) + 1e-12)
            state[at] = moved.astype(np.float32), mean, square, rate
        yield float(value), state[0][0], state[1][0]


def relative_error(actual: jax.Array, expected: jax.Array) -> float:
    """The largest difference, in units of the largest expected magnitude."""
    return float(np.abs(np.asarray(actual) - expected).max() / np.abs(expected).max())


def worst_error(slopes: Callable, parameters: np.ndarray, inducing: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """Of loss and gradients, against the definition in float64."""
    found = slopes(parameters, inducing, x, y)
    with jax.enable_x64(True):
        wide = [np.asarray(array, np.float64) for array in (parameters, inducing, x, y)]
        exact = jax.jit(jax.value_and_grad(loss_by_definition, (0, 1)))(*wide)
        return max(map(relative_error, jax.tree.leaves(found), jax.tree.leaves(exact)))
