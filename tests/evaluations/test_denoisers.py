"""Denoisers that need no network, against others' implementations and what is known of them; and their tuning."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.restoration import denoise_tv_chambolle

from latentpress.evaluations import denoisers
from latentpress.evaluations.corruptions import corrupt
from latentpress.evaluations.denoiser_tuning import Choice, Control, controls, tune
from latentpress.evaluations.image_quality import mean_squared_error, ssim


def squares(count: int, channels: int = 3) -> np.ndarray:
    """Bright squares at some places of black images of 16×14 pixels."""
    images = np.zeros((count, 16, 14, channels), np.float32)
    for index, image in enumerate(images):
        top, left = 2 + index % 5, 2 + index % 3
        image[top : top + 7, left : left + 7] = np.linspace(0.6, 1, channels)
    return images


CLEAN = squares(40)
NOISY = corrupt(CLEAN, "noise", 0.2, True, seed=0)
COMPONENTS = denoisers.PrincipalComponents(squares(60), 8)
FILTERS: list[tuple[Callable[[np.ndarray, float], np.ndarray], float]] = [
    (denoisers.gaussian_filter, 0.6),
    (denoisers.total_variation, 0.1),
    (denoisers.nonlocal_means, 0.15),
    (lambda images, count: COMPONENTS.restore(images, int(count)), 6),
]


@pytest.mark.parametrize(("denoise", "value"), FILTERS)
def test_each_takes_noise_away_and_gives_grey_levels(
    denoise: Callable[[np.ndarray, float], np.ndarray], value: float
) -> None:
    before = NOISY.copy()
    restored = denoise(NOISY, value)
    assert np.array_equal(NOISY, before)
    assert restored.shape == NOISY.shape and restored.dtype == np.float32
    assert restored.min() >= 0 and restored.max() <= 1
    assert mean_squared_error(CLEAN, restored).mean() < 0.75 * mean_squared_error(CLEAN, NOISY).mean()


@pytest.mark.parametrize(("denoise", "value"), FILTERS[:3])
def test_each_leaves_images_alone_at_0_and_takes_them_one_by_one(
    denoise: Callable[[np.ndarray, float], np.ndarray], value: float
) -> None:
    assert np.array_equal(denoise(NOISY, 0.0), NOISY)
    together, alone = denoise(NOISY, value)[3:5], np.concatenate([denoise(NOISY[i : i + 1], value) for i in (3, 4)])
    assert together == pytest.approx(alone, abs=1e-6)


@pytest.mark.parametrize("iterations", [1, 2, 25])
@pytest.mark.parametrize("channels", [1, 3])
def test_total_variation_takes_the_steps_of_scikit_image(iterations: int, channels: int) -> None:
    noisy = corrupt(squares(3, channels), "noise", 0.2, True, seed=1)
    expected = [
        denoise_tv_chambolle(image, weight=0.15, eps=0, max_num_iter=iterations, channel_axis=-1) for image in noisy
    ]
    found = denoisers.total_variation(noisy, 0.15, iterations)
    assert found == pytest.approx(np.clip(np.stack(expected), 0, 1), abs=1e-5)


def test_all_components_give_a_training_image_back_and_fewer_give_less() -> None:
    images = np.random.default_rng(0).random((12, 16, 14, 1)).astype(np.float32)
    components = denoisers.PrincipalComponents(images, 500)
    errors = [mean_squared_error(images, components.restore(images, count)).mean() for count in (1, 4, 8, 11)]
    assert errors == sorted(errors, reverse=True) and errors[-1] < 1e-6


@given(black=st.floats(0, 0.5), white=st.floats(0.6, 1))
def test_levels_put_black_and_white_at_the_ends_and_keep_the_order(black: float, white: float) -> None:
    ramp = np.linspace(0, 1, 64, dtype=np.float32).reshape(1, 8, 8, 1)
    found = denoisers.set_levels(ramp, black, white).ravel()
    assert (np.diff(found) >= 0).all() and found[0] == 0 and found[-1] == 1
    assert (found[ramp.ravel() <= black] == 0).all() and (found[ramp.ravel() >= white + 1e-6] > 1 - 1e-5).all()


@pytest.mark.parametrize("index", range(4))
@pytest.mark.parametrize("levels", [True, False])
def test_a_tuned_control_is_on_the_validation_images_no_worse_than_any_value_of_its_grid(
    index: int, levels: bool
) -> None:
    control = controls(float(np.std(NOISY - CLEAN)), COMPONENTS, 8)[index]
    best = tune(control, CLEAN, NOISY, levels)
    grid = [control.apply(NOISY, Choice(value)) for value in control.grid]
    assert best["mse"].score <= min(mean_squared_error(CLEAN, images).mean() for images in grid)
    assert best["ssim"].score >= max(ssim(CLEAN, images).mean() for images in grid)
    restored = {name: control.apply(NOISY, tuned.choice) for name, tuned in best.items()}
    assert best["mse"].score == pytest.approx(mean_squared_error(CLEAN, restored["mse"]).mean())
    assert best["ssim"].score == pytest.approx(ssim(CLEAN, restored["ssim"]).mean())
    assert levels or {(tuned.choice.black, tuned.choice.white) for tuned in best.values()} == {(0.0, 1.0)}


def test_levels_find_the_black_that_clipped_noise_has_made_grey() -> None:
    """A control that could not would have several times the error, and be beaten by anything that knows black."""
    control = controls(float(np.std(NOISY - CLEAN)), COMPONENTS, 8)[0]
    plain, tuned = (tune(control, CLEAN, NOISY, levels)["mse"] for levels in (False, True))
    assert tuned.score < 0.8 * plain.score and tuned.choice.black > 0


@given(st.lists(st.floats(-0.3, 0.3), min_size=1, max_size=6, unique=True))
def test_of_any_grid_the_best_value_is_found(grid: list[float]) -> None:
    """A control that adds its parameter: the best value is the one nearest to 0."""
    control = Control("shift", "offset", sorted(grid), lambda images, value: images + np.float32(value))
    grey = np.full((2, 12, 12, 1), 0.5, np.float32) + CLEAN[:2, :12, :12, :1] / 10
    best = tune(control, grey, grey, levels=False)["mse"]
    assert abs(best.choice.value) == pytest.approx(min(map(abs, grid)), abs=1e-6)
