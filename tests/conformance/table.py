"""Runs JAX's whole table of primitive cases and writes docs/operations.md: `python -m tests.conformance.table`, about an hour on one core.

Outcomes are kept in out/conformance.jsonl as they come. With `--keep`, programs that are in it are not run again.
"""

import argparse
import dataclasses
import json
import multiprocessing
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
from jaxlib.mlir.dialects import chlo, stablehlo

from tests.conformance.agreement import LIBRARY_SUMS, WINDOW_SUMS
from tests.conformance.harnesses import OWN, Recorded, case_names, distinct, record_case
from tests.conformance.trial import NO_LOOP, Outcome, Refusal, Split, attempt
from xla_passes.split.factors import Kind
from xla_passes.split.rules.unsplittable import UNSPLITTABLE

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "operations.md"
OUTCOMES = ROOT / "out" / "conformance.jsonl"
BATCH = 200  # programs that share processes
SUMS = (*LIBRARY_SUMS, *WINDOW_SUMS)
ORDERED = (Kind.REDUCTION.value, Kind.SEQUENTIAL.value)
KINDS = [kind.value for kind in Kind if kind is not Kind.BLOCKED]

HEAD = """# Operations, measured

Written by `make conformance`; [what splits](splitting.md) says which axis of which op splits how.

The programs are {cases} of the {all} cases of JAX's own table of primitives that JAX implements on the CPU
(`jax._src.internal_test_util.test_harnesses`, jax {version}), in every dtype from booleans to complex128, and {own} small
modules of our own for what is not among them; of all that XLA's CPU backend runs, only `rng`, with other numbers in
every run, is in none. Arguments are negated first, so that they, too, are values that can be computed in pieces.

Many cases record the same program, with other numbers to run it on: there are {programs} programs. Each is run unsplit.
Then a loop is forced over each axis of two or more elements of each value that it computes, in two or three pieces:
{places} axes in all, those of a program counted once. Where that can be done, the split program is run on the arguments
of each of its cases, and, for floats, on arguments with NaN, infinities and zeros of both signs among them.

Its results have to be equal to the bit (NaN is NaN, whatever its payload). Only where a loop adds floats in another order
or makes a library do so, or where XLA has several ways to round, are 32 roundings of the largest element of the result
allowed. XLA contracts products and sums, and keeps digits of short floats, as its fusions happen to fall; and the last
digit of its exponentials and tangents depends on the place in a row.

| outcome | axes |
|---|---|
| split, and equal to the bit | {same} |
| split, and equal but for the roundings above | {near} |
| refused, with a reason | {refused} |
| wrong | {wrong} |

Not equal to the bit are loops that compute
{on_what}:
these are in programs that XLA has several ways to round.

Of the {halves} programs with more than 4 KiB of temporaries, {fits} fit when half of that is left them, and {smallest} are
refused; these run under the smallest limit that the refusal names. Both are compared as well.

- **cases**: in how many of JAX's the op occurs, as recorded or in canonical form; after the plus, of our own.
- **factors**: the kinds that the op's rule gives there; for an op without a rule, why it has none.
- **split and equal**: loops that compute the op in pieces, by the kind of the factor that they split.
- **refused**: axes that stay whole because of this op, by the reason that the plan gives.
"""


def operation_names() -> list[str]:
    """Every op of the two dialects."""
    return sorted(name for dialect in (stablehlo, chlo) for name in _names(dialect))


def _names(dialect: ModuleType) -> set[str]:
    found = {getattr(member, "OPERATION_NAME", None) for member in vars(dialect).values()}
    return {name for name in found if isinstance(name, str)}


def page(outcomes: Sequence[Outcome], known: int) -> str:
    """The whole document, with how many cases there are."""
    splits = [each for outcome in outcomes for each in outcome.splits]
    refusals = [each for outcome in outcomes for each in outcome.refusals]
    halves = Counter(outcome.halved for outcome in outcomes)
    names = [name for outcome in outcomes for name in outcome.names]
    own = sum(name.startswith(OWN) for name in names)
    head = HEAD.format(
        version=jax.__version__,
        cases="all" if len(names) - own == known else len(names) - own,
        programs=len(outcomes),
        all=known,
        own=own,
        places=len(splits) + len(refusals),
        same=sum(each.is_same for each in splits),
        near=sum(not each.is_same and not each.failure for each in splits),
        on_what=_on_what([each for each in splits if not each.is_same and not each.failure]),
        refused=len(refusals),
        wrong=sum(bool(each.failure) for each in splits),
        halves=halves["fits"] + halves["refused"],
        fits=halves["fits"],
        smallest=halves["refused"],
    )
    rows = ["| op | cases | factors | split and equal | refused |", "|---|---|---|---|---|", *_rows(outcomes, splits, refusals)]
    return f"{head}\n" + "\n".join(rows) + "\n"


def _on_what(splits: Sequence[Split]) -> str:
    """The operations in these loops that may add in another order, with how many loops have them."""
    first = (next((op for op, kind in each.parts if op in SUMS or kind in ORDERED), "") for each in splits)
    found = Counter(op for op in first if op)
    return ", ".join(f"`{op}` ({count})" for op, count in found.most_common()) + f", and {len(splits) - found.total()} others"


