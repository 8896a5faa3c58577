"""Calibration of probabilities that are known to be right, too high or too low."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from latentpress.errors import DataError, SettingsError
from latentpress.evaluations import calibration, calibration_comparison, classification, probes
from latentpress.evaluations.calibration import bins_of, calibration_error, errors_if_calibrated, reliability
from latentpress.evaluations.linear_probe import read_probe
from latentpress.figure_data import unpack
from latentpress.metrics import from_records


@pytest.fixture
def classified(artifact: Any, task: Any, digits: Any, codes: Any) -> Any:
    return artifact(classification.measure(task(classification, {"data": digits, "codes": codes}, shuffles=2)))


def answers(count: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities from 0.5 to 1, and answers that are right as often as the probability times a share says."""
    generator = np.random.default_rng(4)
    confidence = generator.uniform(0.5, 1, count)
    return confidence, generator.random(count) < share * confidence


@pytest.mark.parametrize("classes", [2, 3])
def test_the_stored_probe_answers_as_the_fitted_one(artifact: Any, classes: int) -> None:
    generator = np.random.default_rng(0)
    train, test = generator.normal(3, 2, (300, 5)), generator.normal(3, 2, (50, 5))
    labels = np.arange(300) % classes
    train[:, 0] += labels
    scaled, scaled_test = probes.standardise(train, test)
    fit = probes.logistic_regression(scaled, labels, scaled_test)
    mean, scale = probes.standardisation(train)
    stored = artifact(classification.Result(arrays={"probe": {**fit.weights, "mean": mean, "scale": scale}}))
    probe = read_probe(stored)
    assert probe is not None
    assert np.array_equal(probe.predict(test), fit.predicted)
    expected = LogisticRegression(max_iter=1000).fit(scaled, labels).predict_log_proba(scaled_test)
    assert probe.log_probabilities(test) == pytest.approx(expected, abs=1e-4)


def test_the_stage_s_log_loss_is_that_of_the_library(task: Any, digits: Any, codes: Any, classified: Any) -> None:
    result = calibration.measure(task(calibration, {"data": digits, "codes": codes, "classification": classified}))
    metrics = {metric.quantity: metric for metric in from_records(result.values["metrics"])}
    probe = read_probe(classified)
    assert probe is not None
    probabilities = np.exp(probe.log_probabilities(codes.arrays("codes")["test"]))
    labels = digits.arrays("labels")["test"]
    assert metrics["probe_log_loss"].value == pytest.approx(log_loss(labels, probabilities))
    assert metrics["probe_brier_score"].value == pytest.approx(
        np.mean(np.sum((probabilities - np.eye(3)[labels]) ** 2, 1))
    )
    assert metrics["probe_log_loss"].low < metrics["probe_log_loss"].value < metrics["probe_log_loss"].high
    assert metrics.keys() == set(calibration.QUANTITIES)
    assert result.arrays["bins"]["images"].sum() == 45


def test_a_probe_that_did_not_converge_has_no_calibration(
    artifact: Any, task: Any, digits: Any, codes: Any, classified: Any
) -> None:
    stopped = artifact(
        classification.measure(task(classification, {"data": digits, "codes": codes}, shuffles=2, most_iterations=1))
    )
    inputs = {"data": digits, "codes": codes, "classification": stopped}
    nothing = calibration.measure(task(calibration, inputs))
    assert {metric.value for metric in from_records(nothing.values["metrics"])} == {None}
    whole = calibration.measure(task(calibration, {**inputs, "classification": classified}))
    both = {"calibration:plain": artifact(whole), "calibration:sparse": artifact(nothing)}
    settings = {"experiments": ["plain", "sparse"]}
    result = calibration_comparison.measure(task(calibration_comparison, both, settings, experiment=None))
    assert {metric.value for metric in from_records(result.values["metrics"])} == {None}
    drawn = unpack(artifact(result))["reliability"].options["panels"][0]["series"]
    assert [series["label"] for series in drawn] == ["plain", "calibrated"]


