"""The objective without a penalty: the reconstruction loss alone."""

from __future__ import annotations

from typing import Any

from latentpress.models.autoencoder import Autoencoder
from latentpress.models.settings import ObjectiveSettings


def attach(parts: dict[str, Any], objective: ObjectiveSettings, input_noise: float, seed: int) -> Autoencoder:
    """Join encoder, decoder and bottleneck as they are.

    Args:
        parts: what the base model's ``build`` returned.
        objective: not read here; every objective module has this signature.
        input_noise: standard deviation of the training noise on the input.
        seed: seed of that noise.
    """
    del objective
    return Autoencoder(**parts, input_noise=input_noise, seed=seed)
