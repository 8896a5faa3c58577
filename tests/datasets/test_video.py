from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.datasets.video import BLOCKS, GAP, split_video


@given(st.integers(BLOCKS, 3000))
def test_every_frame_is_in_one_split_or_dropped(count: int) -> None:
    split = split_video(count)
    numbers = np.concatenate([*split.frames.values(), split.dropped])
    np.testing.assert_array_equal(np.sort(numbers), np.arange(count))


@given(st.integers(BLOCKS, 3000))
def test_frames_of_different_splits_are_further_apart_than_the_gap(count: int) -> None:
    frames = split_video(count).frames
    for first, second in (("train", "test"), ("train", "validation"), ("validation", "test")):
        if len(frames[first]) and len(frames[second]):
            assert np.abs(frames[first][:, None] - frames[second]).min() > GAP


def test_the_frey_split_is_about_80_10_10_and_the_same_every_time() -> None:
    split, again = split_video(1965), split_video(1965)
    assert {name: len(frames) for name, frames in split.frames.items()} == {
        "train": 1533,
        "validation": 196,
        "test": 196,
    }
    for name, frames in split.frames.items():
        np.testing.assert_array_equal(frames, again.frames[name])
    half = 1965 // 2
    for name in ("validation", "test"):
        assert 0 < (split.frames[name] < half).sum() < len(split.frames[name])


def test_too_few_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be cut into"):
        split_video(BLOCKS - 1)
