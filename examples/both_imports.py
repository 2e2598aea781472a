"""Nine plain NumPy programs run twice, the second time with `import memarray as np` as their only change, and compared.

The programs are in `examples/programs`. Each run is a process of its own, in which the program runs twice: the first time with everything
that memarray has to compile; the resident peak is that of the second. `--large` takes sizes at which NumPy needs several times the limit
(and runs once, if half of the free memory is enough for it), and also prints the plan of what is evaluated last.
"""

import argparse
import ctypes
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

PROGRAMS = Path(__file__).parent / "programs"
IMPORTS = {"numpy": "import numpy as np", "memarray": "import memarray as np"}
# What a process takes for threads, stacks and code pages that no array limit can speak about.
PROCESS_OVERHEAD_BYTES = 16 * 10**6
DIGITS = 1e-12  # what float64 leaves of a result after sums in another order

console = Console(soft_wrap=True, highlight=False, width=max(Console().width, 130))


@dataclass(frozen=True)
class Case:
    """A program, its sizes, and how far its results may differ, as a part of the largest element of each result.

    `numpy_bytes` is about what NumPy holds at a size, for the large one. Integers and booleans have to be equal.
    """

    name: str
    quick: int
    usual: int
    tolerance: float
    reason: str
    large: int | None = None
    numpy_bytes: Callable[[int], int] | None = None


CASES = {
    case.name: case
    for case in (
        Case(
            name="n_body",
            quick=200,
            usual=2000,
            tolerance=1e-11,
            reason="sums over bodies in another order, through ten steps, and the energy's large terms of opposite signs",
            large=7000,
            numpy_bytes=lambda n: 3 * n * n * 3 * 8,  # differences, the pulls' copy of them, and their product
        ),
        Case(
            name="k_means",
            quick=1000,
            usual=20_000,
            tolerance=DIGITS,
            reason="sums over columns and points in another order",
            large=128_000,
            numpy_bytes=lambda n: n * 200 * 16 * 8,  # differences, squared in place
        ),
        Case(
            name="pca_flights",
            quick=2000,
            usual=336_776,
            tolerance=1e-9,
            reason="another algorithm for the singular vectors, whose gaps divide its rounding",
        ),
        Case(
            name="kernel_ridge",
            quick=100,
            usual=1500,
            tolerance=1e-9,
            reason="rounding times the condition number of the system, which the ridge bounds by 100",
            large=2500,
            numpy_bytes=lambda n: 3 * 20 * n * n * 8,  # the sums of squares, the products, and their difference
        ),
        Case(name="game_of_life", quick=60, usual=1500, tolerance=0.0, reason="whole numbers"),
        Case(
            name="heat_equation",
            quick=60,
            usual=1000,
            tolerance=DIGITS,
            reason="a product and a sum that are fused round once",
        ),
        Case(
            name="mandelbrot",
            quick=60,
            usual=1000,
            tolerance=1e-9,
            reason="rounding that the iteration makes larger near the border of the set",
        ),
        Case(
            name="lu_by_hand",
            quick=20,
            usual=80,
            tolerance=1e-9,
            reason="sums in another order times the condition number of the matrix",
        ),
        Case(
            name="image_filter",
            quick=60,
            usual=800,
            tolerance=DIGITS,
            reason="sums of weighted slices that are fused round once",
            large=3000,
            numpy_bytes=lambda n: 2 * n * n * 25 * 8,  # the windows as an array of their own, and what is partitioned
        ),
    )
}


@dataclass(frozen=True)
class Run:
    """What one process measured: seconds of the first and the second run, bytes of the second, and what the plan promised."""

    first_seconds: float
    second_seconds: float
    peak_bytes: int | None
    plan_bytes: int | None = None
    unsplit_bytes: int | None = None


@dataclass(frozen=True)
class Difference:
    """The largest difference of any result, as a part of its largest element; infinite where results are no match at all."""

    share: float
    where: str


def load_program(name: str, library: str) -> Callable[..., dict[str, Any]]:
    """The `main` of a program whose import line is that of `library`."""
    path = PROGRAMS / f"{name}.py"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    (place,) = (number for number, line in enumerate(lines) if line.rstrip() == IMPORTS["numpy"])
    lines[place] = f"{IMPORTS[library]}\n"
    namespace: dict[str, Any] = {"__name__": name}
    exec(compile("".join(lines), str(path), "exec"), namespace)  # noqa: S102  # the program beside this file, but for one line
    return namespace["main"]


