"""Whether what a contractive training penalised is the encoder's Jacobian."""

from __future__ import annotations

import math

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.code_measures import code_variance
from latentpress.evaluations.contraction import exact_norms
from latentpress.evaluations.subject import deliver, metric_of, read_split
from latentpress.models.loading import load_model

SCOPE = "model"  # for models with a contractive penalty
NEEDS = ("data", "model")
SETTINGS = {"images": 256, "draws": 64}  # a batch, of which the penalised share is looked at; projections of each image
SMOKE = {"images": 16, "draws": 4}
SECONDS = 12.0
BACKEND = True
FIGURES = False
TITLE = "Contractive objective"

IMAGES_SEED = 0


def measure(task: Task) -> Result:
    """The training's own penalty on a batch of test images, as a norm, against the encoder's exact Jacobian.

    `evaluations.contraction` checks the estimate of the encoder's norm, whatever the training penalised; here the very
    code that the training ran gives the number.
    """
    settings, objective = task.settings["evaluation"], task.settings["objective"]
    test = read_split(task, "test").images
    generator = np.random.default_rng(IMAGES_SEED)
    images = test[generator.choice(len(test), min(settings["images"], len(test)), replace=False)]
    model = load_model(task)
    norms = model.contractive_penalty(images, settings["draws"])
    if objective["contraction"] == "ratio":
        norms = norms * code_variance(model.encode(images))
    penalised = images[: -(-len(images) // round(1 / objective["share"]))]
    exact = float(exact_norms(model, penalised).mean())
    metric = metric_of(task)
    return deliver(
        [
            metric("penalised_norm", float(norms.mean())),
            metric("encoder_norm_exact", exact),
            metric("penalised_norm_z", distance(norms, exact)),
        ]
    )


def distance(draws: np.ndarray, exact: float) -> float:
    """How far the mean of independent unbiased estimates is from a known value, in standard errors of that mean.

    Args:
        draws: the estimates, (n,), n ≥ 2.
        exact: what they should estimate.
    """
    bias = float(draws.mean()) - exact
    error = float(draws.std(ddof=1)) / math.sqrt(len(draws))
    if error > 0:
        return bias / error
    return 0.0 if bias == 0 else math.inf
