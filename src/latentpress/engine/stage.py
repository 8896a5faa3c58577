"""What the engine works on: a stage, the task that its function is given, the result that it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from latentpress.engine.store import Artifact

    Arrays = np.ndarray | dict[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Stage:
    """One unit of cached work.

    Attributes:
        name: unique in the graph, a path of words: ``"train/sparse/seed0"``.
        function: ``"package.module:function"``; it is not imported to build the graph.
        settings: JSON values only; hashed.
        inputs: label to name of the stage whose artifact is read; the artifact's content is hashed.
        files: label to a file outside the store; its content is hashed, its path is not.
        roots: project modules that the function binds late, by a name in its settings.
        seed: the stage's random seed, or None for a stage that draws nothing; hashed.
        threads: threads that the stage's numerical libraries use; hashed, since it changes sums.
        backend: the Keras backend, or None for a stage that loads none; hashed with its version.
        device: ``"cpu"`` or ``"gpu"``; hashed where there is a backend.
        memory_mb: what the stage needs at its peak; packs the machine, not hashed.
        seconds: about how long it takes; orders the work and the plan, not hashed.
        tolerant: runs even when inputs failed, and is told which.
        lineage: the function is given the provenance of all stages above it.
        isolated: gets a worker of its own, which ends afterwards (trainings).
    """

    name: str
    function: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    roots: tuple[str, ...] = ()
    seed: int | None = None
    threads: int = 1
    backend: str | None = None
    device: str = "cpu"
    memory_mb: int = 1000
    seconds: float = 1.0
    tolerant: bool = False
    lineage: bool = False
    isolated: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an input is missing: told to tolerant stages and printed in the report."""

    stage: str
    error: str
    first_lines: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where one artifact came from; all of it is equal on every rerun of the same inputs."""

    stage: str
    function: str
    key: str
    artifact: str
    source: str
    settings: Mapping[str, Any]
    inputs: Mapping[str, str]
    files: Mapping[str, str]
    packages: Mapping[str, str]
    seed: int | None
    threads: int
    backend: str | None
    device: str


def report_nothing(**values: float | str) -> None:
    """Discard progress; what a task reports to when it is run by hand."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a stage's function is given.

    Attributes:
        name: the stage's name.
        settings: the stage's settings, as plain JSON values.
        inputs: label to artifact, read-only; failed inputs are absent here and present in ``failures``.
        files: label to file.
        scratch: a folder that survives failed and killed attempts at this very key (checkpoints).
        seed: the stage's seed.
        threads: how many threads numerical libraries may use.
        failures: label to failure; always empty unless the stage is tolerant.
        lineage: stage name to provenance, of every stage above; empty unless the stage asks for it.
        report: progress for the live view: ``report(epoch=2, epochs=4, batch=10, batches=859, loss=0.01,
            seconds_left=30.0)``; cheap enough to be called every batch.
    """

    name: str
    settings: Mapping[str, Any]
    inputs: Mapping[str, Artifact]
    files: Mapping[str, Path]
    scratch: Path
    seed: int | None = None
    threads: int = 1
    failures: Mapping[str, Failure] = field(default_factory=dict)
    lineage: Mapping[str, Provenance] = field(default_factory=dict)
    report: Callable[..., None] = report_nothing


@dataclass(slots=True)
class Result:
    """What a stage's function returns; the codec writes it as canonical bytes.

    Attributes:
        tables: name to data frame, written as ``name.csv`` (no index, shortest round-trip floats).
        arrays: name to one array (``name.npy``) or a dict of arrays (``name.npz``, fixed times).
        values: name to a JSON value (``name.json``; sorted keys; infinities as ``"inf"``, NaN refused).
        texts: file name (with its ending) to text.
        files: file name (with its ending, ``/`` allowed) to bytes.
    """

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    arrays: dict[str, Arrays] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
