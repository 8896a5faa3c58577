"""Tables: rows of cells that are already TeX, built of PyLaTeX elements with booktabs, fitted to the text width."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pylatex import Command, Tabular, Tabularx
from pylatex.base_classes import Environment

from latentpress.errors import TemplateError
from latentpress.metrics import Metric, json_number
from latentpress.reporting.evidence import Measured, Missing
from latentpress.reporting.latex import Tex, escape, to_text
from latentpress.reporting.numbers import MISSING, column_decimals, decimals_for, format_metric, format_value
from latentpress.reporting.tracing import traced

if TYPE_CHECKING:
    import pandas as pd

    from latentpress.reporting.evidence import Evidence

LABEL = re.compile(r"[A-Za-z0-9:._-]+")
WRAP_FROM = 26
"""Characters; a text column with longer cells is broken into lines."""
FIELDS = ("quantity", "data", "model", "split", "alpha", "conditions", "seed")


class TableFloat(Environment):  # type: ignore[misc]  # PyLaTeX ships no types
    """A floating table."""

    _latex_name = "table"


@dataclass(slots=True)
class Table:
    """A table before it is TeX.

    Attributes:
        header: one cell a column.
        rows: cells, all TeX.
        align: ``l``, ``r`` or ``c`` for each column, or ``X`` for text that is broken into lines.
        records: what the CSV file holds: plain values in full precision, with their own header.
        rules: numbers of the rows before which a thin rule stands.
        cells: row and column of the CSV file, counted from 0 with its header, to the metric and which of its numbers
            (``value``, ``low``, ``high``) stands there.
    """

    header: list[Tex]
    rows: list[list[Tex]]
    align: list[str]
    records: list[list[Any]] = field(default_factory=list)
    rules: tuple[int, ...] = ()
    cells: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)

    def float(self, caption: Tex, label: str) -> Tex:
        """The floating table with its caption above it."""
        environment = TableFloat()
        environment.append(Command("centering"))
        environment.append(Command("caption", caption))
        environment.append(Command("label", Tex(label)))
        environment.append(self.body())
        return Tex(environment.dumps() + "\n")

    def body(self) -> Tex:
        """The table alone: as wide as the text where cells are broken, else shrunk where it would be wider."""
        if "X" in self.align:
            spec = "".join(r">{\raggedright\arraybackslash}X" if kind == "X" else kind for kind in self.align)
            element = Tabularx(spec, booktabs=True, width=len(self.align), width_argument=Tex(r"\linewidth"))
        else:
            element = Tabular("".join(self.align), booktabs=True, width=len(self.align))
        element.add_row(self.header)
        element.add_hline()
        for index, row in enumerate(self.rows):
            if index in self.rules:
                element.append(Command("addlinespace"))
            element.add_row(row)
        text = Tex(element.dumps())
        if "X" in self.align:
            return Tex("\\tablesize\n" + text)
        return Tex("\\fittowidth{%\n" + text + "}")

    def trace(self, column: int, path: str, origin: str) -> None:
        """Let the numbers of a column, whose cells stand in the CSV file at the same place, lead to their origin."""
        for index, row in enumerate(self.rows):
            if is_number(self.records[index + 1][column]):
                row[column] = traced(row[column], f"cell:{path}:{index + 1}:{column}", origin)

    def csv(self) -> str:
        """Comma-separated values, with missing ones empty, and no text that a spreadsheet would run as a formula."""
        buffer = io.StringIO()
        rows = ([harmless(cell) for cell in row] for row in self.records)
        csv.writer(buffer, lineterminator="\n").writerows(rows)
        return buffer.getvalue()


def is_number(value: object) -> bool:
    """Whether a record is a number that a table prints."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a text begins with that spreadsheets run."""


def harmless(cell: Any) -> Any:
    """A cell that a spreadsheet shows and does not run: an apostrophe stands before text that begins like a formula."""
    if not isinstance(cell, str) or not cell.startswith(FORMULA):
        return cell
    try:
        float(cell)  # a number that is written as text: an infinity
    except ValueError:
        return f"'{cell}"
    return cell


