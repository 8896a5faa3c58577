"""What the scheduler and a worker say to each other, as JSON: a job, notes while it runs, one reply."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from latentpress.engine.stage import Failure, Provenance, Stage

if TYPE_CHECKING:
    from latentpress.engine.fingerprint import Fingerprint

Outcome = Literal["done", "failed", "damaged", "outdated", "store", "died"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a worker process is set up for; jobs of one kind can share a worker."""

    backend: str | None
    device: str
    threads: int
    path: tuple[str, ...]

    def environment(self) -> dict[str, str]:
        """The environment of such a worker.

        Thread counts have to be there before the libraries load; so has all that makes a run repeatable.
        """
        threads = str(self.threads)
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(self.path),
            "PYTHONHASHSEED": "0",
            "PYTHONUNBUFFERED": "1",
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "NUMEXPR_NUM_THREADS": threads,
            "TF_NUM_INTRAOP_THREADS": threads,
            "TF_NUM_INTEROP_THREADS": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TF_FORCE_GPU_ALLOW_GROWTH": "true",
            "TF_DETERMINISTIC_OPS": "1",
            "MPLBACKEND": "Agg",
        }
        if self.backend is not None:
            environment["KERAS_BACKEND"] = self.backend
        if self.device == "cpu":
            environment["CUDA_VISIBLE_DEVICES"] = ""
        return environment


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt at one stage.

    Attributes:
        stage, function, settings, seed, memory_mb, isolated: as in the `Stage`.
        key: names the folder ``work/<key>``.
        kind: which worker it needs.
        store: the store's root.
        inputs: label to digest.
        files: label to path.
        contents: label to SHA-256 of the file.
        failures: label to failure.
        lineage: stage name to provenance, both as plain JSON.
        packages: the project's packages.
        places: those of them that lie elsewhere than the others, each with the folder that holds it.
        sources: every project module that the stage may load, and SHA-256 of its file.
    """

    stage: str
    function: str
    key: str
    kind: Kind
    store: str
    settings: Mapping[str, Any]
    inputs: Mapping[str, str]
    files: Mapping[str, str]
    contents: Mapping[str, str]
    seed: int | None
    memory_mb: int
    isolated: bool
    failures: Mapping[str, Mapping[str, str]]
    lineage: Mapping[str, Mapping[str, Any]]
    packages: tuple[str, ...]
    places: Mapping[str, str]
    sources: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """The job as plain JSON values."""
        return asdict(self)

    @staticmethod
    def from_json(values: dict[str, Any]) -> Job:
        """Read what `as_json` gave."""
        kind = values.pop("kind")
        kind["path"] = tuple(kind["path"])
        return Job(kind=Kind(**kind), **{**values, "packages": tuple(values["packages"])})


@dataclass(frozen=True, slots=True)
class JobSite:
    """What all jobs of a build share: the store's root, the project's packages and their folders.

    Attributes:
        store: the store's root.
        packages: the project's packages.
        folders: where these lie; whatever lies beside them can be imported, too.
        places: further packages, each with the folder that holds it, from which nothing else can be imported.
    """

    store: Path
    packages: tuple[str, ...]
    folders: tuple[Path, ...]
    places: Mapping[str, str] = field(default_factory=dict)


def job_for(stage: Stage, fingerprint: Fingerprint, lineage: Mapping[str, Provenance], site: JobSite) -> Job:
    """The job for a stage whose key is known."""
    components = fingerprint.components
    path = [*site.folders, *(Path(entry or ".").absolute() for entry in sys.path)]
    return Job(
        stage=stage.name,
        function=stage.function,
        key=fingerprint.key,
        kind=Kind(stage.backend, stage.device, stage.threads, tuple(dict.fromkeys(map(str, path)))),
        store=str(site.store),
        settings=components["settings"],
        inputs=components["inputs"],
        files={label: str(Path(file).absolute()) for label, file in stage.files.items()},
        contents=components["files"],
        seed=stage.seed,
        memory_mb=stage.memory_mb,
        isolated=stage.isolated,
        failures=components["failures"],
        lineage={name: asdict(entry) for name, entry in lineage.items()},
        packages=site.packages,
        places=dict(site.places),
        sources=fingerprint.closure.contents,
    )


@dataclass(frozen=True, slots=True)
class Reply:
    """How an attempt ended.

    Attributes:
        outcome: ``done``: ``artifact`` lies in ``work/<key>/result``; ``failed``: ``failure`` says why;
            ``damaged``: ``file`` of the input ``artifact`` is not what was written; ``outdated``: the
            worker holds other code than the key was taken of; ``store``: the disk refused, ``message`` and
            ``hint`` say how; ``died``: the process ended without a word, ``message`` says how.
        seconds: wall time.
        peak_memory_mb: the process's largest resident size so far.
    """

    outcome: Outcome
    host: str = ""
    pid: int = 0
    seconds: float = 0.0
    peak_memory_mb: float = 0.0
    artifact: str = ""
    file: str = ""
    message: str = ""
    hint: str = ""
    failure: Failure | None = None

    def as_json(self) -> dict[str, Any]:
        """The reply as plain JSON values."""
        return asdict(self)

    @staticmethod
    def from_json(values: dict[str, Any]) -> Reply:
        """Read what `as_json` gave."""
        failure = values.pop("failure")
        return Reply(failure=Failure(**failure) if failure else None, **values)


@dataclass(frozen=True, slots=True)
class Note:
    """Told while an attempt runs: ``started`` (pid, host) or ``progress`` (what the function reports)."""

    what: Literal["started", "progress"]
    values: Mapping[str, Any] = field(default_factory=dict)
