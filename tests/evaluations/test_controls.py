"""The mean image and principal components against direct computations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from latentpress.evaluations import controls
from latentpress.metrics import from_records


def test_principal_components_are_the_best_linear_code() -> None:
    generator = np.random.default_rng(0)
    train = generator.normal(size=(200, 30)) @ generator.normal(size=(30, 30))
    test = generator.normal(size=(20, 30))
    (codes, test_codes), restored, norm = controls.principal_components([train, test], 5)
    mean = train.mean(axis=0)
    axes = np.linalg.svd(train - mean, full_matrices=False)[2][:5]
    assert restored == pytest.approx(mean + (test - mean) @ axes.T @ axes)
    assert np.abs(codes) == pytest.approx(np.abs((train - mean) @ axes.T))
    assert test_codes.shape == (20, 5)
    assert norm == pytest.approx(np.sum(axes**2)) == 5


def test_the_controls_of_data_with_classes_are_classified_too(task: Any, digits: Any) -> None:
    result = controls.measure(task(controls, {"data": digits}, experiment=None, components=6))
    metrics = {metric.id: metric.value for metric in from_records(result.values["metrics"])}
    images = {split: pixels / 255 for split, pixels in digits.arrays("images").items()}
    expected = np.mean((images["test"] - images["train"].mean(axis=0)) ** 2)
    assert metrics["mnist/mean_image/test/test_mse"] == pytest.approx(expected, rel=1e-5)
    assert metrics["mnist/mean_image/test/output_variance"] == 0
    assert metrics["mnist/pca_6/test/test_mse"] < 0.5 * expected
    assert metrics["mnist/pca_6/code_size"] == 6
    assert metrics["mnist/pca_6/test/probe_accuracy"] == 1.0
    assert metrics["mnist/pca_6/test/svm_accuracy"] == 1.0
    assert result.arrays["items.mean_image"]["test_mse"].mean() == pytest.approx(expected, rel=1e-5)
    predictions = result.arrays["predictions.pca_6"]
    assert (predictions["probe"] == predictions["labels"]).all()
    assert "mnist/mean_image/test/probe_accuracy" not in metrics


def test_the_codes_of_principal_components_are_measured_as_those_of_a_model(task: Any, digits: Any) -> None:
    result = controls.measure(task(controls, {"data": digits}, experiment=None, components=6))
    value = {m.quantity: m.value for m in from_records(result.values["metrics"]) if m.model == "pca_6"}
    train, test = (digits.arrays("images")[split].reshape(-1, 192) / 255 for split in ("train", "test"))
    axes = np.linalg.svd(train - train.mean(axis=0), full_matrices=False)[2][:6]
    codes = (test - train.mean(axis=0)) @ axes.T
    spread = np.trace(np.cov(codes.T, bias=True))
    assert value["code_variance"] == pytest.approx(spread, rel=1e-3)
    assert value["contraction_ratio"] == pytest.approx(6 / spread, rel=1e-3)
    shares = np.abs(codes).sum(axis=1) / np.linalg.norm(codes, axis=1)
    assert value["hoyer_samples"] == pytest.approx(np.mean((np.sqrt(6) - shares) / (np.sqrt(6) - 1)), rel=1e-3)


def test_data_without_classes_has_no_accuracies(task: Any, faces: Any) -> None:
    result = controls.measure(task(controls, {"data": faces}, data="frey", experiment=None, components=4))
    quantities = {(metric.model, metric.quantity) for metric in from_records(result.values["metrics"])}
    assert ("pca_4", "test_ssim") in quantities
    assert not {quantity for _, quantity in quantities if "accuracy" in quantity}


def test_without_probes_and_of_some_images_the_controls_reconstruct_only(task: Any, digits: Any) -> None:
    given = {"components": 6, "probes": False, "fitted_on": 30}
    result = controls.measure(task(controls, {"data": digits}, experiment=None, **given))
    metrics = {metric.id: metric.value for metric in from_records(result.values["metrics"])}
    images = {split: pixels / 255 for split, pixels in digits.arrays("images").items()}
    expected = np.mean((images["test"] - images["train"][:30].mean(axis=0)) ** 2)
    assert metrics["mnist/mean_image/test/test_mse"] == pytest.approx(expected, rel=1e-5)
    assert not any("accuracy" in name for name in metrics)
    assert "predictions.pca_6" not in result.arrays
