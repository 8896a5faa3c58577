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


class CodeAlone(keras.layers.Layer):
    """Passes on the first of two tensors; the second stays in the graph for its penalty alone."""

    def call(self, pair: list[Any]) -> Any:
        """Of a code and what stands beside it, the code."""
        return pair[0]


def attach(
    parts: dict[str, Any], objective: ObjectiveSettings, corruption: keras.layers.Layer | None, seed: int
) -> Autoencoder:
    """Put the sparsity penalty on the encoder's output, or beside it.

    Beside it, on units that read what the code reads and that the decoder never sees, a shift of theirs meets the
    penalty, and the code stays as dense as it was.

    Args:
        parts: what the base model's ``build`` returned.
        objective: its weight and target, and what is penalised.
        corruption: of the encoder's input while training.
        seed: of the weights of the units beside the code.
    """
    encoder = parts["encoder"]
    penalty = KLSparsity(objective.weight, objective.target)
    if objective.penalised == "beside":
        code = encoder.get_layer("code")
        beside = keras.layers.Dense(
            code.units,
            activation="sigmoid",
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed * 100 + 99),  # the base model's are below
            activity_regularizer=penalty,
            dtype="float32",
            name="beside",
        )(code.input)
        output = CodeAlone(dtype="float32", name="code_alone")([encoder.output, beside])
    else:
        output = keras.layers.Activation("linear", activity_regularizer=penalty, dtype="float32", name="sparsity")(
            encoder.output
        )
    encoder = keras.Model(encoder.input, output, name="encoder")
    return Autoencoder(**{**parts, "encoder": encoder}, corruption=corruption)
