"""Whether one model's codes bear noise better than another's, image by image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.errors import SettingsError
from latentpress.evaluations.pairing import ITEMS, each_pair, mean_difference
from latentpress.evaluations.robustness import RIGHT, condition_name
from latentpress.evaluations.subject import deliver, metric_of
from latentpress.figure_data import Figure
from latentpress.metrics import Metric, from_records
from latentpress.statistics import mcnemar

SCOPE = "comparison"
NEEDS = ("robustness",)
SETTINGS = {"noise": 0.3}  # the standard deviation at which the models are compared
SECONDS = 3.0
BACKEND = False
TITLE = "Comparison of robustness"


def measure(task: Task) -> Result:
    """Differences of accuracy and of the codes' change under one level of noise, and accuracy against all levels.

    Raises:
        SettingsError: that level is not among those that were measured.
    """
    level = task.settings["evaluation"]["noise"]
    condition, name = {"noise": level}, condition_name("noise", level)
    artifacts = {model: task.inputs[f"robustness:{model}"] for model in task.settings["experiments"]}
    right = {model: artifact.arrays(RIGHT) for model, artifact in artifacts.items()}
    changes = {model: artifact.arrays(ITEMS) for model, artifact in artifacts.items()}
    for model, known in changes.items():
        if name not in known:
            raise SettingsError(
                f'evaluation "robustness_comparison": noise: found {level:g}, expected one of {model}\'s: '
                f"{', '.join(key.removeprefix('noise=') for key in known if key.startswith('noise='))}",
                "Give the evaluation robustness this level, too, or compare at another one.",
            )
    metrics: list[Metric] = []
    for pair, a, b in each_pair(right, {}):
        metric = metric_of(task, model=pair)
        fields = compare_right(a.get(name), b.get(name))
        metrics += [metric(quantity, **found, conditions=condition) for quantity, found in fields.items()]
    for pair, a, b in each_pair(changes, {}):
        difference = mean_difference(a[name], b[name])
        metric = metric_of(task, model=pair)
        metrics.append(metric("relative_code_change_difference", **difference, conditions=condition))
    measured = [metric for artifact in artifacts.values() for metric in from_records(artifact.json("metrics"))]
    return deliver(metrics, {"accuracy": accuracy_curves(measured, list(artifacts))})


def compare_right(a: np.ndarray | None, b: np.ndarray | None) -> dict[str, dict[str, float | None]]:
    """Accuracy of a minus that of b with its paired bootstrap interval, and McNemar's exact p value.

    Args:
        a, b: whether each probe was right on the same images, bool (n,); None where it did not converge.
    """
    if a is None or b is None:
        return {"probe_accuracy_difference": {"value": None}, "mcnemar_p": {"value": None}}
    return {"probe_accuracy_difference": mean_difference(a, b), "mcnemar_p": {"value": mcnemar(a, b)}}


def accuracy_curves(measured: Iterable[Metric], models: list[str]) -> Figure:
    """Accuracy of each model's probe against the noise, with intervals; what is unknown is left out."""
    arrays: dict[str, np.ndarray] = {}
    series: list[Mapping[str, str]] = []
    metrics = [m for m in measured if m.quantity == "probe_accuracy" and "noise" in m.conditions]
    for index, model in enumerate(models):
        own = sorted(
            (float(m.conditions["noise"]), m.value, m.low, m.high)
            for m in metrics
            if m.model == model and m.value is not None
        )
        columns = np.array(own, dtype=np.float64).reshape(-1, 4).T
        arrays |= {f"{key}{index}": column for key, column in zip(("x", "y", "low", "high"), columns, strict=True)}
        names = {key: f"{key}{index}" for key in ("x", "y", "low", "high")}
        series.append({**names, "label": model.replace("_", " ")})
    panel = {"x_label": r"standard deviation of the noise, $\sigma$", "y_label": "accuracy", "series": series}
    return Figure("curves", arrays, {"panels": [panel]})
