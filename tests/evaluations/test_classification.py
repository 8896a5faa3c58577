"""Probes on codes whose classes are known to be readable, or known not to be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from latentpress.engine.stage import Result
from latentpress.errors import DataError
from latentpress.evaluations import classification, probe_comparison
from latentpress.evaluations.classification import mean_over_shuffles, shuffled_labels
from latentpress.evaluations.probe_comparison import compare
from latentpress.figure_data import unpack
from latentpress.metrics import from_records


def test_the_stage_delivers_accuracies_predictions_and_confusion(
    artifact: Any, task: Any, digits: Any, codes: Any
) -> None:
    result = classification.measure(task(classification, {"data": digits, "codes": codes}))
    metrics = {metric.quantity: metric for metric in from_records(result.values["metrics"])}
    assert metrics["probe_accuracy"].value == 1.0
    assert metrics["svm_accuracy"].value == 1.0
    assert metrics["probe_accuracy"].low == pytest.approx(0.9213, abs=1e-3)
    assert metrics["probe_shuffled_accuracy"].value < 0.8
    assert metrics["probe_converged"].value == 1
    assert 0 < metrics["probe_iterations"].value < metrics["probe_iteration_limit"].value == 1000
    stored = artifact(result)
    assert unpack(stored)["confusion_svm"].arrays["matrix"].tolist() == np.diag([15, 15, 15]).tolist()
    assert set(stored.arrays("predictions")) == {"probe", "svm", "labels"}


def test_an_unconverged_probe_is_told_and_has_no_accuracy(task: Any, digits: Any, codes: Any) -> None:
    result = classification.measure(task(classification, {"data": digits, "codes": codes}, most_iterations=1))
    metrics = {metric.quantity: metric.value for metric in from_records(result.values["metrics"])}
    assert metrics["probe_accuracy"] is None
    assert metrics["probe_converged"] == 0
    assert metrics["probe_iterations"] == metrics["probe_iteration_limit"] == 1
    assert set(result.arrays["predictions"]) == {"labels"}


def test_data_without_classes_cannot_be_classified(task: Any, faces: Any, codes: Any) -> None:
    with pytest.raises(DataError, match='"frey" has no classes'):
        classification.measure(task(classification, {"data": faces, "codes": codes}, data="frey"))


def test_shuffled_labels_keep_their_shares_and_lose_their_images() -> None:
    labels = np.arange(1000) % 4
    subset, shuffled = shuffled_labels(labels, 400)
    assert sorted(shuffled) == sorted(labels[subset])
    assert len(np.unique(subset)) == 400
    assert np.mean(shuffled == labels[subset]) == pytest.approx(0.25, abs=0.1)


def test_a_comparison_counts_the_images_on_which_two_models_differ() -> None:
    labels = np.zeros(100, dtype=int)
    better, worse = labels.copy(), labels.copy()
    worse[:9] = 1
    better[9] = 1
    a = {"probe": better, "svm": labels, "labels": labels}
    b = {"probe": worse, "svm": labels, "labels": labels}
    found = compare(a, b)
    difference = found["probe_accuracy_difference"]
    assert difference["value"] == pytest.approx(0.08)
    assert difference["low"] is not None
    assert 0 < difference["low"] < 0.08
    assert found["mcnemar_p"]["value"] == pytest.approx(2 * (1 + 10) / 2**10)
    assert found["svm_accuracy_difference"]["value"] == 0
    assert found["svm_mcnemar_p"]["value"] == 1.0


def test_a_classifier_that_did_not_converge_is_not_compared() -> None:
    labels = np.zeros(10, dtype=int)
    found = compare({"svm": labels, "labels": labels}, {"probe": labels, "svm": labels, "labels": labels})
    assert found["probe_accuracy_difference"] == found["mcnemar_p"] == {"value": None}
    assert found["svm_mcnemar_p"]["value"] == 1.0


def test_every_pair_of_models_and_each_with_every_control_is_compared(artifact: Any, task: Any) -> None:
    labels = np.arange(30) % 3
    inputs = {}
    for shift, name in enumerate(["sparse", "contractive", "plain"]):
        predictions = np.where(np.arange(30) < shift, 9, labels)
        arrays = {"predictions": {"probe": predictions, "svm": labels, "labels": labels}}
        inputs[f"classification:{name}"] = artifact(Result(arrays=arrays))
    wrong = {"probe": np.full(30, 9), "svm": labels, "labels": labels}
    inputs["controls"] = artifact(Result(arrays={"predictions.pca_8": wrong, "items.pca_8": {"test_mse": np.ones(3)}}))
    settings = {"experiments": ["sparse", "contractive", "plain"]}
    result = probe_comparison.measure(task(probe_comparison, inputs, settings, experiment=None))
    metrics = {metric.id: metric.value for metric in from_records(result.values["metrics"])}
    pairs = {metric_id.split("/")[1] for metric_id in metrics}
    assert len(pairs) == 6 + 3
    assert metrics["mnist/plain_vs_pca_8/test/probe_accuracy_difference"] == pytest.approx(28 / 30)
    assert metrics["mnist/sparse_vs_plain/test/probe_accuracy_difference"] == pytest.approx(2 / 30)


def test_chance_is_averaged_over_shuffles_and_unknown_where_one_did_not_converge() -> None:
    found = mean_over_shuffles([0.1, 0.12, 0.08])
    assert found["value"] == pytest.approx(0.1)
    assert found["low"] is not None and found["low"] < 0.08
    assert mean_over_shuffles([0.1, float("nan")]) == {"value": None}
    labels = np.arange(1000) % 4
    assert not np.array_equal(shuffled_labels(labels, 400, 1)[1], shuffled_labels(labels, 400, 2)[1])
