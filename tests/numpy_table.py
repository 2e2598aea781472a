"""The table of NumPy's names in docs/numpy.md: what is lazy, what evaluates, what is absent and why.

python -m tests.numpy_table          # writes it
"""

import inspect
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np

import memarray
from memarray._absent import ABSENT
from memarray._host import is_host_function
from memarray._routine import Routine
from memarray._ufunc import ufunc

PAGE = Path(__file__).parent.parent / "docs" / "numpy.md"
MARK = "<!-- The tables below are written by `python -m tests.numpy_table`. -->\n"
PARTS = {"numpy": (np, memarray), "numpy.linalg": (np.linalg, memarray.linalg), "numpy.fft": (np.fft, memarray.fft)}
NUMPY_ONLY = ("test",)  # NumPy's own test runner, in each of its parts


def names_of(part: types.ModuleType) -> list[str]:
    """The public names of a part of NumPy."""
    listed = dir(part) if part is np else getattr(part, "__all__", dir(part))
    return sorted(name for name in set(listed) if not name.startswith("_"))


def row(name: str, theirs: Any, ours: Any) -> tuple[str, str]:
    """What a name is in memarray, and a remark."""
    if isinstance(ours, ufunc):
        return "lazy", "ufunc"
    if isinstance(ours, Routine):
        return "lazy", ""
    if is_host_function(ours):
        return "evaluates", "runs by NumPy"
    if ours is theirs:
        return "NumPy's own", ""
    if isinstance(ours, types.ModuleType):
        return "lazy", "a part of its own"
    sentence = " ".join((inspect.getdoc(ours) or "").split("\n\n")[0].split())
    return ("evaluates" if "evaluat" in sentence.lower() else "lazy"), sentence if "evaluat" in sentence.lower() else ""


def table(title: str, theirs: types.ModuleType, ours: types.ModuleType) -> str:
    """One part's table."""
    lines = [f"## `{title}`", "", "| name | in memarray | remark |", "|---|---|---|"]
    for name in names_of(theirs):
        if name in NUMPY_ONLY:
            lines.append(f"| `{name}` | absent | NumPy's own tests |")
        elif hasattr(ours, name):
            kind, remark = row(name, getattr(theirs, name), getattr(ours, name))
            lines.append(f"| `{name}` | {kind} | {remark} |")
        else:
            lines.append(f"| `{name}` | absent | {ABSENT[name]} |")
    return "\n".join(lines) + "\n"


def tables() -> str:
    """All tables."""
    parts = {**PARTS, "numpy.random": (np.random, memarray.random)}
    return "\n".join(table(title, theirs, ours) for title, (theirs, ours) in parts.items())


def main() -> int:
    """Write the page anew, below its mark."""
    head, mark, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    PAGE.write_text(head + (mark or MARK) + "\n" + tables(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
