"""Intervals of video frames cover the mean as often as they say, where those of independent frames do not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from latentpress.evaluations.blocks import block_bootstrap_mean
from latentpress.statistics import bootstrap_mean


def coverage(interval: object, draws: int = 200) -> float:
    """Share of intervals that hold the mean, 0, of 196 frames of an autoregressive series (coefficient 0.7)."""
    noise = np.random.default_rng(0).standard_normal((draws, 300))
    series = lfilter([1], [1, -0.7], noise, axis=1)[:, -196:]
    found = [interval(values) for values in series]  # type: ignore[operator]
    return float(np.mean([each.low <= 0 <= each.high for each in found]))


def test_blocks_cover_the_mean_of_dependent_frames() -> None:
    assert coverage(lambda values: block_bootstrap_mean(values, 20, draws=400)) > 0.88
    assert coverage(lambda values: bootstrap_mean(values, draws=400)) < 0.75


def test_blocks_of_one_frame_are_the_plain_bootstrap() -> None:
    values = np.random.default_rng(1).normal(5, 1, 100)
    blocks, plain = block_bootstrap_mean(values, 1), bootstrap_mean(values)
    assert blocks.value == plain.value
    assert [blocks.low, blocks.high] == pytest.approx([plain.low, plain.high], abs=0.02)


def test_a_single_block_has_no_interval_and_infinities_are_refused() -> None:
    assert block_bootstrap_mean(np.arange(5.0), 20).low is None
    with pytest.raises(ValueError, match="finite numbers"):
        block_bootstrap_mean(np.array([1.0, np.inf]))
