"""What is measured of restored images, for models and controls alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from latentpress.evaluations import image_quality
from latentpress.evaluations.corruptions import condition_name
from latentpress.evaluations.signal import decibels, energies, signal_to_noise
from latentpress.metrics import Metric
from latentpress.statistics import bootstrap_mean

STATED = "stated"
"""Name of the value by which models and controls say how their noise was made: ``stated_noise`` and ``clipped``."""
PAIRED = ("denoised_mse", "denoised_ssim")
"""The quantities that are left image by image, for comparisons."""

SPELLINGS = {"nonlocal": "non-local", "gaussian": "Gaussian", "pca": "PCA"}

Fields = Mapping[str, Any]


def noise_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What `STATED` holds: all of the noise that the names of the items do not tell."""
    return {"stated_noise": float(settings["stated_noise"]), "clipped": settings["clipped"]}


def in_words(name: str) -> str:
    """A model or control in figures and tables: ``non-local means``, ``PCA 64``."""
    first, *others = name.split("_")
    return " ".join([SPELLINGS.get(first, first), *others])


def quality(
    clean: np.ndarray, restored: np.ndarray, alike: np.ndarray | None = None
) -> tuple[dict[str, Fields], dict[str, np.ndarray]]:
    """Everything that is said of a set of restored images.

    Args:
        clean: the images as they were, (n, H, W, C) in [0, 1].
        restored: what they were restored to.
        alike: what is held against them by structural similarity, where it was restored another way.

    Returns:
        Quantity to the fields of its metric: the signal-to-noise ratio, pooled over images; the means over images of
        MSE, PSNR and SSIM; and `PAIRED` to their values image by image, float64 (n,).
    """
    errors = image_quality.mean_squared_error(clean, restored)
    similarity = image_quality.ssim(clean, restored if alike is None else alike)
    fields: dict[str, Fields] = {
        "denoised_snr": {**signal_to_noise(clean, restored).fields, "unit": "dB"},
        "denoised_mse": bootstrap_mean(errors).fields,
        "denoised_psnr": {**bootstrap_mean(image_quality.psnr(errors)).fields, "unit": "dB"},
        "denoised_ssim": bootstrap_mean(similarity).fields,
    }
    return fields, {"denoised_mse": errors, "denoised_ssim": similarity}


def gain(clean: np.ndarray, corrupted: np.ndarray, restored: np.ndarray) -> dict[str, Fields]:
    """By how many decibels the signal-to-noise ratio grew, with the interval of the same images before and after.

    Returns:
        The fields of ``denoised_snr_gain``; nothing where the images were not corrupted at all.
    """
    before, after = energies(corrupted, clean), energies(restored, clean)
    if not before.any():
        return {}
    return {"denoised_snr_gain": {**decibels(before, after).fields, "unit": "dB"}}


class Measured:
    """Metrics and values image by image, gathered over the corruptions of one model or control.

    Args:
        metric: a maker of its metrics, see `subject.metric_of`.
        stated: the standard deviation of the noise whose metrics are given without conditions as well.
    """

    def __init__(self, metric: Callable[..., Metric], stated: float) -> None:
        self.metrics: list[Metric] = []
        self.items: dict[str, np.ndarray] = {}
        self._metric, self._stated = metric, stated

    def add(self, kind: str, amount: float, fields: Mapping[str, Fields], items: Mapping[str, np.ndarray]) -> None:
        """Take what was measured under one corruption."""
        conditions: list[dict[str, float]] = [{kind: amount}]
        if (kind, amount) == ("noise", self._stated):
            conditions.insert(0, {})
        for condition in conditions:
            self.metrics += [self._metric(name, **found, conditions=condition) for name, found in fields.items()]
            self.items |= {item_name(name, condition): values for name, values in items.items()}


def item_name(quantity: str, condition: Mapping[str, float]) -> str:
    """The name of a quantity's values image by image: ``denoised_mse``, or ``denoised_mse.noise=0.3``."""
    return ".".join([quantity, *(condition_name(kind, amount) for kind, amount in condition.items())])


def read_item_name(name: str) -> tuple[str, dict[str, float]]:
    """Quantity and conditions of what `item_name` gave."""
    quantity, separator, told = name.partition(".")
    if not separator:
        return quantity, {}
    kind, _, amount = told.partition("=")
    return quantity, {kind: float(amount)}
