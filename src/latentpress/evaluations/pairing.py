"""Differences between models that answered for the same items: images of the test split, or pairs of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations, product

import numpy as np

from latentpress.engine.stage import Task
from latentpress.evaluations.blocks import block_bootstrap_mean
from latentpress.statistics import paired_bootstrap

ITEMS = "items"
"""Name of the arrays that an evaluation leaves for its comparison: quantity to values, the items first."""

LIKELIHOOD = "likelihood"
"""Name of the value by which an evaluation says which likelihood its nats are of; those of two have no difference."""

Items = Mapping[str, np.ndarray]


def items_of(task: Task, evaluation: str) -> dict[str, Items]:
    """What an evaluation measured on each item, model by model in the order of the settings."""
    return {model: task.inputs[f"{evaluation}:{model}"].arrays(ITEMS) for model in task.settings["experiments"]}


def control_items(task: Task) -> dict[str, Items]:
    """The same of the controls that need no training: ``mean_image``, ``pca_128``."""
    prefix, artifact = f"{ITEMS}.", task.inputs["controls"]
    names = sorted(name for name in artifact.names() if name.startswith(prefix))
    arrays = [name.removesuffix(".npz") for name in names]
    return {name.removeprefix(prefix): artifact.arrays(name) for name in arrays}


def each_pair(models: Mapping[str, Items], controls: Mapping[str, Items]) -> Iterator[tuple[str, Items, Items]]:
    """Every two models in either order, and every model with every control: ``("sparse_vs_plain", items, items)``."""
    for a, b in permutations(models, 2):
        yield f"{a}_vs_{b}", models[a], models[b]
    for a, b in product(models, controls):
        yield f"{a}_vs_{b}", models[a], controls[b]


def mean_difference(a: np.ndarray, b: np.ndarray, block: int = 1) -> dict[str, float | None]:
    """Mean of a − b over the items with its paired bootstrap interval, as the fields of a metric.

    Args:
        a, b: of the same items, each (n,).
        block: consecutive items that are resampled together, for the frames of a video.

    Returns:
        Nothing but ``value: None`` where an item has no finite value, as a PSNR of two equal images.
    """
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return {"value": None}
    return (paired_bootstrap(a, b) if block < 2 else block_bootstrap_mean(a - b, block)).fields
