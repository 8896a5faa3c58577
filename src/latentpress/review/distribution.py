"""The figure of a class's points."""

from __future__ import annotations

import io
import logging
import math
import warnings
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from latentpress.reporting.drawing.style import LINE_COLOURS, SETTINGS, TEXT_WIDTH

HEIGHT = 2.1
"""Inches."""
MOST_BINS = 20


def draw_distribution(points: Sequence[float], most: float) -> bytes:
    """A histogram as PDF, with the same bytes for the same points.

    Args:
        points: of each submission that could be read, in [0, most].
        most: that there are.
    """
    width = _nice(most / MOST_BINS)
    edges = np.arange(0, math.ceil(most / width - 1e-9) + 1) * width
    # A bin holds its lower edge; full points have the last bin with what is just below.
    counts, _ = np.histogram(np.minimum(points, edges[-1]), bins=edges)
    with mpl.rc_context(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*cmr10.*")
        logging.getLogger("fontTools").setLevel(logging.ERROR)
        figure = Figure(figsize=(TEXT_WIDTH, HEIGHT), layout="constrained")
        axes = figure.subplots()
        axes.bar(edges[:-1], counts, width=width, align="edge", color=LINE_COLOURS[0], edgecolor="white", linewidth=0.8)
        axes.set_xlim(0, edges[-1])
        axes.xaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10]))
        axes.set_xlabel("points")
        axes.set_ylabel("submissions")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        buffer = io.BytesIO()
        figure.savefig(buffer, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})
    return buffer.getvalue()


def _nice(width: float) -> float:
    """The next of 1, 2, 5, 10, … and their tenths that is not smaller."""
    size = 10.0 ** math.floor(math.log10(width))
    return float(next(size * factor for factor in (1, 2, 5, 10) if size * factor >= width * (1 - 1e-9)))
