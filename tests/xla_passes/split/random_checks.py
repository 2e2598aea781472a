"""What has to hold of a random program: canonical, split anywhere and fitted under any limit, its results stay those of the unsplit one."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxlib.mlir import ir

from frontends import record_jax
from memarray._runtime import Signature, compile_module
from tests.helpers import evaluate
from tests.xla_passes.split.random_programs import Value
from tests.xla_passes.split.random_recipes import Recipe
from tests.xla_passes.split.splitting import Place, block_at, value_at
from xla_passes import fit
from xla_passes.analysis.graph import snapshot
from xla_passes.analysis.inside import Inside
from xla_passes.analysis.liveness import graph_liveness
from xla_passes.canonicalise import canonicalise_passes
from xla_passes.module import clone, main_block, parse, shape_of, value_bytes
from xla_passes.pipeline import build_loops, passes_after_splitting, run_passes
from xla_passes.plan import CannotFitError, Report
from xla_passes.split.axes import Axes
from xla_passes.split.candidates import LoopNest
from xla_passes.split.courses import Choice
from xla_passes.split.growth import Growth, grow
from xla_passes.split.loops import emit
from xla_passes.split.planner import Planner

ROUNDINGS = 64  # of the largest element, for the same sums in another order
PERTURBATIONS = 3
# What the reference interpreter, or its Python binding, does not know (it ends the process then); its scatter writes over its operand,
# whoever else reads that, and it does not order NaNs.
NOT_INTERPRETED = (
    "stablehlo.scatter",
    "select_and_scatter",
    "custom_call",
    "stablehlo.fft",
    "cholesky",
    "triangular_solve",
    "stablehlo.rng",
    "complex<",
    "xbf16>",
    "<bf16>",
    "f8E",
)


@dataclass
class Case:
    """A recorded program, its arguments, what it computes unsplit, and how far each rough result may be from that."""

    recipe: Recipe
    module: ir.Module
    signature: Signature
    arrays: list[np.ndarray]
    unsplit: Report
    notes: list[Value]
    expected: list[np.ndarray]
    noise: list[float]

    def report(self, module: ir.Module) -> Report:
        """The compiler's verdict on this machine, as `memarray` asks for it."""
        with jax.enable_x64(self.recipe.x64):
            return compile_module(module, self.signature, jax.devices()[0])

    def run(self, report: Report) -> list[np.ndarray]:
        """What a compiled program computes."""
        return run_compiled(report, self.arrays, x64=self.recipe.x64)

    def agree(self, actual: Sequence[np.ndarray], stage: str) -> None:
        """Results are those of the unsplit program: to the bit, the signs of zeros where the order of sums cannot change them."""
        assert len(actual) == len(self.expected), stage
        for at, (one, other, note, noise) in enumerate(zip(actual, self.expected, self.notes, self.noise, strict=True)):
            where = f"{stage}: result {at}"
            assert one.dtype == other.dtype, f"{where}: {one.dtype}, not {other.dtype}"
            assert one.shape == other.shape, f"{where}: {one.shape}, not {other.shape}"
            if note.is_rough:
                assert_near(one, other, noise, where)
            else:
                assert_equal(one, other, has_signs=note.has_signs, where=where)

    def canonical(self) -> ir.Module:
        """A copy, ready to be split."""
        module = clone(self.module)
        run_passes(module, canonicalise_passes())
        return module


def run_compiled(report: Report, arrays: Sequence[np.ndarray], *, x64: bool) -> list[np.ndarray]:
    with jax.enable_x64(x64):
        return [np.asarray(array) for array in report.program(*map(jnp.asarray, arrays))]


def parts(array: np.ndarray) -> Iterator[np.ndarray]:
    """As floats of 64 bits, real and imaginary parts apart."""
    if array.dtype.kind == "c":
        yield array.real.astype(np.float64)
        yield array.imag.astype(np.float64)
    else:
        yield array.astype(np.float64)


def assert_equal(one: np.ndarray, other: np.ndarray, *, has_signs: bool, where: str) -> None:
    if one.dtype.kind in "iub":
        np.testing.assert_array_equal(one, other, where)
        return
    for found, wanted in zip(parts(one), parts(other), strict=True):
        np.testing.assert_array_equal(found, wanted, where)
        if has_signs:
            keep = ~np.isnan(wanted)
            np.testing.assert_array_equal(np.signbit(found[keep]), np.signbit(wanted[keep]), f"{where}: signs of zeros")


def assert_near(one: np.ndarray, other: np.ndarray, noise: float, where: str) -> None:
    roundings = ROUNDINGS * float(jnp.finfo(one.dtype).eps)
    for found, wanted in zip(parts(one), parts(other), strict=True):
        largest = np.abs(wanted[np.isfinite(wanted)]).max(initial=1.0)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=roundings * largest + 8 * noise, err_msg=where)


