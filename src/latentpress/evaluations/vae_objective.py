"""The bound that a variational autoencoder maximises, and a check of what its training recorded of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from latentpress.batching import VALIDATION_BATCH
from latentpress.engine.stage import Result, Task
from latentpress.evaluations import gaussians
from latentpress.evaluations.blocks import block_bootstrap_mean
from latentpress.evaluations.likelihoods import DRAWS_SEED, Decode, expected_nats, likelihood_of, sample
from latentpress.evaluations.subject import deliver, metric_of, read_split
from latentpress.figure_data import Figure
from latentpress.finite import check_finite
from latentpress.models.loading import load_model
from latentpress.statistics import Interval

SCOPE = "model"
NEEDS = ("data", "model")
SETTINGS = {"draws": 16}
SECONDS = 1.0
BACKEND = True
TITLE = "Variational bound"


def measure(task: Task) -> Result:
    """Both terms of the bound on the test split, the divergence by dimension, and the training's records."""
    test = read_split(task, "test").images
    model = load_model(task)
    mean, log_variance = (check_finite("posterior of the test split", part) for part in model.posterior(test))
    divergence = gaussians.kl_by_dimension(mean, log_variance)
    kl = divergence.sum(axis=1)
    likelihood = likelihood_of(task, model)
    nats = expected_nats(test, mean, log_variance, model.decode, likelihood, task.settings["evaluation"]["draws"])
    metric = metric_of(task, unit="nats")
    metrics = [
        metric("reconstruction_nats", **block_bootstrap_mean(nats).fields),
        metric("kl_nats", **block_bootstrap_mean(kl).fields),
        metric("elbo", **block_bootstrap_mean(-nats - kl).fields),
        metric("active_units", gaussians.active_units(mean), unit=""),
    ]
    floor = likelihood.floor(test)
    if floor is not None:
        metrics.append(metric("reconstruction_entropy_floor", **block_bootstrap_mean(floor).fields))
        metrics.append(metric("reconstruction_excess", **block_bootstrap_mean(nats - floor).fields))
    if likelihood.variance is not None:
        drawn = model.decode(sample(mean, log_variance, np.random.default_rng(DRAWS_SEED)))
        metrics += [
            metric("decoder_deviation", math.sqrt(likelihood.variance), split="train", unit=""),
            metric("pixel_deviation", math.sqrt(gaussians.optimal_variance(test, drawn)), unit=""),
        ]
    by_dimension = [block_bootstrap_mean(column) for column in divergence.T]
    metrics += [
        metric("kl_dimension_nats", **interval.fields, conditions={"dimension": dimension})
        for dimension, interval in enumerate(by_dimension)
    ]
    validation = read_split(task, "validation").images
    trained = task.inputs["model"]
    differences = training_differences(
        trained.table("history").head(trained.json("training")["kept_epoch"]),
        validation,
        *model.posterior(validation),
        model.decode,
        task.settings["objective"],
    )
    metrics += [metric(name, value, split="validation") for name, value in differences.items()]
    return deliver(metrics, {"kl_dimensions": kl_figure(by_dimension)})


def training_differences(
    history: pd.DataFrame,
    images: np.ndarray,
    mean: np.ndarray,
    log_variance: np.ndarray,
    decode: Decode,
    objective: Mapping[str, Any],
) -> dict[str, float]:
    """What the training recorded after its last epoch, minus the closed forms of the same terms.

    A divergence that is averaged over the dimensions instead of summed, or a forgotten factor, shows here as
    a difference of many nats.

    Args:
        history: a row an epoch, columns ``val_reconstruction`` and ``val_penalty`` (β times the divergence).
        images: the validation split, (n, H, W, C).
        mean, log_variance: its posterior under the final weights, (n, code).
        decode: codes to probabilities; while validating, the training decodes the mean.
        objective: which reconstruction loss, and the factor ``beta`` of the divergence.

    Returns:
        ``reconstruction_difference`` and ``kl_difference`` in nats per image; nothing for an untrained model.
    """
    if history.empty:
        return {}
    recorded, beta = history.iloc[-1], objective["beta"]
    expected = float(recorded_nats(images, decode(mean), objective["reconstruction"]).mean())
    found = {"reconstruction_difference": float(recorded["val_reconstruction"]) - expected}
    if beta > 0:
        divergence = float(gaussians.kl_by_dimension(mean, log_variance).sum(axis=1).mean())
        found["kl_difference"] = float(recorded["val_penalty"]) / beta - divergence
    return found


def recorded_nats(images: np.ndarray, decoded: np.ndarray, reconstruction: str) -> np.ndarray:
    """The reconstruction term as it is while validating, where Gaussian pixels share the variance of their batch.

    Args:
        images, decoded: (n, H, W, C).
        reconstruction: ``"bernoulli"`` or ``"gaussian"``.

    Returns:
        float64 (n,), nats.
    """
    if reconstruction == "bernoulli":
        return gaussians.cross_entropy(images, decoded)
    cuts = range(VALIDATION_BATCH, len(images), VALIDATION_BATCH)
    pairs = zip(np.split(images, cuts), np.split(decoded, cuts), strict=True)
    return np.concatenate([gaussians.negative_log_density(x, m, gaussians.optimal_variance(x, m)) for x, m in pairs])


def kl_figure(by_dimension: list[Interval]) -> Figure:
    """Bars of the divergence of every dimension, the most informative first."""
    order = sorted(range(len(by_dimension)), key=lambda dimension: -by_dimension[dimension].value)
    chosen = [by_dimension[dimension] for dimension in order]
    arrays = {"values": np.array([interval.value for interval in chosen])}
    if all(interval.low is not None for interval in chosen):
        arrays["low"] = np.array([interval.low for interval in chosen])
        arrays["high"] = np.array([interval.high for interval in chosen])
    options = {
        "labels": [f"$z_{{{dimension}}}$" for dimension in order],
        "x_label": "dimension of the code",
        "y_label": "divergence (nats)",
    }
    return Figure("bars", arrays, options)
