"""Faces from the prior: how close they come to real ones, and how varied they are."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.subject import deliver, metric_of, read_split
from latentpress.figure_data import Figure
from latentpress.finite import check_finite
from latentpress.models.loading import load_model
from latentpress.statistics import bootstrap_mean, pairwise_mean, pairwise_ratio, two_sample_bootstrap

SCOPE = "model"
NEEDS = ("data", "model")
SETTINGS = {"samples": 15, "columns": 5, "measured": 500}
SMOKE = {"measured": 50}
SECONDS = 1.0
BACKEND = True
TITLE = "Samples from the prior"


def measure(task: Task) -> Result:
    """Decode codes drawn from N(0, I); distances to training faces, beside those of real test faces."""
    settings = task.settings["evaluation"]
    train, test = read_split(task, "train"), read_split(task, "test")
    model = load_model(task)
    code_size = model.encode(test.images[:1]).shape[1]
    generator = np.random.default_rng(task.seed)
    codes = generator.standard_normal((max(settings["samples"], settings["measured"]), code_size))
    samples = check_finite("decoded samples", model.decode(codes.astype(np.float32)))
    flat = samples.reshape(len(samples), -1)
    metric = metric_of(task)
    near, real = nearest_distances(flat, train.pixels), nearest_distances(test.pixels, train.pixels)
    apart, real_apart = (cdist(images, images) for images in (flat, test.pixels))
    share = pairwise_ratio(apart, real_apart)
    metrics = [
        metric("sample_nearest_distance", **bootstrap_mean(near).fields),
        metric("face_nearest_distance", **bootstrap_mean(real).fields),
        metric("nearest_distance_difference", **two_sample_bootstrap(near, real).fields),
        metric("sample_diversity", **pairwise_mean(apart).fields),
        metric("face_diversity", **pairwise_mean(real_apart).fields),
        metric("sample_diversity_share", **(share.fields if share else {"value": None})),
    ]
    grid = image_rows(samples[: settings["samples"]], settings["columns"])
    return deliver(metrics, {"samples": Figure("image_grid", {"images": grid})})


def nearest_distances(images: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Euclidean distance of each image to its nearest reference: (n, pixels), (m, pixels) to float64 (n,)."""
    return np.asarray(cdist(images, references).min(axis=1))


def image_rows(images: np.ndarray, columns: int) -> np.ndarray:
    """Lay images (n, H, W, C) out in full rows: (n // columns, columns, H, W, C), a single row if fewer."""
    columns = min(columns, len(images))
    rows = len(images) // columns
    return images[: rows * columns].reshape(rows, columns, *images.shape[1:])
