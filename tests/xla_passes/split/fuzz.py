"""Random programs by the thousand: `python -m tests.xla_passes.split.fuzz --cases 1000 --seed 0`.

Each seed is one case, so that a run goes on where another ended. Cases run in child processes, which a crash ends; a failure is made
smaller by dropping steps and shortening axes, and printed as an expression that makes it again.
"""

import argparse
import faulthandler
import re
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence

from tests.xla_passes.split.random_checks import Case, case_of, check_always, check_canonical, check_forced, check_limits, check_planned
from tests.xla_passes.split.random_recipes import Recipe, draw_recipe

CHUNK = 100  # cases of one process: compiled programs add up
LONGEST = 60  # seconds of the processor for one case
SHARES = (0.6, 0.25, 0.02)
SMALL_CHECKS: dict[str, Callable[[Case, int], object]] = {
    "canonical": lambda case, _: check_canonical(case),
    "forced": lambda case, seed: check_forced(case, seed, 6),
    "planned": lambda case, seed: check_planned(case, seed, 3),
    "always": lambda case, _: check_always(case),
}
LARGE_CHECKS: dict[str, Callable[[Case, int], object]] = {"limits": lambda case, _: check_limits(case, SHARES)}


def out_of_time(*_: object) -> None:
    raise TimeoutError(f"it took {LONGEST} seconds")


def failure(recipe: Recipe, seed: int, checks: Sequence[str]) -> tuple[str, str] | None:
    """What goes wrong: its kind, and the whole message."""
    stage = "unsplit"
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    try:
        case = case_of(recipe)
        for stage in checks if case else ():
            {**SMALL_CHECKS, **LARGE_CHECKS}[stage](case, seed)
    except Exception as error:  # noqa: BLE001  whatever it is, it is what is looked for
        message = str(error)
        told = re.sub(r"loops \[.*?\)\]:? ?|planned for.*?: ", "", message, flags=re.DOTALL)
        kind = f"{stage} {type(error).__name__} {re.sub(r'[0-9]+', '#', told)[:60]}"
        return " ".join(kind.split()), message
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return None


def checks_of(kind: str) -> tuple[str, ...]:
    """The checks that show a kind of failure."""
    stage = kind.split(maxsplit=1)[0]
    return () if stage == "unsplit" else (stage,)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def shrunk(recipe: Recipe, seed: int, kind: str, seconds: float) -> Recipe:
    """The smallest recipe that was found in the time to fail in the same way."""
    end = time.monotonic() + seconds
    found = True
    while found and time.monotonic() < end:
        found = False
        for smaller in recipe.without():
            if time.monotonic() > end:
                break
            again = failure(smaller, seed, checks_of(kind))
            if again and again[0] == kind:
                recipe, found = smaller, True
                break
    return recipe


def run_here(seeds: Sequence[int], checks: Sequence[str], seconds: float, *, is_large: bool) -> None:
    """Run cases in this process and print what fails; the seed goes first, so that whoever reads knows where a crash was."""
    warnings.simplefilter("error")
    faulthandler.enable()
    signal.signal(signal.SIGPROF, out_of_time)
    seen: dict[str, int] = {}
    for seed in seeds:
        say(f"seed {seed}")
        recipe = draw_recipe(seed, is_large=is_large)
        wrong = failure(recipe, seed, checks)
        if wrong is None:
            continue
        kind, message = wrong
        seen[kind] = seen.get(kind, 0) + 1
        say(f"FAILED {seed}: {kind}")
        if seen[kind] == 1:
            small = shrunk(recipe, seed, kind, seconds)
            message = (failure(small, seed, checks_of(kind)) or wrong)[1]
            say(f"  {small!r}\n  seed={seed}\n  {message[:2000]}")


def main() -> None:
    """Start one child after another, each for some seeds; go on after the seed at which one crashed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--large", action="store_true", help="larger programs, fitted under limits")
    parser.add_argument("--checks", default="", help="some of canonical, forced, planned, always, limits; with commas between them")
    parser.add_argument("--shrink", type=float, default=60, help="seconds for making a failure smaller")
    parser.add_argument("--here", action="store_true", help="in this process")
    options = parser.parse_args()
    checks = options.checks.split(",") if options.checks else list(LARGE_CHECKS if options.large else SMALL_CHECKS)
    if options.here:
        run_here(range(options.seed, options.seed + options.cases), checks, options.shrink, is_large=options.large)
        return
    at, end = options.seed, options.seed + options.cases
    failed = 0
    while at < end:
        count = min(CHUNK, end - at)
        command = [sys.executable, "-m", "tests.xla_passes.split.fuzz", "--here", "--seed", str(at), "--cases", str(count)]
        command += ["--checks", ",".join(checks), "--shrink", str(options.shrink), *(["--large"] if options.large else [])]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        last = at
        for line in child.stdout:
            if line.startswith("seed "):
                last = int(line.split()[1])
                if last % 50 == 0:
                    say(f"at {last}")
            else:
                failed += line.startswith("FAILED")
                say(line.rstrip("\n"))
        code = child.wait()
        if code:
            say(f"FAILED {last}: the process ended with {code}")
            failed += 1
        at = last + 1
    say(f"{options.cases} cases from seed {options.seed}, {failed} failed")


if __name__ == "__main__":
    main()
