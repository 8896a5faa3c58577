"""The fully connected variational autoencoder: pixels–hidden–code–hidden–pixels."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers

from latentpress.models.sampling import Posterior, Sampling, beta_of
from latentpress.models.settings import ModelSettings, ObjectiveSettings


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
    bottleneck = Sampling(beta_of(objective, settings.code_size), seed, dtype="float32", name="sampling")
    return {"encoder": encoder, "decoder": decoder, "bottleneck": bottleneck}
