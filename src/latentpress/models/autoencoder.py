"""The base class of every model here: an encoder followed by a decoder."""

from __future__ import annotations

from typing import Any

import keras

Tensor = Any


class Autoencoder(keras.Model):
    """Reconstructs its input through a code; ``fit`` and ``evaluate`` are Keras' own.

    Args:
        encoder: maps images (n, H, W, C) in [0, 1] to codes (n, code), or to what `bottleneck` takes.
        decoder: maps codes (n, code) to images.
        bottleneck: a layer between the two, active in training and inference (the sampling of a VAE).
        input_noise: standard deviation of the Gaussian noise on the encoder's input while training.
        seed: seed of that noise.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        bottleneck: keras.layers.Layer | None = None,
        input_noise: float = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__(name="autoencoder")
        self.encoder = encoder
        self.decoder = decoder
        self.bottleneck = bottleneck
        self.noise = keras.layers.GaussianNoise(input_noise, seed=seed, name="input_noise") if input_noise else None

    def call(self, images: Tensor, training: bool | None = None) -> Tensor:
        """Reconstruct images (n, H, W, C)."""
        noisy = self.noise(images, training=training) if self.noise is not None else images
        codes = self.encoder(noisy, training=training)
        if self.bottleneck is not None:
            codes = self.bottleneck(codes, training=training)
        return self.decoder(codes, training=training)
