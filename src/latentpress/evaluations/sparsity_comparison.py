"""Whether one model's codes are sparser than another's, image by image; how sparseness is distributed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.pairing import each_pair, items_of, mean_difference
from latentpress.evaluations.sparsity import UNITS
from latentpress.evaluations.subject import deliver, metric_of
from latentpress.figure_data import Figure

SCOPE = "comparison"
NEEDS = ("sparsity",)
SETTINGS = {"bins": 50}
SECONDS = 1.0
BACKEND = False
TITLE = "Comparison of sparsity"


def measure(task: Task) -> Result:
    """Differences of Hoyer's sparseness between models, with paired intervals over the images, and histograms."""
    quantity, bins = "hoyer_samples", task.settings["evaluation"]["bins"]
    items = items_of(task, "sparsity")
    units = {model: task.inputs[f"sparsity:{model}"].arrays(UNITS) for model in items}
    figures = {
        "hoyer_samples": histograms({model: own[quantity] for model, own in items.items()}, bins, "images"),
        "hoyer_units": histograms({model: own["hoyer_units"] for model, own in units.items()}, bins, "units"),
    }
    active = {model: own["active_share"] for model, own in items.items() if "active_share" in own}
    if active:
        figures["active_share"] = histograms(active, bins, "images", "share of active units")
    metrics = [
        metric_of(task, model=name)(f"{quantity}_difference", **mean_difference(a[quantity], b[quantity]))
        for name, a, b in each_pair(items, {})
    ]
    return deliver(metrics, figures)


def histograms(values: Mapping[str, np.ndarray], bins: int, of: str, what: str = "Hoyer's measure") -> Figure:
    """Histograms of several models over common edges, from the least to the largest of their values.

    Args:
        values: of each model, (n,).
        bins: how many.
        of: what is counted.
        what: what is measured of it.
    """
    edges = np.histogram_bin_edges(np.concatenate(list(values.values())), bins)
    counts = {f"counts{index}": np.histogram(own, edges)[0] for index, own in enumerate(values.values())}
    # One model needs no legend.
    labels = [model.replace("_", " ") for model in values] if len(values) > 1 else []
    options = {"labels": labels, "x_label": what, "y_label": of}
    return Figure("histogram", {"edges": edges.astype(np.float64), **counts}, options)
