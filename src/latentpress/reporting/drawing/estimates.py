"""Estimates with their intervals, each beside a figure from elsewhere."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from latentpress.figure_data import Figure
from latentpress.reporting.drawing.style import LINE_COLOURS, TEXT_WIDTH, label

COLUMNS = 3
APART = 0.12
"""By how much of a place the two marks stand to either side of it."""


def estimates(figure: Figure) -> Canvas:
    """Panels, three in a row at most: at every place a dot with its interval, and a diamond without one."""
    panels = figure.options["panels"]
    columns = min(len(panels), COLUMNS)
    rows = -(-len(panels) // columns)
    canvas = Canvas(figsize=(TEXT_WIDTH, 2.0 * rows + 0.3), layout="constrained")
    grid = list(canvas.subplots(rows, columns, squeeze=False).flat)
    for index, (axes, panel) in enumerate(zip(grid, panels, strict=False)):
        arrays = {name: figure.arrays[f"{name}{index}"] for name in ("value", "low", "high", "other")}
        _panel(axes, arrays, panel["labels"], figure.options["names"])
        axes.set(title=label(panel["title"]), xlabel=label(panel["x_label"]), ylabel=label(panel["y_label"]))
    for axes in grid[len(panels) :]:
        axes.axis("off")
    handles, names = grid[0].get_legend_handles_labels()
    canvas.legend(handles, names, loc="outside upper center", ncols=2)
    return canvas


def _panel(axes: Axes, arrays: dict[str, np.ndarray], labels: list[str], names: list[str]) -> None:
    places = np.arange(len(labels))
    value, low, high = (np.asarray(arrays[name], dtype=np.float64) for name in ("value", "low", "high"))
    errors = np.nan_to_num(np.clip(np.stack([value - low, high - value]), 0, None))
    ours, theirs = (label(name) for name in names)
    axes.errorbar(places - APART, value, errors, fmt="o", color=LINE_COLOURS[0], capsize=2, elinewidth=0.8, label=ours)
    axes.plot(places + APART, arrays["other"], "D", color=LINE_COLOURS[1], markerfacecolor="none", label=theirs)
    axes.set_xticks(places, [label(text) for text in labels])
    axes.set_xlim(-0.6, len(labels) - 0.4)
    axes.margins(y=0.15)
    axes.grid(visible=True, axis="y")
