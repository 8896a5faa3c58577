"""What a cluster's crew knows of one Dask worker, and of one attempt at a stage there."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal

from latentpress.engine.jobs import Job, Reply
from latentpress.engine.stage import Stage


@dataclass(slots=True)
class DaskWorker:
    """A Dask worker.

    Attributes:
        address: where it listens.
        threads: how many threads the stages that it runs may have together.
        memory_mb: how much memory they may declare together; None for no limit.
        running: whether Dask gives it work.
        verdict: whether it meets the build's requirements.
        examining: whether it is being asked.
        faults, warnings: what it answered.
        told: the complaints that the user has seen.
        jobs: the stages that it has in hand.
    """

    address: str
    threads: int
    memory_mb: float | None
    running: bool = True
    verdict: Literal["unknown", "fit", "unfit"] = "unknown"
    examining: bool = False
    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    jobs: dict[str, Stage] = field(default_factory=dict)

    @staticmethod
    def of(address: str, info: Mapping[str, Any]) -> DaskWorker:
        """A worker as the Dask scheduler describes it."""
        limit = info.get("memory_limit") or 0
        return DaskWorker(address, int(info["nthreads"]), limit / 2**20 if limit else None)

    @property
    def fit(self) -> bool:
        """Whether it can be given work."""
        return self.running and self.verdict == "fit"

    def free(self) -> int:
        """How many of its threads are free."""
        return self.threads - sum(stage.threads for stage in self.jobs.values())

    def has_room(self, stage: Stage) -> bool:
        """Whether it can run a stage now; one that declares more than the worker has runs alone."""
        if not self.fit:
            return False
        memory = sum(other.memory_mb for other in self.jobs.values()) + stage.memory_mb
        enough = self.memory_mb is None or memory <= self.memory_mb
        return not self.jobs or (len(self.jobs) < self.threads and stage.threads <= self.free() and enough)

    def take(self, answer: Any) -> None:
        """Take the answer to an examination: faults and warnings, or the exception that it ended in."""
        # Dask tells what kept it from loading our function as an error of its own, with that error's text inside.
        lacking = re.search(r"No module named '[^']+'", str(answer)) if isinstance(answer, BaseException) else None
        if lacking is not None:
            self.faults = [f"found no package that can be imported ({lacking[0]}); install the same version there"]
        elif isinstance(answer, BaseException):
            self.faults = [f"it could not be examined: {type(answer).__name__}: {answer}; start it again"]
        else:
            self.faults, self.warnings = map(list, answer)
        self.verdict = "unfit" if self.faults else "fit"

    def complaints(self) -> list[str]:
        """What makes it unfit, each with its address."""
        return [f"Dask worker {self.address}: {fault}" for fault in self.faults] if self.verdict == "unfit" else []


class Attempt:
    """One attempt at a stage, on the way to a worker or there.

    Args:
        stage: the stage.
        job: the job.
        token: names the attempt.
    """

    def __init__(self, stage: Stage, job: Job, token: str) -> None:
        self.stage = stage
        self.job = job
        self.token = token
        self.worker = ""
        self.lost = ""
        self.carrier: Future[Reply] | None = None
        self._future: Future[Any] | None = None
        self._lock = threading.Lock()

    def folders(self) -> tuple[str, ...]:
        """Where the submitting machine looks for modules."""
        return self.job.kind.path

    def watch(self, future: Future[Any]) -> None:
        """The job is with Dask; it is cancelled at once if the attempt was cancelled before."""
        with self._lock:
            self._future = future
        if self.lost:
            future.cancel()

    def cancel(self, reason: str) -> None:
        """Wait no longer for the worker, and have Dask forget the job."""
        with self._lock:
            self.lost = reason
            future = self._future
        if future is not None:
            future.cancel()
