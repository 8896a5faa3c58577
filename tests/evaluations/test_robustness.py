"""Robustness of a linear encoder, for which the change of a code under a change of the image is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from latentpress.engine.stage import Result
from latentpress.errors import SettingsError
from latentpress.evaluations import classification, robustness, robustness_comparison
from latentpress.evaluations.perturbations import PERTURBATIONS, perturb
from latentpress.evaluations.robustness import ITEMS, RIGHT, relative_change
from latentpress.figure_data import unpack
from latentpress.metrics import from_records

MATRIX = np.random.default_rng(0).normal(size=(192, 8)).astype(np.float32)


class Linear:
    """The encoder of the fixture ``codes``, perhaps with its code scaled."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = np.float32(scale)

    def encode(self, images: np.ndarray) -> np.ndarray:
        return self.scale * images.reshape(-1, 192) @ MATRIX


@pytest.fixture
def classified(artifact: Any, task: Any, digits: Any, codes: Any) -> Any:
    return artifact(classification.measure(task(classification, {"data": digits, "codes": codes}, shuffles=2)))


def measured(
    task: Any, monkeypatch: pytest.MonkeyPatch, inputs: dict[str, Any], model: Any = None, **settings: Any
) -> Result:
    monkeypatch.setattr(robustness, "load_model", lambda task: model or Linear())
    return robustness.measure(task(robustness, inputs, **settings))


