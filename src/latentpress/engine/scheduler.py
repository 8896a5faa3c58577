"""The scheduler: brings a graph of stages up to date, running side by side what the machine has room for."""

from __future__ import annotations

import contextlib
import heapq
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentpress.engine import events
from latentpress.engine.fingerprint import Fingerprinter
from latentpress.engine.graph import Graph
from latentpress.engine.history import write_uses
from latentpress.engine.jobs import JobSite, Note, Reply, job_for
from latentpress.engine.locks import KeyLocks
from latentpress.engine.outcome import Outcome
from latentpress.engine.presence import in_use
from latentpress.engine.signals import interrupts
from latentpress.engine.sources import find_packages
from latentpress.engine.stage import Failure, Stage
from latentpress.engine.state import BuildState, Status
from latentpress.engine.store import Record, Store, writing
from latentpress.errors import StoreError, UsageError

if TYPE_CHECKING:
    from latentpress.engine.crew import Crew
    from latentpress.engine.mirror import Mirror
    from latentpress.engine.requirements import Requirements
    from latentpress.engine.sharing import Sharing

ATTEMPTS = 3
# A stage whose sources are edited again and again while it runs is given up in the end.
_ROUNDS = 10
# How often a stage that another build works on is looked at, in seconds.
_POLL = 0.1


def ignore(event: events.Event) -> None:
    """Listen to nothing."""


