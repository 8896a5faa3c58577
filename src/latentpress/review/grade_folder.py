"""The folder of grades: files are replaced one by one, and nothing that grading has not made is touched.

A list of what was made, with digests, lies beside the files. By it a later grading knows which files are its own: these
it replaces, or removes where they are of a student who is no longer there. One that was edited since is kept under
another name.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

from latentpress.engine.store import writing
from latentpress.errors import UsageError
from latentpress.export import write_atomically

MADE = ".grading.json"
_OWN = re.compile(r"(?:grades\.(?:csv|json)|summary\.(?:pdf|html)|sheets/[A-Za-z0-9_-]+\.(?:pdf|html))")
"""All that grading ever writes; whatever a list says, nothing else is removed."""


def check_folder(folder: Path, submissions: Path) -> None:
    """Refuse a folder that grades cannot be written to, before anything is looked at.

    Raises:
        UsageError: it is a file, the submissions themselves, or leads elsewhere.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--output: {folder} is no folder.", "Name a folder; it is made where it is missing.")
    if folder.resolve() == submissions.resolve():
        raise UsageError(
            f"--output: {folder} is the folder of the submissions itself, where grades would be taken for submissions",
            "Name another folder.",
        )
    if (folder / "sheets").is_symlink():
        raise UsageError(f"--output: {folder / 'sheets'} is a symbolic link.", "Remove it, or name another folder.")


def write_folder(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Make a folder hold these files, and none of an earlier grading besides.

    Args:
        folder: it is made where it is missing.
        files: path in the folder to content.

    Returns:
        Files that somebody had edited, and that are kept under another name.

    Raises:
        UsageError: a file of one of these names is there that no grading has made.
        StoreError: it cannot be written.
    """
    assert all(_OWN.fullmatch(name) for name in files), sorted(files)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        made = _made(folder)
        foreign = [name for name in sorted(files) if name not in made and _is_there(folder / name)]
        if foreign:
            raise UsageError(
                f"{folder} holds {foreign[0]}, which no earlier grading has written",
                "Move it away, or name another folder with --output.",
            )
        digests = {name: [hashlib.sha256(data).hexdigest()] for name, data in files.items()}
        # Should this be stopped midway, the next grading still knows all files for its own.
        both = {name: [*made.get(name, []), *digests.get(name, [])] for name in {*made, *digests}}
        _note(folder, both)
        kept = [name for name in sorted(made) if _set_aside(folder / name, made[name], files.get(name))]
        for name in sorted(set(made) - set(files)):
            (folder / name).unlink(missing_ok=True)
        for name, data in sorted(files.items()):
            write_atomically(folder / name, data)
        _note(folder, digests)
    return kept


def _made(folder: Path) -> dict[str, list[str]]:
    """Names of an earlier grading's files to the digests that they may have."""
    try:
        told = json.loads((folder / MADE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(told, dict):
        return {}
    return {name: list(map(str, digests)) for name, digests in told.items() if _OWN.fullmatch(name)}


def _note(folder: Path, digests: Mapping[str, list[str]]) -> None:
    write_atomically(folder / MADE, (json.dumps(digests, indent=1, sort_keys=True) + "\n").encode())


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _set_aside(path: Path, digests: list[str], data: bytes | None) -> bool:
    """Keep a file that was edited since it was written: ``name.edited``, ``name.edited2``, …"""
    if path.is_symlink() or not path.is_file():
        return False
    found = path.read_bytes()
    if hashlib.sha256(found).hexdigest() in digests or found == data:
        return False
    count, target = 1, path.with_name(f"{path.name}.edited")
    while _is_there(target):
        count += 1
        target = path.with_name(f"{path.name}.edited{count}")
    path.rename(target)
    return True
