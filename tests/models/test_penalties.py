"""Each penalty against an independent computation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import bernoulli, entropy, norm

from latentpress.evaluations import gaussians
from latentpress.models import penalties


def number(tensor):
    return float(np.asarray(tensor))


@settings(max_examples=20, deadline=None)
@given(st.floats(0.02, 0.98), st.integers(0, 1000))
def test_sparse_divergence_is_the_sum_of_the_units_bernoulli_divergences(target, seed):
    z = np.random.default_rng(seed).uniform(0.05, 0.95, (40, 7)).astype("float32")
    means = z.mean(0, dtype="float64")
    expected = sum(entropy([target, 1 - target], [mean, 1 - mean]) for mean in means)
    assert number(penalties.kl_sparsity(z, target)) == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_sparse_divergence_vanishes_only_at_the_target():
    at_target = np.full((10, 3), 0.05, "float32")
    assert number(penalties.kl_sparsity(at_target, 0.05)) == pytest.approx(0, abs=1e-6)
    assert number(penalties.kl_sparsity(at_target * 2, 0.05)) > 0.01


def test_random_projections_estimate_the_squared_norm_without_bias():
    rng = np.random.default_rng(0)
    J = rng.normal(size=(5, 30))
    v = rng.normal(size=(40_000, 30))
    estimate = number(penalties.squared_norm_estimate((v @ J.T).astype("float32")))
    assert estimate == pytest.approx((J**2).sum(), rel=0.02)


def test_contraction_ratio_does_not_change_when_codes_are_rescaled():
    rng = np.random.default_rng(1)
    products, codes = rng.normal(size=(2, 50, 6)).astype("float32")
    ratio = number(penalties.contraction_ratio(products, codes))
    assert ratio == pytest.approx(number(penalties.contraction_ratio(0.1 * products, 0.1 * codes)), rel=1e-3)
    assert ratio == pytest.approx((products**2).sum(1).mean() / codes.var(0).sum(), rel=1e-4)


def test_gaussian_divergence_agrees_with_monte_carlo():
    rng = np.random.default_rng(2)
    mean, log_variance = np.array([[0.7, -1.2]]), np.array([[0.3, -0.8]])
    sigma = np.exp(log_variance / 2)
    z = mean + sigma * rng.normal(size=(400_000, 2))
    sampled = (norm.logpdf(z, mean, sigma) - norm.logpdf(z)).sum(1).mean()
    assert number(penalties.gaussian_kl(mean, log_variance)[0]) == pytest.approx(sampled, abs=0.01)


def test_gaussian_divergence_of_the_prior_from_itself_is_zero():
    assert number(penalties.gaussian_kl(np.zeros((1, 4)), np.zeros((1, 4)))[0]) == 0


def test_bernoulli_loss_is_a_sum_over_pixels_and_smallest_at_the_image_itself():
    x = np.random.default_rng(3).uniform(0.1, 0.9, (2, 4, 3, 1))
    own = np.asarray(penalties.bernoulli_loss(x, x))
    expected = -(x * np.log(x) + (1 - x) * np.log(1 - x)).sum((1, 2, 3))
    assert own == pytest.approx(expected, rel=1e-5)
    assert (np.asarray(penalties.bernoulli_loss(x, np.full_like(x, 0.5))) > own).all()


def test_gaussian_loss_is_the_log_density_under_the_most_likely_variance():
    x, m = np.random.default_rng(4).uniform(0, 1, (2, 3, 4, 3, 1)).astype("float32")
    variances = np.linspace(0.02, 1, 2000)
    totals = [-norm.logpdf(x, m, np.sqrt(variance)).sum() for variance in variances]
    found = np.asarray(penalties.gaussian_loss(x, m))
    assert found.sum() == pytest.approx(min(totals), rel=1e-4)
    variance = variances[np.argmin(totals)]
    assert found == pytest.approx(-norm.logpdf(x, m, np.sqrt(variance)).sum((1, 2, 3)), rel=1e-2)


def test_gaussian_loss_stays_finite_for_perfect_copies():
    x = np.full((2, 4, 3, 1), 0.5, "float32")
    expected = 6 * np.log(2 * np.pi / (12 * 255**2))
    assert np.asarray(penalties.gaussian_loss(x, x)) == pytest.approx([expected] * 2, rel=1e-5)


def test_sparse_divergence_is_a_cross_entropy_less_an_entropy():
    """D(a ‖ z̄) = H(a, z̄) − H(a), and the former is minus the mean log-likelihood of draws from Bernoulli(a)."""
    rng = np.random.default_rng(4)
    z = rng.uniform(0.05, 0.6, (30, 5)).astype("float32")
    draws = rng.random(2_000_000) < 0.2
    sampled = sum(-bernoulli.logpmf([1, 0], mean) @ [draws.mean(), 1 - draws.mean()] for mean in z.mean(0))
    expected = sampled - 5 * bernoulli(0.2).entropy()
    assert number(penalties.kl_sparsity(z, 0.2)) == pytest.approx(expected, abs=5e-3)


def test_gaussian_divergence_agrees_with_an_integral():
    mean, log_variance = np.array([[0.7, -1.2, 0.0]]), np.array([[0.3, -0.8, 1.5]])

    def integrand(z, m, s):
        return norm.pdf(z, m, s) * (norm.logpdf(z, m, s) - norm.logpdf(z))

    parts = zip(mean[0], np.exp(log_variance[0] / 2), strict=True)
    exact = sum(quad(integrand, m - 12 * s, m + 12 * s, args=(m, s))[0] for m, s in parts)
    assert number(penalties.gaussian_kl(mean, log_variance)[0]) == pytest.approx(exact, rel=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_the_training_s_terms_are_those_that_evaluations_compute_apart(seed):
    rng = np.random.default_rng(seed)
    mean, log_variance = rng.normal(0, 2, (2, 4, 3)).astype("float32")
    divergence = gaussians.kl_by_dimension(mean, log_variance).sum(1)
    assert np.asarray(penalties.gaussian_kl(mean, log_variance)) == pytest.approx(divergence, rel=1e-4, abs=1e-4)
    x, p = rng.random((2, 3, 5, 4, 1)).astype("float32")
    assert np.asarray(penalties.bernoulli_loss(x, p)) == pytest.approx(gaussians.cross_entropy(x, p), rel=1e-3)


def test_bernoulli_loss_is_the_expected_log_likelihood_of_coins_as_probable_as_the_grey_levels():
    rng = np.random.default_rng(5)
    x, p = rng.uniform(0.1, 0.9, (2, 1, 3, 2, 1))
    tosses = rng.random((200_000, *x.shape[1:])) < x
    sampled = -bernoulli.logpmf(tosses, p).sum((1, 2, 3)).mean()
    assert number(penalties.bernoulli_loss(x, p)[0]) == pytest.approx(sampled, abs=0.02)


def test_bernoulli_loss_of_even_odds_is_log_two_a_pixel_whatever_the_image():
    x = np.random.default_rng(6).random((2, 4, 3, 1))
    assert np.asarray(penalties.bernoulli_loss(x, np.full_like(x, 0.5))) == pytest.approx([12 * np.log(2)] * 2)
