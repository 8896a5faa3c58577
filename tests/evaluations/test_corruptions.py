"""Corruptions are the same for every model, and do what their amounts say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.errors import SettingsError
from latentpress.evaluations import denoising
from latentpress.evaluations.corruptions import (
    KINDS,
    chosen_images,
    condition_name,
    corrupt,
    wanted_corruptions,
)

IMAGES = np.random.default_rng(0).random((20, 14, 12, 3)).astype(np.float32)
AMOUNTS = {"noise": 0.4, "salt_and_pepper": 0.3, "blur": 1.0, "masking": 5}


@pytest.mark.parametrize("kind", KINDS)
def test_a_corruption_is_the_same_each_time_changes_no_input_and_is_nothing_at_0(kind: str) -> None:
    before = IMAGES.copy()
    once, again = (corrupt(IMAGES, kind, AMOUNTS[kind], True, seed=5) for _ in range(2))
    assert once.dtype == np.float32 and once.shape == IMAGES.shape
    assert np.array_equal(once, again) and not np.array_equal(once, IMAGES)
    assert np.array_equal(IMAGES, before)
    assert np.array_equal(corrupt(IMAGES, kind, 0, True, seed=5), IMAGES)


@given(
    kind=st.sampled_from(KINDS),
    share=st.floats(0, 1),
    clipped=st.booleans(),
    seed=st.integers(0, 9),
    count=st.integers(0, 3),
)
def test_pixels_stay_grey_levels_unless_noise_is_not_clipped(
    kind: str, share: float, clipped: bool, seed: int, count: int
) -> None:
    amount = {"noise": 3 * share, "salt_and_pepper": share, "blur": 4 * share, "masking": round(12 * share)}[kind]
    images = np.ones((count, 14, 12, 3), np.float32) * np.float32(0.99999994)
    found = corrupt(images, kind, amount, clipped, seed)
    assert found.shape == images.shape and found.dtype == np.float32
    if count and (clipped or kind != "noise"):
        assert found.min() >= 0 and found.max() <= 1


def test_noise_of_two_amounts_is_one_draw_scaled() -> None:
    weak, strong = (corrupt(IMAGES, "noise", amount, False, seed=1) - IMAGES for amount in (0.1, 0.5))
    assert strong == pytest.approx(5 * weak, abs=1e-5)
    assert strong.std() == pytest.approx(0.5, rel=0.02)
    clipped = corrupt(IMAGES, "noise", 0.5, True, seed=1)
    assert clipped == pytest.approx(np.clip(IMAGES + strong, 0, 1), abs=1e-6)


def test_salt_and_pepper_replaces_that_share_of_pixels_in_all_channels_at_once() -> None:
    grey = np.full((50, 20, 20, 3), 0.5, np.float32)
    few, many = (corrupt(grey, "salt_and_pepper", share, True, seed=2) for share in (0.1, 0.3))
    changed = many != 0.5
    assert changed.any(axis=-1).mean() == pytest.approx(0.3, abs=0.01)
    assert np.array_equal(changed.any(axis=-1), changed.all(axis=-1))
    assert (many[changed] == 1).mean() == pytest.approx(0.5, abs=0.03) and set(np.unique(many)) == {0.0, 0.5, 1.0}
    assert np.array_equal(few[few != 0.5], many[few != 0.5])


def test_masking_blacks_out_one_square_wholly_inside() -> None:
    masked = corrupt(np.ones((60, 14, 12, 3), np.float32), "masking", 5, True, seed=3)
    assert (masked == 0).sum(axis=(1, 2, 3)).tolist() == [5 * 5 * 3] * 60
    places = np.array([np.argwhere(image[..., 0] == 0)[[0, -1]] for image in masked])
    assert (places[:, 1] - places[:, 0] == 4).all()
    assert set(places[:, 0, 0]) == set(range(10)) and set(places[:, 0, 1]) == set(range(8))
    with pytest.raises(ValueError, match="13 pixels does not fit into images of 14×12"):
        corrupt(IMAGES, "masking", 13, True, seed=3)


def test_an_unknown_corruption_is_refused() -> None:
    with pytest.raises(ValueError, match="corruption 'haze' is unknown; expected one of noise"):
        corrupt(IMAGES, "haze", 1, True, seed=0)


def test_the_images_are_a_permutation_s_beginning_and_not_the_first_ones() -> None:
    few, many = chosen_images(100, 20), chosen_images(100, 500)
    assert np.array_equal(few, many[:20]) and sorted(many) == list(range(100))
    assert sorted(few) != list(range(20))


def test_the_corruptions_of_the_settings_are_listed_once_each() -> None:
    found = wanted_corruptions(
        "denoising", {**denoising.SETTINGS, "stated_noise": 0.3, "noise": [0.3, 0.1, 0.3]}, (28, 28, 3)
    )
    assert [condition_name(*each) for each in found] == [
        "noise=0.3", "noise=0.1", "salt_and_pepper=0.1", "blur=1", "masking=10",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"noise": [0.3, -0.1]}, "noise: found -0.1, expected numbers from 0 on"),
        ({"salt_and_pepper": [1.5]}, "salt_and_pepper: found 1.5, expected numbers from 0 to 1"),
        ({"masking": [29]}, "masking: found 29, expected numbers from 0 to 28"),
        ({"blur": [float("inf")]}, "blur: found inf, expected numbers from 0 on"),
        ({"stated_noise": 0.25}, "stated_noise: found 0.25, expected one of noise: 0.1, 0.2, 0.3, 0.4, 0.5"),
        ({"images": 0}, "images: found 0, expected at least 1"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        wanted_corruptions("denoising", {**denoising.SETTINGS, **settings}, (28, 28, 3))
