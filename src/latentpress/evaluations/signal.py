"""The signal-to-noise ratio of restored images, pooled over images, with its interval."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from latentpress.statistics import CONFIDENCE, DRAWS, Interval


def energies(images: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
    """The sum of squares of each image, or of its difference from another: (n, H, W, C) to float64 (n,)."""
    exact = images.astype(np.float64)
    difference = exact if others is None else exact - others
    return np.asarray(np.sum(difference**2, axis=tuple(range(1, images.ndim))))


def signal_to_noise(clean: np.ndarray, restored: np.ndarray) -> Interval:
    r"""The signal-to-noise ratio of images in decibels; see `decibels`.

    .. math:: 10 \log_{10} \frac{\sum_i \lVert x_i \rVert^2}{\sum_i \lVert y_i - x_i \rVert^2}

    Args:
        clean: the images x, (n, H, W, C).
        restored: the same images y with what is left of the noise.

    Returns:
        Infinite without interval where there is no error.
    """
    return decibels(energies(clean), energies(restored, clean))


def decibels(signal: np.ndarray, error: np.ndarray, seed: int = 0, draws: int = DRAWS) -> Interval:
    """Ten times the decimal logarithm of a ratio of means, with its bootstrap interval.

    Items are resampled with numerator and denominator together; the percentiles are widened as those of
    `latentpress.statistics.bootstrap_mean` (Hesterberg, The American Statistician 69(4), 2015, section 3.3).

    Args:
        signal, error: of the same items, not negative, (n,) each, n ≥ 1.
        seed, draws: of the resampling.

    Returns:
        No interval for a single item, where the ratio is 0 or infinite, or where that of a resample is.

    Raises:
        ValueError: there are no items, or one is not finite.
    """
    pairs = np.stack([np.asarray(signal, dtype=np.float64), np.asarray(error, dtype=np.float64)])
    if pairs.ndim != 2 or not pairs.size or not np.isfinite(pairs).all():
        raise ValueError(f"a ratio of energies needs finite numbers in one dimension; found {pairs!r:.200}")
    count = pairs.shape[1]
    value = _decibels(*pairs.sum(axis=1))
    if count == 1 or not math.isfinite(value):
        return Interval(value)
    chosen = np.random.default_rng(seed).integers(0, count, (draws, count))
    sums = [values[chosen].sum(axis=1) for values in pairs]
    if not all(total.all() for total in sums):
        return Interval(value)
    widened = math.sqrt(count / (count - 1)) * special.stdtrit(count - 1, (1 + CONFIDENCE) / 2)
    low, high = np.quantile(10 * np.log10(sums[0] / sums[1]), special.ndtr([-widened, widened]))
    return Interval(value, float(low), float(high))


def _decibels(signal: float, error: float) -> float:
    if not error:
        return math.inf
    return 10 * math.log10(signal / error) if signal else -math.inf
