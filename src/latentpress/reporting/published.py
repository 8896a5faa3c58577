"""Published figures beside the report's own."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from latentpress.errors import TemplateError
from latentpress.metrics import Metric
from latentpress.reporting.evidence import Evidence, Measured, Missing
from latentpress.reporting.latex import Tex, escape, to_text
from latentpress.reporting.names import Names
from latentpress.reporting.numbers import MISSING, format_metric, scale_of
from latentpress.reporting.tables import Table
from latentpress.reporting.tracing import traced

COLUMNS = ("kind", "model", "data", "quantity", "alpha", "value", "unit", "source")
EPOCHS = "epochs"
"""A further column that a file may have: how long the model behind a figure was trained."""

QUANTITIES = {
    "interpolation_psnr_mean": "Average PSNR (dB)",
    "interpolation_latent_l2_mean": "Average L2 norm",
    "probe_accuracy": "Probe accuracy",
    "test_mse": "Test MSE",
    "validation_mse": "Validation MSE",
    "denoised_snr": "Denoised SNR (dB)",
    "denoised_mse": "Denoised MSE",
}


def read_published(text: str, name: str) -> list[dict[str, str]]:
    """Read the CSV file of published figures.

    Raises:
        TemplateError: it has not the columns `COLUMNS`, or a value is no number.
    """
    reader = csv.DictReader(io.StringIO(text))
    if tuple(reader.fieldnames or ()) not in (COLUMNS, (*COLUMNS, EPOCHS)):
        raise TemplateError(
            f"{name}: found the columns {', '.join(reader.fieldnames or ['none'])}; expected {', '.join(COLUMNS)} "
            f"and, if known, {EPOCHS}.",
            "Correct the file's first line.",
        )
    rows = list(reader)
    for number, row in enumerate(rows, start=2):
        try:
            float(row["value"]), float(row["alpha"] or 0)
        except (TypeError, ValueError):
            raise TemplateError(
                f"{name}, line {number}: value {row['value']!r}, alpha {row['alpha']!r}; expected numbers.",
                "Write numbers with a decimal point.",
            ) from None
    return rows


def published_rows(
    published: Sequence[Mapping[str, str]],
    evidence: Evidence,
    names: Names,
    *,
    kind: str,
    data: str,
    split: str,
    heading: Tex,
) -> tuple[Table, list[tuple[str, Tex]]]:
    """A table: model, epochs where they are known, quantity, α, their value, ours with its interval, difference.

    Rows whose quantity this report does not measure are left out.

    Raises:
        TemplateError: no row of that kind is measured here.
    """
    chosen = [row for row in published if (row["kind"], row["data"]) == (kind, data)]
    epochs = any(row.get(EPOCHS) for row in chosen)
    header = [
        Tex("Model"),
        *([Tex("Epochs")] if epochs else []),
        *[Tex("Quantity"), Tex(r"$\alpha$"), heading, Tex("Here"), Tex("Difference")],
    ]
    table = Table(header, [], ["l", *("r" if epochs else ""), "l", "r", "r", "r", "r"])
    table.records = [
        ["Model", "Epochs", "Quantity", "α", to_text(heading), "Here", "Here, low", "Here, high", "Difference"]
    ]
    printed: list[tuple[str, Tex]] = []
    last = ("", "")
    for row in chosen:
        alpha = float(row["alpha"]) if row["alpha"] else None
        identifier = Metric(row["quantity"], None, data, row["model"], split, alpha).id
        try:
            found = evidence.find(identifier)
        except TemplateError:
            continue  # a quantity that only the other report has
        place = (row["model"], row["quantity"])
        if table.rows and place != last:
            table.rules = (*table.rules, len(table.rows))
        beside = [escape(row.get(EPOCHS) or "--")] if epochs else []
        first = [names.title(place[0]), *beside, escape(quantity_title(place[1]))]
        if place == last:
            first = [Tex("")] * len(first)
        last = place
        cells, record = _compared(row, found, evidence)
        table.rows.append([*first, Tex("" if alpha is None else f"{alpha:g}"), *cells])
        table.records.append([row["model"], row.get(EPOCHS) or None, row["quantity"], alpha, *record])
        if isinstance(found, Measured):
            printed.append((identifier, cells[1]))
    if not table.rows:
        raise TemplateError(
            f"none of the published figures of kind {kind!r} for {data!r} is measured in this section.",
            "Name the file as published = … of the section in report.toml, and add the evaluations.",
        )
    return table, printed


def published_value(row: Mapping[str, str]) -> Tex:
    """A published figure with the digits that it was published with, in the unit that this report uses."""
    key = ":".join(("published", *(row.get(name) or "" for name in ("kind", "model", "quantity", "alpha"))))
    scale = scale_of(row["quantity"])
    if scale == 1:
        return traced(escape(row["value"]), key, "")
    value = Decimal(row["value"]) * int(scale)
    places = max(-int(Decimal(row["value"]).as_tuple().exponent) - 2, 0)
    return traced(Tex(rf"{value:.{places}f}\,\%"), key, "")


def quantity_title(name: str) -> str:
    """A quantity as a heading."""
    return QUANTITIES.get(name, name.replace("_", " ").capitalize())


def _compared(row: Mapping[str, str], found: Measured | Missing, evidence: Evidence) -> tuple[list[Tex], list[Any]]:
    value = float(row["value"])
    theirs = published_value(row)
    if isinstance(found, Missing) or found.metric.value is None:
        return [theirs, MISSING, MISSING], [value, None, None, None, None]
    ours = found.metric
    difference = ours.value - value if ours.value is not None else 0.0
    decimals = evidence.decimals(ours)
    apart = Metric(f"{ours.quantity}_difference", difference)
    here = format_metric(ours, interval=True, decimals=decimals, origin=found.artifact)
    cells = [theirs, here, format_metric(apart, decimals=decimals)]
    return cells, [value, ours.value, ours.low, ours.high, difference]
