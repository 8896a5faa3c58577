"""Whether one model's codes classify better than another's, image by image."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.pairing import each_pair
from latentpress.evaluations.subject import deliver, metric_of
from latentpress.metrics import Metric
from latentpress.statistics import mcnemar, paired_bootstrap

SCOPE = "comparison"
NEEDS = ("classification", "controls")
SETTINGS: dict[str, int] = {}
SECONDS = 1.0
BACKEND = False
TITLE = "Comparison of classifiers"
FIGURES = False

PREFIX = "predictions."


def measure(task: Task) -> Result:
    """Differences of accuracy between models, and to the controls, with paired intervals and exact tests."""
    models = {
        experiment: task.inputs[f"classification:{experiment}"].arrays("predictions")
        for experiment in task.settings["experiments"]
    }
    controls = task.inputs["controls"]
    known = {
        name.removesuffix(".npz").removeprefix(PREFIX): controls.arrays(name.removesuffix(".npz"))
        for name in sorted(controls.names())
        if name.startswith(PREFIX)
    }
    metrics: list[Metric] = []
    for name, a, b in each_pair(models, known):
        metric = metric_of(task, model=name)
        metrics += [metric(quantity, **fields) for quantity, fields in compare(a, b).items()]
    return deliver(metrics)


def compare(a: Mapping[str, np.ndarray], b: Mapping[str, np.ndarray]) -> dict[str, dict[str, float | None]]:
    """Accuracy of a minus that of b, with a paired bootstrap interval, and McNemar's exact p value.

    Args:
        a, b: ``probe`` and ``svm`` predictions (n,) of the same images, and their ``labels`` (n,). A
            classifier that did not converge is missing.

    Returns:
        Quantity to the fields of its metric; None for what a missing classifier leaves unknown.
    """
    found: dict[str, dict[str, float | None]] = {}
    for classifier, test in (("probe", "mcnemar_p"), ("svm", "svm_mcnemar_p")):
        if classifier not in a or classifier not in b:
            found |= {f"{classifier}_accuracy_difference": {"value": None}, test: {"value": None}}
            continue
        right_a, right_b = a[classifier] == a["labels"], b[classifier] == b["labels"]
        found[f"{classifier}_accuracy_difference"] = paired_bootstrap(right_a, right_b).fields
        found[test] = {"value": mcnemar(right_a, right_b)}
    return found
