"""The plan as its user sees it: numbers, a note to read, a table for notebooks, and a picture."""

import html
import os
from dataclasses import dataclass
from pathlib import Path

import xla_passes
from memarray._units import format_bytes
from xla_passes.plan import Blocked, Loop, Rewrite, Step


@dataclass(frozen=True)
class Plan:
    """How a function was made to fit under its memory limit, by the compiler's own report. All sizes are bytes.

    Attributes
    ----------
    fits : bool
        True: where no plan fits, `MemoryLimitError` is raised instead.
    peak_bytes, limit_bytes : int
        What the program holds on its device at most, and what it may.
    argument_bytes, output_bytes, temp_bytes, workspace_bytes : int
        What the peak is made of. Arrays that the function closes over count as arguments; work space is a bound for library calls.
    unsplit_peak_bytes : int
        The peak of the program as written; an estimate if `unsplit_is_estimate`, where the compiler refused it.
    loops : tuple of Loop
        What was split, outermost loops first in program order.
    rewrites : tuple of Rewrite
        Which parts were replaced by cheaper ones.
    blocked : tuple of Blocked
        Large values that no loop could shrink.
    steps_before, steps_after : tuple of Step
        Estimated live bytes over the program's steps.
    estimated_seconds : float or None
        What the plan was chosen by: a rough estimate that is only good to compare plans of one program. Under a larger limit it is never
        larger. None for a program that fits as written, which needs no choice.
    """

    name: str
    limit_bytes: int
    peak_bytes: int
    argument_bytes: int
    output_bytes: int
    temp_bytes: int
    workspace_bytes: int
    unsplit_peak_bytes: int
    unsplit_is_estimate: bool
    loops: tuple[Loop, ...]
    rewrites: tuple[Rewrite, ...]
    blocked: tuple[Blocked, ...]
    steps_before: tuple[Step, ...]
    steps_after: tuple[Step, ...]
    estimated_seconds: float | None = None
    is_auto: bool = False

    @classmethod
    def of(cls, name: str, plan: xla_passes.Plan, limit_bytes: int, *, is_auto: bool) -> "Plan":
        """From the passes' plan, for the limit that was asked for now."""
        report = plan.report
        return cls(
            name=name,
            limit_bytes=limit_bytes,
            peak_bytes=report.peak_bytes,
            argument_bytes=report.argument_bytes,
            output_bytes=report.output_bytes,
            temp_bytes=report.temp_bytes,
            workspace_bytes=report.workspace_bytes,
            unsplit_peak_bytes=plan.unsplit_estimate_bytes if plan.unsplit is None else plan.unsplit.peak_bytes,
            unsplit_is_estimate=plan.unsplit is None,
            loops=plan.loops,
            rewrites=plan.rewrites,
            blocked=plan.blocked,
            steps_before=plan.steps_before,
            steps_after=plan.steps_after,
            estimated_seconds=plan.estimated_seconds,
            is_auto=is_auto,
        )

    @property
    def fits(self) -> bool:
        """Whether the verified peak is under the limit."""
        return self.peak_bytes <= self.limit_bytes

    def __str__(self) -> str:
        lines = [f"plan of `{self.name}`: {self._verdict()}"]
        lines += [f"  {label:<14}{value}" for label, value in self._sizes()]
        lines += self._loop_lines()
        lines += [f"rewritten: {line}" for line in map(_describe_rewrite, self.rewrites)]
        lines += [f"not split: {line}" for line in map(_describe_blocked, self.blocked)]
        return "\n".join(lines)

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Save a picture of the live memory over the program's steps, as written and as fitted, with the limit.

        Parameters
        ----------
        path : str or path
            The file to write; its ending names the format (png, svg, pdf).

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from memarray._plot import save_picture  # noqa: PLC0415  # what it needs is an extra

        save_picture(self, path)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(label)}</th><td style='text-align:left'>{html.escape(value)}</td></tr>"
            for label, value in self._sizes()
        )
        parts = [f"<b>plan of <code>{html.escape(self.name)}</code></b>: {html.escape(self._verdict())}<table>{rows}</table>"]
        if self.loops:
            heads = ("op", "line", "axis", "kind", "pieces", "whole", "piece", "recomputed")
            body = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in _loop_cells(loop))}</tr>" for loop in self.loops)
            parts.append(f"<table><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>{body}</table>")
        notes = [f"rewritten: {_describe_rewrite(r)}" for r in self.rewrites] + [f"not split: {_describe_blocked(b)}" for b in self.blocked]
        parts += [f"<div>{html.escape(note)}</div>" for note in notes]
        return "<div>" + "".join(parts) + "</div>"

    def _verdict(self) -> str:
        if not self.loops:
            return "fits; nothing was split"
        loops = "1 loop" if len(self.loops) == 1 else f"{len(self.loops)} loops"
        return f"fits, split into {loops}"

    def _sizes(self) -> list[tuple[str, str]]:
        made_of = [("arguments", self.argument_bytes), ("outputs", self.output_bytes), ("temporaries", self.temp_bytes)]
        made_of += [("work space", self.workspace_bytes)] if self.workspace_bytes else []
        unsplit = format_bytes(self.unsplit_peak_bytes) + (" (an estimate: the compiler refused it)" if self.unsplit_is_estimate else "")
        return [
            ("unsplit peak", unsplit),
            ("limit", format_bytes(self.limit_bytes) + (" (auto: what the device has free)" if self.is_auto else "")),
            (
                "fitted peak",
                f"{format_bytes(self.peak_bytes)} = "
                + " + ".join(f"{name} {format_bytes(size)}" for name, size in made_of)
                + ("" if sum(size for _, size in made_of) == self.peak_bytes else ", as the compiler shares them"),
            ),
        ]

    def _loop_lines(self) -> list[str]:
        lines = []
        for loop in self.loops:
            indent = "  " * loop.depth
            where = f" at {short_line(loop.source_line)}" if loop.source_line else ""
            lines.append(f"{indent}loop over axis {loop.axis} of {loop.op} {_shape(loop.shape)}{where}")
            lines.append(
                f"{indent}  {loop.kind}: {_pieces(loop)}; {format_bytes(loop.bytes_before)} whole, {format_bytes(loop.bytes_piece)} a piece"
            )
            if loop.recomputed:
                lines.append(f"{indent}  recomputed in each piece: {', '.join(loop.recomputed)}")
        return lines


