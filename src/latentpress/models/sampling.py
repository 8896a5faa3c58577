"""The bottleneck of a variational autoencoder: a Gaussian posterior, a draw from it, and its divergence."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from latentpress.models import penalties
from latentpress.models.settings import ObjectiveSettings

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


def beta_of(objective: ObjectiveSettings, code_size: int) -> float:
    """The factor of the divergence summed over the dimensions of a code."""
    # A mean over the dimensions is a fault that the audit rebuilds; it is what this factor amounts to.
    return objective.beta / code_size if objective.divergence == "mean" else objective.beta