def check_label(label: str) -> str:
    """A label that TeX and file systems take.

    Raises:
        TemplateError: it has other characters.
    """
    plain = str(label).replace("\\_", "_")
    if not LABEL.fullmatch(plain):
        raise TemplateError(
            f"{plain!r} is no label.",
            "Labels have letters, digits, and : . - _ only, such as fig:tsne-sparse.",
        )
    return plain


def identifier(fields: Mapping[str, Any]) -> str:
    """The id of the metric that has these fields.

    Raises:
        TemplateError: an unknown field, or no quantity.
    """
    unknown = [name for name in fields if name not in FIELDS]
    if unknown or not fields.get("quantity"):
        raise TemplateError(
            f"a metric is looked for by {dict(fields)!r}.",
            f"Fields are {', '.join(FIELDS)}; a quantity is needed. What else varies goes into conditions.",
        )
    return Metric(value=None, **{name: _plain(value) for name, value in fields.items()}).id


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return str(value).replace("\\_", "_")
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    return value


def metric_table(
    evidence: Evidence,
    corner: Tex,
    rows: Sequence[tuple[Any, Mapping[str, Any]]],
    columns: Sequence[Sequence[Any]],
    where: Mapping[str, Any],
    *,
    interval: bool = False,
    missing: Tex | None = None,
) -> tuple[Table, list[tuple[str, Tex]]]:
    """A table of metrics: each cell is the metric whose fields are ``where | row | column``.

    Args:
        evidence: the section's metrics.
        corner: header of the column of row texts.
        rows: (text, fields).
        columns: (header, fields) or (header, fields, format), format of ``digits``, ``percent``, ``interval``.
        where: fields that all cells share.
        interval: print intervals in every column.
        missing: what stands where no evaluation measures the metric; None makes that an error.

    Returns:
        The table, and (id, text) of each number in it.
    """
    header, align = [corner], ["l"]
    records: list[list[Any]] = [[to_text(corner)], *([to_text(escape(text))] for text, _ in rows)]
    body: list[list[Tex]] = [[escape(text)] for text, _ in rows]
    printed: list[tuple[str, Tex]] = []
    cells: dict[tuple[int, int], tuple[str, str]] = {}
    titles = [to_text(escape(column[0])) for column in columns]
    for column in columns:
        title, fields, style = column if len(column) == 3 else (*column, {})
        with_interval = bool(style.get("interval", interval))
        percent, digits = bool(style.get("percent")), style.get("digits")
        found = [_find(evidence, identifier(_merge(where, row_fields, fields)), missing) for _, row_fields in rows]
        if found and all(entry is None for entry in found):
            raise TemplateError(
                f"no row of the column {to_text(escape(title))!r} is measured.",
                f"One of its ids would be {identifier(_merge(where, rows[0][1], fields))}.",
            )
        metrics = [entry.metric for entry in found if isinstance(entry, Measured)]
        decimals = _agreed(evidence, metrics) if digits is None and not percent else None
        if decimals is None:
            decimals = column_decimals(metrics, digits=digits, percent=percent)
        for index, entry in enumerate(found):
            if isinstance(entry, Measured):
                cell = format_metric(
                    entry.metric,
                    digits=digits,
                    decimals=decimals,
                    interval=with_interval,
                    percent=percent,
                    origin=entry.artifact,
                )
                printed.append((entry.metric.id, cell))
            else:
                cell = MISSING if missing is None or isinstance(entry, Missing) else missing
            body[index].append(cell)
        header.append(escape(title))
        align.append("r")
        name = to_text(escape(title))
        if titles.count(name) > 1:  # on paper it is told apart by the column before it
            name = f"{name} ({_merge(where, fields).get('quantity', '')})"
        _add_records(records, cells, name, found, with_interval=with_interval)
    return Table(header, body, align, records, cells=cells), printed


