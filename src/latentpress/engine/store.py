"""The store: artifacts by content, records by key, scratch folders of unfinished stages, the journal.

artifacts/<digest>/    what a stage produced, with .manifest.json: file name → sha256, size
keys/<key>.json        which artifact a key gave, and the parts of the key
builds/<digest>.json   which key each stage of a build had
running/<build>.json   a build that runs now
work/<key>/            scratch, log and half-written result of a stage that is not finished
locks/<key>.lock       held by the build that runs the stage; the system frees it when its owner dies
cache/                 what is only there for speed
journal.jsonl
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentpress.engine.artifacts import MANIFEST, Artifact, DamagedArtifactError
from latentpress.engine.checksums import add_checksum, take_checksum
from latentpress.engine.journal import Journal
from latentpress.errors import StoreError

if TYPE_CHECKING:
    from filelock import BaseFileLock

    from latentpress.engine.codec import Encoded

__all__ = [
    "Artifact",
    "DamagedArtifactError",
    "Record",
    "Store",
    "Workplace",
    "pack_record",
    "replace_file",
    "store_error",
    "unpack_record",
    "write_artifact",
    "write_files",
    "writing",
]


@dataclass(frozen=True, slots=True)
class Record:
    """What the store knows of a key: the stage, its artifact, and the parts that the key is the hash of."""

    key: str
    stage: str
    artifact: str
    components: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Workplace:
    """The folder of one unfinished stage."""

    root: Path

    @property
    def scratch(self) -> Path:
        """Survives failed and killed attempts; the stage's checkpoints are here."""
        return self.root / "scratch"

    @property
    def result(self) -> Path:
        """The artifact while it is written."""
        return self.root / "result"

    @property
    def log(self) -> Path:
        """What the stage and its libraries printed, and the traceback when it failed."""
        return self.root / "log.txt"

    @property
    def lock(self) -> Path:
        """Held by the worker itself: a build that takes over waits until a dying worker has let go."""
        return self.root / "worker.lock"


class Store:
    """Artifacts and records on a local or shared POSIX file system.

    Args:
        root: the folder; it is created when something is first written.

    Attributes:
        held: whether a build holds it through this object (see `presence`).
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root).absolute()
        self.held = False
        self.journal = Journal(self.root / "journal.jsonl")

    def artifact(self, digest: str) -> Artifact:
        """A handle on an artifact; whether it is there and whole shows when it is read."""
        return Artifact(digest, self.root / "artifacts" / digest)

    def has(self, digest: str) -> bool:
        """Whether the artifact's folder is there."""
        return os.path.isdir(f"{self.root}/artifacts/{digest}")  # noqa: PTH112 - asked for every stage of every build

    def record(self, key: str) -> Record | None:
        """What is recorded for a key; None where nothing is, or where the record is damaged, or another key's."""
        try:
            with open(f"{self.root}/keys/{key}.json", "rb") as file:  # noqa: PTH123 - as above
                record = unpack_record(file.read())
        except (FileNotFoundError, IsADirectoryError):
            return None
        except OSError as error:
            raise store_error(self.root / "keys", error) from error
        return record if record is not None and record.key == key else None

    def workplace(self, key: str) -> Workplace:
        """The folder for a stage that is being run."""
        return Workplace(self.root / "work" / key)

    def lock(self, key: str) -> BaseFileLock:
        """The lock of a key, not yet taken."""
        from filelock import FileLock

        folder = self.root / "locks"
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{key}.lock")

    def commit(self, record: Record) -> Artifact:
        """Move a finished result into the store and record its key; the scratch folder goes last.

        Killed at any point, the store is whole: before the record is in place the stage counts as not run.

        Raises:
            StoreError: the store cannot be written.
        """
        place = self.workplace(record.key)
        artifact = self.artifact(record.artifact)
        with writing(self.root):
            artifact.path.parent.mkdir(parents=True, exist_ok=True)
            self._make_room(artifact)
            with contextlib.suppress(FileExistsError):  # another key gave the same content
                _rename_folder(place.result, artifact.path)
            self._write_record(record)
            shutil.rmtree(place.root)
        return artifact

    def adopt(self, folder: Path, digest: str) -> None:
        """Move an artifact that was written elsewhere on this file system into the store, unless it is there.

        Raises:
            StoreError: the store cannot be written.
        """
        artifact = self.artifact(digest)
        with writing(self.root):
            artifact.path.parent.mkdir(parents=True, exist_ok=True)
            self._make_room(artifact)
            try:
                _rename_folder(folder, artifact.path)
            except FileExistsError:
                shutil.rmtree(folder)

    def discard(self, digest: str) -> None:
        """Remove an artifact; first by renaming, so that no half of it is ever in place."""
        artifact = self.artifact(digest)
        away = self.root / "work" / f"discarded-{digest}-{os.getpid()}"
        with writing(artifact.path):
            away.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):  # another build was faster
                artifact.path.rename(away)
                _remove(away)

    def discard_damaged(self, digest: str) -> bool:
        """Remove an artifact unless it is whole, as it is where another build has made it anew meanwhile.

        Returns:
            Whether it was damaged.

        Raises:
            StoreError: it cannot be read, or the store cannot be written.
        """
        if self._intact(self.artifact(digest)):
            return False
        self.discard(digest)
        return True

    def clear_work(self, key: str) -> None:
        """Forget checkpoints and half-written results of a key."""
        with writing(self.workplace(key).root), contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.workplace(key).root)

    def sweep(self) -> None:
        """Remove what builds left behind that were killed between committing a stage and cleaning up after it."""
        with writing(self.root):
            for name in self._names("work"):
                if name.startswith("discarded-"):
                    with contextlib.suppress(OSError):  # perhaps its owner is at it, too
                        _remove(self.root / "work" / name)
                elif self.record(name) is not None:
                    self._sweep_key(name)
            for name in self._names("locks"):
                self._sweep_key(name.removesuffix(".lock"))
            for name in self._names("cache"):
                if name.rpartition(".")[2].isdecimal():  # half-written; a build that is alive bears the loss
                    (self.root / "cache" / name).unlink(missing_ok=True)

    def _names(self, folder: str) -> list[str]:
        try:
            return os.listdir(self.root / folder)  # noqa: PTH208
        except FileNotFoundError:
            return []

    def _sweep_key(self, key: str) -> None:
        from latentpress.engine.locks import KeyLocks

        locks = KeyLocks(self)
        if locks.take(key):  # else a build is at it
            try:
                if self.record(key) is not None:
                    self.clear_work(key)
            finally:
                locks.release(key)

    def _make_room(self, artifact: Artifact) -> None:
        """Remove what lies in an artifact's place unless it is that artifact, whole: a damaged one, a mere file."""
        if os.path.lexists(artifact.path) and not self._intact(artifact):
            self.discard(artifact.digest)

    def _intact(self, artifact: Artifact) -> bool:
        try:
            artifact.verify()
        except DamagedArtifactError:
            return False
        return True

    def _write_record(self, record: Record) -> None:
        target = self.root / "keys" / f"{record.key}.json"
        target.parent.mkdir(exist_ok=True)
        if target.is_dir():
            _remove(target)
        replace_file(target, pack_record(record), self.workplace(record.key).root / "record")


