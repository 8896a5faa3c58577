"""What needs no training: the mean image, and principal components at the code's size."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA

from latentpress.engine.stage import Result, Task
from latentpress.evaluations import probes
from latentpress.evaluations.reconstruction import quality
from latentpress.evaluations.subject import Split, deliver, metric_of, read_split

SCOPE = "data"
NEEDS = ("data",)
SETTINGS = {"components": 128}
SECONDS = 8.0
BACKEND = False
TITLE = "Controls"


def measure(task: Task) -> Result:
    """Reconstruction by the mean image and by principal components, and the probes on the latter's codes."""
    components = task.settings["evaluation"]["components"]
    train, test = read_split(task, "train"), read_split(task, "test")
    mean_metric = metric_of(task, model="mean_image")
    mean = np.broadcast_to(train.images.mean(axis=0), test.images.shape)
    metrics = [mean_metric(name, **fields) for name, fields in quality(test.images, mean).items()]

    pca_metric = metric_of(task, model=f"pca_{components}")
    codes, test_codes, restored = principal_components(train.pixels, test.pixels, components)
    restored = restored.reshape(test.images.shape)
    metrics += [pca_metric(name, **fields) for name, fields in quality(test.images, restored).items()]
    metrics.append(pca_metric("code_size", components, split=""))
    for name, fields in probe_accuracies(codes, train, test_codes, test).items():
        metrics.append(pca_metric(name, **fields))
    return deliver(metrics)


def principal_components(
    train: np.ndarray, test: np.ndarray, components: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The best linear autoencoder of this code size.

    Args:
        train, test: vectors (n, pixels) and (m, pixels).
        components: size of the code.

    Returns:
        Training codes (n, components), test codes (m, components), and the restored test vectors
        (m, pixels), which are not clipped to [0, 1].
    """
    pca = PCA(components, random_state=0).fit(train)
    codes = pca.transform(test)
    return pca.transform(train), codes, pca.inverse_transform(codes)


def probe_accuracies(
    codes: np.ndarray, train: Split, test_codes: np.ndarray, test: Split
) -> dict[str, dict[str, float | None]]:
    """Accuracies of both linear classifiers with Wilson intervals; nothing without classes.

    Returns:
        Quantity to the fields of its metric.
    """
    if train.labels is None or test.labels is None:
        return {}
    scaled, scaled_test = probes.standardise(codes, test_codes)
    classifiers = {"probe_accuracy": probes.logistic_regression, "svm_accuracy": probes.linear_svm}
    return {
        quantity: fit(scaled, train.labels, scaled_test).accuracy(test.labels) for quantity, fit in classifiers.items()
    }
