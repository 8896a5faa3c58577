"""A map of the codes in two dimensions, and how far it can be trusted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.manifold import TSNE, trustworthiness
from sklearn.neighbors import NearestNeighbors

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.code_measures import code_variance
from latentpress.evaluations.subject import class_names, deliver, metric_of, read_split
from latentpress.figure_data import Figure
from latentpress.metrics import Metric
from latentpress.statistics import Interval, wilson

SCOPE = "model"
NEEDS = ("data", "codes")
SETTINGS = {"points": 2000, "iterations": 750, "perplexity": 30.0, "neighbours": 10}
EMBEDDED = {"points": 600}  # copies of some 300 originals
SMOKE = {"points": 300, "iterations": 300}
SECONDS = 8.0
BACKEND = False
TITLE = "Map of the codes"

ROUNDING_SHARE = 1e-10  # of the codes' mean square; single precision leaves 1e-14
POINTS_SEED = 0  # not the model's seed: all models show the same points


@dataclass(frozen=True, slots=True)
class Map:
    """A t-SNE map.

    Attributes:
        points: float32 (n, components).
        divergence: final Kullback–Leibler divergence of the map, in nats.
        iterations: that were run.
    """

    points: np.ndarray
    divergence: float
    iterations: int


def measure(task: Task) -> Result:
    """Map test codes by t-SNE; trustworthiness and nearest-neighbour accuracies say what the map kept."""
    settings = task.settings["evaluation"]
    codes, labels, _ = mapped(task)
    found = map_of(codes, settings["iterations"], settings["perplexity"])
    metrics = judged(codes, labels, found, settings["neighbours"], metric_of(task))
    classes = np.zeros(len(codes), dtype=np.int64) if labels is None else labels
    options = {"class_names": class_names(task), "point_size": 2.0}
    figure = Figure("scatter", {"points": found.points, "labels": classes}, options)
    return deliver(metrics, {"tsne": figure})


def mapped(task: Task) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """The test codes that are mapped (n, code), their classes (n,) or None, and their positions in the split (n,)."""
    test = read_split(task, "test")
    codes = task.inputs["codes"].arrays("codes")["test"]
    chosen = choose_points(len(codes), task.settings["evaluation"]["points"])
    return codes[chosen], test.labels[chosen] if test.labels is not None else None, chosen


def map_of(codes: np.ndarray, iterations: int, perplexity: float, components: int = 2, angle: float = 0.5) -> Map:
    """A map of codes; equal ones have no neighbours: all points fall on one, and nothing can be said of them."""
    # Of codes that differ by rounding alone no principal axis is known either: scikit-learn would start the map at
    # numbers that are none, and crash.
    if code_variance(codes) > ROUNDING_SHARE * np.mean(np.sum(codes.astype(np.float64) ** 2, axis=1)):
        return tsne(codes, iterations, perplexity, components, angle)
    return Map(np.zeros((len(codes), components), dtype=np.float32), math.nan, 0)


def judged(
    codes: np.ndarray, labels: np.ndarray | None, found: Map, neighbours: int, metric: Callable[..., Metric]
) -> list[Metric]:
    """How far a map can be trusted.

    Args:
        codes: that were mapped (n, code).
        labels: their classes (n,), or None.
        found: the map.
        neighbours: how many vote, and are looked for.
        metric: maker of metrics.
    """
    differ = found.iterations > 0
    trusted = float(trustworthiness(codes, found.points, n_neighbors=neighbours)) if differ else None
    metrics = [
        metric("points", len(codes)),
        metric("tsne_iterations", found.iterations),
        metric("tsne_kl", found.divergence, unit="nats"),
        metric("trustworthiness", trusted),
    ]
    if labels is not None:
        for name, points in (("knn_accuracy", found.points), ("code_knn_accuracy", codes)):
            known = neighbour_accuracy(points, labels, neighbours).fields if differ else {"value": None}
            metrics.append(metric(name, **known))
    return metrics


def choose_points(count: int, points: int) -> np.ndarray:
    """Indices of the images that are mapped, without repeats; the same for every model of a data set."""
    chosen = np.random.default_rng(POINTS_SEED).choice(count, min(points, count), replace=False)
    return np.sort(chosen)


def tsne(codes: np.ndarray, iterations: int, perplexity: float, components: int = 2, angle: float = 0.5) -> Map:
    """Barnes–Hut t-SNE from a start at the first principal components (van der Maaten, JMLR 15, 2014).

    Args:
        codes: float32 (n, code).
        iterations: the limit, 250 of early exaggeration included.
        perplexity: lowered where the points are too few for it.
        components: dimensions of the map, 2 or 3.
        angle: under which a group of points is taken for one; a larger one is faster and less exact.
    """
    allowed = min(perplexity, (len(codes) - 1) / 3)
    method = TSNE(
        components, perplexity=allowed, max_iter=iterations, init="pca", random_state=0, n_jobs=1, angle=angle
    )
    points = method.fit_transform(codes)
    # scikit-learn gives the index of the last iteration, or of one that was not begun; and it looks at the
    # divergence every 50 iterations only, before which the largest of numbers stands in its place.
    divergence = float(method.kl_divergence_)
    known = divergence < np.finfo(np.float64).max
    return Map(points, divergence if known else math.nan, min(int(method.n_iter_) + 1, iterations))


def neighbour_accuracy(points: np.ndarray, labels: np.ndarray, neighbours: int) -> Interval:
    """Share of points whose class is the commonest among their nearest neighbours, themselves left out.

    Args:
        points: (n, d).
        labels: classes (n,).
        neighbours: how many vote.
    """
    found = NearestNeighbors(n_neighbors=neighbours).fit(points)
    nearest = found.kneighbors(return_distance=False)  # of the fitted points, without themselves
    classes, indices = np.unique(labels, return_inverse=True)
    votes = np.apply_along_axis(np.bincount, 1, indices[nearest], minlength=len(classes))
    return wilson(int(np.sum(votes.argmax(axis=1) == indices)), len(labels))
