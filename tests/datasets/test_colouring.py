"""Colours of the digits: a distribution for each class, and nothing but the colour is changed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from latentpress.datasets import colored_digits, colouring, embedded_digits
from latentpress.datasets.content import DataSet
from latentpress.engine.stage import Result


@pytest.fixture(scope="module")
def digits() -> tuple[DataSet, DataSet]:
    return embedded_digits.load({}), colored_digits.load({})


@pytest.mark.parametrize("source", ["embedded"])
def test_prepare_makes_a_sound_artifact(make: Callable[..., Result], source: str) -> None:
    result = make("colored_mnist", source, limit={"train": 100, "validation": 20, "test": 30})
    assert result.arrays["images"]["train"].shape == (100, 28, 28, 3)
    assert result.arrays["factors"]["test"].shape == (30, 3)
    facts = result.values["facts"]
    assert (facts["channels"], facts["classes"]) == (3, 10)
    assert facts["factor_names"] == ["hue", "saturation", "value"]
    assert any("colour" in sentence for sentence in facts["preprocessing"])


def test_the_ink_stays_where_it_was_and_every_image_has_one_colour(digits: tuple[DataSet, DataSet]) -> None:
    grey, found = digits
    for split, images in found.images.items():
        assert np.array_equal(found.labels[split], grey.labels[split])  # type: ignore[index]
        brightest = images.max(axis=3)
        value = found.factors[split][:, 2][:, None, None]  # type: ignore[index]
        assert np.abs(brightest - grey.images[split][..., 0] * value).max() <= 0.51
        sums = images.reshape(len(images), -1, 3).sum(axis=1).astype(float)
        shares = sums / sums.max(axis=1, keepdims=True)
        expected = colouring.hsv2rgb(found.factors[split][:, None].astype(float))[:, 0]  # type: ignore[index]
        assert np.abs(shares - expected / expected.max(axis=1, keepdims=True)).max() < 0.02


def test_each_class_has_its_own_hue_and_splits_have_other_colours(digits: tuple[DataSet, DataSet]) -> None:
    _, found = digits
    assert found.factors is not None and found.labels is not None
    hue, labels = found.factors["train"][:, 0], found.labels["train"]
    for label in range(10):
        around = np.abs((hue[labels == label] - label / 10 + 0.5) % 1 - 0.5)
        assert np.mean(around) == pytest.approx(colouring.HUE_DEVIATION * np.sqrt(2 / np.pi), rel=0.15)
    assert not np.array_equal(found.factors["train"][:100], found.factors["test"][:100])


@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_colours_stay_in_their_ranges(classes: int, seed: int) -> None:
    labels = np.arange(300) % classes
    colours = colouring.draw_colours(labels, classes, np.random.default_rng(seed))
    assert colours.dtype == np.float32
    assert (colours[:, 0] >= 0).all() and (colours[:, 0] < 1).all()
    assert (colours[:, 1] >= 0.6).all() and (colours[:, 1] <= 1).all()
    assert (colours[:, 2] >= np.float32(0.7)).all() and (colours[:, 2] <= 1).all()


@given(arrays.arrays(np.uint8, (3, 2, 2, 1)))
def test_white_leaves_grey_and_black_stays_black(grey: np.ndarray) -> None:
    white = np.array([[0.3, 0.0, 1.0]] * 3)
    assert np.array_equal(colouring.colour(grey, white), np.repeat(grey, 3, axis=3))
    assert not colouring.colour(np.zeros_like(grey), np.array([[0.3, 0.8, 0.9]] * 3)).any()
