"""`fit`: the fastest plan that the compiler finds under a limit. Estimates say in which order plans are compiled; the report decides."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from jaxlib.mlir import ir

from xla_passes.analysis.graph import snapshot
from xla_passes.analysis.liveness import graph_liveness, inner_bytes
from xla_passes.frontier import Frontier, Planned
from xla_passes.module import clone, main_block, shape_of, source_line, type_bytes, value_bytes, walk
from xla_passes.pipeline import passes_after_splitting, passes_before_splitting, run_passes
from xla_passes.plan import Blocked, CannotFitError, Fit, Loop, Plan, Report, Rewrite, Step
from xla_passes.split.forced import forced_loop, largest_split
from xla_passes.split.loops import emit

SLOWER = 3  # times the seconds of the fastest plan: once smaller budgets come to this, they are not looked at any more,
NO_FASTER = 4  # nor after so many that are no faster
LONG_PROGRAM, NO_FASTER_LONG = 500, 1  # from so many operations on, after so many
UNSURE = 1.25  # times the room that a plan may take by the estimate to be compiled all the same
UNTRUE = 4  # times the estimate: a compiler that takes more does not fuse as the estimate thinks
NO_SMALLER = 2  # plans in a row that the compiler makes no smaller than those before, after which none is compiled
Reporter = Callable[[ir.Module], Report]


def fit(
    module: ir.Module,
    limit_bytes: int,
    report: Reporter,
    *,
    rewrites: str = "all",
    split: str = "when needed",
    force: Sequence[tuple[str, int, int]] = (),
    platform: str = "cpu",
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
    platform
        What `report` compiles for, "cpu", "cuda", "rocm" or "tpu": the work space of library calls is foreseen.

    Raises
    ------
    CannotFitError
        No plan keeps the module under the limit.
    """
    search = Search(module, report, rewrites=rewrites, platform=platform)
    return search.forced(force, limit_bytes) if force or split == "always" else search.fit(limit_bytes)


