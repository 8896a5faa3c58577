"""Past builds, as the journal tells them: what each ran, when and where, and which keys it used.

The keys of a build are a file of their own, ``builds/<digest>.json``, named by its content: a build that
changes nothing adds two short lines to the journal and no file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from latentpress.engine.journal import Journal
from latentpress.engine.store import Store, replace_file


@dataclass(slots=True)
class Attempt:
    """One attempt at a stage.

    Attributes:
        stage, key: what was run.
        number: 1 for the first attempt.
        started: seconds since 1970.
        ended: None where the journal has no end: the stage is running, or its build was killed.
        outcome: ``done``, ``failed``, ``died``, ``damaged``, ``outdated``, ``store``; empty without an end.
        worker, host: the process that ran it, and where.
        peak_memory_mb: its largest resident size.
        artifact: what it produced, when done.
    """

    stage: str
    key: str
    number: int
    started: float
    ended: float | None = None
    outcome: str = ""
    worker: int = 0
    host: str = ""
    peak_memory_mb: float = 0.0
    artifact: str = ""


@dataclass(slots=True)
class PastBuild:
    """One build.

    Attributes:
        id, host, pid: which build, and who ran it.
        started, ended: seconds since 1970; ``ended`` is None for one that runs or was killed.
        outcome: ``done``, ``failed``, ``interrupted``; empty without an end.
        about: what the caller said of it, and that two builds are compared by.
        planned, used: names of the lists of keys that were up to date at the start, and at the end.
        attempts: in the order in which they started.
        cleaned: a later `clean` did not keep it.
    """

    id: str
    host: str
    pid: int
    started: float
    ended: float | None = None
    outcome: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)
    planned: str = ""
    used: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    cleaned: bool = False

    @property
    def complete(self) -> bool:
        """Whether it came to its end without a failed stage."""
        return self.outcome == "done"


def past_builds(journal: Journal) -> list[PastBuild]:
    """All builds of a journal, in the order in which they started."""
    builds: dict[str, PastBuild] = {}
    for record in journal.read():
        event, known = record.get("event"), builds.get(record.get("build", ""))
        if event == "build_start":
            _begin(builds, record)
        elif event == "clean":
            for build in builds.values():
                build.cleaned = build.cleaned or build.id not in record["kept"]
        elif known is None:
            continue  # its start was cut off
        elif event == "stage_start":
            known.attempts.append(_started(record))
        elif event == "stage_end":
            _end_attempt(known, record)
        elif event == "build_end":
            known.ended, known.outcome, known.used = record["time"], record["outcome"], record.get("uses", "")
    return list(builds.values())


def _begin(builds: dict[str, PastBuild], record: Mapping[str, Any]) -> None:
    known = builds.get(record["build"])
    if known is not None:  # the same build goes on, to repair a damaged artifact
        known.ended, known.outcome, known.used = None, "", ""
        return
    build = PastBuild(record["build"], record["host"], record["pid"], record["time"])
    build.about, build.planned = record.get("about", {}), record.get("uses", "")
    builds[build.id] = build


def _started(record: Mapping[str, Any]) -> Attempt:
    return Attempt(
        record["stage"],
        record["key"],
        record.get("attempt", 1),
        record["time"],
        worker=record.get("worker", 0),
        host=record.get("worker_host", record["host"]),
    )


def _end_attempt(build: PastBuild, record: Mapping[str, Any]) -> None:
    stage = record["stage"]
    attempt = next((one for one in reversed(build.attempts) if one.stage == stage and one.ended is None), None)
    if attempt is None:  # the worker refused before it started
        attempt = _started({**record, "time": record["start"]})
        build.attempts.append(attempt)
    attempt.ended, attempt.outcome = record["time"], record["outcome"]
    attempt.peak_memory_mb = record.get("peak_memory_mb", 0.0)
    attempt.artifact = record.get("artifact", "")


# ------------------------------------------------------------------------------------------- lists of keys


def write_uses(store: Store, keys: Mapping[str, str]) -> str:
    """Keep which key each stage of a build had.

    Args:
        store: where.
        keys: stage name to key.

    Returns:
        The list's name, for the journal; an equal list is written once.

    Raises:
        OSError: the store cannot be written.
    """
    body = json.dumps(dict(sorted(keys.items())), separators=(",", ":"), ensure_ascii=False).encode()
    digest = hashlib.sha256(body).hexdigest()
    target = store.root / "builds" / f"{digest}.json"
    if not target.is_file() or target.read_bytes() != body:
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(target, body, target.with_suffix(f".{store.journal.build}"))
    return digest


def read_uses(store: Store, digest: str) -> dict[str, str] | None:
    """Stage name to key, of a list that `write_uses` kept; None where it is missing or damaged."""
    try:
        body = (store.root / "builds" / f"{digest}.json").read_bytes()
    except OSError:
        return None
    if hashlib.sha256(body).hexdigest() != digest:
        return None
    keys: dict[str, str] = json.loads(body)
    return keys


def used_keys(store: Store, build: PastBuild) -> dict[str, str] | None:
    """Stage name to key of all that a build used: what it reused, and what it finished.

    Returns:
        None where the build's list is missing from the store, or was never written.
    """
    used = read_uses(store, build.used) if build.used else {}
    if build.outcome == "done":
        return used if build.used else None
    # It may have ended before it looked at all that its plan had found up to date.
    planned = read_uses(store, build.planned) if build.planned else None
    if planned is None or used is None:
        return None
    return planned | {one.stage: one.key for one in build.attempts if one.outcome == "done"} | used
