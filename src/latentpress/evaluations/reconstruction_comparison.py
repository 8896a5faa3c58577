"""Whether one model's reconstructions are nearer to the images than another's, image by image."""

from __future__ import annotations

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.pairing import control_items, each_pair, items_of, mean_difference
from latentpress.evaluations.subject import deliver, metric_of

SCOPE = "comparison"
NEEDS = ("reconstruction", "controls")
SETTINGS = {"block": 1}  # as of the reconstruction
SECONDS = 4.0
BACKEND = False
FIGURES = False
TITLE = "Comparison of reconstructions"


def measure(task: Task) -> Result:
    """Differences of the mean squared error between models, and to the controls, with paired intervals."""
    block = task.settings["evaluation"]["block"]
    pairs = each_pair(items_of(task, "reconstruction"), control_items(task))
    return deliver(
        [
            metric_of(task, model=name)("test_mse_difference", **mean_difference(a["test_mse"], b["test_mse"], block))
            for name, a, b in pairs
        ]
    )
