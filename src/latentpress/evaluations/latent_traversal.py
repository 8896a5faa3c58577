"""What each dimension of the code draws: one is varied while the others stay."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

from latentpress.engine.stage import Result, Task
from latentpress.evaluations import gaussians
from latentpress.evaluations.subject import deliver, metric_of, read_split
from latentpress.figure_data import Figure
from latentpress.finite import check_finite
from latentpress.models.loading import load_model

SCOPE = "model"
NEEDS = ("data", "model")
SETTINGS = {"dimension": 4, "lowest": 0.02, "steps": 9, "slides": 21, "image": 0}
SECONDS = 0.5
BACKEND = True
TITLE = "Latent traversal"

SLIDES = "slides"
MOST_ROWS = 12  # beyond them the rows are laid out in two blocks


def measure(task: Task) -> Result:
    """Traverse every dimension around one encoded test image; one dimension beside the most informative one."""
    settings = task.settings["evaluation"]
    test = read_split(task, "test").images
    model = load_model(task)
    mean, log_variance = (check_finite("posterior of the test split", part) for part in model.posterior(test))
    shares = prior_shares(settings["lowest"], settings["steps"])
    values = ndtri(shares).astype(np.float32)
    images = traverse(mean[settings["image"]], values, model.decode)
    kl = gaussians.kl_by_dimension(mean, log_variance).mean(axis=0)
    order = np.argsort(-kl, kind="stable")
    metric = metric_of(task)
    metrics = [
        metric("traversal_change", change, conditions={"dimension": dimension})
        for dimension, change in enumerate(changes(images))
    ]
    columns = [f"{100 * share:.3g}\u2009%" for share in shares]
    shown = list(dict.fromkeys([settings["dimension"], int(order[0])]))
    figures = {
        "dimension": Figure(
            "image_grid",
            {"images": images[shown]},
            {"row_labels": [f"$z_{{{dimension}}}$" for dimension in shown], "column_labels": columns},
        ),
        "all_dimensions": Figure(
            "image_grid",
            {"images": images[order]},
            {
                "row_labels": [f"$z_{{{dimension}}}$" for dimension in order],
                "column_labels": columns,
                "blocks": 2 if len(order) > MOST_ROWS else 1,
            },
        ),
    }
    result = deliver(metrics, figures)
    fine = prior_shares(settings["lowest"], settings["slides"])
    result.arrays[SLIDES] = slides(mean[settings["image"]], fine, model.decode, order, kl[order])
    return result


def slides(
    code: np.ndarray, shares: np.ndarray, decode: Callable[[np.ndarray], np.ndarray], order: np.ndarray, kl: np.ndarray
) -> dict[str, np.ndarray]:
    """The traversals in small steps, for a slider.

    Args:
        code, decode: as for `traverse`.
        shares: of the prior below each value, (slides,).
        order: dimensions, the most informative first, (code,).
        kl: divergence of each of them from the prior in nats, in the same order.

    Returns:
        ``images`` uint8 (code, slides, H, W, C), ``shares`` and ``values`` (slides,), ``order``, ``kl`` and ``start``,
        what the image's own code has in each of these dimensions, (code,).
    """
    values = ndtri(shares).astype(np.float32)
    images = np.clip(traverse(code, values, decode)[order], 0.0, 1.0)
    found = {"images": np.round(images * 255).astype(np.uint8), "shares": shares, "values": values}
    return {**found, "order": order.astype(np.int64), "kl": kl, "start": code[order]}


def prior_shares(lowest: float, steps: int) -> np.ndarray:
    """Evenly spaced shares of the prior, that lie below the values of a traversal: each step skips as many codes.

    Args:
        lowest: the first share, between 0 and 0.5; as much of the prior lies above the last value.
        steps: values.

    Returns:
        float64 (steps,).
    """
    return np.linspace(lowest, 1 - lowest, steps)


def traverse(code: np.ndarray, values: np.ndarray, decode: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Decode a code with one dimension after the other set to each value.

    Args:
        code: of the image to start from, (code,).
        values: that each dimension takes, (steps,).
        decode: codes (n, code) to images (n, H, W, C).

    Returns:
        Images (code, steps, H, W, C).
    """
    size, steps = len(code), len(values)
    codes = np.tile(code, (size, steps, 1))
    dimensions = np.arange(size)
    codes[dimensions, :, dimensions] = values
    images = decode(codes.reshape(size * steps, size))
    return images.reshape(size, steps, *images.shape[1:])


def changes(images: np.ndarray) -> list[float]:
    """Mean absolute change of a pixel from the first value of each dimension to the last.

    Args:
        images: (code, steps, H, W, C).
    """
    difference = np.abs(images[:, -1].astype(np.float64) - images[:, 0])
    return [float(change) for change in difference.reshape(len(images), -1).mean(axis=1)]
