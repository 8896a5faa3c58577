"""What is done to images that a model is to restore: noise, salt and pepper, blur, masking; and which images."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from latentpress.errors import SettingsError
from latentpress.evaluations import perturbations

KINDS = ("noise", "salt_and_pepper", "blur", "masking")

IMAGES_SEED = 0
TEST_SEED, VALIDATION_SEED = 1, 2
"""Of what is drawn to corrupt the images of a split: the same for every model, control and amount."""


def corrupt(images: np.ndarray, kind: str, amount: float, clipped: bool, seed: int) -> np.ndarray:
    """Images after one corruption.

    Args:
        images: float32 (n, H, W, C) in [0, 1].
        kind: one of `KINDS`; ``noise`` adds a Gaussian draw to every pixel and channel (as in Vincent et al., JMLR 11,
            2010, section 4.1); ``salt_and_pepper`` makes pixels white or black in all their channels (there as well);
            ``blur`` convolves with a Gaussian, all being black beyond the border; ``masking`` blacks out one square in
            each image, wholly inside (a context encoder's task: Pathak et al., CVPR 2016).
        amount: the standard deviation of the noise, where white is 1; the probability of a pixel to be replaced; the
            standard deviation of the blur in pixels; the side of the square in pixels. 0 changes nothing.
        clipped: whether noisy pixels are brought back into [0, 1], as those of a stored picture; the others never leave
            it.
        seed: of what is drawn. The same seed gives every amount the same draw: noise differs by its scale alone, and a
            pixel that is replaced stays so when the share grows.

    Returns:
        float32 (n, H, W, C).

    Raises:
        ValueError: the kind is unknown, or the square is larger than the images.
    """
    if kind not in KINDS:
        raise ValueError(f"corruption {kind!r} is unknown; expected one of {', '.join(KINDS)}")
    if not amount or not len(images):
        return images
    generator = np.random.default_rng(seed)
    if kind == "noise":
        noisy = perturbations.noise(images, amount, generator)
        return np.clip(noisy, 0, 1) if clipped else noisy
    if kind == "blur":
        # Rounding may leave a white area a little above 1.
        return np.asarray(np.clip(perturbations.blur(images, amount, generator), 0, 1), dtype=np.float32)
    changed = images.copy()
    if kind == "salt_and_pepper":
        replaced = generator.random(images.shape[:3]) < amount
        white = generator.random(images.shape[:3]) < 0.5
        changed[replaced] = white[replaced, None]
        return changed
    return _masked(changed, int(amount), generator)


def _masked(images: np.ndarray, side: int, generator: np.random.Generator) -> np.ndarray:
    height, width = images.shape[1:3]
    if side > min(height, width):
        raise ValueError(f"a square of {side} pixels does not fit into images of {height}×{width}")
    tops, lefts = (generator.integers(0, extent - side + 1, len(images)) for extent in (height, width))
    for image, top, left in zip(images, tops, lefts, strict=True):
        image[top : top + side, left : left + side] = 0
    return images


def chosen_images(count: int, wanted: int) -> np.ndarray:
    """Which images of a split are corrupted: the beginning of a seeded permutation, the same for every model.

    Args:
        count: images in the split.
        wanted: how many; all of them where there are fewer.

    Returns:
        Indices, int64 (min(count, wanted),).
    """
    return np.random.default_rng(IMAGES_SEED).permutation(count)[:wanted]


def condition_name(kind: str, amount: float) -> str:
    """A corruption in the names of arrays and rows: ``noise=0.3``."""
    return f"{kind}={amount:g}"


def wanted_corruptions(evaluation: str, settings: Mapping[str, Any], shape: tuple[int, ...]) -> list[tuple[str, float]]:
    """Every corruption of an evaluation's settings, as kind and amount, in the settings' order.

    Args:
        evaluation: its name, for messages.
        settings: with ``images``, ``stated_noise`` and a list of amounts for each kind.
        shape: of an image (H, W, C).

    Raises:
        SettingsError: an amount means nothing, no image is wanted, or the stated noise is not among the amounts.
    """
    where = f'evaluation "{evaluation}"'
    most = {"noise": math.inf, "salt_and_pepper": 1.0, "blur": math.inf, "masking": float(min(shape[:2]))}
    for kind in KINDS:
        wrong = [amount for amount in settings[kind] if not (0 <= amount <= most[kind] and amount < math.inf)]
        if wrong:
            bound = "" if most[kind] == math.inf else f" to {most[kind]:g}"
            raise SettingsError(
                f"{where}: {kind}: found {wrong[0]}, expected numbers from 0{bound or ' on'}",
                "Correct the amounts of this corruption in report.toml.",
            )
    if settings["stated_noise"] not in settings["noise"]:
        raise SettingsError(
            f"{where}: stated_noise: found {settings['stated_noise']:g}, expected one of noise: "
            f"{', '.join(f'{amount:g}' for amount in settings['noise']) or 'none'}",
            "State a noise in report.toml that is measured, or add it to the list.",
        )
    if settings["images"] < 1:
        raise SettingsError(
            f"{where}: images: found {settings['images']}, expected at least 1",
            "Say in report.toml how many test images are to be corrupted.",
        )
    return [(kind, amount) for kind in KINDS for amount in dict.fromkeys(settings[kind])]
