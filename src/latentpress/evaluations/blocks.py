"""Intervals for the frames of a video, which are not independent: whole stretches of it are resampled."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from latentpress.statistics import CONFIDENCE, DRAWS, Interval, bootstrap_mean

FRAMES = 40
"""Frames in a block. On the Frey faces the errors of two test frames correlate by 0.8 where one follows the other, by
0.4 where they are ten frames apart, and no longer at twenty. Blocks of just that length would still cut many pairs that
belong together, and make the interval too narrow; longer ones leave too few blocks to resample."""


def block_bootstrap_mean(values: np.ndarray, length: int = FRAMES, seed: int = 0, draws: int = DRAWS) -> Interval:
    """Mean over consecutive frames with its circular block bootstrap interval.

    Blocks of consecutive frames are drawn with replacement, the last frame being followed by the first one (Politis and
    Romano, A circular block-resampling procedure for stationary data, 1992). The percentiles are widened as those of
    `latentpress.statistics.bootstrap_mean`, for as many items as there are blocks.

    Args:
        values: of consecutive frames, (n,), n ≥ 1.
        length: frames in a block, at least 1.
        seed, draws: of the resampling.

    Raises:
        ValueError: there are no values, or one is not finite.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or len(sample) == 0 or not np.isfinite(sample).all():
        raise ValueError(f"a mean needs finite numbers in one dimension; found {sample!r:.200}")
    count, mean = len(sample), float(sample.mean())
    blocks = math.ceil(count / length)
    if blocks < 2:
        return Interval(mean)
    starts = np.random.default_rng(seed).integers(0, count, (draws, blocks, 1))
    chosen = ((starts + np.arange(length)) % count).reshape(draws, blocks * length)[:, :count]
    means = sample[chosen].mean(axis=1)
    widened = math.sqrt(blocks / (blocks - 1)) * special.stdtrit(blocks - 1, (1 + CONFIDENCE) / 2)
    low, high = np.quantile(means, special.ndtr([-widened, widened]))
    return Interval(mean, float(low), float(high))


def mean_over_images(values: np.ndarray, block: int) -> Interval:
    """Mean with its bootstrap interval: over single images where ``block`` is 1, else over blocks of so many frames."""
    return bootstrap_mean(values) if block < 2 else block_bootstrap_mean(values, block)
