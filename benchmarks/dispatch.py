"""What a second call costs above calling the compiled XLA executable itself, in microseconds.

The program is small and fits, so both run the same computation and the difference is the way to it.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
from rich.console import Console
from rich.table import Table

import memarray

SHAPES = ((8, 16, 4), (64, 256, 8))


def nearest(queries: jax.Array, points: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The kNN program of the demo."""
    return jax.lax.top_k(-((queries[:, None] - points[None]) ** 2).sum(-1), 5)


def microseconds_per_call(function: Callable[..., object], arguments: tuple[jax.Array, ...], calls: int) -> float:
    """The median over `calls` calls in a row, each waited for."""
    times = []
    for _ in range(calls):
        start = time.perf_counter_ns()
        jax.block_until_ready(function(*arguments))
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times) / 1000


def measure(shape: tuple[int, int, int], rounds: int, calls: int) -> dict[str, object]:
    """Medians over alternating rounds for one size."""
    generator = np.random.default_rng(0)
    arguments = tuple(jax.device_put(generator.standard_normal((rows, shape[2]), dtype=np.float32)) for rows in shape[:2])
    contenders = {
        "executable": jax.jit(nearest).lower(*arguments).compile(),
        "jax.jit": jax.jit(nearest),
        "memarray": memarray.wrap(nearest, memory_limit="1GB"),
    }
    for function in contenders.values():
        jax.block_until_ready(function(*arguments))
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, function in contenders.items():
            times[name].append(microseconds_per_call(function, arguments, calls))
    overheads = [mine - bare for mine, bare in zip(times["memarray"], times["executable"], strict=True)]
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {
        "shape": shape,
        "microseconds": medians,
        "overhead": statistics.median(overheads),
        "overhead_range": [min(overheads), max(overheads)],
    }


def main() -> int:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path("out/dispatch.json"), help="where the numbers go")
    arguments = parser.parse_args()
    table = Table("queries x points x columns", "executable, us", "jax.jit, us", "memarray, us", "overhead, us", "over the rounds")
    results = [measure(shape, arguments.rounds, arguments.calls) for shape in SHAPES]
    for result in results:
        medians = [f"{result['microseconds'][name]:.0f}" for name in ("executable", "jax.jit", "memarray")]
        low, high = result["overhead_range"]
        table.add_row(" x ".join(map(str, result["shape"])), *medians, f"{result['overhead']:.0f}", f"{low:.0f} - {high:.0f}")
    console = Console()
    Console(width=max(console.width, 120)).print(table)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(results, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
