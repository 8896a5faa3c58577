"""Whether the training's own penalty is the encoder's Jacobian."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from latentpress.evaluations import contractive_objective, penalty_scale, scale_trap
from latentpress.evaluations.contractive_objective import distance
from latentpress.metrics import from_records
from latentpress.models.loading import TrainedModel, build_model
from latentpress.models.settings import ModelSettings, ObjectiveSettings


def model(objective: ObjectiveSettings) -> TrainedModel:
    return TrainedModel(build_model(ModelSettings(name="convolutional", code_size=5), objective, (28, 28, 1)))


class Data:
    """Ten random images."""

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        return {"test": np.random.default_rng(0).integers(0, 256, (10, 28, 28, 1), dtype=np.uint8)}

    def names(self) -> list[str]:
        return []


def measured(
    module: Any, task: Any, monkeypatch: pytest.MonkeyPatch, objective: ObjectiveSettings, **settings: int
) -> Any:
    monkeypatch.setattr(module, "load_model", lambda task: model(objective))
    asked = task(module, {"data": Data()}, **settings)
    asked.settings["objective"] = objective.model_dump()
    result = module.measure(asked)
    return {metric.quantity: metric.value for metric in from_records(result.values["metrics"])}, result


@pytest.mark.parametrize("contraction", ["ratio", "norm"])
def test_only_a_penalty_on_the_encoder_agrees_with_its_jacobian(
    task: Any, monkeypatch: pytest.MonkeyPatch, contraction: str
) -> None:
    distances = {}
    for penalised in ("encoder", "decoder"):
        objective = ObjectiveSettings.model_validate(
            {"penalty": "contractive", "share": 0.5, "contraction": contraction, "penalised": penalised}
        )
        found, _ = measured(contractive_objective, task, monkeypatch, objective, images=10, draws=40)
        distances[penalised] = abs(found["penalised_norm_z"])
    assert distances["encoder"] < 3
    assert distances["decoder"] > 10


def test_a_distance_is_in_standard_errors_of_the_mean() -> None:
    draws = np.array([1.0, 2.0, 3.0])
    assert distance(draws, 1.0) == pytest.approx(1.0 / (1.0 / np.sqrt(3)))
    assert distance(np.ones(3), 1.0) == 0
    assert distance(np.ones(3), 2.0) == np.inf


def test_scale_is_measured_at_both_ends_of_the_code(task: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    objective = ObjectiveSettings(penalty="contractive", weight=0.5)
    found, result = measured(penalty_scale, task, monkeypatch, objective, images=10, probed=6, probes=30)
    images = Data().arrays("images")["test"].astype(np.float32) / 255
    exact = np.square(model(objective).encoder_jacobian(images)).sum((1, 2))
    assert exact.min() / 2 < found["encoder_norm"] < exact.max() * 2
    assert found["decoder_norm"] > 0
    assert found["penalty_weight"] == 0.5
    assert result.values[penalty_scale.OBJECTIVE]["contraction"] == "ratio"


def test_the_figure_has_a_line_for_each_penalty_and_one_without() -> None:
    quantities = dict.fromkeys(scale_trap.PANELS, 2.0)
    models = [({"penalty": "none", "weight": 0.0, "contraction": "ratio"}, dict.fromkeys(scale_trap.PANELS, 7.0))]
    models += [
        ({"penalty": "contractive", "weight": weight, "contraction": kind}, quantities)
        for kind in ("norm", "ratio")
        for weight in (1e-2, 1e-4)
    ]
    drawn = scale_trap.figure(models)
    assert [panel["title"] for panel in drawn.options["panels"]] == list(scale_trap.PANELS.values())
    for panel in drawn.options["panels"]:
        lines = {series["label"]: series for series in panel["series"]}
        assert set(lines) == {"norm", "ratio", "none"}
        assert drawn.arrays[lines["norm"]["x"]].tolist() == [1e-4, 1e-2]
        assert drawn.arrays[lines["none"]["y"]].tolist() == [7.0, 7.0]
