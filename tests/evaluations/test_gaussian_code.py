"""Divergence and active units of Gaussian codes, against values that are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from latentpress.engine.stage import Result
from latentpress.errors import StageError
from latentpress.evaluations import gaussian_code
from latentpress.figure_data import unpack
from latentpress.metrics import from_records


def measure(artifact: Any, task: Any, mean: np.ndarray, log_variance: np.ndarray) -> Result:
    codes = artifact(Result(arrays={"posterior": {"mean": mean, "log_variance": log_variance}}))
    return gaussian_code.measure(task(gaussian_code, {"codes": codes}))


def values(result: Result) -> dict[str, float | None]:
    return {metric.quantity: metric.value for metric in from_records(result.values["metrics"])}


def test_a_collapsed_code_has_no_divergence_and_no_active_unit(artifact: Any, task: Any) -> None:
    found = values(measure(artifact, task, np.zeros((50, 3), "float32"), np.zeros((50, 3), "float32")))
    assert found == {"kl_nats": 0, "active_units": 0, "code_size": 3}


def test_divergences_are_those_of_the_closed_form_and_are_sorted(artifact: Any, task: Any) -> None:
    mean = np.tile([[0.0, 2.0, -1.0]], (50, 1)).astype("float32")
    mean[::2] *= -1
    log_variance = np.zeros((50, 3), "float32")
    result = measure(artifact, task, mean, log_variance)
    found = values(result)
    assert found["kl_nats"] == pytest.approx(2.0 + 0.5)
    assert found["active_units"] == 2
    figure = unpack(artifact(result))["divergence"]
    assert figure.arrays["y0"].tolist() == pytest.approx([2.0, 0.5, 0.0])


def test_a_code_that_is_no_distribution_is_refused_with_a_way_out(artifact: Any, task: Any) -> None:
    codes = artifact(Result(arrays={"codes": {"test": np.zeros((5, 3), "float32")}}))
    with pytest.raises(StageError, match="no distribution"):
        gaussian_code.measure(task(gaussian_code, {"codes": codes}))
