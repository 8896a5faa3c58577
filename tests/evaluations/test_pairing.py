"""Comparisons over the same items: what is paired with what, and the differences that come of it."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from latentpress.engine.stage import Result
from latentpress.evaluations import (
    contraction_comparison,
    interpolation_comparison,
    reconstruction_comparison,
    sparsity_comparison,
)
from latentpress.evaluations.pairing import mean_difference
from latentpress.evaluations.sparsity import UNITS
from latentpress.metrics import Metric, from_records

SHARED = np.random.default_rng(0).normal(0, 100, 40)


def compared(
    module: ModuleType, artifact: Any, task: Any, items: dict[str, dict[str, np.ndarray]], **controls: Any
) -> dict[str, Metric]:
    need = module.NEEDS[0]
    units = {"hoyer_units": np.linspace(0, 1, 9)}  # read by the comparison of sparsity alone
    inputs = {
        f"{need}:{model}": artifact(Result(arrays={"items": arrays, UNITS: units})) for model, arrays in items.items()
    }
    if controls:
        arrays = {f"items.{name}": {"test_mse": errors} for name, errors in controls.items()}
        inputs["controls"] = artifact(Result(arrays=arrays))
    result = module.measure(task(module, inputs, {"experiments": list(items)}, experiment=None))
    return {metric.id: metric for metric in from_records(result.values["metrics"])}


@pytest.mark.parametrize(
    ("module", "quantity"),
    [(contraction_comparison, "contraction_ratio"), (sparsity_comparison, "hoyer_samples")],
)
def test_what_the_items_share_falls_out_of_the_difference(
    module: ModuleType, quantity: str, artifact: Any, task: Any
) -> None:
    items = {"sparse": {quantity: SHARED + 1}, "plain": {quantity: SHARED}}
    metrics = compared(module, artifact, task, items)
    forth, back = (f"mnist/{pair}/test/{quantity}_difference" for pair in ("sparse_vs_plain", "plain_vs_sparse"))
    assert metrics.keys() == {forth, back}
    assert metrics[back].value == pytest.approx(-1)
    found = metrics[forth]
    assert found.value == pytest.approx(1)
    assert found.low == pytest.approx(1)


def test_models_are_compared_with_controls_but_controls_not_with_each_other(artifact: Any, task: Any) -> None:
    items = {name: {"test_mse": SHARED + shift} for shift, name in enumerate(["sparse", "plain"])}
    metrics = compared(reconstruction_comparison, artifact, task, items, pca_8=SHARED + 5, mean_image=SHARED + 9)
    value = {name.split("/")[1]: metric.value for name, metric in metrics.items()}
    assert value == {
        "sparse_vs_plain": pytest.approx(-1),
        "plain_vs_sparse": pytest.approx(1),
        "sparse_vs_pca_8": pytest.approx(-5),
        "sparse_vs_mean_image": pytest.approx(-9),
        "plain_vs_pca_8": pytest.approx(-4),
        "plain_vs_mean_image": pytest.approx(-8),
    }


def test_interpolations_are_compared_at_every_alpha_inside_the_path(artifact: Any, task: Any) -> None:
    columns = np.array([np.inf, 20, 25, np.inf])
    items = {
        name: {"alphas": np.array([0, 0.2, 0.8, 1.0]), "interpolation_psnr_mean": columns + shift + SHARED[:, None]}
        for shift, name in enumerate(["sparse", "plain"])
    }
    metrics = compared(interpolation_comparison, artifact, task, items)
    assert {name: metric.value for name, metric in metrics.items()} == {
        f"mnist/{pair}/test/interpolation_psnr_mean_difference/alpha={alpha}": pytest.approx(value)
        for pair, value in (("sparse_vs_plain", -1), ("plain_vs_sparse", 1))
        for alpha in (0.2, 0.8)
    }


def test_a_difference_with_an_infinite_item_is_unknown() -> None:
    assert mean_difference(np.array([1.0, np.inf]), np.array([1.0, np.inf])) == {"value": None}
    assert mean_difference(np.array([1.0, np.nan]), np.array([1.0, 2.0])) == {"value": None}
