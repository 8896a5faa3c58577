"""The store of a Dask worker that shares no disk with the build: filled from a mirror, emptied into it."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from latentpress.engine.jobs import Job, Reply
from latentpress.engine.mirror import Mirror, MirrorDamageError
from latentpress.engine.store import Store, Workplace, writing
from latentpress.errors import MirrorError

STORE_VARIABLE = "LATENTPRESS_WORKER_STORE"
# How often a running stage's scratch folder is looked at, in seconds.
_LOOK = 2.0
_LOG_SENT = 100_000


class Outpost:
    """Runs jobs in a store of this machine's own.

    Args:
        mirror: where inputs come from and results go to.
        directory: where the store is kept, unless the variable LATENTPRESS_WORKER_STORE names a folder.
    """

    def __init__(self, mirror: Mirror, directory: Path) -> None:
        self._mirror = mirror
        self._store = Store(Path(os.environ.get(STORE_VARIABLE) or directory / "latentpress-store"))

    def run(self, job: Job, run: Callable[[Job], Reply]) -> tuple[Reply, str]:
        """Pull what a job reads, run it here, push what it made.

        Returns:
            The reply, and the end of the log.

        Raises:
            MirrorError: the mirror refused.
            StoreError: the disk refused.
        """
        place = self._store.workplace(job.key)
        with writing(self._store.root):
            place.root.mkdir(parents=True, exist_ok=True)
        try:
            local = self._local(job)
            self._restore_scratch(job.key, place)
        except MirrorDamageError as error:
            return Reply("died", message=f"stopped: {error.message}"), ""
        with self._saving_scratch(job.key, place):
            reply = run(local)
        if reply.outcome == "damaged":  # a file of this store; the mirror's is pulled when the job is tried again
            self._store.discard(reply.artifact)
            return replace(
                reply, outcome="died", message="found a damaged file in its own store; it is pulled again"
            ), ""
        log = _end_of(place.log)
        if reply.outcome == "done":
            self._deliver(job.key, place, reply.artifact)
        return reply, log

    def _local(self, job: Job) -> Job:
        """The job with its inputs and files in this store."""
        for digest in set(job.inputs.values()):
            if not self._store.has(digest):
                incoming = self._store.root / "incoming" / secrets.token_hex(8)
                if not self._mirror.pull_artifact(digest, incoming):
                    raise MirrorDamageError(f"the mirror {self._mirror.url} lacks artifact {digest[:12]}")
                self._store.adopt(incoming, digest)
        files = {label: str(self._file(path, job.contents[label])) for label, path in job.files.items()}
        return replace(job, store=str(self._store.root), files=files)

    def _file(self, path: str, content: str) -> Path:
        """A file under its whole former path, since stages show the end of it."""
        target = self._store.root / "files" / content / path.lstrip("/")
        if not target.exists():
            data = self._mirror.pull_file(content)
            with writing(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                fresh = target.with_name(f"{target.name}.{secrets.token_hex(8)}")
                fresh.write_bytes(data)
                fresh.replace(target)
        return target

    def _deliver(self, key: str, place: Workplace, digest: str) -> None:
        self._store.adopt(place.result, digest)
        self._mirror.push_artifact(self._store.artifact(digest))
        self._mirror.clear_scratch(key)
        with writing(place.root):
            shutil.rmtree(place.root)

    # ----------------------------------------------------------------------------------------------- scratch

    def _restore_scratch(self, key: str, place: Workplace) -> None:
        """Begin with the mirror's checkpoints: those of an earlier attempt here may be older, or not wanted."""
        files = self._mirror.pull_scratch(key)
        with writing(place.scratch):
            if place.scratch.exists():
                shutil.rmtree(place.scratch)
            for name, data in files.items():
                (place.scratch / name).parent.mkdir(parents=True, exist_ok=True)
                (place.scratch / name).write_bytes(data)

    @contextmanager
    def _saving_scratch(self, key: str, place: Workplace) -> Iterator[None]:
        """Push checkpoints as they change, while a stage runs."""
        done = threading.Event()

        def watch() -> None:
            before = _stamps(place.scratch)
            while not done.wait(_LOOK):
                now = _stamps(place.scratch)
                if now == before:
                    continue
                files = _consistent(place.scratch, now)
                if files is not None:
                    with suppress(MirrorError):  # a retry elsewhere then starts from an older one
                        self._mirror.push_scratch(key, files)
                        before = now

        watcher = threading.Thread(target=watch, name="latentpress-scratch", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()


def _stamps(folder: Path) -> dict[str, tuple[int, int, int]]:
    found = {}
    for path in sorted(folder.rglob("*")):
        with suppress(FileNotFoundError):  # renamed while we looked
            if path.is_file():
                status = path.stat()
                found[str(path.relative_to(folder))] = (status.st_size, status.st_mtime_ns, status.st_ino)
    return found


def _consistent(folder: Path, stamps: dict[str, tuple[int, int, int]]) -> dict[str, bytes] | None:
    """The files as they were at one moment, or None where they changed while they were read."""
    try:
        files = {name: (folder / name).read_bytes() for name in stamps}
    except FileNotFoundError:
        return None
    return files if _stamps(folder) == stamps else None


def _end_of(log: Path) -> str:
    try:
        return log.read_bytes()[-_LOG_SENT:].decode(errors="replace")
    except FileNotFoundError:
        return ""
