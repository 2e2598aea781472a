"""The passes in order, and `fit`, which runs them until the compiler says that the module is under its limit."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from jaxlib.mlir import ir

from xla_passes.analysis.graph import snapshot
from xla_passes.analysis.liveness import graph_liveness, inner_bytes
from xla_passes.canonicalise import canonicalise_passes, tidy_passes
from xla_passes.module import clone, main_block, shape_of, source_line, type_bytes, value_bytes, walk
from xla_passes.passes import Pass
from xla_passes.plan import Blocked, CannotFitError, Fit, Loop, Plan, Report, Rewrite, Step
from xla_passes.rewrites import backend_passes, rewrite_passes
from xla_passes.split.checkpointing import Checkpointing, checkpoint
from xla_passes.split.loops import build, emit
from xla_passes.split.planner import Planner, forced_loop, largest_split
from xla_passes.split.sinking import Sinking, sink

ATTEMPTS = 5  # plans made from what the compiler reported of the one before
MOST_LOOPS = 64
PATIENCE = 4  # loops in a row that may leave more over the budget than there was
SMALLEST_BUDGET = 1 << 12  # bytes of temporaries
# Fractions of the arguments and outputs that the smallest plans may take, and whether XLA is trusted to fuse.
SMALL_BUDGETS = ((64, True), (16, True), (4, True), (1, True), (64, False), (4, False))
Reporter = Callable[[ir.Module], Report]


def default_pipeline(*, rewrites: str = "all") -> tuple[Pass, ...]:
    """The passes in order; the loops are built between those before and those after splitting."""
    return (*passes_before_splitting(rewrites), *passes_after_splitting())


def passes_before_splitting(rewrites: str) -> tuple[Pass, ...]:
    """Canonicalisation first, so that every later pass meets one form of a thing; rewrites, since a smaller program needs fewer loops."""
    return (*canonicalise_passes(), *rewrite_passes(rewrites), *tidy_passes())


def passes_after_splitting() -> tuple[Pass, ...]:
    """What the loops left is cleaned up; backend forms last, since they depend on how long the pieces are."""
    return (*tidy_passes(), *backend_passes())


def run_passes(module: ir.Module, passes: Sequence[Pass]) -> tuple[Rewrite, ...]:
    """Run passes in place; the module is verified after each."""
    fired: list[Rewrite] = []
    for each in passes:
        fired += each.run(module)
        module.operation.verify()
    return tuple(dict.fromkeys(fired))


def fit(
    module: ir.Module,
    limit_bytes: int,
    report: Reporter,
    *,
    rewrites: str = "all",
    split: str = "when needed",
    force: Sequence[tuple[str, int, int]] = (),
) -> Fit:
    """A module that computes what `module` does and whose peak, by the compiler's `report`, is at most `limit_bytes`.

    Parameters
    ----------
    module
        StableHLO with a public `@main`. It is left as it is.
    limit_bytes
        Bound on arguments, outputs, temporaries and work space together.
    report
        Compiles a module and gives the compiler's verdict.
    rewrites
        "all", or "exact" to leave out those that change floating-point results.
    split
        "when needed", or "always" to split whatever has an axis that splits, fitting or not.
    force
        Loops to build first: (value as MLIR prints it in the canonical module, such as "%6", its axis, pieces).

    Raises
    ------
    CannotFitError
        No plan keeps the module under the limit.
    """
    unsplit = report(module)
    search = _Search(module, limit_bytes, report, unsplit, rewrites)
    if force or split == "always":
        return search.forced(force)
    if unsplit.peak_bytes <= limit_bytes:
        return Fit(module, search.plan_of(module, unsplit))
    return search.run()


@dataclass
class _Search:
    """Plans, asks the compiler, and plans again with what it said."""

    module: ir.Module
    limit_bytes: int
    report: Reporter
    unsplit: Report
    rewrites: str
    tried: list[Fit] = field(default_factory=list)
    compiled: dict[str, Fit] = field(default_factory=dict)  # by the module's text

    @functools.cached_property
    def steps_before(self) -> tuple[Step, ...]:
        """The program as written, step by step; every plan shows it."""
        return steps(self.module)

    def run(self) -> Fit:
        """The first plan that the compiler finds under the limit."""
        canonical, fired = self._prepared()
        held = self.unsplit.argument_bytes + self.unsplit.output_bytes
        room = self.limit_bytes - held
        budget, fuses = room, True
        for _ in range(ATTEMPTS if room > 0 else 0):
            found, estimate = self._attempt(canonical, fired, budget, fuses=fuses)
            if found.plan.report.peak_bytes <= self.limit_bytes:
                return replace(found, tried=tuple(self.tried))
            report = found.plan.report
            taken = report.peak_bytes - report.workspace_bytes - held
            if taken > 4 * max(estimate, 1 << 20):
                fuses = False  # the compiler materialises what the model thought it would fuse
            left = max(room // 4, room - report.workspace_bytes)  # the work space of library calls hardly depends on the budget
            budget = min(budget * 3 // 4, left, budget * left // max(1, taken))
        return self._smallest(canonical, fired, held)

    def _smallest(self, canonical: ir.Module, fired: tuple[Rewrite, ...], held: int) -> Fit:
        """Plans that depend on the program alone, so that the smallest of their limits can be asked for at any time, in any process."""
        fits = [Fit(self.module, self.plan_of(self.module, self.unsplit))]
        for divisor, fuses in SMALL_BUDGETS:
            fits.append(self._attempt(canonical, fired, max(SMALLEST_BUDGET, held // divisor), fuses=fuses)[0])
            if _peak_bytes(fits[-1]) <= self.limit_bytes:
                return replace(fits[-1], tried=tuple(self.tried))
        best = min(fits, key=_peak_bytes)
        for _ in range(ATTEMPTS):  # half of what the best of them takes, as long as that makes it better
            fits.append(self._attempt(canonical, fired, (_peak_bytes(best) - held) // 2, fuses=True)[0])
            if _peak_bytes(fits[-1]) >= _peak_bytes(best):
                break
            best = fits[-1]
        if best.plan.report.peak_bytes <= self.limit_bytes:
            return replace(best, tried=tuple(self.tried))
        raise self._error(best, canonical)

    def _attempt(self, canonical: ir.Module, fired: tuple[Rewrite, ...], budget: int, *, fuses: bool) -> tuple[Fit, int]:
        """The plan for a budget of temporaries, compiled unless the same module was, and the estimate of its temporaries."""
        module = clone(canonical)
        planner = Planner(max(0, budget), fuses=fuses)
        loops, sunk = build_loops(module, planner)
        late = run_passes(module, passes_after_splitting())
        estimate = graph_liveness(snapshot(main_block(module)), fuses=fuses).peak_bytes
        text = str(module)
        if text not in self.compiled:
            self.compiled[text] = self._verified(module, loops, (*fired, *sunk, *late), tuple(planner.blocked))
        return self.compiled[text], estimate

    def forced(self, force: Sequence[tuple[str, int, int]]) -> Fit:
        """The loops that are asked for, whether or not the program fits without them; `force` empty is "always"."""
        module, fired = self._prepared()
        block = main_block(module)
        loops = self._forced_loops(block, force)
        if not force and (choice := largest_split(block)):
            loops.append(emit(choice))
        late = run_passes(module, passes_after_splitting())
        found = self._verified(module, tuple(loops), (*fired, *late))
        if found.plan.report.peak_bytes <= self.limit_bytes:
            return found
        if force:
            raise self._error(found, module)
        return self.run()

    def _forced_loops(self, block: ir.Block, force: Sequence[tuple[str, int, int]]) -> list[Loop]:
        named = {value.get_name(): value for op in block.operations for value in op.operation.results}
        loops = []
        for name, axis, pieces in force:
            present = {value for op in block.operations for value in op.operation.results}
            if named.get(name) not in present:  # its operation may be gone: it is not to be touched then
                left = ", ".join(known for known, value in named.items() if value in present)
                raise ValueError(f"there is no value {name} in @main to split (left: {left}); a loop built before may have taken it in")
            loops.append(emit(forced_loop(block, named[name], axis, pieces)))
        return loops

    def _prepared(self) -> tuple[ir.Module, tuple[Rewrite, ...]]:
        module = clone(self.module)
        return module, run_passes(module, passes_before_splitting(self.rewrites))

    def _verified(self, module: ir.Module, loops: tuple[Loop, ...], fired: tuple[Rewrite, ...], blocked: tuple[Blocked, ...] = ()) -> Fit:
        module.operation.verify()
        found = Fit(module, self.plan_of(module, self.report(module), loops, fired, blocked))
        self.tried.append(found)
        return found

    def plan_of(
        self,
        module: ir.Module,
        report: Report,
        loops: tuple[Loop, ...] = (),
        fired: tuple[Rewrite, ...] = (),
        blocked: tuple[Blocked, ...] = (),
    ) -> Plan:
        """What was done, with the estimates of memory over the program's steps before and after."""
        return Plan(
            limit_bytes=self.limit_bytes,
            report=report,
            unsplit=self.unsplit,
            unsplit_estimate_bytes=self.unsplit.peak_bytes,
            loops=loops,
            rewrites=fired,
            blocked=blocked,
            steps_before=self.steps_before,
            steps_after=steps(module),
        )

    def _error(self, best: Fit, canonical: ir.Module) -> CannotFitError:
        """Names what is largest where the best plan is at its peak, as the program has it: a piece by the whole that it is of."""
        op = largest_at_peak(main_block(best.module if best.plan.loops else canonical))
        same = [each for each in walk(main_block(canonical)) if each.name == op.name and source_line(each) == source_line(op)]
        op = max(same, key=_result_bytes, default=op)
        return CannotFitError(
            f"{op.name} needs more memory than the limit leaves",
            op=op.name,
            source_line=source_line(op),
            shape=shape_of(op.results[0]) if len(op.results) else (),
            needed_bytes=best.plan.report.peak_bytes,
            limit_bytes=self.limit_bytes,
            smallest_limit_bytes=best.plan.report.peak_bytes,
            unsplit_peak_bytes=self.unsplit.peak_bytes,
            blocked=tuple(dict.fromkeys(note for each in self.tried for note in each.plan.blocked)),
            tried=tuple(self.tried),
        )


