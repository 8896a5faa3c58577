"""Small changes of images under which a code should change little: noise, blur, rotations, shifts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage


def noise(images: np.ndarray, deviation: float, generator: np.random.Generator) -> np.ndarray:
    """Gaussian noise of a standard deviation on every pixel, independent of all others; not clipped to [0, 1]."""
    drawn = generator.standard_normal(images.shape, dtype=np.float32)
    return np.asarray(images + np.float32(deviation) * drawn)


def blur(images: np.ndarray, deviation: float, generator: np.random.Generator) -> np.ndarray:
    """Convolution with a Gaussian of a standard deviation in pixels; beyond the border all is zero."""
    return np.asarray(ndimage.gaussian_filter(images, (0, deviation, deviation, 0), mode="constant"))


def rotation(images: np.ndarray, degrees: float, generator: np.random.Generator) -> np.ndarray:
    """A turn about the centre, to either side by chance; interpolated linearly, what comes in from outside is zero."""
    left = generator.random(len(images)) < 0.5
    turned = np.empty_like(images)
    for chosen, angle in ((left, degrees), (~left, -degrees)):
        turned[chosen] = ndimage.rotate(images[chosen], angle, (2, 1), reshape=False, order=1, mode="constant")
    return turned


def shift(images: np.ndarray, pixels: float, generator: np.random.Generator) -> np.ndarray:
    """A shift along one axis in a direction drawn by chance; what comes in from outside is zero."""
    direction = generator.integers(0, 4, len(images))
    moved = np.empty_like(images)
    for index, (down, right) in enumerate(((1, 0), (-1, 0), (0, 1), (0, -1))):
        offsets = (0, down * pixels, right * pixels, 0)
        moved[direction == index] = ndimage.shift(images[direction == index], offsets, order=1, mode="constant")
    return moved


PERTURBATIONS: dict[str, Callable[[np.ndarray, float, np.random.Generator], np.ndarray]] = {
    function.__name__: function for function in (noise, blur, rotation, shift)
}
"""By name: images (n, H, W, C) and an amount to images; the generator is for what is drawn."""


def perturb(images: np.ndarray, kind: str, amount: float, seed: int) -> np.ndarray:
    """Images after one perturbation.

    Args:
        images: float32 (n, H, W, C).
        kind: one of `PERTURBATIONS`.
        amount: standard deviation, degrees or pixels; 0 changes nothing.
        seed: of what is drawn; the same for every model and amount, so that models are compared on the same images
            and amounts differ by their size alone.

    Returns:
        float32 (n, H, W, C).
    """
    if not amount or not len(images):
        return images
    return PERTURBATIONS[kind](images, amount, np.random.default_rng(seed)).astype(np.float32, copy=False)
