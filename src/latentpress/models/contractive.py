"""The contractive objective: the encoder's Jacobian against the spread of its codes."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from latentpress.models import penalties
from latentpress.models.autoencoder import Autoencoder
from latentpress.models.jacobian import jacobian_products
from latentpress.models.settings import ObjectiveSettings

Tensor = Any


class ContractiveAutoencoder(Autoencoder):
    """Adds ``weight * contraction_ratio`` to the loss, on the first ``share`` of each (shuffled) batch.

    The penalty is added in ``call`` rather than in ``compute_loss``: there the codes of the whole batch,
    whose variance it needs, are at hand, and the encoder need not run a second time.
    """

    def __init__(self, weight: float, share: float, seed: int, **parts: Any) -> None:
        super().__init__(**parts)
        self.weight = weight
        self.share = share
        self.probes = keras.random.SeedGenerator(seed)

    def call(self, images: Tensor, training: bool | None = None) -> Tensor:
        """Reconstruct images (n, H, W, C); while training, add the penalty."""
        codes = self.encoder(self.corrupt(images, training), training=training)
        if training:
            # Whole numbers only: under TensorFlow the batch size is a tensor here.
            penalised = images[: -(-ops.shape(images)[0] // round(1 / self.share))]
            tangents = keras.random.normal(ops.shape(penalised), dtype="float32", seed=self.probes)
            products = jacobian_products(self.encoder, penalised, tangents)
            self.add_loss(self.weight * penalties.contraction_ratio(products, codes))
        return self.decoder(codes, training=training)


def attach(
    parts: dict[str, Any], objective: ObjectiveSettings, corruption: keras.layers.Layer | None, seed: int
) -> Autoencoder:
    """Join the parts to a model whose loss has the contractive penalty.

    Args:
        parts: what the base model's ``build`` returned.
        objective: its weight, and the share of each batch that is penalised.
        corruption: of the encoder's input while training.
        seed: seed of the random projections.
    """
    return ContractiveAutoencoder(objective.weight, objective.share, seed, corruption=corruption, **parts)
