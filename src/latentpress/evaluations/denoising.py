"""How well a model restores images: what it makes of noise, salt and pepper, blur and masking."""

from __future__ import annotations

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.corruptions import TEST_SEED, chosen_images, corrupt, wanted_corruptions
from latentpress.evaluations.denoised import STATED, Measured, gain, noise_of, quality
from latentpress.evaluations.pairing import ITEMS
from latentpress.evaluations.reconstruction import shown_images
from latentpress.evaluations.subject import class_names, deliver, metric_of, read_split
from latentpress.figure_data import Figure
from latentpress.finite import check_finite
from latentpress.models.loading import load_model

SCOPE = "model"
NEEDS = ("data", "model")
SETTINGS = {
    "noise": [0.1, 0.2, 0.3, 0.4, 0.5],  # standard deviations of a pixel, where black is 0 and white 1
    "stated_noise": 0.2,  # that of the headline, which is given without conditions as well
    "clipped": True,  # whether noisy pixels are brought back into [0, 1]
    "salt_and_pepper": [0.1],  # shares of pixels
    "blur": [1.0],  # standard deviations, in pixels
    "masking": [10],  # sides of a black square, in pixels
    "images": 1000,
    "shown": 10,
}
EMBEDDED = {"images": 300}  # its test images are copies of some 300
SMOKE = {"noise": [0.1, 0.2], "images": 60}
SECONDS = 8.0
BACKEND = True
TITLE = "Denoising"


def measure(task: Task) -> Result:
    """Signal-to-noise ratio, MSE, PSNR and SSIM of restored test images under every corruption, and a figure of some.

    Raises:
        SettingsError: the corruptions mean nothing, see `corruptions.wanted_corruptions`.
        StageError: the model gives numbers that are none.
    """
    settings = task.settings["evaluation"]
    test = read_split(task, "test")
    corruptions = wanted_corruptions("denoising", settings, test.images.shape[1:])
    chosen = chosen_images(len(test.images), settings["images"])
    clean = test.images[chosen]
    labels = None if test.labels is None else test.labels[chosen]
    shown = shown_images(labels, len(clean), settings["shown"])
    model = load_model(task)
    measured = Measured(metric_of(task), settings["stated_noise"])
    figures: dict[str, Figure] = {}
    for kind, amount in corruptions:
        corrupted = corrupt(clean, kind, amount, settings["clipped"], TEST_SEED)
        restored = check_finite("restored images", model.decode(model.encode(corrupted)))
        fields, items = quality(clean, restored)
        measured.add(kind, amount, {**fields, **gain(clean, corrupted, restored)}, items)
        if (kind, amount) == ("noise", settings["stated_noise"]):
            rows = np.stack([clean[shown], np.clip(corrupted[shown], 0, 1), restored[shown]])
            options = {"row_labels": ["clean", "noisy", "denoised"]}
            names = class_names(task)
            if labels is not None and names:
                options["column_labels"] = [names[label] for label in labels[shown]]
            figures["denoised"] = Figure("image_grid", {"images": rows}, options)
    result = deliver(measured.metrics, figures)
    result.values[STATED] = noise_of(settings)
    result.arrays[ITEMS] = measured.items
    return result
