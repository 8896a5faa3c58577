"""How far a build has come: what of each stage is known, what can be reused, what has to run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from latentpress.engine import events
from latentpress.engine.fingerprint import Fingerprint, Fingerprinter, differences, provenance
from latentpress.engine.graph import Graph
from latentpress.engine.stage import Failure, Provenance, Stage
from latentpress.engine.store import Record, Store
from latentpress.errors import LatentPressError


class Status(Enum):
    """Where a stage stands."""

    WAITING = "inputs are not settled"
    READY = "has to run"
    ELSEWHERE = "another build runs it"
    RUNNING = "a worker runs it"
    DONE = "its artifact is in the store"
    FAILED = "it failed"
    SKIPPED = "a stage above failed"


_SETTLED = (Status.DONE, Status.FAILED, Status.SKIPPED)


@dataclass(slots=True)
class Node:
    """What is known of one stage."""

    stage: Stage
    status: Status = Status.WAITING
    fingerprint: Fingerprint | None = None
    artifact: str = ""
    failure: Failure | None = None
    log: Path | None = None
    attempts: int = 0
    forced: bool = False

    @property
    def key(self) -> str:
        """The key, once the inputs are settled."""
        assert self.fingerprint is not None, f"{self.stage.name} has no key yet"
        return self.fingerprint.key

    def provenance(self) -> Provenance:
        """Where the artifact came from."""
        assert self.fingerprint is not None, f"{self.stage.name} has no key yet"
        return provenance(self.key, self.artifact, self.fingerprint.components)


class BuildState:
    """Nodes of a graph, brought forward by `settle` and by what the scheduler finds out.

    Args:
        store: where results are looked up.
        graph: the stages.
        fingerprinter: takes keys.
        force: stages that run even when up to date.
        tell: is given events.
    """

    def __init__(
        self,
        store: Store,
        graph: Graph,
        fingerprinter: Fingerprinter,
        force: Collection[str],
        tell: Callable[[events.Event], None],
    ) -> None:
        self.store = store
        self.graph = graph
        self.fingerprinter = fingerprinter
        self.tell = tell
        self.nodes = {name: Node(stage, forced=name in force) for name, stage in graph.stages.items()}
        self.failed: set[str] = set()
        self._unsettled = deque(graph.stages)
        self._open = set(graph.stages)
        self._planned: dict[str, tuple[Mapping[str, str], Fingerprint, Record | None]] = {}

    def plan(self, workers: int, cores: int) -> events.Plan:
        """What a build would do now; nothing is run and nothing is told."""
        known: dict[str, Record] = {}
        must_run: list[str] = []
        may_run: list[str] = []
        self._planned.clear()
        for name, node in self.nodes.items():
            inputs = node.stage.inputs
            if not all(source in known for source in inputs.values()):
                (must_run if node.forced else may_run).append(name)
                continue
            digests = {label: known[source].artifact for label, source in inputs.items()}
            try:
                lineage = self._lineage(name, known) if node.stage.lineage else None
                fingerprint = self.fingerprinter.take(node.stage, digests, lineage=lineage)
            except LatentPressError:
                must_run.append(name)  # and will fail, and say why
                continue
            record = self._recorded(fingerprint.key)
            self._planned[name] = (digests, fingerprint, record)
            if record is None or node.forced:
                must_run.append(name)
            else:
                known[name] = record
        seconds = self.graph.estimate({*must_run, *may_run}, workers, cores)
        return events.Plan(tuple(known), tuple(must_run), tuple(may_run), seconds)

    def planned_keys(self) -> dict[str, str]:
        """Stage name to key, of the stages that the plan found up to date."""
        return {name: plan[1].key for name, plan in self._planned.items() if plan[2] is not None}

    def used_keys(self, also: Collection[str]) -> dict[str, str]:
        """Stage name to key, of the stages that are done, and of others that were committed all the same."""
        return {
            name: node.key
            for name, node in self.nodes.items()
            if node.fingerprint is not None and (node.status is Status.DONE or name in also)
        }

    def _lineage(self, name: str, known: Mapping[str, Record]) -> dict[str, Provenance]:
        above = [source for source in self.graph.above(name) if source in known]
        return {
            source: provenance(known[source].key, known[source].artifact, known[source].components) for source in above
        }

    def _recorded(self, key: str) -> Record | None:
        record = self.store.record(key)
        return record if record is not None and self.store.has(record.artifact) else None

    def settle(self) -> list[str]:
        """Settle every stage that can be without running one.

        Returns:
            The stages that have to run and now can.
        """
        ready = []
        while self._unsettled:
            name = self._unsettled.popleft()
            if self.nodes[name].status is Status.WAITING and self._inputs_settled(name):
                self.assess(name)
                if self.nodes[name].status is Status.READY:
                    ready.append(name)
        return ready

    def assess(self, name: str) -> None:
        """Take a stage's key and look it up: afterwards it is ready, done, failed or skipped."""
        node = self.nodes[name]
        failures = self._input_failures(name)
        if failures and not node.stage.tolerant:
            self.skip(name, failures[min(failures)])
            return
        digests = self.input_digests(name)
        planned = self._planned.pop(name, None)
        try:
            if planned is not None and planned[0] == digests and not failures:
                _, node.fingerprint, record = planned
            else:
                lineage = self.lineage(name) if node.stage.lineage else None
                node.fingerprint = self.fingerprinter.take(node.stage, digests, failures, lineage)
                record = self._recorded(node.key)
        except LatentPressError as error:
            node.fingerprint = None
            self.fail(name, Failure(name, type(error).__name__, str(error)))
            return
        if record is None or node.forced:
            node.status = Status.READY
        else:
            self.finish(name, record.artifact)
            self.tell(events.StageReused(name, record.artifact))

    def finish(self, name: str, artifact: str) -> None:
        """The stage's artifact is in the store."""
        self._settled(name, Status.DONE, artifact=artifact)

    def fail(self, name: str, failure: Failure, log: Path | None = None) -> None:
        """The stage failed for good."""
        self._settled(name, Status.FAILED, failure=failure, log=log)
        self.tell(events.StageFailed(name, failure, log))

    def skip(self, name: str, failure: Failure) -> None:
        """The stage cannot run; ``failure`` is that of the stage that is to blame."""
        self._settled(name, Status.SKIPPED, failure=failure)
        self.tell(events.StageSkipped(name, failure))

    def _settled(
        self,
        name: str,
        status: Status,
        artifact: str = "",
        failure: Failure | None = None,
        log: Path | None = None,
    ) -> None:
        node = self.nodes[name]
        node.status, node.artifact, node.failure, node.log = status, artifact, failure, log
        self._open.discard(name)
        (self.failed.add if status is Status.FAILED else self.failed.discard)(name)
        self._unsettled.extend(self.graph.consumers[name])

    def reset(self, names: Iterable[str]) -> None:
        """Stages, and all below them, are no longer settled. Those that a worker has in hand go on."""
        names = list(names)
        for name in [*names, *self.graph.below(names)]:
            node = self.nodes[name]
            self._open.add(name)
            self.failed.discard(name)
            if node.status is not Status.RUNNING:
                node.status, node.attempts = Status.WAITING, 0
        self._unsettled.extend(name for name in self.graph.stages if self.nodes[name].status is Status.WAITING)

    def changed(self, name: str, written: bool = False) -> list[str]:
        """What of the stage's fingerprint is no longer as it was when its key was taken, as names.

        Args:
            name: the stage.
            written: a file that was written to counts also where its content is the same again: what a stage that ran
                meanwhile has read of it is not known.
        """
        node = self.nodes[name]
        if node.fingerprint is None:
            return []
        lineage = self.lineage(name) if node.stage.lineage else None
        try:
            now = self.fingerprinter.take(
                node.stage, node.fingerprint.components["inputs"], self._input_failures(name), lineage
            )
        except LatentPressError as error:
            return [error.message]
        changed = [part for part, _, _ in differences(node.fingerprint.components, now.components)]
        if written:
            before = node.fingerprint.stamps
            again = [f"files.{label}" for label, stamp in now.stamps.items() if before.get(label) != stamp]
            changed += [part for part in again if part not in changed]
        return changed

    def inputs_as_launched(self, name: str) -> bool:
        """Whether the inputs are still those that the stage's key was taken of."""
        node = self.nodes[name]
        assert node.fingerprint is not None
        return self._inputs_settled(name) and self.input_digests(name) == node.fingerprint.components["inputs"]

    def input_digests(self, name: str) -> dict[str, str]:
        """Label to digest, of the inputs that are there."""
        inputs = self.graph.stages[name].inputs.items()
        return {label: self.nodes[source].artifact for label, source in inputs if self.nodes[source].artifact}

    def lineage(self, name: str) -> dict[str, Provenance]:
        """Provenance of every stage above that gave an artifact."""
        above = (self.nodes[source] for source in self.graph.above(name))
        return {node.stage.name: node.provenance() for node in above if node.status is Status.DONE}

    def _inputs_settled(self, name: str) -> bool:
        return all(self.nodes[source].status in _SETTLED for source in self.graph.stages[name].inputs.values())

    def _input_failures(self, name: str) -> dict[str, Failure]:
        found = {}
        for label, source in self.graph.stages[name].inputs.items():
            failure = self.nodes[source].failure
            if failure is not None:
                found[label] = failure
        return found

    def settled(self) -> bool:
        """Whether nothing is left to do."""
        return not self._open
