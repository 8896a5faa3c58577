"""Tables of two reports, where they differ in what the metrics do not show."""

from __future__ import annotations

import csv
import io
import math
from pathlib import PurePosixPath

from latentpress.review.compare_differences import Entry, Part, State
from latentpress.review.compare_metrics import known_numbers
from latentpress.review.compare_results import union
from latentpress.review.compare_tolerances import OTHER, within
from latentpress.review.document import Document, DocumentError

SHOWN_ELSEWHERE = frozenset({"health.csv", "stages.csv", "data.csv", "environment.csv", "settings.csv"})
"""Tables of what is compared by itself."""
Rows = list[list[str]]


def compare_tables(a: Document, b: Document) -> Part:
    """Cells that differ and hold no metric; a table of another shape as a whole.

    Raises:
        DocumentError: a table that cannot be read.
    """
    names = [[PurePosixPath(entry["file"]).name for entry in document.report["tables"]] for document in (a, b)]
    numbers = known_numbers(a), known_numbers(b)
    entries: list[Entry] = []
    not_at_hand = 0
    for name in union(*names):
        if name in SHOWN_ELSEWHERE:
            continue
        if any(name in listed and name not in document.files for document, listed in zip((a, b), names, strict=True)):
            not_at_hand += 1  # a lone report.json has none
            continue
        rows_a, rows_b = (_rows(document, name) for document in (a, b))
        if rows_a == rows_b:
            entries.append(Entry(name, _shape(rows_a), _shape(rows_b), state="same"))
        elif rows_a is None or rows_b is None or _frame(rows_a) != _frame(rows_b):
            entries.append(_whole(name, rows_a, rows_b))
        else:
            entries += _cells(name, rows_a, rows_b, numbers) or [
                Entry(name, _shape(rows_a), _shape(rows_b), state="within", note="differs in metrics alone")
            ]
    remark = "Cells that hold no metric; the metrics are compared by themselves."
    left_out = f"{not_at_hand} not compared: their files were not handed in with one of the reports."
    return Part("tables", "Tables", entries, remark, left_out if not_at_hand else "")


def _rows(document: Document, name: str) -> Rows | None:
    data = document.files.get(name)
    if data is None or name not in [PurePosixPath(entry["file"]).name for entry in document.report["tables"]]:
        return None
    try:
        return list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DocumentError(
            f"{document.path}: {name}: found no table of comma-separated values ({error}).", "Build the report again."
        ) from error


def _shape(rows: Rows | None) -> str | None:
    return None if rows is None else f"{max(len(rows) - 1, 0)} rows, {len(rows[0]) if rows else 0} columns"


def _frame(rows: Rows) -> tuple[list[str], list[int]]:
    """Header, and the number of cells of each row."""
    return rows[0] if rows else [], [len(row) for row in rows]


def _whole(name: str, a: Rows | None, b: Rows | None) -> Entry:
    shapes = [_shape(a), _shape(b)]
    if a is not None and b is not None and shapes[0] == shapes[1]:
        shapes = [", ".join(rows[0]) if rows else "" for rows in (a, b)]
    return Entry(name, shapes[0], shapes[1], "differs", "" if None in shapes else "other rows or columns")


def _cells(name: str, a: Rows, b: Rows, numbers: tuple[set[float], set[float]]) -> list[Entry]:
    entries = []
    for index, (row_a, row_b) in enumerate(zip(a[1:], b[1:], strict=True), start=1):
        for column, cell_a, cell_b in zip(a[0] or [], row_a, row_b, strict=False):
            state = _state(cell_a, cell_b, numbers)
            if state != "same":
                first = row_a[0] if row_a[0] == row_b[0] and column != a[0][0] else ""
                label = f"row {index}{f' ({first})' if first else ''}, {column}"
                entries.append(Entry(f"{name}: {label}", cell_a, cell_b, state=state, group=name, label=label))
    return entries


def _state(a: str, b: str, numbers: tuple[set[float], set[float]]) -> State:
    if a == b:
        return "same"
    value_a, value_b = _number(a), _number(b)
    if value_a is None or value_b is None:
        return "told"
    if value_a in numbers[0] and value_b in numbers[1]:
        return "same"  # a metric
    whole = a.lstrip("-").isdecimal() and b.lstrip("-").isdecimal()
    return "within" if not whole and within(value_a, value_b, OTHER) else "differs"


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return None if math.isnan(value) else value
