"""What a model made of noisy images after each of the epochs whose weights its training has kept."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from latentpress.engine.stage import Result, Task
from latentpress.errors import SettingsError
from latentpress.evaluations import image_quality
from latentpress.evaluations.corruptions import TEST_SEED, chosen_images, corrupt
from latentpress.evaluations.reconstruction import shown_images
from latentpress.evaluations.signal import signal_to_noise
from latentpress.evaluations.subject import class_names, deliver, metric_of, read_split
from latentpress.figure_data import Figure
from latentpress.finite import check_finite
from latentpress.models.loading import load_model
from latentpress.statistics import bootstrap_mean

SCOPE = "model"
NEEDS = ("data", "model")
SETTINGS = {"stated_noise": 0.2, "clipped": True, "images": 500, "shown": 10}
EMBEDDED = {"images": 300}
SMOKE = {"images": 60}
SECONDS = 4.0
BACKEND = True
TITLE = "Outputs in the course of the training"

DIGITS = {"epoch_snr": 2, "epoch_mse": 6, "epoch_ssim": 3}
"""Of the table, which is for people; the metrics have them all."""


def measure(task: Task) -> Result:
    """Denoise the same test images with the weights of every kept epoch, and with those that the training ended with.

    Returns:
        Metrics ``epoch_snr``, ``epoch_mse`` and ``epoch_ssim`` under the condition ``epoch``, table ``epochs``, and the
        figure ``outputs``: a row for the clean and the noisy images, and one for each epoch.

    Raises:
        SettingsError: no image is wanted, or the noise means nothing.
    """
    settings = task.settings["evaluation"]
    for key, least in (("images", 1), ("shown", 1), ("stated_noise", 0)):
        if not least <= settings[key] < math.inf:
            raise SettingsError(
                f'evaluation "training_progress": {key}: found {settings[key]:g}, expected at least {least}',
                f"Correct {key} in report.toml.",
            )
    training = task.inputs["model"].json("training")
    test = read_split(task, "test")
    chosen = chosen_images(len(test.images), settings["images"])
    images, labels = test.images[chosen], None if test.labels is None else test.labels[chosen]
    noisy = corrupt(images, "noise", settings["stated_noise"], settings["clipped"], TEST_SEED)
    shown = shown_images(labels, len(images), settings["shown"])

    epochs = {int(epoch): f"weights_epoch_{epoch}" for epoch in training["kept_epochs"]}
    epochs[int(training["kept_epoch"])] = "weights"
    metric = metric_of(task)
    metrics, rows = [], [images[shown], np.clip(noisy[shown], 0.0, 1.0)]
    records = []
    for epoch in sorted(epochs):
        model = load_model(task, epochs[epoch])
        denoised = model.decode(model.encode(noisy))
        check_finite(f"images denoised after epoch {epoch}", denoised)
        errors = image_quality.mean_squared_error(images, denoised)
        found = {
            "epoch_snr": (signal_to_noise(images, denoised), "dB"),
            "epoch_mse": (bootstrap_mean(errors), ""),
            "epoch_ssim": (bootstrap_mean(image_quality.ssim(images, denoised)), ""),
        }
        metrics += [
            metric(name, **interval.fields, unit=unit, conditions={"epoch": epoch})
            for name, (interval, unit) in found.items()
        ]
        records.append(
            {"epoch": epoch, **{name: round(found[name][0].value, digits) for name, digits in DIGITS.items()}}
        )
        rows.append(denoised[shown])
    options = {"row_labels": ["clean", "noisy", *(f"epoch {epoch}" for epoch in sorted(epochs))]}
    names = class_names(task)
    if labels is not None and names:
        options["column_labels"] = [names[label] for label in labels[shown]]
    result = deliver(metrics, {"outputs": Figure("image_grid", {"images": np.stack(rows)}, options)})
    result.tables["epochs"] = pd.DataFrame(records)
    return result
