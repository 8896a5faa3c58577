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
SETTINGS = {"dimension": 4, "lowest": 0.02, "steps": 9, "image": 0}
SECONDS = 0.5
BACKEND = True
TITLE = "Latent traversal"

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
    order = np.argsort(-gaussians.kl_by_dimension(mean, log_variance).mean(axis=0), kind="stable")
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
    return deliver(metrics, figures)


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
