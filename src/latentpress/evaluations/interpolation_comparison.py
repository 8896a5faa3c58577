"""Whether the two interpolations lie nearer to each other for one model than for another, pair by pair."""

from __future__ import annotations

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.pairing import each_pair, items_of, mean_difference
from latentpress.evaluations.subject import deliver, metric_of
from latentpress.metrics import Metric

SCOPE = "comparison"
NEEDS = ("interpolation",)
SETTINGS: dict[str, int] = {}
SECONDS = 0.5
BACKEND = False
FIGURES = False
TITLE = "Comparison of interpolations"

ALPHAS = "alphas"


def measure(task: Task) -> Result:
    """Differences of every measure between models at every α inside the path, with paired intervals over the pairs."""
    metrics: list[Metric] = []
    for name, a, b in each_pair(items_of(task, "interpolation"), {}):
        metric = metric_of(task, model=name)
        metrics += [
            metric(f"{quantity}_difference", **mean_difference(a[quantity][:, step], b[quantity][:, step]), alpha=alpha)
            for quantity in a
            if quantity != ALPHAS
            for step, alpha in enumerate(a[ALPHAS].tolist())
            if 0 < alpha < 1
        ]
    return deliver(metrics)
