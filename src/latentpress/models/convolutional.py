"""The convolutional autoencoder for 28×28 images: U-Net-like, without skip connections."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from latentpress.errors import SettingsError
from latentpress.models.settings import ModelSettings, ObjectiveSettings

WIDTHS = (64, 128, 256)
_INK_SLOPE, _BLANK_LOGIT = 4.0, -2.0


def build(
    settings: ModelSettings, shape: tuple[int, int, int], precision: str, seed: int, objective: ObjectiveSettings
) -> dict[str, Any]:
    """Make the encoder and the decoder.

    Three convolutions with pooling, 28×28 → 14×14 → 7×7 → 3×3, lead to the code; a dense layer and three
    transposed convolutions lead back to 24×24, which is padded *before* the last ``same`` convolution:
    padding after a valid one would force a blank frame of 3 pixels.

    Args:
        settings: code size and activation; when to pad, and how the last convolution starts.
        shape: height, width and channels of an image; height and width must be 28.
        precision: Keras dtype policy of the inner layers; code and output are always float32.
        seed: seed of all initial weights.
        objective: not read here; every base model has this signature.

    Returns:
        ``encoder`` and ``decoder``, Keras models.

    Raises:
        SettingsError: images of another size.
    """
    del objective
    if shape[:2] != (28, 28):
        raise SettingsError(
            f'model.name "convolutional" expects 28×28 images, found {shape[0]}×{shape[1]}',
            'Set model.name = "variational", or choose a data set of 28×28 images.',
        )
    seeds = iter(range(seed * 100, seed * 100 + 100))

    def weights() -> keras.initializers.Initializer:
        return keras.initializers.GlorotUniform(seed=next(seeds))

    images = layers.Input(shape, name="images")
    x = images
    for width in WIDTHS:
        x = layers.Conv2D(
            width,
            3,
            padding="same",
            activation="relu",
            kernel_initializer=weights(),
            dtype=precision,
            name=f"conv_{width}",
        )(x)
        x = layers.MaxPooling2D(2, dtype=precision, name=f"pool_{width}")(x)
    x = layers.Flatten(dtype=precision, name="flatten")(x)
    code = layers.Dense(
        settings.code_size,
        activation=settings.code_activation,
        kernel_initializer=weights(),
        dtype="float32",
        name="code",
    )(x)
    encoder = keras.Model(images, code, name="encoder")

    codes = layers.Input((settings.code_size,), name="codes")
    x = layers.Dense(3 * 3 * 256, activation="relu", kernel_initializer=weights(), dtype=precision, name="expand")(
        codes
    )
    x = layers.Reshape((3, 3, 256), dtype=precision, name="reshape")(x)
    for width, activation in ((128, "relu"), (64, "relu"), (shape[2], None)):
        x = layers.Conv2DTranspose(
            width,
            3,
            strides=2,
            padding="same",
            activation=activation,
            kernel_initializer=weights(),
            dtype=precision,
            name=f"upconv_{width}",
        )(x)
    late = settings.padding == "late"
    random = settings.last_kernel == "random"
    if not late:
        x = layers.ZeroPadding2D(2, dtype=precision, name="padding")(x)
    output = layers.Conv2D(
        shape[2],
        3,
        padding="valid" if late else "same",
        activation="sigmoid",
        kernel_initializer=weights() if random else IdentityKernel(_INK_SLOPE),
        bias_initializer=keras.initializers.Constant(0.0 if random else _BLANK_LOGIT),
        dtype="float32",
        name="output",
    )(x)
    if late:
        output = layers.ZeroPadding2D(3, dtype="float32", name="padding")(output)
    return {"encoder": encoder, "decoder": keras.Model(codes, output, name="decoder")}


class IdentityKernel(keras.initializers.Initializer):
    """A convolution kernel that passes every channel on, times a slope.

    A 1→1 channel last convolution hardly trains from a random start: whichever sign it draws, the layers
    below must turn to it first.
    """

    def __init__(self, slope: float) -> None:
        self.slope = slope

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        """A kernel of shape (height, width, channels in, channels out)."""
        kernel = np.zeros(shape, dtype="float32")
        height, width, channels, _ = shape
        for channel in range(channels):
            kernel[height // 2, width // 2, channel, channel] = self.slope
        return keras.ops.convert_to_tensor(kernel, dtype=dtype)

    def get_config(self) -> dict[str, float]:
        """Keras' way to save the initializer."""
        return {"slope": self.slope}
