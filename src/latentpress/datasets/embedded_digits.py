"""Handwritten digits that need no download: scikit-learn's 1,797 digits of 8 × 8 pixels, drawn larger and varied.

The originals (Alpaydin and Kaynak, 1998) count the inked pixels of 4 × 4 cells of a scanned digit. They are first
divided among the splits, then every one is drawn several times at MNIST's size, each time under another small affine
and elastic distortion (Simard, Steinkraus and Platt, 2003), so that no split holds a variant of another's original.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy import ndimage

from latentpress.datasets.content import DataSet, digest

COUNTS = {"train": 9000, "validation": 1000, "test": 2000}
SHARES = {"train": 0.75, "validation": 1 / 12, "test": 1 / 6}
"""Of the originals, so that each is drawn about equally often in every split."""
SEED = 19980701
SIDE = 28
BATCH = 1000

# The drawing. Lengths are in pixels of the 28 × 28 image.
CELL = 2.5
"""Side of one of the original's 8 × 8 cells: the digit fills 20 × 20 pixels, as MNIST's do."""
FINE = 6
"""Samples a cell of the enlarged original that the distortion then looks up."""
THRESHOLD, SOFTNESS = 0.44, 0.34
"""Ink of an enlarged original above which a pixel is stroke, and the width of the transition."""
ROTATION = np.deg2rad(9.0)
SHEAR = 0.12
STRETCH = 0.09
SHIFT = 0.8
ELASTIC = 0.55
CONTROL = 6
"""Standard deviation of the elastic displacement, and the control points a side that it is interpolated from."""


def load(files: Mapping[str, Path]) -> DataSet:
    """Split the originals, then draw 12,000 images from them; the same bytes every time.

    Args:
        files: nothing; the originals come with scikit-learn.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    originals, labels = digits.images / 16.0, digits.target.astype(np.uint8)
    chosen = split_originals(labels)
    enlarged = enlarge(originals)
    images: dict[str, np.ndarray] = {}
    origins: dict[str, np.ndarray] = {}
    for number, (name, count) in enumerate(COUNTS.items()):
        rng = np.random.default_rng((SEED, number))
        origins[name] = rng.permutation(np.resize(chosen[name], count))
        images[name] = draw(enlarged, origins[name], rng)
    return DataSet(
        title="scikit-learn's handwritten digits",
        citation="alpaydin1998",
        images=images,
        labels={name: labels[numbers] for name, numbers in origins.items()},
        origins=origins,
        class_names=tuple("0123456789"),
        split=(
            f"The {len(originals):,} original digits were divided first, class by class and with a fixed seed: "
            f"{len(chosen['train']):,} for training, {len(chosen['validation']):,} for validation and "
            f"{len(chosen['test']):,} for the test; variants of one original are never in two splits."
        ),
        preprocessing=(
            "Each original of 8 by 8 grey cells is enlarged with cubic splines to 20 by 20 pixels in the middle of an "
            "image of 28 by 28, and its contrast raised so that strokes have edges.",
            "Each is drawn six or seven times, every time turned, sheared, stretched and shifted a little and bent by "
            "a smooth random displacement, drawn from generators with fixed seeds.",
            "Pixels are stored as whole numbers from 0 to 255 and divided by 255, so that black is 0 and white is 1.",
        ),
        sources={"sklearn digits": digest(digits.images.astype(np.uint8))},
    )


def split_originals(labels: np.ndarray) -> dict[str, np.ndarray]:
    """Divide originals among the splits, each class in the same shares.

    Args:
        labels: (n,) classes.

    Returns:
        Split to the numbers of its originals; together all of them, each once.
    """
    rng = np.random.default_rng(SEED)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in COUNTS}
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        test = round(SHARES["test"] * len(members))
        validation = test + round(SHARES["validation"] * len(members))
        parts["test"].append(members[:test])
        parts["validation"].append(members[test:validation])
        parts["train"].append(members[validation:])
    return {name: rng.permutation(np.concatenate(part)) for name, part in parts.items()}


