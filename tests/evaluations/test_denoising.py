"""Denoising by a model and by tuned controls, and the comparison of the two."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from latentpress.engine.stage import Result
from latentpress.errors import SettingsError, StageError
from latentpress.evaluations import denoising, denoising_comparison, denoising_controls
from latentpress.evaluations.denoised import item_name, read_item_name
from latentpress.evaluations.denoisers import PrincipalComponents
from latentpress.evaluations.denoising_comparison import check_alike
from latentpress.figure_data import unpack
from latentpress.metrics import Metric, from_records
from latentpress.reporting.figures import render

SMALL = {"noise": [0.1, 0.3], "stated_noise": 0.3, "images": 24, "shown": 3, "masking": [4]}
CONTROLS = ["noisy_input", "gaussian_filter", "total_variation", "nonlocal_means", "pca_4"]


class Linear:
    """A model that projects onto principal components, or spoils what it is given."""

    def __init__(self, images: np.ndarray, components: int, nan: bool = False) -> None:
        self.components, self.nan = PrincipalComponents(images, components), nan

    def encode(self, images: np.ndarray) -> np.ndarray:
        found: np.ndarray = (images.reshape(len(images), -1) - self.components.mean) @ self.components.axes.T
        return found

    def decode(self, codes: np.ndarray) -> np.ndarray:
        vectors = np.clip(codes @ self.components.axes + self.components.mean, 0, 1).reshape(-1, 16, 12, 1)
        return vectors * np.float32(np.nan if self.nan else 1)


@pytest.fixture
def measured(task: Any, artifact: Any, digits: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Measure a linear model with so many components."""

    def measure(components: int = 4, nan: bool = False, **settings: Any) -> Result:
        train = digits.arrays("images")["train"].astype(np.float32) / 255
        monkeypatch.setattr(denoising, "load_model", lambda task: Linear(train, components, nan))
        return denoising.measure(task(denoising, {"data": digits}, **{**SMALL, **settings}))

    return measure


@pytest.fixture
def controls(task: Any, digits: Any) -> Any:
    """Measure the controls."""

    def measure(**settings: Any) -> Result:
        given = {**SMALL, "tuned_on": 8, "components": 4, "fitted_on": 60, **settings}
        return denoising_controls.measure(task(denoising_controls, {"data": digits}, experiment=None, **given))

    return measure


def by_id(result: Result) -> dict[str, Metric]:
    return {metric.id: metric for metric in from_records(result.values["metrics"])}


def test_a_model_is_measured_under_every_corruption_and_once_more_at_the_stated_noise(measured: Any) -> None:
    metrics = by_id(measured())
    start, quantities = "mnist/plain/test/", ("snr", "mse", "psnr", "ssim", "snr_gain")
    conditions = ("", "/noise=0.1", "/noise=0.3", "/salt_and_pepper=0.1", "/blur=1", "/masking=4")
    assert set(metrics) == {f"{start}denoised_{quantity}{end}/seed=0" for quantity in quantities for end in conditions}
    for quantity in quantities:
        stated, same = (metrics[f"{start}denoised_{quantity}{end}/seed=0"] for end in ("", "/noise=0.3"))
        assert (stated.value, stated.low, stated.high) == (same.value, same.low, same.high)
        assert stated.low < stated.value < stated.high
        assert stated.unit == ("dB" if quantity in ("snr", "psnr", "snr_gain") else "")
    assert metrics[f"{start}denoised_snr/noise=0.1/seed=0"].value > metrics[f"{start}denoised_snr/seed=0"].value


def test_the_gain_is_the_model_s_ratio_less_that_of_the_input(measured: Any, controls: Any) -> None:
    model, given = by_id(measured()), by_id(controls())
    for end in ("", "/noise=0.1", "/blur=1"):
        after, gain = (model[f"mnist/plain/test/denoised_{name}{end}/seed=0"].value for name in ("snr", "snr_gain"))
        assert gain == pytest.approx(after - given[f"mnist/noisy_input/test/denoised_snr{end}"].value)


def test_without_noise_the_input_has_no_error_and_nothing_is_gained(measured: Any, controls: Any) -> None:
    model, given = by_id(measured(noise=[0.0], stated_noise=0.0)), by_id(controls(noise=[0.0], stated_noise=0.0))
    ratio = given["mnist/noisy_input/test/denoised_snr"]
    assert (ratio.value, ratio.low) == (math.inf, None)
    assert given["mnist/noisy_input/test/denoised_ssim"].value == 1
    assert "mnist/plain/test/denoised_snr_gain/seed=0" not in model
    assert all(metric.value is not None for metric in (*model.values(), *given.values()))


def test_the_figure_shows_clean_noisy_and_denoised_images_of_each_class(measured: Any, artifact: Any) -> None:
    figure = unpack(artifact(measured()))["denoised"]
    assert figure.options == {"row_labels": ["clean", "noisy", "denoised"], "column_labels": ["0", "1", "2"]}
    assert figure.arrays["images"].shape == (3, 3, 16, 12, 1)
    assert figure.arrays["images"].min() >= 0 and figure.arrays["images"].max() <= 1


def test_a_model_that_diverged_is_refused(measured: Any) -> None:
    with pytest.raises(StageError, match="restored images"):
        measured(nan=True)


def test_a_stated_noise_that_is_not_measured_is_refused(measured: Any, controls: Any) -> None:
    for measure, name in ((measured, "denoising"), (controls, "denoising_controls")):
        with pytest.raises(SettingsError, match=f'evaluation "{name}": stated_noise: found 0.2'):
            measure(stated_noise=0.2)
    with pytest.raises(SettingsError, match="tuned_on: found 0, expected at least 1"):
        controls(tuned_on=0)


