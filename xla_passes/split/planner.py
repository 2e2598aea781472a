"""Choose the next loops of a block: find its peak, grow regions from the values live there, and take the cheapest that fit.

A value that is needed again once a loop has reduced it takes a chain of loops, each of which computes it anew; a loop whose pieces are
too large takes another in its body. Both are judged as a whole, on graphs in which the planned loops stand (`prospect`). The planner
changes nothing; `LoopNest`s are its result, and `loops.build` builds them.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from jaxlib.mlir import ir

from xla_passes.analysis.cost import HALF_ROWS, Machine, compute_seconds
from xla_passes.analysis.graph import Graph, snapshot
from xla_passes.analysis.inside import Inside
from xla_passes.analysis.liveness import CONTROL_FLOW, Liveness, graph_liveness
from xla_passes.module import source_line
from xla_passes.plan import Blocked
from xla_passes.split.axes import Axes
from xla_passes.split.candidates import Candidate, LoopNest, Weighed, placement, weigh
from xla_passes.split.checkpointing import Checkpointing, find_checkpointing
from xla_passes.split.courses import Built, Choice, Course, Follower, Inner, Turn
from xla_passes.split.growth import Growth, grow
from xla_passes.split.precedents import Precedents
from xla_passes.split.prospect import LOOP, PUT, SLICE, PlannedAxes, Prospect, body_prospect
from xla_passes.split.region import Region
from xla_passes.split.sinking import Sinking, find_sinking

TARGETS = 4  # values at the peak that are tried
WORTH_TRYING = 32  # but none that takes less than this part of the largest
LONGEST_CHAIN = 6  # loops over one axis of one value
# Time that a byte over the budget is worth: enough that a loop which leaves less over wins before a faster one that leaves more.
SECONDS_PER_BYTE_OVER = 1e-8
WORTH_TELLING = 8  # values that take less than this part of the budget are not reported as blocked
TINY_LENGTH = 32  # pieces shorter than this are a reason to look at two loops at once
OUTER_LENGTHS = 4  # tried for the outer of two loops
Found = Choice | Sinking | Checkpointing


@dataclass
class Planner:
    """Plans against one budget of temporaries; remembers what it found blocked, and what it planned ahead."""

    budget_bytes: int
    inside: Inside = field(default_factory=Inside)
    machine: Machine = field(default_factory=Machine)
    most_seconds: float = math.inf  # loops that take longer are not built
    blocked: list[Blocked] = field(default_factory=list)
    _followers: list[Follower] = field(default_factory=list)
    _precedents: Precedents = field(default_factory=Precedents)

    def next_loop(self, block: ir.Block) -> Found | None:
        """The next step that brings the block nearer to the budget, or None: it fits by the estimate, or nothing helps."""
        while self._followers:
            choice = _follow(self._followers.pop(0))
            if choice:
                self._forget(choice)
                return choice
        found = self._next(block, self.budget_bytes, 0)
        self._forget(found)
        return found

    def note_built(self, choice: Choice, built: Built) -> None:
        """Have the loops that were planned with one that is built follow it."""
        inside = []
        if built.body is not None:
            pairs = ((built.pieces.get(each.key), each.turn) for each in choice.inside)
            inside = [Follower(built.body, target, turn, choice.depth + 1) for target, turn in pairs if target is not None]
        after = [Follower(choice.graph.block, choice.graph.values[turn.target], turn, choice.depth) for turn in choice.followers]
        self._followers = inside + after + self._followers

    def _forget(self, step: Found | None) -> None:
        """Forget what a step changes or removes, before it does: another operation may come to stand at the same place in memory."""
        alive: set[ir.Operation] = set()
        if isinstance(step, Choice) and not step.depth:
            alive = {step.graph.nodes[index].op for stage in placement(step.graph, step.nest.region) for index in stage}
        self.inside.keep(alive)

    def _next(self, block: ir.Block, budget: int, depth: int) -> Found | None:
        graph = snapshot(block)
        live = graph_liveness(graph, fuses=self.inside.fuses, inner=self.inside.bytes if depth else self.inside.known_bytes)
        if live.peak_bytes <= budget:
            return None
        inner = self.inside.bytes(graph.nodes[live.items[live.peak_at].node])
        is_inside = live.peak_bytes - inner <= budget  # or what is around the loop or branch at the peak is to be seen to first
        for step in (self._inside, self._here) if is_inside else (self._here, self._inside):
            found = step(graph, live, budget, depth)
            if found:
                return replace(found, overflow_bytes=live.overflow_bytes(budget))
        return None

    def _inside(self, graph: Graph, live: Liveness, budget: int, depth: int) -> Found | None:
        """Split the body of a loop or branch."""
        node = graph.nodes[live.items[live.peak_at].node]
        if node.name not in CONTROL_FLOW:
            return None
        around = live.peak_bytes - self.inside.bytes(node)
        for region in node.op.regions:
            found = self._next(region.blocks[0], max(0, budget - around), depth + (node.name == "stablehlo.while"))
            if found:
                return found
        return None

    def _here(self, graph: Graph, live: Liveness, budget: int, depth: int) -> Found | None:
        """The best loops over an axis of a value that is live at the peak; or compute one inside of what captures it."""
        now = Prospect(graph, live.items, PlannedAxes(graph))
        over = live.overflow_bytes(budget)
        targets = _targets(graph, live)
        if known := self._again(now, self._precedents.find(graph, targets, budget), live, budget):
            return Choice(graph, known.nest, depth, known.turns[1:])
        best = self._best(now, live, budget)
        if best is None or best.over_inside_bytes or best.nest.length < TINY_LENGTH:
            tiled = [course for target in targets[:1] for course in self._tiles(now, target, budget)]
            best = min(
                (each for each in (best, *tiled) if each and self._is_worth_it(each, over)),
                key=_rank,
                default=None,
            )
        if best is None or 2 * best.overflow_bytes > over:  # hardly better, as when control flow holds on to what is large
            again = find_checkpointing(graph, now.axes, live, targets, budget, depth, inside=self.inside)
            found = again or find_sinking(graph, targets, max(1, budget // 4))
            if found:
                return found
        for target in targets if best is None else ():
            if graph.bytes[target] * WORTH_TELLING >= budget:
                self._note_blocked(graph, now.axes, target)
        if best and not best.inside and not best.over_inside_bytes:
            self._precedents.note(graph, budget, best.turns)
        return Choice(graph, best.nest, depth, best.turns[1:], best.inside) if best else None

    def _again(self, now: Prospect, turns: tuple[Turn, ...], live: Liveness, budget: int) -> Course | None:
        """The loops that were right where the program looks the same, if they are right here."""
        if not turns:
            return None
        first, lengths = turns[0], [turn.length for turn in turns]
        courses = self._chain(now, first.target, first.axis, first.growth, budget, {}, lengths)
        course = courses[-1] if len(courses) == len(turns) else None
        return course if course and course.overflow_bytes < live.overflow_bytes(budget) and not course.over_inside_bytes else None

    def _best(self, now: Prospect, live: Liveness, budget: int) -> Course | None:
        """The best loop, or chain of loops, over any axis of any value that is live at the peak."""
        over = live.overflow_bytes(budget)
        seen: dict[Region, list[Course]] = {}
        found: list[Course] = []
        for target in _targets(now.graph, live):
            for axis, size in enumerate(now.graph.shapes[target]):
                for growth in self._growths(now.graph, target, budget) if size > 1 else ():
                    found += self._chain(now, target, axis, growth, budget, seen)
        return min((course for course in found if self._is_worth_it(course, over)), key=_rank, default=None)

    def _is_worth_it(self, course: Course, over: int) -> bool:
        """Whether it leaves less over the budget than there is now, in a time that somebody would wait for."""
        return course.overflow_bytes < over and course.seconds <= self.most_seconds

    def _chain(
        self,
        now: Prospect,
        target: int,
        axis: int,
        growth: Growth,
        budget: int,
        seen: dict[Region, list[Course]],
        lengths: Sequence[int] = (),
    ) -> list[Course]:
        """A loop, and the loops over the same axis that must follow until nothing needs the whole value; each beginning of that chain.

        The best `lengths` of their pieces are found, where none that fit are given.
        """
        courses: list[Course] = []
        seconds, inside, nest = 0.0, 0, None
        turns: tuple[Turn, ...] = ()
        longest = len(lengths) or LONGEST_CHAIN
        while len(turns) < longest and (region := grow(now.graph, now.axes, target, axis, growth)):
            if region in seen and not turns:
                return seen[region]
            weighed = weigh(now.graph, now.items, region, budget, inside=self.inside, machine=self.machine)
            candidate = _best_length(weighed, budget, lengths[len(turns) : len(turns) + 1])
            if candidate is None:
                break
            nest = nest or candidate.nest
            seen.setdefault(nest.region, courses)
            seconds, inside = seconds + candidate.seconds, max(inside, candidate.over_inside_bytes)
            turns = (*turns, Turn(target, axis, growth, candidate.nest.length))
            courses.append(Course(turns, nest, seconds, candidate.overflow_bytes, inside, candidate.peak_bytes, now, weighed))
            if target not in weighed.around.materialised:
                break
            now = courses[-1].after
            if now.graph.owner[target] < 0:
                break
        return courses

    def _tiles(self, now: Prospect, target: int, budget: int) -> Iterator[Course]:
        """An outer loop over each axis of a value, with whatever loops in its body let its pieces fit."""
        widest = self._growths(now.graph, target, budget)[0]
        growths = (widest, replace(widest, recomputes_whole=True))
        found: dict[Region, Turn] = {}
        for axis, size in enumerate(now.graph.shapes[target]):
            for growth in growths if size > 1 else ():
                if region := grow(now.graph, now.axes, target, axis, growth):
                    found.setdefault(region, Turn(target, axis, growth, 0))
        for region, turn in found.items():
            weighed = weigh(now.graph, now.items, region, budget, inside=self.inside, machine=self.machine)
            for length in _outer_lengths(region):
                course = self._tile(now, weighed, replace(turn, length=length))
                if course:
                    yield course

    def _tile(self, now: Prospect, weighed: Weighed, turn: Turn) -> Course | None:
        """The loop with loops in its body, if the body fits with them, and does not without."""
        alone = weighed.candidate(turn.length)
        if not alone.over_inside_bytes:
            return None
        body, keys = body_prospect(weighed, turn.length)
        inner = self._best(body, body.liveness(fuses=self.inside.fuses), weighed.room_bytes)
        if inner is None or inner.overflow_bytes or inner.over_inside_bytes:
            return None
        trips = -(-weighed.region.units // turn.length)
        seconds = trips * (self.machine.trip_seconds + inner.seconds + self._rest_seconds(turn.length, body, inner.after))
        overflow = weighed.overflow_bytes(inner.peak_bytes)
        peak = max(weighed.around.peak_bytes, weighed.around_bytes + inner.peak_bytes)
        inside = tuple(Inner(keys[each.target], each) for each in inner.turns)
        return Course((turn,), LoopNest(weighed.region, turn.length), seconds, overflow, 0, peak, now, weighed, inside)

    def _rest_seconds(self, length: int, body: Prospect, after: Prospect) -> float:
        """What a piece takes outside of the inner loops, and what products lose by having few rows."""
        live = after.liveness(fuses=self.inside.fuses)
        seconds = 0.0
        for node in after.graph.nodes:
            if node.name not in (LOOP, SLICE, PUT) and node.results:
                seconds += compute_seconds(node, after.graph, self.machine)
        for value in live.materialised:
            seconds += self.machine.launch_seconds + 2 * self.machine.move_seconds(after.graph.bytes[value], live.peak_bytes)
        for node in body.graph.nodes:
            if node.name == "stablehlo.dot_general":
                seconds += compute_seconds(node, body.graph, self.machine) * HALF_ROWS / length
        return seconds

    def _growths(self, graph: Graph, target: int, budget: int) -> list[Growth]:
        """How far regions may reach, from "all but small values" to "the target alone"."""
        size = graph.bytes[target]
        limits = sorted({max(1, min(budget // 4, size)), max(1, min(budget // 32, size)), size})
        return [Growth(limit) for limit in limits] + [Growth(limits[0], recomputes_whole=True)]

    def _note_blocked(self, graph: Graph, axes: Axes, target: int) -> None:
        node = graph.nodes[graph.owner[target]]
        shape = graph.shapes[target]
        reasons: dict[str, list[str]] = {}
        for dim, size in enumerate(shape):
            if size > 1:
                reasons.setdefault(axes.why_blocked(target, dim), []).append(str(dim))
        told = [f"{'axes' if len(dims) > 1 else 'axis'} {', '.join(dims)}: {reason}" for reason, dims in reasons.items()]
        reason = "; ".join(told) or "it has a single element along every axis"
        note = Blocked(node.name, source_line(node.op), shape, graph.bytes[target], reason)
        if note not in self.blocked:
            self.blocked.append(note)


def _best_length(weighed: Weighed, budget: int, known: Sequence[int]) -> Candidate | None:
    """The cheapest piece length that fits. Where none does, the body will be split in turn: the cheapest of the nearly smallest.

    A length that is known to be right somewhere else is taken if it fits.
    """
    for length in known:
        candidate = weighed.candidate(max(weighed.region.shortest, min(length, weighed.region.units)))
        if not candidate.over_inside_bytes:
            return candidate
    candidates = [weighed.candidate(length) for length in piece_lengths(weighed.region)]
    least = min((candidate.over_inside_bytes for candidate in candidates), default=0)
    near = [candidate for candidate in candidates if candidate.over_inside_bytes <= least + (budget // 4 if least else 0)]
    return min(near, key=lambda candidate: candidate.seconds, default=None)


def _follow(follower: Follower) -> Choice | None:
    """The loop that was planned, in the block as it is now."""
    graph, turn = snapshot(follower.block), follower.turn
    target = graph.number.get(follower.target)
    if target is None or graph.owner[target] < 0:
        return None
    region = grow(graph, Axes(graph), target, turn.axis, turn.growth)
    length = max(region.shortest, min(turn.length, region.units)) if region else 0
    return Choice(graph, LoopNest(region, length), follower.depth) if region else None


def _rank(course: Course) -> tuple[bool, float, float]:
    """What fits before what does not; then by time, with a price on every byte that is still over."""
    price = course.overflow_bytes * SECONDS_PER_BYTE_OVER
    if course.over_inside_bytes:
        return True, course.over_inside_bytes + course.overflow_bytes, course.seconds
    return False, course.seconds + price, course.peak_bytes


def _targets(graph: Graph, live: Liveness) -> list[int]:
    """The largest values live at the peak that an operation of this block computes, and what is made there."""
    found = [value for value in live.live_values if graph.owner[value] >= 0 and graph.shapes[value]]
    return [value for value in found[:TARGETS] if graph.bytes[value] * WORTH_TRYING >= graph.bytes[found[0]]]


def _outer_lengths(region: Region) -> Iterator[int]:
    """A few lengths from the whole axis's half down to the shortest, in even ratios."""
    length = (region.units + 1) // 2
    ratio = max(2.0, (length / max(1, region.shortest)) ** (1 / OUTER_LENGTHS))
    while length >= region.shortest:
        yield length
        length = min(length - 1, int(length / ratio))


def piece_lengths(region: Region) -> list[int]:
    """Lengths worth weighing, longest first: about three to an octave, those that divide the axis preferred, down to one unit."""
    lengths: dict[int, None] = {}
    length = (region.units + 1) // 2
    while length >= region.shortest:
        lengths[even_length(region, length)] = None
        length = min(length - 1, int(length / 1.26))
    return list(lengths)


def even_length(region: Region, length: int) -> int:
    """A length near and not above `length` that leaves no remainder, or a small one, for which no loop is needed in turn.

    Where the last piece may overlap the one before, pieces of equal lengths, so that little is computed twice.
    """
    near = range(length, max(region.shortest, length * 7 // 8) - 1, -1)
    shortest = min(near, key=region.units.__mod__, default=length)
    if region.units % shortest == 0 or not region.is_parallel:
        return shortest
    pieces = -(-region.units // length)
    return max(region.shortest, -(-region.units // pieces))
