"""Small artifacts and tasks, written and read by the engine's own codec."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentpress.engine import codec
from latentpress.engine.stage import Result, Task
from latentpress.engine.store import Artifact, write_artifact

MakeArtifact = Callable[[Result], Artifact]
MakeTask = Callable[..., Task]


@pytest.fixture
def artifact(tmp_path: Path) -> MakeArtifact:
    """Write a result as a stage would, and give it back as the next stage reads it."""
    count = iter(range(100))

    def make(result: Result) -> Artifact:
        folder = tmp_path / f"artifact{next(count)}"
        return Artifact(write_artifact(folder, codec.encode(result)), folder)

    return make


@pytest.fixture
def digits(artifact: MakeArtifact) -> Artifact:
    """Sixty noisy blobs of 16×12 pixels in three classes; each class has its own place."""
    generator = np.random.default_rng(3)
    images, labels = {}, {}
    for split, count in {"train": 90, "validation": 15, "test": 45}.items():
        labels[split] = np.arange(count, dtype=np.uint8) % 3
        pixels = generator.integers(0, 60, (count, 16, 12, 1))
        for index, label in enumerate(labels[split]):
            pixels[index, 1 + 5 * label : 5 + 5 * label, 2:10] += generator.integers(100, 190)
        images[split] = pixels.astype(np.uint8)
    facts = {
        "data": "mnist",
        "source": "embedded",
        "counts": {split: len(pixels) for split, pixels in images.items()},
        "height": 16,
        "width": 12,
        "channels": 1,
        "classes": 3,
        "class_names": ["0", "1", "2"],
    }
    return artifact(Result(arrays={"images": images, "labels": labels}, values={"facts": facts}))


@pytest.fixture
def faces(artifact: MakeArtifact) -> Artifact:
    """Images without classes: a square that wanders over 28×20 pixels."""
    images = {}
    for split, count in {"train": 40, "validation": 10, "test": 12}.items():
        pixels = np.full((count, 28, 20, 1), 50)
        for index in range(count):
            pixels[index, index % 12 : index % 12 + 10, 5:15] = 100 + index
        images[split] = pixels.astype(np.uint8)
    facts = {
        "data": "frey",
        "source": "embedded",
        "counts": {split: len(pixels) for split, pixels in images.items()},
        "height": 28,
        "width": 20,
        "channels": 1,
        "classes": None,
        "class_names": None,
    }
    return artifact(Result(arrays={"images": images}, values={"facts": facts}))


@pytest.fixture
def codes(artifact: MakeArtifact, digits: Artifact) -> Artifact:
    """What a linear encoder and a slightly wrong decoder would give for the digits."""
    images = {split: pixels / np.float32(255) for split, pixels in digits.arrays("images").items()}
    projection = np.random.default_rng(0).normal(size=(192, 8)).astype(np.float32)
    found = {split: pixels.reshape(-1, 192).astype(np.float32) @ projection for split, pixels in images.items()}
    restored = (0.9 * images["test"]).astype(np.float32)
    return artifact(Result(arrays={"codes": found, "reconstructions": restored}))


@pytest.fixture
def task(tmp_path: Path) -> MakeTask:
    """A task with settings as the pipeline makes them; the evaluation's own are given by keyword."""

    def make(
        module: Any,
        inputs: dict[str, Artifact],
        settings: dict[str, Any] | None = None,
        data: str = "mnist",
        experiment: str | None = "plain",
        **evaluation: Any,
    ) -> Task:
        known = {"experiment": experiment} if experiment else {}
        return Task(
            name=f"evaluate/{module.__name__.rpartition('.')[2]}",
            settings={
                "evaluation": {**module.SETTINGS, **evaluation},
                "data": data,
                "objective": {"penalty": "none", "beta": 1.0, "reconstruction": "bernoulli"},
                **known,
                **(settings or {}),
            },
            inputs=inputs,
            files={},
            scratch=tmp_path,
            seed=0,
        )

    return make
