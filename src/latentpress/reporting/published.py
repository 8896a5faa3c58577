"""Published figures beside the report's own."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from latentpress.errors import TemplateError
from latentpress.metrics import Metric
from latentpress.reporting.evidence import Evidence, Measured, Missing
from latentpress.reporting.latex import Tex, escape
from latentpress.reporting.names import Names
from latentpress.reporting.numbers import MISSING, decimals_for, format_metric, format_value
from latentpress.reporting.tables import Table

COLUMNS = ("kind", "model", "data", "quantity", "alpha", "value", "unit", "source")

QUANTITIES = {
    "interpolation_psnr_mean": "Average PSNR (dB)",
    "interpolation_latent_l2_mean": "Average L2 norm",
    "probe_accuracy": "Probe accuracy",
    "test_mse": "Test MSE",
}


def read_published(text: str, name: str) -> list[dict[str, str]]:
    """Read the CSV file of published figures.

    Raises:
        TemplateError: it has not the columns `COLUMNS`, or a value is no number.
    """
    reader = csv.DictReader(io.StringIO(text))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise TemplateError(
            f"{name}: found the columns {', '.join(reader.fieldnames or ['none'])}; expected {', '.join(COLUMNS)}.",
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
) -> tuple[Table, list[tuple[str, Tex]]]:
    """A table: model, quantity, α, published value, ours with its interval, difference.

    Rows whose quantity this report does not measure are left out.

    Raises:
        TemplateError: no row of that kind is measured here.
    """
    header = [Tex(text) for text in ("Model", "Quantity", r"$\alpha$", "Published", "Here", "Difference")]
    table = Table(header, [], ["l", "l", "r", "r", "r", "r"])
    table.records = [["Model", "Quantity", "α", "Published", "Here", "Here, low", "Here, high", "Difference"]]
    printed: list[tuple[str, Tex]] = []
    last = ("", "")
    for row in published:
        if (row["kind"], row["data"]) != (kind, data):
            continue
        alpha = float(row["alpha"]) if row["alpha"] else None
        identifier = Metric(row["quantity"], None, data, row["model"], split, alpha).id
        try:
            found = evidence.find(identifier)
        except TemplateError:
            continue  # a quantity that only the other report has
        place = (row["model"], row["quantity"])
        if table.rows and place != last:
            table.rules = (*table.rules, len(table.rows))
        first = [names.title(place[0]), escape(_quantity(place[1]))] if place != last else [Tex(""), Tex("")]
        last = place
        cells, record = _compared(row, found)
        table.rows.append([*first, Tex("" if alpha is None else f"{alpha:g}"), *cells])
        table.records.append([row["model"], row["quantity"], alpha, *record])
        if isinstance(found, Measured):
            printed.append((identifier, cells[1]))
    if not table.rows:
        raise TemplateError(
            f"none of the published figures of kind {kind!r} for {data!r} is measured in this section.",
            "Name the file as published = … of the section in report.toml, and add the evaluations.",
        )
    return table, printed


def _quantity(name: str) -> str:
    return QUANTITIES.get(name, name.replace("_", " ").capitalize())


def _compared(row: Mapping[str, str], found: Measured | Missing) -> tuple[list[Tex], list[Any]]:
    value = float(row["value"])
    theirs = escape(row["value"])
    if isinstance(found, Missing) or found.metric.value is None:
        return [theirs, MISSING, MISSING], [value, None, None, None, None]
    ours = found.metric
    difference = ours.value - value if ours.value is not None else 0.0
    decimals = decimals_for(ours)
    cells = [theirs, format_metric(ours, interval=True), format_value(difference, decimals)]
    return cells, [value, ours.value, ours.low, ours.high, difference]
