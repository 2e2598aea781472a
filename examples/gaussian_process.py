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

TRUE_SCALES = np.array([0.7, 1.5, 3.0, 1000.0])  # nothing to speak of depends on the last column
TRUE_NOISE = 0.3
JITTER = 1e-3  # keeps float32's Cholesky factor of the inducing points' kernel matrix stable
CHECKED_POINTS = 1000  # so few that the dense matrices of the definition are small
TOLERANCE = 2e-3  # float32 and two Cholesky factors


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
    """The same from dense matrices: -log N(y | 0, Q + noise^2 I) + tr(K - Q) / (2 noise^2), Q being what the inducing points say of K."""
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


def descend(
    value_and_slopes: Callable, parameters: np.ndarray, inducing: np.ndarray, steps: int
) -> Iterator[tuple[float, np.ndarray, np.ndarray]]:
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


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=100_000, help="how many points (default 100000)")
    parser.add_argument("--inducing", type=int, default=1000, help="how many inducing points (default 1000)")
    parser.add_argument("--steps", type=int, default=15, help="steps of gradient descent (default 15)")
    parser.add_argument("--limit", default="512MB", help='memory limit, such as "512MB" (the default) or "64MiB"')
    return parser.parse_args()


def run(arguments: argparse.Namespace) -> dict[str, bool]:
    """Draw data, plan, descend, check; what was found, in words, and whether it is as it should be."""
    x, y = draw_data(arguments.points)
    first, start = x[: arguments.inducing], np.zeros(len(TRUE_SCALES) + 1, np.float32)
    slopes = memarray.wrap(jax.value_and_grad(loss, (0, 1)), memory_limit=arguments.limit)
    plan = slopes.plan(start, first, x, y)
    print(f"{plan}\n\nstep     loss   length scales{'noise':>27}")

    losses = []
    began = time.perf_counter()
    for value, found, moved in descend(lambda *now: slopes(*now, x, y), start, first, arguments.steps):
        parameters, inducing = found, moved
        losses.append(value)
        *scales, noise = np.exp(parameters)
        print(f"{len(losses):4} {value:8.4f}   {' '.join(f'{scale:8.3g}' for scale in scales)} {noise:8.3g}", flush=True)
    seconds = time.perf_counter() - began
    print(f"the truth       {' '.join(f'{scale:8.3g}' for scale in TRUE_SCALES)} {TRUE_NOISE:8.3g}")
    print(f"\n{arguments.points:,} points, {len(losses)} steps: {seconds / len(losses):.2f} s a step\n")

    few = x[:CHECKED_POINTS], y[:CHECKED_POINTS]
    checked = inducing[: CHECKED_POINTS // 10]
    room_for_four_arrays = 4 * x.itemsize * len(few[0]) * len(checked)
    error = worst_error(slopes.with_limit(room_for_four_arrays), parameters, checked, *few)
    return {
        f"compiler's report {plan.peak_bytes / 1e6:,.1f} MB of {plan.limit_bytes / 1e6:,.1f} MB": plan.peak_bytes <= plan.limit_bytes,
        f"loss {losses[0]:.3f} at first, {losses[-1]:.3f} at last": losses[-1] < losses[0],
        f"the column that nothing depends on has the longest scale, {max(scales):.3g}": max(scales) == scales[-1],
        f"loss and gradients of {len(few[0])} points against float64: relative error {error:.1e}": error < TOLERANCE,
    }


def main() -> int:
    """Zero if everything is as it should be."""
    try:
        verdicts = run(parse_arguments())
    except memarray.MemoryLimitError as error:
        print(error)
        return 2
    for text, holds in verdicts.items():
        print("ok    " if holds else "FAILED", text)
    return 0 if all(verdicts.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