def difference(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Difference:
    """How the results of two runs differ; whole numbers and booleans do not match unless they are equal."""
    if list(expected) != list(actual):
        return Difference(np.inf, f"{list(actual)} for {list(expected)}")
    found = Difference(0.0, "")
    for name in expected:
        one, other = np.asarray(expected[name]), np.asarray(actual[name])
        if (one.shape, one.dtype) != (other.shape, other.dtype):
            return Difference(np.inf, f"{name}: {other.dtype}{list(other.shape)} for {one.dtype}{list(one.shape)}")
        if np.array_equal(one, other):
            continue
        if one.dtype.kind not in "fc" or not (np.isfinite(one).all() and np.isfinite(other).all()):
            return Difference(np.inf, f"{name}: {np.count_nonzero(one != other)} of {one.size} differ")
        share = float(np.abs(one - other).max() / np.abs(one).max())
        found = max(found, Difference(share, name), key=lambda each: each.share)
    return found


class ResidentPeak:
    """How far the process's resident memory rises above where it stands, from Linux's own high-water mark."""

    def __init__(self) -> None:
        gc.collect()
        self._is_available = Path("/proc/self/clear_refs").exists()
        if self._is_available:
            # Memory that was freed but kept by malloc would hide a rise: give it back first.
            ctypes.CDLL(None).malloc_trim(0)
            Path("/proc/self/clear_refs").write_text("5")  # sets the high-water mark back to the present
            self._before = self._read("VmRSS")

    @staticmethod
    def _read(field: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))

    def rise_bytes(self) -> int | None:
        """The rise so far, or None where the system does not say."""
        return self._read("VmHWM") - self._before if self._is_available else None


def measure(name: str, library: str, size: int, limit: str, plans: bool, out: str) -> Run:
    """Run a program twice in this process, and save its results for whoever compares them."""
    main = load_program(name, library)
    memarray = None
    if library == "memarray":
        import memarray  # noqa: PLC0415

        memarray.config.memory_limit = limit
    seconds = []
    plan = None
    for _ in range(1 if plans and not memarray else 2):
        peak = ResidentPeak()
        start = time.perf_counter()
        results = main(size)
        if memarray and plans and not plan:
            plan = memarray.plan(*results.values())
        if memarray:
            memarray.compute(results)
        seconds.append(time.perf_counter() - start)
        rise_bytes = peak.rise_bytes()
        np.savez(out, **{key: np.asarray(value) for key, value in results.items()})
        del results
    promised = (plan.peak_bytes, plan.unsplit_peak_bytes) if plan else (None, None)
    return Run(seconds[0], seconds[-1], rise_bytes, *promised)


