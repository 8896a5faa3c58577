"""What a code that is a Gaussian distribution tells: its divergence from the prior, dimension by dimension."""

from __future__ import annotations

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.errors import StageError
from latentpress.evaluations import gaussians
from latentpress.evaluations.subject import deliver, metric_of
from latentpress.figure_data import Figure
from latentpress.statistics import bootstrap_mean

SCOPE = "model"
NEEDS = ("codes",)
SETTINGS: dict[str, int] = {}
SECONDS = 1.0
BACKEND = False
TITLE = "Gaussian code"


def measure(task: Task) -> Result:
    """Divergence of the test images' posteriors from the prior, active units, and the divergence of each dimension.

    Raises:
        StageError: the model's code is no distribution.
    """
    codes = task.inputs["codes"]
    if "posterior.npz" not in codes.names():
        raise StageError(
            f"{task.name}: the code of this model is no distribution.",
            'Run gaussian_code on models whose objective.penalty is "kl_divergence" alone.',
        )
    posterior = codes.arrays("posterior")
    divergence = gaussians.kl_by_dimension(posterior["mean"], posterior["log_variance"])  # (n, code)
    metric = metric_of(task)
    means = np.sort(divergence.mean(axis=0))[::-1]
    metrics = [
        metric("kl_nats", **bootstrap_mean(divergence.sum(axis=1)).fields, unit="nats"),
        metric("active_units", gaussians.active_units(posterior["mean"])),
        metric("code_size", divergence.shape[1], split=""),
    ]
    panel = {
        "title": "",
        "x_label": "dimensions of the code, by divergence",
        "y_label": "divergence (nats)",
        "log": False,
        "series": [{"x": "x0", "y": "y0", "label": "", "style": "solid"}],
    }
    arrays = {"x0": np.arange(1.0, len(means) + 1), "y0": means}
    return deliver(metrics, {"divergence": Figure("curves", arrays, {"panels": [panel]})})
