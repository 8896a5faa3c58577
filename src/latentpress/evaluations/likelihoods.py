"""What a variational model takes its pixels to be drawn from, given a code: the reconstruction term in nats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from latentpress.engine.stage import Task
from latentpress.errors import SettingsError
from latentpress.evaluations import gaussians
from latentpress.evaluations.subject import read_split
from latentpress.models.loading import TrainedModel

DRAWS_SEED = 0
KINDS = ("bernoulli", "gaussian")
Decode = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The distribution p(x|z) of an image around what the decoder made of a code.

    Attributes:
        kind: ``"bernoulli"`` or ``"gaussian"``.
        variance: that all Gaussian pixels share; None for Bernoulli pixels.
    """

    kind: str
    variance: float | None = None

    def nats(self, images: np.ndarray, decoded: np.ndarray) -> np.ndarray:
        """−log p(x|z) of each image, float64 (n,); both arguments are (n, H, W, C)."""
        if self.variance is None:
            return gaussians.cross_entropy(images, decoded)
        return gaussians.negative_log_density(images, decoded, self.variance)

    def floor(self, images: np.ndarray) -> np.ndarray | None:
        """The least that `nats` can be of each image, float64 (n,); None for Gaussian pixels.

        The least of their density would be reached at the images themselves, where the most likely variance is none.
        """
        return gaussians.entropy(images) if self.variance is None else None


def likelihood_of(task: Task, model: TrainedModel) -> Likelihood:
    """The likelihood that an objective stands for.

    The variance of a Gaussian decoder is no weight: in training each batch has its own. Afterwards it is the most
    likely one on the whole training split, the mean squared error with one draw of each code.

    Args:
        task: its objective names the reconstruction loss; input ``data``.
        model: encodes and decodes the training split where that is needed.

    Raises:
        SettingsError: the reconstruction loss is no likelihood.
    """
    kind = task.settings["objective"]["reconstruction"]
    if kind not in KINDS:
        raise SettingsError(
            f"objective.reconstruction is {kind!r}, which is the likelihood of no image; expected {' or '.join(KINDS)}",
            f"Set it so in experiments/{task.settings['experiment']}.toml, or take this evaluation off the model.",
        )
    if kind == "bernoulli":
        return Likelihood(kind)
    train = read_split(task, "train").images
    codes = sample(*model.posterior(train), np.random.default_rng(DRAWS_SEED))
    return Likelihood(kind, gaussians.optimal_variance(train, model.decode(codes)))


def sample(mean: np.ndarray, log_variance: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """One draw of z from each q(z|x), float32 (n, code); of the arguments each is (n, code)."""
    noise = generator.standard_normal(mean.shape, dtype=np.float32)
    drawn: np.ndarray = mean + np.exp(0.5 * log_variance) * noise
    return drawn.astype(np.float32)


def expected_nats(
    images: np.ndarray, mean: np.ndarray, log_variance: np.ndarray, decode: Decode, likelihood: Likelihood, draws: int
) -> np.ndarray:
    """The reconstruction term E_q[−log p(x|z)] of each image, by Monte Carlo.

    Args:
        images: (n, H, W, C) in [0, 1].
        mean, log_variance: of q(z|x), (n, code).
        decode: codes (n, code) to what the likelihood is centred at, (n, H, W, C).
        likelihood: of the pixels.
        draws: of z for every image.

    Returns:
        float64 (n,), nats.
    """
    generator = np.random.default_rng(DRAWS_SEED)
    total = np.zeros(len(images))
    for _ in range(draws):
        total += likelihood.nats(images, decode(sample(mean, log_variance, generator)))
    return total / draws
