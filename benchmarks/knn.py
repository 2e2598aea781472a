"""Brute-force nearest neighbours: memarray against the unsplit program, scikit-learn and FAISS, as ratios of alternating runs.

Machines are noisy, so contenders take turns: each round runs every one of them once, and a ratio is taken within its round. On a machine
that others use as well, OpenMP's contenders lose most (their threads wait for each other), so the load is noted and the ratio of the
fastest runs is shown beside the median ratio.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

import faiss
import jax
import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.neighbors import NearestNeighbors

import memarray

NEIGHBOURS = 10
PACKAGES = ("memarray", "jax", "jaxlib", "numpy", "scikit-learn", "faiss-cpu")
SIZES = ("20000x336776x13", "1000x100000x128")
QUICK_SIZES = ("500x20000x32",)
PAUSE_SECONDS = 0.3  # until the thread pool of the contender before has gone to sleep: OpenMP's spin for a while

console = Console(highlight=False)


def nearest(queries: jax.Array, points: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Negated squared distances and indices of the nearest points, as written in a textbook."""
    return jax.lax.top_k(-((queries[:, None] - points[None]) ** 2).sum(-1), NEIGHBOURS)


@dataclass(frozen=True)
class Size:
    """Queries x points x columns."""

    queries: int
    points: int
    columns: int

    @classmethod
    def parse(cls, text: str) -> "Size":
        """`1000x100000x128` as a size."""
        try:
            queries, points, columns = (int(part) for part in text.split("x"))
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a size; expected QUERIESxPOINTSxCOLUMNS, such as 1000x100000x128") from None
        return cls(queries, points, columns)

    def __str__(self) -> str:
        return f"{self.queries:,} x {self.points:,} x {self.columns}"


@dataclass
class Contender:
    """One way to find the neighbours; `run` gives distances and indices, `absent` says why it could not take part."""

    name: str
    run: Callable[[], tuple[np.ndarray, np.ndarray]] | None
    absent: str = ""
    seconds: list[float] = field(default_factory=list)


def make_contenders(size: Size, queries: np.ndarray, points: np.ndarray, limit: str) -> list[Contender]:
    """Everyone who can run at this size, each with its data where it wants it; preparation is not timed."""
    on_device = jax.block_until_ready((jax.device_put(queries), jax.device_put(points)))
    fast = memarray.wrap(nearest, memory_limit=limit)
    try:
        plan = fast.plan(*on_device)
    except memarray.MemoryLimitError as error:
        raise SystemExit(f"{size}: {error}") from None
    console.print(f"\n[bold]{size}, k = {NEIGHBOURS}, limit {limit}[/bold]")
    console.print(str(plan), markup=False, soft_wrap=True)

    def run_jax(function: Callable[..., tuple[jax.Array, jax.Array]]) -> tuple[np.ndarray, np.ndarray]:
        values, indices = jax.block_until_ready(function(*on_device))
        return -np.asarray(values), np.asarray(indices)

    def run_sklearn() -> tuple[np.ndarray, np.ndarray]:
        distances, indices = brute.kneighbors(queries)
        return distances**2, indices

    brute = NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute").fit(points)
    index = faiss.IndexFlatL2(size.columns)
    index.add(points)
    contenders = [
        Contender("memarray", lambda: run_jax(fast)),
        Contender("scikit-learn brute", run_sklearn),
        Contender("FAISS IndexFlatL2", lambda: index.search(queries, NEIGHBOURS)),
    ]
    # Twice the report: under XLA's default options it leaves out what library calls take.
    if 2 * plan.unsplit_peak_bytes > available_bytes():
        contenders.append(Contender("jax.jit unsplit", None, f"needs {plan.unsplit_peak_bytes / 1e9:.0f} GB"))
    else:
        unsplit = jax.jit(nearest)
        contenders.append(Contender("jax.jit unsplit", lambda: run_jax(unsplit)))
    return contenders


