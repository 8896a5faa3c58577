"""Which dimension of a code stands for which known factor of the images; only where the factors are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import entr, rel_entr
from scipy.stats import rankdata

from latentpress.engine.stage import Result, Task
from latentpress.evaluations import gaussians
from latentpress.evaluations.likelihoods import sample
from latentpress.evaluations.subject import deliver, metric_of, read_split
from latentpress.models.loading import load_model

SCOPE = "model"
NEEDS = ("data", "model")
SETTINGS = {"levels": 20, "draws": 10, "shifts": 39, "shown": 10}
SECONDS = 1.0
BACKEND = True
FIGURES = False
TITLE = "Disentanglement"

DRAWS_SEED = 0
SPLIT = "train"  # a test split of two stretches of the video does not show a factor's whole range


def measure(task: Task) -> Result:
    """Mutual information gap by factor and its level by chance, and correlations; nothing for unknown factors."""
    data = task.inputs["data"]
    names = data.json("facts").get("factor_names") or []
    if not names or "factors.npz" not in data.names():
        return deliver([])
    settings = task.settings["evaluation"]
    factors = data.arrays("factors")[SPLIT].astype(np.float64)
    mean, log_variance = load_model(task).posterior(read_split(task, SPLIT).images)
    codes, bins = (
        quantile_bins(values, settings["levels"]) for values in (draws(mean, log_variance, settings["draws"]), factors)
    )
    gaps = [
        information_gaps(
            mutual_information(codes, np.tile(np.roll(bins, shift, axis=0), (settings["draws"], 1))), entropies(bins)
        )
        for shift in (0, *shifts(len(bins), settings["shifts"]))
    ]
    metric = metric_of(task, split=SPLIT)
    metrics = [
        metric("information_gap", float(gaps[0].mean())),
        metric("information_gap_by_chance", float(np.mean(gaps[1:]))),
        metric("information_gap_p", shift_test([float(gap.mean()) for gap in gaps])),
    ]
    metrics += [
        metric("factor_information_gap", float(gap), conditions={"factor": name})
        for name, gap in zip(names, gaps[0], strict=True)
    ]
    result = deliver(metrics)
    order = np.argsort(-gaussians.kl_by_dimension(mean, log_variance).mean(axis=0), kind="stable")
    shown = order[: settings["shown"]]
    table = pd.DataFrame(rank_correlations(mean, factors)[shown].round(2), columns=names)
    table.insert(0, "dimension", shown)
    result.tables["correlations"] = table
    return result


def draws(mean: np.ndarray, log_variance: np.ndarray, number: int) -> np.ndarray:
    """Codes drawn from q(z|x), a whole set of images after the other: (n, code) twice to float32 (number·n, code)."""
    generator = np.random.default_rng(DRAWS_SEED)
    return np.concatenate([sample(mean, log_variance, generator) for _ in range(number)])


def quantile_bins(values: np.ndarray, levels: int) -> np.ndarray:
    """Each column's values as numbers of equally filled levels: (n, k) to int (n, k) below ``levels``."""
    ranks = rankdata(values, method="ordinal", axis=0).astype(np.int64) - 1
    return np.asarray(ranks * levels // len(values))


def shifts(count: int, number: int) -> list[int]:
    """Evenly spaced shifts of a video of ``count`` frames against itself, none of them near to its place."""
    return [int(shift) for shift in np.linspace(count / 8, count * 7 / 8, number).round()]


def shift_test(gaps: Sequence[float]) -> float:
    """One-sided p value of the first of some gaps against the others, which are of shifted factors.

    A video shifted against its factors keeps the smoothness of both, but no relation between them. A p value of 0.05
    needs 19 shifts.
    """
    return (1 + sum(gap >= gaps[0] for gap in gaps[1:])) / len(gaps)


def entropies(bins: np.ndarray) -> np.ndarray:
    """Entropy of each factor's levels in nats: int (n, factors) to float64 (factors,)."""
    shares = [np.bincount(column) / len(column) for column in bins.T]
    return np.array([entr(share).sum() for share in shares])


def mutual_information(codes: np.ndarray, bins: np.ndarray) -> np.ndarray:
    r"""Mutual information of each dimension of the code and each factor, in nats, from their joint frequencies.

    .. math:: I(z_j; v) = \sum_{a, b} p(a, b) \log \frac{p(a, b)}{p(a)\,p(b)}

    over levels a of :math:`z_j` and b of v. Few images raise it above 0 also where there is none.

    Args:
        codes: level of each dimension in each draw, int (n, code).
        bins: level of each factor in the image of each draw, int (n, factors).

    Returns:
        float64 (code, factors).
    """
    found = np.empty((codes.shape[1], bins.shape[1]))
    width = int(bins.max()) + 1
    for row, column in np.ndindex(found.shape):
        cells = np.bincount(codes[:, row] * width + bins[:, column])
        joint = np.pad(cells, (0, -len(cells) % width)).reshape(-1, width) / len(codes)
        independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
        found[row, column] = rel_entr(joint, independent).sum()
    return found


def information_gaps(information: np.ndarray, entropy: np.ndarray) -> np.ndarray:
    """The gap of each factor between the two dimensions that tell most of it, as a share of the factor's entropy.

    It is 1 where one dimension tells all of a factor and no other any of it, and 0 where two tell as much (R. T. Q.
    Chen et al., Isolating sources of disentanglement in variational autoencoders, NeurIPS 2018).

    Args:
        information: of `mutual_information`, (code, factors), two dimensions at least.
        entropy: of each factor's levels, (factors,), in nats.

    Returns:
        float64 (factors,).
    """
    second, first = np.sort(information, axis=0)[-2:]
    return np.asarray((first - second) / entropy)


def rank_correlations(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of each dimension with each factor; 0 for a dimension that never changes.

    Args:
        codes: (n, code).
        factors: (n, factors).

    Returns:
        float64 (code, factors).
    """
    ranks = [rankdata(values, axis=0) for values in (codes, factors)]
    centred = [values - values.mean(axis=0) for values in ranks]
    scales = [np.sqrt(np.square(values).sum(axis=0)) for values in centred]
    product = np.outer(*scales)
    return np.asarray(np.where(product > 0, centred[0].T @ centred[1] / np.where(product > 0, product, 1), 0))
