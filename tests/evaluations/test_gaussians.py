"""Closed forms of the variational objective against sampling and against Keras' functions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from latentpress.evaluations.gaussians import active_units, cross_entropy, entropy, kl_by_dimension


def test_the_divergence_agrees_with_monte_carlo() -> None:
    mean, log_variance = 0.7, -1.2
    posterior = stats.norm(mean, np.exp(log_variance / 2))
    draws = posterior.rvs(400_000, random_state=0)
    estimate = np.mean(posterior.logpdf(draws) - stats.norm.logpdf(draws))
    assert kl_by_dimension(np.array([[mean]]), np.array([[log_variance]]))[0, 0] == pytest.approx(estimate, rel=0.01)


@settings(max_examples=30)
@given(st.floats(-5, 5), st.floats(-10, 3))
def test_the_divergence_is_never_negative(mean: float, log_variance: float) -> None:
    assert kl_by_dimension(np.array([[mean]]), np.array([[log_variance]]))[0, 0] >= -1e-12


def test_the_divergence_of_the_prior_from_itself_is_nothing() -> None:
    assert kl_by_dimension(np.zeros((2, 3)), np.zeros((2, 3))).tolist() == np.zeros((2, 3)).tolist()


def test_cross_entropy_of_binary_pixels_is_the_negative_log_likelihood() -> None:
    images = np.array([1.0, 0, 1]).reshape(1, 3, 1, 1)
    probabilities = np.array([0.8, 0.1, 0.5]).reshape(1, 3, 1, 1)
    assert cross_entropy(images, probabilities) == pytest.approx(-np.log(0.8 * 0.9 * 0.5))


def test_no_probabilities_beat_the_entropy_floor() -> None:
    generator = np.random.default_rng(0)
    images = generator.random((5, 4, 4, 1))
    assert cross_entropy(images, images) == pytest.approx(entropy(images))
    assert (cross_entropy(images, generator.random(images.shape)) > entropy(images)).all()
    assert entropy(np.array([0.0, 1.0]).reshape(1, 2, 1, 1)) == [0]


def test_certain_but_wrong_probabilities_stay_finite() -> None:
    assert np.isfinite(cross_entropy(np.ones((1, 2, 2, 1)), np.zeros((1, 2, 2, 1)))).all()


def test_a_dimension_is_active_when_its_mean_follows_the_data() -> None:
    mean = np.random.default_rng(0).normal(0, [1.0, 0.2, 0.05, 0.0], size=(5000, 4))
    assert active_units(mean) == 2
