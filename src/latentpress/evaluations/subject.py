"""What an evaluation measures: the images, their classes, and the identity of every metric."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.figure_data import Figure, pack
from latentpress.metrics import Metric, to_records
from latentpress.subsets import first_images


@dataclass(frozen=True, slots=True)
class Split:
    """One split of a data set.

    Attributes:
        images: float32 (n, H, W, C) in [0, 1].
        labels: class of each image, int64 (n,), or None for a data set without classes.
    """

    images: np.ndarray
    labels: np.ndarray | None

    @property
    def pixels(self) -> np.ndarray:
        """The images as vectors, (n, H·W·C)."""
        return self.images.reshape(len(self.images), -1)


def read_split(task: Task, name: str, most: int = 0) -> Split:
    """Read one split of the task's data set.

    Args:
        task: with the input ``data``; with the setting ``images`` where the model was trained on the first so many.
        name: ``"train"``, ``"validation"`` or ``"test"``; of the former two only what the training saw.
        most: the first so many of these; all with 0.
    """
    data = task.inputs["data"]
    pixels = data.arrays("images")
    used = None
    if wanted := task.settings.get("images"):
        used = first_images(wanted, {split: len(pixels[split]) for split in ("train", "validation")}).get(name)
    used = min(most, len(pixels[name]) if used is None else used) if most else used
    images = pixels[name][:used].astype(np.float32) / np.float32(255)
    labels = data.arrays("labels")[name][:used].astype(np.int64) if "labels.npz" in data.names() else None
    return Split(images, labels)


def class_names(task: Task) -> list[str]:
    """Names of the data set's classes, in the order of their labels; empty where it has none."""
    return [str(name) for name in task.inputs["data"].json("facts")["class_names"] or []]


def metric_of(task: Task, **identity: Any) -> Callable[..., Metric]:
    """A maker of metrics that carry the task's data set, model and seed.

    Args:
        task: of the evaluation; an evaluation of a data set or of a comparison has no model and no seed.
        identity: fields of every metric made, instead of the task's; the split is ``"test"`` unless given.

    Returns:
        ``metric(quantity, value, **fields)``. A value that is NaN could not be measured, and becomes None.
    """
    model = task.settings.get("experiment", "")
    common = {
        "data": task.settings["data"],
        "model": model,
        "seed": task.seed if model else None,
        "split": "test",
        **identity,
    }

    def metric(quantity: str, value: float | None, **fields: Any) -> Metric:
        known = None if value is None or math.isnan(value) else float(value)
        return Metric(quantity, known, **{**common, **fields})

    return metric


def deliver(metrics: list[Metric], figures: dict[str, Figure] | None = None) -> Result:
    """A result that holds metrics and figures; tables and arrays may be added to it."""
    values, arrays = pack(figures or {})
    return Result(values={"metrics": to_records(metrics), **values}, arrays={**arrays})
