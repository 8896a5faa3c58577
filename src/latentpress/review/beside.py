"""Files that a report delivers beside its PDF, held against what its report.json says of them."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentpress.reporting.section_files import is_deliverable
from latentpress.review.document import Document
from latentpress.review.findings import CheckDone, Finding
from latentpress.review.shown import DIGITS


def check_files(document: Document, *, beside: bool = True) -> CheckDone:
    """Each delivered file comes from a stage of the report and, where it lies beside the PDF, is the one that was made.

    Args:
        document: read from a PDF.
        beside: whether to look for the files in the PDF's folder; not where a folder holds reports of several people.
    """
    entries = document.report["files"]
    made = {entry["artifact"] for entry in document.report["provenance"] if entry["stage"].startswith("evaluate/")}
    findings = [
        Finding("files", entry["file"], f"artifact {entry['artifact'][:DIGITS]}", "one that an evaluation has made")
        for entry in entries
        if entry["artifact"] not in made
    ]
    if beside:
        found = (_look(document.path.parent, entry) for entry in entries)
        findings += [finding for finding in found if finding is not None]
    skipped = "" if beside or not entries else "files beside the PDF: this folder is not the report's own"
    return CheckDone("files", len(entries), "delivered files against report.json", findings, skipped)


def _look(folder: Path, entry: Mapping[str, Any]) -> Finding | None:
    """What is wrong with one file. What is no plain file is not opened, and one of another size is not read."""
    name, told = entry["file"], f"SHA-256 {entry['sha256'][:DIGITS]}…"
    if not is_deliverable(name):
        return Finding("files", name, "a name that no delivered file has", "that of a file beside the PDF")
    path = folder / name
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            return Finding("files", name, told, "a link, which is not followed", "note")
        if not stat.S_ISREG(status.st_mode):
            return Finding("files", name, "no plain file", told)
        if status.st_size != entry["bytes"]:
            return Finding("files", name, f"{status.st_size:,} bytes", f"{entry['bytes']:,}")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return Finding("files", name, told, "no such file beside the PDF", "note")
    except OSError as error:
        return Finding("files", name, told, f"a file that cannot be read ({error.strerror})", "note")
    return None if digest == entry["sha256"] else Finding("files", name, f"SHA-256 {digest[:DIGITS]}…", told)
