"""The picture of a plan: live bytes over the program's steps, as written and as fitted, with the limit. Needs matplotlib."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from memarray._units import format_bytes

if TYPE_CHECKING:
    from memarray._plan import Plan

_WRITTEN, _FITTED, _LIMIT, _INK = "#d1495b", "#00798c", "#30323d", "#4a4e57"


def save_picture(plan: "Plan", path: str | os.PathLike[str]) -> None:
    """Draw `plan` into `path`."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("plan.plot needs matplotlib, which is not installed; run `pip install matplotlib`") from error
    figure = Figure(figsize=(8, 4.2), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    before = [step.live_bytes for step in plan.steps_before]
    after = [step.live_bytes for step in plan.steps_after]
    if plan.loops or before != after:
        _draw(axes, before, plan.unsplit_peak_bytes, _WRITTEN, "as written")
    _draw(axes, after or before, plan.peak_bytes, _FITTED, "under the limit" if plan.loops else "as written (it fits)")
    axes.axhline(plan.limit_bytes, color=_LIMIT, linewidth=1.4, linestyle=(0, (5, 3)), label=f"limit: {format_bytes(plan.limit_bytes)}")
    _dress(axes, plan)
    figure.savefig(path)


def _draw(axes: Any, live: Sequence[int], peak_bytes: int, colour: str, label: str) -> None:
    """One program: its live bytes as a filled step line over the fraction of its steps, its verified peak as a tick at the right."""
    steps = list(live) or [peak_bytes]
    edges = [i / len(steps) for i in range(len(steps) + 1)]
    axes.stairs([max(1, size) for size in steps], edges, baseline=1, fill=True, color=colour, alpha=0.16, linewidth=0)
    axes.stairs([max(1, size) for size in steps], edges, baseline=None, color=colour, linewidth=1.6, label=f"{label}: peak {format_bytes(peak_bytes)}")
    axes.plot([1.0], [peak_bytes], marker="<", color=colour, markersize=6, clip_on=False, zorder=5)


def _dress(axes: Any, plan: "Plan") -> None:
    """Scale, labels and legend."""
    from matplotlib.ticker import FuncFormatter, NullLocator

    sizes = [step.live_bytes for step in (*plan.steps_before, *plan.steps_after) if step.live_bytes > 0]
    top = max([plan.limit_bytes if not plan.is_auto else 1, plan.peak_bytes, plan.unsplit_peak_bytes, *sizes])
    bottom = max(1, min([plan.limit_bytes, plan.peak_bytes, max(plan.argument_bytes, 1), *sizes]))
    is_wide = top > 20 * min(plan.limit_bytes, plan.peak_bytes)
    if is_wide:
        axes.set_yscale("log")
        axes.set_ylim(max(bottom / 2, top / 1e6), top * 2)
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.set_ylim(0, top * 1.15)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 1], ["start", "end"])
    axes.set_xlabel("steps of the program", color=_INK)
    axes.set_ylabel("live memory" + (" (log scale)" if is_wide else ""), color=_INK)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda size, _: format_bytes(size)))
    axes.tick_params(colors=_INK, length=0)
    axes.grid(axis="y", color="#e4e5e9", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.set_title(f"memory of {plan.name}", loc="left", fontsize=12, fontweight="bold", color=_LIMIT, pad=34)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, frameon=False, fontsize=9, borderaxespad=0.2, handlelength=1.8, columnspacing=1.4)
