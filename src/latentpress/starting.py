"""``latentpress new``: a project to begin with, out of the files in ``starter/`` that every installation has."""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from latentpress.errors import UsageError

STARTER = Path(__file__).parent / "starter"
"""Looks and docs in it are links to the repository's, file by file, since builders of packages skip linked folders that
they have seen; wheels hold the files themselves."""
AUTHOR = "Your Name"


def start_project(folder: Path, title: str, authors: Sequence[str], say: Callable[[str], None]) -> None:
    """Write a project and say how to build it.

    Args:
        folder: where; absent or empty.
        title: of the report.
        authors: their names; a placeholder where there is none.
        say: prints a line.

    Raises:
        UsageError: something is in the folder's place, it cannot be written, or a text cannot be used; nothing was
            written.
    """
    for what, text in (("--title", title), *(("--author", author) for author in authors)):
        _check_text(what, text)
    files = starter_files(title, authors or (AUTHOR,))
    try:
        _check_folder(folder)
        with _filled(folder.resolve()) as place:
            for name, data in files.items():
                target = place / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written: {error.strerror or error}",
            "Choose a folder that can: latentpress new FOLDER",
        ) from error
    say(f"wrote {len(files)} files into {folder}; README.md there says which to edit for what")
    say("To build the report:")
    if folder.resolve() != Path.cwd():
        named = str(folder) if not str(folder).startswith("-") else f"./{folder}"
        say(f"  cd {shlex.quote(named)}")
    say("  latentpress build")


def starter_files(title: str, authors: Sequence[str]) -> dict[str, bytes]:
    """The files of a new project: path in it to content.

    Args:
        title: of the report.
        authors: one at least.
    """
    names = "\n\n".join(f"[[authors]]\nname = {toml_string(author)}" for author in authors)
    gaps = {'"{title}"': toml_string(title), "# {authors}": names, "{version}": version("latentpress")}
    found: dict[str, bytes] = {"build/.gitkeep": b""}
    for path in _files(STARTER):
        name = path.relative_to(STARTER).as_posix()
        data = path.read_bytes()
        if name in FILLED:
            # In one go: a title may look like the gap for the authors.
            data = re.sub("|".join(map(re.escape, gaps)), lambda match: gaps[match[0]], data.decode()).encode()
        found[RENAMED.get(name, name)] = data
    return dict(sorted(found.items()))


FILLED = ("README.md", "report_templates/report/report.toml")
RENAMED = {"gitignore": ".gitignore"}
"""Under its own name git would obey it here, too."""


def toml_string(text: str) -> str:
    """A TOML string that reads back as the text."""
    # JSON's strings are TOML's, but for one control character that JSON lets stand.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        yield from (Path(parent, name) for name in sorted(names))


def _check_folder(folder: Path) -> None:
    another = "Name another folder: latentpress new FOLDER"
    if folder.is_dir():
        if any(folder.iterdir()):
            raise UsageError(f"{folder}: found a folder that is not empty, expected none or an empty one", another)
    elif folder.exists() or folder.is_symlink():
        raise UsageError(f"{folder}: found a file, expected nothing or an empty folder", another)
    elif not folder.resolve().parent.is_dir():
        parent = folder.resolve().parent
        raise UsageError(
            f"{folder}: there is no folder {parent}", f"Make it first: mkdir -p {shlex.quote(str(parent))}"
        )


def _check_text(option: str, text: str) -> None:
    if not text.strip():
        raise UsageError(f"{option}: found {text!r}, expected a text", "Leave the option out for a placeholder.")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise UsageError(
            f"{option}: found {text!r}, which is not UTF-8", "Give it in UTF-8, or leave it out and edit report.toml."
        )


@contextmanager
def _filled(folder: Path) -> Iterator[Path]:
    """A folder beside the wanted one that takes its place when all is written, and vanishes if that fails."""
    place = folder.with_name(f".latentpress-{secrets.token_hex(4)}")
    place.mkdir()
    moved: list[Path] = []
    try:
        yield place
        if not folder.exists():
            place.rename(folder)
            return
        # The folder itself stays what it is: a terminal may stand in it.
        for path in sorted(place.iterdir()):
            path.rename(folder / path.name)
            moved.append(folder / path.name)
        place.rmdir()
    except BaseException:
        for path in moved:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.rmtree(place, ignore_errors=True)
        raise
