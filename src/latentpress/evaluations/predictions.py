"""Every test image beside what the model makes of it, as one file of comma-separated values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.errors import StageError
from latentpress.evaluations.subject import class_names, deliver, metric_of
from latentpress.figure_data import Figure

SCOPE = "model"
NEEDS = ("data", "codes")
SETTINGS = {"shown": 12, "rows": None}  # images in the figure; the first so many test images, or all where it is unset
SECONDS = 10.0
BACKEND = False
TITLE = "Predictions"

FILE = "predictions.csv"
BLOCK = 500
"""Images whose text is put together at a time, so that memory does not grow with the split."""
STEPS = 10_000
"""Reconstructed pixels are written in steps of one over this: with 4 decimals."""


def measure(task: Task) -> Result:
    """The file of all pixels, and a figure of some originals above their reconstructions.

    Returns:
        The file ``predictions.csv``: one line for each test image, with the columns ``row_id`` (its index in the test
        split, from 0), ``orig_px0``, ``recon_px0``, ``orig_px1``, ``recon_px1``, … over the pixels in the order height,
        width, channel. Originals are bytes over 255 with at most 6 decimals, so that 255 times the number, rounded, is
        the byte again. Reconstructions have 4 decimals, which are off by at most 0.00005; a mean squared error that is
        computed from the file is therefore off by about 1e-9. The metric ``predicted_images`` counts the lines.

    Raises:
        StageError: the setting ``rows`` is no number of images.
    """
    settings = task.settings["evaluation"]
    data = task.inputs["data"]
    test = data.arrays("images")["test"]
    used = number_of_rows(settings["rows"], len(test))
    originals, restored = test[:used], task.inputs["codes"].array("reconstructions")[:used]
    labels = data.arrays("labels")["test"][:used] if "labels.npz" in data.names() else None
    shown = shown_rows(labels, used, settings["shown"])
    options: dict[str, Any] = {"row_labels": ["original", "output"]}
    if labels is not None and (names := class_names(task)):
        options["column_labels"] = [names[label] for label in labels[shown]]
    grid = np.stack([originals[shown].astype(np.float32) / np.float32(255), restored[shown]])
    metrics = [metric_of(task)("predicted_images", used)]
    result = deliver(metrics, {"reconstructions": Figure("image_grid", {"images": grid}, options)})
    result.files[FILE] = b"".join(lines(originals, restored))
    return result


def number_of_rows(wanted: Any, count: int) -> int:
    """How many of the test images are written: as many as are wanted and there; all where nothing is said.

    Raises:
        StageError: what is wanted is no number of images.
    """
    if wanted is None:
        return count
    if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 1:
        raise StageError(
            f"the evaluation predictions: rows: found {wanted!r}, expected a number of images, at least 1",
            "Leave rows out of the report's settings to write them all.",
        )
    return min(wanted, count)


def lines(originals: np.ndarray, restored: np.ndarray) -> Iterator[bytes]:
    """The file, in parts: its header, then blocks of lines.

    Args:
        originals: uint8 (n, H, W, C).
        restored: float (n, H, W, C), finite.
    """
    count, pixels = len(originals), int(np.prod(originals.shape[1:]))
    yield ",".join(["row_id", *(f"{kind}_px{n}" for n in range(pixels) for kind in ("orig", "recon"))]).encode() + b"\n"
    bytes_as_text = [f"{byte / 255:.6f}".rstrip("0").rstrip(".") for byte in range(256)]
    for start in range(0, count, BLOCK):
        block = originals[start : start + BLOCK].reshape(-1, pixels)
        steps = np.rint(restored[start : start + BLOCK].reshape(-1, pixels).astype(np.float64) * STEPS).astype(np.int64)
        # Of the millions of numbers few differ: each is put into words once, and then looked up.
        known, places = np.unique(steps, return_inverse=True)
        texts = bytes_as_text + [f"{step / STEPS:.4f}" for step in known.tolist()]
        paired = np.stack([block, places.reshape(steps.shape) + len(bytes_as_text)], axis=-1).reshape(len(block), -1)
        rows = (
            f"{start + index},{','.join(map(texts.__getitem__, row))}\n" for index, row in enumerate(paired.tolist())
        )
        yield "".join(rows).encode()


def shown_rows(labels: np.ndarray | None, count: int, shown: int) -> np.ndarray:
    """Which images the figure shows.

    Args:
        labels: classes (n,), or None.
        count: n.
        shown: how many.

    Returns:
        Indices: the first image of every class, then some spread evenly over the others; where there are no classes, or
        more than are shown, images spread evenly over all.
    """
    if labels is not None:
        first = np.unique(labels, return_index=True)[1]
        if len(first) <= shown:
            others = np.setdiff1d(np.arange(count), first)
            return np.concatenate([first, _spread(others, shown - len(first))])
    return _spread(np.arange(count), shown)


def _spread(indices: np.ndarray, wanted: int) -> np.ndarray:
    """As many of some indices as are wanted and there, from the first to the last."""
    places = np.linspace(0, len(indices) - 1, min(wanted, len(indices))).round().astype(int)
    return np.asarray(indices[places])
