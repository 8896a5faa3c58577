"""How much of the digits a linear classifier reads from the codes."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import confusion_matrix

from latentpress.engine.stage import Result, Task
from latentpress.errors import DataError
from latentpress.evaluations import probes
from latentpress.evaluations.linear_probe import PROBE
from latentpress.evaluations.subject import class_names, deliver, metric_of, read_split
from latentpress.figure_data import Figure
from latentpress.statistics import student_mean

SCOPE = "model"
NEEDS = ("data", "codes")
SETTINGS = {"inverse_penalties": [0.3, 1.0, 10.0], "shuffled_images": 2000, "shuffles": 8, "most_iterations": 1000}
SMOKE = {"shuffled_images": 300}
SECONDS = 6.0
BACKEND = False
TITLE = "Classification"


def measure(task: Task) -> Result:
    """Logistic regression and a linear SVM on standardised codes, and the former on shuffled labels.

    Of a single class there is nothing to tell apart: its accuracies are unknown.

    Raises:
        DataError: the data set has no classes.
    """
    settings = task.settings["evaluation"]
    limit = settings["most_iterations"]
    train_labels, validation_labels, test_labels = (
        read_split(task, split).labels for split in ("train", "validation", "test")
    )
    if train_labels is None or validation_labels is None or test_labels is None:
        raise DataError(
            f'the data set "{task.settings["data"]}" has no classes; classification needs two at least',
            "Take the evaluation out of this section, or choose a data set with labels.",
        )
    codes = task.inputs["codes"].arrays("codes")
    train, validation, test = probes.standardise(codes["train"], codes["validation"], codes["test"])
    probe, inverse_penalty = probes.validated_regression(
        (train, train_labels), (validation, validation_labels), test, settings["inverse_penalties"], limit
    )
    svm = probes.linear_svm(*probes.together((train, train_labels), (validation, validation_labels)), test, limit)
    by_chance = []
    for seed in range(settings["shuffles"]):
        subset, shuffled = shuffled_labels(train_labels, settings["shuffled_images"], seed)
        control = probes.logistic_regression(train[subset], shuffled, test, limit)
        by_chance.append(float(np.mean(control.predicted == test_labels)) if control.converged else np.nan)

    metric = metric_of(task)
    metrics = [
        metric("probe_accuracy", **probe.accuracy(test_labels)),
        metric("svm_accuracy", **svm.accuracy(test_labels)),
        metric("probe_shuffled_accuracy", **mean_over_shuffles(by_chance)),
        metric("probe_inverse_penalty", inverse_penalty),
        metric("probe_converged", probe.converged),
        metric("probe_iterations", probe.iterations),
        metric("probe_iteration_limit", limit),
        metric("svm_converged", svm.converged),
        metric("svm_iterations", svm.iterations),
        metric("commonest_class_share", float(np.bincount(test_labels).max() / len(test_labels))),
        metric("classes_mistaken", classes_mistaken(test_labels, probe.predicted) if probe.converged else None),
    ]
    classifiers = {"probe": probe, "svm": svm}
    classes = len(class_names(task))
    options = {"class_names": class_names(task)}
    figures = {
        f"confusion_{name}": Figure(
            "confusion",
            {"matrix": confusion_matrix(test_labels, fitted.predicted, labels=np.arange(classes))},
            options,
        )
        for name, fitted in classifiers.items()
    }
    result = deliver(metrics, figures)
    # What did not converge is not there to be compared.
    converged = {name: fitted.predicted for name, fitted in classifiers.items() if fitted.converged}
    result.arrays["predictions"] = {**converged, "labels": test_labels}
    if probe.converged:
        mean, scale = probes.standardisation(codes["train"])
        result.arrays[PROBE] = {**probe.weights, "mean": mean, "scale": scale}
    return result


def classes_mistaken(labels: np.ndarray, predicted: np.ndarray) -> int:
    """Number of classes of whose images more are taken for one certain other class than are recognised.

    Args:
        labels, predicted: true and predicted classes of the same images, int (n,).
    """
    matrix = confusion_matrix(labels, predicted)
    return int(np.sum(matrix.max(axis=1) > matrix.diagonal()))


def mean_over_shuffles(accuracies: list[float]) -> dict[str, float | None]:
    """Mean accuracy with its interval over shuffles, as the fields of a metric; unknown where a fit did not converge.

    Images are no measure of its error: a probe of shuffled labels takes most images of a digit for the same digit,
    so that its accuracy hangs on a dozen accidents and spreads several times as widely as so many independent guesses.
    """
    if np.isnan(accuracies).any():
        return {"value": None}
    return student_mean(accuracies).fields


def shuffled_labels(labels: np.ndarray, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels that say nothing of their images: a control for what leaks past the codes.

    Args:
        labels: training classes (n,).
        count: images to use, n at most; a subset, since such a fit is no better on more.
        seed: of the choice and of the order.

    Returns:
        Indices of the images (count,), and their labels in random order (count,).
    """
    generator = np.random.default_rng(seed)
    subset = generator.choice(len(labels), min(count, len(labels)), replace=False)
    return subset, generator.permutation(labels[subset])
