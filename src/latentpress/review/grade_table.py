"""``grades.csv``: one line a submission, for spreadsheets."""

from __future__ import annotations

import csv
import io
from typing import Any

from latentpress.reporting.tables import harmless
from latentpress.review.graded import Grades
from latentpress.review.submissions import shown

COLUMNS = ("number", "student", "file", "verdict", "points", "of")
LAST = ("rule", "copies", "reason", "title", "authors", "sheet", "sha256")


def grades_csv(grades: Grades) -> str:
    """All rows; no cell is one that a spreadsheet would run as a formula."""
    titles = [shown(criterion.title, 200) for criterion in grades.rubric.criteria]
    lines: list[list[Any]] = [[*COLUMNS, *titles, *LAST]]
    for row in grades.rows:
        points: list[Any] = [entry.points for entry in row.scored] or [""] * len(titles)
        reasons = [row.unreadable] if row.unreadable else [*row.findings, *row.notes]
        lines.append(
            [
                row.submission.number,
                row.submission.name,
                row.submission.place,
                row.verdict,
                row.points,
                grades.rubric.points,
                *points,
                row.told,
                ", ".join(grades.kinds_of(row)),
                "; ".join(reasons),
                row.title,
                "; ".join(row.authors),
                row.sheet,
                row.sha256,
            ]
        )
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([[harmless(cell) for cell in line] for line in lines])
    return buffer.getvalue()
