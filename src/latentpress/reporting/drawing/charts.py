"""Charts over axes: curves, bars with intervals, histograms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, MaxNLocator

from latentpress.figure_data import Figure
from latentpress.reporting.drawing.style import (
    INK,
    LINE_COLOURS,
    LINE_STYLES,
    MANY_COLOURS,
    MARKERS,
    SMALL_SIZE,
    TEXT_WIDTH,
    clip,
    label,
    text_width,
)

FEW_POINTS = 15
"""Up to so many points a curve shows each as a dot."""
COVERING = {"frameon": True, "facecolor": "white", "edgecolor": "none", "framealpha": 1, "borderpad": 0.1}
"""A legend that no vertical line crosses: those reach over the whole height, wherever it stands."""
MARK_STYLES = (":", "--", "-.")
"""Of vertical lines, which have no colour: in black and thin, they are told from curves."""
MOST_IN_A_PANEL = 6
"""Lines that a legend within a panel names; for more there is one legend below all."""
HANDLE = 2.6
"""Length of a line in such a legend, in widths of a letter; long enough to tell broken lines."""


def curves(figure: Figure) -> Canvas:
    """Panels of lines side by side, three in a row at most; four stand two by two.

    Where a panel has many lines, each gets a marker of its own, and one legend stands below the panels.
    """
    panels = figure.options["panels"]
    columns = 2 if len(panels) == 4 else min(len(panels), 3)
    rows = -(-len(panels) // columns)
    width = TEXT_WIDTH * (0.65 if columns == 1 else 1.0)
    many = max((len(panel["series"]) for panel in panels), default=0) > MOST_IN_A_PANEL
    entries = [label(series.get("label", "")) for series in panels[0]["series"]] if many else []
    below = 0.1 + 0.17 * -(-len(entries) // legend_columns(entries, width)) if many else 0.0
    canvas = Canvas(figsize=(width, rows * (2.5 if columns == 1 else 2.1) + below), layout="constrained")
    grid = canvas.subplots(rows, columns, squeeze=False)
    names = [[entry.get("label") for entry in (*panel["series"], *panel.get("marks", ()))] for panel in panels]
    for index, (axes, panel) in enumerate(zip(grid.flat, panels, strict=False)):
        _panel(axes, panel, figure, many)
        if not many and any(names[index]) and (index == 0 or names[index] != names[0]):
            axes.legend(**(COVERING if panel.get("marks") else {}))
    for axes in list(grid.flat)[len(panels) :]:
        axes.axis("off")
    if many:
        _legend_below(canvas, grid.flat[0])
    return canvas


def legend_columns(names: Sequence[str], width: float) -> int:
    """The most columns in which a legend that is filled row by row fits a width in inches; one at least."""
    line = (HANDLE + 0.8 + 2.0) * SMALL_SIZE / 72  # with the space before its name and between columns
    for columns in range(len(names), 1, -1):
        widest = [max(map(text_width, names[column::columns])) for column in range(columns)]
        if sum(widest) + columns * line <= width:
            return columns
    return 1


def _legend_below(canvas: Canvas, axes: Axes) -> None:
    """One legend for all panels, its names in the order of the lines, row by row."""
    handles, names = axes.get_legend_handles_labels()
    columns = legend_columns(names, canvas.get_figwidth())
    rows = -(-len(names) // columns)
    columns = -(-len(names) // rows)
    order = [row * columns + column for column in range(columns) for row in range(rows)]  # it is filled by columns
    order = [place for place in order if place < len(names)]
    canvas.legend(
        [handles[place] for place in order], [names[place] for place in order], loc="outside lower center",
        ncols=columns, handlelength=HANDLE,
    )  # fmt: skip


def _panel(axes: Axes, panel: dict[str, Any], figure: Figure, many: bool = False) -> None:
    colours, markers = (MANY_COLOURS, MARKERS) if many else (LINE_COLOURS, ("o",))
    whole = True
    for index, series in enumerate(panel["series"]):
        x, y = (np.asarray(_array(figure, series[axis], axis), dtype=np.float64) for axis in ("x", "y"))
        finite = np.isfinite(y)
        style = series.get("style") or LINE_STYLES[index % len(LINE_STYLES)]
        axes.plot(
            x[finite],
            y[finite],
            linestyle=style,
            marker=markers[index % len(markers)] if len(x) <= FEW_POINTS else None,
            color=colours[index % len(colours)],
            label=label(series.get("label", "")),
        )
        if "low" in series and "high" in series:
            low, high = (np.asarray(_array(figure, series[end], end), dtype=np.float64) for end in ("low", "high"))
            colour = colours[index % len(colours)]
            axes.vlines(x[finite], low[finite], high[finite], colors=colour, linewidth=0.8)
        whole = whole and bool(np.all(x == np.rint(x)))
    _marks(axes, panel)
    log = panel.get("log")
    if log in (True, "y", "both"):
        _logarithmic(axes, "y")
    if log in ("x", "both"):
        _logarithmic(axes, "x")
    elif whole:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set(title=label(panel.get("title", "")), xlabel=label(panel.get("x_label", "")))
    if panel.get("y_label") != panel.get("title"):
        axes.set_ylabel(label(panel.get("y_label", "")))
    axes.grid(visible=True, axis="y")


def _marks(axes: Axes, panel: dict[str, Any]) -> None:
    """Thin vertical lines behind the curves, at places along x that have a name."""
    for index, mark in enumerate(panel.get("marks", ())):
        style = mark.get("style") or MARK_STYLES[index % len(MARK_STYLES)]
        name = label(mark.get("label", ""))
        axes.axvline(float(mark["x"]), linestyle=style, color=INK, linewidth=0.8, label=name, zorder=1)


def _logarithmic(axes: Axes, axis: str) -> None:
    """A logarithmic scale whose ticks are powers of ten in the font of mathematics."""
    axes.set(**{f"{axis}scale": "log"})
    ticks = axes.yaxis if axis == "y" else axes.xaxis
    ticks.set_major_formatter(FuncFormatter(_power))


def _power(value: float, _position: int) -> str:
    exponent = math.log10(value)
    return rf"$10^{{{round(exponent)}}}$" if math.isclose(exponent, round(exponent), abs_tol=1e-9) else ""


def _array(figure: Figure, name: str | int, axis: str) -> np.ndarray:
    return figure.arrays[name if isinstance(name, str) else f"{axis}{name}"]


def bars(figure: Figure) -> Canvas:
    """One bar a value, with its interval; lying where there are many or their labels are long."""
    values = np.asarray(figure.arrays["values"], dtype=np.float64)
    labels = [label(text) for text in figure.options.get("labels") or range(len(values))]
    errors = None
    if "low" in figure.arrays and "high" in figure.arrays:
        low, high = (np.asarray(figure.arrays[name], dtype=np.float64) for name in ("low", "high"))
        errors = np.nan_to_num(np.clip(np.stack([values - low, high - values]), 0, None))
    positions = np.arange(len(values))
    style: dict[str, Any] = {"ecolor": INK, "capsize": 2, "error_kw": {"linewidth": 0.8}} if errors is not None else {}
    x_label, y_label = (label(figure.options.get(key, "")) for key in ("x_label", "y_label"))

    width = TEXT_WIDTH * (0.65 if len(values) <= 12 else 1.0)
    longest = max(map(text_width, labels), default=0.0)
    if longest > 0.8 * width / max(len(values), 1):
        canvas = Canvas(figsize=(width, 0.7 + 0.24 * len(values)), layout="constrained")
        axes = canvas.subplots()
        axes.barh(positions, values, 0.65, xerr=errors, color=LINE_COLOURS[0], **style)
        axes.set_yticks(positions, [clip(text, 0.4 * width) for text in labels])
        axes.invert_yaxis()
        axes.set(xlabel=y_label, ylabel=x_label)
        axes.grid(visible=True, axis="x")
        axes.tick_params(axis="y", length=0)
    else:
        canvas = Canvas(figsize=(width, 2.3), layout="constrained")
        axes = canvas.subplots()
        axes.bar(positions, values, 0.65, yerr=errors, color=LINE_COLOURS[0], **style)
        axes.set_xticks(positions, labels)
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.grid(visible=True, axis="y")
        axes.tick_params(axis="x", length=0)
    return canvas


def histogram(figure: Figure) -> Canvas:
    """Outlined histograms over common edges, one for each of counts0, counts1, …"""
    edges = np.asarray(figure.arrays["edges"], dtype=np.float64)
    names = sorted((name for name in figure.arrays if name.startswith("counts")), key=lambda name: (len(name), name))
    labels = [label(text) for text in figure.options.get("labels") or [""] * len(names)]
    canvas = Canvas(figsize=(0.65 * TEXT_WIDTH, 2.3), layout="constrained")
    axes = canvas.subplots()
    for index, (name, text) in enumerate(zip(names, labels, strict=False)):
        colour = LINE_COLOURS[index % len(LINE_COLOURS)]
        axes.stairs(figure.arrays[name], edges, fill=True, color=colour, alpha=0.25)
        axes.stairs(
            figure.arrays[name],
            edges,
            color=colour,
            linewidth=1.2,
            linestyle=LINE_STYLES[index % len(LINE_STYLES)],
            label=text,
        )
    if figure.options.get("log"):
        _logarithmic(axes, "y")
    axes.set_xlim(edges[0], edges[-1])
    axes.set(xlabel=label(figure.options.get("x_label", "")), ylabel=label(figure.options.get("y_label", "")))
    axes.grid(visible=True, axis="y")
    if any(labels):
        axes.legend(fontsize=SMALL_SIZE)
    return canvas
