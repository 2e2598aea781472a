"""Runs torch's own operator database with both recorders and writes docs/torch_operations.md: `python -m tests.conformance.torch_ops`.

Outcomes are kept in out/torch_ops.jsonl as they come. With `--keep`, operators that are in it are not run again.
"""

import argparse
import collections
import dataclasses
import json
import multiprocessing
import os
import re
import signal
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path

import torch

from tests.conformance.torch_trial import (
    DTYPES,
    OUTCOMES,
    RECORDERS,
    ROUNDINGS,
    SAMPLES,
    SPLIT_SAMPLES,
    SPLITS,
    Trial,
    dtypes_of,
    operators,
    trials,
)

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "torch_operations.md"
KEPT = ROOT / "out" / "torch_ops.jsonl"
SECONDS = 120  # in which a trial has to end
TASKS = 100  # after which a process makes way for a new one: compiled programs stay in memory for as long as theirs

Task = tuple[str, str]  # an operator's name and a dtype's
Column = tuple[str, str]  # a recorder, and whether split


class _Child:
    """A process that tries one operator and dtype after the other."""

    def __init__(self, columns: Sequence[Column]) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, tuple(columns)))
        self._process.start()
        theirs.close()
        self.task: Task | None = None
        self.done: list[Column] = []  # of the task
        self.current: Column | None = None
        self.count = 0
        self.since = time.monotonic()

    def begin(self, task: Task, done: Sequence[Column]) -> None:
        """Give it a task, of which some is done."""
        self.task, self.done, self.current, self.since = task, list(done), None, time.monotonic()
        self.count += 1
        self.connection.send((task, self.done))

    def stop(self) -> None:
        """End it, and its recorders."""
        self.connection.close()
        if self._process.pid and self.task:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.join()


def _serve(connection: Connection, columns: Sequence[Column]) -> None:
    os.setsid()  # so that its recorders can be ended with it
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    while True:
        try:
            (name, dtype), done = connection.recv()
        except EOFError:
            return
        rest = [column for column in columns if column not in done]
        try:
            for message in trials(name, dtype, rest):
                connection.send(message)
        except Exception as error:  # noqa: BLE001  a whole run does not end with one operator
            for column in rest:
                connection.send(Trial(name, dtype, *column, 0, 1, "error", f"{type(error).__name__}: {error}"))
        connection.send(None)


def run(tasks: Sequence[Task], columns: Sequence[Column], jobs: int) -> Iterator[Trial]:
    """The trials as they come, in so many processes."""
    rest: collections.deque[tuple[Task, Sequence[Column]]] = collections.deque((task, ()) for task in tasks)
    children = [_Child(columns) for _ in range(min(jobs, len(tasks)))]
    while rest or any(child.task for child in children):
        for i, child in enumerate(children):
            if child.task is None and rest:
                if child.count >= TASKS:
                    child.stop()
                    child = children[i] = _Child(columns)  # noqa: PLW2901
                child.begin(*rest.popleft())
        busy = [child for child in children if child.task]
        ready = set(wait([child.connection for child in busy], timeout=1.0))
        for child in busy:
            failure = f"no end after {SECONDS} s" if time.monotonic() - child.since > SECONDS else ""
            if child.connection in ready:
                failure = yield from _receive(child)
            if failure:
                trial = _died(child, columns, failure)
                yield trial
                done = [*child.done, (trial.recorder, trial.split)]
                if len(done) < len(columns):
                    rest.appendleft((child.task, done))  # type: ignore[arg-type]
                child.stop()
                children[children.index(child)] = _Child(columns)
    for child in children:
        child.stop()


def _receive(child: _Child) -> Iterator[Trial]:
    """One message; the result is what is wrong with the process."""
    try:
        message = child.connection.recv()
    except (EOFError, ConnectionResetError):
        return "the process ended"  # type: ignore[return-value]
    child.since = time.monotonic()
    if message is None:
        child.task = None
    elif isinstance(message, Trial):
        child.done.append((message.recorder, message.split))
        yield message
    else:
        child.current = message
    return ""  # type: ignore[return-value]


def _died(child: _Child, columns: Sequence[Column], failure: str) -> Trial:
    name, dtype = child.task  # type: ignore[misc]
    current = child.current
    if current is None or current in child.done:
        current = next(column for column in columns if column not in child.done)
    return Trial(name, dtype, *current, 0, 1, "died", failure)


HEAD = """# Operators of torch, measured

Written by `make torch-operations`.

Torch has a database of its operators with sample inputs (`torch.testing._internal.common_methods_invocations.op_db`, torch
{version}). {count} of its {all} operators run on the CPU with {dtypes}. Each is run here by
`memarray.wrap` with both recorders, on up to {samples} samples of each dtype, spread over its list. Its results are compared with
eager torch's: shapes, dtypes, and values within the tolerance that the operator states for torch's own tests of it, or else
that of `torch.testing.assert_close` for the dtype. Then up to {split_samples} of these samples are run with
`memarray.config.split = "always"`.

What draws random numbers draws other ones than torch's kernels: its shapes and dtypes are compared. So are those of `empty`
and its like. Of equal elements, operators such as `topk` and `sort` may name any; so the elements are compared that they name.
Factors such as eigenvectors are compared as torch's samples say, up to signs and phases.

| | {columns} |
|---|{dashes}|
{totals}

- **ok**: all samples of all dtypes agree, or are at least as near as eager torch's to what the operator gives in double
  precision.
- **inexact**: some differ by more than the tolerance, and by less than {roundings} roundings of the result's largest element; the
  difference is given.
- **unsupported**: `memarray.UnsupportedOpError`, which names the operation and the line, for some samples or dtypes, which are
  named: `partly` where other samples of the dtype are ok.
- **wrong**: results differ from eager torch's.
- **error**: another exception.
- **died**: the process ended, or did not answer within {seconds} seconds.

| operator | {columns} | reason |
|---|{dashes}|---|
"""


