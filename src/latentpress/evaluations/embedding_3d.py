"""A map of the codes in three dimensions, for the report that can be turned, and how far it can be trusted."""

from __future__ import annotations

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.embedding import judged, map_of, mapped
from latentpress.evaluations.subject import class_names, deliver, metric_of

SCOPE = "model"
NEEDS = ("data", "codes")
SETTINGS = {"points": 2000, "iterations": 750, "perplexity": 30.0, "neighbours": 10, "angle": 0.8}
EMBEDDED = {"points": 400}  # copies of some 300 originals
SMOKE = {"points": 150, "iterations": 260}
SECONDS = 14.0
BACKEND = False
FIGURES = False
TITLE = "Map of the codes in three dimensions"

COMPONENTS = 3
MAP = "map"


def measure(task: Task) -> Result:
    """Map the test codes of `embedding`, the same for every model, to three dimensions by t-SNE.

    Returns:
        Metrics under the condition ``components``; ``map.npz`` with ``points`` float32 (n, 3), ``labels`` int64 (n,)
        and ``positions`` of the images in the test split, int64 (n,); ``map_classes.json``, names of the classes.
    """
    settings = task.settings["evaluation"]
    codes, labels, positions = mapped(task)
    found = map_of(codes, settings["iterations"], settings["perplexity"], COMPONENTS, settings["angle"])
    metric = metric_of(task, conditions={"components": COMPONENTS})
    metrics = judged(codes, labels, found, settings["neighbours"], metric)
    # What the codes themselves are worth is the same in any map, and belongs to the one in the plane.
    result = deliver([metric for metric in metrics if metric.quantity != "code_knn_accuracy"])
    classes = np.zeros(len(codes), dtype=np.int64) if labels is None else labels
    result.arrays[MAP] = {"points": found.points, "labels": classes, "positions": positions.astype(np.int64)}
    result.values["map_classes"] = class_names(task)
    return result
