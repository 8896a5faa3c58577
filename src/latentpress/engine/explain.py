"""Why each stage is up to date or not: what changed since it was last run, old and new. Runs nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from latentpress.engine.artifacts import MANIFEST, Artifact, DamagedArtifactError
from latentpress.engine.changes import Reason, changes
from latentpress.engine.fingerprint import Fingerprint, Fingerprinter, provenance
from latentpress.engine.graph import Graph
from latentpress.engine.history import Attempt, PastBuild, past_builds, used_keys
from latentpress.engine.presence import is_busy
from latentpress.engine.stage import Stage
from latentpress.engine.store import Record, Store
from latentpress.errors import LatentPressError

State = Literal["up_to_date", "must_run", "may_run"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a stage stands, and why.

    Attributes:
        stage: its name.
        state: as in a `Plan`.
        key: its key, where its inputs are known.
        artifact: its artifact, where it is up to date.
        compared: the key of the record that it was compared with.
        reasons: empty where it is up to date and whole.
    """

    stage: str
    state: State
    key: str = ""
    artifact: str = ""
    compared: str = ""
    reasons: tuple[Reason, ...] = ()


class Past:
    """What a store remembers of stages.

    A stage is compared with its record in the newest build that was most like the one asked for: equal in the
    first value of ``about``, or else the second, and so on. Stages that no build on record knows are looked for
    among all records, by age.

    Args:
        store: the store.
        about: what the build says of itself, the most telling first: its profile, its data.
    """

    def __init__(self, store: Store, about: Mapping[str, Any]) -> None:
        self.store = store
        builds = past_builds(store.journal)
        builds.reverse()  # sorting keeps the newest first among those that are alike
        self._builds = sorted(builds, key=lambda build: _unlikeness(build, about))
        self._uses: dict[str, dict[str, str]] = {}
        self._loose: dict[str, list[Record]] | None = None
        self._attempts: dict[str, Attempt] = {}
        for build in self._builds:
            for attempt in build.attempts:
                known = self._attempts.get(attempt.key)
                if known is None or known.started < attempt.started:
                    self._attempts[attempt.key] = attempt

    def record_of(self, stage: str) -> Record | None:
        """The record that a stage is compared with."""
        for build in self._builds:
            key = self._used(build).get(stage)
            record = self.store.record(key) if key is not None else None
            if record is not None:
                return record
        return max(self._unclaimed().get(stage, []), key=self._written, default=None)

    def last_attempt(self, key: str) -> Attempt | None:
        """The last attempt at a key."""
        return self._attempts.get(key)

    def _used(self, build: PastBuild) -> dict[str, str]:
        if build.id not in self._uses:
            done = {attempt.stage: attempt.key for attempt in build.attempts if attempt.outcome == "done"}
            self._uses[build.id] = used_keys(self.store, build) or done
        return self._uses[build.id]

    def _unclaimed(self) -> Mapping[str, list[Record]]:
        if self._loose is None:
            self._loose = {}
            folder = self.store.root / "keys"
            for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
                record = self.store.record(path.stem)
                if record is not None:
                    self._loose.setdefault(record.stage, []).append(record)
        return self._loose

    def _written(self, record: Record) -> float:
        return (self.store.root / "keys" / f"{record.key}.json").stat().st_mtime


def _unlikeness(build: PastBuild, about: Mapping[str, Any]) -> tuple[bool, ...]:
    """Sorts builds that agree first; values are compared as the journal has them."""
    return tuple(build.about.get(name) != json.loads(json.dumps(value)) for name, value in about.items())


def explain(
    store: Store, graph: Graph, fingerprinter: Fingerprinter, about: Mapping[str, Any] | None = None
) -> dict[str, Explanation]:
    """Say of every stage whether it is up to date, and if not, why.

    Args:
        store: where results are looked up.
        graph: the stages.
        fingerprinter: takes keys.
        about: what a build of this graph would say of itself; see `Past`.

    Returns:
        Stage name to explanation, in the graph's order.
    """
    past = Past(store, about or {})
    known: dict[str, Record] = {}
    told: dict[str, Explanation] = {}
    for name, stage in graph.stages.items():
        told[name] = _explain(stage, graph, fingerprinter, past, known)
    return told


