"""Maps of points by class, and confusion matrices."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure as Canvas

from latentpress.figure_data import Figure
from latentpress.reporting.drawing.style import CLASS_COLOURS, INK, LABEL_SIZE, TEXT_WIDTH, clip, label

MAP_SHARE, MATRIX_SHARE = 0.55, 0.49
"""Of the text width; two maps fit side by side at 0.89 of their size, two matrices as they are."""


def scatter(figure: Figure) -> Canvas:
    """A map of points, coloured by class, each class named where it is densest."""
    points = np.asarray(figure.arrays["points"], dtype=np.float64)
    labels = np.asarray(figure.arrays["labels"]).astype(int)
    classes = np.unique(labels)
    names = figure.options.get("class_names") or [str(index) for index in range(int(labels.max(initial=0)) + 1)]
    width = MAP_SHARE * TEXT_WIDTH
    extent = np.ptp(points, axis=0)
    canvas = Canvas(figsize=(width, width * float(np.clip(extent[1] / max(extent[0], 1e-12), 0.55, 1.05))))
    axes = canvas.add_axes((0.01, 0.01, 0.98, 0.98))
    # In the order of the data, not class by class: none hides the others.
    colours = np.array(CLASS_COLOURS)[labels % len(CLASS_COLOURS)]
    axes.scatter(points[:, 0], points[:, 1], s=figure.options.get("point_size") or 4.0, c=colours, linewidths=0)
    for index in classes:
        x, y = _densest(points[labels == index])
        axes.text(
            x,
            y,
            label(names[index] if index < len(names) else index),
            ha="center",
            va="center",
            fontsize=LABEL_SIZE + 1,
            color=INK,
            bbox={
                "boxstyle": "round,pad=0.18",
                "facecolor": "white",
                "edgecolor": CLASS_COLOURS[index % len(CLASS_COLOURS)],
                "linewidth": 1.0,
                "alpha": 0.9,
            },
        )
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color("#CCCCCC")
    return canvas


def _densest(points: np.ndarray) -> np.ndarray:
    """The point of a class with the nearest 20th neighbour: inside its largest cluster, where a mean may not be."""
    sample = points[:: max(len(points) // 400, 1)]
    distances = np.linalg.norm(sample[:, None] - sample[None], axis=-1)
    rank = min(20, len(sample) - 1)
    best: np.ndarray = sample[np.argmin(np.sort(distances, axis=1)[:, rank])]
    return best


def confusion(figure: Figure) -> Canvas:
    """Counts in a square, shaded by their share of the true class; a root scale makes single errors visible."""
    matrix = np.asarray(figure.arrays["matrix"], dtype=np.float64)
    size = len(matrix)
    names = [label(text) for text in figure.options.get("class_names") or range(size)]
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    width = MATRIX_SHARE * TEXT_WIDTH
    canvas = Canvas(figsize=(width, width), layout="constrained")
    axes = canvas.subplots()
    axes.imshow(np.sqrt(share), cmap="Blues", vmin=0, vmax=1.15, interpolation="none")
    font = max(min(8.0, 72 * width * 0.8 / size / 2.2), 5.0)
    for row in range(size):
        for column in range(size):
            if matrix[row, column]:
                dark = np.sqrt(share[row, column]) > 0.65
                axes.text(
                    column,
                    row,
                    f"{matrix[row, column]:.0f}",
                    ha="center",
                    va="center",
                    fontsize=font,
                    color="white" if dark else INK,
                )
    room = 0.8 * width / size
    axes.set_xticks(range(size), [clip(text, max(room, 0.2)) for text in names])
    axes.set_yticks(range(size), [clip(text, 0.8) for text in names])
    axes.tick_params(length=0)
    axes.set(xlabel="predicted", ylabel="true")
    for spine in axes.spines.values():
        spine.set_visible(False)
    return canvas