def short_line(source_line: str | None) -> str:
    """`file:line`, relative to the current folder where the file is inside it."""
    if not source_line:
        return ""
    file, _, line = source_line.rpartition(":")
    try:
        return f"{Path(file).relative_to(Path.cwd())}:{line}"
    except ValueError:
        return source_line


def _pieces(loop: Loop) -> str:
    count = f"{loop.pieces} piece" if loop.pieces == 1 else f"{loop.pieces} pieces"
    last = loop.axis_length - (loop.pieces - 1) * loop.piece_length
    remainder = f", the last of {last}" if loop.pieces > 1 and 0 < last < loop.piece_length else ""
    return f"{count} of {loop.piece_length}{remainder}"


def _loop_cells(loop: Loop) -> tuple[str, ...]:
    axis = f"{loop.axis} of {_shape(loop.shape)}"
    return (
        "\u00a0\u00a0" * loop.depth + loop.op,
        short_line(loop.source_line),
        axis,
        loop.kind,
        _pieces(loop),
        format_bytes(loop.bytes_before),
        format_bytes(loop.bytes_piece),
        ", ".join(loop.recomputed),
    )


def _describe_rewrite(rewrite: Rewrite) -> str:
    where = f" at {short_line(rewrite.source_line)}" if rewrite.source_line else ""
    return f"{rewrite.name}{where} ({'exact' if rewrite.is_exact else 'equal up to rounding'})"


def _describe_blocked(blocked: Blocked) -> str:
    where = f" at {short_line(blocked.source_line)}" if blocked.source_line else ""
    return f"{blocked.op} {_shape(blocked.shape)}{where}, {format_bytes(blocked.bytes)}: {blocked.reason}"


def _shape(shape: tuple[int, ...]) -> str:
    return "[" + ", ".join(map(str, shape)) + "]"
