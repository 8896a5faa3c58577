"""The fully connected variational autoencoder: pixels–hidden–code–hidden–pixels."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers, ops

from latentpress.models import penalties
from latentpress.models.settings import ModelSettings, ObjectiveSettings

Tensor = Any


class Posterior(layers.Layer):
    """Splits the last dense layer into the mean and the log variance of q(z|x).

    Output shape (n, 2, code), so that an encoder stays one tensor in, one tensor out.
    """

    def call(self, packed: Tensor) -> Tensor:
        """Reshape (n, 2·code) to (n, 2, code)."""
        return ops.reshape(packed, (-1, 2, packed.shape[-1] // 2))


class Sampling(layers.Layer):
    """Draws z = μ + σ·ε and adds β·KL(q(z|x) ‖ N(0, I)), averaged over the batch, to the loss.

    Outside training it returns the mean, the deterministic code.
    """

    def __init__(self, beta: float, seed: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.beta = beta
        self.noise = keras.random.SeedGenerator(seed)

    def call(self, posterior: Tensor, training: bool | None = None) -> Tensor:
        """Map (n, 2, code) to codes (n, code)."""
        mean, log_variance = posterior[:, 0], posterior[:, 1]
        self.add_loss(self.beta * ops.mean(penalties.gaussian_kl(mean, log_variance)))
        if not training:
            return mean
        noise = keras.random.normal(ops.shape(mean), dtype="float32", seed=self.noise)
        return mean + ops.exp(0.5 * log_variance) * noise


def build(
    settings: ModelSettings, shape: tuple[int, int, int], precision: str, seed: int, objective: ObjectiveSettings
) -> dict[str, Any]:
    """Make the encoder q(z|x), the sampling and the decoder p(x|z).

    Args:
        settings: hidden units and code size.
        shape: height, width and channels of an image.
        precision: Keras dtype policy of the hidden layers; posterior and output are float32.
        seed: seed of the initial weights and of the sampling noise.
        objective: its ``beta``, and whether the divergence is summed over the dimensions.

    Returns:
        ``encoder`` (images to (n, 2, code)), ``bottleneck`` and ``decoder``.
    """
    pixels = math.prod(shape)

    def weights(number: int) -> keras.initializers.Initializer:
        return keras.initializers.GlorotUniform(seed=seed * 100 + number)

    images = layers.Input(shape, name="images")
    x = layers.Reshape((pixels,), name="flatten")(images)
    x = layers.Dense(
        settings.hidden, activation="relu", kernel_initializer=weights(0), dtype=precision, name="hidden_encoder"
    )(x)
    x = layers.Dense(
        2 * settings.code_size, kernel_initializer=weights(1), dtype="float32", name="mean_and_log_variance"
    )(x)
    encoder = keras.Model(images, Posterior(dtype="float32", name="posterior")(x), name="encoder")

    codes = layers.Input((settings.code_size,), name="codes")
    x = layers.Dense(
        settings.hidden, activation="relu", kernel_initializer=weights(2), dtype=precision, name="hidden_decoder"
    )(codes)
    x = layers.Dense(pixels, activation="sigmoid", kernel_initializer=weights(3), dtype="float32", name="output")(x)
    decoder = keras.Model(codes, layers.Reshape(shape, name="image")(x), name="decoder")
    # A mean over the dimensions is a fault that the audit rebuilds; it is what this factor amounts to.
    beta = objective.beta / settings.code_size if objective.divergence == "mean" else objective.beta
    bottleneck = Sampling(beta, seed, dtype="float32", name="sampling")
    return {"encoder": encoder, "decoder": decoder, "bottleneck": bottleneck}
