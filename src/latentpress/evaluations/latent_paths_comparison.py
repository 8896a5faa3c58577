"""Whether one model's paths through the latent space differ from another's, pair by pair."""

from __future__ import annotations

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.pairing import each_pair, items_of, mean_difference
from latentpress.evaluations.subject import deliver, metric_of

SCOPE = "comparison"
NEEDS = ("latent_paths",)
SETTINGS: dict[str, int] = {}
SECONDS = 0.5
BACKEND = False
FIGURES = False
TITLE = "Comparison of paths through the latent space"


def measure(task: Task) -> Result:
    """Differences of every measure between models, with paired intervals over the same pairs of images."""
    return deliver(
        [
            metric_of(task, model=name)(f"{quantity}_difference", **mean_difference(a[quantity], b[quantity]))
            for name, a, b in each_pair(items_of(task, "latent_paths"), {})
            for quantity in a
        ]
    )