def test_accuracy_falls_with_the_noise_and_is_the_probe_s_own_without_it(
    task: Any, digits: Any, codes: Any, classified: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = {"data": digits, "codes": codes, "classification": classified}
    result = measured(task, monkeypatch, inputs, noise=[0.0, 0.1, 10.0])
    metrics = {metric.id: metric for metric in from_records(result.values["metrics"])}
    own = {metric.quantity: metric.value for metric in from_records(classified.json("metrics"))}["probe_accuracy"]
    name = "mnist/plain/test/probe_accuracy/noise="
    assert metrics[f"{name}0/seed=0"].value == own == 1.0
    assert 0.1 < metrics[f"{name}10/seed=0"].value < 0.6
    assert metrics[f"{name}10/seed=0"].low < metrics[f"{name}10/seed=0"].value < metrics[f"{name}10/seed=0"].high
    assert result.arrays[RIGHT]["noise=10"].mean() == metrics[f"{name}10/seed=0"].value
    assert "noise=0" not in result.arrays[ITEMS]
    assert {"blur=1", "rotation=10", "shift=2"} < result.arrays[ITEMS].keys()


def test_the_change_under_noise_is_what_the_jacobian_of_a_linear_encoder_says(
    task: Any, digits: Any, codes: Any, classified: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = {"data": digits, "codes": codes, "classification": classified}
    result = measured(task, monkeypatch, inputs, noise=[0.05])
    variance = codes.arrays("codes")["test"].var(axis=0).sum()
    expected = 0.05**2 * np.sum(MATRIX.astype(float) ** 2) / variance
    assert np.mean(result.arrays[ITEMS]["noise=0.05"] ** 2) == pytest.approx(expected, rel=0.2)


def test_a_probe_that_did_not_converge_leaves_the_accuracy_unknown_but_not_the_change(
    artifact: Any, task: Any, digits: Any, codes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = artifact(
        classification.measure(task(classification, {"data": digits, "codes": codes}, shuffles=2, most_iterations=1))
    )
    inputs = {"data": digits, "codes": codes, "classification": stopped}
    metrics = from_records(measured(task, monkeypatch, inputs).values["metrics"])
    assert {metric.value for metric in metrics if metric.quantity == "probe_accuracy"} == {None}
    assert all(metric.value for metric in metrics if metric.quantity == "relative_code_change")


def test_codes_that_never_vary_have_no_relative_change() -> None:
    assert np.isnan(relative_change(np.ones((3, 2)), np.ones((3, 2)), 0.0)).all()
    assert robustness.mean_or_none(np.array([np.nan, 1.0])) == {"value": None}


def test_scaling_a_code_leaves_its_relative_change() -> None:
    generator = np.random.default_rng(0)
    clean, moved = generator.normal(size=(2, 50, 4))
    assert relative_change(5 * clean, 5 * moved, 5.0) == pytest.approx(relative_change(clean, moved, 1.0))


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"blur": [-1.0]}, "blur: found -1.0"), ({"other_images": 0}, "other_images: found 0, expected at least 1")],
)
def test_amounts_that_mean_nothing_are_refused(
    task: Any, digits: Any, codes: Any, monkeypatch: pytest.MonkeyPatch, settings: Any, words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        measured(task, monkeypatch, {"data": digits, "codes": codes}, **settings)


@pytest.mark.parametrize("kind", PERTURBATIONS)
def test_a_perturbation_is_the_same_for_every_model_and_nothing_at_0(kind: str) -> None:
    images = np.zeros((40, 16, 12, 1), np.float32)
    images[:, 7:9, 5:7] = 1
    once, again = (perturb(images, kind, 2.0, seed=5) for _ in range(2))
    assert once.dtype == np.float32 and once.shape == images.shape
    assert np.array_equal(once, again) and not np.array_equal(once, images)
    assert np.array_equal(perturb(images, kind, 0.0, seed=5), images)


def test_a_shift_moves_all_ink_in_one_of_four_directions() -> None:
    images = np.zeros((60, 15, 15, 1), np.float32)
    images[:, 7, 7] = 1
    places = {tuple(np.argwhere(image[..., 0])[0]) for image in perturb(images, "shift", 2.0, seed=0)}
    assert places == {(5, 7), (9, 7), (7, 5), (7, 9)}


def test_a_quarter_turn_goes_to_either_side() -> None:
    images = np.zeros((60, 15, 15, 1), np.float32)
    images[:, 2, 7] = 1
    places = {tuple(np.argwhere(image[..., 0] > 0.5)[0]) for image in perturb(images, "rotation", 90.0, seed=0)}
    assert places == {(7, 2), (7, 12)}


def test_noise_has_the_deviation_that_is_asked_for_and_is_not_clipped() -> None:
    noisy = perturb(np.zeros((50, 20, 20, 1), np.float32), "noise", 0.3, seed=0)
    assert noisy.std() == pytest.approx(0.3, rel=0.02)
    assert noisy.min() < -0.5


def right_and_change(artifact: Any, wrong: int, change: float, **arrays: Any) -> Any:
    """A robustness artifact of 100 images, of which the probe has the first ``wrong`` ones wrong."""
    found = {ITEMS: {"noise=0.3": np.linspace(0.9, 1.1, 100) * change}, RIGHT: {"noise=0.3": np.arange(100) >= wrong}}
    metrics = [
        {"id": "", "data": "mnist", "model": "m", "split": "test", "quantity": "probe_accuracy", "alpha": None,
         "conditions": {"noise": noise}, "seed": 0, "value": value, "low": value - 0.1, "high": value + 0.1, "unit": ""}
        for noise, value in ((0.3, 1 - wrong / 100), (0.1, 0.99))
    ]  # fmt: skip
    return artifact(Result(values={"metrics": metrics}, arrays={**found, **arrays}))


def test_models_are_compared_on_the_same_noisy_images(artifact: Any, task: Any) -> None:
    inputs = {
        "robustness:plain": right_and_change(artifact, 9, 0.4),
        "robustness:contractive": right_and_change(artifact, 0, 0.2),
    }
    settings = {"experiments": ["plain", "contractive"]}
    result = robustness_comparison.measure(task(robustness_comparison, inputs, settings, experiment=None))
    metrics = {metric.id: metric for metric in from_records(result.values["metrics"])}
    pair = "mnist/contractive_vs_plain/test/"
    assert metrics[f"{pair}probe_accuracy_difference/noise=0.3"].value == pytest.approx(0.09)
    assert metrics[f"{pair}mcnemar_p/noise=0.3"].value == pytest.approx(2 / 2**9)
    change = metrics[f"{pair}relative_code_change_difference/noise=0.3"]
    assert change.value == pytest.approx(-0.2) and change.high < 0
    assert metrics["mnist/plain_vs_contractive/test/mcnemar_p/noise=0.3"].value == pytest.approx(2 / 2**9)
    with pytest.raises(SettingsError, match=r"noise: found 0\.2, expected one of plain's: 0\.3"):
        robustness_comparison.measure(task(robustness_comparison, inputs, settings, experiment=None, noise=0.2))


def test_accuracy_is_drawn_against_the_noise_with_intervals(artifact: Any, task: Any) -> None:
    inputs = {"robustness:m": right_and_change(artifact, 9, 0.4)}
    settings = {"experiments": ["m"]}
    result = robustness_comparison.measure(task(robustness_comparison, inputs, settings, experiment=None))
    figure = unpack(artifact(result))["accuracy"]
    assert figure.arrays["x0"].tolist() == [0.1, 0.3]
    assert figure.arrays["y0"] == pytest.approx([0.99, 0.91])
    assert figure.arrays["low0"] == pytest.approx([0.89, 0.81])
    assert figure.options["panels"][0]["series"][0]["high"] == "high0"


def test_a_probe_that_did_not_converge_is_not_compared() -> None:
    found = robustness_comparison.compare_right(None, np.ones(3, bool))
    assert found == {"probe_accuracy_difference": {"value": None}, "mcnemar_p": {"value": None}}
