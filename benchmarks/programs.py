"""Whole programs under a fraction of the temporaries that they take as written: what fits, how long it takes to plan, and to run.

Each program runs unsplit and fitted in turns; the time is the best of three, as a ratio to the unsplit program's best.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console
from rich.table import Table

import memarray

DIVISORS = (4, 16, 50)
PLENTY = 10**13  # bytes: under this limit nothing is split
ROUNDS = 3


@dataclass(frozen=True)
class Program:
    """A function and the shapes of its arguments."""

    function: Callable[..., object]
    shapes: tuple[tuple[int, ...], ...]

    def arguments(self) -> list[jax.Array]:
        """Normal random numbers, a tenth of them in size."""
        generator = np.random.default_rng(0)
        return [jnp.asarray(0.1 * generator.standard_normal(shape), "float32") for shape in self.shapes]


PROGRAMS: dict[str, Program] = {}


def program(*shapes: tuple[int, ...]) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Register a function with the shapes of its arguments."""

    def register(function: Callable[..., object]) -> Callable[..., object]:
        PROGRAMS[function.__name__.replace("_", " ")] = Program(function, shapes)
        return function

    return register


def kernel(x: jax.Array, y: jax.Array) -> jax.Array:
    """A Gaussian kernel matrix."""
    return jnp.exp(-0.5 * ((x[:, None] - y[None]) ** 2).sum(-1))


def attention(q: jax.Array, k: jax.Array, v: jax.Array) -> jax.Array:
    """As in a textbook."""
    return jax.nn.softmax(q @ k.T / 8.0, axis=1) @ v


@program((4000, 32), (50000, 32))
def nearest_neighbours(q: jax.Array, x: jax.Array) -> object:
    """The ten nearest."""
    return jax.lax.top_k(-((q[:, None] - x[None]) ** 2).sum(-1), 10)


@program((4096, 64), (4096, 64), (4096, 64))
def attention_forward(q: jax.Array, k: jax.Array, v: jax.Array) -> object:
    """One head."""
    return attention(q, k, v)


@program((4096, 64), (4096, 64), (4096, 64))
def attention_gradient(q: jax.Array, k: jax.Array, v: jax.Array) -> object:
    """With respect to all three."""
    return jax.grad(lambda *args: (attention(*args) ** 2).sum(), (0, 1, 2))(q, k, v)


@program((32000, 256), (2048, 256))
def loss_over_classes_gradient(w: jax.Array, h: jax.Array) -> object:
    """Cross-entropy over 32,000 classes."""

    def loss(w: jax.Array, h: jax.Array) -> jax.Array:
        labels = jnp.arange(h.shape[0]) * 15
        return -jnp.take_along_axis(jax.nn.log_softmax(h @ w.T), labels[:, None], 1).mean()

    return jax.grad(loss, (0, 1))(w, h)


@program((3000, 8))
def kernel_times_its_transpose(x: jax.Array) -> object:
    """K @ K.T."""
    return kernel(x, x) @ kernel(x, x).T


@program((3000, 8), (3000, 8), (3000, 8))
def kernel_times_kernel(x: jax.Array, y: jax.Array, z: jax.Array) -> object:
    """K1 @ K2, of which only a few columns are kept."""
    return (kernel(x, y) @ kernel(y, z)).sum(0)


@program((3000, 8), (3000, 4), (3000, 4))
def chain_of_three(x: jax.Array, u: jax.Array, v: jax.Array) -> object:
    """Three large indices."""
    return jnp.einsum("ij,jk,kl->il", kernel(x, x), jnp.tanh(u @ v.T), v)


@program((3000, 4), (3000, 4))
def sinkhorn(x: jax.Array, y: jax.Array) -> object:
    """Twenty iterations."""
    cost = ((x[:, None] - y[None]) ** 2).sum(-1)
    weights = jnp.exp(-cost / 0.1)

    def step(_: int, u: jax.Array) -> jax.Array:
        return 1.0 / (weights @ (1.0 / (weights.T @ u)))

    return jax.lax.fori_loop(0, 20, step, jnp.ones(x.shape[0]))


@program((4000, 4), (4000,))
def conjugate_gradients(x: jax.Array, b: jax.Array) -> object:
    """Ten iterations on a kernel matrix."""
    gram = kernel(x, x)
    return jax.scipy.sparse.linalg.cg(lambda v: gram @ v + v, b, maxiter=10)[0]


@program((50000, 16), (64, 16))
def k_means(x: jax.Array, centres: jax.Array) -> object:
    """Ten iterations."""

    def step(_: int, c: jax.Array) -> jax.Array:
        nearest = jnp.argmin(((x[:, None] - c[None]) ** 2).sum(-1), axis=1)
        chosen = jax.nn.one_hot(nearest, c.shape[0])
        return (chosen.T @ x) / jnp.maximum(chosen.sum(0), 1)[:, None]

    return jax.lax.fori_loop(0, 10, step, centres)