def test_what_cannot_be_measured_is_told(task: Any, digits: Any, faces: Any, codes: Any, classified: Any) -> None:
    inputs = {"data": digits, "codes": codes, "classification": classified}
    with pytest.raises(SettingsError, match="bins: found 0, expected at least 1"):
        calibration.measure(task(calibration, inputs, bins=0))
    with pytest.raises(DataError, match='"frey" has no classes'):
        calibration.measure(task(calibration, {**inputs, "data": faces}, data="frey"))


def test_the_calibration_error_of_a_known_table() -> None:
    confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.6, 0.6])
    right = np.array([True, True, True, False, True, True])
    bins = bins_of(confidence, 10)
    assert bins.tolist() == [8, 8, 8, 8, 5, 5]
    error = calibration_error(confidence, right, bins)
    assert error.value == pytest.approx((4 * 0.15 + 2 * 0.4) / 6)
    assert error.low is not None and error.high is not None and error.low <= error.value <= error.high
    found = reliability(confidence, right, bins)
    assert found["images"].tolist() == [2, 4]
    assert found["accuracy"] == pytest.approx([1.0, 0.75])


def test_bins_have_their_upper_ends_and_take_all_probabilities() -> None:
    assert bins_of(np.array([1e-9, 0.1, 0.10001, 1.0]), 10).tolist() == [0, 0, 1, 9]


@pytest.mark.parametrize(("share", "calibrated"), [(1.0, True), (0.9, False)])
def test_a_miscalibrated_probe_is_told_from_a_calibrated_one(share: float, calibrated: bool) -> None:
    confidence, right = answers(4000, share)
    bins = bins_of(confidence, 15)
    error, expected = calibration_error(confidence, right, bins), errors_if_calibrated(confidence, bins)
    probability = float(np.mean(expected >= error.value))
    assert (probability > 0.05) is calibrated
    if not calibrated:
        assert error.low is not None and error.low > expected.mean()
        assert error.value == pytest.approx(0.075, abs=0.015)


def test_the_interval_covers_the_error_that_other_samples_have() -> None:
    """Percentiles of resamples that were not centred lie above nearly all of them where the error is small."""
    values, inside = [], 0
    generator = np.random.default_rng(0)
    confidence = generator.uniform(0.8, 1, 2000)
    bins = bins_of(confidence, 15)
    intervals = []
    for _ in range(12):
        right = generator.random(2000) < confidence - 0.01
        intervals.append(calibration_error(confidence, right, bins))
        values.append(intervals[-1].value)
    mean = float(np.mean(values))
    inside = sum((found.low or 0.0) <= mean <= (found.high or 0.0) for found in intervals)
    assert inside >= 9


def test_probabilities_are_compared_image_by_image(artifact: Any, task: Any) -> None:
    bins = {"confidence": np.array([0.5, 0.95]), "accuracy": np.array([0.4, 0.96]), "low": np.array([0.1, 0.95]),
            "high": np.array([0.8, 0.97]), "images": np.array([3, 500])}  # fmt: skip
    inputs = {
        f"calibration:{name}": artifact(
            classification.Result(
                arrays={"items": {"probe_log_loss": level + np.arange(50) / 50, "probe_brier_score": np.ones(50)},
                        "bins": bins}
            )
        )
        for name, level in (("plain", 0.5), ("contractive", 0.3))
    }  # fmt: skip
    settings = {"experiments": ["plain", "contractive"]}
    result = calibration_comparison.measure(task(calibration_comparison, inputs, settings, experiment=None))
    metrics = {metric.id: metric for metric in from_records(result.values["metrics"])}
    difference = metrics["mnist/contractive_vs_plain/test/probe_log_loss_difference"]
    assert difference.value == pytest.approx(-0.2) and difference.high < 0
    assert metrics["mnist/plain_vs_contractive/test/probe_brier_score_difference"].value == 0
    figure = unpack(artifact(result))["reliability"]
    assert figure.arrays["x0"].tolist() == [0.95]  # three images are too few to be drawn
    assert figure.arrays["images0"].tolist() == [3, 500]
