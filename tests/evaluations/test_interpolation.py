"""Paths between images, for linear models whose two paths are one, and for models that fail."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from latentpress.evaluations import interpolation
from latentpress.evaluations.interpolation import Paths, choose_pairs, interpolate, varied_first
from latentpress.figure_data import unpack
from latentpress.metrics import from_records

SHAPE = (16, 12, 1)
ALPHAS = [0.0, 0.25, 0.5, 1.0]  # binary fractions, so that linear paths meet without rounding


def flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def squares(images: np.ndarray) -> np.ndarray:
    """An encoder that is not linear: the squares of the grey levels."""
    return flat(images) ** 2


def shaped(codes: np.ndarray) -> np.ndarray:
    return codes.reshape(-1, *SHAPE)


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    """Two batches of images whose grey levels are eighths."""
    drawn = np.random.default_rng(0).integers(0, 9, (2, 3, *SHAPE)) / 8
    return drawn[0].astype(np.float32), drawn[1].astype(np.float32)


def test_both_paths_of_a_linear_model_are_one(pair: tuple[np.ndarray, np.ndarray]) -> None:
    paths = interpolate(flat, shaped, *pair, ALPHAS)
    assert paths.errors.tolist() == np.zeros((3, 4)).tolist()
    assert paths.distance.tolist() == np.zeros((3, 4)).tolist()
    metrics = interpolation.path_metrics(paths, ALPHAS, interpolation.Metric)
    psnr = [metric for metric in metrics if "psnr" in metric.quantity]
    assert {metric.value for metric in psnr} == {math.inf}
    assert {(metric.low, metric.high) for metric in psnr} == {(None, None)}


def test_the_paths_of_another_model_part_between_the_ends(pair: tuple[np.ndarray, np.ndarray]) -> None:
    first, second = pair
    paths = interpolate(squares, shaped, first, second, ALPHAS)
    assert paths.errors[:, [0, 3]].tolist() == np.zeros((3, 2)).tolist()
    half = (0.5 * first[1] + 0.5 * second[1]) ** 2
    mixed = 0.5 * first[1] ** 2 + 0.5 * second[1] ** 2
    assert paths.distance[1, 2] == pytest.approx(np.linalg.norm(half - mixed), rel=1e-5)
    assert paths.relative[1, 2] == pytest.approx(
        np.linalg.norm(half - mixed) / np.linalg.norm(first[1] ** 2 - second[1] ** 2), rel=1e-5
    )
    assert -10 * math.log10(paths.errors[1, 2]) == pytest.approx(
        peak_signal_noise_ratio(half, mixed, data_range=1.0), rel=1e-5
    )


def test_rounding_that_differs_within_a_batch_leaves_the_ends_infinite(
    pair: tuple[np.ndarray, np.ndarray],
) -> None:
    generator = np.random.default_rng(0)

    def trembling(images: np.ndarray) -> np.ndarray:
        return flat(images) * (1 + 1e-5 * generator.standard_normal((len(images), 1))).astype(np.float32)

    paths = interpolate(trembling, lambda codes: shaped(trembling(codes)), *pair, ALPHAS)
    assert paths.errors[:, [0, 3]].max() == 0
    assert paths.errors[:, 1].min() > 0


def test_a_collapsed_decoder_shows_as_infinity_inside(pair: tuple[np.ndarray, np.ndarray]) -> None:
    paths = interpolate(squares, lambda codes: np.full((len(codes), *SHAPE), 0.5, np.float32), *pair, ALPHAS)
    metrics = interpolation.path_metrics(paths, ALPHAS, interpolation.Metric)
    inside = [m for m in metrics if m.quantity == "interpolation_psnr_mean" and m.alpha == 0.5]
    assert [metric.value for metric in inside] == [math.inf]


def test_an_encoder_with_one_code_for_all_has_no_relative_distance(
    pair: tuple[np.ndarray, np.ndarray],
) -> None:
    paths = interpolate(lambda images: np.zeros((len(images), 192), np.float32), shaped, *pair, ALPHAS)
    metrics = interpolation.path_metrics(paths, ALPHAS, interpolation.Metric)
    relative = [metric.value for metric in metrics if metric.quantity == "interpolation_latent_l2_relative"]
    assert relative == [None] * 4


def test_the_mean_psnr_and_the_psnr_of_the_mean_differ() -> None:
    blended = np.zeros((2, 1, *SHAPE))
    interpolated = blended + np.array([0.1, 0.01]).reshape(2, 1, 1, 1, 1)
    paths = Paths(blended, interpolated, np.ones((2, 1)), np.ones((2, 1)))
    found = {m.quantity: m.value for m in interpolation.path_metrics(paths, [0.5], interpolation.Metric)}
    assert found["interpolation_psnr_mean"] == pytest.approx(30)
    assert found["interpolation_psnr_of_mean_mse"] == pytest.approx(-10 * math.log10(0.00505))


def test_pairs_are_of_different_classes_and_the_same_every_time() -> None:
    labels = np.random.default_rng(0).integers(0, 3, 500)
    pairs = choose_pairs(labels, 500, 20)
    assert (labels[pairs[:, 0]] != labels[pairs[:, 1]]).all()
    assert len(np.unique(pairs[:, 0])) == 20
    assert np.array_equal(pairs, choose_pairs(labels, 500, 20))
    unlabelled = choose_pairs(None, 5, 20)
    assert (unlabelled[:, 0] != unlabelled[:, 1]).all()


class Squaring:
    """A model for `load_model`."""

    encode = staticmethod(squares)
    decode = staticmethod(shaped)


def test_the_stage_delivers_metrics_strips_and_pairs(
    artifact: Any, task: Any, digits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpolation, "load_model", lambda task: Squaring())
    result = interpolation.measure(task(interpolation, {"data": digits}, pairs=5, shown=2))
    metrics = {metric.id: metric for metric in from_records(result.values["metrics"])}
    assert metrics["mnist/plain/test/interpolation_psnr_mean/alpha=0/seed=0"].value == math.inf
    inside = metrics["mnist/plain/test/interpolation_psnr_mean/alpha=0.4/seed=0"]
    assert inside.low is not None
    assert inside.low < inside.value
    apart = metrics["mnist/plain/test/interpolation_psnr_mean_alpha_difference/alpha=0.4/other_alpha=0.8/seed=0"]
    other = metrics["mnist/plain/test/interpolation_psnr_mean/alpha=0.8/seed=0"]
    assert apart.value == pytest.approx(inside.value - other.value)
    assert result.arrays["items"]["interpolation_psnr_mean"][:, 2].mean() == pytest.approx(inside.value)
    assert result.arrays["items"]["alphas"].tolist() == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    stored = artifact(result)
    figures = unpack(stored)
    assert set(figures) == {"pair_0", "pair_1"}
    assert figures["pair_0"].arrays["images"].shape == (2, 6, *SHAPE)
    table = stored.table("pairs")
    labels = digits.arrays("labels")["test"]
    assert [int(digit) for digit in table["digit_a"]] == labels[table["index_a"]].tolist()
    assert (table["digit_a"] != table["digit_b"]).all()
    assert table["psnr_0.4"].mean() == pytest.approx(inside.value)


def test_pairs_that_show_something_new_come_first_and_none_is_lost() -> None:
    classes = np.array([[1, 5], [1, 5], [1, 9], [5, 1], [4, 9], [0, 7], [4, 9]])
    order = varied_first(classes)
    assert order[:2] == [0, 4]
    assert 5 in order[:3]
    assert sorted(order) == list(range(len(classes)))
    # The way from 1 to 5 is shown once, in either direction, before any way is shown again.
    assert {tuple(sorted(classes[index])) for index in order[:4]} == {(1, 5), (4, 9), (0, 7), (1, 9)}


def test_slides_are_the_paths_in_small_steps(pair: tuple[np.ndarray, np.ndarray]) -> None:
    found = interpolation.slides(squares, shaped, *pair, count=5)
    assert found["alphas"].tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert found["images"].shape == (3, 2, 5, *SHAPE)
    assert found["images"].dtype == np.uint8
    assert np.array_equal(found["images"][:, 0, [0, 4]], found["images"][:, 1, [0, 4]])
    paths = interpolate(squares, shaped, *pair, [0.0, 0.25, 0.5, 0.75, 1.0])
    assert found["psnr"].tolist() == interpolation.by_pair(paths)["interpolation_psnr_mean"].tolist()
    half = np.round(np.clip(paths.interpolated[1, 2], 0, 1) * 255)
    assert np.array_equal(found["images"][1, 1, 2], half.astype(np.uint8))