def measure_apart(name: str, library: str, size: int, limit: str, *, plans: bool, out: Path) -> Run:
    """`measure` in a fresh process."""
    call = json.dumps([name, library, size, limit, plans, str(out)])
    done = subprocess.run([sys.executable, __file__, "--measure", call], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{name} with `{IMPORTS[library]}` ended with code {done.returncode}:\n{done.stderr[-4000:]}")
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def free_bytes() -> int:
    """What processes can still have, as the system says; without bound where it does not say."""
    path = Path("/proc/meminfo")
    if not path.exists():
        return sys.maxsize
    return next(int(line.split()[1]) * 1024 for line in path.read_text().splitlines() if line.startswith("MemAvailable:"))


@dataclass(frozen=True)
class Outcome:
    """A program at a size with either import; NumPy's run and the difference are None where NumPy would not fit."""

    case: Case
    size: int
    numpy: Run | None
    memarray: Run
    difference: Difference | None

    def is_equal(self) -> bool:
        """Whether the results differ by no more than they may."""
        return self.difference is None or self.difference.share <= self.case.tolerance

    def is_within(self, limit_bytes: int) -> bool:
        """Whether the measured peak keeps to the limit."""
        return (self.memarray.peak_bytes or 0) <= limit_bytes + PROCESS_OVERHEAD_BYTES


def compare(case: Case, size: int, limit: str, *, is_large: bool = False) -> Outcome:
    """Run a program with either import. At its large size, NumPy runs only where half of the free memory is enough for it."""
    runs: dict[str, Run] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = {library: Path(folder) / f"{library}.npz" for library in IMPORTS}
        for library, line in IMPORTS.items():
            if library == "numpy" and is_large and case.numpy_bytes(size) > free_bytes() / 2:
                continue
            with console.status(f"{case.name}, size {size:,}, `{line}`"):
                runs[library] = measure_apart(case.name, library, size, limit, plans=is_large, out=files[library])
        found = difference(*(np.load(files[library]) for library in IMPORTS)) if len(runs) == 2 else None
    return Outcome(case, size, runs.get("numpy"), runs["memarray"], found)


def megabytes(count: int | None) -> str:
    """Bytes for people."""
    return "" if count is None else f"{count / 1e6:,.0f} MB"


def draw_table(outcomes: Sequence[Outcome], limit_bytes: int, *, is_large: bool) -> Table:
    """A row a program."""
    table = Table(title=f"memarray under {megabytes(limit_bytes)}", title_justify="left")
    table.add_column("program")
    heads = ["size", "NumPy", "memarray, first", "again", "NumPy's peak", "memarray's"]
    for head in heads + (["plan's peak", "unsplit"] if is_large else []) + ["difference", "allowed"]:
        table.add_column(head, justify="right")
    for outcome in outcomes:
        table.add_row(*_cells(outcome, limit_bytes, is_large=is_large))
    return table


def _cells(outcome: Outcome, limit_bytes: int, *, is_large: bool) -> list[str]:
    case, ours, theirs, found = outcome.case, outcome.memarray, outcome.numpy, outcome.difference
    cells = [case.name, f"{outcome.size:,}", f"{theirs.second_seconds:.2f} s" if theirs else "not run"]
    cells += [f"{ours.first_seconds:.2f} s", f"{ours.second_seconds:.2f} s"]
    cells += [megabytes(theirs.peak_bytes) if theirs else f"about {megabytes(case.numpy_bytes(outcome.size))}"]
    cells += [f"{'' if outcome.is_within(limit_bytes) else '[red]'}{megabytes(ours.peak_bytes)}"]
    if is_large:
        cells += [megabytes(ours.plan_bytes), megabytes(ours.unsplit_bytes)]
    if found is None:
        return [*cells, "", ""]
    return [*cells, f"{'' if outcome.is_equal() else '[red]'}{found.share:.1e}", f"{case.tolerance:.0e}"]


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", nargs="*", help=f"of {', '.join(CASES)} (default: all)")
    parser.add_argument("--limit", default="1GB", help='memory limit for memarray, such as "1GB" (the default)')
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--quick", action="store_true", help="small sizes")
    sizes.add_argument("--large", action="store_true", help="sizes at which NumPy needs several times 1GB, where a program has one")
    parser.add_argument("--measure", help=argparse.SUPPRESS)  # what a child process is to do
    arguments = parser.parse_args()
    unknown = set(arguments.programs) - set(CASES)
    if unknown:
        parser.error(f"no program {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    return arguments


def run(arguments: argparse.Namespace) -> int:
    """Run, print, and count what does not hold."""
    import memarray  # noqa: PLC0415  # NumPy's processes do without

    memarray.config.memory_limit = arguments.limit
    limit_bytes = memarray.config.memory_limit
    outcomes = []
    for case in (CASES[name] for name in arguments.programs or CASES):
        size = case.large if arguments.large else case.quick if arguments.quick else case.usual
        if size is not None:
            outcomes.append(compare(case, size, arguments.limit, is_large=arguments.large))
    console.print(draw_table(outcomes, limit_bytes, is_large=arguments.large))
    failures = [f"{each.case.name}: results differ in {each.difference.where}" for each in outcomes if not each.is_equal()]
    failures += [f"{each.case.name}: the measured peak is above the limit" for each in outcomes if not each.is_within(limit_bytes)]
    for failure in failures:
        console.print(f"FAILED {failure}", markup=False)
    return len(failures)


def main() -> int:
    """Zero if all results are equal and every peak is under the limit."""
    arguments = parse_arguments()
    if arguments.measure:
        print(json.dumps(asdict(measure(*json.loads(arguments.measure)))))
        return 0
    return 1 if run(arguments) else 0


if __name__ == "__main__":
    sys.exit(main())
