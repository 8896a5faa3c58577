"""The signal-to-noise ratio, against what is known of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.evaluations.image_quality import mean_squared_error, psnr
from latentpress.evaluations.signal import decibels, energies, signal_to_noise

CLEAN = np.random.default_rng(0).random((30, 6, 5, 3)).astype(np.float32)
ERROR = np.random.default_rng(1).normal(0, 0.1, CLEAN.shape).astype(np.float32)


def test_it_is_ten_times_the_logarithm_of_the_ratio_of_energies() -> None:
    found = signal_to_noise(CLEAN, CLEAN + ERROR)
    expected = 10 * np.log10(np.sum(CLEAN.astype(float) ** 2) / np.sum(ERROR.astype(float) ** 2))
    assert found.value == pytest.approx(expected, abs=1e-4)
    assert found.low is not None and found.high is not None and found.low < found.value < found.high


def test_it_is_the_psnr_of_the_mean_error_but_for_the_power_of_the_images() -> None:
    power = float(np.mean(CLEAN.astype(float) ** 2))
    mse = mean_squared_error(CLEAN, CLEAN + ERROR).mean()
    assert signal_to_noise(CLEAN, CLEAN + ERROR).value == pytest.approx(float(psnr(mse)) + 10 * math.log10(power))


@given(st.floats(0.01, 100))
def test_an_error_that_is_scaled_costs_its_scale_in_decibels(scale: float) -> None:
    exact, error = energies(CLEAN), energies(ERROR)
    found, scaled = decibels(exact, error, draws=50), decibels(exact, scale**2 * error, draws=50)
    for before, after in ((found.value, scaled.value), (found.low, scaled.low), (found.high, scaled.high)):
        assert after == pytest.approx(before - 20 * math.log10(scale), abs=1e-9)


@given(st.permutations(range(6)))
def test_the_order_of_images_does_not_matter(order: list[int]) -> None:
    assert signal_to_noise(CLEAN[:6][order], (CLEAN + ERROR)[:6][order]).value == pytest.approx(
        signal_to_noise(CLEAN[:6], (CLEAN + ERROR)[:6]).value
    )


def test_no_error_is_infinite_and_has_no_interval() -> None:
    found = signal_to_noise(CLEAN, CLEAN)
    assert (found.value, found.low, found.high) == (math.inf, None, None)
    assert signal_to_noise(0 * CLEAN, CLEAN).value == -math.inf
    assert signal_to_noise(0 * CLEAN, 0 * CLEAN).value == math.inf


def test_where_a_resample_may_be_without_error_there_is_no_interval() -> None:
    restored = CLEAN.copy()
    restored[0] += 1
    found = signal_to_noise(CLEAN[:4], restored[:4])
    assert math.isfinite(found.value) and found.low is None
    assert signal_to_noise(CLEAN[:1], restored[:1]).low is None


def test_the_interval_covers_the_ratio_of_all_images_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(5)
    signal, error = generator.gamma(4, 1, (2, 4000))
    truth = decibels(signal, error, draws=2).value
    covered = 0
    for _ in range(200):
        chosen = generator.choice(4000, 40)
        found = decibels(signal[chosen], error[chosen], draws=400)
        assert found.low is not None and found.high is not None
        covered += found.low <= truth <= found.high
    assert 0.90 <= covered / 200 <= 0.99


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="finite numbers"):
        decibels(np.array([np.nan]), np.array([1.0]))
    with pytest.raises(ValueError, match="finite numbers"):
        decibels(np.array([]), np.array([]))
