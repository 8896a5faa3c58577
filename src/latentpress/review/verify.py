"""``latentpress verify``: whether a report is what a build has made, without building it.

Not seen: an edit that changes the pages and all that is attached consistently. Only `rerun` finds it, or a digest of
the PDF that whoever checks holds from elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pikepdf
import pypdfium2

from latentpress.export import write_atomically
from latentpress.reporting.page_text import page_texts
from latentpress.review.attached import check_attachments, check_seal, check_text, opened
from latentpress.review.beside import check_files
from latentpress.review.document import Document, DocumentError, open_document
from latentpress.review.findings import CheckDone, Finding, Review
from latentpress.review.here import check_clone, sections_differ_here
from latentpress.review.printed import check_annotations, check_figures, check_numbers, links
from latentpress.review.recomputed import check_claims, check_health, check_provenance, check_tables
from latentpress.review.sentences import is_printed, letters

DAMAGE = (
    KeyError, IndexError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError, UnicodeError,
    pikepdf.PdfError, pypdfium2.PdfiumError,
)  # fmt: skip
"""What reading data raises that does not have the form that a build gives it."""


def verify(
    path: Path, *, expect: str = "", root: Path | None = None, clone: bool = True, beside: bool = True
) -> Review:
    """Check a report.

    Args:
        path: of its PDF, or of the folder that a build has exported it to.
        expect: SHA-256 that the PDF should have, or the first digits of it.
        root: of the project that its code, settings and versions are held against; None where there is none.
        clone: whether to hold it against this clone, which gives notes only and takes as long as all else.
        beside: whether to look at the files beside the PDF that it tells of.

    Returns:
        The review; a file that cannot be read is one, too.
    """
    review = Review(str(path))
    try:
        document = verified_document(path)
    except DocumentError as error:
        review.unreadable = str(error).replace("\n", " ")
        return review
    review.sha256 = document.sha256
    if document.pdf is None:
        review.unreadable = f"{path}: there is no PDF to verify. Give the report.pdf."
        return review
    if expect:
        review.checks.append(_expected(document, expect))
    try:
        review.checks += told_by_other_code(list(_checks(document, root, clone, beside)), document, root)
    except DAMAGE as error:
        review.unreadable = f"{path}: found a PDF whose pages cannot be read ({type(error).__name__}: {error})."
    return review


def verified_document(path: Path) -> Document:
    """The report that is verified: of a folder its PDF, by what is attached to it; files beside it may be other ones.

    Raises:
        DocumentError: as `open_document`.
    """
    inside = path / "report.pdf"
    return open_document(inside if path.is_dir() and inside.is_file() else path)


def _checks(document: Document, root: Path | None, clone: bool, beside: bool) -> Iterator[CheckDone]:
    with opened(document) as pdf:
        texts = page_texts(document.pdf or b"")
        steps: list[tuple[str, Callable[[], CheckDone]]] = [
            ("attachments", lambda: check_attachments(document, pdf)),
            ("seal", lambda: check_seal(document, pdf)),
            ("title", lambda: check_title(document, pdf, texts)),
            ("text", lambda: check_text(document, texts)),
            ("annotations", lambda: check_annotations(pdf)),
            ("numbers", lambda: check_numbers(document, links(pdf))),
            ("figures", lambda: check_figures(document, links(pdf))),
            ("claims", lambda: check_claims(document, texts)),
            ("health", lambda: check_health(document)),
            ("tables", lambda: check_tables(document)),
            ("provenance", lambda: check_provenance(document, texts)),
            ("files", lambda: check_files(document, beside=beside)),
            *([("clone", lambda: check_clone(document, root))] if clone else []),
        ]
        for name, step in steps:
            try:
                yield step()
            except DAMAGE as error:
                told = f"data of another form ({type(error).__name__}: {error})"
                yield CheckDone(name, 0, "", [Finding(name, "the whole check", told, "what a build writes")])


def told_by_other_code(checks: list[CheckDone], document: Document, root: Path | None) -> list[CheckDone]:
    """The checks, those that compute results again undecided where other code than this clone's has made the report.

    Its wordings, rules and tables may be others; only a report that the same code has made can be said to be altered.
    """
    wrong = [check for check in checks if check.name in COMPUTED and check.findings]
    if not wrong or not sections_differ_here(document, root):
        return checks
    return [
        replace(check, findings=[replace(finding, weight="undecided") for finding in check.findings])
        if check in wrong
        else check
        for check in checks
    ]


COMPUTED = ("claims", "health", "tables")


def _expected(document: Document, expect: str) -> CheckDone:
    wanted = expect.strip().lower()
    same = len(wanted) >= FEWEST and document.sha256.startswith(wanted)
    findings = [] if same else [Finding("digest", "the file", document.sha256, wanted)]
    return CheckDone("digest", 1, "the PDF's SHA-256 against the one that was given", findings)


FEWEST = 12
"""Hexadecimal digits that `expect` needs, so that no other file can be made to have them."""


def check_title(document: Document, pdf: pikepdf.Pdf, texts: list[str]) -> CheckDone:
    """Title and authors on the first pages and in the metadata, and the language, are those of the report."""
    report = document.report["report"]
    authors = ", ".join(document.authors)
    told = {
        "title": (str(pdf.docinfo.get("/Title", "")), document.title),
        "authors": (str(pdf.docinfo.get("/Author", "")), authors),
        "language": (str(pdf.Root.get("/Lang", "")), report.get("language", "en-GB")),
    }
    findings = [
        Finding("title", name, repr(there), repr(meant))
        for name, (there, meant) in told.items()
        if _carried(there) != _carried(meant)
    ]
    first = [letters(page) for page in texts[:PAGES_OF_TITLE]]
    findings += [
        Finding("title", "the first pages", "no such title or author", repr(name))
        for name in (document.title, *document.authors)
        if not is_printed(name, first)
    ]
    what = "title, authors and language, in the metadata and on the first page"
    return CheckDone("title", len(told) + 1 + len(document.authors), what, findings)


PAGES_OF_TITLE = 2


def _carried(text: str) -> str:
    """Text without what no encoding can carry."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def write_review(review: Review, path: Path) -> None:
    """Write ``verify.json``."""
    text = json.dumps(review.as_json(), indent=2, ensure_ascii=False)
    write_atomically(path, f"{text}\n".encode("utf-8", "replace"))
