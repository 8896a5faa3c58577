"""Counts, sizes and examples of a data set."""

from __future__ import annotations

from typing import Any

import numpy as np

from latentpress.evaluations import dataset_summary
from latentpress.evaluations.dataset_summary import example_grid, repeats
from latentpress.figure_data import unpack
from latentpress.metrics import from_records


def test_the_summary_counts_every_split(artifact: Any, task: Any, digits: Any) -> None:
    settings = {"rows": 2, "columns": 3}
    result = dataset_summary.measure(task(dataset_summary, {"data": digits}, experiment=None, **settings))
    metrics = {metric.id: metric.value for metric in from_records(result.values["metrics"])}
    assert metrics["mnist/train/images"] == 90
    assert metrics["mnist/test/images"] == 45
    assert metrics["mnist/pixels"] == 192
    assert metrics["mnist/test/test_images_in_train"] == 0
    figure = unpack(artifact(result))["examples"]
    assert figure.arrays["images"].shape == (2, 3, 16, 12, 1)
    assert figure.options["column_labels"] == ["0", "1", "2"]


def test_test_images_that_the_training_has_seen_are_counted() -> None:
    train = np.random.default_rng(0).integers(0, 256, (20, 4, 4, 1), dtype=np.uint8)
    test = np.concatenate([train[[3, 3, 7]], 255 - train[:5]])
    assert repeats(train, test) == 3


def test_each_column_of_the_examples_is_a_class() -> None:
    labels = np.random.default_rng(0).integers(0, 4, 200)
    grid = example_grid(labels, 200, 5, 4)
    assert (labels[grid] == np.arange(4)).all()


def test_without_classes_the_examples_are_spread_over_the_split() -> None:
    assert example_grid(None, 101, 1, 5).tolist() == [[0, 25, 50, 75, 100]]
