"""PSNR by hand, SSIM against scikit-image."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from latentpress.evaluations.image_quality import mean_squared_error, psnr, ssim


def test_psnr_of_known_errors() -> None:
    images = np.zeros((3, 2, 2, 1))
    others = np.zeros((3, 2, 2, 1))
    others[1] = 0.1  # MSE 0.01
    others[2, 0, 0] = 1.0  # MSE 0.25
    errors = mean_squared_error(images, others)
    assert errors == pytest.approx([0.0, 0.01, 0.25])
    assert psnr(errors) == pytest.approx([math.inf, 20.0, 10 * math.log10(4)])


@pytest.mark.parametrize("shape", [(4, 28, 28, 1), (3, 28, 20, 1), (2, 16, 17, 3)])
def test_ssim_agrees_with_scikit_image(shape: tuple[int, ...]) -> None:
    generator = np.random.default_rng(0)
    images = generator.random(shape).astype(np.float32)
    others = np.clip(images + generator.normal(0, 0.2, shape), 0, 1).astype(np.float32)
    expected = [
        structural_similarity(
            *pair,
            data_range=1.0,
            channel_axis=-1,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for pair in zip(images, others, strict=True)
    ]
    assert ssim(images, others) == pytest.approx(expected, abs=1e-5)


def test_ssim_does_not_depend_on_the_size_of_the_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(1).random((2, 7, 12, 12, 1))
    whole = ssim(*images)
    monkeypatch.setattr("latentpress.evaluations.image_quality._BATCH", 3)
    assert np.array_equal(ssim(*images), whole)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_ssim_is_symmetric_and_one_for_equal_images(seed: int) -> None:
    images = np.random.default_rng(seed).random((2, 2, 12, 13, 1))
    assert ssim(images[0], images[0]) == pytest.approx([1.0, 1.0])
    assert ssim(*images) == pytest.approx(ssim(*images[::-1]))
    assert (ssim(*images) < 1).all()


def test_images_smaller_than_the_window_are_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 11×11 pixels; found shape \(1, 10, 28, 1\)"):
        ssim(np.zeros((1, 10, 28, 1)), np.zeros((1, 10, 28, 1)))
