"""A finished report, read from its PDF or from the folder that a build has exported it to."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pikepdf

from latentpress.errors import LatentPressError
from latentpress.reporting.attachments import REPORT, REPORT_FORMAT

LARGEST = 200_000_000
"""Bytes of a file that is looked at; a report of 50 pages has 1.5 million."""
_LISTS = ("metrics", "claims", "numbers", "health", "figures", "tables", "files", "failures", "provenance")
_TABLES = ("report", "settings", "facts", "environment", "evidence")


class DocumentError(LatentPressError):
    """A file or folder that is no report of LatentPress, or cannot be read."""


@dataclass(frozen=True, slots=True)
class Document:
    """A finished report.

    Attributes:
        path: as it was given.
        sha256: of the PDF; empty where there is none.
        report: report.json.
        files: attached or exported files by name (``accuracy.csv``, ``settings.json``), without folders.
        pdf: the PDF's bytes, or None where only a folder without one is at hand.
    """

    path: Path
    sha256: str
    report: Mapping[str, Any]
    files: Mapping[str, bytes]
    pdf: bytes | None

    @property
    def title(self) -> str:
        """Of the report."""
        return str(self.report["report"].get("title", ""))

    @property
    def authors(self) -> list[str]:
        """Names, as they were typed."""
        return [str(author.get("name", "")) for author in self.report["report"].get("authors", [])]


def open_document(path: Path) -> Document:
    """Read a report.

    Args:
        path: a PDF, a folder that holds ``report.pdf`` or ``report.json``, or a ``report.json``.

    Raises:
        DocumentError: with what was found and expected.
    """
    if path.is_dir():
        return _from_folder(path)
    data = read_file(path)
    if path.suffix == ".json":
        return Document(path, "", read_report(data, str(path)), {REPORT: data}, None)
    return from_pdf(path, data)


def from_pdf(path: Path, data: bytes) -> Document:
    """Read a report from its PDF.

    Raises:
        DocumentError: as `open_document`.
    """
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            if pdf.is_encrypted:
                raise DocumentError(f"{path}: the PDF is encrypted.", "Hand it in without any password.")
            files = {name: attached_bytes(pdf, name) for name in pdf.attachments}
    except pikepdf.PasswordError as error:
        raise DocumentError(f"{path}: the PDF is encrypted.", "Hand it in without a password.") from error
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        told = str(error).rpartition(">: ")[2]  # before it stands the object in memory that was read
        raise DocumentError(f"{path}: found no PDF that can be read ({told}).", "Build the report again.") from error
    if REPORT not in files:
        carried = ", ".join(sorted(files)) or "nothing"
        raise DocumentError(
            f"{path}: found {carried} attached, expected {REPORT}: it is no report of LatentPress, or its attachments "
            "were removed (printing to a file does that).",
            "Give the report.pdf as the build left it.",
        )
    return Document(
        path, hashlib.sha256(data).hexdigest(), read_report(files[REPORT], f"{path}: {REPORT}"), files, data
    )


def attached_bytes(pdf: pikepdf.Pdf, name: str) -> bytes:
    """An attached file's content."""
    return bytes(pdf.attachments[name].get_file().read_bytes())


def read_file(path: Path) -> bytes:
    """A file's content.

    Raises:
        DocumentError: it cannot be read, or is too large to be a report.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise DocumentError(
                f"{path}: found {size:,} bytes, expected at most {LARGEST:,}.", "A report is smaller; give that file."
            )
        return path.read_bytes()
    except OSError as error:
        raise DocumentError(
            f"{path}: it cannot be read: {error.strerror}.", "Give the path of a report.pdf."
        ) from error


def read_report(data: bytes, where: str) -> dict[str, Any]:
    """The content of a report.json.

    Raises:
        DocumentError: it is no JSON, or lacks what every report.json has.
    """
    try:
        found = json.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise DocumentError(f"{where}: found no JSON ({error}).", "Build the report again.") from error
    if isinstance(found, dict) and found.get("format") != REPORT_FORMAT:
        raise DocumentError(
            f"{where}: found the format {found.get('format', 'of before')!s:.40}, expected {REPORT_FORMAT}.",
            "Another version of LatentPress made it; take that version, or build the report again with this one.",
        )
    kinds = {**dict.fromkeys(_LISTS, list), **dict.fromkeys(_TABLES, dict)}
    wrong = [key for key, kind in kinds.items() if not isinstance(found, dict) or not isinstance(found.get(key), kind)]
    if wrong:
        raise DocumentError(
            f"{where}: found no {', '.join(wrong)}, which this version of LatentPress writes.",
            "Build the report again with this version, or read it with the one that made it (settings.json names it).",
        )
    return found  # type: ignore[no-any-return]


def _from_folder(path: Path) -> Document:
    report = path / REPORT
    pdf = path / "report.pdf"
    if not report.is_file():
        if pdf.is_file():
            return from_pdf(pdf, read_file(pdf))
        raise DocumentError(f"{path}: found neither report.pdf nor {REPORT}.", "Give build/REPORT or a report.pdf.")
    files = {REPORT: read_file(report)}
    for found in sorted((path / "tables").glob("*.csv")):
        files[PurePosixPath(found).name] = read_file(found)
    data = read_file(pdf) if pdf.is_file() else None
    digest = hashlib.sha256(data).hexdigest() if data is not None else ""
    return Document(path, digest, read_report(files[REPORT], str(report)), files, data)