class Scheduler:
    """Brings stages up to date.

    Args:
        store: where artifacts are kept.
        stages: the whole graph.
        workers: how many stages run side by side.
        cores: how many threads the running stages may have together.
        memory_mb: how much memory they may declare together; None for what the machine has.
        listener: is given every event, always in the thread that called `run`.
        force: stages that run even when up to date.
        strict: the first failure ends the build.
        package: the project's package.
        keep: the targets; only stages that they need are run. None for all.
        source_dirs: folders that hold the package; found on ``sys.path`` when left out.
        about: what the journal tells of the build, as JSON: the reports, the profile.
        cluster: a client of a Dask cluster (see `dask_client.connect`) whose workers run the stages; ``workers`` is
            then the most that run at once, and 0 sets no limit. None for workers of this machine.
        mirror: where results are looked up before a stage is run, and sent to afterwards; with a cluster its
            workers share no disk with this machine.

    Raises:
        StageError: the graph has two stages of one name, a missing input or a circle.
        UsageError: ``force`` or ``keep`` name a stage that is not there.
    """

    def __init__(
        self,
        store: Store,
        stages: Iterable[Stage],
        workers: int = 1,
        cores: int | None = None,
        memory_mb: int | None = None,
        listener: Callable[[events.Event], None] = ignore,
        force: Collection[str] = (),
        strict: bool = False,
        package: str = "latentpress",
        keep: Collection[str] | None = None,
        source_dirs: Iterable[Path] | None = None,
        about: Mapping[str, object] | None = None,
        cluster: Any = None,
        mirror: Mirror | None = None,
    ) -> None:
        self._store = store
        self._about = dict(about or {})
        self._graph = Graph(stages, keep)
        for name in force:
            if name not in self._graph.stages:
                raise UsageError(f"there is no stage {name!r} to run again")
        self._limits = (max(1, workers), cores or os.cpu_count() or 1, memory_mb)
        self._cluster = (cluster, workers or None) if cluster is not None else None
        self._mirror = mirror
        self._sharing: Sharing | None = None
        self._closing = contextlib.ExitStack()
        self._listener = listener
        self._force = frozenset(force)
        self._strict = strict
        self._package = package
        self._folders = tuple(source_dirs or find_packages([package]))
        self._state = self._fresh_state()
        self._outcome = Outcome()
        self._ready: list[tuple[float, str]] = []
        self._crew: Crew | None = None
        self._locks = KeyLocks(store)
        self._elsewhere: set[str] = set()
        self._rounds: dict[str, int] = {}
        self._begun: dict[str, float] = {}
        self._interrupted = False

    def _fresh_state(self) -> BuildState:
        fingerprinter = Fingerprinter([self._package], self._folders, self._store.root / "cache")
        return BuildState(self._store, self._graph, fingerprinter, self._force, self._listener)

    def plan(self) -> events.Plan:
        """What `run` would do."""
        return self._state.plan(*self._limits[:2])

    def run(self, plan: events.Plan | None = None) -> Outcome:
        """Bring the stages up to date; failed stages are in the outcome, not raised.

        Args:
            plan: what `plan` said a moment ago; made anew when left out.

        Raises:
            StoreError: the store cannot be written; finished stages are kept.
            KeyboardInterrupt: after SIGINT, SIGTERM or SIGHUP; finished stages are kept, no process is left.
        """
        with in_use(self._store, self._about):
            return self._run(plan or self.plan())

    def _run(self, plan: events.Plan) -> Outcome:
        with writing(self._store.root):
            self._state.fingerprinter.save()
        self._listener(events.PlanReady(plan))
        begun = time.time()
        # A store that may only be read still serves a build with nothing to do.
        journal = bool(plan.must_run) or os.access(self._store.root, os.W_OK)
        if journal:
            counts = {"stages": len(self._graph.stages), "must_run": len(plan.must_run)}
            self._record("build_start", **counts, about=self._about, uses=self._keep(self._state.planned_keys()))
        ended = "interrupted"
        try:
            if journal:
                self._store.sweep()
            with interrupts(self._interrupt):
                self._work()
            ended = "failed" if self._state.failed else "done"
        except StoreError:
            ended = "store"
            raise
        finally:
            seconds = round(time.time() - begun, 3)
            self._listener(events.BuildEnded(seconds))
            if journal and ended != "store":
                uses = self._keep(self._state.used_keys(self._outcome.ran))
                self._record("build_end", outcome=ended, seconds=seconds, ran=self._outcome.ran, uses=uses)
        return self._outcome.take_from(self._state)

    # ------------------------------------------------------------------------------------------ the main loop

    def _work(self) -> None:
        if self._mirror is not None:
            from latentpress.engine.sharing import Sharing

            self._sharing = Sharing(self._store, self._mirror, self._listener)
        try:
            while not self._state.settled() or not self._unchanged_to_the_end():
                self._queue(self._state.settle())
                if self._strict and self._state.failed:
                    return
                self._start_what_fits()
                if self._elsewhere or (self._crew is not None and self._crew.expects_mail()):
                    self._listen()
                if self._interrupted:
                    raise KeyboardInterrupt
        finally:
            self._end_workers()

    def _queue(self, names: Iterable[str]) -> None:
        for name in names:
            heapq.heappush(self._ready, (-self._graph.urgency[name], name))

    def _start_what_fits(self) -> None:
        """Start ready stages, those with the longest chain below them first."""
        waiting = []
        while self._ready and not self._hire().full():
            entry = heapq.heappop(self._ready)
            node = self._state.nodes[entry[1]]
            if node.status is not Status.READY:
                continue  # settled in another way meanwhile
            if self._hire().fits(node.stage):
                self._start(entry[1])
            else:
                waiting.append(entry)
        for entry in waiting:
            heapq.heappush(self._ready, entry)

    def _listen(self) -> None:
        """Wait for what a worker says next, or for another build to get on."""
        mail = self._hire().mail(timeout=_POLL if self._elsewhere else None)
        if mail is None:
            self._look_elsewhere()
        elif isinstance(mail[1], Note):
            self._heed(mail[0], mail[1])
        else:
            self._handle(mail[0], mail[1])

    def _hire(self) -> Crew:
        """The crew; its modules are loaded only once there is work, since most builds have none."""
        if self._crew is None:
            self._crew = self._local_crew() if self._cluster is None else self._cluster_crew(*self._cluster)
        return self._crew

    def _local_crew(self) -> Crew:
        from latentpress.engine.crew import LocalCrew

        return LocalCrew(*self._limits)

    def _cluster_crew(self, client: Any, limit: int | None) -> Crew:
        from latentpress.engine.cluster import ClusterCrew
        from latentpress.engine.requirements import collect, held_token

        with writing(self._store.root):
            token = self._closing.enter_context(held_token(self._store.root))

        def requirements() -> Requirements:
            self._state.fingerprinter.reread()
            stages = self._graph.stages.values()
            return collect(stages, self._state.fingerprinter, (self._package,), self._folders, str(token))

        return ClusterCrew(client, requirements, self._store, self._listener, limit, self._mirror)

    def _unchanged_to_the_end(self) -> bool:
        """Look at all sources once more, so that a finished build is one of a single state of the project."""
        if not self._outcome.ran:
            return True
        self._state.fingerprinter.reread()
        changed = {name: parts for name in self._graph.stages if (parts := self._state.changed(name))}
        for name, parts in changed.items():
            self._gone_stale(name, parts)
        return not changed

    # --------------------------------------------------------------------------------------- starting a stage

    def _start(self, name: str) -> None:
        """Start a stage with a key taken now, unless it turns out not to need it, or another build has it."""
        node = self._state.nodes[name]
        self._state.fingerprinter.reread()
        self._state.assess(name)
        if node.status is not Status.READY or not self._lock(name):
            return
        if node.forced:
            self._store.clear_work(node.key)  # from the beginning, not from a checkpoint
            if self._sharing is not None:
                self._sharing.forget_checkpoints(node.key)
        elif self._reuse(name) or self._fetch(name):  # another build finished it before we had the lock
            self._unlock(name)
            return
        with writing(self._store.root):
            self._store.workplace(node.key).root.mkdir(parents=True, exist_ok=True)
        self._submit(name)

    def _reuse(self, name: str) -> bool:
        """Settle a stage with what the store has by now, if it has it."""
        record = self._store.record(self._state.nodes[name].key)
        if record is None or not self._store.has(record.artifact):
            return False
        self._state.finish(name, record.artifact)
        self._listener(events.StageReused(name, record.artifact))
        return True

    def _fetch(self, name: str) -> bool:
        """Settle a stage with what the mirror has, if it has it."""
        node = self._state.nodes[name]
        record = None if self._sharing is None else self._sharing.fetch(node.key)
        if record is None:
            return False
        assert node.fingerprint is not None
        self._store.commit(Record(node.key, name, record.artifact, node.fingerprint.components))
        self._state.finish(name, record.artifact)
        self._listener(events.StageReused(name, record.artifact))
        return True

    def _submit(self, name: str) -> None:
        node = self._state.nodes[name]
        node.status = Status.RUNNING
        node.attempts += 1
        assert node.fingerprint is not None
        lineage = self._state.lineage(name) if node.stage.lineage else {}
        where = JobSite(self._store.root, (self._package,), self._folders)
        self._hire().submit(node.stage, job_for(node.stage, node.fingerprint, lineage, where))

    # ------------------------------------------------------------------------------------ what workers answer

    def _heed(self, name: str, note: Note) -> None:
        node = self._state.nodes[name]
        if note.what == "started":
            self._begun[name] = time.time()
            worker = {"worker": note.values["pid"], "worker_host": note.values["host"]}
            self._record("stage_start", stage=name, key=node.key, attempt=node.attempts, **worker)
            self._listener(events.StageStarted(name, note.values["pid"], note.values["host"], node.attempts))
        else:
            self._listener(events.StageProgress(name, note.values))

    def _handle(self, name: str, reply: Reply) -> None:
        answers = {
            "done": self._done,
            "failed": self._did_fail,
            "damaged": self._found_damage,
            "outdated": self._outdated,
            "store": self._refused,
            "died": self._died,
        }
        self._journal_end(name, reply)
        answers[reply.outcome](name, reply)

    def _done(self, name: str, reply: Reply) -> None:
        if self._changed_meanwhile(name):
            return
        previous = self._commit(name, reply)
        if name not in self._outcome.ran:
            self._outcome.ran.append(name)
        if not self._state.inputs_as_launched(name):
            # An input was found damaged and came out otherwise; the record is right, but for other inputs.
            self._state.nodes[name].status = Status.WAITING
            self._state.reset([name])
            return
        self._state.finish(name, reply.artifact)
        self._listener(events.StageFinished(name, reply.artifact, reply.seconds, reply.peak_memory_mb, previous))

    def _commit(self, name: str, reply: Reply) -> str | None:
        """Record the result; returns the artifact that the key gave before, if that was another."""
        node = self._state.nodes[name]
        assert node.fingerprint is not None
        before = self._store.record(node.key)
        record = Record(node.key, name, reply.artifact, node.fingerprint.components)
        self._store.commit(record)
        if self._sharing is not None:
            self._sharing.offer(record)
        self._unlock(name)
        node.forced = False
        return before.artifact if before is not None and before.artifact != reply.artifact else None

    def _did_fail(self, name: str, reply: Reply) -> None:
        if self._changed_meanwhile(name):
            return
        assert reply.failure is not None
        key = self._state.nodes[name].key
        self._unlock(name)
        self._state.fail(name, reply.failure, self._store.workplace(key).log)

    def _found_damage(self, name: str, reply: Reply) -> None:
        self._unlock(name)
        node = self._state.nodes[name]
        node.status = Status.WAITING
        self._discard(reply.artifact, reply.file)

    def _discard(self, digest: str, file: str) -> None:
        self._store.discard(digest)
        makers = [name for name, node in self._state.nodes.items() if node.artifact == digest]
        for maker in makers:
            self._state.nodes[maker].artifact = ""
        self._listener(events.ArtifactDamaged(digest, file, tuple(makers)))
        self._state.reset(makers)

    def _outdated(self, name: str, reply: Reply) -> None:
        self._state.fingerprinter.reread()
        self._gone_stale(name, self._state.changed(name) or ["source"])

    def _changed_meanwhile(self, name: str) -> bool:
        """Whether what the stage depends on was edited while it ran; its result is then not recorded."""
        self._state.fingerprinter.reread()
        changed = self._state.changed(name)
        if changed:
            self._gone_stale(name, changed)
        return bool(changed)

    def _gone_stale(self, name: str, changed: list[str]) -> None:
        self._unlock(name)
        node = self._state.nodes[name]
        self._rounds[name] = self._rounds.get(name, 0) + 1
        if self._rounds[name] > _ROUNDS:
            text = f"it ran {_ROUNDS} times, and each time there changed meanwhile: {', '.join(changed)}"
            self._state.fail(name, Failure(name, "StageError", text))
            return
        if name not in self._outcome.stale:
            self._outcome.stale.append(name)
        self._listener(events.SourceChanged(name, tuple(changed)))
        node.status = Status.WAITING
        self._state.reset([name])

    def _refused(self, name: str, reply: Reply) -> None:
        raise StoreError(reply.message, reply.hint)

    def _died(self, name: str, reply: Reply) -> None:
        node = self._state.nodes[name]
        if node.attempts < ATTEMPTS:
            self._listener(events.StageRetried(name, node.attempts + 1, reply.message))
            self._submit(name)
            return
        lines = [f"its worker {reply.message}, {ATTEMPTS} times in a row"]
        if "SIGKILL" in reply.message:
            lines.append(f"The usual cause is too little memory: the stage declares {node.stage.memory_mb} MB.")
        log = self._store.workplace(node.key).log
        self._unlock(name)
        self._state.fail(name, Failure(name, "StageError", "\n".join(lines)), log)

    # --------------------------------------------------------------------------------- locks and other builds

    def _lock(self, name: str) -> bool:
        """Take the stage's lock, or note that another build has it."""
        node = self._state.nodes[name]
        if self._locks.take(node.key):
            self._elsewhere.discard(name)
            return True
        if name not in self._elsewhere:
            self._listener(events.StageElsewhere(name))
        self._elsewhere.add(name)
        node.status = Status.ELSEWHERE
        return False

    def _unlock(self, name: str) -> None:
        self._locks.release(self._state.nodes[name].key)

    def _look_elsewhere(self) -> None:
        """Take what other builds have finished; what they have given up becomes ready here."""
        for name in sorted(self._elsewhere):
            if self._state.nodes[name].status is not Status.ELSEWHERE:
                self._elsewhere.discard(name)  # an input was reset
            elif self._reuse(name):
                self._elsewhere.discard(name)
            else:
                self._state.nodes[name].status = Status.READY
                self._queue([name])

    # ------------------------------------------------------------------------------------------------ the end

    def _interrupt(self) -> None:
        self._interrupted = True
        if self._crew is not None:
            self._crew.wake()

    def _end_workers(self) -> None:
        """End all workers, then keep what they had finished but we had not yet heard of."""
        replies = self._crew.end() if self._crew is not None else {}
        self._crew = None
        self._state.fingerprinter.reread()
        try:
            for name, reply in replies.items():
                if reply.outcome == "done" and not self._state.changed(name):
                    self._journal_end(name, reply)
                    self._commit(name, reply)
                    self._outcome.ran.append(name)
        finally:
            self._locks.release_all()
            self._closing.close()
            if self._sharing is not None:
                self._sharing.close(wait=not self._interrupted)
                self._sharing = None

    def _journal_end(self, name: str, reply: Reply) -> None:
        node = self._state.nodes[name]
        begun = self._begun.pop(name, time.time())
        seconds = reply.seconds or time.time() - begun  # a worker that died does not say
        values: dict[str, object] = {"start": time.time() - seconds, "seconds": round(seconds, 4)}
        if reply.outcome == "done":
            values |= {"artifact": reply.artifact}
        values |= {"peak_memory_mb": round(reply.peak_memory_mb, 1), "attempt": node.attempts}
        values |= {"worker": reply.pid, "worker_host": reply.host}
        self._record("stage_end", stage=name, key=node.key, outcome=reply.outcome, **values)

    def _keep(self, keys: Mapping[str, str]) -> str:
        """Write down which keys the build uses."""
        with writing(self._store.root):
            return write_uses(self._store, keys)

    def _record(self, event: str, **values: object) -> None:
        with writing(self._store.root):
            self._store.root.mkdir(parents=True, exist_ok=True)
            self._store.journal.write(event, **values)
