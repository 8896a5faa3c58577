"""Whether one variational model finds the test images more probable than another, image by image."""

from __future__ import annotations

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.blocks import block_bootstrap_mean
from latentpress.evaluations.pairing import LIKELIHOOD, each_pair, items_of
from latentpress.evaluations.subject import deliver, metric_of

SCOPE = "comparison"
NEEDS = ("vae_bound",)
SETTINGS: dict[str, int] = {}
SECONDS = 0.5
BACKEND = False
FIGURES = False
TITLE = "Comparison of bounds"


def measure(task: Task) -> Result:
    """Differences of the importance-weighted bound between models of one likelihood, resampled in blocks of frames.

    Probabilities of grey levels as coins and densities of grey levels as lengths are measured in different units, so
    that their bounds have no difference.
    """
    quantity = "importance_weighted_bound"
    items = items_of(task, "vae_bound")
    kinds = {model: task.inputs[f"vae_bound:{model}"].json(LIKELIHOOD) for model in items}
    metrics = []
    for name, a, b in each_pair(items, {}):
        first, second = name.split("_vs_")
        if kinds[first] == kinds[second]:
            difference = block_bootstrap_mean(a[quantity] - b[quantity])
            metrics.append(metric_of(task, model=name, unit="nats")(f"{quantity}_difference", **difference.fields))
    return deliver(metrics)
