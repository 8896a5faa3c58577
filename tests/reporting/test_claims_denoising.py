"""Claims about denoising follow their data, and say of how strong a noise they speak."""

from __future__ import annotations

from typing import Any

import pytest

from latentpress.errors import TemplateError
from latentpress.metrics import Metric
from latentpress.reporting.claim_base import Claim, Look
from latentpress.reporting.claims import make
from latentpress.reporting.evidence import Evidence, Measured
from latentpress.reporting.latex import to_text
from latentpress.reporting.names import Names
from latentpress.reporting.seed_pairing import pair_over_seeds

NAMES = Names({"drop": {"title": "Dropout autoencoder"}, "simple": {"title": "Simple autoencoder"}})
LEVELS = (0.1, 0.3, 0.5)
INPUT_SNR = {0.1: 8.48, 0.3: -0.72, 0.5: -4.61}
PAIR = {"a": "drop", "b": "simple", "data": "colored_mnist"}


def metric(quantity: str, value: float | None, model: str, half: float | None = None, **fields: Any) -> Metric:
    if half is not None and value is not None:
        fields |= {"low": value - half, "high": value + half}
    return Metric(quantity, value, **{"data": "colored_mnist", "model": model, "split": "test", **fields})


def given() -> list[Metric]:
    """The noisy input's signal-to-noise ratio at every level, and stated."""
    found = [
        metric("denoised_snr", ratio, "noisy_input", 0.1, unit="dB", conditions={"noise": level})
        for level, ratio in INPUT_SNR.items()
    ]
    other = metric("denoised_snr", -3.5, "noisy_input", 0.1, unit="dB", conditions={"noise": 0.3, "clipped": "no"})
    return [*found, metric("denoised_snr", INPUT_SNR[0.3], "noisy_input", 0.1, unit="dB"), other]


def differences(
    values: dict[float, float], a: str = "drop", b: str = "simple", quantity: str = "denoised_ssim", half: float = 0.01
) -> list[Metric]:
    """Differences of a and b at each noise; that at 0.3 is the stated one."""
    found = []
    for level, value in values.items():
        for conditions in [{"noise": level}, *([{}] if level == 0.3 else [])]:
            found.append(metric(f"{quantity}_difference", value, f"{a}_vs_{b}", half, conditions=conditions))
            found += [
                metric(quantity, 0.5 + add, model, 1.0, conditions=conditions) for model, add in ((a, value), (b, 0))
            ]
    return found


def claim(name: str, metrics: list[Metric], by_seed: list[Measured] | None = None, **fields: Any) -> Claim:
    evidence = Evidence(measured={m.id: Measured(m, "x", m.model, "digest") for m in metrics}, by_seed=by_seed or [])
    pair_over_seeds(evidence)
    return make(Look(evidence, NAMES), name, fields)


def said(name: str, metrics: list[Metric], **fields: Any) -> tuple[str, str]:
    made = claim(name, metrics, **fields)
    assert set(made.metrics) <= {m.id for m in metrics} and made.metrics
    return made.outcome, to_text(made.sentence)


@pytest.mark.parametrize(
    ("difference", "outcome", "words"),
    [
        (0.1, "better", "is higher, and so better, for the dropout autoencoder than for the simple autoencoder"),
        (-0.1, "worse", "is lower, and so worse, for the dropout autoencoder"),
        (0.005, "no difference shown", "no difference is shown between the dropout autoencoder and the simple"),
    ],
)
def test_at_the_stated_noise_two_models_are_compared_by_their_differences(
    difference: float, outcome: str, words: str
) -> None:
    found = said("denoised_against", [*given(), *differences({0.3: difference})], **PAIR)
    assert found[0] == outcome and words in found[1]
    assert "input SNR −0.72 dB" in found[1].replace("\u202f", " ").replace("\xa0", " ")
    turned = said("denoised_against", [*given(), *differences({0.3: -difference}, "simple", "drop")], **PAIR)
    assert turned[0] == outcome
    error = [*given(), *differences({0.3: difference}, quantity="denoised_mse")]
    swapped = {"better": "worse", "worse": "better"}.get(outcome, outcome)
    assert said("denoised_against", error, quantity="denoised_mse", **PAIR)[0] == swapped


@pytest.mark.parametrize(
    ("values", "outcome", "words"),
    [
        ((0.1, 0.2, 0.3), "better", "is higher, and so better, for the dropout autoencoder than for the simple"),
        ((-0.1, -0.2, -0.3), "worse", "is lower, and so worse,"),
        ((0.1, 0.2, 0.001), "no difference shown", "better at σ of 0.1 and 0.3 and no difference is shown at σ = 0.5"),
        (
            (-0.1, 0.001, 0.3),
            "no difference shown",
            "is better at σ = 0.5, the dropout autoencoder is worse at σ = 0.1",
        ),
        ((0.001, 0.002, 0.003), "no difference shown", "no difference is shown between"),
    ],
)
def test_over_several_levels_it_has_to_be_shown_at_every_one(
    values: tuple[float, ...], outcome: str, words: str
) -> None:
    metrics = [*given(), *differences(dict(zip(LEVELS, values, strict=True)))]
    found = said("denoised_against", metrics, noise=list(LEVELS), **PAIR)
    assert found[0] == outcome
    assert words in found[1].replace("\xa0", " ")
    assert "8.48" in found[1] and "4.61" in found[1] and "the smallest paired difference" in found[1]


