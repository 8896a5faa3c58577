"""A trained model as plain functions of arrays, for evaluations."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from latentpress.engine.stage import Task
from latentpress.models.jacobian import exact_jacobian, jacobian_products
from latentpress.models.settings import ModelSettings, ObjectiveSettings, late_modules

if TYPE_CHECKING:
    # Only a name: the store's code must not be part of every training's key.
    from latentpress.engine.store import Artifact

BATCH = 500


def build_model(
    model: ModelSettings,
    objective: ObjectiveSettings,
    shape: tuple[int, int, int],
    precision: str = "float32",
    seed: int = 0,
    corruption: keras.layers.Layer | None = None,
) -> Any:
    """Build the autoencoder that settings describe, with fresh weights.

    Args:
        model: the base model and its sizes.
        objective: the reconstruction loss and the penalty that is attached.
        shape: height, width and channels of an image.
        precision: Keras dtype policy of the inner layers.
        seed: seed of weights and of what a training draws.
        corruption: of the encoder's input while training.

    Returns:
        A `latentpress.models.autoencoder.Autoencoder`, built.
    """
    base, attachment = (import_module(name) for name in late_modules(model, objective))
    parts = base.build(model, shape, precision, seed, objective)
    autoencoder = attachment.attach(parts, objective, corruption, seed)
    autoencoder(np.zeros((2, *shape), "float32"))
    return autoencoder


def named_weights(autoencoder: Any) -> dict[str, np.ndarray]:
    """Weights by path, moving averages included; the paths are stable since every layer is named."""
    return {variable.path: ops.convert_to_numpy(variable.value) for variable in autoencoder.weights}


def assign_weights(autoencoder: Any, weights: dict[str, np.ndarray]) -> None:
    """Set weights by path.

    Raises:
        KeyError: a weight of the model is missing among those given.
    """
    for variable in autoencoder.weights:
        variable.assign(weights[variable.path])


class TrainedModel:
    """Encoder and decoder as functions of numpy arrays.

    Args:
        autoencoder: with its trained weights.
    """

    def __init__(self, autoencoder: Any) -> None:
        self._autoencoder = autoencoder
        self.variational = autoencoder.bottleneck is not None

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Deterministic codes: float32 (n, H, W, C) in [0, 1] to float32 (n, code); a VAE's mean."""
        return self.posterior(images)[0] if self.variational else self._batched(self._autoencoder.encoder, images)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Images: float32 (n, code) to float32 (n, H, W, C) in [0, 1]."""
        return self._batched(self._autoencoder.decoder, codes)

    def posterior(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and log variance of q(z|x), each (n, code); only for variational models."""
        packed = self._batched(self._autoencoder.encoder, images)
        return packed[:, 0], packed[:, 1]

    def encoder_jacobian_products(self, images: np.ndarray, tangents: np.ndarray) -> np.ndarray:
        """Jv per image: (n, code)."""
        products = jacobian_products(
            self._autoencoder.encoder,
            ops.convert_to_tensor(images.astype("float32")),
            ops.convert_to_tensor(tangents.astype("float32")),
        )
        return np.asarray(ops.convert_to_numpy(products))

    def encoder_jacobian(self, images: np.ndarray) -> np.ndarray:
        """The exact Jacobian: (n, code, H·W·C)."""
        return exact_jacobian(self._autoencoder.encoder, images.astype("float32"))

    def decoder_jacobian_products(self, codes: np.ndarray, tangents: np.ndarray) -> np.ndarray:
        """Jv of the decoder per code, for tangents of the codes' shape (n, code): (n, H·W·C)."""
        products = jacobian_products(
            self._autoencoder.decoder,
            ops.convert_to_tensor(codes.astype("float32")),
            ops.convert_to_tensor(tangents.astype("float32")),
        )
        return np.asarray(ops.convert_to_numpy(products)).reshape(len(codes), -1)

    def contractive_penalty(self, images: np.ndarray, draws: int) -> np.ndarray:
        """What the training of a contractive model penalises, before its weight, on a batch: float64 (draws,).

        At the images themselves, whatever the vicinity that the training takes it in.

        Args:
            images: the batch, float32 (n, H, W, C) in [0, 1].
            draws: how often; each draws random projections of its own.
        """
        batch = ops.convert_to_tensor(images.astype("float32"))
        codes = self._autoencoder.encoder(batch, training=False)
        drawn = [self._autoencoder.penalty(batch, codes, vicinity=0.0) for _ in range(draws)]
        return np.array([float(ops.convert_to_numpy(value)) for value in drawn])

    def _batched(self, network: Any, inputs: np.ndarray) -> np.ndarray:
        outputs = [np.asarray(network.predict_on_batch(batch), "float32") for batch in _batches(inputs)]
        return np.concatenate(outputs)


def _batches(inputs: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(inputs), BATCH):
        yield inputs[start : start + BATCH].astype("float32", copy=False)


def restore(
    artifact: Artifact, model: dict[str, Any], objective: dict[str, Any], precision: str, weights: str = "weights"
) -> TrainedModel:
    """Rebuild the model that a training stage saved.

    Args:
        artifact: of a training stage.
        model: settings of the base model.
        objective: settings of the objective.
        precision: Keras dtype policy to compute in.
        weights: which of the artifact's: ``weights``, or ``weights_epoch_<k>`` of a kept epoch.
    """
    shape = tuple(artifact.json("training")["image_shape"])
    autoencoder = build_model(
        ModelSettings.model_validate(model), ObjectiveSettings.model_validate(objective), shape, precision
    )
    assign_weights(autoencoder, artifact.arrays(weights))
    return TrainedModel(autoencoder)


def load_model(task: Task, weights: str = "weights") -> TrainedModel:
    """The model of an evaluation's task (input ``model``), computing in float32; `restore` tells of its weights."""
    return restore(task.inputs["model"], task.settings["model"], task.settings["objective"], "float32", weights)
