"""What lies between the codes of images: straight lines of the latent space, and a plane through three of its codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from latentpress.engine.stage import Result, Task
from latentpress.evaluations import nearest
from latentpress.evaluations.interpolation import choose_pairs, varied_first
from latentpress.evaluations.pairing import ITEMS
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
SAME_CODE = 1e-6
"""Share of its length by which a code differs from another through rounding alone."""
SAME_IMAGE = 0.5 / 255
"""Images that differ by less in every pixel are one: half a grey level."""

Decode = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Midpoints:
    """Images that stand for the middle between two test images, each (pairs, H, W, C).

    Attributes:
        decoded: D((z_a + z_b)/2).
        blended: (x_a + x_b)/2.
        reconstructed: (D(z_a) + D(z_b))/2.
    """

    decoded: np.ndarray
    blended: np.ndarray
    reconstructed: np.ndarray


def measure(task: Task) -> Result:
    """Measure the paths of many pairs; show some of them, and the plane through the codes of three images.

    Returns:
        Metrics with intervals over pairs; the measures pair by pair as `pairing.ITEMS`; figures ``lines`` and
        ``plane`` (the latter where there are three test images); tables ``pairs`` and ``corners``.
    """
    settings = task.settings["evaluation"]
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
    # Ends with one code, or decoded to one image, have no path and no midpoint: one grey image for all codes would be
    # nearer to the training images than many a blend.
    still = apart(start, end) <= SAME_CODE * apart(start, np.zeros_like(start))
    still |= same_images(decoded[:, 0], decoded[:, -1])
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


def apart(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """L2 distance of each image, or code, to its counterpart: (n, …) twice to float64 (n,)."""
    difference = images.astype(np.float64) - others
    return np.asarray(np.linalg.norm(difference.reshape(len(difference), -1), axis=1))


def same_images(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether no pixel of an image tells it from its counterpart: (n, …) twice to bool (n,)."""
    difference = np.abs(images.astype(np.float64) - others)
    return np.asarray(difference.reshape(len(difference), -1).max(axis=1) < SAME_IMAGE)


def lengths(decoded: np.ndarray) -> dict[str, np.ndarray]:
    r"""How long and how even the decoded paths are, in the space of pixels.

    With T steps of lengths :math:`s_t = \|x_t - x_{t-1}\|` between decoded images

    .. math:: \mathrm{path\_length\_ratio} = \frac{\sum_t s_t}{\|x_T - x_0\|}, \qquad
              \mathrm{largest\_step\_ratio} = \frac{\max_t s_t}{\frac1T \sum_t s_t}

    The first is at least 1, and 1 where the decoder blends its ends' images linearly; the second is 1 where all steps
    are equal and T where one image jumps to the other.

    Args:
        decoded: (pairs, T + 1, H, W, C).

    Returns:
        By quantity (pairs,); NaN where the ends are decoded to the same image.
    """
    pairs, points = decoded.shape[:2]
    flat = decoded.reshape(pairs, points, -1)
    steps = np.stack([apart(flat[:, step], flat[:, step + 1]) for step in range(points - 1)], axis=1)
    length, straight = steps.sum(axis=1), apart(flat[:, 0], flat[:, -1])
    known = ~same_images(flat[:, 0], flat[:, -1])
    return {
        "path_length_ratio": ratio(length, np.where(known, straight, 0)),
        "largest_step_ratio": ratio(steps.max(axis=1), np.where(known, length / (points - 1), 0)),
    }


def ratio(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Their quotient, (n,); NaN where the divisor is 0."""
    return np.asarray(np.divide(values, others, out=np.full(len(values), np.nan), where=others > 0))


def midpoint_ratios(middle: Midpoints, images: np.ndarray) -> dict[str, np.ndarray]:
    r"""Whether what is decoded halfway looks like a training image, or like a blend of two.

    With :math:`d(x) = \min_i \|x - t_i\|` over training images t

    .. math:: \mathrm{midpoint\_distance\_ratio} = \frac{d(D(\frac{z_a + z_b}2))}{d(\frac{x_a + x_b}2)}, \qquad
              \mathrm{midpoint\_reconstruction\_ratio} = \frac{d(D(\frac{z_a + z_b}2))}{d(\frac{D(z_a) + D(z_b)}2)}

    Below 1 the decoded midpoint is nearer to the data than the blend. A decoder that blurs comes nearer to everything,
    and so does its midpoint: where little of an image is ink, an empty one has a first ratio of about 0.7. The second
    ratio holds it against a blend that is blurred as well, and is 1 for a linear decoder. Only both together speak for
    midpoints that look like images of the data.

    Args:
        middle: of the pairs.
        images: t, (references, H, W, C).

    Returns:
        By quantity (pairs,); NaN where the blend is itself a training image.
    """
    decoded, blended, reconstructed = (
        nearest.distances(found, images) for found in (middle.decoded, middle.blended, middle.reconstructed)
    )
    return {
        "midpoint_distance_ratio": ratio(decoded, blended),
        "midpoint_reconstruction_ratio": ratio(decoded, reconstructed),
    }


def third_class_share(classes: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Share of a path's points, the ends left out, whose nearest training codes are of neither end's class.

    Args:
        classes: that the nearest training codes vote for, (pairs, points).
        ends: classes of both images of each pair, (pairs, 2).

    Returns:
        float64 (pairs,).
    """
    return np.asarray(((classes != ends[:, :1]) & (classes != ends[:, 1:])).mean(axis=1))


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
