"""Neighbours by products of matrices are those that distances one by one give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.neighbors import KNeighborsClassifier

from latentpress.evaluations import nearest


def test_distances_are_those_of_scipy_also_of_images_in_colour() -> None:
    generator = np.random.default_rng(0)
    images, known = (generator.random((count, 5, 4, 3)).astype(np.float32) for count in (7, 30))
    images[3] = known[11]
    found = nearest.distances(images, known)
    assert found == pytest.approx(cdist(images.reshape(7, -1), known.reshape(30, -1)).min(axis=1), rel=1e-6, abs=1e-12)
    assert found[3] == 0


def test_small_distances_far_from_the_origin_are_exact() -> None:
    """Squares of thousands would drown them in single precision."""
    known = np.array([[4096.0, 0], [4096.5, 0], [4100, 0]], np.float32)
    assert nearest.distances(np.array([[4096.375, 0]], np.float32), known).tolist() == [0.125]


def test_the_vote_is_that_of_scikit_learn() -> None:
    generator = np.random.default_rng(1)
    classes = generator.integers(0, 2, 200)
    known, points = (generator.normal(size=(count, 6)).astype(np.float32) for count in (200, 40))
    judge = KNeighborsClassifier(7).fit(known, classes)
    assert nearest.votes(points, known, classes, 7).tolist() == judge.predict(points).tolist()


def test_of_equally_many_votes_the_nearest_decides() -> None:
    known = np.array([[0.0], [1], [2], [3], [50]], np.float32)
    classes = np.array([5, 7, 7, 5, 9])
    assert nearest.votes(np.array([[0.2], [2.2], [60]], np.float32), known, classes, 4).tolist() == [5, 7, 7]
    assert nearest.votes(np.array([[0.2]], np.float32), known, classes, 99).tolist() == [5]


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 12))
def test_votes_are_laid_out_as_the_points_are(rows: int, columns: int, neighbours: int) -> None:
    generator = np.random.default_rng(rows)
    points, known = generator.normal(size=(rows, columns, 3)), generator.normal(size=(8, 3))
    found = nearest.votes(points, known, np.arange(8) % 3, neighbours)
    assert found.shape == (rows, columns)
    assert set(found.ravel().tolist()) <= {0, 1, 2}
