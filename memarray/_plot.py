"""The picture of a plan: live bytes over the program's steps, as written and as fitted, with the limit. Needs matplotlib."""

import os
from collections.abc import Sequence
from typing import Any

from memarray._plan import Plan, short_line
from memarray._units import format_bytes
from xla_passes.plan import Step

_WRITTEN, _FITTED, _LIMIT, _INK = "#d1495b", "#00798c", "#30323d", "#4a4e57"
_LONGEST_RUN = 2


def save_picture(plan: Plan, path: str | os.PathLike[str]) -> None:
    """Draw `plan` into `path`."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # an extra, imported where it is used
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as error:
        raise ImportError("plan.plot needs matplotlib, which is not installed; run `pip install matplotlib`") from error
    figure = Figure(figsize=(8, 4.2), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    before, after = _shortened(plan.steps_before), _shortened(plan.steps_after or plan.steps_before)
    if plan.loops or before != after:
        _draw(axes, before, plan.unsplit_peak_bytes, _WRITTEN, "as written")
    _draw(axes, after, plan.peak_bytes, _FITTED, "under the limit" if plan.loops else "as written (it fits)")
    _name_peak(axes, before)
    axes.axhline(plan.limit_bytes, color=_LIMIT, linewidth=1.4, linestyle=(0, (5, 3)), label=f"limit: {format_bytes(plan.limit_bytes)}")
    _dress(axes, plan)
    figure.savefig(path)


def _shortened(steps: Sequence[Step]) -> list[Step]:
    """The steps without the tails of long runs of equal memory: constants and other small set-up would fill the picture."""
    kept: list[Step] = []
    for step in steps:
        if any(step.live_bytes != before.live_bytes for before in kept[-_LONGEST_RUN:]) or len(kept) < _LONGEST_RUN:
            kept.append(step)
    return kept


def _draw(axes: Any, steps: Sequence[Step], peak_bytes: int, colour: str, label: str) -> None:
    """One program: its live bytes as a filled step line over the fraction of its steps, its verified peak as a tick at the right."""
    live = [step.live_bytes for step in steps] or [peak_bytes]
    edges = [i / len(live) for i in range(len(live) + 1)]
    heights = [max(1, size) for size in live]
    axes.stairs(heights, edges, baseline=1, fill=True, color=colour, alpha=0.16, linewidth=0)
    axes.stairs(heights, edges, baseline=None, color=colour, linewidth=1.6, label=f"{label}: peak {format_bytes(peak_bytes)}")
    axes.plot([1.0], [peak_bytes], marker="<", color=colour, markersize=6, clip_on=False, zorder=5)


def _name_peak(axes: Any, steps: Sequence[Step]) -> None:
    """Write beside the highest step what is computed there."""
    if not steps:
        return
    highest = max(range(len(steps)), key=lambda i: steps[i].live_bytes)
    step = steps[highest]
    line = short_line(step.source_line)
    place = (highest + 0.5) / len(steps)
    axes.annotate(
        step.op.removeprefix("stablehlo.") + (f", {line}" if line else ""),
        (place, max(1, step.live_bytes)),
        xytext=(0, 4),
        textcoords="offset points",
        fontsize=8.5,
        color=_INK,
        ha="right" if place > 0.75 else "left" if place < 0.25 else "center",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
    )


def _dress(axes: Any, plan: Plan) -> None:
    """Scale, labels and legend."""
    from matplotlib.ticker import FuncFormatter, NullLocator  # noqa: PLC0415

    sizes = [step.live_bytes for step in (*plan.steps_before, *plan.steps_after) if step.live_bytes > 0]
    top = max([plan.limit_bytes if not plan.is_auto else 1, plan.peak_bytes, plan.unsplit_peak_bytes, *sizes])
    bottom = max(1, min([plan.limit_bytes, plan.peak_bytes, max(plan.argument_bytes, 1), *sizes]))
    is_wide = top > 20 * min(plan.limit_bytes, plan.peak_bytes)
    if is_wide:
        axes.set_yscale("log")
        axes.set_ylim(max(bottom / 2, top / 1e6), top * 2.5)
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.set_ylim(0, top * 1.15)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 1], ["start", "end"])
    axes.set_xlabel("steps of the program", color=_INK)
    axes.set_ylabel("live memory" + (" (log scale)" if is_wide else ""), color=_INK)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda size, _: format_bytes(size).replace(".0 ", " ")))
    axes.tick_params(colors=_INK, length=0)
    axes.grid(axis="y", color="#e4e5e9", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.set_title(f"memory of {plan.name}", loc="left", fontsize=12, fontweight="bold", color=_LIMIT, pad=28)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=3,
        frameon=False,
        fontsize=9,
        borderaxespad=0.2,
        handlelength=1.8,
        columnspacing=1.4,
    )
