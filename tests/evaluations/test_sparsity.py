"""Hoyer's measure at its ends and between, and the counts of units."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.engine.stage import Result
from latentpress.evaluations import sparsity, sparsity_comparison
from latentpress.evaluations.code_measures import hoyer
from latentpress.figure_data import unpack
from latentpress.metrics import from_records


def test_hoyer_of_known_rows() -> None:
    rows = np.array([[1.0, 1, 1, 1], [0, 0, 3, 0], [0, 0, 0, 0], [1, -1, 0, 0]])
    assert hoyer(rows) == pytest.approx([0, 1, 1, 2 - math.sqrt(2)])


@given(st.lists(st.floats(-10, 10).filter(lambda x: x == 0 or abs(x) > 1e-3), min_size=2, max_size=20))
def test_hoyer_lies_in_the_unit_interval_and_knows_no_scale(row: list[float]) -> None:
    value = hoyer(np.array([row]))[0]
    assert -1e-9 <= value <= 1 + 1e-9
    assert hoyer(np.array([row]) * -7.5)[0] == pytest.approx(value, abs=1e-9)


def test_the_stage_counts_active_entries_and_dead_units(artifact: Any, task: Any) -> None:
    codes = np.zeros((50, 4), dtype=np.float32)
    codes[:, 0] = 0.9  # always active
    codes[:25, 1] = 0.5  # active for half of the images
    codes[:, 2] = 0.1  # at the threshold is not above it
    stored = artifact(Result(arrays={"codes": {"test": codes}}))
    result = sparsity.measure(task(sparsity, {"codes": stored}, {"model": {"code_activation": "sigmoid"}}))
    metrics = {metric.quantity: metric.value for metric in from_records(result.values["metrics"])}
    assert metrics["active_share"] == pytest.approx((50 + 25) / 200)
    assert metrics["dead_units"] == 2
    above = {m.conditions["above"]: m.value for m in from_records(result.values["metrics"]) if m.conditions}
    assert above == {0.05: pytest.approx((50 + 25 + 50) / 200), 0.2: pytest.approx((50 + 25) / 200)}
    assert result.arrays["items"]["hoyer_samples"].mean() == pytest.approx(metrics["hoyer_samples"])
    figure = unpack(artifact(result))["activations"]
    assert figure.arrays["counts0"].sum() == 200
    assert len(figure.arrays["edges"]) == 51


def test_units_without_a_scale_of_their_own_are_called_neither_active_nor_dead(artifact: Any, task: Any) -> None:
    stored = artifact(Result(arrays={"codes": {"test": np.eye(4, dtype=np.float32)}}))
    result = sparsity.measure(task(sparsity, {"codes": stored}, {"model": {"code_activation": "linear"}}))
    assert {m.quantity for m in from_records(result.values["metrics"])} == {"hoyer_samples", "hoyer_units"}


def test_the_distributions_of_all_models_are_drawn_over_common_edges(artifact: Any, task: Any) -> None:
    generator = np.random.default_rng(0)
    inputs = {}
    for name, activation, power in (("sparse", "sigmoid", 6), ("plain", "linear", 1)):
        codes = artifact(Result(arrays={"codes": {"test": generator.random((60, 8)) ** power}}))
        settings = {"model": {"code_activation": activation}}
        inputs[f"sparsity:{name}"] = artifact(sparsity.measure(task(sparsity, {"codes": codes}, settings)))
    settings = {"experiments": ["sparse", "plain"]}
    result = sparsity_comparison.measure(task(sparsity_comparison, inputs, settings, experiment=None, bins=20))
    figures = unpack(artifact(result))
    by_image = figures["hoyer_samples"]
    assert by_image.options["labels"] == ["sparse", "plain"]
    assert len(by_image.arrays["edges"]) == 21
    assert by_image.arrays["counts0"].sum() == by_image.arrays["counts1"].sum() == 60
    centres = (by_image.arrays["edges"][1:] + by_image.arrays["edges"][:-1]) / 2
    assert np.average(centres, weights=by_image.arrays["counts0"]) > np.average(
        centres, weights=by_image.arrays["counts1"]
    )
    assert figures["hoyer_units"].arrays["counts0"].sum() == 8
    assert "counts1" not in figures["active_share"].arrays and figures["active_share"].options["labels"] == []
    metrics = {metric.id: metric for metric in from_records(result.values["metrics"])}
    assert metrics["mnist/sparse_vs_plain/test/hoyer_samples_difference"].low > 0
