"""Sheets and summary as PDF: one run of LaTeX for the whole class, split by pages."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pikepdf

from latentpress.errors import LatexError
from latentpress.reporting.attachments import saved
from latentpress.reporting.latex_errors import first_fault
from latentpress.reporting.latexmk import run_latexmk
from latentpress.review.graded import Grades
from latentpress.review.sheets import FIGURE, PAGES, document

TIME_LIMIT = 600.0
"""Seconds; two hundred sheets take ten."""


def press(grades: Grades, style: bytes, figure: bytes | None) -> tuple[bytes, dict[int, bytes]]:
    """Typeset everything.

    Args:
        grades: what is typeset.
        style: report.sty.
        figure: the distribution as PDF, where there is one.

    Returns:
        The summary, and number of a submission to its sheet.

    Raises:
        LatexError: LaTeX refused the document.
        TexMissingError: there is no TeX.
        OSError: there is no room for it.
    """
    with tempfile.TemporaryDirectory(prefix="latentpress-") as name:
        folder = Path(name)
        (folder / "report.tex").write_text(document(grades), encoding="utf-8")
        (folder / "report.sty").write_bytes(style)
        if figure is not None:
            (folder / FIGURE).parent.mkdir()
            (folder / FIGURE).write_bytes(figure)
        run = run_latexmk(folder, TIME_LIMIT)
        log = _text(folder / "report.log")
        fault = first_fault(log, _text(folder / "report.tex"))
        pdf = folder / "report.pdf"
        if fault is not None or run.status != 0 or not pdf.is_file():
            told = str(fault) if fault is not None else " / ".join(run.output.splitlines()[-4:])
            raise LatexError(f"LaTeX made no sheets: {told}", "The table of grades is written; please report this.")
        return split(pdf.read_bytes(), _pages(_text(folder / PAGES)), grades)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _pages(told: str) -> dict[int, int]:
    """Number of a submission to the page, from 1, that its sheet begins on."""
    lines = (line.split() for line in told.splitlines())
    return {int(number): int(page) for number, page in lines}


def split(data: bytes, begins: Mapping[int, int], grades: Grades) -> tuple[bytes, dict[int, bytes]]:
    """The summary and the sheets of a document.

    Args:
        data: the PDF.
        begins: number of a submission to the page, from 1, that its sheet begins on.
        grades: whose sheets these are.

    Raises:
        LatexError: the pages are not those of a summary and all sheets, one after the other.
    """
    numbers = [row.submission.number for row in grades.rows]
    with pikepdf.open(io.BytesIO(data)) as pdf:
        first = [begins.get(number, 0) for number in numbers]
        ends = [*first[1:], len(pdf.pages) + 1]
        if any(begin >= end for begin, end in zip([1, *first], [*first[:1], *ends], strict=True)):
            raise LatexError("LaTeX lost the pages of some sheets.", "Grade again; if it stays so, please report it.")
        titles = [f"{row.submission.name}: {grades.rubric.title}" for row in grades.rows]
        sheets = {
            number: _part(pdf, begin, end, title)
            for number, begin, end, title in zip(numbers, first, ends, titles, strict=True)
        }
        return _part(pdf, 1, first[0], f"Grades: {grades.rubric.title}"), sheets


def _part(pdf: pikepdf.Pdf, begin: int, end: int, title: str) -> bytes:
    with pikepdf.new() as part:
        for page in range(begin - 1, end - 1):
            part.pages.append(pdf.pages[page])
        part.docinfo["/Title"] = pikepdf.String(title)
        part.Root.Lang = pikepdf.String("en-GB")
        return saved(part)