def noise_of(arrays: Sequence[np.ndarray], recipe: Recipe, unsplit: Report, expected: Sequence[np.ndarray]) -> list[float]:
    """How far the results move when the rough arguments do by a few units in the last place."""
    noise = [0.0] * len(expected)
    for seed in range(PERTURBATIONS):
        moved = list(arrays)
        generator = np.random.default_rng(seed)
        for at, argument in enumerate(recipe.arguments):
            if argument.kind == "rough":
                eps = float(jnp.finfo(arrays[at].dtype).eps)
                moved[at] = (arrays[at].astype(np.float64) * (1 + 8 * eps * generator.uniform(-1, 1, arrays[at].shape))).astype(
                    arrays[at].dtype
                )
        made = run_compiled(unsplit, moved, x64=recipe.x64)
        for at, (one, other) in enumerate(zip(made, expected, strict=True)):
            with np.errstate(invalid="ignore"):
                gaps = [np.abs(a - b) for a, b in zip(parts(one), parts(other), strict=True)]
            noise[at] = max([noise[at], *(gap[np.isfinite(gap)].max(initial=0.0) for gap in gaps)])
    return noise


def case_of(recipe: Recipe) -> Case | None:
    """The recipe, recorded, compiled and run unsplit; None where none of its steps made anything."""
    notes: list[Value] = []
    arrays = recipe.arrays()
    with jax.enable_x64(recipe.x64):
        recording = record_jax(recipe.function(notes), arrays, {})
    if not notes or not recording.results:
        return None
    module, signature = parse(recording.artifact), Signature(recording.arguments, recording.results)
    with jax.enable_x64(recipe.x64):
        unsplit = compile_module(module, signature, jax.devices()[0])
    expected = run_compiled(unsplit, arrays, x64=recipe.x64)
    is_rough = any(note.is_rough for note in notes)
    noise = noise_of(arrays, recipe, unsplit, expected) if is_rough else [0.0] * len(expected)
    return Case(recipe, module, signature, arrays, unsplit, list(notes), expected, noise)


def check_canonical(case: Case) -> None:
    """Canonicalisation alone keeps the results."""
    case.agree(case.run(case.report(case.canonical())), "canonical")


def is_interpreted(case: Case, module: ir.Module) -> bool:
    """Whether the reference interpreter knows all of the module; what it computes must then be what XLA does."""
    text = str(module)
    unknown = (*NOT_INTERPRETED, *(("top_k", "stablehlo.sort") if any(note.kind == "special" for note in case.recipe.arguments) else ()))
    if any(name in text for name in unknown):
        return False
    case.agree(evaluate(module, *case.arrays), "interpreted")
    return True