@dataclass
class Search:
    """One program, and everything that was planned and compiled for it; each serves some limit."""

    module: ir.Module
    report: Reporter
    rewrites: str = "all"
    platform: str = "cpu"
    tried: list[Fit] = field(default_factory=list)
    _compiled: dict[str, Fit] = field(default_factory=dict)  # by the module's text
    _searched_bytes: int = 0  # the largest budget that was planned for
    _frontiers: dict[bool, Frontier] = field(default_factory=dict)  # by whether XLA is trusted to fuse

    @functools.cached_property
    def unsplit(self) -> Report:
        """The compiler's verdict on the program as written."""
        return self.report(self.module)

    @functools.cached_property
    def steps_before(self) -> tuple[Step, ...]:
        """The program as written, step by step; every plan shows it."""
        return steps(self.module)

    @functools.cached_property
    def prepared(self) -> tuple[ir.Module, tuple[Rewrite, ...]]:
        """The canonical module, which is not to be changed, and what was rewritten."""
        module = clone(self.module)
        return module, run_passes(module, passes_before_splitting(self.rewrites))

    @property
    def held_bytes(self) -> int:
        """Arguments and outputs: no plan changes them."""
        return self.unsplit.argument_bytes + self.unsplit.output_bytes

    def fit(self, limit_bytes: int) -> Fit:
        """The program as written if it fits, else the fastest plan that does."""
        if self.unsplit.peak_bytes <= limit_bytes:
            return Fit(self.module, self._plan_of(limit_bytes, self.module, self.unsplit))
        self._searched_bytes = max(self._searched_bytes, self._first_budget(limit_bytes))
        for fuses in (True, False):
            if fuses or self._is_untrue():
                found = self._fastest(self._frontier(fuses=fuses), limit_bytes)
                if found:
                    return replace(found, tried=tuple(self.tried))
        raise self._error(limit_bytes)

    def is_searched(self, limit_bytes: int) -> bool:
        """Whether every plan that might be the fastest under this limit was looked at already, if one that was compiled is under it."""
        return bool(self._frontiers) and self._first_budget(limit_bytes) <= self._searched_bytes

    def _first_budget(self, limit_bytes: int) -> int:
        return self._frontier(fuses=True).first_budget(max(0, limit_bytes - self.held_bytes))

    def forced(self, force: Sequence[tuple[str, int, int]], limit_bytes: int) -> Fit:
        """The loops that are asked for, whether or not the program fits without them; `force` empty is "always"."""
        module, fired = clone(self.prepared[0]), self.prepared[1]
        block = main_block(module)
        loops = _forced_loops(block, force)
        if not force and (choice := largest_split(block)):
            loops.append(emit(choice))
        late = run_passes(module, passes_after_splitting(self.rewrites, self.platform))
        found = self._verified(limit_bytes, module, tuple(loops), (*fired, *late))
        if found.plan.report.peak_bytes <= limit_bytes:
            return found
        if force:
            raise self._error(limit_bytes)
        return self.fit(limit_bytes)

    # The search

    def _frontier(self, *, fuses: bool) -> Frontier:
        if fuses not in self._frontiers:
            self._frontiers[fuses] = Frontier(*self.prepared, self.held_bytes, self.platform, self.rewrites, fuses=fuses)
        return self._frontiers[fuses]

    def _fastest(self, frontier: Frontier, limit_bytes: int) -> Fit | None:
        """The fastest plan that is under the limit: smaller budgets are looked at as long as that may bring something."""
        room = limit_bytes - self.held_bytes
        patience = NO_FASTER_LONG if len(main_block(frontier.canonical).operations) >= LONG_PROGRAM else NO_FASTER
        waiting: list[Planned] = []
        unlikely: list[Planned] = []
        peaks: list[int] = []
        for planned in frontier.descend(max(0, room)):
            if planned.seconds <= frontier.most_seconds:
                (waiting if planned.estimate_bytes <= room else unlikely).append(planned)
            if not waiting:
                continue
            best = min(waiting, key=_seconds)
            if planned.seconds <= SLOWER * best.seconds and len(waiting) - waiting.index(best) <= patience:
                continue
            found = self._first(sorted(waiting, key=_seconds), limit_bytes, peaks)
            if found or _is_no_smaller(peaks):
                return found
            waiting.clear()
        near = [each for each in unlikely if each.estimate_bytes <= UNSURE * room]
        rest = sorted((each for each in unlikely if each not in near), key=lambda each: each.estimate_bytes)
        return self._first([*sorted(waiting, key=_seconds), *sorted(near, key=_seconds), *rest[:NO_SMALLER]], limit_bytes, peaks)

    def _first(self, order: Sequence[Planned], limit_bytes: int, peaks: list[int]) -> Fit | None:
        """The first that the compiler finds under the limit; `peaks` gets those of the others."""
        for planned in order:
            found = self._compile(planned, limit_bytes)
            if found.plan.report.peak_bytes <= limit_bytes:
                return found
            peaks.append(found.plan.report.peak_bytes)
        return None

    def _compile(self, planned: Planned, limit_bytes: int) -> Fit:
        text = str(planned.module)
        if text not in self._compiled:
            self._compiled[text] = self._verified(
                limit_bytes, planned.module, planned.loops, planned.rewrites, planned.blocked, planned.seconds, planned.temp_bytes
            )
        return self._compiled[text]

    def _is_untrue(self) -> bool:
        """Whether the compiler took far more than it was thought to for some plan."""
        return any(each.plan.report.temp_bytes > UNTRUE * max(each.plan.estimate_bytes, 1 << 20) for each in self.tried)

    # What comes out

    def _verified(
        self,
        limit_bytes: int,
        module: ir.Module,
        loops: tuple[Loop, ...],
        fired: tuple[Rewrite, ...],
        blocked: tuple[Blocked, ...] = (),
        seconds: float | None = None,
        estimate_bytes: int = 0,
    ) -> Fit:
        module.operation.verify()
        found = Fit(module, self._plan_of(limit_bytes, module, self.report(module), loops, fired, blocked, seconds, estimate_bytes))
        self.tried.append(found)
        return found

    def _plan_of(
        self,
        limit_bytes: int,
        module: ir.Module,
        report: Report,
        loops: tuple[Loop, ...] = (),
        fired: tuple[Rewrite, ...] = (),
        blocked: tuple[Blocked, ...] = (),
        seconds: float | None = None,
        estimate_bytes: int = 0,
    ) -> Plan:
        """What was done, with the estimates of memory over the program's steps before and after."""
        return Plan(
            limit_bytes=limit_bytes,
            report=report,
            unsplit=self.unsplit,
            unsplit_estimate_bytes=self.unsplit.peak_bytes,
            loops=loops,
            rewrites=fired,
            blocked=blocked,
            steps_before=self.steps_before,
            steps_after=self.steps_before if module is self.module else steps(module),
            estimate_bytes=estimate_bytes,
            estimated_seconds=seconds,
        )

    def _error(self, limit_bytes: int) -> CannotFitError:
        """Names what is largest where the best plan is at its peak, as the program has it: a piece by the whole that it is of."""
        canonical = self.prepared[0]
        whole = Fit(self.module, self._plan_of(limit_bytes, self.module, self.unsplit))
        best = min([whole, *self.tried], key=lambda each: each.plan.report.peak_bytes)
        op = largest_at_peak(main_block(best.module if best.plan.loops else canonical))
        same = [each for each in walk(main_block(canonical)) if each.name == op.name and source_line(each) == source_line(op)]
        op = max(same, key=_result_bytes, default=op)
        return CannotFitError(
            f"{op.name} needs more memory than the limit leaves",
            op=op.name,
            source_line=source_line(op),
            shape=shape_of(op.results[0]) if len(op.results) else (),
            needed_bytes=best.plan.report.peak_bytes,
            limit_bytes=limit_bytes,
            smallest_limit_bytes=best.plan.report.peak_bytes,
            unsplit_peak_bytes=self.unsplit.peak_bytes,
            blocked=tuple(dict.fromkeys(note for each in self.tried for note in each.plan.blocked)),
            tried=tuple(self.tried),
        )


