"""How sparse the codes are, by image and by unit."""

from __future__ import annotations

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.subject import deliver, metric_of
from latentpress.figure_data import Figure
from latentpress.statistics import bootstrap_mean

SCOPE = "model"
NEEDS = ("codes",)
SETTINGS = {"active_above": 0.1, "bins": 50}
SECONDS = 1.0
BACKEND = False
TITLE = "Sparsity"


def measure(task: Task) -> Result:
    """Active share, Hoyer's sparseness of images and of units, dead units, and a histogram of activations."""
    settings = task.settings["evaluation"]
    codes = task.inputs["codes"].arrays("codes")["test"]
    active = codes > settings["active_above"]
    metric = metric_of(task)
    metrics = [
        metric("active_share", **bootstrap_mean(active.mean(axis=1)).fields),
        metric("hoyer_samples", float(np.mean(hoyer(codes)))),
        metric("hoyer_units", float(np.mean(hoyer(codes.T)))),
        metric("dead_units", int(np.sum(~active.any(axis=0)))),
    ]
    counts, edges = np.histogram(codes, bins=settings["bins"])
    options = {"labels": [], "x_label": "activation", "y_label": "activations", "log": True}
    figure = Figure("histogram", {"edges": edges.astype(np.float64), "counts0": counts}, options)
    return deliver(metrics, {"activations": figure})


def hoyer(rows: np.ndarray) -> np.ndarray:
    r"""Hoyer's sparseness of each row (Hoyer, JMLR 5, 2004).

    .. math:: \frac{\sqrt d - \lVert z\rVert_1 / \lVert z\rVert_2}{\sqrt d - 1}

    Args:
        rows: (n, d), d ≥ 2.

    Returns:
        float64 (n,): 0 where all entries are equal in size, 1 where one alone is not zero. A row of zeros,
        which has no shape at all, counts as 1.
    """
    values = np.abs(rows.astype(np.float64))
    root = np.sqrt(values.shape[1])
    length = np.sqrt(np.sum(values**2, axis=1))
    ratio = np.divide(values.sum(axis=1), length, out=np.ones(len(values)), where=length > 0)
    return np.asarray((root - ratio) / (root - 1))
