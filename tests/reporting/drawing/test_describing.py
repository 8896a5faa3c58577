"""What figures show is said in words, with numbers of the figures themselves."""

from __future__ import annotations

import numpy as np
import pytest

from latentpress.figure_data import KINDS, Figure
from latentpress.reporting.drawing import describing

FIGURES = {
    "image_grid": (
        Figure("image_grid", {"images": np.zeros((2, 3, 4, 4, 1))}, {"row_labels": ["input", r"$D(z_\alpha)$"]}),
        "2 rows of 3 images. Rows: input, D(z_α).",
    ),
    "curves": (
        Figure(
            "curves",
            {"x0": np.array([1, 2, 3]), "y0": np.array([0.5, np.nan, 0.25])},
            {"panels": [{"title": "Loss", "x_label": "epoch", "series": [{"x": "x0", "y": "y0", "label": "train"}]}]},
        ),
        "Line chart. Loss: train from 0.5 at epoch 1 to 0.25 at 3, between 0.25 and 0.5.",
    ),
    "bars": (
        Figure("bars", {"values": np.array([1.5, -2.0])}, {"labels": ["a", "b"], "y_label": "nats"}),
        "Bar chart of nats: a 1.5, b \u22122.",
    ),
    "estimates": (
        Figure(
            "estimates",
            {"value0": np.array([1.0]), "low0": np.array([0.5]), "high0": np.array([1.5]), "other0": np.array([2.0])},
            {"names": ["here", "published"], "panels": [{"title": "PSNR", "labels": ["0.2"]}]},
        ),
        "Estimates with intervals. PSNR, here: 0.2: 1 [0.5, 1.5], published 2.",
    ),
    "histogram": (
        Figure(
            "histogram",
            {"edges": np.array([0.0, 1, 2, 3]), "counts0": np.array([1, 1, 5]), "counts1": np.zeros(3)},
            {"labels": ["plain", "empty"], "x_label": "activation"},
        ),
        "Histogram of activation from 0 to 3: plain median between 2 and 3, most between 2 and 3.",
    ),
    "scatter": (
        Figure("scatter", {"points": np.zeros((3, 2)), "labels": np.array([0, 1, 1])}, {"class_names": ["no", "yes"]}),
        "Map of 3 points by class: no (1), yes (2).",
    ),
    "confusion": (
        Figure("confusion", {"matrix": np.array([[9, 1], [2, 8]])}, {"class_names": ["4", "9"]}),
        "Matrix of 2 classes: 17 of 20 on the diagonal; most often 9 is taken for 4, 2 times.",
    ),
    "network": (
        Figure("network", {}, {"parts": [{"title": "Encoder", "layers": [{"layer": "conv", "shape": [14, 14, 64]}]}]}),
        "Layers from left to right. Encoder: conv 14×14×64.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_figure_is_described(kind: str) -> None:
    figure, words = FIGURES[kind]
    assert describing.describe(figure) == words


def test_long_lists_of_names_are_cut_in_their_middle() -> None:
    figure = Figure("bars", {"values": np.arange(30.0)}, {"labels": [f"z{k}" for k in range(30)]})
    assert describing.describe(figure).endswith("z9 9, …, z29 29.")


def test_marks_of_curves_and_the_images_that_have_names_are_told() -> None:
    figure, words = FIGURES["curves"]
    (panel,) = figure.options["panels"]
    marks = [{"x": 2, "label": "weights kept"}, {"x": 2.5}]
    marked = Figure("curves", figure.arrays, {"panels": [{**panel, "marks": marks}]})
    told = "; vertical line at epoch 2: weights kept; vertical line at epoch 2.5."
    assert describing.describe(marked) == f"{words.removesuffix('.')}{told}"
    grid = Figure("image_grid", {"images": np.zeros((2, 3, 4, 4, 3))}, {"column_labels": ["$u=0$", "", "$u=1$"]})
    assert describing.describe(grid) == "2 rows of 3 images. Columns: u=0, u=1."
