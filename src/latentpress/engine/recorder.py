"""What a build writes into the journal: its start and its end, and those of each attempt at a stage."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from latentpress.engine.history import write_uses
from latentpress.engine.jobs import Note, Reply
from latentpress.engine.state import Node
from latentpress.engine.store import Store, writing


class Recorder:
    """Writes down one build. `history.past_builds` reads it again.

    Every method raises StoreError where the store cannot be written.

    Args:
        store: whose journal it is.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._begun: dict[str, float] = {}

    def build_start(self, stages: int, must_run: int, about: Mapping[str, object], keys: Mapping[str, str]) -> None:
        """The build begins.

        Args:
            stages: how many it has.
            must_run: how many of them will run in any case.
            about: what the caller says of the build.
            keys: stage name to key, of those that are up to date.
        """
        uses = self._keep(keys)
        self._write("build_start", stages=stages, must_run=must_run, about=about, uses=uses)

    def build_end(self, outcome: str, seconds: float, ran: Sequence[str], keys: Mapping[str, str]) -> None:
        """The build has ended.

        Args:
            outcome: ``done``, ``failed`` or ``interrupted``.
            seconds: how long it took.
            ran: the stages that were run.
            keys: stage name to key, of those that are up to date now.
        """
        uses = self._keep(keys)
        self._write("build_end", outcome=outcome, seconds=seconds, ran=ran, uses=uses)

    def stage_start(self, node: Node, note: Note) -> None:
        """A worker has begun an attempt; ``note`` says which worker."""
        name = node.stage.name
        self._begun[name] = time.time()
        worker = {"worker": note.values["pid"], "worker_host": note.values["host"]}
        self._write("stage_start", stage=name, key=node.key, attempt=node.attempts, **worker)

    def stage_end(self, node: Node, reply: Reply) -> None:
        """An attempt has ended; ``reply`` says how."""
        name = node.stage.name
        begun = self._begun.pop(name, time.time())
        seconds = reply.seconds or time.time() - begun  # a worker that died does not say
        values: dict[str, object] = {"start": time.time() - seconds, "seconds": round(seconds, 4)}
        if reply.outcome == "done":
            values |= {"artifact": reply.artifact}
        values |= {"peak_memory_mb": round(reply.peak_memory_mb, 1), "attempt": node.attempts}
        values |= {"worker": reply.pid, "worker_host": reply.host}
        self._write("stage_end", stage=name, key=node.key, outcome=reply.outcome, **values)

    def _keep(self, keys: Mapping[str, str]) -> str:
        """Write down which keys the build uses."""
        with writing(self._store.root):
            return write_uses(self._store, keys)

    def _write(self, event: str, **values: object) -> None:
        with writing(self._store.root):
            self._store.root.mkdir(parents=True, exist_ok=True)
            self._store.journal.write(event, **values)