def _agreed(evidence: Evidence, metrics: Sequence[Metric]) -> int | None:
    """The digits of a column's quantity, where it holds one quantity only and all models have the same digits."""
    agreed = {evidence.decimals(metric) for metric in metrics}
    return agreed.pop() if len(agreed) == 1 else None


def _merge(*parts: Mapping[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in parts:
        conditions = {**merged.get("conditions", {}), **part.get("conditions", {})}
        merged.update(part)
        if conditions:
            merged["conditions"] = conditions
    return merged


def _find(evidence: Evidence, identifier: str, missing: Tex | None) -> Measured | Missing | None:
    """The metric, or a failure; None where nothing is to measure it and the template allows that."""
    try:
        return evidence.find(identifier)
    except TemplateError:
        if missing is None:
            raise
        return None


def _add_records(
    records: list[list[Any]],
    cells: dict[tuple[int, int], tuple[str, str]],
    title: str,
    found: Sequence[Measured | Missing | None],
    *,
    with_interval: bool,
) -> None:
    names = ("value", "low", "high") if with_interval else ("value",)
    records[0] += [title if name == "value" else f"{title}, {name}" for name in names]
    for index, (row, entry) in enumerate(zip(records[1:], found, strict=True), start=1):
        for name in names:
            if isinstance(entry, Measured):
                cells[index, len(row)] = (entry.metric.id, name)
            row.append(json_number(getattr(entry.metric, name)) if isinstance(entry, Measured) else None)


def data_table(frame: pd.DataFrame, columns: Mapping[str, Any], limit: int | None = None) -> Table:
    """A table artifact as it is.

    Args:
        frame: the table.
        columns: its columns that are shown, and their headers.
        limit: show the first rows only; the CSV file holds them all.

    Raises:
        TemplateError: a column that the table does not have.
    """
    for name in columns:
        if name not in frame.columns:
            raise TemplateError(
                f"the table has no column {str(name)!r}.", f"It has {', '.join(map(str, frame.columns))}."
            )
    names = [str(name) for name in columns]
    shown = frame.head(limit) if limit is not None else frame
    cells = {name: column_cells(shown[name].tolist()) for name in names}
    align = [column_align(shown[name].tolist()) for name in names]
    rows = [[cells[name][index] for name in names] for index in range(len(shown))]
    records = [
        [to_text(escape(title)) for title in columns.values()],
        *frame[names].astype(object).where(frame[names].notna(), None).values.tolist(),
    ]
    return Table([escape(title) for title in columns.values()], rows, align, records)


def column_cells(values: Sequence[Any]) -> list[Tex]:
    """Cells of one column: whole numbers as they are, other numbers with as many decimals as the column needs."""
    floats = [value for value in values if isinstance(value, float) and value == value and abs(value) != math.inf]
    whole = all(value.is_integer() for value in floats)
    decimals = 0 if whole else column_decimals([Metric("", value) for value in floats])
    if decimals:  # but no zeros behind numbers that were rounded when they were written
        decimals = min(decimals, max(_places(value) for value in floats))
    return [_cell(value, decimals) for value in values]


def _places(value: float) -> int:
    """Digits after the point of the shortest decimal number that is this one."""
    exponent = Decimal(repr(value)).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _cell(value: Any, decimals: int | None) -> Tex:
    if value is None or (isinstance(value, float) and value != value):
        return MISSING
    if isinstance(value, bool):
        return Tex("yes" if value else "no")
    if isinstance(value, int):
        return format_value(value, 0)
    if isinstance(value, float):
        return format_value(value, decimals_for(Metric("", value)) if decimals is None else decimals)
    return escape(value)


def column_align(values: Sequence[Any]) -> str:
    """``r`` for numbers, ``X`` for long text, ``l`` for the rest."""
    if values and all(isinstance(value, int | float) for value in values):
        return "r"
    return "X" if any(len(to_text(escape(value))) >= WRAP_FROM for value in values) else "l"
