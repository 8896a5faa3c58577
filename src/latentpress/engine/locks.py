"""Locks of keys, so that builds that share a store do each piece of work once."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from latentpress.engine.store import Store, writing

if TYPE_CHECKING:
    from filelock import BaseFileLock


class KeyLocks:
    """The locks that one build holds. The system frees them when it dies; nothing ever has to be unlocked.

    Args:
        store: whose keys they are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: dict[str, BaseFileLock] = {}

    def take(self, key: str) -> bool:
        """Take a lock unless another build holds it.

        Raises:
            StoreError: the store cannot be written.
        """
        from filelock import Timeout

        lock = self._store.lock(key)
        with writing(self._store.root):
            try:
                lock.acquire(timeout=0)
            except Timeout:  # an OSError too
                return False
        self._held[key] = lock
        return True

    def release(self, key: str) -> None:
        """Let go of a lock and remove its file; nothing happens where it is not held."""
        lock = self._held.pop(key, None)
        if lock is not None:
            # While it is held: whoever opened the file before sees that it has no name any more, and tries again.
            # Where it cannot be removed the disk has failed meanwhile, which whoever writes next will tell.
            with contextlib.suppress(OSError):
                os.unlink(lock.lock_file)  # noqa: PTH108 - asked for every stage
            lock.release()

    def release_all(self) -> None:
        """Let go of all."""
        for key in list(self._held):
            self.release(key)


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait for a lock file and hold it; the system frees it when its owner dies.

    Args:
        path: the lock file; its folder is made, and the file removed at the end.

    Raises:
        StoreError: it cannot be written.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _lock_file(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _lock_file(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # whom we waited for has removed the file, so that others would not see our lock
