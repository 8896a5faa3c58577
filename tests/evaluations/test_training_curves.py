"""Final losses and curves, of trainings that went well, went wrong, or never were."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from latentpress.engine.stage import Result
from latentpress.evaluations import training_curves
from latentpress.evaluations.training_curves import best_epoch
from latentpress.figure_data import unpack
from latentpress.metrics import from_records

COLUMNS = ["epoch", "loss", "reconstruction", "penalty", "val_loss", "val_reconstruction", "val_penalty"]
ROWS = [
    [1, 9.0, 8.0, 1.0, 8.0, 7.0, 1.0],
    [2, 5.0, 4.5, 0.5, 4.0, 3.6, 0.4],
    [3, 4.0, 3.7, 0.3, 4.5, 4.2, 0.3],
]


def trained(rows: list[list[float]], stopped_at: int | None = None) -> Result:
    """What a training leaves; with early stopping, the weights of the epoch that it stopped at."""
    training = {"kept_epoch": len(rows) if stopped_at is None else stopped_at, "early_stopping": stopped_at is not None}
    return Result(tables={"history": pd.DataFrame(rows, columns=COLUMNS)}, values={"training": training})


def measure(
    artifact: Any,
    task: Any,
    rows: list[list[float]],
    penalty: str,
    reconstruction: str = "bernoulli",
    stopped_at: int | None = None,
) -> Result:
    stored = artifact(trained(rows, stopped_at))
    objective = {"penalty": penalty, "reconstruction": reconstruction, "beta": 1.0}
    return training_curves.measure(task(training_curves, {"model": stored}, {"objective": objective}))


def test_final_and_best_losses_are_told(artifact: Any, task: Any) -> None:
    result = measure(artifact, task, ROWS, "none")
    metrics = {metric.id: metric.value for metric in from_records(result.values["metrics"])}
    assert metrics == {
        "mnist/plain/epochs/seed=0": 3,
        "mnist/plain/train/final_train_loss/seed=0": 4.0,
        "mnist/plain/validation/final_validation_loss/seed=0": 4.5,
        "mnist/plain/validation/best_epoch/seed=0": 2,
        "mnist/plain/validation/kept_epoch/seed=0": 3,
        "mnist/plain/nonfinite_epochs/seed=0": 0,
    }


@pytest.mark.parametrize(
    ("penalty", "titles"),
    [
        ("none", ["Objective"]),
        ("kl_divergence", ["Objective", "Reconstruction", "Kullback–Leibler divergence"]),
    ],
)
def test_each_term_has_a_panel_with_both_splits(artifact: Any, task: Any, penalty: str, titles: list[str]) -> None:
    figure = unpack(artifact(measure(artifact, task, ROWS, penalty)))["curves"]
    panels = figure.options["panels"]
    assert [panel["title"] for panel in panels] == titles
    for column, panel in zip(("loss", "reconstruction", "penalty"), panels, strict=False):
        for series, name in zip(panel["series"], (column, f"val_{column}"), strict=True):
            expected = [row[COLUMNS.index(name)] for row in ROWS]
            assert figure.arrays[series["y"]].tolist() == expected
            assert figure.arrays[series["x"]].tolist() == [1, 2, 3]


def test_an_untrained_model_has_no_curves(artifact: Any, task: Any) -> None:
    result = measure(artifact, task, [], "none")
    assert [metric.id for metric in from_records(result.values["metrics"])] == ["mnist/plain/epochs/seed=0"]
    assert result.values["figures"] == {}


def test_losses_that_are_no_numbers_are_counted_and_missing(artifact: Any, task: Any) -> None:
    result = measure(artifact, task, [ROWS[0], [2, *[np.nan] * 6]], "none")
    metrics = {metric.quantity: metric.value for metric in from_records(result.values["metrics"])}
    assert metrics["final_train_loss"] is None
    assert metrics["nonfinite_epochs"] == 1
    assert metrics["best_epoch"] == 1
    assert best_epoch(pd.DataFrame({"epoch": [1], "val_loss": [np.nan]})) is None


def test_what_was_not_measured_on_the_validation_split_has_no_curve(artifact: Any, task: Any) -> None:
    model = artifact(trained([[1, 3.0, 2.0, 1.0, 2.5, 2.5, 0.0]]))
    for penalty, expected in (("contractive", [1, 2, 1]), ("kl_sparsity", [2, 2, 2])):
        objective = {"penalty": penalty, "reconstruction": "mse"}
        result = training_curves.measure(task(training_curves, {"model": model}, {"objective": objective}))
        panels = unpack(artifact(result))["curves"].options["panels"]
        assert [len(panel["series"]) for panel in panels] == expected


def test_the_validation_error_is_that_of_the_epoch_whose_weights_are_kept(artifact: Any, task: Any) -> None:
    """Without early stopping that of the last epoch: the weights of the one with the smallest loss are gone."""
    for stopped_at, expected in ((None, 4.2), (2, 3.6)):
        result = measure(artifact, task, ROWS, "kl_sparsity", "mse", stopped_at)
        errors = [m for m in from_records(result.values["metrics"]) if m.quantity == "validation_mse"]
        found = [(metric.id, metric.value) for metric in errors]
        assert found == [("mnist/plain/validation/validation_mse/seed=0", expected)]


def test_the_epoch_that_early_stopping_took_is_marked(artifact: Any, task: Any) -> None:
    for stopped_at, expected in ((None, None), (2, [{"x": 2, "label": "weights kept"}])):
        result = measure(artifact, task, ROWS, "none", stopped_at=stopped_at)
        assert unpack(artifact(result))["curves"].options["panels"][0].get("marks") == expected


@pytest.mark.parametrize(
    ("penalty", "columns"),
    [
        ("none", ["train_loss", "validation_loss"]),
        (
            "kl_sparsity",
            [
                "train_loss",
                "validation_loss",
                "train_reconstruction",
                "validation_reconstruction",
                "train_penalty",
                "validation_penalty",
            ],
        ),
        ("contractive", ["train_loss", "train_reconstruction", "validation_reconstruction", "train_penalty"]),
    ],
)
def test_the_table_has_a_row_an_epoch_and_the_terms_that_were_measured(
    artifact: Any, task: Any, penalty: str, columns: list[str]
) -> None:
    table = artifact(measure(artifact, task, ROWS, penalty)).table("epochs")
    assert list(table.columns) == ["epoch", *columns]
    assert table["epoch"].tolist() == [1, 2, 3]
    if "validation_reconstruction" in columns:
        assert table["validation_reconstruction"].tolist() == [7.0, 3.6, 4.2]
    assert table["train_loss"].tolist() == [9.0, 5.0, 4.0]


def test_losses_in_the_table_have_four_significant_digits_and_those_that_are_no_numbers_none(
    artifact: Any, task: Any
) -> None:
    rows = [[1, 0.012345678, *[0.0] * 2, 12345.678, *[0.0] * 2], [2, np.nan, *[0.0] * 5]]
    table = artifact(measure(artifact, task, rows, "none")).table("epochs")
    assert table["train_loss"].iloc[0] == 0.01235 and np.isnan(table["train_loss"].iloc[1])
    assert table["validation_loss"].tolist() == [12350.0, 0.0]