def _result_bytes(op: ir.Operation) -> int:
    return sum(value_bytes(result) for result in op.results)


def _peak_bytes(fit: Fit) -> int:
    return fit.plan.report.peak_bytes


def largest_at_peak(block: ir.Block) -> ir.Operation:
    """The operation whose result is largest where the block is at its peak; a loop's body is looked into."""
    graph = snapshot(block)
    live = graph_liveness(graph)
    node = graph.nodes[live.items[live.peak_at].node]
    if 2 * inner_bytes(node) > live.peak_bytes:
        return largest_at_peak(node.op.regions[-1].blocks[0])
    made = [value for value in (*live.live_values, *graph.terminator.operands) if graph.owner[value] >= 0]
    return graph.nodes[graph.owner[made[0]]].op if made else graph.terminator.op


def build_loops(module: ir.Module, planner: Planner) -> tuple[tuple[Loop, ...], tuple[Rewrite, ...]]:
    """Build one loop after another until the program fits by the estimate, or no loop brings it nearer; and what was recomputed inside."""
    loops: list[Loop] = []
    rewrites: list[Rewrite] = []
    overflows: list[int] = []
    while len(loops) + len(rewrites) < MOST_LOOPS and (found := planner.next_loop(main_block(module))):
        if found.overflow_bytes is not None:
            overflows.append(found.overflow_bytes)
            if min(overflows[-PATIENCE:]) > min(overflows):
                break
        if isinstance(found, Sinking):
            rewrites.append(sink(found))
        elif isinstance(found, Checkpointing):
            rewrite, built = checkpoint(found)
            rewrites.append(rewrite)
            loops.append(built.loop)
        else:
            built = build(found)
            planner.note_built(found, built)
            loops.append(built.loop)
    return tuple(loops), tuple(dict.fromkeys(rewrites))


def steps(module: ir.Module) -> tuple[Step, ...]:
    """Estimated bytes held while each operation of `@main` runs: arguments, outputs and temporaries."""
    graph = snapshot(main_block(module))
    held = sum(graph.bytes[value] for value in graph.arguments) + sum(type_bytes(graph.values[v].type) for v in graph.terminator.operands)
    live = graph_liveness(graph)
    return tuple(Step(node.name, source_line(node.op), held + now) for node, now in zip(graph.nodes, live.live_bytes, strict=True))
