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
BETWEEN_BLOCKS = 0.2
"""Inches."""
SMALLEST = 7.0
"""Points, of a label."""
ENLARGEMENT = 4
"""Every pixel is drawn as so many squared: viewers that smooth pictures then leave it square."""


def image_grid(figure: Figure) -> Canvas:
    """Rows and columns of images with labels beside and above; many rows may stand in blocks side by side."""
    images = np.asarray(figure.arrays["images"], dtype=np.float32)
    rows, columns, height, width, _ = images.shape
    row_labels = [label(text) for text in figure.options.get("row_labels") or [""] * rows]
    column_labels = [label(text) for text in figure.options.get("column_labels") or [""] * columns]
    blocks = int(figure.options.get("blocks") or 1)
    each = -(-rows // blocks)
    available = TEXT_WIDTH * float(figure.options.get("width") or 1.0)

    beside = min(max(map(text_width, row_labels), default=0.0), 0.3 * TEXT_WIDTH)
    left = beside + (0.12 if beside else 0.0)
    aspect = height / width
    across = (available - (blocks - 1) * BETWEEN_BLOCKS) / blocks - left
    cell = min(CELL, across / columns, TALLEST / each / aspect)
    top = 0.22 if any(column_labels) else 0.02
    size = LABEL_SIZE if all(text_width(text, LABEL_SIZE) < cell for text in column_labels) else SMALLEST
    span = (columns * (width + GAP) - GAP, each * (height + GAP) - GAP)  # of a full block, in pixels
    grid = columns * cell, columns * cell * span[1] / span[0]
    total = blocks * (left + grid[0]) + (blocks - 1) * BETWEEN_BLOCKS, top + grid[1] + 0.02
    canvas = Canvas(figsize=total)
    for block in range(blocks):
        own = slice(block * each, min((block + 1) * each, rows))
        part = images[own]
        tall = grid[1] * (len(part) * (height + GAP) - GAP) / span[1]
        x = block * (left + grid[0] + BETWEEN_BLOCKS) + left
        axes = canvas.add_axes((x / total[0], (total[1] - top - tall) / total[1], grid[0] / total[0], tall / total[1]))
        axes.imshow(mosaic(part), cmap="gray", vmin=0, vmax=255, interpolation="none", aspect="auto")
        axes.axis("off")
        for row, text in enumerate(row_labels[own]):
            axes.text(
                -0.06 / grid[0],
                1 - (row * (height + GAP) + height / 2) / (len(part) * (height + GAP) - GAP),
                clip(text, beside),
                transform=axes.transAxes,
                ha="right",
                va="center",
                fontsize=min(SMALL_SIZE, max(SMALLEST, 72 * cell * aspect * 0.8)),
            )
        for column, text in enumerate(column_labels):
            axes.text(
                (column * (width + GAP) + width / 2) / span[0],
                1 + 0.07 / tall,
                clip(text, cell * 1.05, size),
                transform=axes.transAxes,
                ha="center",
                va="baseline",
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