@program((6000, 3), (6000,))
def kernel_product_gradient(x: jax.Array, v: jax.Array) -> object:
    """Of the points."""
    return jax.grad(lambda x: v @ (kernel(x, x) @ v))(x)


@program((2048, 64), (64, 64), (64, 64), (64, 64), (64, 256), (256, 64))
def transformer_layer_gradient(x: jax.Array, q: jax.Array, k: jax.Array, v: jax.Array, wide: jax.Array, narrow: jax.Array) -> object:
    """Of the weights."""

    def loss(*weights: jax.Array) -> jax.Array:
        q, k, v, wide, narrow = weights
        h = x + attention(x @ q, x @ k, x @ v)
        return ((h + jax.nn.gelu(h @ wide) @ narrow) ** 2).mean()

    return jax.grad(loss, range(5))(q, k, v, wide, narrow)


@program((32, 64, 64, 3), (3, 3, 3, 32), (3, 3, 32, 32))
def convolutions_gradient(x: jax.Array, first: jax.Array, second: jax.Array) -> object:
    """Of the kernels of two layers."""

    def convolve(x: jax.Array, w: jax.Array) -> jax.Array:
        return jax.nn.relu(jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")))

    return jax.grad(lambda *w: (convolve(convolve(x, w[0]), w[1]) ** 2).mean(), (0, 1))(first, second)


@program((5000, 32), (64, 64), (32, 64))
def long_recurrence_gradient(x: jax.Array, w: jax.Array, u: jax.Array) -> object:
    """Through 5,000 steps."""

    def loss(w: jax.Array, u: jax.Array) -> jax.Array:
        def step(h: jax.Array, row: jax.Array) -> tuple[jax.Array, jax.Array]:
            h = jnp.tanh(h @ w + row @ u)
            return h, h

        return (jax.lax.scan(step, jnp.zeros(64), x)[1] ** 2).mean()

    return jax.grad(loss, (0, 1))(w, u)


@program((3000, 2), (3000, 16))
def neighbour_embedding_gradient(y: jax.Array, x: jax.Array) -> object:
    """Of t-SNE's divergence."""

    def divergence(y: jax.Array) -> jax.Array:
        p = jax.nn.softmax(-((x[:, None] - x[None]) ** 2).sum(-1), axis=1)
        q = 1.0 / (1.0 + ((y[:, None] - y[None]) ** 2).sum(-1))
        return (p * (jnp.log(p + 1e-12) - jnp.log(q / q.sum()))).sum()

    return jax.grad(divergence)(y)


def best_seconds(run: Sequence[Callable[[], object]]) -> list[float]:
    """The best of a few rounds, in which all of them take turns."""
    best = [float("inf")] * len(run)
    for _ in range(ROUNDS):
        for at, each in enumerate(run):
            start = time.perf_counter()
            jax.block_until_ready(each())
            best[at] = min(best[at], time.perf_counter() - start)
    return best


def measure(each: Program, divisor: int) -> str:
    """What one limit brings: time over unsplit, seconds to plan and compile, loops."""
    arguments = each.arguments()
    whole = memarray.wrap(each.function, memory_limit=PLENTY)
    plan = whole.plan(*arguments)
    held = plan.argument_bytes + plan.output_bytes
    fitted = memarray.wrap(each.function, memory_limit=held + (plan.unsplit_peak_bytes - held) // divisor)
    start = time.perf_counter()
    try:
        loops = len(fitted.plan(*arguments).loops)
    except memarray.MemoryLimitError as error:
        return f"refused (1/{(plan.unsplit_peak_bytes - held) / max(1, error.smallest_limit_bytes - held):.0f} works)"
    planning = time.perf_counter() - start
    unsplit, split = best_seconds([lambda: whole(*arguments), lambda: fitted(*arguments)])
    return f"{split / unsplit:.2f}x, {planning:.1f} s, {loops}"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="programs with this in their names")
    chosen = {name: each for name, each in PROGRAMS.items() if parser.parse_args().only in name}
    table = Table("program", "MB", *(f"1/{divisor}: time, to plan, loops" for divisor in DIVISORS))
    for name, each in chosen.items():
        plan = memarray.plan(each.function, *each.arguments(), memory_limit=PLENTY)
        size = (plan.unsplit_peak_bytes - plan.argument_bytes - plan.output_bytes) / 1e6
        table.add_row(name, f"{size:.0f}", *(measure(each, divisor) for divisor in DIVISORS))
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
