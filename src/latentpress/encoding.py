"""Stage: encode a data set once per trained model, and reconstruct its test split."""

from __future__ import annotations

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.finite import check_finite
from latentpress.models.loading import restore
from latentpress.subsets import first_images


def encode(task: Task) -> Result:
    """Codes of all splits and reconstructions of the test split.

    Args:
        task: inputs ``data`` and ``model``; settings ``model``, ``objective``, ``precision``, and ``images``, where the
            model was trained on the first so many: of training and validation split only what it saw is encoded.

    Returns:
        arrays ``codes`` {split: float32 (n, code)} and ``reconstructions`` float32 (n_test, H, W, C); for a
        variational model also ``posterior`` {mean, log_variance} of the test split.

    Raises:
        StageError: a code or a reconstruction is no finite number, so that there is nothing to measure.
    """
    settings = task.settings
    model = restore(task.inputs["model"], settings["model"], settings["objective"], settings["precision"])
    pixels = task.inputs["data"].arrays("images")
    used = first_images(settings.get("images"), {split: len(pixels[split]) for split in ("train", "validation")})
    images = {split: found[: used.get(split)].astype("float32") / 255.0 for split, found in pixels.items()}
    # The codes on which the decoder was trained alone are those of the finished encoder.
    trained = task.inputs["model"]
    known = trained.arrays("codes") if "codes.npz" in trained.names() else {}
    codes = {
        split: known[split] if len(known.get(split, [])) == len(found) else model.encode(found)
        for split, found in images.items()
    }
    reconstructions = model.decode(codes["test"])
    for split, found in codes.items():
        check_finite(f"codes of the {split} split", found)
    check_finite("reconstructions of the test split", reconstructions)
    arrays: dict[str, np.ndarray | dict[str, np.ndarray]] = {"codes": codes, "reconstructions": reconstructions}
    if model.variational:
        mean, log_variance = model.posterior(images["test"])
        arrays["posterior"] = {"mean": mean, "log_variance": log_variance}
    return Result(arrays=arrays)
