"""What grading has found: a row for each submission, and groups of those that have too much in common."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from latentpress.review.copies import SUSPICIOUS, Group
from latentpress.review.findings import ALTERED, UNREADABLE
from latentpress.review.rubric import Rubric
from latentpress.review.scoring import Scored, number
from latentpress.review.submissions import Submission

MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One submission.

    Attributes:
        submission: where it lies and whose it is.
        sheet: name of its sheet, without an ending.
        verdict: ``verified``, ``altered`` or ``unreadable``.
        unreadable: why it could not be read, or empty.
        sha256: of the file, where it could be read.
        title: of the report.
        authors: of the report.
        findings: by which it is altered; the first ones.
        altered: how many there are.
        notes: what else whoever grades should know.
        scored: points by criterion; empty where it could not be read.
        points: in sum, by the rubric's rules.
        told: what these rules changed.
    """

    submission: Submission
    sheet: str
    verdict: str = UNREADABLE
    unreadable: str = ""
    sha256: str = ""
    title: str = ""
    authors: Sequence[str] = ()
    findings: Sequence[str] = ()
    altered: int = 0
    notes: Sequence[str] = ()
    scored: Sequence[Scored] = ()
    points: float = 0.0
    told: str = ""

    def as_json(self) -> dict[str, Any]:
        """The entry of grades.json."""
        return {
            "number": self.submission.number,
            "student": self.submission.name,
            "file": self.submission.place,
            "sheet": self.sheet,
            "verdict": self.verdict,
            "unreadable": self.unreadable,
            "sha256": self.sha256,
            "title": self.title,
            "authors": list(self.authors),
            "findings": list(self.findings),
            "altered": self.altered,
            "notes": list(self.notes),
            "criteria": [entry.as_json() for entry in self.scored],
            "points": self.points,
            "rule": self.told,
        }


def row_of(submission: Submission, sheet: str, answer: Mapping[str, Any]) -> Row:
    """A row out of what a checking process has answered."""
    if answer["unreadable"]:
        return Row(submission, sheet, unreadable=answer["unreadable"])
    return Row(
        submission,
        sheet,
        verdict=answer["verdict"],
        sha256=answer["sha256"],
        title=answer["title"],
        authors=answer["authors"],
        findings=answer["findings"],
        altered=answer["altered"],
        notes=answer["notes"],
        scored=[Scored(**entry) for entry in answer["scored"]],
        points=answer["points"],
        told=answer["told"],
    )


@dataclass(frozen=True, slots=True)
class Grades:
    """All that is written down.

    Attributes:
        rubric: by which it was graded.
        rows: in the order of the submissions' numbers.
        groups: of submissions that have too much in common.
        remarks: on what could not be looked for.
    """

    rubric: Rubric
    rows: Sequence[Row]
    groups: Sequence[Group]
    remarks: Sequence[str] = field(default_factory=list)

    @property
    def readable(self) -> list[Row]:
        """Rows that were scored."""
        return [row for row in self.rows if not row.unreadable]

    def kinds_of(self, row: Row) -> list[str]:
        """The kinds of the groups that a submission is in."""
        kinds = (group.kind for group in self.groups if row.submission.number in group.members)
        return list(dict.fromkeys(kinds))

    def first_looks(self) -> list[tuple[Row, list[str]]]:
        """Submissions that a person should look at before the others, with the reasons."""
        found = []
        for row in self.rows:
            reasons = [f"could not be read: {row.unreadable}"] if row.unreadable else []
            if row.verdict == ALTERED:
                reasons.append(f"altered: {row.findings[0]}" + (f" (and {row.altered - 1} more)" * (row.altered > 1)))
            reasons += [kind for kind in self.kinds_of(row) if kind in SUSPICIOUS]
            reasons += row.notes
            if reasons:
                found.append((row, reasons[: MOST_REASONS + 1]))
        return found

    def mean(self, index: int) -> float:
        """Mean points of a criterion, over what was scored; 0 where nothing was."""
        points = [row.scored[index].points for row in self.readable]
        return statistics.fmean(points) if points else 0.0

    def doubtful_criteria(self) -> list[str]:
        """Criteria for which no report has what they ask for."""
        found = self.readable
        return [
            criterion.title
            for index, criterion in enumerate(self.rubric.criteria)
            if found and all(row.scored[index].unmeasured for row in found)
        ]

    def overview(self) -> list[tuple[str, str]]:
        """The class in a few numbers."""
        points = [row.points for row in self.readable]
        altered = sum(row.verdict == ALTERED for row in self.rows)
        told = [
            ("Submissions", f"{len(self.rows)}"),
            ("Graded", f"{len(points)}"),
            ("Altered", f"{altered}"),
            ("Could not be read", f"{len(self.rows) - len(points)}"),
        ]
        if points:
            middle = (
                f"{number(round(statistics.fmean(points), 2))} (mean), {number(round(statistics.median(points), 2))}"
            )
            told.append(("Points", f"{middle} (median), {number(min(points))} to {number(max(points))}"))
        return told

    def as_json(self) -> dict[str, Any]:
        """The content of grades.json."""
        return {
            "rubric": self.rubric.title,
            "points": self.rubric.points,
            "submissions": [row.as_json() for row in self.rows],
            "groups": [group.as_json() for group in self.groups],
            "remarks": list(self.remarks),
        }
