"""``latentpress grade``: a folder of submissions to a table of grades, a sheet for each student and a summary."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentpress.errors import LatentPressError, LatexError, SettingsError, TexMissingError
from latentpress.project import root_or_none
from latentpress.reporting.tex import find_tex, install_command
from latentpress.review.copies import Group, find_copies
from latentpress.review.crew import check_all
from latentpress.review.document import DocumentError, open_document
from latentpress.review.findings import ALTERED
from latentpress.review.grade_folder import check_folder, write_folder
from latentpress.review.grade_progress import progress_of
from latentpress.review.grade_table import grades_csv
from latentpress.review.graded import Grades, row_of
from latentpress.review.rubric import Rubric, read_rubric
from latentpress.review.scoring import number
from latentpress.review.submissions import Submission, find_submissions, sheet_names
from latentpress.review.traits import Traits, traits_of
from latentpress.review.web_sheets import sheet_html, summary_html
from latentpress.starting import STARTER

WORKERS, SECONDS = 2, 60
STYLE = Path("report_templates") / "common" / "report.sty"


class GradingError(LatentPressError):
    """Graded, but not everything could be read, or typeset."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line asks for.

    Attributes:
        submissions: the folder.
        rubric: its file.
        output: the folder of grades.
        workers: processes at once.
        seconds: of computing that one submission may take.
        project: a folder in the project whose report.sty gives the sheets their looks.
    """

    submissions: Path
    rubric: Path
    output: Path
    workers: int = WORKERS
    seconds: int = SECONDS
    project: Path = Path()


def grade(order: Order, say: Callable[[str], None]) -> None:
    """Grade a folder of submissions.

    Raises:
        SettingsError: the rubric is not what it should be, or the report that it refers to cannot be read.
        UsageError: there are no submissions, or grades cannot be written where they are asked for.
        GradingError: graded; some submissions could not be read, or LaTeX failed.
        TexMissingError: graded, with sheets as HTML.
    """
    rubric = read_rubric(order.rubric)
    handed_out = _references(rubric, order.rubric)
    check_folder(order.output, order.submissions)
    leave_out = [order.rubric, order.output, *(order.rubric.parent / name for name in rubric.references)]
    submissions = find_submissions(order.submissions, leave_out)
    grades = _graded(order, rubric, handed_out, submissions, say)
    missing: LatentPressError | None = None
    try:
        typeset = _as_pdf(grades, order.project)
    except (TexMissingError, LatexError) as error:
        missing, typeset = error, _as_html(grades)
    table = {
        "grades.csv": grades_csv(grades).encode("utf-8", "replace"),
        "grades.json": (json.dumps(grades.as_json(), indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace"),
    }
    for name in write_folder(order.output, {**table, **typeset}):
        say(f"kept        {name} was edited since the last grading; it is kept as {name}.edited")
    _tell(grades, order, say)
    _end(grades, missing)


def _references(rubric: Rubric, path: Path) -> Traits | None:
    """Traits of the report that was handed out, if the rubric names one; all that it names are read."""
    for name in rubric.references:
        try:
            document = open_document(path.parent / name)
        except DocumentError as error:
            raise SettingsError(f'{path}: the reference "{name}": {error.message}', error.hint) from None
        if name == rubric.copies.reference:
            handed_out = traits_of(document)
    return handed_out if rubric.copies.reference else None


def _graded(
    order: Order,
    rubric: Rubric,
    handed_out: Traits | None,
    submissions: Sequence[Submission],
    say: Callable[[str], None],
) -> Grades:
    say(
        f"Grading {len(submissions)} submissions by {order.rubric.name}: {len(rubric.criteria)} criteria, "
        f"{number(rubric.points)} points; {order.workers} at once"
    )
    answers: dict[int, Mapping[str, Any]] = {}
    with progress_of(len(submissions), say, sys.stdout) as progress:
        for submission, answer in check_all(submissions, order.rubric, order.workers, order.seconds):
            answers[submission.number] = answer
            progress.step(_problem(submission, answer))
    sheets = sheet_names(submissions)
    rows = [row_of(one, sheets[one.number], answers[one.number]) for one in submissions]
    traits = {
        row.submission.number: Traits.from_json(answers[row.submission.number]["traits"]) for row in rows if row.sha256
    }
    return Grades(rubric, rows, find_copies(traits, handed_out), _remarks(handed_out))


def _problem(submission: Submission, answer: Mapping[str, Any]) -> str:
    if answer["unreadable"]:
        return f"unreadable  {submission.name}: {answer['unreadable']}"
    if answer["verdict"] == ALTERED:
        more = f" (and {answer['altered'] - 1} more)" if answer["altered"] > 1 else ""
        return f"altered     {submission.name}: {answer['findings'][0]}{more}"
    return ""


def _remarks(handed_out: Traits | None) -> list[str]:
    if handed_out is not None:
        return []
    return [
        "The rubric names no handed-out report ([copies] reference). So what students left as it was is told, too, and "
        "sentences were not compared, since nothing shows which of them are the template's."
    ]


def _as_pdf(grades: Grades, project: Path) -> dict[str, bytes]:
    if find_tex() is None:
        raise TexMissingError(
            "LaTeX is not installed: sheets and summary are HTML, and there is no PDF of them.",
            f"Install it with: {install_command()}",
        )
    from latentpress.review.distribution import draw_distribution
    from latentpress.review.press import press

    points = [row.points for row in grades.readable]
    figure = draw_distribution(points, grades.rubric.points) if points else None
    summary, sheets = press(grades, _style(project), figure)
    names = {row.submission.number: row.sheet for row in grades.rows}
    return {"summary.pdf": summary, **{f"sheets/{names[key]}.pdf": data for key, data in sheets.items()}}


def _style(project: Path) -> bytes:
    """report.sty of the project that one is in, or else the one that new projects get."""
    root = root_or_none(project.resolve())
    own = (root or STARTER) / STYLE
    return (own if own.is_file() else STARTER / STYLE).read_bytes()


def _as_html(grades: Grades) -> dict[str, bytes]:
    sheets = {f"sheets/{row.sheet}.html": sheet_html(row, grades) for row in grades.rows}
    return {
        name: text.encode("utf-8", "replace") for name, text in {**sheets, "summary.html": summary_html(grades)}.items()
    }


def _tell(grades: Grades, order: Order, say: Callable[[str], None]) -> None:
    for title in grades.doubtful_criteria():
        say(f"criterion   no report has what “{title}” asks for; is it named right?")
    for group in grades.groups:
        say(f"in common   {_group(group, grades)}")
    say("; ".join(f"{name.lower()}: {value}" for name, value in grades.overview()))
    say(f"{order.output}/: grades.csv, grades.json, sheets/ and the summary")


def _group(group: Group, grades: Grades) -> str:
    names = {row.submission.number: row.submission.name for row in grades.rows}
    some = ", ".join(names[member] for member in group.members[:4])
    more = f" and {len(group.members) - 4} more" if len(group.members) > 4 else ""
    return f"{group.kind}: {some}{more} ({group.what})"


def _end(grades: Grades, missing: LatentPressError | None) -> None:
    if isinstance(missing, TexMissingError):
        raise missing
    if missing is not None:
        raise GradingError(f"{missing.message} Sheets and summary are HTML.", missing.hint)
    unread = len(grades.rows) - len(grades.readable)
    if unread:
        raise GradingError(
            f"{unread} of {len(grades.rows)} submissions could not be read",
            "All others are graded; grades.csv has the reason in each row.",
        )
