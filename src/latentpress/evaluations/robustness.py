"""What the probe still reads, and how far the code moves, when the images are perturbed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.errors import SettingsError
from latentpress.evaluations.code_measures import code_variance
from latentpress.evaluations.linear_probe import read_probe
from latentpress.evaluations.pairing import ITEMS
from latentpress.evaluations.perturbations import PERTURBATIONS, perturb
from latentpress.evaluations.subject import deliver, metric_of, read_split
from latentpress.models.loading import load_model
from latentpress.statistics import bootstrap_mean, wilson

SCOPE = "model"
NEEDS = ("data", "codes", "model", "classification")
SETTINGS = {
    "noise": [0.0, 0.1, 0.2, 0.3, 0.5],  # standard deviations of a pixel, where black is 0 and white 1
    "blur": [0.5, 1.0],  # standard deviations, in pixels
    "rotation": [5.0, 10.0],  # degrees
    "shift": [1.0, 2.0],  # pixels
    "noise_images": 2000,
    "other_images": 1000,
}
EMBEDDED = {"noise_images": 400, "other_images": 200}  # its test images are copies of some 300
SMOKE = {"noise_images": 200, "other_images": 100}
SECONDS = 9.0
BACKEND = True
TITLE = "Robustness"
FIGURES = False

IMAGES_SEED = 0
PERTURBATION_SEED = 1
RIGHT = "right"
"""Name of the arrays that say of each image whether the probe was right: ``noise=0.3`` to bool (n,)."""


def measure(task: Task) -> Result:
    """Accuracy of the probe of clean codes on codes of perturbed images, and the relative change of these codes.

    The images are encoded in single precision, clean ones too, so that no rounding counts as a change.

    Raises:
        SettingsError: a perturbation's amount is not a number from 0 on.
    """
    settings = task.settings["evaluation"]
    _check(settings)
    test = read_split(task, "test")
    order = np.random.default_rng(IMAGES_SEED).permutation(len(test.images))
    chosen = order[: max(settings["noise_images"], settings["other_images"])]
    images, labels = test.images[chosen], None if test.labels is None else test.labels[chosen]
    probe = read_probe(task.inputs["classification"])
    spread = math.sqrt(code_variance(task.inputs["codes"].arrays("codes")["test"]))
    model = load_model(task)
    clean = model.encode(images)

    metric = metric_of(task)
    metrics = []
    right: dict[str, np.ndarray] = {}
    changes: dict[str, np.ndarray] = {}
    for kind in PERTURBATIONS:
        count = settings["noise_images" if kind == "noise" else "other_images"]
        for amount in settings[kind]:
            encoded = (
                model.encode(perturb(images[:count], kind, amount, PERTURBATION_SEED)) if amount else clean[:count]
            )
            name, condition = condition_name(kind, amount), {kind: amount}
            if amount:
                changes[name] = relative_change(clean[:count], encoded, spread)
                metrics.append(metric("relative_code_change", **mean_or_none(changes[name]), conditions=condition))
            if probe is None or labels is None:
                metrics.append(metric("probe_accuracy", None, conditions=condition))
                continue
            right[name] = probe.predict(encoded) == labels[:count]
            accuracy = wilson(int(right[name].sum()), len(right[name]))
            metrics.append(metric("probe_accuracy", **accuracy.fields, conditions=condition))
    result = deliver(metrics)
    result.arrays |= {ITEMS: changes, RIGHT: right}
    return result


def condition_name(kind: str, amount: float) -> str:
    """The name of a perturbation among the arrays: ``noise=0.3``."""
    return f"{kind}={amount:g}"


def relative_change(clean: np.ndarray, perturbed: np.ndarray, spread: float) -> np.ndarray:
    r"""How far each code moves, as a share of how far the codes spread.

    .. math:: \lVert z(x') - z(x) \rVert \,/\, \sqrt{\operatorname{tr} \operatorname{Cov}(z)}

    No rescaling of the code changes it; between the codes of two images drawn at random the root mean square is √2.

    Args:
        clean, perturbed: codes of the same images (n, code).
        spread: the root of the trace of the covariance of the codes.

    Returns:
        float64 (n,); NaN for codes that never vary.
    """
    distance = np.linalg.norm(perturbed.astype(np.float64) - clean, axis=1)
    return np.asarray(distance / spread) if spread else np.full(len(clean), np.nan)


def mean_or_none(changes: np.ndarray) -> dict[str, float | None]:
    """Mean with its bootstrap interval as the fields of a metric; None where a change is unknown."""
    return {"value": None} if np.isnan(changes).any() else bootstrap_mean(changes).fields


def _check(settings: Mapping[str, Any]) -> None:
    for kind in PERTURBATIONS:
        wrong = [amount for amount in settings[kind] if not 0 <= amount < math.inf]
        if wrong:
            raise SettingsError(
                f'evaluation "robustness": {kind}: found {wrong[0]}, expected numbers from 0 on',
                "Correct the amounts of this perturbation in report.toml.",
            )
    for key in ("noise_images", "other_images"):
        if settings[key] < 1:
            raise SettingsError(
                f'evaluation "robustness": {key}: found {settings[key]}, expected at least 1',
                "Say in report.toml how many test images are to be perturbed.",
            )
