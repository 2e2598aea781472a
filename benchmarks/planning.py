"""How long planning takes as programs grow: no compiler, only the passes and the planner.

Two kinds of program: a transformer with its gradient, in which every layer has values that are too large, so that loops grow in number
with the program; and a long chain with one value that is. The budget is an eighth of what the program takes unsplit, by the estimate.
"""

import argparse
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import export
from rich.console import Console
from rich.table import Table

from xla_passes.analysis.graph import snapshot
from xla_passes.analysis.liveness import graph_liveness
from xla_passes.module import main_block, parse
from xla_passes.pipeline import build_loops, passes_before_splitting, run_passes
from xla_passes.split.planner import Planner

ROWS, WIDTH = 2048, 64


def transformer(layers: int) -> tuple[Callable[..., object], tuple[object, ...]]:
    """The gradient of a stack of attention layers with respect to their weights."""

    def loss(weights: list[tuple[jax.Array, ...]], x: jax.Array) -> jax.Array:
        for query, key, value, wide, narrow in weights:
            attention = jax.nn.softmax((x @ query) @ (x @ key).T / 8, axis=1)
            x = x + attention @ (x @ value)
            x = x + jax.nn.gelu(x @ wide) @ narrow
            x = (x - x.mean(1, keepdims=True)) / jnp.sqrt(x.var(1, keepdims=True) + 1e-5)
        return (x**2).mean()

    square, wide, narrow = spec(WIDTH, WIDTH), spec(WIDTH, 4 * WIDTH), spec(4 * WIDTH, WIDTH)
    return jax.grad(loss), ([(square, square, square, wide, narrow)] * layers, spec(ROWS, WIDTH))


def chain(steps: int) -> tuple[Callable[..., object], tuple[object, ...]]:
    """One large matrix and what is made of it, step by step."""

    def reduced(a: jax.Array, b: jax.Array) -> jax.Array:
        x = a @ b
        for step in range(steps):
            x = jnp.tanh(x) + x * 0.5
            if step % 10 == 0:
                x = x - x.max(1, keepdims=True)
        return x.sum(1)

    return reduced, (spec(ROWS, WIDTH), spec(WIDTH, ROWS))


def spec(*shape: int) -> jax.ShapeDtypeStruct:
    """An argument of float32."""
    return jax.ShapeDtypeStruct(shape, "float32")


def measure(name: str, function: Callable[..., object], arguments: tuple[object, ...]) -> tuple[str, ...]:
    """One row: operations, processor seconds, and what came out."""
    module = parse(export.export(jax.jit(function))(*arguments).mlir_module_serialized)
    start = time.process_time()
    run_passes(module, passes_before_splitting("all"))
    prepared = time.process_time()
    block = main_block(module)
    ops, before = len(list(block.operations)), graph_liveness(snapshot(block)).peak_bytes
    loops, _ = build_loops(module, Planner(before // 8))
    planned = time.process_time()
    after = graph_liveness(snapshot(main_block(module))).peak_bytes
    seconds = prepared - start, planned - prepared, 1000 * (planned - start) / ops
    return name, str(ops), *(f"{each:.2f}" for each in seconds), str(len(loops)), f"{before / 1e6:.0f}", f"{after / 1e6:.0f}"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short programs only")
    longest = 4 if parser.parse_args().quick else 16
    table = Table("program", "ops", "prepare, s", "plan, s", "both, ms an op", "loops", "MB before", "MB after")
    for layers in (2, 4, 8, 16):
        if layers <= longest:
            table.add_row(*measure(f"transformer, {layers} layers", *transformer(layers)))
    for steps in (100, 200, 400, 800):
        if steps <= 50 * longest:
            table.add_row(*measure(f"chain, {steps} steps", *chain(steps)))
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
