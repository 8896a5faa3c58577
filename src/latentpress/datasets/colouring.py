"""Colours for grey digits: every class has a distribution of its own, and every image a colour drawn from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from skimage.color import hsv2rgb

from latentpress.datasets.content import DataSet

SEED = 20170601
HUE_DEVIATION = 0.02
"""Standard deviation of the hue around its class', of a circle of length 1 on which the classes stand evenly."""
SATURATION = (0.6, 1.0)
VALUE = (0.7, 1.0)
"""Between which saturation and value of a colour are drawn, evenly."""
FACTORS = ("hue", "saturation", "value")
BATCH = 5000


def coloured(grey: DataSet, title: str) -> DataSet:
    """The same digits, the ink of each in a colour of its own on black.

    Args:
        grey: images of one channel, with labels.
        title: of the result.

    Returns:
        Images uint8 (n, H, W, 3), and the colours as its factors, float32 (n, 3): hue in [0, 1), saturation, value.
    """
    assert grey.labels is not None
    images, factors = {}, {}
    for number, (split, labels) in enumerate(grey.labels.items()):
        factors[split] = draw_colours(labels, len(grey.class_names), np.random.default_rng((SEED, number)))
        images[split] = colour(grey.images[split], factors[split])
    step = 1 / len(grey.class_names)
    return replace(
        grey,
        title=title,
        images=images,
        factors=factors,
        preprocessing=(
            *grey.preprocessing,
            f"Every image gets a colour, drawn with a fixed seed: a hue from a normal distribution around that of its "
            f"class, with a standard deviation of {HUE_DEVIATION:g} of the circle on which the classes stand {step:g} "
            f"apart; a saturation evenly from {SATURATION[0]:g} to {SATURATION[1]:g}, and a value evenly from "
            f"{VALUE[0]:g} to {VALUE[1]:g}.",
            "The grey level of each pixel is multiplied with the colour, so that paper stays black, and the three "
            "channels red, green and blue are stored as whole numbers from 0 to 255 and divided by 255.",
        ),
        facts={**grey.facts, "factor_names": list(FACTORS)},
    )


def draw_colours(labels: np.ndarray, classes: int, rng: np.random.Generator) -> np.ndarray:
    """A colour for each image.

    Args:
        labels: classes (n,), from 0 on.
        classes: how many there are.
        rng: where the colours come from.

    Returns:
        float32 (n, 3): hue in [0, 1), saturation and value.
    """
    hue = labels / classes + rng.normal(0.0, HUE_DEVIATION, len(labels))
    saturation, value = (rng.uniform(*ends, len(labels)) for ends in (SATURATION, VALUE))
    found = np.stack([hue, saturation, value], axis=1).astype(np.float32)
    found[:, 0] -= np.floor(found[:, 0])
    found[found[:, 0] >= 1, 0] = 0  # a hue just below 0 may round up to a whole turn
    return found


def colour(grey: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Multiply grey levels with colours.

    Args:
        grey: uint8 (n, H, W, 1).
        colours: hue, saturation and value (n, 3).

    Returns:
        uint8 (n, H, W, 3).
    """
    rgb = hsv2rgb(colours[:, None, :].astype(np.float64))[:, :, None, :]  # (n, 1, 1, 3)
    result = np.empty((*grey.shape[:3], 3), dtype=np.uint8)
    for start in range(0, len(grey), BATCH):
        batch = slice(start, start + BATCH)
        result[batch] = np.rint(grey[batch] * rgb[batch].astype(np.float32))
    return result
