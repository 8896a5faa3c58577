"""Published figures and ours as a picture, and what lies behind their differences."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from latentpress.errors import TemplateError
from latentpress.figure_data import Figure
from latentpress.metrics import Metric
from latentpress.reporting.evidence import Evidence, Measured
from latentpress.reporting.latex import Tex, escape, to_text
from latentpress.reporting.names import Names
from latentpress.reporting.numbers import scale_of
from latentpress.reporting.published import quantity_title
from latentpress.reporting.tables import Table

Rows = Sequence[Mapping[str, str]]


def measured_groups(
    published: Rows, evidence: Evidence, *, kind: str, data: str, split: str
) -> dict[tuple[str, str], list[tuple[Mapping[str, str], Metric]]]:
    """Model and quantity to the published rows that this report has a value for, with that metric, in their order.

    Raises:
        TemplateError: there is none.
    """
    groups: dict[tuple[str, str], list[tuple[Mapping[str, str], Metric]]] = {}
    for row in published:
        if (row["kind"], row["data"]) != (kind, data):
            continue
        alpha = float(row["alpha"]) if row["alpha"] else None
        found = evidence.measured.get(Metric(row["quantity"], None, data, row["model"], split, alpha).id)
        if isinstance(found, Measured) and found.metric.value is not None:
            groups.setdefault((row["model"], row["quantity"]), []).append((row, found.metric))
    if not groups:
        raise TemplateError(
            f"none of the published figures of kind {kind!r} for {data!r} is measured in this section.",
            "Name the file as published = … of the section in report.toml, and add the evaluations.",
        )
    return groups


def published_picture(
    groups: Mapping[tuple[str, str], Sequence[tuple[Mapping[str, str], Metric]]], names: Names
) -> Figure:
    """A panel for each model and quantity: ours with its interval beside the published value, at each α."""
    arrays: dict[str, np.ndarray] = {}
    panels = []
    for index, ((model, quantity), pairs) in enumerate(groups.items()):
        scale = scale_of(quantity)
        columns: dict[str, list[float | None]] = {
            "value": [metric.value for _, metric in pairs],
            "low": [metric.low for _, metric in pairs],
            "high": [metric.high for _, metric in pairs],
            "other": [float(row["value"]) for row, _ in pairs],
        }
        for name, values in columns.items():
            numbers = np.array([math.nan if value is None else value * scale for value in values])
            arrays[f"{name}{index}"] = np.where(np.isfinite(numbers), numbers, np.nan)
        along = pairs[0][1].alpha is not None
        panels.append(
            {
                "title": to_text(names.title(model)),
                "x_label": r"$\alpha$" if along else "",
                "y_label": quantity_title(quantity) + (" (%)" if scale > 1 else ""),
                "labels": [f"{metric.alpha:g}" if along else "" for _, metric in pairs],
            }
        )
    return Figure("estimates", arrays, {"names": ["this report", "published"], "panels": panels})


def reasons_table(groups: Collection[tuple[str, str]], reasons: Mapping[tuple[str, str], str], names: Names) -> Table:
    """What differs behind each group of figures, in one line.

    Args:
        groups: model and quantity, as the keys of `measured_groups`.
        reasons: model and quantity to the line.

    Raises:
        TemplateError: a group has no reason.
    """
    rows: list[list[Tex]] = []
    records = [["Model", "Quantity", "What differs"]]
    for model, quantity in groups:
        if (model, quantity) not in reasons:
            raise TemplateError(
                f"no reason is given for the published {quantity!r} of {model!r}.",
                "Give one in reasons, by model and quantity.",
            )
        text = escape(reasons[model, quantity])
        rows.append([names.title(model), escape(quantity_title(quantity)), text])
        records.append([model, quantity, to_text(text)])
    return Table([Tex("Model"), Tex("Quantity"), Tex("What differs")], rows, ["l", "l", "X"], records)