@dataclass(frozen=True)
class Forced:
    """A loop to build: an axis, its pieces, and how far its region reaches."""

    place: Place
    pieces: int
    large_bytes: int
    recomputes_whole: bool = False

    def build(self, module: ir.Module) -> ir.Module:
        """A copy of the module with the loop; NoLoopError where there is none."""
        copy = clone(module)
        graph = snapshot(block_at(copy, self.place.path))
        target = graph.number[value_at(copy, self.place)]
        region = grow(graph, Axes(graph), target, self.place.axis, Growth(self.large_bytes, self.recomputes_whole))
        if region is None or region.units <= region.shortest:
            raise NoLoopError
        emit(Choice(graph, LoopNest(region, max(region.shortest, -(-region.units // self.pieces))), len(self.place.path)))
        copy.operation.verify()
        return copy


class NoLoopError(Exception):
    """No region grows from there."""


class WrongError(AssertionError):
    """A check failed; its message says after which loops."""


def all_places(module: ir.Module, path: tuple[tuple[int, int], ...] = ()) -> Iterator[tuple[str, Place]]:
    """Every axis of every value in the program, its loops' bodies and its branches, with the name of the operation that computes it."""
    for at, view in enumerate(block_at(module, path).operations):
        op = view.operation
        for number, result in enumerate(op.results):
            shape = ir.RankedTensorType(result.type).shape if isinstance(result.type, ir.RankedTensorType) else ()
            yield from ((op.name, Place(at, number, axis, path)) for axis, size in enumerate(shape) if size > 1)
        inner = {"stablehlo.while": (1,), "stablehlo.case": range(len(op.regions)), "stablehlo.if": (0, 1)}.get(op.name, ())
        for region in inner:
            yield from all_places(module, (*path, (at, region)))


def draw_loop(module: ir.Module, draw: random.Random) -> Forced | None:
    """A loop to try; rare operations as often as common ones, bodies of loops as often as the program itself."""
    known = list(all_places(module))
    inside = [place for place in known if place[1].path]
    known = inside if inside and draw.random() < 0.5 else known
    if not known:
        return None
    name = draw.choice(sorted({name for name, _ in known}))
    place = draw.choice([place for named, place in known if named == name])
    value = value_at(module, place)
    size = shape_of(value)[place.axis]
    large_bytes = draw.choice((1, 1 + value_bytes(value) // 4, value_bytes(value), value_bytes(value) + 1))
    return Forced(place, min(size, draw.choice((2, 3, size, max(2, size - 1)))), large_bytes, draw.random() < 0.3)


def with_loops(module: ir.Module, draw: random.Random) -> tuple[ir.Module, list[Forced]]:
    """One to three loops, one after another, the later ones often in the bodies of those before."""
    wanted, made = draw.choice((1, 1, 2, 3)), []
    for _ in range(4 * wanted):
        loop = draw_loop(module, draw)
        if loop is None or len(made) == wanted:
            break
        try:
            module = loop.build(module)
        except NoLoopError:
            continue
        except Exception as error:
            raise WrongError(f"building the loops {[*made, loop]!r}: {type(error).__name__}: {error}") from error
        made.append(loop)
    return module, made


def check_results(case: Case, module: ir.Module, stage: str, *, interpreted: bool) -> None:
    """The results of a module with loops, by the interpreter or by XLA."""
    try:
        found = evaluate(module, *case.arrays) if interpreted else case.run(case.report(module))
    except Exception as error:
        raise WrongError(f"{stage}: {type(error).__name__}: {error}") from error
    case.agree(found, stage)


def check_forced(case: Case, seed: int, count: int) -> int:
    """Some sequences of loops anywhere; how many were built."""
    draw = random.Random(seed)
    canonical = case.canonical()
    interpreted = case.recipe.largest <= 1000 and is_interpreted(case, canonical)
    built = 0
    for at in range(count):
        module, loops = with_loops(canonical, draw)
        if loops:
            check_results(case, module, f"loops {loops!r}", interpreted=interpreted and at > 0)
            built += 1
    return built


def check_planned(case: Case, seed: int, count: int) -> int:
    """The planner's own loops for budgets down to nothing, as they are and cleaned up; how many there were."""
    draw = random.Random(seed)
    canonical = case.canonical()
    interpreted = case.recipe.largest <= 1000 and is_interpreted(case, canonical)
    peak = graph_liveness(snapshot(main_block(canonical))).peak_bytes
    built = 0
    for _ in range(count):
        module, budget, fuses = clone(canonical), draw.choice((peak * 3 // 4, peak // 2, peak // 4, 200, 0)), draw.random() < 0.6
        stage = f"planned for {budget} bytes, {fuses=}"
        try:
            loops, rewrites = build_loops(module, Planner(budget, Inside(fuses, has_workspace=draw.random() < 0.5)))
            module.operation.verify()
            run_passes(module, passes_after_splitting())
        except Exception as error:
            raise WrongError(f"{stage}: {type(error).__name__}: {error}") from error
        if loops or rewrites:
            is_deep = any(loop.depth > 1 for loop in loops)  # the interpreter takes its time then
            check_results(case, module, stage, interpreted=interpreted and not is_deep)
            built += len(loops)
    return built


def check_always(case: Case) -> None:
    """All of `fit` with split="always"."""
    found = fit(case.module, 10**12, case.report, rewrites="exact", split="always")
    case.agree(case.run(found.plan.report), "always")


def check_limits(case: Case, shares: Sequence[float]) -> None:
    """Under limits between what is held anyway and the unsplit peak: it fits, or it does under the limit that the refusal names."""
    held = case.unsplit.argument_bytes + case.unsplit.output_bytes
    for share in shares:
        limit = held + int((case.unsplit.peak_bytes - held) * share)
        stage = f"limit {limit} of {case.unsplit.peak_bytes}"
        try:
            found = fit(case.module, limit, case.report, rewrites="exact")
        except CannotFitError as refusal:
            smallest = refusal.smallest_limit_bytes
            assert limit < smallest <= case.unsplit.peak_bytes, f"{stage}: the smallest limit is said to be {smallest}"
            stage = f"{stage}: smallest {smallest}"
            try:
                found = fit(case.module, smallest, case.report, rewrites="exact")
            except CannotFitError as error:
                raise WrongError(f"{stage} does not work; then {error.smallest_limit_bytes}") from error
            limit = smallest
        assert found.plan.report.peak_bytes <= limit, f"{stage}: the plan's peak is {found.plan.report.peak_bytes}"
        case.agree(case.run(found.plan.report), stage)
