"""What restores images without a network, each tuned on validation images for each corruption and measure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from latentpress.engine.stage import Result, Task
from latentpress.errors import SettingsError
from latentpress.evaluations import denoisers
from latentpress.evaluations.corruptions import (
    IMAGES_SEED,
    TEST_SEED,
    VALIDATION_SEED,
    chosen_images,
    corrupt,
    wanted_corruptions,
)
from latentpress.evaluations.denoised import STATED, Measured, gain, in_words, noise_of, quality
from latentpress.evaluations.denoiser_tuning import controls, tune
from latentpress.evaluations.pairing import ITEMS
from latentpress.evaluations.reconstruction import shown_images
from latentpress.evaluations.signal import signal_to_noise
from latentpress.evaluations.subject import Split, class_names, deliver, metric_of, read_split
from latentpress.figure_data import Figure
from latentpress.metrics import Metric

SCOPE = "data"
NEEDS = ("data",)
SETTINGS = {
    "noise": [0.1, 0.2, 0.3, 0.4, 0.5],  # this and the next six as of the evaluation denoising
    "stated_noise": 0.2,
    "clipped": True,
    "salt_and_pepper": [0.1],
    "blur": [1.0],
    "masking": [10],
    "images": 1000,
    "tuned_on": 100,  # validation images
    "components": 64,  # the size of the models' codes
    "levels": True,  # whether the grey levels that become black and white are tuned, too
    "fitted_on": 10000,  # training images that the principal components are of
    "shown": 10,
}
EMBEDDED = {"images": 300, "tuned_on": 12}  # copies of some 300 originals, and of some 150
SMOKE = {"noise": [0.1, 0.2], "images": 60, "tuned_on": 10, "fitted_on": 300}
SECONDS = 55.0
BACKEND = False
TITLE = "Denoising without a network"

INPUT = "noisy_input"


def measure(task: Task) -> Result:
    """What controls make of corrupted test images, with the parameters that suit each corruption best; and a figure.

    Raises:
        SettingsError: the corruptions mean nothing, or a number of images or components is below 1.
    """
    settings = task.settings["evaluation"]
    test, validation = read_split(task, "test"), read_split(task, "validation")
    corruptions = wanted_corruptions("denoising_controls", settings, test.images.shape[1:])
    _check(settings)
    chosen = chosen_images(len(test.images), settings["images"])
    clean = test.images[chosen]
    known = validation.images[chosen_images(len(validation.images), settings["tuned_on"])]
    components = denoisers.PrincipalComponents(_training_images(task, settings["fitted_on"]), settings["components"])

    measured: dict[str, Measured] = {}
    rows: list[dict[str, Any]] = []

    def of(name: str) -> Measured:
        return measured.setdefault(name, Measured(metric_of(task, model=name), settings["stated_noise"]))

    for kind, amount in corruptions:
        corrupted = corrupt(clean, kind, amount, settings["clipped"], TEST_SEED)
        tried = corrupt(known, kind, amount, settings["clipped"], VALIDATION_SEED)
        of(INPUT).add(kind, amount, *quality(clean, corrupted))
        for control in controls(float(np.std(tried - known)), components, settings["components"]):
            best = tune(control, known, tried, settings["levels"])
            restored = control.apply(corrupted, best["mse"].choice)
            same = best["mse"].choice == best["ssim"].choice
            alike = None if same else control.apply(corrupted, best["ssim"].choice)
            fields, items = quality(clean, restored, alike)
            of(control.name).add(kind, amount, {**fields, **gain(clean, corrupted, restored)}, items)
            rows += [
                {
                    "corruption": kind.replace("_", " "),
                    "amount": amount,
                    "control": in_words(control.name),
                    "tuned_for": wanted.upper(),
                    "parameter": control.parameter,
                    "value": found.choice.value,
                    "black": found.choice.black,
                    "white": found.choice.white,
                    "validation_score": found.score,
                }
                for wanted, found in best.items()
            ]
    metrics = [metric for found in measured.values() for metric in found.metrics]
    metrics += other_noise(task, clean, settings)
    split = Split(clean, None if test.labels is None else test.labels[chosen])
    result = deliver(metrics, {"corruptions": examples(task, split, corruptions)})
    result.arrays |= {f"{ITEMS}.{name}": found.items for name, found in measured.items()}
    table = pd.DataFrame(rows)
    result.tables["parameters"] = table
    result.tables |= {
        f"parameters_{wanted}": table[table["tuned_for"] == wanted.upper()].reset_index(drop=True)
        for wanted in ("mse", "ssim")
    }
    result.values[STATED] = noise_of(settings)
    return result


def other_noise(task: Task, clean: np.ndarray, settings: dict[str, Any]) -> list[Metric]:
    """The noisy input's signal-to-noise ratio, were the stated noise clipped where it is not, or not where it is."""
    clipped = not settings["clipped"]
    noisy = corrupt(clean, "noise", settings["stated_noise"], clipped, TEST_SEED)
    conditions = {"noise": settings["stated_noise"], "clipped": "yes" if clipped else "no"}
    ratio = signal_to_noise(clean, noisy).fields
    return [metric_of(task, model=INPUT)("denoised_snr", **ratio, unit="dB", conditions=conditions)]


def examples(task: Task, test: Split, corruptions: Sequence[tuple[str, float]]) -> Figure:
    """Test images as they are, and under every corruption but noise, which is shown at the stated level alone.

    Noise that is not clipped leaves the range of grey levels. It is drawn on a scale of its own, since it would else
    look as clipped noise does.
    """
    settings = task.settings["evaluation"]
    shown = shown_images(test.labels, len(test.images), settings["shown"])

    def corrupted(kind: str, amount: float, clipped: bool = True) -> np.ndarray:
        return np.asarray(corrupt(test.images, kind, amount, clipped, TEST_SEED)[shown])

    level = settings["stated_noise"]
    unclipped = corrupted("noise", level, clipped=False)
    low, high = float(unclipped.min()), float(unclipped.max())
    rows = {
        "clean": test.images[shown],
        f"noise, $\\sigma$ = {level:g}, clipped": corrupted("noise", level),
        "not clipped, own scale": (unclipped - low) / ((high - low) or 1.0),
    }
    words = {"salt_and_pepper": "salt and pepper, {:g}", "blur": "blur, {:g} px", "masking": "masking, {:g} px"}
    for kind, amount in corruptions:
        if kind in words:
            rows[words[kind].format(amount)] = corrupted(kind, amount)
    options = {"row_labels": list(rows)}
    names = class_names(task)
    if test.labels is not None and names:
        options["column_labels"] = [names[label] for label in test.labels[shown]]
    return Figure("image_grid", {"images": np.stack(list(rows.values()))}, options)


def _training_images(task: Task, wanted: int) -> np.ndarray:
    """Some of the training images, which need not all be turned into floating point for this: float32 (n, H, W, C)."""
    pixels = task.inputs["data"].arrays("images")["train"]
    chosen = np.sort(np.random.default_rng(IMAGES_SEED).permutation(len(pixels))[:wanted])
    return np.asarray(pixels[chosen].astype(np.float32) / np.float32(255))


def _check(settings: dict[str, Any]) -> None:
    for key in ("tuned_on", "components", "fitted_on"):
        if settings[key] < 1:
            raise SettingsError(
                f'evaluation "denoising_controls": {key}: found {settings[key]}, expected at least 1',
                f"Correct {key} in report.toml.",
            )
