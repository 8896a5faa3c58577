"""Nearest neighbours among some thousand references, by products of matrices in single precision."""

from __future__ import annotations

import numpy as np


def squared(points: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Squared distances less ‖point‖², which ranks the references of each point the same.

    Args:
        points, references: float32 (n, size) and (m, size).

    Returns:
        float32 (n, m).
    """
    centre = references.mean(axis=0)  # about which numbers are smallest, and so the rounding
    moved = references - centre
    return np.asarray((moved**2).sum(axis=1) - 2 * (points - centre) @ moved.T)


def distances(images: np.ndarray, references: np.ndarray) -> np.ndarray:
    """L2 distance of each image to the nearest reference: (n, …) and (m, …) to float64 (n,)."""
    points, known = (np.asarray(found, dtype=np.float32).reshape(len(found), -1) for found in (images, references))
    chosen = known[squared(points, known).argmin(axis=1)]
    # The products rank; the distance itself is taken without what they lose where it is small.
    return np.asarray(np.linalg.norm(points.astype(np.float64) - chosen, axis=1))


def votes(points: np.ndarray, references: np.ndarray, classes: np.ndarray, neighbours: int) -> np.ndarray:
    """The class that most of a point's nearest references have; of equally many, the one with the nearest of all.

    Args:
        points: (…, size).
        references: (m, size).
        classes: of the references, (m,).
        neighbours: that vote; all references where there are fewer.

    Returns:
        Classes (…).
    """
    flat = np.asarray(points, dtype=np.float32).reshape(-1, points.shape[-1])
    found = squared(flat, np.asarray(references, dtype=np.float32))
    count = min(neighbours, len(references))
    near = np.argpartition(found, count - 1, axis=1)[:, :count]
    order = np.argsort(np.take_along_axis(found, near, axis=1), axis=1, kind="stable")
    voted = classes[np.take_along_axis(near, order, axis=1)]
    candidates = np.unique(classes)
    member = voted[:, :, None] == candidates
    # The rank of a class's nearest member is at most count - 1, and so never outweighs a vote.
    score = member.sum(axis=1) - member.argmax(axis=1) / (count + 1)
    return np.asarray(candidates[score.argmax(axis=1)].reshape(points.shape[:-1]))
