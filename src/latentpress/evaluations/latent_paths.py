"""What lies between the codes of images: straight lines of the latent space, and a plane through three of its codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from latentpress.engine.stage import Result, Task
from latentpress.errors import SettingsError
from latentpress.evaluations import nearest
from latentpress.evaluations.interpolation import choose_pairs, varied_first
from latentpress.evaluations.pairing import ITEMS
from latentpress.evaluations.path_measures import (
    Midpoints,
    lengths,
    midpoint_ratios,
    third_class_share,
    without_path,
)
from latentpress.evaluations.subject import Split, class_names, deliver, metric_of, read_split
from latentpress.figure_data import Figure
from latentpress.finite import check_finite
from latentpress.metrics import Metric
from latentpress.models.loading import load_model
from latentpress.statistics import bootstrap_mean

SCOPE = "model"
NEEDS = ("data", "codes", "model")
SETTINGS = {
    "pairs": 100,  # measured
    "steps": 16,  # of each of their paths
    "shown": 4,  # pairs in the figure
    "columns": 9,  # of the figure of lines
    "plane": 7,  # rows and columns of the figure of the plane
    "references": 5000,  # training images that a midpoint may be near to, and training codes that may be neighbours
    "neighbours": 10,
}
SMOKE = {"pairs": 10, "steps": 8, "references": 300}
SECONDS = 4.0
BACKEND = True
TITLE = "Paths through the latent space"

SEED = 0  # not the model's: all models are asked for the same images
CLASSES_NEEDED = 3
"""A path between two classes can cross a third one only where there is one."""
Decode = Callable[[np.ndarray], np.ndarray]


def measure(task: Task) -> Result:
    """Measure the paths of many pairs; show some of them, and the plane through the codes of three images.

    Returns:
        Metrics with intervals over pairs; the measures pair by pair as `pairing.ITEMS`; figures ``lines`` and
        ``plane`` (the latter where there are three test images); tables ``pairs`` and ``corners``.

    Raises:
        SettingsError: there would be no pair, no path or no picture.
    """
    settings = task.settings["evaluation"]
    _check(settings)
    train, test = read_split(task, "train"), read_split(task, "test")
    pairs = choose_pairs(test.labels, len(test.images), settings["pairs"])
    if test.labels is not None:
        pairs = pairs[varied_first(test.labels[pairs])]
    model = load_model(task)
    first, second = test.images[pairs[:, 0]], test.images[pairs[:, 1]]
    start, end = (check_finite("codes of the paths' ends", model.encode(images)) for images in (first, second))
    codes = line(start, end, np.linspace(0, 1, settings["steps"] + 1))
    decoded = decode_all(model.decode, codes)
    chosen = references(len(train.images), settings["references"])

    items = lengths(decoded)
    still = without_path(start, end, decoded)
    middle = Midpoints(
        decode_all(model.decode, line(start, end, np.array([0.5])))[:, 0],
        (first + second) / 2,
        decoded[:, [0, -1]].mean(1),
    )
    items.update(midpoint_ratios(middle, train.images[chosen]))
    if test.labels is not None and train.labels is not None and len(np.unique(train.labels)) >= CLASSES_NEEDED:
        known = task.inputs["codes"].arrays("codes")["train"][chosen]
        near = nearest.votes(codes[:, 1:-1], known, train.labels[chosen], settings["neighbours"])
        items["third_class_share"] = third_class_share(near, test.labels[pairs])
    items = {name: np.where(still, np.nan, values) for name, values in items.items()}

    names = class_names(task)
    figures = {"lines": lines(model.decode, start, end, classes_of(test, names, pairs), settings)}
    corners = choose_corners(test.labels, len(test.images))
    if len(corners) == 3:
        found = check_finite("codes of the plane's corners", model.encode(test.images[corners]))
        figures["plane"] = plane(model.decode, found, settings["plane"])
    result = deliver(path_metrics(items, metric_of(task)), figures)
    result.arrays[ITEMS] = items
    result.tables["pairs"] = pairs_table(pairs, classes_of(test, names, pairs), items)
    result.tables["corners"] = corners_table(corners, classes_of(test, names, corners))
    return result


def line(start: np.ndarray, end: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    r"""Codes on the straight lines :math:`z_α = (1-α)\,z_a + α\,z_b`.

    Args:
        start, end: z_a and z_b, (pairs, code).
        alphas: (steps,).

    Returns:
        (pairs, steps, code), of the ends' type.
    """
    weights = alphas.astype(start.dtype)[:, None]
    return np.asarray((1 - weights) * start[:, None] + weights * end[:, None])


def decode_all(decode: Decode, codes: np.ndarray) -> np.ndarray:
    """Decode codes in a grid, (rows, columns, code), to images (rows, columns, H, W, C).

    Raises:
        StageError: an image is not finite.
    """
    rows, columns, size = codes.shape
    images = check_finite("decoded images of the paths", decode(codes.reshape(rows * columns, size)))
    return images.reshape(rows, columns, *images.shape[1:])


def references(count: int, wanted: int) -> np.ndarray:
    """Positions of so many of ``count`` training images, the same for all models, ascending; all where they are few."""
    drawn = np.random.default_rng(SEED).choice(count, min(count, wanted), replace=False)
    return np.sort(drawn)


def choose_corners(labels: np.ndarray | None, count: int) -> np.ndarray:
    """Three test images of three classes, or of as many as there are, the same for every model of a data set.

    Args:
        labels: classes (n,), or None.
        count: n.

    Returns:
        Their positions (3,); fewer where there are fewer images.
    """
    order = np.random.default_rng(SEED).permutation(count)
    if labels is None:
        return order[:3]
    _, first = np.unique(labels[order], return_index=True)
    fresh = np.sort(first)  # the first image of each class, in the drawn order
    rest = np.setdiff1d(np.arange(count), fresh)
    return np.asarray(order[np.concatenate([fresh, rest])[:3]])


def path_metrics(items: dict[str, np.ndarray], metric: Callable[..., Metric]) -> list[Metric]:
    """The mean of every measure with its bootstrap interval over pairs; None where it is not known of each pair."""
    return [
        metric(name, **({"value": None} if np.isnan(values).any() else bootstrap_mean(values).fields))
        for name, values in items.items()
    ]


def lines(
    decode: Decode, start: np.ndarray, end: np.ndarray, classes: np.ndarray | None, settings: dict[str, int]
) -> Figure:
    """The paths of the first pairs, one a row, named ``3 → 8`` after the classes of their ends.

    Args:
        decode: codes to images.
        start, end: codes of all pairs, (pairs, code).
        classes: names of both images' classes, (pairs, 2); None where there are none.
        settings: ``shown`` and ``columns``.
    """
    shown = min(settings["shown"], len(start))
    alphas = np.linspace(0, 1, settings["columns"])
    images = decode_all(decode, line(start[:shown], end[:shown], alphas))
    rows = (
        [" → ".join(names) for names in classes[:shown]] if classes is not None else [f"{n + 1}" for n in range(shown)]
    )
    columns = [rf"$\alpha={alpha:.3g}$" if step % 2 == 0 else "" for step, alpha in enumerate(alphas)]
    return Figure("image_grid", {"images": images}, {"row_labels": rows, "column_labels": columns})


def plane(decode: Decode, corners: np.ndarray, size: int) -> Figure:
    r"""Images of the plane through three codes, :math:`z = z_a + u\,(z_b - z_a) + v\,(z_c - z_a)`.

    u grows from 0 to 1 along the columns and v along the rows, so that the upper left, the upper right and the lower
    left image are the reconstructions of a, b and c. Where u + v ≤ 1 the codes lie inside the triangle of the three:
    they are their weighted means. The other half is beyond the line from b to c, up to z_b + z_c − z_a in the lower
    right corner: it continues the directions and is spanned by no codes of images.

    Args:
        decode: codes to images.
        corners: z_a, z_b and z_c, (3, code).
        size: rows, and columns.
    """
    a, b, c = corners
    shares = np.linspace(0, 1, size, dtype=corners.dtype)
    u, v = shares[None, :, None], shares[:, None, None]
    images = decode_all(decode, a + u * (b - a) + v * (c - a))
    labels = [f"{share:.3g}" if step * 2 % (size - 1) == 0 else "" for step, share in enumerate(shares)]
    rows, columns = ([f"${name}={text}$" if text else "" for text in labels] for name in "vu")
    return Figure("image_grid", {"images": images}, {"row_labels": rows, "column_labels": columns})


def classes_of(split: Split, names: list[str], positions: np.ndarray) -> np.ndarray | None:
    """Names of the classes of images, laid out as their positions are; None where they have no classes."""
    return None if split.labels is None else np.asarray(names, dtype=object)[split.labels[positions]]


def pairs_table(pairs: np.ndarray, classes: np.ndarray | None, items: dict[str, np.ndarray]) -> pd.DataFrame:
    """One row a pair, in the order of the figure: its classes, its positions in the test split, its measures."""
    table = pd.DataFrame({"pair": np.arange(len(pairs))})
    for side, name in enumerate("ab"):
        if classes is not None:
            table[f"class_{name}"] = classes[:, side]
        table[f"index_{name}"] = pairs[:, side]
    return table.assign(**items)


def corners_table(corners: np.ndarray, classes: np.ndarray | None) -> pd.DataFrame:
    """The images a, b and c of the plane: their positions in the test split, and their classes."""
    table = pd.DataFrame({"corner": list("abc")[: len(corners)], "index": corners})
    return table if classes is None else table.assign(**{"class": classes})


LEAST = {"pairs": 1, "steps": 2, "shown": 1, "columns": 2, "plane": 2, "references": 1, "neighbours": 1}


def _check(settings: Mapping[str, Any]) -> None:
    for key, least in LEAST.items():
        if settings[key] < least:
            raise SettingsError(
                f'evaluation "latent_paths": {key}: found {settings[key]}, expected at least {least}',
                f"Correct {key} in report.toml.",
            )
