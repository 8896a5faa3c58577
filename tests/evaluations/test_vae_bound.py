"""The importance-weighted bound against likelihoods that are known by integration or in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

from latentpress.engine.stage import Result
from latentpress.errors import SettingsError
from latentpress.evaluations import gaussians, vae_bound, vae_bound_comparison
from latentpress.evaluations.likelihoods import Likelihood, likelihood_of
from latentpress.evaluations.vae_bound import effective_samples, importance_weighted_bound, log_weights
from latentpress.metrics import from_records

IMAGES = np.array([[[[0.9], [0.2]]], [[[0.1], [0.6]]]])
SLOPES = np.array([2.0, -1.0])
MEAN, LOG_VARIANCE = np.array([[0.6], [-0.5]]), np.log(np.array([[0.5], [0.8]]))


def decode(codes: np.ndarray) -> np.ndarray:
    """A code of one number to two pixels."""
    return (1 / (1 + np.exp(-codes * SLOPES))).reshape(-1, 1, 2, 1)


def bernoulli_log_likelihood(codes: np.ndarray) -> np.ndarray:
    return -gaussians.cross_entropy(IMAGES, decode(codes))


def integrated(image: np.ndarray) -> float:
    """log ∫ p(x|z) p(z) dz, written out by hand."""

    def density(z: float) -> float:
        p = 1 / (1 + np.exp(-z * SLOPES))
        x = image.reshape(-1)
        return float(np.exp(np.sum(x * np.log(p) + (1 - x) * np.log(1 - p))) * norm.pdf(z))

    return float(np.log(quad(density, -9, 9)[0]))


def test_the_bound_meets_the_integrated_likelihood() -> None:
    weights = log_weights(MEAN, LOG_VARIANCE, bernoulli_log_likelihood, 20_000)
    expected = [integrated(image) for image in IMAGES]
    assert importance_weighted_bound(weights) == pytest.approx(expected, abs=5e-3)


def test_the_bound_rises_with_the_samples_from_the_elbo_and_stays_below_the_likelihood() -> None:
    weights = log_weights(MEAN, LOG_VARIANCE, bernoulli_log_likelihood, 12_000)
    expected = np.array([integrated(image) for image in IMAGES])
    # Each group of K samples gives one estimate; their mean is that of the bound with K samples.
    means = [
        np.mean([importance_weighted_bound(group) for group in np.split(weights, 12_000 // k)], axis=0)
        for k in (1, 5, 50)
    ]
    noise = 2e-3
    assert np.all(means[0] < means[1] - noise) and np.all(means[1] < means[2] + noise)
    assert np.all(means[2] < expected + noise)
    nodes = MEAN + np.exp(LOG_VARIANCE / 2) * norm.ppf((np.arange(4000) + 0.5) / 4000)
    reconstruction = np.mean([bernoulli_log_likelihood(column[:, None]) for column in nodes.T], axis=0)
    elbo = reconstruction - gaussians.kl_by_dimension(MEAN, LOG_VARIANCE).sum(axis=1)
    assert means[0] == pytest.approx(elbo, abs=0.02)


def test_with_the_true_posterior_one_sample_is_enough() -> None:
    """A linear Gaussian model: x = w z + noise has a Gaussian posterior and likelihood."""
    images = IMAGES.reshape(2, 1, 2, 1)
    variance = 0.3
    w = SLOPES
    posterior = 1 / (1 + w @ w / variance)
    mean = (images.reshape(2, 2) @ w / variance * posterior)[:, None]
    likelihood = Likelihood("gaussian", variance)
    weights = log_weights(
        mean,
        np.full((2, 1), np.log(posterior)),
        lambda codes: -likelihood.nats(images, (codes * w).reshape(-1, 1, 2, 1)),
        7,
    )
    marginal = multivariate_normal(np.zeros(2), np.outer(w, w) + variance * np.eye(2))
    expected = marginal.logpdf(images.reshape(2, 2))
    assert weights == pytest.approx(np.tile(expected, (7, 1)))
    assert importance_weighted_bound(weights) == pytest.approx(expected)
    assert effective_samples(weights) == pytest.approx([7, 7])


def test_one_weight_that_outweighs_all_others_is_one_sample() -> None:
    assert effective_samples(np.array([[0.0], [-50.0], [-60.0]])) == pytest.approx([1])


class Constant:
    """Encodes everything as the prior, and draws the same grey."""

    def posterior(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((len(images), 3), np.float32), np.zeros((len(images), 3), np.float32)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return np.full((len(codes), 28, 20, 1), 0.5, np.float32)


def test_a_collapsed_model_gains_nothing(monkeypatch: pytest.MonkeyPatch, task: Any, faces: Any) -> None:
    monkeypatch.setattr(vae_bound, "load_model", lambda task: Constant())
    result = vae_bound.measure(task(vae_bound, {"data": faces}, data="frey", experiment="vae", samples=5))
    value = {metric.quantity: metric.value for metric in from_records(result.values["metrics"])}
    assert value["importance_weighted_bound"] == pytest.approx(-560 * np.log(2))
    assert value["bound_gain_nats"] == pytest.approx(0, abs=1e-9)
    assert value["effective_samples"] == pytest.approx(5)


def test_a_gaussian_decoder_has_the_variance_of_its_training_errors(task: Any, faces: Any) -> None:
    settings = {"objective": {"reconstruction": "gaussian"}}
    found = likelihood_of(task(vae_bound, {"data": faces}, settings=settings), Constant())  # type: ignore[arg-type]
    train = faces.arrays("images")["train"] / 255
    assert found.variance == pytest.approx(np.mean((train - 0.5) ** 2))
    assert found.floor(train) is None
    expected = -norm.logpdf(train, 0.5, np.sqrt(found.variance)).sum(axis=(1, 2, 3))
    assert found.nats(train, np.full_like(train, 0.5)) == pytest.approx(expected)


def test_a_mean_squared_error_is_no_likelihood(task: Any, faces: Any) -> None:
    settings = {"objective": {"reconstruction": "mse"}}
    with pytest.raises(SettingsError, match=r"'mse'.*expected bernoulli or gaussian"):
        likelihood_of(task(vae_bound, {"data": faces}, settings=settings), Constant())  # type: ignore[arg-type]


def test_only_bounds_of_one_likelihood_have_a_difference(artifact: Any, task: Any) -> None:
    bounds = {"a": np.arange(30.0), "b": np.arange(30.0) - 1, "c": np.arange(30.0)}
    inputs = {
        f"vae_bound:{name}": artifact(
            Result(
                arrays={"items": {"importance_weighted_bound": bound}},
                values={"likelihood": "gaussian" if name == "c" else "bernoulli"},
            )
        )
        for name, bound in bounds.items()
    }
    stage = task(vae_bound_comparison, inputs, {"experiments": list(bounds)}, data="frey", experiment=None)
    metrics = from_records(vae_bound_comparison.measure(stage).values["metrics"])
    assert {(metric.model, metric.value) for metric in metrics} == {("a_vs_b", 1.0), ("b_vs_a", -1.0)}
    assert {metric.quantity for metric in metrics} == {"importance_weighted_bound_difference"}