def enlarge(originals: np.ndarray) -> np.ndarray:
    """Cubic splines through (n, 8, 8) cells with a margin of one empty cell; (n, 10·FINE, 10·FINE) float32."""
    padded = np.pad(originals, ((0, 0), (1, 1), (1, 1)))
    size = padded.shape[1]
    # Cell i covers [i, i + 1) and its value stands at the middle.
    position = (np.arange(size * FINE) + 0.5) / FINE - 0.5
    basis = np.stack(
        [ndimage.map_coordinates(row, [position], order=3, mode="nearest") for row in np.eye(size)], axis=1
    )
    enlarged: np.ndarray = np.einsum("pi,nij,qj->npq", basis, padded, basis, optimize=True).astype(np.float32)
    return enlarged


def draw(enlarged: np.ndarray, numbers: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw originals under random distortions.

    Args:
        enlarged: (m, p, p), from `enlarge`.
        numbers: (n,) which original each image is of.
        rng: where the distortions come from.

    Returns:
        (n, 28, 28, 1) uint8, white on black.
    """
    batches = [_draw_batch(enlarged, numbers[start : start + BATCH], rng) for start in range(0, len(numbers), BATCH)]
    return np.concatenate(batches)


def _draw_batch(enlarged: np.ndarray, numbers: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    count = len(numbers)
    rows, columns = _source_positions(count, rng)
    # From pixels about the image's middle to samples of the enlarged original.
    scale, middle = FINE / CELL, (enlarged.shape[1] - 1) / 2
    which = np.broadcast_to(np.arange(count)[:, None, None], rows.shape)
    coordinates = np.stack([which, rows * scale + middle, columns * scale + middle])
    ink = ndimage.map_coordinates(enlarged[numbers], coordinates, order=1, mode="constant")
    stroke = np.clip((ink - THRESHOLD) / SOFTNESS + 0.5, 0.0, 1.0)
    stroke = stroke * stroke * (3.0 - 2.0 * stroke)
    grey: np.ndarray = np.rint(255.0 * stroke).astype(np.uint8)
    return grey[..., np.newaxis]


def _source_positions(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel of the images looks in its original, in pixels about the middle; two (count, 28, 28)."""
    angle = rng.uniform(-ROTATION, ROTATION, count)
    shear = rng.uniform(-SHEAR, SHEAR, count)
    stretch = np.exp(rng.uniform(-STRETCH, STRETCH, (2, count)))
    shift = rng.uniform(-SHIFT, SHIFT, (2, count))
    matrix = np.array(
        [
            [stretch[0] * np.cos(angle), -stretch[0] * np.sin(angle)],
            [
                stretch[1] * (np.sin(angle) + shear * np.cos(angle)),
                stretch[1] * (np.cos(angle) - shear * np.sin(angle)),
            ],
        ]
    )
    line = np.arange(SIDE) - (SIDE - 1) / 2
    grid = np.stack(np.meshgrid(line, line, indexing="ij"))
    affine = np.einsum("abn,bij->anij", matrix, grid) + shift[..., None, None]
    bent = affine + _displacements(count, rng)
    return bent[0], bent[1]


def _displacements(count: int, rng: np.random.Generator) -> np.ndarray:
    """Smooth random displacements, (2, count, 28, 28), of standard deviation about `ELASTIC`."""
    position = np.linspace(0, CONTROL - 1, SIDE)
    basis = np.stack(
        [ndimage.map_coordinates(row, [position], order=3, mode="nearest") for row in np.eye(CONTROL)], axis=1
    )
    points = rng.normal(0.0, ELASTIC, (2, count, CONTROL, CONTROL))
    moved: np.ndarray = np.einsum("pi,dnij,qj->dnpq", basis, points, basis, optimize=True)
    return moved