def page(found: Sequence[Trial]) -> str:
    """The whole document."""
    rows: dict[str, dict[tuple[str, str], list[Trial]]] = {}
    tried = [trial for trial in found if trial.samples or trial.outcome != "ok"]
    for trial in tried:
        rows.setdefault(trial.op, {}).setdefault((trial.recorder, trial.split), []).append(trial)
    columns = [(recorder, split) for recorder in RECORDERS for split in SPLITS]
    worst = {column: [_worst(cells.get(column, ())) for cells in rows.values()] for column in columns}
    totals = [f"| {outcome} | " + " | ".join(str(worst[column].count(outcome)) for column in columns) + " |" for outcome in OUTCOMES]
    head = HEAD.format(
        version=torch.__version__.partition("+")[0],
        count=len(rows),
        all=len(operators()),
        samples=SAMPLES,
        roundings=ROUNDINGS,
        seconds=SECONDS,
        dtypes=" or ".join([", ".join([*DTYPES][:-1]), [*DTYPES][-1]]),
        split_samples=SPLIT_SAMPLES,
        columns=" | ".join(", ".join(column) for column in columns),
        dashes="|".join("---" for _ in columns),
        totals="\n".join(totals),
    )
    lines = []
    for name in sorted(rows):
        cells = [_mark(rows[name].get(column, ())) for column in columns]
        lines.append(f"| `{name}` | {' | '.join(cells)} | {_reason([trial for each in rows[name].values() for trial in each])} |\n")
    return head + "".join(lines)


def _worst(found: Sequence[Trial]) -> str:
    return max((trial.outcome for trial in found), key=OUTCOMES.index, default="ok")


def _mark(found: Sequence[Trial]) -> str:
    failed = [trial for trial in found if trial.outcome != "ok"]
    if not failed:
        return "ok"
    parts = []
    for outcome in OUTCOMES:
        these = [trial for trial in failed if trial.outcome == outcome]
        is_all = len(these) == len(found) and all(trial.failed == trial.samples for trial in these)
        names = [trial.dtype + ("" if trial.failed == trial.samples else " partly") for trial in these]
        if these:
            parts.append(outcome if is_all else f"{outcome}: {', '.join(names)}")
    return "; ".join(parts)


def _reason(found: Sequence[Trial]) -> str:
    """Why, in short: the first of the worst."""
    failed = [trial for trial in found if trial.outcome != "ok"]
    if not failed:
        return ""
    detail = max(failed, key=lambda trial: OUTCOMES.index(trial.outcome)).detail
    return short(detail)


def short(detail: str) -> str:
    """A message without what differs from machine to machine, in a table's cell."""
    detail = re.sub(r" at \S+:\d+ in `[^`]*`|, location=\S+", "", detail.replace("\n", " "))
    detail = re.sub(r" +The failure occurred.*|Tensor-likes are not (close|equal)! +", "", detail)
    detail = re.sub(r"\. Write it with other operations.*", "", detail).replace("|", "\\|")
    return detail if len(detail) <= 220 else f"{detail[:217]}..."


def kept(path: Path) -> list[Trial]:
    """The trials in a file."""
    return [Trial(**json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def main(arguments: Sequence[str]) -> int:
    """Run what is to be run, write the page, say what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.torch_ops", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--ops", default="", help="operators whose names have this regular expression; the page is not written")
    parser.add_argument("--dtypes", nargs="+", choices=[*DTYPES], default=[*DTYPES])
    parser.add_argument("--splits", nargs="+", choices=[*SPLITS], default=[*SPLITS])
    parser.add_argument("--recorders", nargs="+", choices=RECORDERS, default=list(RECORDERS))
    parser.add_argument("--outcomes", type=Path, default=KEPT, help="where outcomes are kept")
    parser.add_argument("--keep", action="store_true", help="do not run what is kept there")
    parser.add_argument("--page", action="store_true", help="write the page from what is kept, and run nothing")
    given = parser.parse_args(arguments)
    found = kept(given.outcomes) if given.keep or given.page else []
    there = collections.Counter((trial.op, trial.dtype) for trial in found)
    names = [name for name in operators() if re.search(given.ops, name)]
    columns = [(recorder, split) for recorder in given.recorders for split in given.splits]
    tasks = [(name, dtype) for name in names for dtype in dtypes_of(operators()[name]) if dtype in given.dtypes]
    tasks = [task for task in tasks if there[task] < len(columns)]
    given.outcomes.parent.mkdir(exist_ok=True)
    if not given.page:
        with given.outcomes.open("a" if given.keep else "w") as lines:
            for trial in run(tasks, columns, given.jobs):
                found.append(trial)
                lines.write(json.dumps(dataclasses.asdict(trial)) + "\n")
                lines.flush()
                if trial.outcome not in ("ok", "inexact", "unsupported"):
                    sys.stderr.write(f"{trial.op}, {trial.dtype}, {trial.recorder}, {trial.split}: {trial.outcome}: {trial.detail}\n")
    if not given.ops and len(columns) == len(RECORDERS) * len(SPLITS) and len(given.dtypes) == len(DTYPES):
        PAGE.write_text(page(found))
    return 1 if any(trial.outcome not in ("ok", "inexact", "unsupported") for trial in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
