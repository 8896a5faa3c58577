"""Whether one encoder contracts more than another around the same images."""

from __future__ import annotations

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.pairing import each_pair, items_of, mean_difference
from latentpress.evaluations.subject import deliver, metric_of

SCOPE = "comparison"
NEEDS = ("contraction",)
SETTINGS: dict[str, int] = {}
SECONDS = 0.5
BACKEND = False
FIGURES = False
TITLE = "Comparison of contractions"


def measure(task: Task) -> Result:
    """Differences of the contraction ratio between models, with paired intervals over the images."""
    quantity = "contraction_ratio"
    return deliver(
        [
            metric_of(task, model=name)(f"{quantity}_difference", **mean_difference(a[quantity], b[quantity]))
            for name, a, b in each_pair(items_of(task, "contraction"), {})
        ]
    )
