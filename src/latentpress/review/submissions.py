"""What lies in a folder of submissions: one entry a student, whatever they handed in. Opens no file."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from latentpress.errors import UsageError

PDF = ".pdf"
MOST_LEVELS, MOST_ENTRIES = 4, 2000
"""How deep, and among how many entries, a student's folder is searched."""
LONGEST_NAME = 80
_IGNORED = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_PLATFORM = re.compile(r"_\d+_assign(?:submission|feedback)_\w*$")
"""What Moodle appends to a student's name."""
_KINDS = (
    (stat.S_ISLNK, "a symbolic link, which is not followed"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


@dataclass(frozen=True, slots=True)
class Submission:
    """One row of the grades.

    Attributes:
        number: from 1, in the order of the names' bytes.
        name: the student's, from the name of the file or folder, fit to be shown.
        place: file or folder relative to the submissions, fit to be shown.
        path: of the PDF; None where none can be opened.
        reason: why there is none, else empty.
        own_folder: whether the PDF lies in a folder of the student's, and so what is beside it is theirs.
    """

    number: int
    name: str
    place: str
    path: Path | None
    reason: str = ""
    own_folder: bool = False


def find_submissions(folder: Path, leave_out: Collection[Path] = ()) -> list[Submission]:
    """The submissions of a folder, in an order that depends on their names alone.

    Args:
        folder: with files, or a folder a student.
        leave_out: what lies there and is no submission: the rubric, the reference, an output folder.

    Raises:
        UsageError: it is no folder, cannot be read, or holds none.
    """
    skipped = {path.resolve() for path in leave_out}
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        raise UsageError(
            f"{folder}: found no folder that can be read ({error.strerror}), expected one of submitted PDFs",
            "Give the folder that holds the students' files, or a folder for each student.",
        ) from error
    found: list[Submission] = []
    for entry in entries:
        path = Path(entry.path)
        if _ignored(entry.name) or (not entry.is_symlink() and path.resolve() in skipped):
            continue
        pdf, reason = _look(path)
        place = shown(os.path.relpath(pdf or path, folder), 3 * LONGEST_NAME)
        found.append(Submission(len(found) + 1, _student(entry.name), place, pdf, reason, pdf not in (None, path)))
    if not found:
        raise UsageError(f"{folder}: found no submission in it", "Give the folder that holds the students' files.")
    return found


def shown(name: str, longest: int = LONGEST_NAME) -> str:
    """A name for people: bytes that are no UTF-8 as codes, nothing that breaks a line or turns its direction."""
    # Python reads a byte of a file's name that is no UTF-8 as one of these halves of characters.
    text = "".join(f"\\x{ord(c) - 0xDC00:02x}" if 0xDC80 <= ord(c) <= 0xDCFF else c for c in name)
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    text = "".join("\ufffd" if unicodedata.category(c) in ("Cf", "Cs", "Co", "Cn") else c for c in text)
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _ignored(name: str) -> bool:
    return name.startswith(".") or name.lower() in _IGNORED


def _student(name: str) -> str:
    stem = name[: -len(PDF)] if name.lower().endswith(PDF) else name
    return shown(_PLATFORM.sub("", stem)) or "(no name)"


def _look(path: Path) -> tuple[Path | None, str]:
    """The PDF of one entry, or why there is none."""
    try:
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            return path, ""
        if stat.S_ISDIR(mode):
            return _within(path)
    except OSError as error:
        return None, f"it cannot be read: {error.strerror}"
    kind = next((told for test, told in _KINDS if test(mode)), "no file")
    return None, f"found {kind}, expected a PDF"


def _within(folder: Path) -> tuple[Path | None, str]:
    """The PDF of a student's folder: the only one, or the only report.pdf of the highest level that has one."""
    found = list(_pdfs(folder))
    named = [path for path in found if path.name.lower() == "report.pdf"]
    highest = min((len(path.parts) for path in named), default=0)
    for some in ([path for path in named if len(path.parts) == highest], found):
        if len(some) == 1:
            return some[0], ""
    if not found:
        return None, "found no PDF in this folder"
    names = ", ".join(shown(os.path.relpath(path, folder)) for path in found[:3])
    return None, f"found {len(found)} PDFs in this folder ({names}{', …' if len(found) > 3 else ''}), expected one"


def _pdfs(folder: Path) -> Iterator[Path]:
    waiting, seen = [(folder, 1)], 0
    while waiting:
        current, level = waiting.pop(0)
        with os.scandir(current) as listing:
            entries = sorted(listing, key=lambda entry: os.fsencode(entry.name))
        for entry in entries:
            seen += 1
            if seen > MOST_ENTRIES:
                return
            if _ignored(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False) and level < MOST_LEVELS:
                waiting.append((Path(entry.path), level + 1))
            elif entry.is_file(follow_symlinks=False) and entry.name.lower().endswith(PDF):
                yield Path(entry.path)


RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10))})
LONGEST_FILE = 60


def sheet_names(submissions: Collection[Submission]) -> dict[int, str]:
    """Number of a submission to the name of its sheet without its ending: safe on every system, and unique there."""
    taken: set[str] = set()
    names = {}
    for submission in submissions:
        base = unicodedata.normalize("NFKD", submission.name).encode("ascii", "ignore").decode()
        base = re.sub(r"[^A-Za-z0-9-]+", "_", base).strip("_-")[:LONGEST_FILE].rstrip("_-")
        if not base or base.lower() in RESERVED:
            base = f"submission_{base}".rstrip("_")
        name, count = base, 1
        while name.lower() in taken:
            count += 1
            name = f"{base}-{count}"
        taken.add(name.lower())
        names[submission.number] = name
    return names
