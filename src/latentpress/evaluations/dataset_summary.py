"""What the data set holds, with examples."""

from __future__ import annotations

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.subject import class_names, deliver, metric_of, read_split
from latentpress.figure_data import Figure

SCOPE = "data"
NEEDS = ("data",)
SETTINGS = {"rows": 4, "columns": 10}
SECONDS = 1.0
BACKEND = False
TITLE = "Data set"


def measure(task: Task) -> Result:
    """Counts and sizes of the data set, images that leak between splits, and a grid of training images."""
    settings = task.settings["evaluation"]
    facts = task.inputs["data"].json("facts")
    metric = metric_of(task, split="")
    metrics = [metric("images", count, split=split) for split, count in facts["counts"].items()]
    metrics += [metric(quantity, facts[quantity]) for quantity in ("height", "width", "channels")]
    metrics.append(metric("pixels", facts["height"] * facts["width"] * facts["channels"]))
    images = task.inputs["data"].arrays("images")
    metrics.append(metric("test_images_in_train", repeats(images["train"], images["test"]), split="test"))
    train, validation, test = (read_split(task, split) for split in ("train", "validation", "test"))
    if train.labels is not None and validation.labels is not None and test.labels is not None:
        occurring = [set(labels.tolist()) for labels in (train.labels, validation.labels, test.labels)]
        metrics.append(metric("classes_present", len(set.intersection(*occurring))))
    chosen = example_grid(train.labels, len(train.images), settings["rows"], settings["columns"])
    names = class_names(task)
    # One column a class only where the grid has as many columns as there are classes.
    labels = {"column_labels": names} if len(names) == settings["columns"] else {}
    return deliver(metrics, {"examples": Figure("image_grid", {"images": train.images[chosen]}, labels)})


def repeats(train: np.ndarray, test: np.ndarray) -> int:
    """Number of test images that are training images too, pixel by pixel: both uint8 (n, H, W, C)."""
    known = {image.tobytes() for image in train}
    return sum(image.tobytes() in known for image in test)


def example_grid(labels: np.ndarray | None, count: int, rows: int, columns: int) -> np.ndarray:
    """Which images to show.

    Args:
        labels: classes (n,), or None.
        count: n.
        rows, columns: of the grid.

    Returns:
        Indices (rows, columns): a column holds the first images of one class where there are as many
        classes as columns, and the whole is spread evenly over the split otherwise.
    """
    if labels is not None:
        members = [np.flatnonzero(labels == label)[:rows] for label in np.unique(labels)]
        if len(members) == columns and all(len(chosen) == rows for chosen in members):
            return np.stack(members, axis=1)
    return np.linspace(0, count - 1, rows * columns).round().astype(int).reshape(rows, columns)
