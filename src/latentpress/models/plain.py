"""The objective without a penalty: the reconstruction loss alone."""

from __future__ import annotations

from typing import Any

import keras

from latentpress.models.autoencoder import Autoencoder
from latentpress.models.settings import ObjectiveSettings


def attach(
    parts: dict[str, Any], objective: ObjectiveSettings, corruption: keras.layers.Layer | None, seed: int
) -> Autoencoder:
    """Join encoder, decoder and bottleneck as they are.

    Args:
        parts: what the base model's ``build`` returned.
        objective: not read here; every objective module has this signature.
        corruption: of the encoder's input while training.
        seed: not read here either.
    """
    del objective, seed
    return Autoencoder(**parts, corruption=corruption)
