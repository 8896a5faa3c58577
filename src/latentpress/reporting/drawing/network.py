"""A model as a row of blocks whose heights follow the number of values that flow through them."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.figure import Figure as Canvas
from matplotlib.patches import FancyBboxPatch

from latentpress.figure_data import Figure
from latentpress.reporting.drawing.style import CLASS_COLOURS, FAINT, INK, LABEL_SIZE, TEXT_WIDTH, clip, label

HEIGHT = 3.0
TALLEST = 1.15
"""Inches, of the block with the most values."""
SMALLEST_TYPE = 7.0
ARROW = {"arrowstyle": "-|>", "color": FAINT, "lw": 0.6, "mutation_scale": 5, "shrinkA": 0, "shrinkB": 0}


def network(figure: Figure) -> Canvas:
    """Blocks from left to right, named above, with their output shapes beneath; one bracket for each part."""
    parts = figure.options["parts"]
    layers = [layer for part in parts for layer in part["layers"]]
    kinds = list(dict.fromkeys(str(layer.get("kind", "")) for layer in layers))
    # The gap between two parts takes the room of half a layer.
    step = TEXT_WIDTH / (len(layers) + 0.5 * (len(parts) - 1))
    largest = math.log(max(float(layer.get("units") or 1) for layer in layers) + 1)

    canvas = Canvas(figsize=(TEXT_WIDTH, HEIGHT))
    axes = canvas.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, TEXT_WIDTH), ylim=(0, HEIGHT))
    axes.axis("off")
    middle = 1.24
    x = step / 2
    last: float | None = None
    for part in parts:
        first = x
        for layer in part["layers"]:
            half = _half_height(layer, largest)
            if last is not None:
                axes.annotate(
                    "",
                    (x - 0.21 * step, middle),
                    (last + 0.21 * step, middle),
                    arrowprops=ARROW,
                )
            colour = CLASS_COLOURS[kinds.index(str(layer.get("kind", ""))) % len(CLASS_COLOURS)]
            _block(axes, x, middle, 0.38 * step, half, colour)
            room = HEIGHT - 0.3 - (middle + TALLEST / 2)
            axes.text(
                x,
                middle + TALLEST / 2 + 0.06,
                clip(label(layer["layer"]), room, SMALLEST_TYPE),
                rotation=90,
                ha="center",
                va="bottom",
                fontsize=SMALLEST_TYPE,
            )
            axes.text(
                x,
                middle - TALLEST / 2 - 0.06,
                clip(label(_shape(layer.get("shape", ""))), middle - TALLEST / 2 - 0.08, SMALLEST_TYPE),
                rotation=90,
                ha="center",
                va="top",
                fontsize=SMALLEST_TYPE,
            )
            last = x
            x += step
        _bracket(axes, first - 0.35 * step, x - 0.65 * step, label(part.get("title", "")))
        x += step / 2
    return canvas


def _half_height(layer: dict[str, Any], largest: float) -> float:
    units = float(layer.get("units") or 1)
    return max(TALLEST * math.log(units + 1) / largest, 0.08) / 2


def _shape(shape: Any) -> str:
    return "×".join(map(str, shape)) if isinstance(shape, list | tuple) else str(shape)


def _block(axes: Any, x: float, y: float, width: float, half: float, colour: str) -> None:
    style = f"round,pad=0,rounding_size={min(0.03, half / 2)}"
    corner = (x - width / 2, y - half)
    axes.add_patch(FancyBboxPatch(corner, width, 2 * half, boxstyle=style, facecolor=colour, edgecolor=INK, lw=0.4))


def _bracket(axes: Any, left: float, right: float, title: str) -> None:
    y = HEIGHT - 0.2
    axes.plot([left, left, right, right], [y - 0.05, y, y, y - 0.05], color=FAINT, lw=0.7)
    axes.text((left + right) / 2, y + 0.04, title, ha="center", va="bottom", fontsize=LABEL_SIZE)
