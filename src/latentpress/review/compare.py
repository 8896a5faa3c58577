"""The command ``compare``: two reports are read, compared, and the differences written where they were asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from latentpress.errors import LatentPressError, LatexError
from latentpress.review.compare_console import told
from latentpress.review.compare_differences import SAME, Comparison
from latentpress.review.comparing import compare
from latentpress.review.document import Document, DocumentError, open_document

WITHIN, DIFFERS = 0, 1
"""Exit statuses of reports that are the same within tolerances, and of those that are not."""


class CompareError(LatentPressError):
    """Two reports that cannot be compared, or a comparison that cannot be written: no answer, as with ``diff``."""

    exit_status = 2


@dataclass(frozen=True, slots=True)
class Request:
    """What to compare, and what to write.

    Attributes:
        a, b: PDFs, folders of builds, or report.json files.
        everything: show what is equal, too.
        html, pdf, json: files to write, or None.
    """

    a: Path
    b: Path
    everything: bool = False
    html: Path | None = None
    pdf: Path | None = None
    json: Path | None = None


def run_compare(request: Request, say: Callable[[str], None]) -> int:
    """Compare two reports.

    Returns:
        The exit status: 0 where results are the same within tolerances, 1 where not.

    Raises:
        CompareError: one is no report, or a file cannot be written or typeset.
        TexMissingError: a PDF is asked for, and TeX is not installed; everything else is written by then.
    """
    try:
        a, b = (open_document(path) for path in (request.a, request.b))
        comparison = compare(a, b)
    except DocumentError as error:
        raise CompareError(error.message, error.hint) from error
    say(told(comparison, request.everything).rstrip("\n"))
    _write_files(request, comparison, a, b, say)
    return WITHIN if comparison.verdict == SAME else DIFFERS


def _write_files(
    request: Request, comparison: Comparison, a: Document, b: Document, say: Callable[[str], None]
) -> None:
    """The files that were asked for; the PDF last, since TeX may be missing."""
    if request.json is not None:
        text = json.dumps(comparison.as_json(request.everything), indent=1, sort_keys=True) + "\n"
        _write(request.json, text.encode("ascii"), say)
    if request.html is None and request.pdf is None:
        return
    from latentpress.review.compare_html import page
    from latentpress.review.compare_pictures import pictures

    shown = pictures(comparison, a, b, request.everything)
    if request.html is not None:
        _write(request.html, page(comparison, shown, request.everything), say)
    if request.pdf is not None:
        from latentpress.review.compare_pdf import typeset

        try:
            data = typeset(comparison, shown, request.everything)
        except LatexError as error:
            raise CompareError(error.message, error.hint) from error
        _write(request.pdf, data, say)


def _write(path: Path, data: bytes, say: Callable[[str], None]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise CompareError(
            f"{path}: it cannot be written: {error.strerror}.", "Name a file in a folder that you may write to."
        ) from error
    say(f"written: {path}")
