"""How far the resident set of a fresh process rises while a region runs: what the memory tests and the demo hold against promises.

In another process: `resident_peak("tests.resident.programs:prepare", "kNN loop")`. In this one: `rise_during(region)`.
"""

import ctypes
import gc
import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_MARK = "resident: "


@dataclass(frozen=True)
class ResidentPeak:
    """The rise of the resident set during a region, in bytes, and what the code that prepared the region said of it."""

    rise_bytes: int
    facts: dict[str, object]


def resident_peak(prepare: str, *args: object, **options: object) -> ResidentPeak:
    """Run a region once in a fresh process and measure its resident peak.

    Parameters
    ----------
    prepare
        "module:function". The function is called in the new process and returns the region, a callable without arguments, and a dict of
        facts. Imports, compilation and placing arguments on the device belong in it: they are not measured.
    *args, **options
        What `prepare` is called with; JSON values.

    Returns
    -------
    ResidentPeak
        The rise above the resident set just before the region, and the facts.

    Raises
    ------
    RuntimeError
        The process failed; the message holds its standard error.
    """
    call = json.dumps({"prepare": prepare, "args": args, "options": options})
    done = subprocess.run(
        [sys.executable, "-m", "tests.resident.measure"], input=call, capture_output=True, text=True, cwd=ROOT, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith(_MARK)]
    if done.returncode or not lines:
        raise RuntimeError(f"measuring {call} ended with code {done.returncode}:\n{done.stderr[-4000:]}")
    return ResidentPeak(**json.loads(lines[-1].removeprefix(_MARK)))


def rise_during(region: Callable[[], object]) -> int:
    """Bytes by which this process's resident peak during `region()` exceeds its resident set before; the result lives to the end.

    Freed pages that the allocator keeps are given back first, so that the region cannot hide in them. Linux only.
    """
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # VmHWM starts again from the present VmRSS
    before = _status_bytes("VmRSS")
    result = region()
    peak = _status_bytes("VmHWM")
    del result
    return peak - before


def _status_bytes(name: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(f"{name}:"))


def main() -> None:
    """In the new process: prepare, measure, say it on one line."""
    call = json.load(sys.stdin)
    module, _, function = call["prepare"].partition(":")
    region, facts = getattr(importlib.import_module(module), function)(*call["args"], **call["options"])
    rise_bytes = rise_during(region)
    sys.stdout.write(f"\n{_MARK}{json.dumps({'rise_bytes': rise_bytes, 'facts': facts})}\n")


if __name__ == "__main__":
    main()