def _is_no_smaller(peaks: Sequence[int]) -> bool:
    """Whether the last plans that were compiled took no less than those before."""
    return len(peaks) > NO_SMALLER and min(peaks[-NO_SMALLER:]) >= min(peaks[:-NO_SMALLER])


def _seconds(planned: Planned) -> float:
    return planned.seconds


def _forced_loops(block: ir.Block, force: Sequence[tuple[str, int, int]]) -> list[Loop]:
    named = {value.get_name(): value for op in block.operations for value in op.operation.results}
    loops = []
    for name, axis, pieces in force:
        present = {value for op in block.operations for value in op.operation.results}
        if named.get(name) not in present:  # its operation may be gone: it is not to be touched then
            left = ", ".join(known for known, value in named.items() if value in present)
            raise ValueError(f"there is no value {name} in @main to split (left: {left}); a loop built before may have taken it in")
        loops.append(emit(forced_loop(block, named[name], axis, pieces)))
    return loops


def _result_bytes(op: ir.Operation) -> int:
    return sum(value_bytes(result) for result in op.results)


def largest_at_peak(block: ir.Block) -> ir.Operation:
    """The operation whose result is largest where the block is at its peak; a loop's body is looked into."""
    graph = snapshot(block)
    live = graph_liveness(graph)
    node = graph.nodes[live.items[live.peak_at].node]
    if 2 * inner_bytes(node) > live.peak_bytes:
        return largest_at_peak(node.op.regions[-1].blocks[0])
    made = [value for value in (*live.live_values, *graph.terminator.operands) if graph.owner[value] >= 0]
    return graph.nodes[graph.owner[made[0]]].op if made else graph.terminator.op


def steps(module: ir.Module) -> tuple[Step, ...]:
    """Estimated bytes held while each operation of `@main` runs: arguments, outputs and temporaries."""
    graph = snapshot(main_block(module))
    held = sum(graph.bytes[value] for value in graph.arguments) + sum(type_bytes(graph.values[v].type) for v in graph.terminator.operands)
    live = graph_liveness(graph)
    return tuple(Step(node.name, source_line(node.op), held + now) for node, now in zip(graph.nodes, live.live_bytes, strict=True))
