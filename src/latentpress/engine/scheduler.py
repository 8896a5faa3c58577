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
from latentpress.engine.hiring import hire_cluster, hire_here
from latentpress.engine.jobs import JobSite, Note, job_for
from latentpress.engine.outcome import Outcome
from latentpress.engine.presence import in_use
from latentpress.engine.recorder import Recorder
from latentpress.engine.replies import ReplyHandler
from latentpress.engine.results import Results
from latentpress.engine.signals import interrupts
from latentpress.engine.sources import find_packages
from latentpress.engine.stage import Stage
from latentpress.engine.state import BuildState, Status
from latentpress.engine.store import Store, writing
from latentpress.errors import StoreError, UsageError

if TYPE_CHECKING:
    from latentpress.engine.crew import Crew
    from latentpress.engine.mirror import Mirror

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
        places: further packages of the project, each with the folder that holds it; see `JobSite`.
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
        places: Mapping[str, str] | None = None,
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
        self._listener = listener
        self._strict = strict
        folders = tuple(source_dirs or find_packages([package]))
        self._site = JobSite(store.root, (package,), folders, dict(places or {}))
        fingerprinter = Fingerprinter(self._site.packages, folders, store.root / "cache", self._site.places)
        self._state = BuildState(store, self._graph, fingerprinter, frozenset(force), listener)
        self._outcome = Outcome()
        self._recorder = Recorder(store)
        self._results = Results(self._state, listener, mirror)
        self._replies = ReplyHandler(self._state, self._results, self._recorder, self._outcome, listener, self._submit)
        self._ready: list[tuple[float, str]] = []
        self._elsewhere: set[str] = set()
        self._crew: Crew | None = None
        self._closing = contextlib.ExitStack()
        self._interrupted = False

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
            counts = (len(self._graph.stages), len(plan.must_run))
            self._recorder.build_start(*counts, self._about, self._state.planned_keys())
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
                ran = self._outcome.ran
                self._recorder.build_end(ended, seconds, ran, self._state.used_keys(ran))
        return self._outcome.take_from(self._state)

    # ------------------------------------------------------------------------------------------ the main loop

    def _work(self) -> None:
        self._results.begin_sharing()
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
            self._replies.heed(mail[0], mail[1])
        else:
            self._replies.handle(mail[0], mail[1])

    def _hire(self) -> Crew:
        if self._crew is None:
            if self._cluster is None:
                self._crew = hire_here(*self._limits)
            else:
                self._crew = hire_cluster(
                    *self._cluster, self._state, self._site, self._listener, self._mirror, self._closing
                )
        return self._crew

    def _unchanged_to_the_end(self) -> bool:
        """Look at all sources once more, so that a finished build is one of a single state of the project."""
        if not self._outcome.ran:
            return True
        self._state.fingerprinter.reread()
        changed = {name: parts for name in self._graph.stages if (parts := self._state.changed(name))}
        for name, parts in changed.items():
            self._replies.gone_stale(name, parts)
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
            self._results.forget_checkpoints(name)
        elif self._results.reuse(name) or self._results.fetch(name):  # another build finished it before we had the lock
            self._results.unlock(name)
            return
        with writing(self._store.root):
            self._store.workplace(node.key).root.mkdir(parents=True, exist_ok=True)
        self._submit(name)

    def _submit(self, name: str) -> None:
        node = self._state.nodes[name]
        node.status = Status.RUNNING
        node.attempts += 1
        assert node.fingerprint is not None
        lineage = self._state.lineage(name) if node.stage.lineage else {}
        self._hire().submit(node.stage, job_for(node.stage, node.fingerprint, lineage, self._site))

    # ------------------------------------------------------------------------------------------- other builds

    def _lock(self, name: str) -> bool:
        """Take the stage's lock, or note that another build has it."""
        node = self._state.nodes[name]
        if self._results.lock(name):
            self._elsewhere.discard(name)
            return True
        if name not in self._elsewhere:
            self._listener(events.StageElsewhere(name))
        self._elsewhere.add(name)
        node.status = Status.ELSEWHERE
        return False

    def _look_elsewhere(self) -> None:
        """Take what other builds have finished; what they have given up becomes ready here."""
        for name in sorted(self._elsewhere):
            if self._state.nodes[name].status is not Status.ELSEWHERE:
                self._elsewhere.discard(name)  # an input was reset
            elif self._results.reuse(name):
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
                self._replies.keep(name, reply)
        finally:
            self._results.unlock_all()
            self._closing.close()
            self._results.end_sharing(wait=not self._interrupted)
