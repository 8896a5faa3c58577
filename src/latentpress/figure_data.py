"""Figures as data: evaluations describe them here, `latentpress.reporting.figures` draws them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from latentpress.engine.store import Artifact

KINDS = {
    "image_grid": "images (rows, columns, H, W, C) in [0, 1], C of 1 or 3; options row_labels, column_labels, width "
    "(share of the text's), blocks (into which the rows are split, side by side)",
    "curves": "arrays x<i>, y<i>, optional low<i>, high<i>; options panels [{title, x_label, y_label, log, series "
    "[{x, y, low, high, label, style}], marks [{x, label, style}]}], where low and high name the ends of intervals; "
    "marks, which may be left out, are vertical lines at a number x",
    "scatter": "points (n, 2), labels (n,) int; options class_names, point_size",
    "confusion": "matrix (k, k) int, rows true, columns predicted; options class_names",
    "bars": "values (n,), optional low (n,), high (n,); options labels, x_label, y_label",
    "estimates": "value<i>, low<i>, high<i> and other<i>, (k,) each; options names (of value and of other), panels "
    "[{title, x_label, y_label, labels}]",
    "histogram": "edges (n + 1,), counts<i> (n,); options labels, x_label, y_label, log",
    "network": "no arrays; options parts [{title, layers [{layer, shape, units, kind}]}]",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure before it is drawn.

    Attributes:
        kind: one of `KINDS`, which also says the arrays and options of each.
        arrays: what is drawn.
        options: labels and scales, JSON values only. Mathematics between dollar signs is kept.
    """

    kind: str
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"figure kind {self.kind!r} is unknown; expected one of {', '.join(KINDS)}")


def pack(figures: Mapping[str, Figure]) -> tuple[dict[str, Any], dict[str, dict[str, np.ndarray]]]:
    """Split figures into what `Result.values` and `Result.arrays` take.

    Returns:
        ``{"figures": {name: {kind, options}}}`` and ``{"figure.<name>": arrays}``.
    """
    index = {name: {"kind": figure.kind, "options": dict(figure.options)} for name, figure in figures.items()}
    arrays = {f"figure.{name}": dict(figure.arrays) for name, figure in figures.items() if figure.arrays}
    return {"figures": index}, arrays


def unpack(artifact: Artifact) -> dict[str, Figure]:
    """Read back what `pack` laid into an artifact; an artifact without figures gives none."""
    if "figures.json" not in artifact.names():
        return {}
    figures = {}
    for name, entry in artifact.json("figures").items():
        has_arrays = f"figure.{name}.npz" in artifact.names()
        arrays = artifact.arrays(f"figure.{name}") if has_arrays else {}
        figures[name] = Figure(entry["kind"], arrays, entry["options"])
    return figures
