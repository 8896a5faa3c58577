"""How decoded paths go through the space of images: their length, their steps, what stands in their middle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latentpress.evaluations import nearest

SAME_CODE = 1e-6
"""Share of its length by which a code differs from another through rounding alone."""
SAME_IMAGE = 0.5 / 255
"""Images that differ by less in every pixel are one: half a grey level."""


@dataclass(frozen=True, slots=True)
class Midpoints:
    """Images that stand for the middle between two test images, each (pairs, H, W, C).

    Attributes:
        decoded: D((z_a + z_b)/2).
        blended: (x_a + x_b)/2.
        reconstructed: (D(z_a) + D(z_b))/2.
    """

    decoded: np.ndarray
    blended: np.ndarray
    reconstructed: np.ndarray


def apart(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """L2 distance of each image, or code, to its counterpart: (n, …) twice to float64 (n,)."""
    difference = images.astype(np.float64) - others
    return np.asarray(np.linalg.norm(difference.reshape(len(difference), -1), axis=1))


def same_images(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether no pixel of an image tells it from its counterpart: (n, …) twice to bool (n,)."""
    difference = np.abs(images.astype(np.float64) - others)
    return np.asarray(difference.reshape(len(difference), -1).max(axis=1) < SAME_IMAGE)


def without_path(start: np.ndarray, end: np.ndarray, decoded: np.ndarray) -> np.ndarray:
    """Which pairs have no path and no midpoint: those with one code, or with ends that are decoded to one image.

    One grey image for all codes would be nearer to the training images than many a blend.

    Args:
        start, end: codes, (pairs, code).
        decoded: the path's images, (pairs, points, H, W, C).

    Returns:
        bool (pairs,).
    """
    one_code = apart(start, end) <= SAME_CODE * apart(start, np.zeros_like(start))
    return np.asarray(one_code | same_images(decoded[:, 0], decoded[:, -1]))


def lengths(decoded: np.ndarray) -> dict[str, np.ndarray]:
    r"""How long and how even the decoded paths are, in the space of pixels.

    With T steps of lengths :math:`s_t = \|x_t - x_{t-1}\|` between decoded images

    .. math:: \mathrm{path\_length\_ratio} = \frac{\sum_t s_t}{\|x_T - x_0\|}, \qquad
              \mathrm{largest\_step\_ratio} = \frac{\max_t s_t}{\frac1T \sum_t s_t}

    The first is at least 1, and 1 where the decoder blends its ends' images linearly; the second is 1 where all steps
    are equal and T where one image jumps to the other.

    Args:
        decoded: (pairs, T + 1, H, W, C).

    Returns:
        By quantity (pairs,); NaN where the ends are decoded to the same image.
    """
    pairs, points = decoded.shape[:2]
    flat = decoded.reshape(pairs, points, -1)
    steps = np.stack([apart(flat[:, step], flat[:, step + 1]) for step in range(points - 1)], axis=1)
    length, straight = steps.sum(axis=1), apart(flat[:, 0], flat[:, -1])
    known = ~same_images(flat[:, 0], flat[:, -1])
    return {
        "path_length_ratio": ratio(length, np.where(known, straight, 0)),
        "largest_step_ratio": ratio(steps.max(axis=1), np.where(known, length / (points - 1), 0)),
    }


def ratio(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Their quotient, (n,); NaN where the divisor is 0."""
    return np.asarray(np.divide(values, others, out=np.full(len(values), np.nan), where=others > 0))


def midpoint_ratios(middle: Midpoints, images: np.ndarray) -> dict[str, np.ndarray]:
    r"""Whether what is decoded halfway looks like a training image, or like a blend of two.

    With :math:`d(x) = \min_i \|x - t_i\|` over training images t

    .. math:: \mathrm{midpoint\_distance\_ratio} = \frac{d(D(\frac{z_a + z_b}2))}{d(\frac{x_a + x_b}2)}, \qquad
              \mathrm{midpoint\_reconstruction\_ratio} = \frac{d(D(\frac{z_a + z_b}2))}{d(\frac{D(z_a) + D(z_b)}2)}

    Below 1 the decoded midpoint is nearer to the data than the blend. A decoder that blurs comes nearer to everything,
    and so does its midpoint: where little of an image is ink, an empty one has a first ratio of about 0.7. The second
    ratio holds it against a blend that is blurred as well, and is 1 for a linear decoder. Only both together speak for
    midpoints that look like images of the data.

    Args:
        middle: of the pairs.
        images: t, (references, H, W, C).

    Returns:
        By quantity (pairs,); NaN where the blend is itself a training image.
    """
    decoded, blended, reconstructed = (
        nearest.distances(found, images) for found in (middle.decoded, middle.blended, middle.reconstructed)
    )
    return {
        "midpoint_distance_ratio": ratio(decoded, blended),
        "midpoint_reconstruction_ratio": ratio(decoded, reconstructed),
    }


def third_class_share(classes: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Share of a path's points, the ends left out, whose nearest training codes are of neither end's class.

    Args:
        classes: that the nearest training codes vote for, (pairs, points).
        ends: classes of both images of each pair, (pairs, 2).

    Returns:
        float64 (pairs,).
    """
    return np.asarray(((classes != ends[:, :1]) & (classes != ends[:, 1:])).mean(axis=1))
