"""The fully connected autoencoder: pixels to a code through shrinking layers, and back through the same."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers

from latentpress.models.settings import ModelSettings, ObjectiveSettings

_BLANK_LOGIT = -2.0  # most pixels are blank: a start at grey spends the first steps on that alone


def build(
    settings: ModelSettings, shape: tuple[int, int, int], precision: str, seed: int, objective: ObjectiveSettings
) -> dict[str, Any]:
    """Make the encoder and the decoder.

    The encoder's hidden layers are rectifiers, the decoder's hyperbolic tangents, the output is a sigmoid.

    Args:
        settings: widths of the hidden layers; size and activation of the code.
        shape: height, width and channels of an image.
        precision: Keras dtype policy of the hidden layers; code and output are always float32.
        seed: seed of the initial weights.
        objective: not read here; every base model has this signature.

    Returns:
        ``encoder`` (images to codes (n, code)) and ``decoder``.
    """
    del objective
    pixels = math.prod(shape)
    seeds = iter(range(seed * 100, seed * 100 + 100))

    def dense(units: int, activation: str, name: str, dtype: str = precision, bias: float = 0.0) -> keras.layers.Layer:
        return layers.Dense(
            units,
            activation=activation,
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            bias_initializer=keras.initializers.Constant(bias),
            dtype=dtype,
            name=name,
        )

    images = layers.Input(shape, name="images")
    x = layers.Reshape((pixels,), name="flatten")(images)
    for number, units in enumerate(settings.widths, start=1):
        x = dense(units, "relu", f"hidden_{number}")(x)
    code = dense(settings.code_size, settings.code_activation, "code", "float32")(x)

    codes = layers.Input((settings.code_size,), name="codes")
    x = codes
    for number, units in enumerate(reversed(settings.widths), start=1):
        x = dense(units, "tanh", f"expand_{number}")(x)
    x = dense(pixels, "sigmoid", "output", "float32", _BLANK_LOGIT)(x)
    decoder = keras.Model(codes, layers.Reshape(shape, name="image")(x), name="decoder")
    return {"encoder": keras.Model(images, code, name="encoder"), "decoder": decoder}
