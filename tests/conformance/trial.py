"""One program, split everywhere: what became of each axis of each value, and of the program at half of its temporaries, as data."""

import random
import zlib
from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxlib.mlir import ir

from memarray._runtime import Signature, compile_module
from tests.conformance.agreement import Comparison, compare, reorders_sums, rounds_alike
from tests.conformance.harnesses import Recorded
from tests.conformance.merging import merged
from tests.xla_passes.split.splitting import Place, block_at, places, value_at
from xla_passes import CannotFitError, Fit, Report, fit
from xla_passes.canonicalise import canonicalise_passes
from xla_passes.module import clone, main_block, parse, walk
from xla_passes.pipeline import run_passes
from xla_passes.split.factors import Kind
from xla_passes.split.forced import forced_loop
from xla_passes.split.loops import emit
from xla_passes.split.rules import RULES

TEMPORARY_BYTES = 4096  # from here on, half of a program's temporaries is asked for
LARGE = 200  # operations of a program that takes long to compile
TOGETHER = 16  # split programs that are compiled as one
WITHOUT_SPECIALS = frozenset({"stablehlo.custom_call", "stablehlo.while", "stablehlo.convolution"})
SPECIALS = (np.nan, np.inf, -np.inf, 0.0, -0.0)
_Program = tuple[ir.Module, bool]  # a split program, and whether its results have to be the same to the bit
CANNOT = "cannot be split: "
NO_LOOP = "no loop over it leaves less memory in use"


@dataclass(frozen=True)
class Split:
    """An axis that was split: the operations that the loop computes in pieces, each with the kind of its factor."""

    op: str
    place: str
    parts: tuple[tuple[str, str], ...]
    is_same: bool = False  # to the bit
    failure: str = ""


