"""The bound that a variational autoencoder maximises, and a check of what its training recorded of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from latentpress.engine.stage import Result, Task
from latentpress.evaluations import gaussians
from latentpress.evaluations.subject import deliver, metric_of, read_split
from latentpress.figure_data import Figure
from latentpress.finite import check_finite
from latentpress.models.loading import load_model
from latentpress.statistics import Interval, bootstrap_mean

SCOPE = "model"
NEEDS = ("data", "model")
SETTINGS = {"draws": 16}
SECONDS = 4.0
BACKEND = True
TITLE = "Variational bound"

DRAWS_SEED = 0
Decode = Callable[[np.ndarray], np.ndarray]


def measure(task: Task) -> Result:
    """Both terms of the bound on the test split, the divergence by dimension, and the training's records."""
    test = read_split(task, "test").images
    model = load_model(task)
    mean, log_variance = (check_finite("posterior of the test split", part) for part in model.posterior(test))
    divergence = gaussians.kl_by_dimension(mean, log_variance)
    kl = divergence.sum(axis=1)
    nats = expected_cross_entropy(test, mean, log_variance, model.decode, task.settings["evaluation"]["draws"])
    floor = gaussians.entropy(test)
    metric = metric_of(task, unit="nats")
    metrics = [
        metric("reconstruction_nats", **bootstrap_mean(nats).fields),
        metric("reconstruction_entropy_floor", **bootstrap_mean(floor).fields),
        metric("reconstruction_excess", **bootstrap_mean(nats - floor).fields),
        metric("kl_nats", **bootstrap_mean(kl).fields),
        metric("elbo", **bootstrap_mean(-nats - kl).fields),
        metric("active_units", gaussians.active_units(mean), unit=""),
    ]
    by_dimension = [bootstrap_mean(column) for column in divergence.T]
    metrics += [
        metric("kl_dimension_nats", **interval.fields, conditions={"dimension": dimension})
        for dimension, interval in enumerate(by_dimension)
    ]
    validation = read_split(task, "validation").images
    differences = training_differences(
        task.inputs["model"].table("history"),
        validation,
        *model.posterior(validation),
        model.decode,
        task.settings["objective"]["beta"],
    )
    metrics += [metric(name, value, split="validation") for name, value in differences.items()]
    return deliver(metrics, {"kl_dimensions": kl_figure(by_dimension)})


def expected_cross_entropy(
    images: np.ndarray,
    mean: np.ndarray,
    log_variance: np.ndarray,
    decode: Decode,
    draws: int,
) -> np.ndarray:
    """The reconstruction term E_q[−log p(x|z)] of each image, by Monte Carlo.

    Args:
        images: (n, H, W, C) in [0, 1].
        mean, log_variance: of q(z|x), (n, code).
        decode: codes (n, code) to probabilities (n, H, W, C).
        draws: of z for every image.

    Returns:
        float64 (n,), nats.
    """
    generator = np.random.default_rng(DRAWS_SEED)
    deviation = np.exp(0.5 * log_variance)
    total = np.zeros(len(images))
    for _ in range(draws):
        noise = generator.standard_normal(mean.shape, dtype=np.float32)
        total += gaussians.cross_entropy(images, decode(mean + deviation * noise))
    return total / draws


def training_differences(
    history: pd.DataFrame,
    images: np.ndarray,
    mean: np.ndarray,
    log_variance: np.ndarray,
    decode: Decode,
    beta: float,
) -> dict[str, float]:
    """What the training recorded after its last epoch, minus the closed forms of the same terms.

    A divergence that is averaged over the dimensions instead of summed, or a forgotten factor, shows here as
    a difference of many nats.

    Args:
        history: a row an epoch, columns ``val_reconstruction`` and ``val_penalty`` (β times the divergence).
        images: the validation split, (n, H, W, C).
        mean, log_variance: its posterior under the final weights, (n, code).
        decode: codes to probabilities; while validating, the training decodes the mean.
        beta: factor of the divergence in the objective.

    Returns:
        ``reconstruction_difference`` and ``kl_difference`` in nats per image; nothing for an untrained model.
    """
    if history.empty:
        return {}
    recorded = history.iloc[-1]
    expected = float(gaussians.cross_entropy(images, decode(mean)).mean())
    found = {"reconstruction_difference": float(recorded["val_reconstruction"]) - expected}
    if beta > 0:
        divergence = float(gaussians.kl_by_dimension(mean, log_variance).sum(axis=1).mean())
        found["kl_difference"] = float(recorded["val_penalty"]) / beta - divergence
    return found


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
