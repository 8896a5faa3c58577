"""The convolutional autoencoder without pooling: strided convolutions to a small map of features, and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
from keras import layers

from latentpress.models.sampling import Posterior, Sampling, beta_of
from latentpress.models.settings import ModelSettings, ObjectiveSettings

_BLANK_LOGIT = -3.0  # most pixels are blank: a start at grey teaches the rectifiers first of all to be at rest
KERNEL, STRIDE = 3, 2
MOMENTUM = 0.9  # of the kept averages of a batch normalisation; 0.99 would reach back to the start of a short training


def build(
    settings: ModelSettings, shape: tuple[int, int, int], precision: str, seed: int, objective: ObjectiveSettings
) -> dict[str, Any]:
    """Make the encoder and the decoder, and with a divergence the sampling between them.

    Each convolution halves the resolution, 28×28 → 14×14 → 7×7 → 4×4 → 2×2, and the last map of features is the code.
    The decoder's transposed convolutions go through the same resolutions and as many channels in reverse.

    Args:
        settings: filters, dropout, normalisation, activation of the code.
        shape: height, width and channels of an image.
        precision: Keras dtype policy of the inner layers; code and output are always float32.
        seed: seed of the initial weights, of dropout and of the sampling noise.
        objective: whether there is a divergence, and its factor.

    Returns:
        ``encoder`` (images to codes (n, code); with a divergence to (n, 2, code)), ``decoder``, perhaps ``bottleneck``.
    """
    seeds = iter(range(seed * 100, seed * 100 + 100))
    variational = objective.penalty == "kl_divergence"
    sizes = [shape[:2]]
    for _ in settings.filters:
        height, width = sizes[-1]
        sizes.append((-(-height // STRIDE), -(-width // STRIDE)))

    images = layers.Input(shape, name="images")
    x = images
    for number, filters in enumerate(settings.filters[:-1], start=1):
        x = _convolution(filters, f"conv_{number}", next(seeds), precision, bare=settings.normalization != "none")(x)
        x = _after(x, settings, precision, seeds, f"_{number}")
    last, count = settings.filters[-1], len(settings.filters)
    if variational:
        heads = [
            layers.Flatten(dtype="float32", name=f"flatten_{name}")(
                _convolution(last, name, next(seeds), "float32", bare=True)(x)
            )
            for name in ("mean", "log_variance")
        ]
        packed = layers.Concatenate(dtype="float32", name="mean_and_log_variance")(heads)
        code = Posterior(dtype="float32", name="posterior")(packed)
    else:
        x = _convolution(last, f"conv_{count}", next(seeds), "float32", bare=True)(x)
        if settings.normalization == "batch":
            x = layers.BatchNormalization(momentum=MOMENTUM, dtype="float32", name=f"normalization_{count}")(x)
        x = layers.Activation(settings.code_activation, dtype="float32", name=f"activation_{count}")(x)
        if settings.dropout:
            x = layers.Dropout(settings.dropout, seed=next(seeds), dtype="float32", name=f"dropout_{count}")(x)
        code = layers.Flatten(dtype="float32", name="flatten")(x)
    encoder = keras.Model(images, code, name="encoder")

    height, width = sizes[-1]
    codes = layers.Input((height * width * last,), name="codes")
    x = layers.Reshape((height, width, last), name="reshape")(codes)
    outputs = [*reversed(settings.filters[:-1]), shape[2]]
    for number, filters in enumerate(outputs, start=1):
        before, after = sizes[-number], sizes[-number - 1]
        is_last = number == count
        x = layers.Conv2DTranspose(
            filters,
            KERNEL,
            strides=STRIDE,
            padding="same",
            # An odd size halves to the same as the even one above it; this says which of the two it was.
            output_padding=tuple(to - (STRIDE * size - 1) for size, to in zip(before, after, strict=True)),
            activation="sigmoid" if is_last else None if settings.normalization != "none" else "relu",
            kernel_initializer=_weights(next(seeds)),
            bias_initializer=keras.initializers.Constant(_BLANK_LOGIT if is_last else 0.0),
            dtype="float32" if is_last else precision,
            name=f"upconv_{number}",
        )(x)
        if not is_last:
            x = _after(x, settings, precision, seeds, f"_up_{number}")
    parts: dict[str, Any] = {"encoder": encoder, "decoder": keras.Model(codes, x, name="decoder")}
    if variational:
        size = height * width * last
        parts["bottleneck"] = Sampling(beta_of(objective, size), seed, dtype="float32", name="sampling")
    return parts


def _weights(seed: int) -> keras.initializers.Initializer:
    return keras.initializers.HeNormal(seed=seed)


def _convolution(filters: int, name: str, seed: int, precision: str, bare: bool) -> keras.layers.Layer:
    return layers.Conv2D(
        filters,
        KERNEL,
        strides=STRIDE,
        padding="same",
        activation=None if bare else "relu",
        kernel_initializer=_weights(seed),
        dtype=precision,
        name=name,
    )


def _after(x: Any, settings: ModelSettings, precision: str, seeds: Iterator[int], name: str) -> Any:
    """What follows a hidden convolution: the normalisation with the rectifier that waited for it, and dropout."""
    if settings.normalization == "batch":
        x = layers.BatchNormalization(momentum=MOMENTUM, dtype=precision, name=f"normalization{name}")(x)
        x = layers.Activation("relu", dtype=precision, name=f"activation{name}")(x)
    if settings.dropout:
        x = layers.Dropout(settings.dropout, seed=next(seeds), dtype=precision, name=f"dropout{name}")(x)
    return x
