"""How well the test images come back."""

from __future__ import annotations

from typing import Any

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.evaluations import image_quality
from latentpress.evaluations.blocks import mean_over_images
from latentpress.evaluations.pairing import ITEMS
from latentpress.evaluations.subject import class_names, deliver, metric_of, read_split
from latentpress.figure_data import Figure
from latentpress.statistics import Interval

SCOPE = "model"
NEEDS = ("data", "codes")
SETTINGS = {"shown": 10, "block": 1}  # consecutive images that are resampled together; more than one for a video
SECONDS = 3.0
BACKEND = False
TITLE = "Reconstruction"

FRAME = 3  # pixels on every side that a decoder leaves black when it pads after its last convolution
INK = 0.1  # grey level from which a pixel counts as inked


def measure(task: Task) -> Result:
    """Errors of the reconstructions, how much they vary, and images beside their reconstructions."""
    test = read_split(task, "test")
    restored = task.inputs["codes"].array("reconstructions")
    metric = metric_of(task)
    errors = image_quality.mean_squared_error(test.images, restored)
    metrics = [
        metric(name, **fields)
        for name, fields in quality(test.images, restored, task.settings["evaluation"]["block"]).items()
    ]
    codes = task.inputs["codes"].arrays("codes")["test"]
    metrics.append(metric("code_size", codes.shape[1], split=""))
    metrics.append(metric("code_variance_share", variance_share(codes)))
    shown = shown_images(test.labels, len(test.images), task.settings["evaluation"]["shown"])
    names = class_names(task)
    options = {"row_labels": ["input", "output"]}
    if test.labels is not None and names:
        options["column_labels"] = [names[label] for label in test.labels[shown]]
    grid = np.stack([test.images[shown], restored[shown]])
    result = deliver(metrics, {"reconstructions": Figure("image_grid", {"images": grid}, options)})
    result.arrays[ITEMS] = {"test_mse": errors}
    return result


def quality(images: np.ndarray, restored: np.ndarray, block: int = 1) -> dict[str, dict[str, Any]]:
    """Everything that is said of a set of reconstructions; averages over images with bootstrap intervals.

    Args:
        images, restored: (n, H, W, C) in [0, 1].
        block: as for `blocks.mean_over_images`.

    Returns:
        Quantity to the fields of its metric: MSE, PSNR averaged over images, PSNR of the mean MSE, SSIM, the
        variance of pixels across inputs and across outputs, and the ink of the frame.
    """
    errors = image_quality.mean_squared_error(images, restored)
    mse = mean_over_images(errors, block)
    return {
        "test_mse": mse.fields,
        "test_psnr": {**mean_over_images(image_quality.psnr(errors), block).fields, "unit": "dB"},
        "psnr_of_mean_mse": {**psnr_of(mse).fields, "unit": "dB"},
        "test_ssim": mean_over_images(image_quality.ssim(images, restored), block).fields,
        "input_variance": {"value": pixel_variance(images)},
        "output_variance": {"value": pixel_variance(restored)},
        "frame_ink": {"value": frame_ink(images, restored)},
    }


def psnr_of(mse: Interval) -> Interval:
    """The PSNR in decibels of a mean squared error and of the ends of its interval."""
    # Without error there is nothing to bound.
    ends = [float(image_quality.psnr(end)) if end else None for end in (mse.low, mse.high)]
    # A larger error is a smaller ratio: the ends change places.
    return Interval(float(image_quality.psnr(mse.value)), low=ends[1], high=ends[0])


def pixel_variance(images: np.ndarray) -> float:
    """Variance of each pixel across the images, averaged over the pixels; 0 for outputs that never change."""
    return float(np.mean(np.var(images, axis=0, dtype=np.float64)))


def variance_share(codes: np.ndarray) -> float:
    """Trace of the codes' covariance over their mean squared length: 0 for equal codes, 1 for centred ones.

    Args:
        codes: (n, code). No rescaling changes the share; of codes that are all 0 it is 0.
    """
    exact = codes.astype(np.float64)
    square = float(np.mean(np.sum(exact**2, axis=1)))
    return float(np.var(exact, axis=0).sum()) / square if square else 0.0


def frame_ink(images: np.ndarray, restored: np.ndarray) -> float | None:
    """Share of the ink in the outermost three pixels that the reconstructions show.

    Args:
        images, restored: (n, H, W, C) in [0, 1].

    Returns:
        Mean output over mean input at the inked pixels of the frame: about 1 when all is shown and 0 for a
        decoder with a black frame. None where the images have no ink there.
    """
    frame = np.ones(images.shape[1:3], dtype=bool)
    frame[FRAME:-FRAME, FRAME:-FRAME] = False
    inputs, outputs = images[:, frame], restored[:, frame]
    inked = inputs > INK
    if not inked.any():
        return None
    return float(outputs[inked].sum(dtype=np.float64) / inputs[inked].sum(dtype=np.float64))


def shown_images(labels: np.ndarray | None, count: int, shown: int) -> np.ndarray:
    """Indices of the images that the figure shows.

    Args:
        labels: classes (n,), or None.
        count: n.
        shown: how many.

    Returns:
        The first image of every class where there are that many classes, otherwise evenly spread ones.
    """
    if labels is not None:
        first = np.unique(labels, return_index=True)[1]
        if len(first) == shown:
            return np.asarray(first)
    return np.linspace(0, count - 1, min(shown, count)).round().astype(int)
