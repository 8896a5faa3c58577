"""What the scheduler tells its listener while it works; every event is a small immutable record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from latentpress.engine.stage import Failure


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a build would do.

    Attributes:
        up_to_date: stages whose artifact is in the store.
        must_run: stages that have to run whatever the others give.
        may_run: stages below those; they run unless their inputs come out as they were.
        seconds: about how long it takes with the workers at hand, from the stages' own estimates.
    """

    up_to_date: tuple[str, ...]
    must_run: tuple[str, ...]
    may_run: tuple[str, ...]
    seconds: float

    @property
    def to_run(self) -> tuple[str, ...]:
        """All stages that are not known to be up to date."""
        return self.must_run + self.may_run


@dataclass(frozen=True, slots=True)
class PlanReady(Event):
    """The first event of every build."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class StageStarted(Event):
    """A worker began to run the stage."""

    stage: str
    pid: int
    host: str
    attempt: int


@dataclass(frozen=True, slots=True)
class StageProgress(Event):
    """What the stage's function reported: epoch, epochs, loss, seconds_left, …"""

    stage: str
    values: Mapping[str, float | str]


@dataclass(frozen=True, slots=True)
class StageFinished(Event):
    """The stage's artifact is committed.

    ``previous`` is what the same key gave before, where that differs: the stage is not reproducible.
    """

    stage: str
    artifact: str
    seconds: float
    peak_memory_mb: float
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class StageReused(Event):
    """The stage's artifact was in the store."""

    stage: str
    artifact: str


@dataclass(frozen=True, slots=True)
class StageElsewhere(Event):
    """Another build of this store works on the stage; its artifact is waited for."""

    stage: str


@dataclass(frozen=True, slots=True)
class StageRetried(Event):
    """The worker died; the stage is started again."""

    stage: str
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True)
class StageFailed(Event):
    """The stage failed for good; ``log`` has the traceback and what its libraries printed."""

    stage: str
    failure: Failure
    log: Path | None


@dataclass(frozen=True, slots=True)
class StageSkipped(Event):
    """The stage cannot run, since the stage that ``failure`` names failed."""

    stage: str
    failure: Failure


@dataclass(frozen=True, slots=True)
class ArtifactDamaged(Event):
    """A file of an artifact was found altered or missing; the stages that made it run again."""

    artifact: str
    file: str
    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceChanged(Event):
    """What the stage depends on was edited after its key was taken; it is not recorded and runs again."""

    stage: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notice(Event):
    """Something about the cluster or the mirror that people should know."""

    text: str


@dataclass(frozen=True, slots=True)
class BuildEnded(Event):
    """The last event of every build, also of one that was interrupted; no worker is left."""

    seconds: float
