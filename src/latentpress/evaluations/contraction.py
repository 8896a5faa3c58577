"""How strongly the encoder contracts, and whether the estimate that is penalised is right."""

from __future__ import annotations

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.code_measures import code_variance, contraction_ratio
from latentpress.evaluations.pairing import ITEMS
from latentpress.evaluations.subject import deliver, metric_of, read_split
from latentpress.finite import check_finite
from latentpress.models.loading import TrainedModel, load_model
from latentpress.statistics import bootstrap_mean

SCOPE = "model"
NEEDS = ("data", "codes", "model")
SETTINGS = {"images": 256, "probes": 16, "exact_images": 256}  # the exact Jacobian takes 0.15 s an image; 0 for none
SMOKE = {"images": 8, "exact_images": 4}
EMBEDDED = {"images": 128, "exact_images": 64}  # enough to tell a wrong penalty, in a quarter of the time
SECONDS = 60.0
BACKEND = True
TITLE = "Contraction"
FIGURES = False

IMAGES_SEED = 0
_CHUNK = 128  # images whose whole Jacobians are held at once, about 50 MB


def measure(task: Task) -> Result:
    """Estimated and exact squared norms of the encoder's Jacobian, and the ratio to the codes' variance."""
    settings = task.settings["evaluation"]
    test = read_split(task, "test").images
    generator = np.random.default_rng(IMAGES_SEED)
    images = test[generator.choice(len(test), min(settings["images"], len(test)), replace=False)]
    model = load_model(task)
    estimates = np.zeros(len(images))
    for _ in range(settings["probes"]):
        tangents = generator.standard_normal(images.shape, dtype=np.float32)
        products = model.encoder_jacobian_products(images, tangents)
        estimates += squared_norms(check_finite("products with the Jacobian", products)) / settings["probes"]

    variance = code_variance(task.inputs["codes"].arrays("codes")["test"])
    norm = bootstrap_mean(estimates)
    metric = metric_of(task)
    metrics = [
        metric("jacobian_estimate", **norm.fields),
        metric("code_variance", variance),
        metric("contraction_ratio", **contraction_ratio(norm.fields, variance)),
    ]
    if settings["exact_images"]:
        chosen = images[: settings["exact_images"]]
        exact = exact_norms(model, chosen)
        metrics += [
            metric("jacobian_squared_norm", **bootstrap_mean(exact).fields),
            metric("jacobian_estimate_z", agree(estimates[: len(chosen)], exact)),
        ]
    result = deliver(metrics)
    result.arrays[ITEMS] = {"contraction_ratio": estimates / variance if variance else np.full(len(images), np.nan)}
    return result


def exact_norms(model: TrainedModel, images: np.ndarray) -> np.ndarray:
    """Exact ‖J‖² of each image, float64 (n,); a few whole Jacobians are held at a time."""
    chunks = [images[start : start + _CHUNK] for start in range(0, len(images), _CHUNK)]
    return np.concatenate([squared_norms(model.encoder_jacobian(chunk)) for chunk in chunks])


def squared_norms(vectors: np.ndarray) -> np.ndarray:
    """Sum of squares of each item: (n, …) to float64 (n,). Of Jacobians, the squared Frobenius norm."""
    return np.asarray(np.sum(vectors.astype(np.float64).reshape(len(vectors), -1) ** 2, axis=1))


def agree(estimates: np.ndarray, exact: np.ndarray) -> float:
    """How far an estimate of the mean ‖J‖² is from the exact mean, in standard errors of their difference.

    Image by image, so that differences between images fall out and only the projections' randomness is left.

    Args:
        estimates: of ‖J‖² by random projections, (n,).
        exact: ‖J‖² of the same images, (n,), n ≥ 2.
    """
    difference = estimates - exact
    error = float(difference.std(ddof=1) / np.sqrt(len(difference)))
    bias = float(difference.mean())
    if error > 0:
        return bias / error
    return 0.0 if bias == 0 else np.inf