CONTROLS = ["gaussian_filter", "pca_64"]


def beside(gaussian: tuple[float, ...], components: tuple[float, ...]) -> list[Metric]:
    first = differences(dict(zip(LEVELS, gaussian, strict=True)), b="gaussian_filter")
    second = differences(dict(zip(LEVELS, components, strict=True)), b="pca_64")
    return [*given(), *{m.id: m for m in (*first, *second)}.values()]


@pytest.mark.parametrize(
    ("gaussian", "components", "outcome", "words"),
    [
        ((0.1, 0.2, 0.3), (0.05, 0.2, 0.2), "holds",
         "higher, and so better, for the dropout autoencoder than for the Gaussian filter and PCA with 64 components"),
        ((-0.1, 0.2, 0.3), (0.001, 0.2, 0.2), "does not hold",
         "it is worse than the Gaussian filter at σ = 0.1 and it is not shown to differ from PCA with 64 components at "
         "σ = 0.1; everywhere else it is better"),
        ((0.1, 0.2, 0.3), (0.001, 0.002, 0.2), "no difference shown",
         "it is not shown to differ from PCA with 64 components at σ of 0.1 and 0.3; everywhere else"),
        ((-0.1, -0.2, -0.3), (-0.1, -0.2, -0.2), "does not hold",
         "it is worse than the Gaussian filter and PCA with 64 components at each of these."),
    ],
)  # fmt: skip
def test_a_model_is_above_all_controls_only_where_each_difference_shows_it(
    gaussian: tuple[float, ...], components: tuple[float, ...], outcome: str, words: str
) -> None:
    metrics = beside(gaussian, components)
    found = said("above_controls", metrics, a="drop", controls=CONTROLS, data="colored_mnist", noise=list(LEVELS))
    assert found[0] == outcome
    assert words in found[1].replace("\xa0", " ")
    assert ("everywhere else" in found[1]) == (outcome != "holds" and gaussian[1] > 0)
    assert "input SNR from 8.48" in found[1]


@pytest.mark.parametrize(
    ("gain", "half", "outcome", "words"),
    [
        (
            9.0,
            0.1,
            "holds",
            "The dropout autoencoder raises the SNR of the noisy images from −0.72 dB to 8.28 dB, by 9.00",
        ),
        (
            -2.0,
            0.1,
            "does not hold",
            "does not raise but lowers the SNR of the noisy images from −0.72 dB to −2.72 dB, by 2.00",
        ),
        (0.05, 0.1, "no difference shown", "is not shown to change the SNR"),
        (9.0, None, "not testable", "has no interval"),
        (float("inf"), None, "holds", "to ∞"),
    ],
)
def test_the_gain_over_the_input_is_said_in_decibels(gain: float, half: float | None, outcome: str, words: str) -> None:
    own = [
        metric("denoised_snr", INPUT_SNR[0.3] + gain, "drop", unit="dB"),
        metric("denoised_snr_gain", gain, "drop", half, unit="dB"),
        metric("denoised_snr_gain", 1.0, "drop", 0.1, unit="dB", conditions={"noise": 0.1}),
        metric("denoised_snr", 9.48, "drop", 0.1, unit="dB", conditions={"noise": 0.1}),
    ]
    found = said("beats_input", [*given(), *own], a="drop", data="colored_mnist")
    assert found[0] == outcome and words in found[1].replace("\u202f", " ").replace("\xa0", " ")
    weak = said("beats_input", [*given(), *own], a="drop", data="colored_mnist", noise=0.1)
    assert weak[0] == "holds" and "at σ = 0.1" in weak[1] and "8.48" in weak[1]


def test_with_several_seeds_the_differences_of_the_seeds_decide() -> None:
    """Those of the images speak for the first training only, and here they would say "better"."""
    by_seed = [
        Measured(metric("denoised_ssim", value, model, seed=seed, conditions={"noise": 0.3}), "x", model, "digest")
        for model, values in (("drop", (0.60, 0.40, 0.50)), ("simple", (0.50, 0.50, 0.49)))
        for seed, value in enumerate(values)
    ]
    metrics = [*given(), *differences({0.3: 0.1})]
    made = claim("denoised_against", metrics, by_seed, noise=[0.3], **PAIR)
    assert made.outcome == "no difference shown" and "over seeds" in made.test


def test_what_is_not_compared_is_an_error_of_the_template() -> None:
    metrics = [*given(), *differences({0.3: 0.1})]
    for fields, words in (
        ({"quantity": "denoised_psnr"}, "cannot compare 'denoised_psnr'"),
        ({"noise": []}, "names no noise"),
        ({"noise": [0.2]}, "no evaluation of this section measures"),
    ):
        with pytest.raises(TemplateError, match=words):
            claim("denoised_against", metrics, **PAIR, **fields)
    with pytest.raises(TemplateError, match="names no control"):
        claim("above_controls", metrics, a="drop", controls=[], data="colored_mnist", noise=[0.3])


def test_controls_of_denoising_have_names_in_headings_and_in_sentences() -> None:
    titles = {
        name: NAMES.title(name) for name in ("noisy_input", "gaussian_filter", "total_variation", "nonlocal_means")
    }
    assert list(titles.values()) == ["Noisy input", "Gaussian filter", "Total variation", "Non-local means"]
    assert NAMES.running("gaussian_filter") == "the Gaussian filter"
    assert NAMES.running("nonlocal_means") == "non-local means"
