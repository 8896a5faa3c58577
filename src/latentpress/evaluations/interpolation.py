"""Blending two images before the encoder against blending their codes behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from latentpress.engine.stage import Result, Task
from latentpress.evaluations import image_quality
from latentpress.evaluations.interpolation_comparison import ALPHAS
from latentpress.evaluations.pairing import ITEMS, mean_difference
from latentpress.evaluations.reconstruction import psnr_of
from latentpress.evaluations.subject import class_names, deliver, metric_of, read_split
from latentpress.figure_data import Figure
from latentpress.finite import check_finite
from latentpress.metrics import Metric
from latentpress.models.loading import load_model
from latentpress.statistics import bootstrap_mean

SCOPE = "model"
NEEDS = ("data", "model")
SETTINGS = {"pairs": 20, "shown": 4, "alphas": [0.0, 0.2, 0.4, 0.6, 0.8, 1.0], "slides": 21}
SECONDS = 3.0
BACKEND = True
TITLE = "Interpolation"

SLIDES = "slides"
PAIRS_SEED = 0  # not the model's seed: all models interpolate between the same images
STRIP_SHARE = 0.52  # of the text width; two stand side by side at 0.94 of their size
Map = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Paths:
    """Both ways from one image to another, for every pair and every α.

    Attributes:
        blended: D(E(x_α)), images blended, then encoded and decoded: (pairs, alphas, H, W, C).
        interpolated: D(z_α), codes blended, then decoded: the same shape.
        distance: ‖E(x_α) − z_α‖, (pairs, alphas).
        relative: the same as a share of ‖z_a − z_b‖; NaN where the two codes are equal.
    """

    blended: np.ndarray
    interpolated: np.ndarray
    distance: np.ndarray
    relative: np.ndarray

    @property
    def errors(self) -> np.ndarray:
        """MSE between both images of every pair and α: (pairs, alphas)."""
        flat = [images.reshape(-1, *images.shape[2:]) for images in (self.blended, self.interpolated)]
        return image_quality.mean_squared_error(*flat).reshape(self.blended.shape[:2])

    @property
    def similarity(self) -> np.ndarray:
        """SSIM between both images of every pair and α: (pairs, alphas)."""
        flat = [images.reshape(-1, *images.shape[2:]) for images in (self.blended, self.interpolated)]
        return image_quality.ssim(*flat).reshape(self.blended.shape[:2])


def measure(task: Task) -> Result:
    """PSNR, SSIM and latent distance by α, the table of pairs, and strips of some of them."""
    settings = task.settings["evaluation"]
    alphas = settings["alphas"]
    test = read_split(task, "test")
    pairs = choose_pairs(test.labels, len(test.images), settings["pairs"])
    if test.labels is not None:
        pairs = pairs[varied_first(test.labels[pairs])]
    model = load_model(task)
    first, second = test.images[pairs[:, 0]], test.images[pairs[:, 1]]
    paths = interpolate(model.encode, model.decode, first, second, alphas)
    check_finite("decoded images of the paths", paths.interpolated)
    names = class_names(task)
    digits = [[names[label] for label in row] for row in test.labels[pairs]] if test.labels is not None else None
    strips = {f"pair_{pair}": strip(paths, pair, alphas) for pair in range(min(settings["shown"], len(pairs)))}
    metric = metric_of(task)
    result = deliver([*path_metrics(paths, alphas, metric), *alpha_differences(paths, alphas, metric)], strips)
    result.arrays[ITEMS] = {**by_pair(paths), ALPHAS: np.asarray(alphas, dtype=np.float64)}
    seen = slice(len(strips))
    result.arrays[SLIDES] = slides(model.encode, model.decode, first[seen], second[seen], settings["slides"])
    result.tables["pairs"] = pairs_table(pairs, digits, paths, alphas)
    return result


def choose_pairs(labels: np.ndarray | None, count: int, pairs: int) -> np.ndarray:
    """Draw pairs of images of different classes, the same for every model of a data set.

    Args:
        labels: classes (n,); None where every image counts as a class of its own, as it does where all are of one.
        count: n.
        pairs: how many.

    Returns:
        Indices (pairs, 2).
    """
    classes = np.arange(count) if labels is None or len(np.unique(labels)) < 2 else labels
    generator = np.random.default_rng(PAIRS_SEED)
    first = generator.choice(count, pairs, replace=pairs > count)
    second = [generator.choice(np.flatnonzero(classes != classes[index])) for index in first]
    return np.stack([first, second], axis=1)


def varied_first(classes: np.ndarray) -> list[int]:
    """An order of pairs in which those come first that show classes, and ways from class to class, not shown before.

    The figure shows the first pairs, and drawn at random four may well be of the same two digits.

    Args:
        classes: of both images of each pair, (pairs, 2).

    Returns:
        Indices of all pairs; of equally good ones the first drawn comes first.
    """
    left, order = list(range(len(classes))), []
    starts: set[int] = set()
    ends: set[int] = set()
    ways: set[tuple[int, int]] = set()
    while left:
        ranks = [
            ((a, b) in ways or (b, a) in ways, (a in starts) + (b in ends), (a in ends) + (b in starts))
            for a, b in classes[left].tolist()
        ]
        index = left.pop(ranks.index(min(ranks)))
        a, b = classes[index].tolist()
        starts.add(a)
        ends.add(b)
        ways.add((a, b))
        order.append(index)
    return order


def interpolate(encode: Map, decode: Map, first: np.ndarray, second: np.ndarray, alphas: Sequence[float]) -> Paths:
    r"""Follow both paths between images a and b.

    .. math:: x_α = (1-α)\,x_a + α\,x_b, \qquad z_α = (1-α)\,E(x_a) + α\,E(x_b)

    At α = 0 and 1 both paths meet by construction; there they are computed once, so that no rounding
    turns an infinite PSNR into a large one.

    Args:
        encode: E, images (n, H, W, C) to codes (n, code).
        decode: D, codes to images.
        first, second: images a and b, (pairs, H, W, C) in [0, 1].
        alphas: in [0, 1].
    """
    pairs, steps = len(first), len(alphas)
    code_a, code_b = encode(first), encode(second)
    weights = np.asarray(alphas, dtype=first.dtype)
    column = weights.reshape(1, steps, *[1] * (first.ndim - 1))
    images = (1 - column) * first[:, None] + column * second[:, None]
    codes = (1 - weights[:, None]) * code_a[:, None] + weights[:, None] * code_b[:, None]
    seen = encode(images.reshape(-1, *first.shape[1:])).reshape(codes.shape)
    ends = np.isin(weights, (0, 1))
    seen[:, ends] = codes[:, ends]

    shape = (pairs, steps, *first.shape[1:])
    interpolated = decode(codes.reshape(pairs * steps, -1)).reshape(shape)
    blended = decode(seen.reshape(pairs * steps, -1)).reshape(shape)
    blended[:, ends] = interpolated[:, ends]
    distance = np.linalg.norm((seen - codes).astype(np.float64), axis=-1)
    span = np.linalg.norm((code_a - code_b).astype(np.float64), axis=-1)[:, None]
    relative = np.divide(distance, span, out=np.full_like(distance, np.nan), where=span > 0)
    return Paths(blended, interpolated, distance, relative)


def path_metrics(paths: Paths, alphas: Sequence[float], metric: Callable[..., Metric]) -> list[Metric]:
    """Every measure at every α, averaged over pairs, with bootstrap intervals over pairs."""
    errors, similarity = paths.errors, paths.similarity
    metrics = []
    for step, alpha in enumerate(alphas):
        error = errors[:, step]
        found = {
            "interpolation_psnr_mean": (bootstrap_mean(image_quality.psnr(error)), "dB"),
            "interpolation_psnr_of_mean_mse": (psnr_of(bootstrap_mean(error)), "dB"),
            "interpolation_ssim_mean": (bootstrap_mean(similarity[:, step]), ""),
            "interpolation_latent_l2_mean": (bootstrap_mean(paths.distance[:, step]), ""),
        }
        metrics += [metric(name, **interval.fields, alpha=alpha, unit=unit) for name, (interval, unit) in found.items()]
        relative = paths.relative[:, step]
        known = {"value": None} if np.isnan(relative).any() else bootstrap_mean(relative).fields
        metrics.append(metric("interpolation_latent_l2_relative", **known, alpha=alpha))
    return metrics


def by_pair(paths: Paths) -> dict[str, np.ndarray]:
    """The measures that models are compared by, of every pair and α: (pairs, alphas) each."""
    return {
        "interpolation_psnr_mean": image_quality.psnr(paths.errors),
        "interpolation_latent_l2_relative": paths.relative,
    }


def alpha_differences(paths: Paths, alphas: Sequence[float], metric: Callable[..., Metric]) -> list[Metric]:
    """How the measures at one α inside the path differ from those at another, with intervals over the same pairs."""
    inside = [(step, alpha) for step, alpha in enumerate(alphas) if 0 < alpha < 1]
    return [
        metric(
            f"{quantity}_alpha_difference",
            **mean_difference(values[:, first], values[:, second]),
            alpha=alpha,
            conditions={"other_alpha": other},
        )
        for quantity, values in by_pair(paths).items()
        for (first, alpha), (second, other) in combinations(inside, 2)
    ]


def slides(encode: Map, decode: Map, first: np.ndarray, second: np.ndarray, count: int) -> dict[str, np.ndarray]:
    """Both paths in small steps, for a slider.

    Args:
        encode, decode, first, second: as for `interpolate`.
        count: steps from α = 0 to 1, both included.

    Returns:
        ``alphas`` (count,); ``images`` uint8 (pairs, 2, count, H, W, C), blended images first; ``psnr`` in decibels,
        (pairs, count), of the images before they are rounded to bytes.
    """
    alphas = [round(step / (count - 1), 6) for step in range(count)]
    paths = interpolate(encode, decode, first, second, alphas)
    both = np.stack([paths.blended, paths.interpolated], axis=1)
    images = np.round(np.clip(both, 0.0, 1.0) * 255).astype(np.uint8)
    return {"alphas": np.asarray(alphas), "images": images, "psnr": image_quality.psnr(paths.errors)}


def strip(paths: Paths, pair: int, alphas: Sequence[float]) -> Figure:
    """Both paths of one pair as two rows of images."""
    images = np.stack([paths.blended[pair], paths.interpolated[pair]])
    rows = [r"$D(E(x_\alpha))$", r"$D(z_\alpha)$"]
    columns = [rf"$\alpha={alpha:g}$" for alpha in alphas]
    options = {"row_labels": rows, "column_labels": columns, "width": STRIP_SHARE}
    return Figure("image_grid", {"images": images}, options)


def pairs_table(
    pairs: np.ndarray, digits: list[list[str]] | None, paths: Paths, alphas: Sequence[float]
) -> pd.DataFrame:
    """One row a pair: its digits, its images' indices in the test split, its PSNR in decibels at each α."""
    table = pd.DataFrame({"pair": np.arange(len(pairs))})
    for side, name in enumerate("ab"):
        if digits is not None:
            table[f"digit_{name}"] = [row[side] for row in digits]
        table[f"index_{name}"] = pairs[:, side]
    for step, ratio in enumerate(image_quality.psnr(paths.errors).T):
        table[f"psnr_{alphas[step]:g}"] = ratio
    return table
