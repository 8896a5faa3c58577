"""Where a build's results come from and go to: the store, the builds that share it, a mirror."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from latentpress.engine import events
from latentpress.engine.jobs import Reply
from latentpress.engine.locks import KeyLocks
from latentpress.engine.state import BuildState
from latentpress.engine.store import Record

if TYPE_CHECKING:
    from latentpress.engine.mirror import Mirror
    from latentpress.engine.sharing import Sharing


class Results:
    """Finds results that are there, keeps new ones, and has each made by one build only.

    Every method that takes, keeps or finds something raises StoreError where the store cannot be written.

    Args:
        state: the build's nodes, and the store.
        tell: is given events.
        mirror: where results are looked up and sent to; None for the store alone.
    """

    def __init__(self, state: BuildState, tell: Callable[[events.Event], None], mirror: Mirror | None) -> None:
        self._state = state
        self._store = state.store
        self._tell = tell
        self._mirror = mirror
        self._sharing: Sharing | None = None
        self._locks = KeyLocks(state.store)

    def begin_sharing(self) -> None:
        """Begin to deal with the mirror, if there is one."""
        if self._mirror is not None:
            from latentpress.engine.sharing import Sharing

            self._sharing = Sharing(self._store, self._mirror, self._tell)

    def end_sharing(self, wait: bool) -> None:
        """End it: after all is sent, or as soon as what is being sent is there."""
        if self._sharing is not None:
            self._sharing.close(wait)
            self._sharing = None

    def lock(self, name: str) -> bool:
        """Take the lock of a stage's key, unless another build holds it."""
        return self._locks.take(self._state.nodes[name].key)

    def unlock(self, name: str) -> None:
        """Let go of the lock of a stage's key, if it is held."""
        self._locks.release(self._state.nodes[name].key)

    def unlock_all(self) -> None:
        """Let go of every lock."""
        self._locks.release_all()

    def reuse(self, name: str) -> bool:
        """Settle a stage with what the store has by now, if it has it."""
        record = self._store.record(self._state.nodes[name].key)
        if record is None or not self._store.has(record.artifact):
            return False
        self._settle(name, record.artifact)
        return True

    def fetch(self, name: str) -> bool:
        """Settle a stage with what the mirror has, if it has it."""
        node = self._state.nodes[name]
        record = None if self._sharing is None else self._sharing.fetch(node.key)
        if record is None:
            return False
        assert node.fingerprint is not None
        self._store.commit(Record(node.key, name, record.artifact, node.fingerprint.components))
        self._settle(name, record.artifact)
        return True

    def _settle(self, name: str, artifact: str) -> None:
        self._state.finish(name, artifact)
        self._tell(events.StageReused(name, artifact))

    def forget_checkpoints(self, name: str) -> None:
        """A stage is to be run from the beginning."""
        key = self._state.nodes[name].key
        self._store.clear_work(key)
        if self._sharing is not None:
            self._sharing.forget_checkpoints(key)

    def commit(self, name: str, reply: Reply) -> str | None:
        """Record what a worker has made, and let go of the lock.

        Returns:
            The artifact that the key gave before, if that was another.
        """
        node = self._state.nodes[name]
        assert node.fingerprint is not None
        before = self._store.record(node.key)
        record = Record(node.key, name, reply.artifact, node.fingerprint.components)
        self._store.commit(record)
        if self._sharing is not None:
            self._sharing.offer(record)
        self.unlock(name)
        node.forced = False
        return before.artifact if before is not None and before.artifact != reply.artifact else None

    def discard_damaged(self, digest: str, file: str) -> None:
        """Remove a damaged artifact; the stages that made it are no longer settled. A whole one stays.

        Args:
            digest: of the artifact.
            file: which of its files is damaged.
        """
        if not self._store.discard_damaged(digest):
            return
        makers = [name for name, node in self._state.nodes.items() if node.artifact == digest]
        for maker in makers:
            self._state.nodes[maker].artifact = ""
        self._tell(events.ArtifactDamaged(digest, file, tuple(makers)))
        self._state.reset(makers)
