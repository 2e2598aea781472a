"""The plans of one program for ever smaller budgets of temporaries. They depend on the program alone, not on the limit that is asked for.

So a larger limit has every plan to choose from that a smaller one has: it is never slower, and a limit that works does so in any process.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from jaxlib.mlir import ir

from xla_passes.analysis.cost import Machine
from xla_passes.analysis.graph import snapshot
from xla_passes.analysis.inside import Inside
from xla_passes.analysis.liveness import graph_liveness
from xla_passes.analysis.timing import block_seconds
from xla_passes.analysis.workspace import workspace_bytes
from xla_passes.module import clone, main_block
from xla_passes.pipeline import build_loops, passes_after_splitting, run_passes
from xla_passes.plan import Blocked, Loop, Rewrite
from xla_passes.split.planner import Planner

SMALLEST_BUDGET = 1 << 12  # bytes of temporaries
HELD_SHARE = 256  # nor is the budget much smaller than this part of the arguments and outputs: it would change little
SMALLER = 0.9  # of what the plans before take: a plan that takes more, and does not keep its budget, is a miss
MISSES = 2  # in a row, after which smaller budgets are not tried;
LONG_PROGRAM = 128  # from so many operations on, where planning takes longer, one
BISECTIONS = 2  # between the smallest budget with a useful plan and the next
MOST_TIME = 1000  # times what the program takes unsplit, by the estimate: slower plans are of no use
LEAST_TIME = 1.0  # seconds that any plan may take, however fast the program is unsplit


@dataclass(frozen=True)
class Planned:
    """A plan that was not compiled yet."""

    module: ir.Module = field(repr=False)
    loops: tuple[Loop, ...]
    rewrites: tuple[Rewrite, ...]
    blocked: tuple[Blocked, ...]
    budget_bytes: int
    is_kept: bool  # by the estimate
    temp_bytes: int  # by the estimate
    workspace_bytes: int  # upper bound
    seconds: float  # by the estimate

    @property
    def estimate_bytes(self) -> int:
        """What it takes besides arguments and outputs, by the estimate."""
        return self.temp_bytes + self.workspace_bytes


class Frontier:
    """Plans for budgets that halve, from what the program takes unsplit down to the smallest that some plan keeps."""

    def __init__(
        self, canonical: ir.Module, fired: tuple[Rewrite, ...], held_bytes: int, platform: str, rewrites: str = "all", *, fuses: bool = True
    ) -> None:
        self.canonical, self.fired, self.platform, self.rewrites, self.fuses = canonical, fired, platform, rewrites, fuses
        block = main_block(canonical)
        self.machine = Machine()
        self.whole_bytes = self._taken(canonical)
        self.smallest_bytes = max(SMALLEST_BUDGET, held_bytes // HELD_SHARE)
        self._misses = 1 if len(block.operations) >= LONG_PROGRAM else MISSES
        self.most_seconds = max(LEAST_TIME, MOST_TIME * block_seconds(block, self.machine, fuses=fuses))
        self._made: dict[int, Planned] = {}

    def descend(self, room_bytes: int) -> Iterator[Planned]:
        """Plans from the first budget on."""
        budget = self.first_budget(room_bytes)
        useful, missed, smallest = 2 * budget, 0, math.inf
        while missed < self._misses:
            planned = self.plan(budget)
            yield planned
            if self._is_useful(planned, smallest):
                useful, missed = budget, 0
                smallest = min(smallest, planned.estimate_bytes)
            else:
                missed += 1
            budget //= 2
            if budget < self.smallest_bytes:
                break
        if useful > 2 * budget:
            yield from self._between(useful, useful // 2, smallest)

    def _is_useful(self, planned: Planned, smallest: float) -> bool:
        """Whether a plan keeps its budget, or at least takes less than those before, in a time that somebody would wait for."""
        return planned.seconds <= self.most_seconds and (planned.is_kept or planned.estimate_bytes <= SMALLER * smallest)

    def first_budget(self, room_bytes: int) -> int:
        """The first budget that is at most twice the room: a plan may well take less than it may."""
        budget = self.whole_bytes
        while budget > 2 * room_bytes and budget // 2 >= self.smallest_bytes:
            budget //= 2
        return budget

    def _between(self, useful: int, missed: int, smallest: float) -> Iterator[Planned]:
        """Plans for budgets between one with a useful plan and one without."""
        for _ in range(BISECTIONS):
            budget = (useful + missed) // 2
            planned = self.plan(budget)
            yield planned
            if self._is_useful(planned, smallest):
                useful = budget
            else:
                missed = budget

    def plan(self, budget_bytes: int) -> Planned:
        """The plan for one budget; made once."""
        if budget_bytes not in self._made:
            self._made[budget_bytes] = self._plan(budget_bytes)
        return self._made[budget_bytes]

    def _inside(self) -> Inside:
        return Inside(self.fuses, has_workspace=self.platform == "cpu")

    def _taken(self, module: ir.Module) -> int:
        """Temporaries and, while they are there, the work space of library calls."""
        return graph_liveness(snapshot(main_block(module)), fuses=self.fuses, inner=self._inside().bytes).peak_bytes

    def _plan(self, budget_bytes: int) -> Planned:
        module = clone(self.canonical)
        planner = Planner(budget_bytes, self._inside(), machine=self.machine, most_seconds=self.most_seconds)
        loops, sunk = build_loops(module, planner)
        seconds = block_seconds(main_block(module), self.machine, fuses=self.fuses)  # the backend's forms are costed as what they replace
        late = run_passes(module, passes_after_splitting(self.rewrites, self.platform))
        module.operation.verify()
        return Planned(
            module=module,
            loops=loops,
            rewrites=(*self.fired, *sunk, *late),
            blocked=tuple(planner.blocked),
            budget_bytes=budget_bytes,
            is_kept=self._taken(module) <= budget_bytes,
            temp_bytes=graph_liveness(snapshot(main_block(module)), fuses=self.fuses).peak_bytes,
            workspace_bytes=workspace_bytes(module, self.platform),
            seconds=seconds,
        )