@dataclass(frozen=True)
class Refusal:
    """An axis that stays whole, and why: by the operation that computes the value, or by those that read it."""

    op: str
    place: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What became of one program."""

    names: tuple[str, ...]  # of the cases that come down to it
    ops: tuple[str, ...]  # as recorded and in the canonical form
    stated: tuple[tuple[str, str], ...]  # each operation of the canonical form with a kind of its factors, or the reason for a blocked one
    splits: tuple[Split, ...]
    refusals: tuple[Refusal, ...]
    halved: str  # "fits" or "refused", where there were temporaries worth halving
    failures: tuple[str, ...]  # everything that is wrong, those of the splits too


def attempt(case: Recorded, most_places: int | None = None) -> Outcome:
    """Split the program at every place; halve its temporaries; and compare with the unsplit one.

    If not all places are wanted, so many are drawn by its name. Then it is not tried either whether the limit that a refusal names works,
    and programs that take long to compile are split at fewer places and not halved.
    """
    with jax.enable_x64(case.is_x64):
        return _Trial(case, most_places).outcome()


@dataclass
class _Trial:
    """The program as recorded, its canonical form, and what it computes, unsplit, from each list of arguments."""

    case: Recorded
    most_places: int | None
    module: ir.Module = field(init=False)
    canonical: ir.Module = field(init=False)
    rounds_alike: bool = field(init=False)
    unsplit: Report = field(init=False)
    arguments: dict[str, tuple[np.ndarray, ...]] = field(init=False)
    expected: list[list[np.ndarray]] = field(init=False)

    def __post_init__(self) -> None:
        self.module = parse(self.case.artifact)
        self.canonical = clone(self.module)
        run_passes(self.canonical, canonicalise_passes())
        if self.case.is_own:  # XLA cannot read all of the older forms; that they and the canonical one agree is tested with these modules
            self.module = clone(self.canonical)
        self.rounds_alike = rounds_alike(walk(main_block(self.canonical)))
        self.arguments = {**dict(zip(self.case.names, self.case.arguments, strict=True)), **with_specials(self.case, self._ops())}
        self.unsplit = self._report(self.module)
        self.expected = self._results(self.unsplit)

    def outcome(self) -> Outcome:
        """Everything that is tried on a program."""
        inside = list(walk(main_block(self.canonical)))
        is_halved = self.most_places is None or len(inside) < LARGE
        splits, refusals = self._split_all(self._places(is_fewer=not is_halved))
        halved, failures = self._halve() if is_halved else ("", [])
        failures += [f"{each.op}, {each.place}: {each.failure}" for each in splits if each.failure]
        stated = tuple(sorted({each for op in inside for each in stated_factors(op)}))
        return Outcome(self.case.names, tuple(sorted(self._ops())), stated, tuple(splits), tuple(refusals), halved, tuple(failures))

    def _places(self, *, is_fewer: bool) -> list[Place]:
        """All, or those drawn."""
        found = list(places(self.canonical))
        if self.most_places is None or len(found) <= self.most_places:
            return found
        return random.Random(self.case.name).sample(found, self.most_places // 3 if is_fewer else self.most_places)

    def _split_all(self, found: Sequence[Place]) -> tuple[list[Split], list[Refusal]]:
        """Each place by itself, in two or three pieces; programs that come out the same are compiled once."""
        tried: list[tuple[Split, str]] = []
        refusals: list[Refusal] = []
        programs: dict[str, _Program] = {}
        for place in found:
            each, program = self._split(place, 2 + zlib.crc32(f"{self.case.name}{place}".encode()) % 2)
            if isinstance(each, Refusal):
                refusals.append(each)
                continue
            text = str(program[0]) if program else ""
            tried.append((each, text))
            if program:
                programs.setdefault(text, program)
        compared = dict(zip(programs, self._comparisons([*programs.values()]), strict=True))
        return [
            replace(each, is_same=compared[text].is_same, failure=compared[text].failure) if text else each for each, text in tried
        ], refusals

    def _ops(self) -> set[str]:
        """As recorded, and in the canonical form."""
        return {*self.case.ops, *(op.name for op in walk(main_block(self.canonical)))}

    def _split(self, place: Place, pieces: int) -> tuple[Split | Refusal, _Program | None]:
        """The program with one loop, and what its body computes in pieces; or how that went wrong."""
        name = f"axis {place.axis} of operation {place.op}{f' in {place.path}' if place.path else ''}, in {pieces}"
        module = clone(self.canonical)
        value = value_at(module, place)
        op = value.owner.name
        try:
            choice = forced_loop(block_at(module, place.path), value, place.axis, pieces)
            steps = [(choice.graph.nodes[step.node].op, step.factor.kind) for step in choice.nest.region.steps if step.factor]
            parts = tuple(dict.fromkeys((each.name, kind.value) for each, kind in steps))
            is_exact = self.rounds_alike and not any(reorders_sums(*each) for each in steps)
            emit(choice)
            module.operation.verify()
        except Exception as error:  # noqa: BLE001  whatever goes wrong is an outcome, and the next place is tried
            if isinstance(error, ValueError) and CANNOT in str(error):
                return Refusal(op, name, str(error).partition(CANNOT)[2]), None
            return Split(op, name, (), failure=_said(error)), None
        return Split(op, name, parts), (module, is_exact)

    def _comparisons(self, programs: Sequence[_Program]) -> list[Comparison]:
        """Each program's results against those of the unsplit one."""
        if not programs:
            return []
        now, later = programs[:TOGETHER], programs[TOGETHER:]
        count = len(self.case.signature.results)
        try:
            results = self._results(self._report(merged([module for module, _ in now]), len(now)))
        except Exception as error:  # noqa: BLE001  as above
            alone = [self._comparisons([each])[0] for each in now] if len(now) > 1 else [Comparison(is_same=False, failure=_said(error))]
            return alone + self._comparisons(later)
        found = []
        for number, (_, is_exact) in enumerate(now):
            mine = [row[number * count : (number + 1) * count] for row in results]
            found.append(self._compared(mine, is_exact=is_exact))
        return found + self._comparisons(later)

    def _compared(self, results: Sequence[Sequence[np.ndarray]], *, is_exact: bool) -> Comparison:
        """Over all lists of arguments."""
        found = [compare(one, other, is_exact=is_exact) for one, other in zip(results, self.expected, strict=True)]
        failures = [f"{each.failure} ({name})" for name, each in zip(self.arguments, found, strict=True) if each.failure]
        return Comparison(all(each.is_same for each in found), next(iter(failures), ""))

    def _halve(self) -> tuple[str, list[str]]:
        """The program under a limit that leaves half of its temporaries; where that is refused, under the limit that is said to work."""
        held = self.unsplit.argument_bytes + self.unsplit.output_bytes
        temporaries = self.unsplit.peak_bytes - held
        if temporaries <= TEMPORARY_BYTES:
            return "", []
        is_exact = self.rounds_alike and not any(reorders_sums(op, Kind.REDUCTION) for op in walk(main_block(self.canonical)))
        try:
            try:
                found = self._fit(held + temporaries // 2)
                halved = "fits"
            except CannotFitError as refused:
                if self.most_places is not None:
                    return "refused", []
                found = self._fit(refused.smallest_limit_bytes)
                halved = "refused"
            failure = self._compared(self._results(found.plan.report), is_exact=is_exact).failure
        except Exception as error:  # noqa: BLE001  as above
            return "", [f"halved: {_said(error)}"]
        return halved, [f"halved: {failure}"] if failure else []

    def _fit(self, limit_bytes: int) -> Fit:
        return fit(self.module, limit_bytes, self._report, rewrites="exact")

    def _report(self, module: ir.Module, times: int = 1) -> Report:
        given = self.case.signature
        return compile_module(module, Signature(given.arguments, given.results * times), jax.devices()[0])

    def _results(self, report: Report) -> list[list[np.ndarray]]:
        return [[np.asarray(result) for result in report.program(*arguments)] for arguments in self.arguments.values()]


def stated_factors(op: ir.Operation) -> list[tuple[str, str]]:
    """What the rule table says of the operation's dimensions: kinds, and why some are blocked."""
    rule = RULES.get(op.name)
    factors = rule.factors(op) if rule else ()
    return [(op.name, factor.reason if factor.kind is Kind.BLOCKED else factor.kind.value) for factor in factors]


def with_specials(case: Recorded, ops: Set[str]) -> dict[str, tuple[np.ndarray, ...]]:
    """The arguments of each case again, with NaN, infinities and zeros of both signs in places, for programs where they mean something.

    Library calls say nothing of NaN, and loops might wait for a condition that never comes. What XLA makes of NaN and infinities in
    products of complex numbers and where they meet the padding of a convolution depends on the shape. A reducer that chooses by comparing
    has no identity among NaNs, so that it matters whether it meets the holes and the padding of a window, which XLA leaves out.
    """
    is_float = [jnp.issubdtype(spec.dtype, jnp.floating) for spec in case.signature.arguments]
    is_complex = any(spec.dtype.kind == "c" for spec in (*case.signature.arguments, *case.signature.results))
    chooses = {"stablehlo.reduce_window", "stablehlo.compare"} <= ops
    if not any(is_float) or is_complex or chooses or not WITHOUT_SPECIALS.isdisjoint(ops):
        return {}
    given = zip(case.names, case.arguments, strict=True)
    return {f"{name}, special values": _with_specials(arrays, np.random.RandomState(zlib.crc32(name.encode()))) for name, arrays in given}


def _with_specials(arrays: Sequence[np.ndarray], generator: np.random.RandomState) -> tuple[np.ndarray, ...]:
    changed = []
    for each in arrays:
        if not jnp.issubdtype(each.dtype, jnp.floating):
            changed.append(each)
            continue
        with np.errstate(invalid="ignore"):  # NumPy warns of NaN on its way to a short float
            specials = generator.choice(SPECIALS, each.shape).astype(each.dtype)
        changed.append(np.where(generator.rand(*each.shape) < 0.1, specials, each))
    return tuple(changed)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
