"""The attached files, the seal and the text of the pages: whether any of them was changed by itself."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import pikepdf

from latentpress.reporting.attachments import ENVIRONMENT, REPORT, SETTINGS, TEXT
from latentpress.reporting.page_text import comparable
from latentpress.reporting.sealing import FORMAT, SEAL, sealed_parts
from latentpress.review.document import Document
from latentpress.review.file_tree import check_tree
from latentpress.review.findings import CheckDone, Finding
from latentpress.review.shown import DIGITS

REQUIRED = (REPORT, SETTINGS, ENVIRONMENT, TEXT, SEAL)
_DIGEST = re.compile(r"SHA-256: ([0-9a-f]{64})")


def check_attachments(document: Document, pdf: pikepdf.Pdf) -> CheckDone:
    """Every file that a report carries is there, whole, once, and as its description says."""
    findings = [
        Finding("attachments", name, "no such file attached", "one") for name in REQUIRED if name not in document.files
    ]
    tables = {entry["file"].rsplit("/", 1)[-1] for entry in document.report["tables"]}
    findings += [
        Finding("attachments", name, "no such table attached", "one") for name in sorted(tables - document.files.keys())
    ]
    findings += check_tree(pdf)
    for name, content in document.files.items():
        found = hashlib.sha256(content).hexdigest()
        told = _DIGEST.search(pdf.attachments[name].description or "")
        if told is None or told[1] != found:
            expected = f"SHA-256 {told[1][:DIGITS]}…" if told else "its SHA-256 in its description"
            findings.append(Finding("attachments", name, f"SHA-256 {found[:DIGITS]}…", expected))
    return CheckDone("attachments", len(document.files), "attached files against their descriptions", findings)


def check_seal(document: Document, pdf: pikepdf.Pdf) -> CheckDone:
    """Pages, outline, title and attached files are those that were sealed."""
    seal = read_seal(document)
    if seal is None:
        wrong = Finding("seal", SEAL, "none that can be read", f"format {FORMAT} with digests of all parts")
        return CheckDone("seal", 0, "sealed parts", [wrong])
    parts = sealed_parts(pdf)
    files = {name: hashlib.sha256(content).hexdigest() for name, content in document.files.items() if name != SEAL}
    findings = _differing(parts, seal["parts"]) + _differing(files, seal["attachments"])
    return CheckDone("seal", len(parts) + len(files), "pages, outline, title and files against the seal", findings)


def read_seal(document: Document) -> Mapping[str, Any] | None:
    """The seal, or None where it cannot be read."""
    try:
        seal = json.loads(document.files[SEAL])
    except (KeyError, ValueError, RecursionError):
        return None
    whole = isinstance(seal, dict) and seal.get("format") == FORMAT
    return seal if whole and all(isinstance(seal.get(key), dict) for key in ("parts", "attachments")) else None


def _differing(found: Mapping[str, str], sealed: Mapping[str, Any]) -> list[Finding]:
    findings = []
    for name in [*found, *(name for name in sealed if name not in found)]:
        if found.get(name) != sealed.get(name):
            ends = [f"{value[:DIGITS]}…" if isinstance(value, str) else "none" for value in
                    (found.get(name), sealed.get(name))]  # fmt: skip
            findings.append(Finding("seal", name, ends[0], ends[1]))
    return findings


def check_text(document: Document, found: Sequence[str]) -> CheckDone:
    """The text of each page is the one that was read when the report was built."""
    try:
        expected = json.loads(document.files[TEXT])
    except (KeyError, ValueError, RecursionError):
        expected = None
    if not isinstance(expected, list):
        return CheckDone("text", 0, "pages", [Finding("text", TEXT, "none that can be read", "the text of each page")])
    findings = []
    for number in range(1, max(len(found), len(expected)) + 1):
        if number > len(found) or number > len(expected):
            words = ("no such page", "one") if number > len(found) else ("a page", "none")
            findings.append(Finding("text", f"page {number}", *words))
        elif comparable(found[number - 1]) != comparable(str(expected[number - 1])):
            findings.append(_first_difference(number, found[number - 1], str(expected[number - 1])))
    return CheckDone("text", len(found), "pages against the text that was read when they were made", findings)


AROUND = 12
LONGEST = 160


def _first_difference(page: int, found: str, expected: str) -> Finding:
    """The first words that differ, with some around them."""
    there, meant = found.split(), expected.split()
    # An edit changes a few words; what is alike before and behind is left out of the slow comparison.
    start = next((i for i, (a, b) in enumerate(zip(there, meant, strict=False)) if a != b), min(len(there), len(meant)))
    there, meant = there[max(start - 2, 0) : start + AROUND], meant[max(start - 2, 0) : start + AROUND]
    blocks = SequenceMatcher(None, there, meant, autojunk=False).get_matching_blocks()
    last = blocks[-2] if len(blocks) > 1 else None
    ends = (last.a + 2, last.b + 2) if last is not None and last.a > 2 else (len(there), len(meant))
    words = [repr(" ".join(words[:end])[:LONGEST]) for words, end in zip((there, meant), ends, strict=True)]
    return Finding("text", f"page {page}", words[0], words[1])


def opened(document: Document) -> pikepdf.Pdf:
    """The document's PDF."""
    return pikepdf.open(io.BytesIO(document.pdf or b""))