def _rows(outcomes: Sequence[Outcome], splits: Sequence[Split], refusals: Sequence[Refusal]) -> Iterator[str]:
    cases = Counter((op, name.startswith(OWN)) for outcome in outcomes for name in outcome.names for op in outcome.ops)
    stated: dict[str, set[str]] = defaultdict(set)
    for op, what in {each for outcome in outcomes for each in outcome.stated}:
        stated[op].add(what if what in KINDS else "blocked")
    equal = Counter((op, kind) for split in splits if not split.failure for op, kind in split.parts)
    refused: dict[str, Counter[str]] = defaultdict(Counter)
    for op, reason in (each for refusal in refusals for each in blamed(refusal)):
        refused[op][reason] += 1
    for op in operation_names():
        count = f"{cases[op, False]} + {cases[op, True]}"
        factors = ", ".join(kind for kind in [*KINDS, "blocked"] if kind in stated[op]) or UNSPLITTABLE.get(op, "")
        counts = ", ".join(f"{kind} {equal[op, kind]}" for kind in KINDS if equal[op, kind])
        reasons = "; ".join(f"{number}: {reason}" for reason, number in sorted(refused[op].items(), key=lambda item: (-item[1], item[0])))
        yield f"| `{op}` | {count} | {factors} | {counts} | {reasons} |"


def blamed(refusal: Refusal) -> Iterator[tuple[str, str]]:
    """The ops that keep an axis whole, each with its reason."""
    if refusal.reason == NO_LOOP:
        yield refusal.op, refusal.reason
        return
    for part in refusal.reason.split("; "):
        op, _, reason = part.partition(": ")
        yield op, reason


def run_program(program: Recorded) -> Outcome:
    """One program, with what prevents it from being tried at all as an outcome, too."""
    try:
        return attempt(program)
    except Exception as error:  # noqa: BLE001  an hour's run does not end with one program
        return _failed(program, f"{type(error).__name__}: {error}")


def _failed(program: Recorded, failure: str) -> Outcome:
    return Outcome(program.names, (), (), (), (), "", (failure,))


def run_programs(programs: Sequence[Recorded], jobs: int) -> Iterator[Outcome]:
    """The outcomes as they come. A program that ends its process is found by running those that went with it one by one."""
    for start in range(0, len(programs), BATCH):
        rest = {program.names: program for program in programs[start : start + BATCH]}
        for outcome in _finished([*rest.values()], jobs):
            del rest[outcome.names]
            yield outcome
        for program in rest.values():
            yield next(_finished([program], 1), _failed(program, "the process ended"))


def _finished(programs: Sequence[Recorded], jobs: int) -> Iterator[Outcome]:
    """The outcomes of new processes (compiled programs stay in memory for as long as theirs), as far as they come."""
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        for future in as_completed([pool.submit(run_program, program) for program in programs]):
            if not isinstance(future.exception(), BrokenProcessPool):
                yield future.result()


def kept(path: Path) -> dict[tuple[str, ...], Outcome]:
    """The outcomes in a file, by the names of their cases."""
    outcomes = [_outcome(json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []
    return {outcome.names: outcome for outcome in outcomes}


def _outcome(row: dict[str, Any]) -> Outcome:
    splits = tuple(Split(**{**each, "parts": tuple(map(tuple, each["parts"]))}) for each in row["splits"])
    refusals = tuple(Refusal(**each) for each in row["refusals"])
    stated = tuple(map(tuple, row["stated"]))
    return Outcome(tuple(row["names"]), tuple(row["ops"]), stated, splits, refusals, row["halved"], tuple(row["failures"]))


def main(arguments: Sequence[str]) -> int:
    """Run what is to be run, write the page, say what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.table", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--outcomes", type=Path, default=OUTCOMES, help="where outcomes are kept")
    parser.add_argument("--keep", action="store_true", help="do not run what is kept there")
    parser.add_argument("--only", default="", help="cases with this in their name; the page is not written")
    parser.add_argument("--every", type=int, default=1, help="one of so many of JAX's cases, for a page in less time")
    given = parser.parse_args(arguments)
    found = kept(given.outcomes) if given.keep else {}
    given.outcomes.parent.mkdir(exist_ok=True)
    names = [name for name in case_names() if given.only in name]
    jax_names = [name for name in names if not name.startswith(OWN)]
    wanted = [*jax_names[:: given.every], *(name for name in names if name.startswith(OWN))]
    programs = distinct(map(record_case, wanted))
    # By a hash of their names, so that a run that is stopped has seen some of everything.
    rest = sorted((each for each in programs if each.names not in found), key=lambda each: zlib.crc32(each.name.encode()))
    with given.outcomes.open("a" if given.keep else "w") as lines:
        for outcome in run_programs(rest, given.jobs):
            found[outcome.names] = outcome
            lines.write(json.dumps(dataclasses.asdict(outcome)) + "\n")
            lines.flush()
            sys.stderr.writelines(f"{outcome.names[0]}: {failure}\n" for failure in outcome.failures)
    outcomes = [found[each.names] for each in programs]
    if not given.only:
        PAGE.write_text(page(outcomes, len(jax_names)))
    return 1 if any(outcome.failures for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