def pack_record(record: Record) -> bytes:
    """A record as it is kept: a digest of the rest, which is JSON."""
    fields = {name: getattr(record, name) for name in ("key", "stage", "artifact", "components")}
    body = json.dumps(fields, sort_keys=True, ensure_ascii=False).encode()
    return add_checksum(body)


def unpack_record(data: bytes) -> Record | None:
    """Read what `pack_record` gave; None where it is damaged."""
    body = take_checksum(data)
    if body is None:
        return None
    fields = json.loads(body)
    return Record(fields["key"], fields["stage"], fields["artifact"], fields["components"])


def write_artifact(folder: Path, files: Mapping[str, Encoded]) -> str:
    """Write encoded files and their manifest into a fresh folder, through to the disk.

    Returns:
        The artifact's digest.

    Raises:
        StoreError: no space, no permission, a file-size limit.
    """
    manifest = {name: file.entry() for name, file in files.items()}
    data = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    write_files(folder, {name: file.data for name, file in files.items()}, data)
    return hashlib.sha256(data).hexdigest()


def write_files(folder: Path, files: Mapping[str, bytes], manifest: bytes) -> None:
    """Write an artifact's files and its manifest into a fresh folder, through to the disk.

    Raises:
        StoreError: no space, no permission, a file-size limit.
    """
    with writing(folder):
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            _write_through(folder / name, data)
        _write_through(folder / MANIFEST, manifest)
        for inner in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
            _sync_folder(inner)


def replace_file(target: Path, data: bytes, temporary: Path) -> None:
    """Write a file so that at any moment it has either its old or its new content."""
    _write_through(temporary, data)
    temporary.replace(target)
    _sync_folder(target.parent)


def _write_through(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _rename_folder(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError as error:
        if error.errno in (
            errno.ENOTEMPTY,
            errno.EEXIST,
        ):  # POSIX allows either for a folder that has content
            raise FileExistsError(target) from error
        raise
    _sync_folder(target.parent)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell file system errors as `StoreError`, with the way out."""
    try:
        yield
    except OSError as error:
        raise store_error(path, error) from error


def store_error(path: Path, error: OSError) -> StoreError:
    """Say in a user's words why the store cannot be read or written."""
    where = error.filename or path
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        hint = "Free some space there, or use another --build-dir, and run again; finished stages are kept."
        return StoreError(f"no space left for {where}{_free_space(path)}", hint)
    if error.errno == errno.EFBIG:
        return StoreError(
            f"{where} exceeds the file-size limit",
            "Raise the limit (ulimit -f) and run the build again; finished stages are kept.",
        )
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        hint = "Give this user the right to write there, or use another --build-dir."
        return StoreError(f"{where} cannot be written: {os.strerror(error.errno)}", hint)
    return StoreError(
        f"{where} cannot be read or written: {error.strerror or error}", "Check the disk, then run again."
    )


def _free_space(path: Path) -> str:
    existing = next((folder for folder in [path, *path.parents] if folder.exists()), None)
    return "" if existing is None else f" ({shutil.disk_usage(existing).free / 1e6:.0f} MB are free)"
