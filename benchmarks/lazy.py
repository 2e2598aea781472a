"""What lazy arrays cost and bring beside NumPy: microseconds to record an operation, small arrays at once, and loops.

Every comparison runs the same function with `numpy` and with `memarray`, in turns, and reports medians.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
from rich.console import Console
from rich.table import Table

import memarray

SIZES = (16, 512, 4096, 16384, 65536, 262144)


def add(x: Any) -> Any:
    """A ufunc of two arrays."""
    return x + x


def scale(x: Any) -> Any:
    """A ufunc of an array and a number."""
    return x * 0.5


def view(x: Any) -> Any:
    """A basic index."""
    return x[1:-1]


def total(x: Any) -> Any:
    """A reduction."""
    return x.sum(axis=0)


def write(x: Any) -> Any:
    """A write to a part."""
    x[0] = 1.0
    return x


OPERATIONS = (add, scale, view, total, write)


def recording(calls: int) -> list[dict[str, Any]]:
    """Microseconds to record an operation on a large array, and to run it at once on a small one; NumPy's beside the latter."""
    rows = []
    for operation in OPERATIONS:
        large = memarray.compute(memarray.ones((1000, 1000)))
        small, theirs = memarray.ones((4, 4)), numpy.ones((4, 4))
        times = {}
        for name, x in (("recorded", large), ("at once", small), ("numpy", theirs)):
            rounds = []
            for _ in range(7):
                fresh = x.copy()
                start = time.perf_counter_ns()
                for _ in range(calls):
                    operation(fresh)
                rounds.append((time.perf_counter_ns() - start) / calls / 1000)
            times[name] = statistics.median(rounds)
        rows.append({"operation": operation.__name__, **times})
    return rows


def chain(xp: Any, x: Any, y: Any) -> float:
    """Twenty-one elementwise operations and a sum."""
    z = x
    for _ in range(5):
        z = xp.sin(z * 0.5 + y) - z * y
    return float(z.sum())


def small_arrays(rounds: int) -> list[dict[str, Any]]:
    """Milliseconds of `chain` by size: by NumPy, at once, and recorded. Where the last two meet is what `config.eager_bytes` should be."""
    rows = []
    kept = memarray.config.eager_bytes
    for size in SIZES:
        a = numpy.random.default_rng(0).random(size)
        b = a + 1
        times: dict[str, list[float]] = {"numpy": [], "at once": [], "recorded": []}
        for _ in range(rounds):
            times["numpy"].append(_milliseconds(lambda a=a, b=b: chain(numpy, a, b)))
            for name, eager_bytes in (("at once", 1 << 40), ("recorded", 0)):
                memarray.config.eager_bytes = eager_bytes
                x, y = memarray.asarray(a), memarray.asarray(b)
                chain(memarray, x, y)
                times[name].append(_milliseconds(lambda x=x, y=y: chain(memarray, x, y)))
        rows.append({"bytes": 8 * size, **{name: statistics.median(values) for name, values in times.items()}})
    memarray.config.eager_bytes = kept
    return rows


def jacobi(xp: Any, n: int, steps: int) -> float:
    """Relaxation of Laplace's equation in place."""
    u = xp.zeros((n, n))
    u[0] = 1.0
    for _ in range(steps):
        u[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
    return float(u.sum())


def leapfrog(xp: Any, n: int, steps: int) -> float:
    """Oscillators: two states, no writes in place."""
    x, v = xp.ones((n, n)), xp.zeros((n, n))
    for _ in range(steps):
        v = v - 0.01 * x
        x = x + 0.01 * v
    return float(x.sum())


def row_updates(xp: Any, n: int, steps: int) -> float:
    """Small steps in place on a large array, each at another row."""
    a = xp.zeros((n, n))
    for i in range(steps):
        a[i % n] += i
    return float(a.sum())


LOOPS: tuple[tuple[Callable[..., float], int, int], ...] = (
    (jacobi, 300, 1000),
    (jacobi, 1000, 600),
    (jacobi, 2000, 200),
    (leapfrog, 1000, 400),
    (row_updates, 1000, 10_000),
)


def loops(rounds: int) -> list[dict[str, Any]]:
    """Seconds of Python loops: the first run, which compiles, and the median of later ones, in turns with NumPy."""
    rows = []
    for function, n, steps in LOOPS:
        start = time.perf_counter()
        mine = function(memarray, n, steps)
        first = time.perf_counter() - start
        times: dict[str, list[float]] = {"numpy": [], "memarray": []}
        for _ in range(rounds):
            for name, xp in (("numpy", numpy), ("memarray", memarray)):
                start = time.perf_counter()
                found = function(xp, n, steps)
                times[name].append(time.perf_counter() - start)
        assert numpy.isclose(mine, found, rtol=1e-6), (function, mine, found)
        medians = {name: statistics.median(values) for name, values in times.items()}
        rows.append({"loop": f"{function.__name__}, {n} x {n}, {steps} steps", "first": first, **medians})
    return rows


def _milliseconds(function: Callable[[], object]) -> float:
    times = []
    for _ in range(10):
        start = time.perf_counter_ns()
        function()
        times.append(time.perf_counter_ns() - start)
    return min(times) / 1e6


def main() -> int:
    """Measure, print the tables, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path("out/lazy.json"), help="where the numbers go")
    arguments = parser.parse_args()
    results = {
        "recording_us": recording(arguments.calls),
        "small_arrays_ms": small_arrays(arguments.rounds),
        "loops_s": loops(arguments.rounds),
    }
    console = Console(width=120)
    for name, rows in results.items():
        table = Table(*rows[0], title=name.replace("_", " "))
        for row in rows:
            table.add_row(*(f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values()))
        console.print(table)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(results, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
