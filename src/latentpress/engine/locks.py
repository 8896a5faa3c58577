"""Locks of keys, so that builds that share a store do each piece of work once."""

from __future__ import annotations

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
        """Let go of a lock; nothing happens where it is not held."""
        lock = self._held.pop(key, None)
        if lock is not None:
            lock.release()

    def release_all(self) -> None:
        """Let go of all."""
        for key in list(self._held):
            self.release(key)
