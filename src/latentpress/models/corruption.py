"""What is done to an image before the encoder sees it in training; the target of the reconstruction stays the image."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from latentpress.models.settings import TrainingSettings

Tensor = Any
VALIDATION_DRAW = 2  # beside the seed, so that this noise is none that a training has seen


class Distortion(keras.layers.Layer):
    """Shifts, scales and turns each image about its centre by amounts of its own, while training.

    Images (n, H, W, C) are interpolated linearly; what comes in from outside is zero.

    Args:
        shift: the largest shift along each axis, in pixels.
        scale: the largest magnification or reduction, as a natural logarithm.
        rotation: the largest angle, in degrees, to either side.
        seed: of the amounts, which are uniform between their extremes.
    """

    def __init__(self, shift: float, scale: float, rotation: float, seed: int, **options: Any) -> None:
        super().__init__(dtype="float32", **options)
        self.shift, self.scale, self.rotation = shift, scale, rotation
        self.amounts = keras.random.SeedGenerator(seed)

    def call(self, images: Tensor, training: bool | None = None) -> Tensor:
        """Distorted images; while not training, the images as they are."""
        if not training:
            return images
        count, height, width = ops.shape(images)[0], images.shape[1], images.shape[2]
        drawn = keras.random.uniform((count, 4), -1.0, 1.0, dtype="float32", seed=self.amounts)
        maps = affine_maps(
            angles=drawn[:, 0] * math.radians(self.rotation),
            scales=ops.exp(drawn[:, 1] * self.scale),
            shifts=drawn[:, 2:] * self.shift,
            height=height,
            width=width,
        )
        return ops.image.affine_transform(images, maps, interpolation="bilinear", fill_mode="constant", fill_value=0)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the images."""
        return input_shape


class RandomNoise(keras.layers.Layer):
    """Adds Gaussian noise while training, of a strength of its own for each image.

    Args:
        low, high: between which the standard deviation of each image's noise is drawn, evenly.
        seed: of strengths and noise.
    """

    def __init__(self, low: float, high: float, seed: int, **options: Any) -> None:
        super().__init__(dtype="float32", **options)
        self.low, self.high = low, high
        self.draws = keras.random.SeedGenerator(seed)

    def call(self, images: Tensor, training: bool | None = None) -> Tensor:
        """Noisy images (n, H, W, C); while not training, the images as they are."""
        if not training:
            return images
        strengths = keras.random.uniform((ops.shape(images)[0], 1, 1, 1), self.low, self.high, seed=self.draws)
        return images + strengths * keras.random.normal(ops.shape(images), dtype="float32", seed=self.draws)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the images."""
        return input_shape


class Clipping(keras.layers.Layer):
    """Clips what came before it to [0, 1] while training, as a sensor would."""

    def call(self, images: Tensor, training: bool | None = None) -> Tensor:
        """Clipped images; while not training, the images as they are."""
        return ops.clip(images, 0.0, 1.0) if training else images


def affine_maps(angles: Tensor, scales: Tensor, shifts: Tensor, height: int, width: int) -> Tensor:
    """Maps from a pixel of the result to a place in the image, in the form that Keras takes: (n, 8).

    ``place = scale · R(angle) · (pixel − centre) + centre + shift``, so that a scale above one makes things smaller.

    Args:
        angles: (n,), in radians.
        scales: (n,).
        shifts: (n, 2), along x and y, in pixels.
        height: of an image.
        width: of an image.
    """
    x, y = (width - 1) / 2, (height - 1) / 2
    cos, sin = scales * ops.cos(angles), scales * ops.sin(angles)
    zero = ops.zeros_like(angles)
    return ops.stack(
        [
            cos,
            -sin,
            x - cos * x + sin * y + shifts[:, 0],
            sin,
            cos,
            y - sin * x - cos * y + shifts[:, 1],
            zero,
            zero,
        ],
        axis=1,
    )


def noisy_images(images: np.ndarray, settings: TrainingSettings, seed: int) -> np.ndarray:
    """Images with the noise that a training shows, drawn once: what it is validated with.

    Args:
        images: float32 (n, H, W, C).
        settings: ``input_noise`` and ``input_noise_from``, ``input_clip``.
        seed: of all that is drawn.

    Returns:
        The images themselves where the settings ask for no noise.
    """
    if not settings.input_noise:
        return images
    generator = np.random.default_rng((seed, VALIDATION_DRAW))
    low = settings.input_noise if settings.input_noise_from is None else settings.input_noise_from
    strengths = generator.uniform(low, settings.input_noise, (len(images), 1, 1, 1)).astype(np.float32)
    noisy = images + strengths * generator.standard_normal(images.shape, dtype=np.float32)
    return np.asarray(np.clip(noisy, 0.0, 1.0) if settings.input_clip else noisy)


def make_corruption(settings: TrainingSettings, seed: int) -> keras.layers.Layer | None:
    """What the settings ask for: a distortion, Gaussian noise, clipping, one after the other, or None.

    Args:
        settings: ``input_shift``, ``input_scale``, ``input_rotation``, ``input_noise`` and ``input_noise_from``,
            ``input_clip``.
        seed: of all that is drawn.
    """
    layers: list[keras.layers.Layer] = []
    if settings.input_shift or settings.input_scale or settings.input_rotation:
        layers.append(
            Distortion(settings.input_shift, settings.input_scale, settings.input_rotation, seed, name="distortion")
        )
    if settings.input_noise and settings.input_noise_from is not None:
        layers.append(RandomNoise(settings.input_noise_from, settings.input_noise, seed, name="input_noise"))
    elif settings.input_noise:
        layers.append(keras.layers.GaussianNoise(settings.input_noise, seed=seed, name="input_noise"))
    if settings.input_clip:
        layers.append(Clipping(name="input_clip"))
    if len(layers) < 2:
        return layers[0] if layers else None
    return keras.Sequential(layers, name="corruption")
