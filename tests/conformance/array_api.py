"""Runs data-apis/array-api-tests on memarray in three settings: `python -m tests.conformance.array_api PATH-OF-ITS-CHECKOUT`.

The suite is no package: `make array-api` clones it first. A failure outside of its special cases, or more than 1.7 % failures in all, is an
error. Special cases are rows of the standard's tables of infinities, zeros and NaN; where NumPy itself differs from them, so does memarray.
"""

import argparse
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = "https://github.com/data-apis/array-api-tests"
COMMIT = "55fcc60179efa2680ddd6cd926ddf17b83530e2b"
SETTINGS = {
    "by default": "",
    "all recorded": "xp.config.eager_bytes = 0",
    "all recorded and split": 'xp.config.eager_bytes = 0; xp.config.split = "always"',
}
PASSING_SHARE = 0.983
SPECIAL_CASES = "test_special_cases.py"


@dataclass(frozen=True)
class Outcome:
    """What the suite said in one setting."""

    passed: int
    failed: tuple[str, ...]

    @property
    def share(self) -> float:
        """Passed tests as a part of all."""
        return self.passed / max(1, self.passed + len(self.failed))

    @property
    def others(self) -> list[str]:
        """Failures outside of the special cases."""
        return [name for name in self.failed if SPECIAL_CASES not in name]


def fetch(path: Path) -> None:
    """Clone the suite at the commit that memarray is tested with, and the standard's text beside it."""
    if (path / "array_api_tests").exists():
        return
    subprocess.run(["git", "clone", "--quiet", REPOSITORY, str(path)], check=True)
    subprocess.run(["git", "-C", str(path), "checkout", "--quiet", COMMIT], check=True)
    subprocess.run(["git", "-C", str(path), "submodule", "--quiet", "update", "--init"], check=True)


def run(path: Path, setting: str, examples: int) -> Outcome:
    """One run of the whole suite."""
    environment = {**os.environ, "ARRAY_API_TESTS_MODULE": f"exec('import memarray as xp; {SETTINGS[setting]}')"}
    command = [sys.executable, "-m", "pytest", "array_api_tests", "-q", "-rf", "--tb=no", "-p", "no:cacheprovider"]
    options = ["--max-examples", str(examples), "--hypothesis-disable-deadline"]
    found = subprocess.run([*command, *options], cwd=path, env=environment, capture_output=True, text=True, check=False)
    summary = re.search(r"(\d+) passed", found.stdout)
    if summary is None:
        raise RuntimeError(f"the suite did not run in {path}:\n{found.stdout[-3000:]}\n{found.stderr[-3000:]}")
    failed = tuple(line.removeprefix("FAILED ") for line in found.stdout.splitlines() if line.startswith("FAILED "))
    return Outcome(int(summary[1]), failed)


def main() -> int:
    """Fetch if need be, run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path, nargs="?", default=Path("out/array-api-tests"), help="the suite's checkout, made if missing")
    parser.add_argument("--max-examples", type=int, default=20, help="examples of each test")
    arguments = parser.parse_args()
    fetch(arguments.path)
    is_good = True
    for setting in SETTINGS:
        outcome = run(arguments.path.resolve(), setting, arguments.max_examples)
        sys.stdout.write(f"{setting}: {outcome.passed} passed, {len(outcome.failed)} failed: {outcome.share:.1%}\n")
        sys.stdout.write("".join(f"  {name}\n" for name in outcome.failed))
        sys.stdout.flush()
        is_good = is_good and outcome.share >= PASSING_SHARE and not outcome.others
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
