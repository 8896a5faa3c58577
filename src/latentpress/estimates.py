"""About how long stages take, for what a build says before it begins. Nothing depends on these figures."""

from __future__ import annotations

from latentpress.datasets.settings import LIMITED
from latentpress.models.settings import ExperimentSettings

SECONDS_AN_EPOCH = {"convolutional": 85.0, "dense": 2.0, "strided": 42.0, "variational": 0.5}
"""On one core of 2024's servers, with all images and no penalty."""
ENCODING_SECONDS = {"convolutional": 20.0, "strided": 8.0}
"""Of all images; those of a fully connected model are encoded in a second."""
DECODER_SHARE = 0.35
"""Of the time of an epoch, what one takes that trains the decoder alone."""
IMAGES = {"real": 55_000, "embedded": 9_000}
"""Training images of the digits; every other data set has about as many from either source."""
START = 5.0
"""Until a model is there, whatever the number of images."""
FIXED_SHARE = 0.15
"""Of an evaluation's time, what does not depend on the number of images."""
GPU_SPEED = 20
"""How many times faster than one core."""


def images_share(data: str, source: str, limit: int | None) -> float:
    """The training images of a build, as a share of those that the times here were taken with.

    Args:
        data: the data set.
        source: ``"real"`` or ``"embedded"``.
        limit: the profile's limit of training images of the digits.
    """
    return (limit or IMAGES[source]) / IMAGES["real"] if data in LIMITED else 1.0


def training_seconds(experiment: ExperimentSettings, share: float, device: str, threads: int) -> float:
    """Seconds of a training with a share of the images."""
    epochs = float(experiment.training.epochs)
    if experiment.objective.penalty == "contractive":
        epochs *= 1 + 2 * experiment.objective.share
    epochs += DECODER_SHARE * experiment.training.decoder_epochs
    seconds = SECONDS_AN_EPOCH[experiment.model.name] * epochs * share
    return START + seconds / (GPU_SPEED if device == "gpu" else threads)


def encoding_seconds(experiment: ExperimentSettings, share: float) -> float:
    """Seconds of encoding a data set, likewise."""
    return START + ENCODING_SECONDS.get(experiment.model.name, 1.0) * share


def evaluation_seconds(declared: float, share: float) -> float:
    """Seconds of an evaluation that declares some for all images, likewise."""
    return declared * (FIXED_SHARE + (1 - FIXED_SHARE) * share)
