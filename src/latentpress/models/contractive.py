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

    Args:
        objective: weight and share; whether the norm is taken relative to the codes' spread, and of whose Jacobian.
        seed: of the random projections.
        parts: of an `Autoencoder`.
    """

    def __init__(self, objective: ObjectiveSettings, seed: int, **parts: Any) -> None:
        super().__init__(**parts)
        self.objective = objective
        self.probes = keras.random.SeedGenerator(seed)

    def call(self, images: Tensor, training: bool | None = None) -> Tensor:
        """Reconstruct images (n, H, W, C); while training, add the penalty."""
        codes = self.encoder(self.corrupt(images, training), training=training)
        if training:
            self.add_loss(self.objective.weight * self.penalty(images, codes, self.objective.vicinity))
        return self.decoder(codes, training=training)

    def penalty(self, images: Tensor, codes: Tensor, vicinity: float) -> Tensor:
        """What the training penalises, before its weight, by one random projection of each penalised image.

        Args:
            images: of a batch, (n, H, W, C).
            codes: of the same images, (n, code).
            vicinity: the largest standard deviation of the noise on the places at which the Jacobian is taken.

        Returns:
            A scalar: the contraction ratio, or the squared norm alone.
        """
        network, places = (self.decoder, codes) if self.objective.penalised == "decoder" else (self.encoder, images)
        # Whole numbers only: under TensorFlow the batch size is a tensor here.
        penalised = places[: -(-ops.shape(images)[0] // round(1 / self.objective.share))]
        if vicinity:
            penalised = self._nearby(penalised, vicinity)
        tangents = keras.random.normal(ops.shape(penalised), dtype="float32", seed=self.probes)
        products = jacobian_products(network, penalised, tangents)
        if self.objective.penalised == "decoder":
            products = ops.reshape(products, (ops.shape(products)[0], -1))
        if self.objective.contraction == "norm":
            return penalties.squared_norm_estimate(products)
        return penalties.contraction_ratio(products, codes)

    def _nearby(self, places: Tensor, vicinity: float) -> Tensor:
        """Places drawn around the given ones, at which the Jacobian says what noise does to the code.

        At the image itself it does not: most of a digit is blank, where rectifiers and maxima are at rest.
        """
        ranks = (1,) * (len(places.shape) - 1)
        deviations = keras.random.uniform(
            (ops.shape(places)[0], *ranks), 0.0, vicinity, dtype="float32", seed=self.probes
        )
        drawn = keras.random.normal(ops.shape(places), dtype="float32", seed=self.probes)
        return places + deviations * drawn


def attach(
    parts: dict[str, Any], objective: ObjectiveSettings, corruption: keras.layers.Layer | None, seed: int
) -> Autoencoder:
    """Join the parts to a model whose loss has the contractive penalty.

    Args:
        parts: what the base model's ``build`` returned.
        objective: its weight, the share of each batch that is penalised, and what the penalty is.
        corruption: of the encoder's input while training.
        seed: seed of the random projections.
    """
    return ContractiveAutoencoder(objective, seed, corruption=corruption, **parts)
