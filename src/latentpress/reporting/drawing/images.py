"""Grids of images: reconstructions, interpolation strips, samples, traversals."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure as Canvas

from latentpress.figure_data import Figure
from latentpress.reporting.drawing.style import LABEL_SIZE, SMALL_SIZE, TEXT_WIDTH, clip, label, text_width

CELL = 0.58
"""Inches; the widest that one image is drawn."""
TALLEST = 6.4
"""Inches; leaves room for a caption on the page."""
GAP = 2
"""Pixels of an image between two images."""
ENLARGEMENT = 4
"""Every pixel is drawn as so many squared: viewers that smooth pictures then leave it square."""


def image_grid(figure: Figure) -> Canvas:
    """Rows and columns of images, drawn as one picture with labels beside and above it."""
    images = np.asarray(figure.arrays["images"], dtype=np.float32)
    rows, columns, height, width, _ = images.shape
    row_labels = [label(text) for text in figure.options.get("row_labels") or [""] * rows]
    column_labels = [label(text) for text in figure.options.get("column_labels") or [""] * columns]

    beside = min(max(map(text_width, row_labels), default=0.0), 0.3 * TEXT_WIDTH)
    left = beside + (0.08 if beside else 0.0)
    aspect = height / width
    cell = min(CELL, (TEXT_WIDTH - left) / columns, TALLEST / rows / aspect)
    picture_width = columns * cell
    picture_height = (rows * (height + GAP) - GAP) / (columns * (width + GAP) - GAP) * picture_width
    top = 0.2 if any(column_labels) else 0.02

    canvas = Canvas(figsize=(left + picture_width, top + picture_height + 0.02))
    total_width, total_height = canvas.get_size_inches()
    axes = canvas.add_axes(
        (left / total_width, 0.02 / total_height, picture_width / total_width, picture_height / total_height)
    )
    axes.imshow(mosaic(images), cmap="gray", vmin=0, vmax=255, interpolation="none", aspect="auto")
    axes.axis("off")

    span_x, span_y = columns * (width + GAP) - GAP, rows * (height + GAP) - GAP
    for row, text in enumerate(row_labels):
        y = 1 - (row * (height + GAP) + height / 2) / span_y
        axes.text(
            -0.06 / picture_width,
            y,
            clip(text, beside),
            transform=axes.transAxes,
            ha="right",
            va="center",
            fontsize=min(SMALL_SIZE, max(7.0, 72 * cell * aspect * 0.8)),
        )
    for column, text in enumerate(column_labels):
        x = (column * (width + GAP) + width / 2) / span_x
        size = LABEL_SIZE if text_width(text, LABEL_SIZE) < cell else 7.0
        axes.text(
            x,
            1 + 0.05 / picture_height,
            clip(text, cell * 1.05, size),
            transform=axes.transAxes,
            ha="center",
            va="bottom",
            fontsize=size,
        )
    return canvas


def mosaic(images: np.ndarray) -> np.ndarray:
    """All images as one, white between them.

    Args:
        images: (rows, columns, H, W, C) in [0, 1], C of 1 or 3; what is out of range is clipped.

    Returns:
        uint8, (height, width) or (height, width, 3), each pixel enlarged.
    """
    rows, columns, height, width, channels = images.shape
    shape = (rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, channels)
    canvas = np.full(shape, 255, dtype=np.uint8)
    values = np.rint(np.clip(np.nan_to_num(images), 0, 1) * 255).astype(np.uint8)
    for row in range(rows):
        for column in range(columns):
            y, x = row * (height + GAP), column * (width + GAP)
            canvas[y : y + height, x : x + width] = values[row, column]
    canvas = canvas.repeat(ENLARGEMENT, axis=0).repeat(ENLARGEMENT, axis=1)
    return canvas[..., 0] if channels == 1 else canvas
