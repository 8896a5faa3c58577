"""How well a few labelled images of each class are enough to tell the class of others by their codes."""

from __future__ import annotations

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.subject import class_names, deliver, metric_of, read_split
from latentpress.figure_data import Figure
from latentpress.statistics import wilson

SCOPE = "model"  # measured once on each model
NEEDS = ("data", "codes")  # what `task.inputs` holds
SETTINGS = {"labelled": 10}  # images of each class; what a report.toml may change
TITLE = "Few labels"


def measure(task: Task) -> Result:
    """The share of test images whose code is nearest to the mean code of their own class, and that of each class."""
    labelled = task.settings["evaluation"]["labelled"]
    codes = task.inputs["codes"].arrays("codes")
    train_labels, test_labels = (read_split(task, split).labels for split in ("train", "test"))
    if train_labels is None or test_labels is None:
        raise ValueError(f"the data set {task.settings['data']} has no classes; choose one with labels")
    classes = np.unique(train_labels)
    means = np.stack([codes["train"][train_labels == each][:labelled].mean(axis=0) for each in classes])
    right = nearest(codes["test"], means, classes) == test_labels

    metric = metric_of(task)
    shares = [wilson(int(right[test_labels == each].sum()), int((test_labels == each).sum())) for each in classes]
    metrics = [metric("few_label_accuracy", **wilson(int(right.sum()), len(right)).fields)]
    arrays = {
        "values": np.array([share.value for share in shares]),
        "low": np.array([share.low for share in shares]),
        "high": np.array([share.high for share in shares]),
    }
    options = {"labels": class_names(task), "x_label": "class", "y_label": "accuracy"}
    return deliver(metrics, {"by_class": Figure("bars", arrays, options)})


def nearest(codes: np.ndarray, means: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The class whose mean code is nearest.

    Args:
        codes: (n, code).
        means: (classes, code).
        classes: their labels (classes,).

    Returns:
        Labels (n,).
    """
    distances = np.sum((codes[:, None, :].astype(np.float64) - means) ** 2, axis=2)
    return np.asarray(classes[np.argmin(distances, axis=1)])
