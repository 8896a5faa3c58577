"""Intervals and paired tests, and the pooling of metrics over seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from latentpress.metrics import Metric

CONFIDENCE = 0.95
DRAWS = 2000
_CHUNK = 5_000_000  # resampled values held in memory at once
FEWEST_TO_RESAMPLE = 6  # the range of n values covers their median with probability 1 - 2^(1-n): 0.97 at six
MOST_TO_FLIP = 20  # 2^20 sign patterns


def _special() -> Any:
    """SciPy's functions of probability, loaded when they are first needed: commands that only look need none."""
    from scipy import special

    return special


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval; the ends are None where there is none to give."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def fields(self) -> dict[str, float | None]:
        """The fields ``value``, ``low`` and ``high`` of a metric."""
        return {"value": self.value, "low": self.low, "high": self.high}


def bootstrap_mean(values: np.ndarray | Sequence[float], seed: int = 0, draws: int = DRAWS) -> Interval:
    """Mean with its expanded percentile bootstrap interval.

    The percentiles are widened from Φ(±z) to Φ(±√(n/(n−1))·t), which takes away the narrowness of the plain
    percentile interval in small samples (Hesterberg, The American Statistician 69(4), 2015, section 3.3).

    Args:
        values: independent measurements, shape (n,), n ≥ 1. With an infinite one the mean is infinite and has
            no interval; a single one has no interval either.
        seed: of the resampling.
        draws: resamples.

    Raises:
        ValueError: there are no values, or one is NaN.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or len(sample) == 0 or np.isnan(sample).any():
        raise ValueError(f"a mean needs numbers in one dimension, none NaN; found {sample!r:.200}")
    mean = float(sample.mean())
    count = len(sample)
    if count == 1 or not np.isfinite(sample).all():
        return Interval(mean)
    means = _resampled_means(sample, np.random.default_rng(seed), draws)
    widened = math.sqrt(count / (count - 1)) * _special().stdtrit(count - 1, (1 + CONFIDENCE) / 2)
    low, high = np.quantile(means, _special().ndtr([-widened, widened]))
    return Interval(mean, float(low), float(high))


def _resampled_means(sample: np.ndarray, generator: np.random.Generator, draws: int) -> np.ndarray:
    count = len(sample)
    step = max(1, _CHUNK // count)
    return np.concatenate(
        [
            sample[generator.integers(0, count, (min(step, draws - start), count))].mean(axis=1)
            for start in range(0, draws, step)
        ]
    )


def paired_bootstrap(a: np.ndarray, b: np.ndarray, seed: int = 0, draws: int = DRAWS) -> Interval:
    """Mean of a − b over pairs, with its bootstrap interval.

    Args:
        a, b: measurements of the same items, each shape (n,).
        seed, draws: as in `bootstrap_mean`.
    """
    return bootstrap_mean(np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64), seed, draws)


def two_sample_bootstrap(a: np.ndarray, b: np.ndarray, seed: int = 0, draws: int = DRAWS) -> Interval:
    """Difference of two means of different items, with the percentile interval of independent resamples.

    Efron & Tibshirani, An Introduction to the Bootstrap, 1993, section 8.3; no widening, so that it wants some
    dozens of each.

    Args:
        a, b: independent measurements, shapes (n,) and (m,), n, m ≥ 2.
        seed, draws: as in `bootstrap_mean`.
    """
    generator = np.random.default_rng(seed)
    means = [_resampled_means(np.asarray(sample, dtype=np.float64), generator, draws) for sample in (a, b)]
    low, high = np.quantile(means[0] - means[1], [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(np.mean(a) - np.mean(b)), float(low), float(high))


def pairwise_mean(distances: np.ndarray) -> Interval:
    """Mean of a distance over all pairs of a sample, with the jackknife interval of this U-statistic.

    Items are left out one by one, not pairs, since pairs that share an item are not independent (Arvesen, Annals
    of Mathematical Statistics 40(6), 1969).

    Args:
        distances: symmetric with a zero diagonal, (n, n), n ≥ 3.
    """
    mean, error = _jackknife(distances)
    half = float(_special().ndtri((1 + CONFIDENCE) / 2)) * error
    return Interval(mean, mean - half, mean + half)


def pairwise_ratio(a: np.ndarray, b: np.ndarray) -> Interval | None:
    """Mean distance within one sample over that within another, independent one; None where the latter is 0.

    The interval is symmetric in the logarithm (delta method), with the errors of `pairwise_mean`.

    Args:
        a, b: as in `pairwise_mean`.
    """
    (mean_a, error_a), (mean_b, error_b) = _jackknife(a), _jackknife(b)
    if mean_b == 0:
        return None
    ratio = mean_a / mean_b
    if mean_a == 0:
        return Interval(0.0, 0.0, 0.0)
    error = math.hypot(error_a / mean_a, error_b / mean_b)
    factor = math.exp(float(_special().ndtri((1 + CONFIDENCE) / 2)) * error)
    return Interval(ratio, ratio / factor, ratio * factor)


def _jackknife(distances: np.ndarray) -> tuple[float, float]:
    """Mean over the pairs, and its standard error."""
    count = len(distances)
    rows = np.asarray(distances, dtype=np.float64).sum(axis=1)
    total = float(rows.sum())
    without = (total - 2 * rows) / ((count - 1) * (count - 2))
    error = math.sqrt((count - 1) / count * float(np.sum((without - without.mean()) ** 2)))
    return total / (count * (count - 1)), error


def student_mean(values: np.ndarray | Sequence[float]) -> Interval:
    """Mean with Student's t interval, for samples too small to resample.

    Args:
        values: independent, about normal measurements, shape (n,), n ≥ 2.
    """
    sample = np.asarray(values, dtype=np.float64)
    error = sample.std(ddof=1) / math.sqrt(len(sample))
    half = _special().stdtrit(len(sample) - 1, (1 + CONFIDENCE) / 2) * error
    mean = float(sample.mean())
    return Interval(mean, mean - float(half), mean + float(half))


def wilson(successes: int, trials: int) -> Interval:
    """Share of successes with Wilson's score interval (Wilson, JASA 22(158), 1927).

    Args:
        successes: 0 to ``trials``.
        trials: at least 1.
    """
    share, squared = successes / trials, float(_special().ndtri((1 + CONFIDENCE) / 2)) ** 2 / trials
    centre = (share + squared / 2) / (1 + squared)
    half = math.sqrt(squared * (share * (1 - share) + squared / 4)) / (1 + squared)
    # An end that is 0 or 1 but for rounding is that: the share lies within.
    return Interval(share, 0.0 if successes == 0 else centre - half, 1.0 if successes == trials else centre + half)


def mcnemar(correct_a: np.ndarray, correct_b: np.ndarray) -> float:
    """Two-sided p value of McNemar's exact test.

    Of the items that one classifier gets right and the other wrong, either is as likely to be right if both
    are equally good: the exact binomial test of one half. 1 where they never differ.

    Args:
        correct_a, correct_b: whether each classifier was right on the same items, bool (n,).
    """
    only_a = int(np.sum(correct_a & ~correct_b))
    only_b = int(np.sum(correct_b & ~correct_a))
    # At one half the binomial distribution is symmetric, so that both tails weigh the same.
    return min(1.0, 2 * float(_special().bdtr(min(only_a, only_b), only_a + only_b, 0.5)))


def sign_flip(differences: np.ndarray | Sequence[float]) -> float:
    """Two-sided p value of the exact sign-flip (paired permutation) test of a zero mean.

    Every pattern of signs is tried; p is the share of patterns whose mean is at least as far from 0. The
    smallest value is 2^(1−n), so that p < 0.05 needs six pairs.

    Args:
        differences: of pairs, shape (n,), 1 ≤ n ≤ 20.

    Raises:
        ValueError: there are none or more than 20.
    """
    sample = np.asarray(differences, dtype=np.float64)
    count = len(sample)
    if not 1 <= count <= MOST_TO_FLIP:
        raise ValueError(f"the exact sign-flip test takes 1 to {MOST_TO_FLIP} pairs; found {count}")
    patterns = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
    sums = np.abs((1 - 2 * patterns) @ sample)
    # Sums that are equal in exact arithmetic differ in their last bits.
    tolerance = 1e-12 * float(np.abs(sample).sum())
    return float(np.mean(sums >= abs(float(sample.sum())) - tolerance))


def paired_over_seeds(a: Sequence[float], b: Sequence[float]) -> Interval:
    """Mean of a − b over trainings from the same seeds, with the interval that `pool_seeds` gives of so many.

    Args:
        a, b: of the same seeds in the same order, each of length n ≥ 2.
    """
    differences = [first - second for first, second in zip(a, b, strict=True)]
    return bootstrap_mean(differences) if len(differences) >= FEWEST_TO_RESAMPLE else student_mean(differences)


def pool_seeds(metrics: Iterable[Metric]) -> list[Metric]:
    """Merge metrics that differ by their seed alone.

    A metric of one seed keeps its interval (over images or pairs). Of several seeds the mean is kept with an
    interval over seeds: bootstrap from six seeds on; below that no resampling can reach 95 %, and it is
    Student's. A value that is missing for one seed is missing in the pool; an infinite one has no interval. Of
    probabilities (``…_p``) twice the mean is kept, at most 1, which is one again, however they depend on each
    other (Rüschendorf, Adv. Appl. Prob. 14, 1982).

    Args:
        metrics: in any order; those without a seed pass unchanged.

    Returns:
        Metrics without seed, in the order of first appearance.
    """
    groups: dict[str, list[Metric]] = {}
    for metric in metrics:
        groups.setdefault(replace(metric, seed=None).id, []).append(metric)
    return [_pool(group) for group in groups.values()]


def _pool(group: list[Metric]) -> Metric:
    first = replace(group[0], seed=None)
    if len(group) == 1:
        return first
    values = [metric.value for metric in group if metric.value is not None]
    if len(values) < len(group):
        return replace(first, value=None, low=None, high=None)
    if not np.isfinite(values).all():
        return replace(first, value=float(np.mean(values)), low=None, high=None)
    if first.quantity.endswith("_p"):
        return replace(first, value=min(1.0, 2 * float(np.mean(values))), low=None, high=None)
    pooled = bootstrap_mean(values) if len(values) >= FEWEST_TO_RESAMPLE else student_mean(values)
    return replace(first, value=pooled.value, low=pooled.low, high=pooled.high)
