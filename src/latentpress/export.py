"""``build/<report>/``: the finished report as plain files, copied out of the store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from latentpress.engine.file_digests import FileDigests
from latentpress.engine.store import Artifact, DamagedArtifactError, writing
from latentpress.errors import StoreError

CHUNK = 1 << 20
"""Bytes of a delivered file that are held at a time."""


def export(
    artifacts: Iterable[Artifact],
    folder: Path,
    skip: Iterable[str] = (),
    keep: Iterable[str] = ("run.json",),
    delivered: Mapping[str, Artifact] | None = None,
    digests: FileDigests | None = None,
) -> list[str]:
    """Make a folder hold exactly what some artifacts hold; files that are already right are left alone.

    Args:
        artifacts: of the assemble and typeset stages.
        folder: ``build/<report>``.
        skip: names of files that stay in the store.
        keep: files of the folder that are left alone though no artifact holds them.
        delivered: large files by their names, each in the artifact that holds it; they are copied piece by piece.
        digests: remembers those of exported files between builds, so that an unchanged large one is not read again.

    Returns:
        The files that were written, relative to the folder.

    Raises:
        StoreError: the folder cannot be written, or is something else than an export.
        DamagedArtifactError: an artifact is not what was written; the files before it are exported.
    """
    skipped = set(skip)
    wanted = {name: artifact for artifact in artifacts for name in artifact.names() if name not in skipped}
    written = []
    try:
        _refuse_foreign(folder)
        for name, artifact in sorted(wanted.items()):
            data = artifact.data(name)
            target = folder / name
            if not target.is_file() or _digest(target.read_bytes()) != _digest(data):
                write_atomically(target, data)
                written.append(name)
        for name, artifact in sorted((delivered or {}).items()):
            if not _is_exported(folder / name, artifact.entries()[name], digests or FileDigests()):
                _copy(artifact, name, folder / name)
                written.append(name)
        _remove_others(folder, {*wanted, *(delivered or {}), *keep})
    except OSError as error:
        raise StoreError(
            f"{folder}: the report could not be written: {error.strerror}",
            "Free space or grant the right to write there, and build again; nothing that was computed is lost.",
        ) from error
    return written


def _is_exported(target: Path, entry: Mapping[str, Any], digests: FileDigests) -> bool:
    """Whether a file is the one that an artifact's manifest tells of; another size tells without reading it."""
    if target.is_symlink() or not target.is_file() or target.stat().st_size != entry["size"]:
        return False
    return bool(digests.digest(target)[0] == entry["sha256"])


def _copy(artifact: Artifact, name: str, target: Path) -> None:
    """Copy a file out of an artifact in one step, and verify what is copied on the way."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    digest = hashlib.sha256()
    try:
        source = (artifact.path / name).open("rb")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise DamagedArtifactError(artifact.digest, name) from None
    try:
        with source, fresh.open("wb") as copy:
            while piece := source.read(CHUNK):
                digest.update(piece)
                copy.write(piece)
        if digest.hexdigest() != artifact.entries()[name]["sha256"]:
            raise DamagedArtifactError(artifact.digest, name)
        fresh.replace(target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def write_json(path: Path, values: Any) -> None:
    """Write JSON so that a reader sees the old file or the new one, never half of it.

    Raises:
        StoreError: the file cannot be written.
    """
    with writing(path):
        write_atomically(path, (json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode())


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file in one step. Callers hold the build folder's lock; what a killed one left is overwritten."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_bytes(data)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


FOREIGN = {
    "journal.jsonl": "a store",
    "builds.lock": "a store",
    "report.toml": "a report's templates",
    ".git": "a repository",
}
"""What no export holds, and what a folder is that does."""


def _refuse_foreign(folder: Path) -> None:
    """An export removes whatever it does not hold itself, so it is never made into such a folder."""
    for name, what in FOREIGN.items():
        if (folder / name).exists():
            raise StoreError(
                f"{folder} holds {name}: it is {what}, and no earlier export of the report that belongs there",
                "Move that folder away, or put what is generated elsewhere with --build-dir.",
            )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _remove_others(folder: Path, wanted: set[str]) -> None:
    """Remove what an earlier build exported and this one does not hold: a figure of a removed section."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(folder).as_posix() not in wanted:
            path.unlink()
