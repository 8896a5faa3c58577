"""Whether one model's codes are sparser than another's, image by image."""

from __future__ import annotations

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.pairing import each_pair, items_of, mean_difference
from latentpress.evaluations.subject import deliver, metric_of

SCOPE = "comparison"
NEEDS = ("sparsity",)
SETTINGS: dict[str, int] = {}
SECONDS = 1.0
BACKEND = False
FIGURES = False
TITLE = "Comparison of sparsity"


def measure(task: Task) -> Result:
    """Differences of Hoyer's sparseness between models, with paired intervals over the images."""
    quantity = "hoyer_samples"
    return deliver(
        [
            metric_of(task, model=name)(f"{quantity}_difference", **mean_difference(a[quantity], b[quantity]))
            for name, a, b in each_pair(items_of(task, "sparsity"), {})
        ]
    )
