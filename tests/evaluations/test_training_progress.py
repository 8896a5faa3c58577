"""Outputs after kept epochs: the weights of each are used, and the same noisy images are shown to all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from latentpress.engine.stage import Result
from latentpress.errors import SettingsError
from latentpress.evaluations import training_progress
from latentpress.figure_data import unpack
from latentpress.metrics import from_records


class Fading:
    """A model that gives back a share of what it sees; its weights are that share."""

    def __init__(self, share: float) -> None:
        self.share = np.float32(share)

    def encode(self, images: np.ndarray) -> np.ndarray:
        return images.reshape(len(images), -1)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return np.asarray(self.share * codes).reshape(-1, 16, 12, 1)


SHARES = {"weights_epoch_1": 0.0, "weights_epoch_3": 0.5, "weights": 1.0}


@pytest.fixture
def measure(task: Any, artifact: Any, digits: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    def measured(kept: int = 5, chosen: tuple[int, ...] = (1, 3), **settings: Any) -> Result:
        training = {"kept_epoch": kept, "kept_epochs": list(chosen), "early_stopping": True}
        model = artifact(Result(values={"training": training}))
        monkeypatch.setattr(training_progress, "load_model", lambda task, weights="weights": Fading(SHARES[weights]))
        given = {"images": 20, "shown": 3, **settings}
        return training_progress.measure(task(training_progress, {"data": digits, "model": model}, **given))

    return measured


def test_each_epoch_is_measured_with_its_own_weights(measure: Any) -> None:
    metrics = from_records(measure().values["metrics"])
    ratios = {metric.conditions["epoch"]: metric.value for metric in metrics if metric.quantity == "epoch_snr"}
    assert list(ratios) == [1, 3, 5]
    assert ratios[1] == pytest.approx(0.0, abs=1e-6), "without any ink the error is the signal itself"
    errors = {metric.conditions["epoch"]: metric.value for metric in metrics if metric.quantity == "epoch_mse"}
    assert len(set(errors.values())) == 3
    assert {metric.quantity for metric in metrics} == {"epoch_snr", "epoch_mse", "epoch_ssim"}


def test_the_figure_has_a_row_for_each_epoch_below_clean_and_noisy_images(measure: Any, artifact: Any) -> None:
    result = measure()
    figure = unpack(artifact(result))["outputs"]
    assert figure.options["row_labels"] == ["clean", "noisy", "epoch 1", "epoch 3", "epoch 5"]
    assert figure.options["column_labels"] == ["0", "1", "2"]
    rows = figure.arrays["images"]
    assert rows.shape == (5, 3, 16, 12, 1)
    assert not rows[2].any()
    assert np.allclose(np.clip(rows[4], 0, 1), rows[1])
    assert result.tables["epochs"]["epoch"].tolist() == [1, 3, 5]


def test_an_epoch_that_is_both_chosen_and_kept_is_measured_once(measure: Any) -> None:
    assert measure(kept=3).tables["epochs"]["epoch"].tolist() == [1, 3]


def test_a_model_without_chosen_epochs_shows_its_end_alone(measure: Any) -> None:
    assert measure(chosen=()).tables["epochs"]["epoch"].tolist() == [5]


@pytest.mark.parametrize("wrong", [{"images": 0}, {"shown": 0}, {"stated_noise": -0.1}])
def test_settings_without_an_image_or_a_meaning_are_refused(measure: Any, wrong: dict[str, float]) -> None:
    (key,) = wrong
    with pytest.raises(SettingsError, match=f"{key}: found {wrong[key]:g}, expected at least"):
        measure(**wrong)
