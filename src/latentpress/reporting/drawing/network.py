"""A model as a row of blocks whose heights follow the number of values that flow through them."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.figure import Figure as Canvas
from matplotlib.patches import FancyBboxPatch

from latentpress.figure_data import Figure
from latentpress.reporting.drawing.style import (
    CLASS_COLOURS,
    FAINT,
    INK,
    LABEL_SIZE,
    SMALL_SIZE,
    TEXT_WIDTH,
    clip,
    label,
    text_width,
)

TALLEST = 1.0
"""Inches, of the block with the most values."""
GAP = 0.06
"""Inches, between a block's room and its labels."""
LONGEST = 0.95
"""Inches, of a label in one line; longer ones are broken into two."""
ARROW = {"arrowstyle": "-|>", "color": FAINT, "lw": 0.6, "mutation_scale": 5, "shrinkA": 0, "shrinkB": 0}


def network(figure: Figure) -> Canvas:
    """Blocks from left to right, named above, with their output shapes beneath; one bracket for each part.

    A block's height is the logarithm of its channels or units, its colour the kind of the layer.
    """
    parts = figure.options["parts"]
    layers = [layer for part in parts for layer in part["layers"]]
    kinds = list(dict.fromkeys(str(layer.get("kind", "")) for layer in layers))
    # The gap between two parts takes the room of half a layer.
    step = TEXT_WIDTH / (len(layers) + 0.5 * (len(parts) - 1))
    largest = math.log(max(float(layer.get("units") or 1) for layer in layers) + 1)

    names = [_broken(label(layer["layer"])) for layer in layers]
    shapes = [clip(label(_shape(layer.get("shape", ""))), LONGEST, SMALL_SIZE) for layer in layers]
    above, below = (
        max(text_width(line, SMALL_SIZE) for text in texts for line in text.split("\n")) for texts in (names, shapes)
    )
    middle = 0.3 + below + GAP + TALLEST / 2
    top = middle + TALLEST / 2 + GAP + above + 0.15  # of the blocks with their labels; the parts' names stand over it
    canvas = Canvas(figsize=(TEXT_WIDTH, top + 0.2))
    axes = canvas.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, TEXT_WIDTH), ylim=(0, top + 0.2))
    axes.axis("off")
    x = step / 2
    last: float | None = None
    texts = iter(zip(names, shapes, strict=True))
    for part in parts:
        first = x
        for layer in part["layers"]:
            name, shape = next(texts)
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
            axes.text(
                x,
                middle + TALLEST / 2 + GAP,
                name,
                rotation=90,
                ha="center",
                va="bottom",
                fontsize=SMALL_SIZE,
            )
            axes.text(
                x,
                middle - TALLEST / 2 - GAP,
                shape,
                rotation=90,
                ha="center",
                va="top",
                fontsize=SMALL_SIZE,
            )
            last = x
            x += step
        _bracket(axes, first - 0.35 * step, x - 0.65 * step, top, label(part.get("title", "")))
        x += step / 2
    _legend(axes, kinds)
    return canvas


def _broken(text: str) -> str:
    """A label in one line, or in two of about the same length where it is long."""
    if text_width(text, SMALL_SIZE) <= LONGEST or " " not in text:
        return clip(text, LONGEST, SMALL_SIZE)
    words = text.split(" ")
    halves = [(" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words))]
    first, second = min(halves, key=lambda pair: max(text_width(part, SMALL_SIZE) for part in pair))
    return f"{clip(first, LONGEST, SMALL_SIZE)}\n{clip(second, LONGEST, SMALL_SIZE)}"


def _legend(axes: Any, kinds: list[str]) -> None:
    """Kinds of layers and their colours, in a row beneath the blocks."""
    texts = [label(kind) for kind in kinds]
    side, gap = 0.11, 0.16
    widths = [side + 0.05 + text_width(text, SMALL_SIZE) for text in texts]
    x = (TEXT_WIDTH - sum(widths) - gap * (len(widths) - 1)) / 2
    for index, (text, width) in enumerate(zip(texts, widths, strict=True)):
        _block(axes, x + side / 2, 0.1, side, side / 2, CLASS_COLOURS[index % len(CLASS_COLOURS)])
        axes.text(x + side + 0.05, 0.1, text, ha="left", va="center", fontsize=SMALL_SIZE)
        x += width + gap


def _half_height(layer: dict[str, Any], largest: float) -> float:
    units = float(layer.get("units") or 1)
    return max(TALLEST * math.log(units + 1) / largest, 0.08) / 2


def _shape(shape: Any) -> str:
    return "×".join(map(str, shape)) if isinstance(shape, list | tuple) else str(shape)


def _block(axes: Any, x: float, y: float, width: float, half: float, colour: str) -> None:
    style = f"round,pad=0,rounding_size={min(0.03, half / 2)}"
    corner = (x - width / 2, y - half)
    axes.add_patch(FancyBboxPatch(corner, width, 2 * half, boxstyle=style, facecolor=colour, edgecolor=INK, lw=0.4))


def _bracket(axes: Any, left: float, right: float, y: float, title: str) -> None:
    axes.plot([left, left, right, right], [y - 0.05, y, y, y - 0.05], color=FAINT, lw=0.7)
    axes.text((left + right) / 2, y + 0.04, title, ha="center", va="bottom", fontsize=LABEL_SIZE)