def _explain(
    stage: Stage, graph: Graph, fingerprinter: Fingerprinter, past: Past, known: dict[str, Record]
) -> Explanation:
    again = [source for source in dict.fromkeys(stage.inputs.values()) if source not in known]
    digests = {label: known[source].artifact for label, source in stage.inputs.items() if source in known}
    state: State = "may_run" if again else "must_run"
    try:
        above = [known[name] for name in graph.above(stage.name) if name in known] if stage.lineage else []
        lineage = {one.stage: provenance(one.key, one.artifact, one.components) for one in above}
        taken = fingerprinter.take(stage, digests, lineage=lineage)
    except LatentPressError as error:
        return Explanation(stage.name, state, reasons=(Reason("error", f"it cannot be run: {error.message}"),))
    record = None if again else past.store.record(taken.key)
    if record is not None and past.store.has(record.artifact):
        known[stage.name] = record
        return Explanation(
            stage.name, "up_to_date", taken.key, record.artifact, taken.key, tuple(_damage(past.store, record))
        )
    old = past.record_of(stage.name)
    compared = old.key if old is not None else ""
    if again:
        reasons = list(_reasons_to_follow(stage, taken, old, again))
        return Explanation(stage.name, state, compared=compared, reasons=tuple(reasons))
    return Explanation(stage.name, state, taken.key, "", compared, tuple(_reasons(stage, taken, record, old, past)))


def _damage(store: Store, record: Record) -> Iterator[Reason]:
    """What is wrong with an artifact as far as sizes tell; its bytes are verified by whoever reads it."""
    artifact = store.artifact(record.artifact)
    file = damaged_file(artifact)
    if file is not None:
        text = (
            f"its artifact {record.artifact[:12]} is damaged: {file} is missing or altered; it is made again when read"
        )
        yield Reason("artifact_damaged", text, file)


def damaged_file(artifact: Artifact) -> str | None:
    """The first file of an artifact that is missing or not of the size that was written."""
    try:
        sizes = artifact.sizes()
    except DamagedArtifactError:
        return MANIFEST
    for name, size in sizes.items():
        path = artifact.path / name
        if not path.is_file() or path.stat().st_size != size:
            return name
    return None


def _reasons(
    stage: Stage, taken: Fingerprint, record: Record | None, old: Record | None, past: Past
) -> Iterator[Reason]:
    """Why a stage whose inputs are known has to run."""
    attempt = past.last_attempt(taken.key)
    if record is not None:
        text = f"its artifact {record.artifact[:12]} is missing from the store"
        yield Reason("artifact_missing", text, record.artifact)
    elif (past.store.root / "keys" / f"{taken.key}.json").exists():
        yield Reason("record_damaged", f"its record {taken.key[:12]} in the store is damaged", taken.key)
    elif attempt is not None and attempt.outcome == "done":
        yield Reason("removed", "its result was removed from the store", taken.key)
    else:
        if old is not None:
            yield from changes(stage, old.components, taken.components)
        if attempt is not None:
            yield _how_it_ended(attempt, past.store)
        elif old is None:
            yield Reason("never_run", "never run")


def _how_it_ended(attempt: Attempt, store: Store) -> Reason:
    place = store.workplace(attempt.key)
    if is_busy(place):
        return Reason("running", "it is being run now", attempt.key)
    where = f"; log: {place.log}" if place.log.exists() else ""
    if attempt.outcome in ("failed", "died"):
        return Reason("failed", f"it failed when it was last run{where}", attempt.key)
    return Reason("unfinished", f"it was begun but not finished{where}", attempt.key)


def _reasons_to_follow(stage: Stage, taken: Fingerprint, old: Record | None, again: Iterable[str]) -> Iterator[Reason]:
    """Why a stage may run whose inputs are not known: its own changes, and the inputs."""
    if old is None:
        yield Reason("never_run", "never run")
        return
    unknown = {label for label, source in stage.inputs.items() if source in set(again)}
    yield from changes(stage, old.components, taken.components, unknown)
    for source in again:
        yield Reason("input_again", f"its input {source} will be made again", source)
