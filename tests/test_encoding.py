"""The encoding of a data set: codes that the training has already made are not made again, and are the same."""

import numpy as np
import pytest

from latentpress.encoding import encode
from latentpress.engine import codec
from latentpress.engine.stage import Result, Task
from latentpress.engine.store import Artifact, write_artifact
from latentpress.models.loading import TrainedModel
from latentpress.training import train

MODEL = {"name": "convolutional", "code_size": 8}
OBJECTIVE = {"penalty": "none"}
TRAINING = {"epochs": 1, "decoder_epochs": 1, "batch_size": 16, "decoder_batch_size": 16}


@pytest.fixture
def inputs(tmp_path):
    """A data set of noise and a model trained on it, as artifacts."""
    rng = np.random.default_rng(0)
    counts = {"train": 40, "validation": 10, "test": 12}
    images = {split: rng.integers(0, 256, (n, 28, 28, 1), dtype=np.uint8) for split, n in counts.items()}
    data = artifact(tmp_path / "data", Result(arrays={"images": images}))
    settings = {"model": MODEL, "objective": OBJECTIVE, "training": TRAINING}
    trained = train(Task("train/x/seed0", settings, {"data": data}, {}, tmp_path, seed=0))
    return {"data": data, "result": trained, "folder": tmp_path}


def artifact(folder, result):
    return Artifact(write_artifact(folder, codec.encode(result)), folder)


def encoded(inputs, model):
    settings = {"model": MODEL, "objective": OBJECTIVE, "precision": "float32"}
    task = Task("encode/x/seed0", settings, {"data": inputs["data"], "model": model}, {}, inputs["folder"])
    return encode(task).arrays


def test_codes_of_the_training_are_taken_as_they_are(inputs, monkeypatch):
    result = inputs["result"]
    with_codes = artifact(inputs["folder"] / "with", result)
    del result.arrays["codes"]
    without = artifact(inputs["folder"] / "without", result)
    counts = []
    original = TrainedModel.encode
    monkeypatch.setattr(TrainedModel, "encode", lambda self, x: (counts.append(len(x)), original(self, x))[1])
    taken, made = encoded(inputs, with_codes), encoded(inputs, without)
    assert counts == [12, 12, 40, 10], "the first time without the images that the training has encoded"
    for split in ("train", "validation", "test"):
        assert np.array_equal(taken["codes"][split], made["codes"][split]), split
    assert np.array_equal(taken["reconstructions"], made["reconstructions"])
