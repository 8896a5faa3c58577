"""How strongly the encoder contracts, and whether the estimate that is penalised is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.subject import deliver, metric_of, read_split
from latentpress.models.loading import load_model
from latentpress.statistics import bootstrap_mean

SCOPE = "model"
NEEDS = ("data", "codes", "model")
SETTINGS = {"images": 256, "probes": 4}
SMOKE = {"images": 4}
SECONDS = 60.0
BACKEND = True
TITLE = "Contraction"

IMAGES_SEED = 0
_CHUNK = 32  # images whose whole Jacobians are held at once


def measure(task: Task) -> Result:
    """Exact and estimated squared norms of the encoder's Jacobian, and the ratio to the codes' variance."""
    settings = task.settings["evaluation"]
    test = read_split(task, "test").images
    generator = np.random.default_rng(IMAGES_SEED)
    images = test[generator.choice(len(test), min(settings["images"], len(test)), replace=False)]
    model = load_model(task)
    exact = np.concatenate(
        [
            squared_norms(model.encoder_jacobian(images[start : start + _CHUNK]))
            for start in range(0, len(images), _CHUNK)
        ]
    )
    estimates = np.zeros(len(images))
    for _ in range(settings["probes"]):
        tangents = generator.standard_normal(images.shape, dtype=np.float32)
        products = model.encoder_jacobian_products(images, tangents)
        estimates += squared_norms(products) / settings["probes"]

    variance = code_variance(task.inputs["codes"].arrays("codes")["test"])
    norm = bootstrap_mean(exact)
    metric = metric_of(task)
    agreement = agree(estimates, exact)
    metrics = [
        metric("jacobian_squared_norm", **norm.fields),
        metric("jacobian_estimate", agreement.estimate, low=agreement.low, high=agreement.high),
        metric("jacobian_estimate_z", agreement.standard_errors),
        metric("code_variance", variance),
        metric("contraction_ratio", **contraction_ratio(norm.fields, variance)),
    ]
    return deliver(metrics)


@dataclass(frozen=True, slots=True)
class Agreement:
    """An estimate of the mean squared norm beside the exact one.

    Attributes:
        estimate: mean over the images.
        low, high: its 95 % interval for the randomness of the projections alone.
        standard_errors: estimate minus exact value, in standard errors of that difference.
    """

    estimate: float
    low: float
    high: float
    standard_errors: float


def squared_norms(vectors: np.ndarray) -> np.ndarray:
    """Sum of squares of each item: (n, …) to float64 (n,). Of Jacobians, the squared Frobenius norm."""
    return np.asarray(np.sum(vectors.astype(np.float64).reshape(len(vectors), -1) ** 2, axis=1))


def code_variance(codes: np.ndarray) -> float:
    """Trace of the codes' covariance, tr Cov(z); codes have shape (n, code)."""
    return float(np.var(codes, axis=0, dtype=np.float64).sum())


def contraction_ratio(norm: dict[str, float | None], variance: float) -> dict[str, float | None]:
    """ρ = ‖J‖²/tr Cov(z), which no rescaling of the code changes.

    Args:
        norm: mean squared norm of the Jacobian with its interval, as the fields of a metric.
        variance: tr Cov(z), taken as known: it rests on the whole test split.

    Returns:
        The same fields of ρ; None for codes that never vary.
    """
    return {key: None if value is None or variance == 0 else value / variance for key, value in norm.items()}


def agree(estimates: np.ndarray, exact: np.ndarray) -> Agreement:
    """Compare estimates with exact values, image by image, so that differences between images fall out.

    Args:
        estimates: of ‖J‖² by random projections, (n,).
        exact: ‖J‖² of the same images, (n,), n ≥ 2.
    """
    difference = estimates - exact
    error = float(difference.std(ddof=1) / np.sqrt(len(difference)))
    mean = float(estimates.mean())
    bias = float(difference.mean())
    standard_errors = bias / error if error > 0 else 0.0 if bias == 0 else np.inf
    return Agreement(mean, mean - 1.96 * error, mean + 1.96 * error, standard_errors)
