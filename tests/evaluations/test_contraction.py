"""Norms of Jacobians, of a linear encoder whose Jacobian is its matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from latentpress.evaluations import contraction
from latentpress.evaluations.code_measures import code_variance, contraction_ratio
from latentpress.evaluations.contraction import agree, squared_norms
from latentpress.metrics import from_records

MATRIX = np.random.default_rng(0).normal(size=(8, 192))


class Linear:
    """An encoder z = s·Mx, and an estimate that may be of another map."""

    def __init__(self, scale: float = 1.0, wrong: float = 1.0) -> None:
        self.scale, self.wrong = scale, wrong

    def encoder_jacobian(self, images: np.ndarray) -> np.ndarray:
        return np.broadcast_to(self.scale * MATRIX, (len(images), 8, 192))

    def encoder_jacobian_products(self, images: np.ndarray, tangents: np.ndarray) -> np.ndarray:
        return self.wrong * self.scale * tangents.reshape(len(images), -1) @ MATRIX.T


def measured(
    task: Any, digits: Any, codes: Any, monkeypatch: pytest.MonkeyPatch, model: Linear, **settings: int
) -> dict[str, Any]:
    monkeypatch.setattr(contraction, "load_model", lambda task: model)
    result = contraction.measure(task(contraction, {"data": digits, "codes": codes}, images=40, probes=4, **settings))
    return {metric.quantity: metric for metric in from_records(result.values["metrics"])}


def test_a_right_estimate_agrees_with_the_exact_norm(
    task: Any, digits: Any, codes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = measured(task, digits, codes, monkeypatch, Linear())
    exact = np.sum(MATRIX**2)
    assert metrics["jacobian_squared_norm"].value == pytest.approx(exact)
    assert abs(metrics["jacobian_estimate_z"].value) < 3
    assert metrics["jacobian_estimate"].low < exact < metrics["jacobian_estimate"].high
    spread = np.trace(np.cov(codes.arrays("codes")["test"].T, bias=True))
    assert metrics["contraction_ratio"].value == pytest.approx(metrics["jacobian_estimate"].value / spread, rel=1e-5)


def test_the_estimate_of_another_map_is_many_standard_errors_away(
    task: Any, digits: Any, codes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = measured(task, digits, codes, monkeypatch, Linear(wrong=2.0))
    assert metrics["jacobian_estimate_z"].value > 10


def test_the_exact_norm_can_be_left_out_where_only_the_ratio_is_wanted(
    task: Any, digits: Any, codes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = measured(task, digits, codes, monkeypatch, Linear(), exact_images=0)
    assert metrics.keys() == {"jacobian_estimate", "code_variance", "contraction_ratio"}


def test_shrinking_the_code_leaves_the_ratio() -> None:
    images = np.random.default_rng(1).normal(size=(500, 192))
    ratios = []
    for scale in (1.0, 0.01):
        norm = float(squared_norms(scale * MATRIX[None])[0])
        variance = code_variance(scale * images @ MATRIX.T)
        ratios.append(contraction_ratio({"value": norm, "low": None, "high": None}, variance)["value"])
    assert ratios[0] == pytest.approx(ratios[1])


def test_codes_that_never_vary_have_no_ratio() -> None:
    assert contraction_ratio({"value": 1.0}, 0.0) == {"value": None}


def test_agreement_is_judged_image_by_image() -> None:
    exact = np.array([1.0, 100.0, 10_000.0])
    difference = np.array([0.1, -0.1, 0.3])
    assert agree(exact + difference, exact) == pytest.approx(
        difference.mean() / (difference.std(ddof=1) / np.sqrt(3)), rel=1e-6
    )
    assert agree(exact, exact) == 0
    assert agree(exact + 1, exact) == np.inf
