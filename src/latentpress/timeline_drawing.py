"""The picture of a build's timeline. The only module that looks at builds and imports matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.patches import Patch

from latentpress.listing import headline
from latentpress.timeline import Bar, Timeline

# Okabe and Ito's colours, which people with colour-blindness can tell apart, too.
COLOURS = {
    "data": "#999999",
    "train": "#D55E00",
    "encode": "#E69F00",
    "evaluate": "#0072B2",
    "draw": "#56B4E9",
    "section": "#009E73",
    "assemble": "#CC79A7",
    "html": "#8F6BB0",
    "tsne": "#B08FCB",
    "typeset": "#F0E442",
}
OTHER = "#DDDDDD"
LOST = "#B00020"
WIDTH, ROW, MEMORY, FRAME = 12.0, 0.27, 1.9, 1.5  # inches: page; one worker; the lower panel; titles and legend
FONT = 6.5
THIN = 0.003  # of the wall time
DARK = {"train", "evaluate", "section"}
"""Kinds whose colour needs white letters."""


def draw(line: Timeline, target: Path) -> None:
    """Draw a timeline into a file; the ending chooses svg, pdf or png.

    Args:
        line: what is drawn.
        target: the file.

    Raises:
        OSError: it cannot be written.
    """
    with plt.rc_context({"font.size": FONT + 1.5, "svg.hashsalt": "latentpress", "hatch.linewidth": 0.6}):
        figure = picture(line)
        try:
            figure.savefig(target, dpi=160)
        finally:
            plt.close(figure)


def picture(line: Timeline) -> Any:
    """The figure: workers above, memory below, one time axis."""
    heights = [ROW * max(2, len(line.rows)), MEMORY]
    figure, (upper, lower) = plt.subplots(
        2,
        1,
        sharex=True,
        figsize=(WIDTH, sum(heights) + FRAME),
        height_ratios=heights,
        layout="constrained",
    )
    scale, unit = (60.0, "minutes") if line.wall > 300 else (1.0, "seconds")
    upper.set_title(headline(line.build), loc="left", fontsize=FONT + 2.5)
    upper.set_xlim(0, max(line.wall, 1e-3) / scale)
    _draw_workers(upper, line, scale)
    _draw_memory(lower, line, scale)
    lower.set_xlabel(f"{unit} since the start")
    figure.legend(handles=_legend(line), loc="outside upper center", ncols=10, frameon=False)
    figure.draw_without_rendering()  # bars have their final size now
    _label_bars(upper, line, scale)
    return figure


def kind_of(stage: str) -> str:
    """The kind of a stage: the first word of its name."""
    return stage.partition("/")[0]


def _draw_workers(axes: Any, line: Timeline, scale: float) -> None:
    several = len({host for host, _ in line.rows}) > 1
    names = []
    for row, (worker, bars) in enumerate(line.rows.items()):
        names.append(f"{worker[0]} {worker[1]}" if several else str(worker[1]))
        for bar in bars:
            colour = COLOURS.get(kind_of(bar.attempt.stage), OTHER)
            # A white edge would hide a thin bar.
            edge = "white" if bar.seconds > line.wall * THIN else colour
            drawn = axes.barh(
                row, bar.seconds / scale, left=bar.start / scale, height=0.86, color=colour, edgecolor=edge, lw=0.4
            )[0]
            if bar.lost:
                drawn.set(edgecolor=LOST, hatch="////" if bar.again else "xxxx", linewidth=1.2)
            elif bar.again:
                drawn.set_alpha(0.4)
            drawn.set_gid(f"{bar.attempt.stage} {bar.attempt.number}")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_ylabel("worker (host and process)" if several else "worker (process)")
    axes.grid(axis="x", lw=0.3)
    axes.set_axisbelow(True)


def _draw_memory(axes: Any, line: Timeline, scale: float) -> None:
    """Each stage's peak while it ran, and their sum, which no build exceeds."""
    for bar in line.bars:
        colour = COLOURS.get(kind_of(bar.attempt.stage), OTHER)
        peak = bar.attempt.peak_memory_mb
        if peak:
            axes.plot([bar.start / scale, bar.end / scale], [peak, peak], color=colour, lw=2.2, solid_capstyle="butt")
    times, sums = memory_steps(line)
    axes.step([moment / scale for moment in times], sums, where="post", color="#555555", lw=0.7)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("peak memory (MB)\nof each stage; sum")
    axes.grid(lw=0.3)


