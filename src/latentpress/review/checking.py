"""The process that looks at submissions, one after another, within limits. Started by `crew`, and by nothing else.

It reads requests and writes answers as lines of JSON: nothing that a submission has brought about in here is run by
the process that asked.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import resource
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf

from latentpress.review.document import Document, DocumentError, open_document
from latentpress.review.findings import UNREADABLE, Review
from latentpress.review.rubric import Rubric, read_rubric
from latentpress.review.scoring import score, total
from latentpress.review.submissions import shown
from latentpress.review.traits import Traits, runs_of_words, traits_of
from latentpress.review.verify import verify

MEMORY = 2 << 30
"""Bytes of address space; the check of a report of 50 pages takes a tenth of it."""
MOST_PAGES = 1000
SEARCHED = 1024
"""Bytes at the beginning of a PDF, in which readers look for its mark."""
MOST_FINDINGS, LONGEST_FINDING, MOST_AUTHORS = 12, 300, 20
NO_MEMORY = f"looking at it takes more than {MEMORY >> 30} GB of memory"
_ADDRESS = re.compile(r"(?:stream )?<\S+ object at 0x[0-9a-f]+>:? ?")
"""What pikepdf calls a PDF that it was given as bytes."""
MALFORMED = (
    KeyError, IndexError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError, UnicodeError,
    OSError, RuntimeError, pikepdf.PdfError,
)  # fmt: skip
"""What reading a file raises that was made to be no report."""


def limit(what: int, value: int) -> None:
    """Lower a limit of this process; a system that has no such limit (macOS knows none of memory) goes without."""
    _, hard = resource.getrlimit(what)
    wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(what, (wanted, hard))


def main() -> None:
    """Answer requests until there are no more."""
    rubric_path, seconds = Path(sys.argv[1]), int(sys.argv[2])
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a library prints is no answer
    rubric = read_rubric(rubric_path)
    references = {name: open_document(rubric_path.parent / name) for name in rubric.references}
    handed_out = references.get(rubric.copies.reference)
    known = runs_of_words(handed_out) if handed_out else None
    reports = {name: document.report for name, document in references.items()}
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_FSIZE, 0)
    limit(resource.RLIMIT_AS, MEMORY)
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + seconds)
        request = json.loads(line)
        answer = check(Path(request["path"]), rubric, reports, known, beside=request["own_folder"])
        print(json.dumps(answer), file=answers, flush=True)


def check(
    path: Path,
    rubric: Rubric,
    references: Mapping[str, Mapping[str, Any]],
    known: frozenset[str] | None,
    *,
    beside: bool = True,
) -> dict[str, Any]:
    """Verify and score one file.

    Args:
        path: of the PDF.
        rubric: what gives points.
        references: name in the rubric to that report's report.json.
        known: runs of the handed-out report's words; None where there is none.
        beside: whether the files that the report delivers beside its PDF are looked for.

    Returns:
        For JSON: ``unreadable`` with the reason and nothing else, or verdict, findings, points and traits. ``spent``
        says that this process may be the worse for it, and should end.
    """
    other = _other_kind(path)
    if other:
        return {"unreadable": other, "spent": False}
    try:
        document = open_document(path)
        _refuse_many_pages(document)
        review = verify(path, clone=False, beside=beside)
        if review.verdict == UNREADABLE:
            return _unreadable(review.unreadable, path)
        return _answer(document, review, rubric, references, known)
    except DocumentError as error:
        return _unreadable(error.message, path)
    except MemoryError:
        return _unreadable(NO_MEMORY, path)
    except MALFORMED as error:
        return _unreadable(f"its content is not what a build writes ({type(error).__name__}: {error})", path)


def _other_kind(path: Path) -> str:
    """Why a file is no PDF, by how it begins; no library is asked. Empty where it begins like one."""
    try:
        with path.open("rb") as file:
            begin = file.read(SEARCHED)
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    if not begin:
        return "the file is empty"
    return "" if b"%PDF-" in begin else "found no PDF: the file does not begin like one"


def _refuse_many_pages(document: Document) -> None:
    with pikepdf.open(io.BytesIO(document.pdf or b"")) as pdf:
        pages = len(pdf.pages)
    if pages > MOST_PAGES:
        raise DocumentError(f"{document.path}: found {pages:,} pages, expected at most {MOST_PAGES:,}.")


def _answer(
    document: Document,
    review: Review,
    rubric: Rubric,
    references: Mapping[str, Mapping[str, Any]],
    known: frozenset[str] | None,
) -> dict[str, Any]:
    scored = score(document.report, review.verdict, rubric, references)
    points, told = total(scored, review.verdict, rubric)
    notes = []
    try:
        traits = traits_of(document, known)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        traits = Traits(document.sha256)
        notes.append(f"it could not be compared with others: content of another form ({type(error).__name__})")
    return {
        "unreadable": "",
        "spent": False,
        "verdict": review.verdict,
        "sha256": document.sha256,
        "title": shown(document.title, LONGEST_FINDING),
        "authors": [shown(name) for name in document.authors[:MOST_AUTHORS]],
        "findings": [_cut(finding.told(), document.path) for finding in review.altered[:MOST_FINDINGS]],
        "altered": len(review.altered),
        "notes": notes,
        "checks": [[check.name, check.looked_at, len(check.findings), check.skipped] for check in review.checks],
        "scored": [replace(entry, why=shown(entry.why, LONGEST_FINDING)).as_json() for entry in scored],
        "points": points,
        "told": told,
        "traits": traits.as_json(),
    }


def _unreadable(reason: str, path: Path) -> dict[str, Any]:
    return {"unreadable": _cut(reason, path), "spent": True}


def _cut(text: str, path: Path) -> str:
    """A reason without this machine's folders, on one line."""
    if "bad_alloc" in text:
        return NO_MEMORY
    plain = text.replace(f"{path}: ", "").replace(str(path), "the file").replace(os.fspath(path.parent), "")
    return shown(_ADDRESS.sub("", plain), LONGEST_FINDING)


if __name__ == "__main__":
    main()
