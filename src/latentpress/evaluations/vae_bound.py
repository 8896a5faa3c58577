"""How far the evidence lower bound of a variational autoencoder lies below the images' likelihood."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import logsumexp

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.blocks import block_bootstrap_mean
from latentpress.evaluations.likelihoods import likelihood_of
from latentpress.evaluations.pairing import ITEMS, LIKELIHOOD
from latentpress.evaluations.subject import deliver, metric_of, read_split
from latentpress.models.loading import load_model

SCOPE = "model"
NEEDS = ("data", "model")
SETTINGS = {"samples": 500}
SMOKE = {"samples": 20}
SECONDS = 3.0
BACKEND = True
FIGURES = False
TITLE = "Importance-weighted bound"

DRAWS_SEED = 1  # other draws than those of the plain bound, which the two are held against each other by


def measure(task: Task) -> Result:
    """The importance-weighted bound on the test split, what it gains on the plain one, and the weights' evenness."""
    test = read_split(task, "test").images
    model = load_model(task)
    likelihood = likelihood_of(task, model)

    def log_likelihood(codes: np.ndarray) -> np.ndarray:
        return -likelihood.nats(test, model.decode(codes.astype(np.float32)))

    weights = log_weights(*model.posterior(test), log_likelihood, task.settings["evaluation"]["samples"])
    bound = importance_weighted_bound(weights)
    metric = metric_of(task, unit="nats")
    result = deliver(
        [
            metric("importance_weighted_bound", **block_bootstrap_mean(bound).fields),
            metric("bound_gain_nats", **block_bootstrap_mean(bound - weights.mean(axis=0)).fields),
            metric("effective_samples", **block_bootstrap_mean(effective_samples(weights)).fields, unit=""),
        ]
    )
    result.arrays[ITEMS] = {"importance_weighted_bound": bound}
    result.values[LIKELIHOOD] = likelihood.kind
    return result


def log_weights(
    mean: np.ndarray, log_variance: np.ndarray, log_likelihood: Callable[[np.ndarray], np.ndarray], samples: int
) -> np.ndarray:
    r"""Logarithms of the importance weights :math:`p(x \mid z)\,p(z) / q(z \mid x)` of codes drawn from q(z|x).

    Args:
        mean, log_variance: of q(z|x), (n, code).
        log_likelihood: codes (n, code), one for each image, to log p(x|z), (n,).
        samples: codes for each image.

    Returns:
        float64 (samples, n), nats.
    """
    generator = np.random.default_rng(DRAWS_SEED)
    mu, log_var = mean.astype(np.float64), log_variance.astype(np.float64)
    found = np.empty((samples, len(mu)))
    for index in range(samples):
        noise = generator.standard_normal(mu.shape)
        codes = mu + np.exp(0.5 * log_var) * noise
        # The normal densities' constants cancel.
        log_ratio = 0.5 * np.sum(noise**2 + log_var - codes**2, axis=1)
        found[index] = log_likelihood(codes) + log_ratio
    return found


def importance_weighted_bound(log_weights: np.ndarray) -> np.ndarray:
    r"""The bound :math:`\log\tfrac1K\sum_k w_k` on log p(x), which tightens with K (Burda et al., ICLR 2016).

    Args:
        log_weights: of `log_weights`, (K, n).

    Returns:
        float64 (n,), nats. With K = 1 it is an estimate of the evidence lower bound.
    """
    return np.asarray(logsumexp(log_weights, axis=0) - np.log(len(log_weights)))


def effective_samples(log_weights: np.ndarray) -> np.ndarray:
    """Kish's effective number of samples of each image, (Σw)²/Σw²: K for even weights, 1 where one weighs all.

    Args:
        log_weights: (K, n).

    Returns:
        float64 (n,).
    """
    return np.asarray(np.exp(2 * logsumexp(log_weights, axis=0) - logsumexp(2 * log_weights, axis=0)))
