"""How the training went: the objective and its terms by epoch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.subject import deliver, metric_of
from latentpress.figure_data import Figure

SCOPE = "model"
NEEDS = ("model",)
SETTINGS: dict[str, int] = {}
SECONDS = 0.1
BACKEND = False
TITLE = "Training"

PENALTIES = {
    "kl_sparsity": "Sparsity penalty",
    "contractive": "Contractive penalty",
    "kl_divergence": "Kullback–Leibler divergence",
}
SIGNIFICANT = 4
"""Digits of a loss in the table of epochs; the training's artifact has them all."""


def measure(task: Task) -> Result:
    """Final and best losses, and of a model that was trained at all its curves and the table ``epochs``."""
    history = task.inputs["model"].table("history")
    metric = metric_of(task, split="")
    metrics = [metric("epochs", len(history))]
    training = task.inputs["model"].json("training")
    if history.empty:
        return deliver(metrics)
    numbers = history.to_numpy(dtype=np.float64)
    metrics += [
        metric("final_train_loss", history["loss"].iloc[-1], split="train"),
        metric("final_validation_loss", history["val_loss"].iloc[-1], split="validation"),
        metric("best_epoch", best_epoch(history), split="validation"),
        metric("kept_epoch", training["kept_epoch"], split="validation"),
        metric("nonfinite_epochs", int(np.sum(~np.isfinite(numbers).all(axis=1)))),
    ]
    objective = task.settings["objective"]
    if objective["reconstruction"] == "mse":
        error = history["val_reconstruction"].iloc[training["kept_epoch"] - 1]
        metrics.append(metric("validation_mse", error, split="validation"))
    terms, unvalidated = terms_of(objective["penalty"]), unvalidated_of(objective["penalty"])
    kept = training["kept_epoch"] if training["early_stopping"] else None
    result = deliver(metrics, {"curves": curves(history, terms, unvalidated, kept)})
    result.tables["epochs"] = epoch_table(history, terms, unvalidated)
    return result


def best_epoch(history: pd.DataFrame) -> float | None:
    """The epoch of the smallest validation loss; None where no loss is a number."""
    losses = history["val_loss"].to_numpy(dtype=np.float64)
    return None if np.isnan(losses).all() else float(history["epoch"].iloc[int(np.nanargmin(losses))])


def terms_of(penalty: str) -> dict[str, str]:
    """Columns of the history worth a panel, with the panel's title; without a penalty the loss says all."""
    if penalty == "none":
        return {"loss": "Objective"}
    return {"loss": "Objective", "reconstruction": "Reconstruction", "penalty": PENALTIES[penalty]}


def unvalidated_of(penalty: str) -> tuple[str, ...]:
    """Columns without a value on the validation split, since the penalty is estimated in training only."""
    return ("loss", "penalty") if penalty == "contractive" else ()


def epoch_table(history: pd.DataFrame, terms: Iterable[str], unvalidated: Iterable[str] = ()) -> pd.DataFrame:
    """One row an epoch, for people: losses with as many significant digits as `SIGNIFICANT`.

    Args:
        history: columns ``epoch`` and, for every term, ``<term>`` and ``val_<term>``.
        terms: ``loss``, and ``reconstruction`` and ``penalty`` where there is one.
        unvalidated: terms of which there is no value on the validation split.

    Returns:
        Columns ``epoch``, ``train_<term>`` and, where it was measured, ``validation_<term>``.
    """
    columns: dict[str, list[Any]] = {"epoch": [int(epoch) for epoch in history["epoch"]]}
    left_out = {f"val_{term}" for term in unvalidated}
    for term in terms:
        for source, split in ((term, "train"), (f"val_{term}", "validation")):
            if source not in left_out:
                columns[f"{split}_{term}"] = [_rounded(value) for value in history[source]]
    return pd.DataFrame(columns)


def _rounded(value: float) -> float:
    return float(f"{value:.{SIGNIFICANT - 1}e}")


def curves(
    history: pd.DataFrame, terms: dict[str, str], unvalidated: tuple[str, ...] = (), kept: int | None = None
) -> Figure:
    """One panel a term, each with a curve for the training split and, where it was measured, the validation split.

    Args:
        history: columns ``epoch`` and, for every term, ``<term>`` and ``val_<term>``.
        terms: column to title.
        unvalidated: terms of which there is no value on the validation split.
        kept: the epoch that early stopping took the weights of, which is marked; None without early stopping.
    """
    mark = {} if kept is None else {"marks": [{"x": kept, "label": "weights kept"}]}
    arrays = {"x0": history["epoch"].to_numpy(dtype=np.float64)}
    panels = []
    for term, title in terms.items():
        series = []
        splits = [(term, "training", "solid"), (f"val_{term}", "validation", "dashed")]
        for column, label, style in splits[: 1 if term in unvalidated else 2]:
            name = f"y{len(arrays) - 1}"
            arrays[name] = history[column].to_numpy(dtype=np.float64)
            series.append({"x": "x0", "y": name, "label": label, "style": style})
        panels.append({"title": title, "x_label": "epoch", "y_label": title, "log": False, "series": series, **mark})
    return Figure("curves", arrays, {"panels": panels})
