"""Whether one model's codes give the probe better probabilities than another's, image by image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.calibration import BINS
from latentpress.evaluations.pairing import ITEMS, each_pair, mean_difference
from latentpress.evaluations.subject import deliver, metric_of
from latentpress.figure_data import Figure

SCOPE = "comparison"
NEEDS = ("calibration",)
SETTINGS = {"fewest_images": 10}  # in a bin, for it to be drawn
SECONDS = 2.0
BACKEND = False
TITLE = "Comparison of calibration"


def measure(task: Task) -> Result:
    """Differences of the log loss and the Brier score with paired intervals, and the reliability of all models."""
    # A probe that did not converge has left neither scores nor bins.
    artifacts = {model: task.inputs[f"calibration:{model}"] for model in task.settings["experiments"]}
    scores = {
        model: artifact.arrays(ITEMS) if f"{ITEMS}.npz" in artifact.names() else {}
        for model, artifact in artifacts.items()
    }
    metrics = []
    for pair, a, b in each_pair(scores, {}):
        metric = metric_of(task, model=pair)
        for quantity, unit in (("probe_log_loss", "nats"), ("probe_brier_score", "")):
            known = quantity in a and quantity in b
            difference = mean_difference(a[quantity], b[quantity]) if known else {"value": None}
            metrics.append(metric(f"{quantity}_difference", **difference, unit=unit))
    bins = {model: artifact.arrays(BINS) for model, artifact in artifacts.items() if f"{BINS}.npz" in artifact.names()}
    fewest = task.settings["evaluation"]["fewest_images"]
    return deliver(metrics, {"reliability": reliability_diagram(bins, fewest)})


def reliability_diagram(bins: Mapping[str, Mapping[str, np.ndarray]], fewest: int) -> Figure:
    """Accuracy against confidence, and how many answers are given with which confidence.

    Args:
        bins: of each model, as `calibration.reliability` gives them.
        fewest: images in a bin, for its accuracy to be drawn.
    """
    arrays: dict[str, np.ndarray] = {}
    accuracy: list[dict[str, Any]] = []
    images: list[dict[str, Any]] = []
    for index, (model, found) in enumerate(bins.items()):
        enough = found["images"] >= fewest
        columns = {"x": "confidence", "y": "accuracy", "low": "low", "high": "high"}
        arrays |= {f"{key}{index}": found[column][enough] for key, column in columns.items()}
        arrays |= {f"all{index}": found["confidence"], f"images{index}": found["images"].astype(np.float64)}
        name = model.replace("_", " ")
        accuracy.append({**{key: f"{key}{index}" for key in columns}, "label": name})
        images.append({"x": f"all{index}", "y": f"images{index}", "label": name})
    lowest = min((float(arrays[f"x{index}"].min(initial=1.0)) for index in range(len(bins))), default=0.0)
    arrays["diagonal"] = np.array([lowest, 1.0])
    accuracy.append({"x": "diagonal", "y": "diagonal", "label": "calibrated", "style": ":"})
    panels = [
        {"x_label": "mean probability in the bin", "y_label": "accuracy", "series": accuracy},
        {"x_label": "mean probability in the bin", "y_label": "images", "log": True, "series": images},
    ]
    return Figure("curves", arrays, {"panels": panels})
