"""What a contractive penalty did to both halves of a model: Jacobians of encoder and decoder, and the code's spread."""

from __future__ import annotations

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.evaluations import image_quality
from latentpress.evaluations.code_measures import code_variance, contraction_ratio
from latentpress.evaluations.contraction import squared_norms
from latentpress.evaluations.subject import deliver, metric_of, read_split
from latentpress.models.loading import load_model
from latentpress.statistics import bootstrap_mean

SCOPE = "model"
NEEDS = ("data", "model")
SETTINGS = {"images": 1000, "probed": 128, "probes": 8}  # for error and spread; for the Jacobians; directions of each
SMOKE = {"images": 40, "probed": 8, "probes": 2}
SECONDS = 6.0
BACKEND = True
FIGURES = False
TITLE = "Scale of the penalty"

IMAGES_SEED = 0
OBJECTIVE = "objective"
"""Name of the settings that are left for the comparison."""


def measure(task: Task) -> Result:
    """Error, squared norms of both Jacobians by random projections, and the ratio; every model sees the same images."""
    settings = task.settings["evaluation"]
    test = read_split(task, "test").images
    generator = np.random.default_rng(IMAGES_SEED)
    images = test[generator.choice(len(test), min(settings["images"], len(test)), replace=False)]
    model = load_model(task)
    codes = model.encode(images)
    errors = image_quality.mean_squared_error(images, model.decode(codes))
    places, probed = images[: settings["probed"]], codes[: settings["probed"]]
    encoder, decoder = np.zeros(len(places)), np.zeros(len(places))
    for _ in range(settings["probes"]):
        tangents = generator.standard_normal(places.shape, dtype=np.float32)
        encoder += squared_norms(model.encoder_jacobian_products(places, tangents)) / settings["probes"]
        turns = generator.standard_normal(probed.shape, dtype=np.float32)
        decoder += squared_norms(model.decoder_jacobian_products(probed, turns)) / settings["probes"]
    variance = code_variance(codes)
    norm = bootstrap_mean(encoder)
    metric = metric_of(task)
    result = deliver(
        [
            metric("sampled_mse", **bootstrap_mean(errors).fields),
            metric("encoder_norm", **norm.fields),
            metric("decoder_norm", **bootstrap_mean(decoder).fields),
            metric("sampled_ratio", **contraction_ratio(norm.fields, variance)),
            metric("penalty_weight", task.settings["objective"]["weight"], split=""),
        ]
    )
    result.values[OBJECTIVE] = dict(task.settings["objective"])
    return result
