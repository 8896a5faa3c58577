"""The sparse objective: a penalty on the very activations that the decoder sees."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from latentpress.models import penalties
from latentpress.models.autoencoder import Autoencoder
from latentpress.models.settings import ObjectiveSettings


class KLSparsity(keras.regularizers.Regularizer):
    """`penalties.kl_sparsity` as an activity regularizer.

    Keras divides what an activity regularizer returns by the batch size. The divergence is taken over the
    batch's mean and is no sum over images, so it is multiplied by the batch size first.
    """

    def __init__(self, weight: float, target: float) -> None:
        self.weight = weight
        self.target = target

    def __call__(self, activations: Any) -> Any:
        """Weighted penalty of activations (n, units)."""
        batch = ops.cast(ops.shape(activations)[0], "float32")
        return self.weight * batch * penalties.kl_sparsity(activations, self.target)

    def get_config(self) -> dict[str, float]:
        """Keras' way to save the regularizer."""
        return {"weight": self.weight, "target": self.target}


def attach(
    parts: dict[str, Any], objective: ObjectiveSettings, corruption: keras.layers.Layer | None, seed: int
) -> Autoencoder:
    """Put the sparsity penalty on the encoder's output.

    Args:
        parts: what the base model's ``build`` returned.
        objective: its weight and target.
        corruption: of the encoder's input while training.
        seed: not read here; every objective module has this signature.
    """
    del seed
    encoder = parts["encoder"]
    penalised = keras.layers.Activation(
        "linear",
        activity_regularizer=KLSparsity(objective.weight, objective.target),
        dtype="float32",
        name="sparsity",
    )(encoder.output)
    encoder = keras.Model(encoder.input, penalised, name="encoder")
    return Autoencoder(**{**parts, "encoder": encoder}, corruption=corruption)
