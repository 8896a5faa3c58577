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
        corruption: a layer that changes the encoder's input while training, see `models.corruption`.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        bottleneck: keras.layers.Layer | None = None,
        corruption: keras.layers.Layer | None = None,
    ) -> None:
        super().__init__(name="autoencoder")
        self.encoder = encoder
        self.decoder = decoder
        self.bottleneck = bottleneck
        self.corruption = corruption

    def call(self, images: Tensor, training: bool | None = None) -> Tensor:
        """Reconstruct images (n, H, W, C)."""
        codes = self.encoder(self.corrupt(images, training), training=training)
        if self.bottleneck is not None:
            codes = self.bottleneck(codes, training=training)
        return self.decoder(codes, training=training)

    def corrupt(self, images: Tensor, training: bool | None) -> Tensor:
        """What the encoder sees of images (n, H, W, C)."""
        return images if self.corruption is None else self.corruption(images, training=training)
