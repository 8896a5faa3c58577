"""How sparse the codes are, by image and by unit."""

from __future__ import annotations

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.code_measures import hoyer
from latentpress.evaluations.pairing import ITEMS
from latentpress.evaluations.subject import deliver, metric_of
from latentpress.figure_data import Figure
from latentpress.statistics import bootstrap_mean

SCOPE = "model"
NEEDS = ("codes",)
SETTINGS = {"active_above": 0.1, "other_levels": [0.05, 0.2], "bins": 50}
SECONDS = 1.0
BACKEND = False
TITLE = "Sparsity"

UNITS = "units"
"""Name of the arrays of what is measured on each unit."""
BOUNDED = ("sigmoid",)  # activations on a scale of their own; elsewhere no level divides active units from others


def measure(task: Task) -> Result:
    """Active share, Hoyer's sparseness of images and of units, dead units, and a histogram of activations."""
    settings = task.settings["evaluation"]
    codes = task.inputs["codes"].arrays("codes")["test"]
    by_image, by_unit = hoyer(codes), hoyer(codes.T)
    items = {"hoyer_samples": by_image}
    metric = metric_of(task)
    metrics = [
        metric("hoyer_samples", **bootstrap_mean(by_image).fields),
        metric("hoyer_units", float(np.mean(by_unit))),
    ]
    if task.settings["model"]["code_activation"] in BOUNDED:
        active = codes > settings["active_above"]
        items["active_share"] = active.mean(axis=1)
        metrics += [
            metric("active_share", **bootstrap_mean(items["active_share"]).fields),
            metric("dead_units", int(np.sum(~active.any(axis=0)))),
        ]
        metrics += [
            metric(
                "active_share_above", **bootstrap_mean((codes > level).mean(axis=1)).fields, conditions={"above": level}
            )
            for level in settings["other_levels"]
        ]
    counts, edges = np.histogram(codes, bins=settings["bins"])
    options = {"labels": [], "x_label": "activation", "y_label": "activations", "log": True}
    figure = Figure("histogram", {"edges": edges.astype(np.float64), "counts0": counts}, options)
    result = deliver(metrics, {"activations": figure})
    result.arrays |= {ITEMS: items, UNITS: {"hoyer_units": by_unit}}
    return result
