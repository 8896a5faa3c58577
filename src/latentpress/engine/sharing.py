"""Results shared through a mirror: looked up before a stage is run, sent there after it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from latentpress.engine import events
from latentpress.engine.artifacts import DamagedArtifactError
from latentpress.engine.mirror import Mirror, MirrorDamageError
from latentpress.engine.store import Record, Store
from latentpress.errors import MirrorError


class Sharing:
    """One build's dealings with a mirror. A mirror that fails costs time, never the build.

    Args:
        store: the build's own store.
        mirror: the mirror.
        tell: is given events, in the thread that calls.
    """

    def __init__(self, store: Store, mirror: Mirror, tell: Callable[[events.Event], None]) -> None:
        self.mirror = mirror
        self._store = store
        self._tell = tell
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="mirror")
        self._sent: list[Future[None]] = []
        self._broken = False

    def fetch(self, key: str) -> Record | None:
        """Bring what the mirror has for a key to where `Store.commit` takes it from.

        Raises:
            StoreError: the store cannot be written.
        """
        if self._broken:
            return None
        try:
            record = self.mirror.pull_record(key)
            if record is not None and self.mirror.pull_artifact(record.artifact, self._store.workplace(key).result):
                return record
        except MirrorDamageError as error:
            self._tell(events.Notice(f"ignored   {error.message}"))
        except MirrorError as error:
            self._give_up(error)
        return None

    def forget_checkpoints(self, key: str) -> None:
        """A stage is to be run from the beginning."""
        try:
            self.mirror.clear_scratch(key)
        except MirrorError as error:
            self._give_up(error)

    def offer(self, record: Record) -> None:
        """Send a committed result, while the build goes on."""
        self._hear()
        if not self._broken:
            self._sent.append(self._sender.submit(self._send, record))

    def _send(self, record: Record) -> None:
        self.mirror.push_artifact(self._store.artifact(record.artifact))
        self.mirror.push_record(record)

    def _hear(self) -> None:
        """Tell how sending went."""
        for sent in [sent for sent in self._sent if sent.done() and not sent.cancelled()]:
            self._sent.remove(sent)
            error = sent.exception()
            if isinstance(error, (MirrorError, DamagedArtifactError)):
                self._give_up(error)
            elif error is not None:
                raise error

    def _give_up(self, error: MirrorError | DamagedArtifactError) -> None:
        if not self._broken:
            self._tell(events.Notice(f"mirror    {error.message}; the build goes on without it"))
        self._broken = True

    def close(self, wait: bool) -> None:
        """End: after all is sent, or as soon as what is being sent is there."""
        self._sender.shutdown(wait=True, cancel_futures=not wait)
        self._hear()