def available_bytes() -> int:
    """Memory that is free now, by Linux's own estimate where there is one."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        return next(int(line.split()[1]) * 1024 for line in meminfo.read_text().splitlines() if line.startswith("MemAvailable:"))
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check_agreement(contenders: list[Contender], queries: np.ndarray, points: np.ndarray) -> None:
    """The first run of each: warms it up, and its squared distances must be everyone's, up to float32 rounding.

    |q - x|^2 as |q|^2 - 2 q.x + |x|^2 rounds in proportion to its terms: 4 eps of them for each of the two that are compared.
    """
    terms = float((queries**2).sum(-1).max() + (points**2).sum(-1).max())
    tolerance = 2 * 4 * float(np.finfo(np.float32).eps) * terms
    results = {contender.name: contender.run() for contender in contenders if contender.run}
    expected = np.sort(results["FAISS IndexFlatL2"][0])
    for name, (distances, _) in results.items():
        difference = float(np.abs(np.sort(distances) - expected).max())
        if not difference <= tolerance:
            raise SystemExit(f"{name} disagrees with FAISS by {difference:.2e} in squared distance; at most {tolerance:.2e} is rounding")


def run_rounds(contenders: list[Contender], rounds: int) -> None:
    """Take turns; the order rotates, so that nobody always follows the same neighbour."""
    running = [contender for contender in contenders if contender.run]
    for turn in range(rounds):
        first = turn % len(running)
        for contender in running[first:] + running[:first]:
            time.sleep(PAUSE_SECONDS)
            start = time.perf_counter()
            contender.run()
            contender.seconds.append(time.perf_counter() - start)


def summarise(contender: Contender, base: Contender) -> dict[str, object]:
    """Medians and spread of the seconds, and of their ratio to the base's in the same round."""
    if not contender.run:
        return {"name": contender.name, "absent": contender.absent}
    ratios = [mine / theirs for mine, theirs in zip(contender.seconds, base.seconds, strict=True)]
    return {
        "name": contender.name,
        "seconds": contender.seconds,
        "median_seconds": statistics.median(contender.seconds),
        "ratio_to_memarray": statistics.median(ratios),
        "ratio_range": [min(ratios), max(ratios)],
        "ratio_of_fastest": min(contender.seconds) / min(base.seconds),
    }


def show(size: Size, rows: list[dict[str, object]]) -> None:
    """The table for people; a ratio above one means that memarray is faster."""
    table = Table("", "seconds, median", "fastest - slowest", "times memarray's", "over the rounds", "fastest to fastest", title=str(size))
    for row in rows:
        if "absent" in row:
            table.add_row(str(row["name"]), "-", str(row["absent"]))
            continue
        seconds, ratios = row["seconds"], row["ratio_range"]
        table.add_row(
            str(row["name"]),
            f"{row['median_seconds']:.3f}",
            f"{min(seconds):.3f} - {max(seconds):.3f}",
            f"{row['ratio_to_memarray']:.2f}",
            f"{ratios[0]:.2f} - {ratios[1]:.2f}",
            f"{row['ratio_of_fastest']:.2f}",
        )
    Console(width=max(console.width, 120)).print(table)


def main() -> int:
    """Run the sizes, print the tables, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--size", type=Size.parse, action="append", help=f"QUERIESxPOINTSxCOLUMNS, may be repeated (default {' and '.join(SIZES)})"
    )
    parser.add_argument("--limit", default="256MB", help="memarray's limit (default 256MB)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help=f"one small size ({QUICK_SIZES[0]}), three rounds")
    parser.add_argument("--out", type=Path, default=Path("out/knn.json"), help="where the numbers go")
    arguments = parser.parse_args()
    sizes = arguments.size or [Size.parse(text) for text in (QUICK_SIZES if arguments.quick else SIZES)]
    rounds = min(arguments.rounds, 3) if arguments.quick else arguments.rounds

    busy = os.getloadavg()[0]
    if busy > 0.3 * (os.cpu_count() or 1):
        console.print(f"[yellow]the machine is busy (load {busy:.1f} on {os.cpu_count()} cores): expect wide ranges[/yellow]")
    results = []
    for size in sizes:
        generator = np.random.default_rng(0)
        queries = generator.standard_normal((size.queries, size.columns), dtype=np.float32)
        points = generator.standard_normal((size.points, size.columns), dtype=np.float32)
        contenders = make_contenders(size, queries, points, arguments.limit)
        check_agreement(contenders, queries, points)
        run_rounds(contenders, rounds)
        rows = [summarise(contender, contenders[0]) for contender in contenders]
        show(size, rows)
        results.append({**asdict(size), "limit": arguments.limit, "contenders": rows})
    environment = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count(), "load_before": busy}
    environment |= {name: version(name) for name in PACKAGES}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({"environment": environment, "sizes": results}, indent=2) + "\n")
    console.print(f"written: {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
