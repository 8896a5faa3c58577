"""What a figure shows, in words: the text in its place for those who do not see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from latentpress.figure_data import Figure
from latentpress.reporting.latex import to_text

MOST_NAMES = 12
"""A longer list is cut in its middle."""


def describe(figure: Figure) -> str:
    """One to some sentences on a figure's kind, axes and values."""
    return _KINDS[figure.kind](figure)


def _names(names: Sequence[Any]) -> str:
    told = [to_text(str(name)) for name in names]
    return ", ".join(told if len(told) <= MOST_NAMES else [*told[: MOST_NAMES - 2], "…", told[-1]])


def _number(value: Any) -> str:
    return f"{float(value):.3g}".replace("-", "\u2212")


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _image_grid(figure: Figure) -> str:
    rows, columns = np.asarray(figure.arrays["images"]).shape[:2]
    named = ((kind, figure.options.get(f"{kind.lower()}_labels")) for kind in ("Row", "Column"))
    named_only = ((kind, [name for name in names or [] if name]) for kind, names in named)  # not every row has a name
    told = [f"{kind}s: {_names(names)}." for kind, names in named_only if names]
    return " ".join([f"{_many(rows, 'row')} of {_many(columns, 'image')}.", *told])


def _curves(figure: Figure) -> str:
    told = []
    for panel in figure.options["panels"]:
        title = to_text(str(panel.get("title") or panel.get("y_label") or "Values"))
        along = to_text(str(panel.get("x_label") or "x"))
        lines = [_line(figure, series, along) for series in panel["series"]]
        marks = [
            f"vertical line at {along} {_number(mark['x'])}: {to_text(str(mark.get('label', '')))}".removesuffix(": ")
            for mark in panel.get("marks", ())
        ]
        told.append(f"{title}: {'; '.join([*filter(None, lines), *marks]) or 'no values'}.")
    return f"Line chart. {' '.join(told)}"


def _line(figure: Figure, series: dict[str, Any], along: str) -> str:
    x, y = (np.asarray(figure.arrays[series[axis]], dtype=np.float64).ravel() for axis in ("x", "y"))
    known = np.isfinite(y)
    if not known.any():
        return ""
    x, y = x[known], y[known]
    name = f"{to_text(str(series['label']))} " if series.get("label") else ""
    ends = f"from {_number(y[0])} at {along} {_number(x[0])} to {_number(y[-1])} at {_number(x[-1])}"
    return f"{name}{ends}, between {_number(y.min())} and {_number(y.max())}"


def _bars(figure: Figure) -> str:
    values = np.asarray(figure.arrays["values"], dtype=np.float64)
    pairs = [
        f"{to_text(str(name))} {_number(value)}" for name, value in zip(figure.options["labels"], values, strict=False)
    ]
    return f"Bar chart of {to_text(str(figure.options.get('y_label') or 'values'))}: {_names(pairs)}."


def _estimates(figure: Figure) -> str:
    ours, theirs = (to_text(str(name)) for name in figure.options["names"])
    told = []
    for index, panel in enumerate(figure.options["panels"]):
        value, low, high, other = (figure.arrays[f"{name}{index}"] for name in ("value", "low", "high", "other"))
        places = []
        for name, here, least, most, there in zip(panel["labels"], value, low, high, other, strict=True):
            interval = f"[{_number(least)}, {_number(most)}]"
            places.append(f"{to_text(str(name))}: {_number(here)} {interval}, {theirs} {_number(there)}")
        told.append(f"{to_text(str(panel['title']))}, {ours}: {'; '.join(places)}.")
    return f"Estimates with intervals. {' '.join(told)}"


def _histogram(figure: Figure) -> str:
    edges = np.asarray(figure.arrays["edges"], dtype=np.float64)
    labels = figure.options.get("labels") or [""]
    told = []
    for index, name in enumerate(labels):
        counts = np.asarray(figure.arrays[f"counts{index}"], dtype=np.float64)
        if not counts.sum():
            continue
        middle = int(np.searchsorted(counts.cumsum(), counts.sum() / 2))
        peak = int(counts.argmax())
        most = f"most between {_number(edges[peak])} and {_number(edges[peak + 1])}"
        within = f"median between {_number(edges[middle])} and {_number(edges[middle + 1])}"
        told.append(f"{to_text(str(name))} {within}, {most}".strip())
    of = to_text(str(figure.options.get("x_label") or "values"))
    return f"Histogram of {of} from {_number(edges[0])} to {_number(edges[-1])}: {'; '.join(told) or 'no values'}."


def _scatter(figure: Figure) -> str:
    labels = np.asarray(figure.arrays["labels"]).astype(int)
    names = figure.options.get("class_names") or []
    classes, counts = np.unique(labels, return_counts=True)
    told = [
        f"{names[index] if index < len(names) else index} ({count})"
        for index, count in zip(classes, counts, strict=True)
    ]
    return f"Map of {_many(len(labels), 'point')} by class: {_names(told)}."


def _confusion(figure: Figure) -> str:
    matrix = np.asarray(figure.arrays["matrix"])
    names = figure.options.get("class_names") or list(range(len(matrix)))
    told = f"Matrix of {_many(len(matrix), 'class').replace('classs', 'classes')}: {int(np.trace(matrix)):,} of "
    told += f"{int(matrix.sum()):,} on the diagonal"
    wrong = matrix - np.diag(np.diag(matrix))
    if not wrong.any():
        return f"{told}."
    true, taken = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return f"{told}; most often {names[true]} is taken for {names[taken]}, {_many(int(wrong.max()), 'time')}."


def _network(figure: Figure) -> str:
    told = []
    for part in figure.options["parts"]:
        layers = [f"{layer['layer']} {_shape(layer.get('shape', ''))}".strip() for layer in part["layers"]]
        told.append(f"{to_text(str(part['title']))}: {', '.join(to_text(layer) for layer in layers)}.")
    return f"Layers from left to right. {' '.join(told)}"


def _shape(shape: Any) -> str:
    return "×".join(map(str, shape)) if isinstance(shape, list | tuple) else str(shape)


_KINDS: dict[str, Callable[[Figure], str]] = {
    "image_grid": _image_grid, "curves": _curves, "bars": _bars, "estimates": _estimates, "histogram": _histogram,
    "scatter": _scatter, "confusion": _confusion, "network": _network,
}  # fmt: skip
