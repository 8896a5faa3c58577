"""A map of the codes in two dimensions, and how far it can be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from sklearn.manifold import TSNE, trustworthiness
from sklearn.neighbors import NearestNeighbors

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.subject import class_names, deliver, metric_of, read_split
from latentpress.figure_data import Figure
from latentpress.statistics import Interval, wilson

SCOPE = "model"
NEEDS = ("data", "codes")
SETTINGS = {"points": 2000, "iterations": 750, "perplexity": 30.0, "neighbours": 10}
SMOKE = {"points": 300, "iterations": 300}
SECONDS = 8.0
BACKEND = False
TITLE = "Map of the codes"

POINTS_SEED = 0  # not the model's seed: all models show the same points


@dataclass(frozen=True, slots=True)
class Map:
    """A t-SNE map.

    Attributes:
        points: float32 (n, 2).
        divergence: final Kullback–Leibler divergence of the map, in nats.
        iterations: that were run.
    """

    points: np.ndarray
    divergence: float
    iterations: int


def measure(task: Task) -> Result:
    """Map test codes by t-SNE; trustworthiness and nearest-neighbour accuracies say what the map kept."""
    settings = task.settings["evaluation"]
    test = read_split(task, "test")
    all_codes = task.inputs["codes"].arrays("codes")["test"]
    chosen = choose_points(len(all_codes), settings["points"])
    codes = all_codes[chosen]
    differ = bool(np.ptp(codes, axis=0).any())
    # Equal codes have no neighbours and no map: all points fall on one, and nothing can be said of them.
    found = tsne(codes, settings["iterations"], settings["perplexity"]) if differ else nowhere(len(codes))
    neighbours = settings["neighbours"]
    metric = metric_of(task)
    trusted = float(trustworthiness(codes, found.points, n_neighbors=neighbours)) if differ else None
    metrics = [
        metric("points", len(chosen)),
        metric("tsne_iterations", found.iterations),
        metric("tsne_kl", found.divergence, unit="nats"),
        metric("trustworthiness", trusted),
    ]
    labels = np.zeros(len(chosen), dtype=np.int64)
    if test.labels is not None:
        labels = test.labels[chosen]
        for name, points in (("knn_accuracy", found.points), ("code_knn_accuracy", codes)):
            known = neighbour_accuracy(points, labels, neighbours).fields if differ else {"value": None}
            metrics.append(metric(name, **known))
    options = {"class_names": class_names(task), "point_size": 2.0}
    figure = Figure("scatter", {"points": found.points, "labels": labels}, options)
    return deliver(metrics, {"tsne": figure})


def choose_points(count: int, points: int) -> np.ndarray:
    """Indices of the images that are mapped, without repeats; the same for every model of a data set."""
    chosen = np.random.default_rng(POINTS_SEED).choice(count, min(points, count), replace=False)
    return np.sort(chosen)


def nowhere(count: int) -> Map:
    """What stands for a map of equal codes: every point at the origin, after no iteration."""
    return Map(np.zeros((count, 2), dtype=np.float32), math.nan, 0)


def tsne(codes: np.ndarray, iterations: int, perplexity: float) -> Map:
    """Barnes–Hut t-SNE from a start at the first two principal components (van der Maaten, JMLR 15, 2014).

    Args:
        codes: float32 (n, code).
        iterations: the limit, 250 of early exaggeration included.
        perplexity: lowered where the points are too few for it.
    """
    allowed = min(perplexity, (len(codes) - 1) / 3)
    method = TSNE(perplexity=allowed, max_iter=iterations, init="pca", random_state=0, n_jobs=1)
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
