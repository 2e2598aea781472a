"""One question in every framework: the 10 most similar flights, under one memory limit, with one answer.

Runs `knn_array_api.py` with NumPy, torch, JAX and memarray arrays, and `knn_torch.py`, `knn_jax.py` and `knn_numpy.py`, each in a
process of its own, where its peak is measured; then compares the neighbours. torch is left out where it is not installed.
"""

import argparse
import functools
import importlib.util
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from knn_flights import NEIGHBOURS, PROCESS_OVERHEAD_BYTES, ResidentPeak, load_flights, megabytes

import memarray
from memarray._plan import Plan

VERSIONS = (
    "array API, NumPy arrays",
    "array API, torch tensors",
    "array API, JAX arrays",
    "array API, memarray arrays",
    "torch",
    "JAX",
    "NumPy",
)


def convert(version: str, *arrays: np.ndarray) -> tuple[Any, ...]:
    """The arrays as the version's own kind."""
    if "torch" in version:
        import torch  # noqa: PLC0415  # an extra

        return tuple(map(torch.from_numpy, arrays))
    if "JAX" in version:
        return tuple(jax.device_put(array) for array in arrays)
    if version in ("NumPy", "array API, memarray arrays"):
        return tuple(memarray.asarray(array) for array in arrays)
    return arrays


def program(version: str) -> Callable[..., Any]:
    """The version's function."""
    name = {"torch": "knn_torch", "JAX": "knn_jax", "NumPy": "knn_numpy"}.get(version, "knn_array_api")
    found: Callable[..., Any] = importlib.import_module(name).nearest
    return found


def run(version: str, queries: np.ndarray, flights: np.ndarray, limit: str) -> tuple[np.ndarray, Plan, int | None, float]:
    """The neighbours, the plan, by how much the first call raised the process's memory, and its seconds."""
    arguments = convert(version, queries, flights)
    nearest = functools.partial(program(version), k=NEIGHBOURS)
    if isinstance(arguments[0], memarray.ndarray):  # lazy arrays need no wrapping
        with memarray.memory_limit(limit):
            found = nearest(*arguments)
            plan, evaluate = memarray.plan(found), lambda: memarray.compute(found)
    else:
        wrapped = memarray.wrap(nearest, memory_limit=limit)
        plan, evaluate = wrapped.plan(*arguments), lambda: jax.block_until_ready(wrapped(*arguments))
    with memarray.memory_limit(limit):
        peak = ResidentPeak()
        start = time.perf_counter()
        indices = evaluate()
        seconds = time.perf_counter() - start
        rise = peak.rise_bytes()
    return np.asarray(indices), plan, rise, seconds


def run_apart(version: str, options: argparse.Namespace, folder: Path) -> np.ndarray:
    """The neighbours that a fresh process finds; prints its line."""
    target = folder / "found.npy"
    command = [
        sys.executable,
        __file__,
        "--only",
        version,
        "--queries",
        str(options.queries),
        "--limit",
        options.limit,
        "--out",
        str(target),
    ]
    subprocess.run(command, check=True)  # noqa: S603
    found: np.ndarray = np.load(target)
    return found


def agreement(found: np.ndarray, expected: np.ndarray) -> float:
    """The share of neighbours that two versions have in common."""
    return float(np.mean([len(set(a) & set(b)) / NEIGHBOURS for a, b in zip(found.tolist(), expected.tolist(), strict=True)]))


def main() -> int:
    """Zero if every version stayed under the limit and found the same flights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=2_000, help="for how many flights (default 2000)")
    parser.add_argument("--limit", default="256MB", help='memory limit, such as "256MB" (the default)')
    parser.add_argument("--only", choices=VERSIONS, help="run this version alone, in this process")
    parser.add_argument("--out", type=Path, help="where to save its neighbours")
    options = parser.parse_args()
    if options.only is None:
        versions = [version for version in VERSIONS if "torch" not in version or importlib.util.find_spec("torch")]
        with tempfile.TemporaryDirectory() as folder:
            found = {version: run_apart(version, options, Path(folder)) for version in versions}
        shares = {version: agreement(indices, found["JAX"]) for version, indices in found.items()}
        print(f"\nneighbours in common with JAX's: {', '.join(f'{version} {share:.2%}' for version, share in shares.items())}")
        return 0 if min(shares.values()) > 0.999 else 1  # (equally near flights stand for each other)
    flights = load_flights()
    chosen = np.random.default_rng(0).choice(len(flights), min(options.queries, len(flights)), replace=False)
    indices, plan, rise, seconds = run(options.only, flights[chosen], flights, options.limit)
    measured = "" if rise is None else f", measured {megabytes(plan.argument_bytes + rise)}"
    print(f"{options.only:<27} peak {megabytes(plan.peak_bytes)} of {megabytes(plan.limit_bytes)}{measured}; {seconds:.2f} s", flush=True)
    if options.out:
        np.save(options.out, indices)
    held = plan.peak_bytes <= plan.limit_bytes
    return 0 if held and (rise is None or plan.argument_bytes + rise <= plan.limit_bytes + PROCESS_OVERHEAD_BYTES) else 1


if __name__ == "__main__":
    sys.exit(main())