def test_controls_are_better_than_the_noisy_input_and_say_what_they_were_tuned_to(controls: Any) -> None:
    result = controls()
    metrics = by_id(result)
    assert list(dict.fromkeys(metric.model for metric in metrics.values())) == CONTROLS
    noisy = metrics["mnist/noisy_input/test/denoised_mse"].value
    for name in CONTROLS[1:]:
        assert metrics[f"mnist/{name}/test/denoised_mse"].value < noisy
        assert metrics[f"mnist/{name}/test/denoised_snr_gain"].low > 0
    table = result.tables["parameters"]
    assert len(table) == 5 * 4 * 2 and set(table["tuned_for"]) == {"MSE", "SSIM"}
    assert set(table["control"]) == {"Gaussian filter", "total variation", "non-local means", "PCA 4"}
    assert set(table.loc[table["control"] == "PCA 4", "value"]) <= {1, 2, 3, 4}
    plain = controls(levels=False).tables["parameters"]
    assert set(plain["black"]) == {0.0} and set(plain["white"]) == {1.0}


def test_noise_is_measured_both_ways_and_the_other_way_has_a_condition(controls: Any) -> None:
    clipped, unclipped = by_id(controls()), by_id(controls(clipped=False))
    name = "mnist/noisy_input/test/denoised_snr"
    assert clipped[f"{name}/clipped=no/noise=0.3"].value == unclipped[name].value < clipped[name].value
    assert unclipped[f"{name}/clipped=yes/noise=0.3"].value == clipped[name].value


def test_every_corruption_is_shown_and_noise_that_is_not_clipped_differs(controls: Any, artifact: Any) -> None:
    figure = unpack(artifact(controls()))["corruptions"]
    assert figure.options["row_labels"] == [
        "clean", "noise, $\\sigma$ = 0.3, clipped", "not clipped, own scale", "salt and pepper, 0.1", "blur, 1 px",
        "masking, 4 px",
    ]  # fmt: skip
    rows = figure.arrays["images"]
    assert rows.shape == (6, 3, 16, 12, 1) and rows.min() >= 0 and rows.max() <= 1
    assert all(not np.array_equal(rows[0], row) for row in rows[1:]) and not np.allclose(rows[1], rows[2], atol=0.05)


@pytest.fixture
def compared(task: Any, artifact: Any, measured: Any, controls: Any) -> Any:
    """Compare a model with three components to one with one."""

    def compare(**settings: Any) -> Result:
        inputs = {
            "denoising_controls": artifact(controls()),
            "denoising:fine": artifact(measured(3)),
            "denoising:coarse": artifact(measured(1, **settings)),
        }
        names = {"experiments": ["fine", "coarse"]}
        renamed = task(denoising_comparison, inputs, names, experiment=None)
        return denoising_comparison.measure(renamed)

    return compare


def test_models_and_controls_are_compared_image_by_image(compared: Any, measured: Any) -> None:
    metrics = by_id(compared())
    assert len(metrics) == (2 + 2 * len(CONTROLS)) * 2 * 6
    fine, coarse = by_id(measured(3)), by_id(measured(1))
    for quantity, sign in (("denoised_mse", -1), ("denoised_ssim", 1)):
        for end in ("", "/noise=0.1", "/masking=4"):
            found = metrics[f"mnist/fine_vs_coarse/test/{quantity}_difference{end}"]
            values = [each[f"mnist/plain/test/{quantity}{end}/seed=0"].value for each in (fine, coarse)]
            assert found.value == pytest.approx(values[0] - values[1])
            assert found.low is not None and sign * found.value > 0
    assert metrics["mnist/fine_vs_noisy_input/test/denoised_mse_difference/noise=0.3"].high < 0
    assert {metric.seed for metric in metrics.values()} == {None}


def test_other_images_or_corruptions_cannot_be_compared(compared: Any) -> None:
    with pytest.raises(SettingsError, match=r"coarse was measured on 20 images with .*expected the same as fine: 24"):
        compared(images=20)
    with pytest.raises(SettingsError, match=r"noise=0\.5"):
        compared(noise=[0.3, 0.5])
    check_alike({"only": {"denoised_mse": np.ones(3)}})


@pytest.mark.parametrize("other", [{"clipped": False}, {"stated_noise": 0.1}])
def test_noise_that_was_made_in_another_way_cannot_be_compared(compared: Any, other: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"coarse was measured with .*expected the same as fine") as caught:
        compared(**other)
    assert "the same stated_noise and clipped" in caught.value.hint


def test_curves_have_a_line_for_each_model_and_control_in_four_panels(compared: Any, artifact: Any) -> None:
    figure = unpack(artifact(compared()))["curves"]
    panels = figure.options["panels"]
    assert [panel["y_label"] for panel in panels] == ["SNR (dB)", "mean squared error", "PSNR (dB)", "SSIM"]
    labels = ["fine", "coarse", "noisy input", "Gaussian filter", "total variation", "non-local means", "PCA 4"]
    for panel in panels:
        assert [series["label"] for series in panel["series"]][2:] == labels[2:]
        assert {series["style"] for series in panel["series"][:2]} == {"-"}
        assert {series["style"] for series in panel["series"][2:]} == {"--"}
        assert all(figure.arrays[series["x"]].tolist() == [0.1, 0.3] for series in panel["series"][2:])
    render(figure)


@pytest.mark.parametrize("conditions", [{}, {"noise": 0.3}, {"salt_and_pepper": 0.1}, {"masking": 10}])
def test_names_of_items_are_read_back(conditions: dict[str, float]) -> None:
    assert read_item_name(item_name("denoised_ssim", conditions)) == ("denoised_ssim", conditions)