def memory_steps(line: Timeline) -> tuple[list[float], list[float]]:
    """Moments, and the sum of the peaks of the stages that run from each of them on."""
    changes: dict[float, float] = {0.0: 0.0}
    for bar in line.bars:
        changes[bar.start] = changes.get(bar.start, 0.0) + bar.attempt.peak_memory_mb
        changes[bar.end] = changes.get(bar.end, 0.0) - bar.attempt.peak_memory_mb
    times, sums, total = [], [], 0.0
    for moment in sorted(changes):
        total += changes[moment]
        times.append(moment)
        sums.append(max(total, 0.0))
    return times, sums


def _legend(line: Timeline) -> list[Patch]:
    kinds = {kind_of(bar.attempt.stage) for bar in line.bars}
    handles = [Patch(color=colour, label=kind) for kind, colour in COLOURS.items() if kind in kinds]
    if kinds - set(COLOURS):
        handles.append(Patch(color=OTHER, label="other"))
    if any(bar.lost and not bar.again for bar in line.bars):
        handles.append(Patch(facecolor="white", edgecolor=LOST, hatch="xxxx", label="no result"))
    if any(bar.lost and bar.again for bar in line.bars):
        handles.append(Patch(facecolor="white", edgecolor=LOST, hatch="////", label="no result, repeated"))
    if any(bar.again and not bar.lost for bar in line.bars):
        handles.append(Patch(color=COLOURS["train"], alpha=0.4, label="pale: result replaced by a later run"))
    return handles


def _label_bars(axes: Any, line: Timeline, scale: float) -> None:
    """Write into each bar the longest of its labels that fits, and beside a row what none of its bars could hold."""
    for row, bars in enumerate(line.rows.values()):
        inside = [_label_inside(axes, row, bar, scale) for bar in bars]
        if not any(inside):
            said = labels(bars[0])[1:] if len(bars) == 1 else [f"{len(bars)} stages"]
            _label_beside(axes, row, bars, said, scale)


def _label_inside(axes: Any, row: int, bar: Bar, scale: float) -> bool:
    style = {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}} if bar.lost else {}
    white = kind_of(bar.attempt.stage) in DARK and not bar.lost and not bar.again
    centre = (bar.start + bar.seconds / 2) / scale
    text = axes.text(centre, row, "", ha="center", color="white" if white else "black", **STYLE, **style)
    left, right = axes.transData.transform([(bar.start / scale, row), (bar.end / scale, row)])[:, 0]
    return _longest_that_fits(text, labels(bar), right - left - MARGIN)


def _label_beside(axes: Any, row: int, bars: list[Bar], said: list[str], scale: float) -> None:
    """Right of the row's last bar, or left of its first, where there is more room."""
    start, end = min(bar.start for bar in bars), max(bar.end for bar in bars)
    edges = axes.transData.transform([(start / scale, row), (end / scale, row)])[:, 0]
    before, after = edges[0] - axes.bbox.x0, axes.bbox.x1 - edges[1]
    right = after >= before
    text = axes.annotate(
        "",
        ((end if right else start) / scale, row),
        xytext=(2 if right else -2, 0),
        textcoords="offset points",
        ha="left" if right else "right",
        **STYLE,
    )
    _longest_that_fits(text, said, (after if right else before) - MARGIN)


STYLE: dict[str, Any] = {"va": "center_baseline", "fontsize": FONT}
MARGIN = 3  # pixels that a label leaves free


def _longest_that_fits(text: Any, said: list[str], room: float) -> bool:
    renderer = text.axes.figure.canvas.get_renderer()
    for label in said:
        text.set_text(label)
        if text.get_window_extent(renderer).width < room:
            return True
    text.remove()
    return False


def labels(bar: Bar) -> list[str]:
    """What a bar may be labelled with, longest first; the kind shows by its colour."""
    attempt = bar.attempt
    subject = attempt.stage.partition("/")[2] or attempt.stage
    short = subject.removesuffix("/seed0")
    peak = f"  {attempt.peak_memory_mb:.0f} MB" if attempt.peak_memory_mb else ""
    return [f"{attempt.stage}{peak}", f"{subject}{peak}", f"{short}{peak}", short, short.rpartition("/")[2]]
