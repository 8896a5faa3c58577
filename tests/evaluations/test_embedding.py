"""Maps of codes: trust, neighbours and points."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from latentpress.evaluations import embedding, embedding_3d
from latentpress.evaluations.embedding import choose_points, map_of, neighbour_accuracy, tsne
from latentpress.figure_data import unpack
from latentpress.metrics import from_records


def test_all_models_show_the_same_points_without_repeats() -> None:
    chosen = choose_points(10_000, 2000)
    assert np.array_equal(chosen, choose_points(10_000, 2000))
    assert len(np.unique(chosen)) == 2000
    assert list(choose_points(5, 2000)) == [0, 1, 2, 3, 4]


def test_neighbours_vote_without_the_point_itself() -> None:
    points = np.array([[0.0], [0.1], [0.2], [0.3], [10.0], [10.1], [10.2], [10.3]])
    assert neighbour_accuracy(points, np.repeat([4, 7], 4), 3).value == 1.0
    # A lone point of another class among three is outvoted, and outvotes none.
    assert neighbour_accuracy(points, np.array([4, 4, 4, 7, 7, 7, 7, 7]), 3).value == 7 / 8
    # With one neighbour and alternating classes all are wrong; counting itself, all would be right.
    assert neighbour_accuracy(np.arange(8.0)[:, None], np.arange(8) % 2, 1).value == 0.0


def test_the_map_repeats_and_keeps_clusters_apart() -> None:
    generator = np.random.default_rng(0)
    codes = (generator.normal(size=(90, 10)) + 20 * np.eye(3, 10)[np.arange(90) % 3]).astype(np.float32)
    found = tsne(codes, 300, 30.0)
    assert np.array_equal(found.points, tsne(codes, 300, 30.0).points)
    assert 250 < found.iterations <= 300
    assert neighbour_accuracy(found.points, np.arange(90) % 3, 10).value == 1.0


def test_a_map_that_was_stopped_before_its_divergence_was_looked_at_has_none() -> None:
    codes = np.random.default_rng(3).normal(size=(60, 5)).astype(np.float32)
    stopped, later = tsne(codes, 250, 10), tsne(codes, 300, 10)
    assert math.isnan(stopped.divergence) and stopped.iterations == 250
    assert 0 < later.divergence < 10 and later.iterations == 300


def test_a_map_in_three_dimensions_shows_the_points_of_that_in_the_plane(
    artifact: Any, task: Any, digits: Any, codes: Any
) -> None:
    made = task(embedding_3d, {"data": digits, "codes": codes}, points=40, iterations=260)
    result = embedding_3d.measure(made)
    found = artifact(result).arrays("map")
    assert found["points"].shape == (40, 3)
    assert np.ptp(found["points"], axis=0).min() > 0
    assert np.array_equal(found["positions"], choose_points(45, 40))
    assert np.array_equal(found["labels"], choose_points(45, 40) % 3)
    metrics = {metric.quantity: metric for metric in from_records(result.values["metrics"])}
    assert set(metrics) == {"points", "tsne_iterations", "tsne_kl", "trustworthiness", "knn_accuracy"}
    assert "/trustworthiness/components=3" in metrics["trustworthiness"].id
    assert 0.5 < metrics["trustworthiness"].value <= 1.0
    assert {metric.conditions["components"] for metric in metrics.values()} == {3}


def test_the_stage_delivers_the_map_with_what_it_kept(artifact: Any, task: Any, digits: Any, codes: Any) -> None:
    result = embedding.measure(task(embedding, {"data": digits, "codes": codes}, points=40, iterations=260))
    metrics = {metric.quantity: metric for metric in from_records(result.values["metrics"])}
    assert metrics["points"].value == 40
    assert metrics["tsne_iterations"].value <= 260
    assert 0.5 < metrics["trustworthiness"].value <= 1.0
    assert metrics["code_knn_accuracy"].value == pytest.approx(1.0)
    figure = unpack(artifact(result))["tsne"]
    assert figure.arrays["points"].shape == (40, 2)
    assert np.array_equal(figure.arrays["labels"], choose_points(45, 40) % 3)


def test_codes_that_differ_by_rounding_alone_have_no_map() -> None:
    """A saturated encoder's: scikit-learn finds no axis to start at, and its process dies."""
    codes = np.ones((60, 5), dtype=np.float32)
    codes[::7] += np.float32(2e-7)
    for components in (2, 3):
        found = map_of(codes, 260, 30.0, components)
        assert found.points.shape == (60, components)
        assert not found.points.any()
        assert found.iterations == 0
