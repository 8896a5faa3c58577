"""What needs no training: the mean image, and principal components at the code's size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.decomposition import PCA

from latentpress.engine.stage import Result, Task
from latentpress.evaluations import image_quality, probes
from latentpress.evaluations.code_measures import code_variance, contraction_ratio, hoyer
from latentpress.evaluations.pairing import ITEMS
from latentpress.evaluations.reconstruction import quality
from latentpress.evaluations.subject import deliver, metric_of, read_split
from latentpress.statistics import bootstrap_mean

SCOPE = "data"
NEEDS = ("data",)
SETTINGS = {
    "components": 128,
    "inverse_penalties": [0.3, 1.0, 10.0],
    "block": 1,  # as of the reconstruction
    "probes": True,  # whether classes are read from the codes, too
    "fitted_on": 0,  # the first so many training images; all with 0
}
SECONDS = 8.0
BACKEND = False
TITLE = "Controls"
FIGURES = False


def measure(task: Task) -> Result:
    """Reconstruction by the mean image and by principal components; the latter's codes as those of a model."""
    settings = task.settings["evaluation"]
    components = settings["components"]
    train, validation, test = (
        read_split(task, split, settings["fitted_on"] if split == "train" else 0)
        for split in ("train", "validation", "test")
    )
    items: dict[str, np.ndarray] = {}
    mean_metric = metric_of(task, model="mean_image")
    mean = np.broadcast_to(train.images.mean(axis=0), test.images.shape)
    items["mean_image"] = image_quality.mean_squared_error(test.images, mean)
    metrics = [mean_metric(name, **fields) for name, fields in quality(test.images, mean, settings["block"]).items()]

    pca_metric = metric_of(task, model=f"pca_{components}")
    codes, restored, norm = principal_components([split.pixels for split in (train, validation, test)], components)
    restored = restored.reshape(test.images.shape)
    items[f"pca_{components}"] = image_quality.mean_squared_error(test.images, restored)
    metrics += [
        pca_metric(name, **fields) for name, fields in quality(test.images, restored, settings["block"]).items()
    ]
    metrics.append(pca_metric("code_size", components, split=""))
    by_image, variance = hoyer(codes[2]), code_variance(codes[2])
    metrics += [
        pca_metric("hoyer_samples", **bootstrap_mean(by_image).fields),
        pca_metric("hoyer_units", float(np.mean(hoyer(codes[2].T)))),
        pca_metric("jacobian_squared_norm", norm),
        pca_metric("code_variance", variance),
        pca_metric("contraction_ratio", **contraction_ratio({"value": norm}, variance)),
    ]
    predictions: dict[str, np.ndarray] = {}
    if settings["probes"] and train.labels is not None and validation.labels is not None and test.labels is not None:
        scaled, *others = probes.standardise(*codes)
        known = (scaled, train.labels), (others[0], validation.labels)
        probe, _ = probes.validated_regression(*known, others[1], settings["inverse_penalties"])
        metrics.append(pca_metric("probe_accuracy", **probe.accuracy(test.labels)))
        svm = probes.linear_svm(*probes.together(*known), others[1])
        metrics.append(pca_metric("svm_accuracy", **svm.accuracy(test.labels)))
        predictions = {name: fit.predicted for name, fit in (("probe", probe), ("svm", svm)) if fit.converged}
        predictions["labels"] = test.labels
    result = deliver(metrics)
    result.arrays |= {f"{ITEMS}.{name}": {"test_mse": errors} for name, errors in items.items()}
    if predictions:
        result.arrays[f"predictions.pca_{components}"] = predictions
    return result


def principal_components(splits: Sequence[np.ndarray], components: int) -> tuple[list[np.ndarray], np.ndarray, float]:
    """The best linear autoencoder of this code size, fitted to the first of the splits.

    Args:
        splits: vectors (n, pixels) each.
        components: size of the code.

    Returns:
        Codes (n, components) of each split; the restored vectors of the last one, not clipped to [0, 1]; the squared
        Frobenius norm of the map from vectors to codes, which is its Jacobian everywhere.
    """
    pca = PCA(components, random_state=0).fit(splits[0])
    codes = [pca.transform(vectors) for vectors in splits]
    return codes, pca.inverse_transform(codes[-1]), float(np.sum(pca.components_.astype(np.float64) ** 2))
