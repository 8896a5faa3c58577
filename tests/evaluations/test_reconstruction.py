"""Errors, black frames and stuck decoders, on arrays whose answers are known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from latentpress.engine.stage import Result
from latentpress.evaluations import reconstruction
from latentpress.evaluations.reconstruction import frame_ink, pixel_variance, psnr_of, quality, shown_images
from latentpress.figure_data import unpack
from latentpress.metrics import from_records
from latentpress.statistics import Interval


def test_psnr_is_averaged_in_both_ways() -> None:
    images = np.zeros((2, 12, 12, 1))
    restored = images + np.array([0.1, 0.01]).reshape(2, 1, 1, 1)  # MSE 1e-2 and 1e-4
    found = quality(images, restored)
    assert found["test_mse"]["value"] == pytest.approx(0.00505)
    assert found["test_psnr"]["value"] == pytest.approx((20 + 40) / 2)
    assert found["psnr_of_mean_mse"]["value"] == pytest.approx(-10 * math.log10(0.00505))


def test_the_interval_of_a_psnr_turns_that_of_the_error_around() -> None:
    found = psnr_of(Interval(0.01, 0.001, 0.1))
    assert (found.value, found.low, found.high) == pytest.approx((20, 10, 30))
    assert psnr_of(Interval(0.0, 0.0, 0.0)) == Interval(math.inf, None, None)


def test_a_stuck_decoder_has_no_output_variance() -> None:
    images = np.random.default_rng(0).random((50, 12, 12, 1))
    stuck = np.broadcast_to(images.mean(axis=0), images.shape)
    assert pixel_variance(stuck) == pytest.approx(0, abs=1e-15)
    assert pixel_variance(images) == pytest.approx(1 / 12, rel=0.05)
    assert pixel_variance(images) == pytest.approx(np.mean((images - stuck) ** 2))


def test_frame_ink_is_the_share_shown_of_what_is_inked() -> None:
    images = np.zeros((2, 10, 10, 1))
    images[0, 1, 4] = 0.8
    images[1, 5, 9] = 0.4
    images[1, 5, 5] = 1.0  # inside the frame: no part of it
    assert frame_ink(images, images) == pytest.approx(1.0)
    black = images.copy()
    black[:, :3] = black[:, -3:] = black[:, :, :3] = black[:, :, -3:] = 0
    assert frame_ink(images, black) == 0.0
    assert frame_ink(images, np.full_like(images, 0.3)) == pytest.approx(0.6 / 1.2)


def test_frame_ink_is_unknown_where_the_data_has_none() -> None:
    images = np.zeros((2, 10, 10, 1))
    images[:, 4:6, 4:6] = 1.0
    assert frame_ink(images, images) is None


def test_one_image_of_each_class_is_shown_where_there_are_as_many_classes() -> None:
    labels = np.array([2, 2, 0, 1, 0, 2])
    assert list(shown_images(labels, 6, 3)) == [2, 3, 0]
    assert list(shown_images(labels, 6, 2)) == [0, 5]
    assert list(shown_images(None, 6, 10)) == [0, 1, 2, 3, 4, 5]


def test_the_stage_delivers_metrics_and_a_figure(artifact: Any, task: Any, digits: Any, codes: Any) -> None:
    result = reconstruction.measure(task(reconstruction, {"data": digits, "codes": codes}, shown=3))
    metrics = {metric.id: metric for metric in from_records(result.values["metrics"])}
    images = digits.arrays("images")["test"] / 255
    mse = metrics["mnist/plain/test/test_mse/seed=0"]
    assert mse.value == pytest.approx(np.mean((0.1 * images) ** 2), rel=1e-4)
    assert mse.low is not None
    assert mse.high is not None
    assert mse.low < mse.value < mse.high
    assert metrics["mnist/plain/code_size/seed=0"].value == 8
    assert metrics["mnist/plain/test/frame_ink/seed=0"].value == pytest.approx(0.9, rel=1e-4)
    assert result.arrays["items"]["test_mse"].mean() == pytest.approx(mse.value)
    figure = unpack(artifact(result))["reconstructions"]
    assert figure.arrays["images"].shape == (2, 3, 16, 12, 1)
    assert figure.options["column_labels"] == ["0", "1", "2"]


def test_data_without_classes_has_a_figure_too(artifact: Any, task: Any, faces: Any) -> None:
    images = faces.arrays("images")["test"].astype("float32") / 255
    codes = artifact(Result(arrays={"codes": {"test": images[:, 0, :5, 0]}, "reconstructions": images}))
    result = reconstruction.measure(task(reconstruction, {"data": faces, "codes": codes}, data="frey"))
    metrics = {metric.quantity: metric.value for metric in from_records(result.values["metrics"])}
    assert metrics["test_psnr"] == math.inf
    assert metrics["test_ssim"] == pytest.approx(1.0)
    assert "column_labels" not in unpack(artifact(result))["reconstructions"].options
