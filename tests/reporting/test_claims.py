"""Sentences follow their data: each claim is turned around by tables that turn its result around."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from latentpress.errors import TemplateError
from latentpress.metrics import Metric
from latentpress.reporting.claim_base import Claim, Look
from latentpress.reporting.claims import CLAIMS, make
from latentpress.reporting.evidence import Evidence, Measured
from latentpress.reporting.latex import to_text
from latentpress.reporting.names import Names
from latentpress.reporting.seed_pairing import pair_over_seeds

NAMES = Names(
    {
        "sparse": {"title": "Sparse autoencoder"},
        "contractive": {"title": "Contractive autoencoder"},
        "vae": {"title": "VAE"},
    }
)


def metric(
    quantity: str, value: float | None, model: str = "sparse", half: float | None = None, **fields: Any
) -> Metric:
    if half is not None and value is not None:
        fields |= {"low": value - half, "high": value + half}
    return Metric(quantity, value, **{"data": "mnist", "model": model, "split": "test", **fields})


def claim(name: str, metrics: list[Metric], published: list[dict[str, str]] | None = None, **fields: Any) -> Claim:
    measured = {m.id: Measured(m, "x", m.model, "digest") for m in metrics}
    return make(Look(Evidence(measured=measured), NAMES, published or []), name, fields)


def said(name: str, metrics: list[Metric], **fields: Any) -> tuple[str, str]:
    made = claim(name, metrics, **fields)
    return made.outcome, to_text(made.sentence)


PAIR = {"a": "mnist/sparse/test/probe_accuracy", "b": "mnist/contractive/test/probe_accuracy", "what": "the accuracy"}


@pytest.mark.parametrize(
    ("a", "b", "half", "outcome", "words"),
    [
        (0.98, 0.96, 0.002, "better", "higher, and so better, for the sparse autoencoder than for the contractive"),
        (0.96, 0.98, 0.002, "worse", "lower, and so worse, for the sparse autoencoder than for the contractive"),
        (0.98, 0.979, 0.002, "no difference shown", "no difference is shown between the sparse autoencoder"),
        (0.98, 0.96, None, "not testable", "there is no interval to test this by"),
        (0.98, 0.98, None, "not testable", "the same for"),
    ],
)
def test_compare_by_intervals(a: float, b: float, half: float | None, outcome: str, words: str) -> None:
    metrics = [metric("probe_accuracy", a, half=half), metric("probe_accuracy", b, "contractive", half=half)]
    found = said("compare", metrics, higher_is_better=True, **PAIR)
    assert found[0] == outcome and words in found[1]
    # What is better when higher is worse when lower is wanted; without a judgement it is only higher.
    flipped = {"better": "worse", "worse": "better"}.get(outcome, outcome)
    assert said("compare", metrics, higher_is_better=False, **PAIR)[0] == flipped
    neutral, sentence = said("compare", metrics, **PAIR)
    assert neutral in ("higher", "lower", outcome) and "better" not in sentence and "worse" not in sentence


@pytest.mark.parametrize(("p", "outcome"), [(0.01, "better"), (0.2, "no difference shown")])
def test_compare_by_a_p_value_rather_than_by_intervals(p: float, outcome: str) -> None:
    metrics = [
        metric("probe_accuracy", 0.98, half=0.01),
        metric("probe_accuracy", 0.975, "contractive", half=0.01),
        metric("mcnemar_p", p, "x"),
    ]
    found = said("compare", metrics, higher_is_better=True, p="mnist/x/test/mcnemar_p", **PAIR)
    assert found[0] == outcome and f"p = {p:.3f}".rstrip("0") in found[1]


def test_the_general_comparison_of_two_results_without_a_paired_test_says_so_in_its_record() -> None:
    metrics = [metric("probe_accuracy", 0.98, half=0.01), metric("probe_accuracy", 0.9, "contractive", half=0.01)]
    assert claim("compare", metrics, **PAIR).test == "95 % intervals do not overlap"


def paired(quantity: str, a: float, b: float, half: float, turned: bool = False, **fields: Any) -> list[Metric]:
    """A quantity of the sparse and the contractive model, and their difference, taken in either order."""
    sign, name = (-1, "contractive_vs_sparse") if turned else (1, "sparse_vs_contractive")
    return [
        metric(quantity, a, half=1.0, **fields),  # wide intervals, which overlap: they do not decide
        metric(quantity, b, "contractive", half=1.0, **fields),
        metric(f"{quantity}_difference", sign * (a - b), name, half=half, **fields),
    ]


PAIRED = [
    ("reconstruction_against", "test_mse", ("worse", "better")),
    ("sparser", "hoyer_samples", ("higher", "lower")),
    ("contraction_reduced", "contraction_ratio", ("higher", "lower")),
    ("probabilities_better", "probe_log_loss", ("worse", "better")),
]


@pytest.mark.parametrize(("name", "quantity", "outcomes"), PAIRED)
@pytest.mark.parametrize("turned", [False, True])
def test_models_that_answer_for_the_same_items_are_compared_by_their_differences(
    name: str, quantity: str, outcomes: tuple[str, str], turned: bool
) -> None:
    second = "reference" if name == "contraction_reduced" else "b"
    for a, b, half, outcome in (
        (0.5, 0.4, 0.01, outcomes[0]),
        (0.4, 0.5, 0.01, outcomes[1]),
        (0.5, 0.4, 0.2, "no difference shown"),
    ):
        fields = {"a": "sparse", second: "contractive", "data": "mnist"}
        made = claim(name, paired(quantity, a, b, half, turned), **fields)
        assert made.outcome == outcome
        assert made.test == "95 % bootstrap interval of the paired difference excludes 0"
        assert f"paired difference {'−' if a < b else ''}0.1" in to_text(made.sentence)
    unknown = [m for m in paired(quantity, 0.5, 0.4, 0.01) if "difference" not in m.quantity]
    unknown.append(metric(f"{quantity}_difference", None, "sparse_vs_contractive"))
    assert claim(name, unknown, **fields).outcome == "not testable"


@pytest.mark.parametrize(
    ("second", "outcome"),
    [((0.40, 0.41, 0.39), "worse"), ((0.60, 0.61, 0.59), "better"), ((0.40, 0.62, 0.47), "no difference shown")],
)
def test_with_several_seeds_the_differences_of_the_seeds_decide(second: tuple[float, ...], outcome: str) -> None:
    """Those of the images speak for the first training only, and here they would always say "worse"."""
    levels = paired("test_mse", 0.5, sum(second) / 3, 0.001)[:2]
    pooled = [*levels, metric("test_mse_difference", 0.1, "sparse_vs_contractive", half=0.001)]
    by_seed = [
        Measured(metric("test_mse", value, model, seed=seed), "x", model, "digest")
        for model, values in (("sparse", (0.5, 0.51, 0.49)), ("contractive", second))
        for seed, value in enumerate(values)
    ]
    evidence = Evidence(measured={m.id: Measured(m, "x", m.model, "digest") for m in pooled}, by_seed=by_seed)
    pair_over_seeds(evidence)
    made = make(Look(evidence, NAMES), "reconstruction_against", {"a": "sparse", "b": "contractive", "data": "mnist"})
    assert made.outcome == outcome
    assert "over seeds" in made.test


def test_codes_that_are_denser_than_the_reference_are_not_called_sparse() -> None:
    fields = {"a": "sparse", "b": "contractive", "data": "mnist"}
    assert "not sparser but denser" in said("sparser", paired("hoyer_samples", 0.1, 0.3, 0.01), **fields)[1]
    assert "the sparser ones" in said("sparser", paired("hoyer_samples", 0.3, 0.1, 0.01), **fields)[1]
    assert "not shown to be sparser" in said("sparser", paired("hoyer_samples", 0.3, 0.1, 0.5), **fields)[1]


@pytest.mark.parametrize(
    ("shares", "words"),
    [((0.97, 0.01), "This share hangs on the level: it would be"), ((0.13, 0.11), "hardly hangs on the level")],
)
def test_active_share_by_level(shares: tuple[float, float], words: str) -> None:
    metrics = [
        metric("active_share_above", share, conditions={"above": level})
        for level, share in zip((0.05, 0.2), shares, strict=True)
    ]
    _, sentence = said("active_share_by_level", metrics, a="sparse", data="mnist")
    assert words in sentence and "above 0.05 and" in sentence
    missing = [metric("active_share_above", None, conditions={"above": 0.05})]
    assert said("active_share_by_level", missing, a="sparse", data="mnist")[0] == "not testable"


def accuracies(difference: float, p: float) -> list[Metric]:
    return [
        metric("probe_accuracy", 0.98),
        metric("probe_accuracy", 0.98 + difference, "contractive"),
        metric("probe_accuracy_difference", difference, "contractive_vs_sparse", half=0.001),
        metric("mcnemar_p", p, "contractive_vs_sparse"),
    ]


@pytest.mark.parametrize(
    ("difference", "p", "outcome", "turned"),
    [
        (0.004, 0.01, "better", "worse"),
        (-0.004, 0.01, "worse", "better"),
        (0.004, 0.3, "no difference shown", "no difference shown"),
        (0.0, 1.0, "no difference shown", "no difference shown"),
    ],
)
def test_accuracy_difference_both_ways_round(difference: float, p: float, outcome: str, turned: str) -> None:
    metrics = accuracies(difference, p)
    forward = said("accuracy_difference", metrics, a="contractive", b="sparse", data="mnist")
    backward = said("accuracy_difference", metrics, a="sparse", b="contractive", data="mnist")
    assert (forward[0], backward[0]) == (outcome, turned)
    if difference:
        signs = ("−", "") if difference < 0 else ("", "−")
        for sign, (_, sentence) in zip(signs, (forward, backward), strict=True):
            assert f"difference {sign}0.40 percentage points [" in sentence


@pytest.mark.parametrize(
    ("difference", "p", "outcome"),
    [
        (0.02, 0.001, "better"),
        (-0.02, 0.001, "worse"),
        (0.02, 0.2, "no difference shown"),
        (None, None, "not testable"),
    ],
)
def test_the_accuracy_under_noise_is_compared_apart_from_that_of_clean_images(
    difference: float | None, p: float | None, outcome: str
) -> None:
    noisy = {"conditions": {"noise": 0.3}}
    metrics = [
        metric("probe_accuracy", 0.80, **noisy),
        metric("probe_accuracy", 0.80 + (difference or 0.0), "contractive", **noisy),
        metric("probe_accuracy_difference", difference, "contractive_vs_sparse", half=0.005, **noisy),
        metric("mcnemar_p", p, "contractive_vs_sparse", **noisy),
        *accuracies(0.0, 1.0),
    ]
    fields = {"a": "contractive", "b": "sparse", "data": "mnist"}
    found, sentence = said("accuracy_difference", metrics, noise=0.3, **fields)
    assert found == outcome
    if difference is not None:
        assert "under noise of σ = 0.3" in sentence and "80" in sentence
    # The clean ones are those meant where no noise is named, though they come last.
    assert "98" in said("accuracy_difference", metrics, **fields)[1]
    assert said("accuracy_difference", metrics, **fields)[0] == "no difference shown"


@pytest.mark.parametrize(
    ("a", "b", "half", "outcome"),
    [
        (0.2, 0.3, 0.01, "better"),
        (0.3, 0.2, 0.01, "worse"),
        (0.3, 0.2, 0.2, "no difference shown"),
        (0.3, 0.2, None, "not testable"),
    ],
)
def test_the_code_that_moves_less_under_noise_is_the_better_one(
    a: float, b: float, half: float | None, outcome: str
) -> None:
    noisy = {"conditions": {"noise": 0.3}}
    difference = metric("relative_code_change_difference", a - b, "sparse_vs_contractive", half=half, **noisy)
    metrics = [*paired("relative_code_change", a, b, 0.01, **noisy)[:2], difference]
    found = said("code_steadier", metrics, a="sparse", b="contractive", data="mnist", noise=0.3)
    assert found[0] == outcome
    if half is not None:
        assert "relative change of the code under noise of σ = 0.3" in found[1]


def calibration(error: float, p: float | None, tilt: float) -> list[Metric]:
    return [
        metric("probe_calibration_error", error, half=0.002),
        metric("probe_calibration_error_by_chance", 0.004),
        metric("probe_calibration_p", p),
        metric("probe_overconfidence", tilt, half=0.002),
    ]


@pytest.mark.parametrize(
    ("error", "p", "tilt", "outcome", "words"),
    [
        (0.02, 0.001, 0.015, "does not hold", "miscalibrated (calibration error 0.020"),
        (0.02, 0.001, 0.015, "does not hold", "on average they are too high (by 0.015"),
        (0.02, 0.001, -0.015, "does not hold", "on average they are too low (by −0.015"),
        (0.02, 0.001, 0.001, "does not hold", "neither shown to be too high nor too low"),
        (0.004, 0.4, 0.0, "no difference shown", "are not shown to be miscalibrated"),
        (0.02, None, 0.0, "not testable", "could not be measured"),
    ],
)
def test_probabilities_are_called_miscalibrated_where_chance_does_not_explain_the_error(
    error: float, p: float | None, tilt: float, outcome: str, words: str
) -> None:
    found = said("calibrated", calibration(error, p, tilt), a="sparse", data="mnist")
    assert found[0] == outcome and words in found[1]


@pytest.mark.parametrize(("p", "outcome"), [(0.04, "does not hold"), (0.06, "no difference shown")])
def test_with_several_seeds_the_calibration_error_is_judged_by_the_probability_of_all(p: float, outcome: str) -> None:
    """They share the test images, so that an interval over seeds would leave out most of what chance does."""
    pooled = calibration(0.02, p, 0.015)
    seeds = [Measured(metric("probe_log_loss", 0.1, seed=seed), "x", "sparse", "d") for seed in range(3)]
    evidence = Evidence(measured={m.id: Measured(m, "x", m.model, "d") for m in pooled}, by_seed=seeds)
    made = make(Look(evidence, NAMES), "calibrated", {"a": "sparse", "data": "mnist"})
    assert made.outcome == outcome and "over seeds" in made.test


def test_under_noise_too_several_seeds_are_compared_by_their_differences() -> None:
    noisy = {"conditions": {"noise": 0.3}}
    levels = [metric("probe_accuracy", 0.8, half=0.1, **noisy), metric("probe_accuracy", 0.84, "contractive", **noisy)]
    first = [
        metric("probe_accuracy_difference", -0.01, "contractive_vs_sparse", half=0.001, **noisy),
        metric("mcnemar_p", 1e-4, "contractive_vs_sparse", **noisy),
    ]
    by_seed = [
        Measured(metric("probe_accuracy", value, model, seed=seed, **noisy), "x", model, "digest")
        for model, values in (("sparse", (0.80, 0.81, 0.79)), ("contractive", (0.84, 0.85, 0.83)))
        for seed, value in enumerate(values)
    ]
    evidence = Evidence(measured={m.id: Measured(m, "x", m.model, "d") for m in (*levels, *first)}, by_seed=by_seed)
    pair_over_seeds(evidence)
    fields = {"a": "contractive", "b": "sparse", "data": "mnist", "noise": 0.3}
    made = make(Look(evidence, NAMES), "accuracy_difference", fields)
    assert made.outcome == "better" and "over seeds" in made.test


def test_a_control_is_compared_image_by_image_too() -> None:
    metrics = [
        metric("test_mse", 0.0034),
        metric("test_mse", 0.0042, "pca_128"),
        metric("test_mse_difference", -0.0008, "sparse_vs_pca_128", half=0.0001),
        metric("probe_accuracy", 0.98),
        metric("probe_accuracy", 0.95, "pca_128"),
        metric("probe_accuracy_difference", 0.03, "sparse_vs_pca_128", half=0.003),
        metric("mcnemar_p", 1e-6, "sparse_vs_pca_128"),
    ]
    for name in ("reconstruction_against", "accuracy_difference"):
        outcome, sentence = said(name, metrics, a="sparse", b="pca_128", data="mnist")
        assert outcome == "better" and "PCA with 128 components" in sentence
        assert said(name, metrics, a="pca_128", b="sparse", data="mnist")[0] == "worse"


def path(
    values: dict[float, float], model: str = "sparse", half: float = 0.5, quantity: str = "interpolation_psnr_mean"
) -> list[Metric]:
    return [metric(quantity, value, model, half=half, alpha=alpha) for alpha, value in values.items()]


ENDS = {0.0: math.inf, 1.0: math.inf}


def differences(values: dict[float, float], half: float = 0.5) -> list[Metric]:
    return path(values, "contractive_vs_sparse", half, "interpolation_psnr_mean_difference")


@pytest.mark.parametrize(
    ("values", "outcome", "words"),
    [
        ({0.2: 2, 0.4: 3, 0.6: 3, 0.8: 2.5}, "better", "higher (better) at every α inside the path"),
        ({0.2: -2, 0.4: -3, 0.6: -3, 0.8: -2}, "worse", "lower (worse) at every α inside the path"),
        ({0.2: 0.1, 0.4: 0, 0.6: 0, 0.8: 0}, "no difference shown", "no difference is shown"),
        ({0.2: 2, 0.4: 0, 0.6: 0, 0.8: 0}, "better", "at α = 0.2; no difference is shown at α = 0.4, 0.6 and 0.8"),
        ({0.2: 2, 0.4: -3, 0.6: 0, 0.8: 0}, "no difference shown", "higher (better) at α = 0.2 and lower (worse)"),
    ],
)
def test_interpolation_difference_alpha_by_alpha(values: dict[float, float], outcome: str, words: str) -> None:
    # Intervals of either model that are wide enough to overlap: the differences of the same pairs decide.
    levels = path(dict.fromkeys(values, 25.0), half=9) + path(dict.fromkeys(values, 26.0), "contractive", half=9)
    fields = {"quantity": "interpolation_psnr_mean", "data": "mnist"}
    found = said("interpolation_difference", levels + differences(values), a="contractive", b="sparse", **fields)
    assert found[0] == outcome and words in found[1]
    turned = {"better": "worse", "worse": "better"}.get(outcome, outcome)
    found = said("interpolation_difference", levels + differences(values), a="sparse", b="contractive", **fields)
    assert found[0] == turned


def test_the_smallest_difference_over_the_path_is_told() -> None:
    levels = path({0.2: 25, 0.4: 20}) + path({0.2: 27, 0.4: 21.5}, "contractive")
    _, sentence = said(
        "interpolation_difference",
        levels + differences({0.2: 2.0, 0.4: 1.5}),
        a="contractive",
        b="sparse",
        quantity="interpolation_psnr_mean",
        data="mnist",
    )
    assert "the smallest paired difference is 1.50 [1.00, 2.00], at α = 0.4" in sentence


def between(values: dict[float, float], half: float) -> list[Metric]:
    """Differences between the α of one model, over the same pairs."""
    inner = sorted(values)
    return [
        metric(
            "interpolation_psnr_mean_alpha_difference",
            values[low] - values[high],
            half=half,
            alpha=low,
            conditions={"other_alpha": high},
        )
        for low in inner
        for high in inner
        if low < high and math.isfinite(values[low] - values[high])
    ]


@pytest.mark.parametrize(
    ("values", "half", "words"),
    [
        ({0.2: 26, 0.4: 20, 0.6: 22, 0.8: 26}, 0.5, "lowest at α = 0.4 (20.00 dB"),
        ({0.2: 20, 0.4: 24, 0.6: 26, 0.8: 28}, 0.5, "away from the middle"),
        ({0.2: 26, 0.4: 20, 0.6: 20.2, 0.8: 26}, 0.5, "not shown to differ from that at α = 0.6"),
        ({0.2: 26, 0.4: 20, 0.6: 20.2, 0.8: 26}, 0.5, "no asymmetry"),
        ({0.2: 26, 0.4: 20, 0.6: 20.2, 0.8: 26}, 0.1, "not symmetric, its values at α = 0.4"),
        ({0.2: 26, 0.4: math.inf, 0.6: 23, 0.8: 26}, 0.5, "draws the same picture from different codes"),
    ],
)
def test_interpolation_weakest(values: dict[float, float], half: float, words: str) -> None:
    metrics = [metric(m.quantity, m.value, half=0.5, alpha=m.alpha, unit="dB") for m in path({**ENDS, **values})]
    outcome, sentence = said("interpolation_weakest", metrics + between(values, half), a="sparse", data="mnist")
    assert words in sentence
    assert (outcome == "does not hold") == (math.inf in values.values())


def test_interpolation_weakest_of_a_distance_is_the_largest() -> None:
    metrics = path({0.0: 0, 0.2: 1, 0.4: 9, 0.6: 8, 0.8: 2}, quantity="interpolation_latent_l2_mean")
    _, sentence = said(
        "interpolation_weakest", metrics, a="sparse", data="mnist", quantity="interpolation_latent_l2_mean"
    )
    assert "largest at α = 0.4" in sentence


def test_embedding_ranking_follows_the_values() -> None:
    metrics = [
        metric("trustworthiness", 0.97),
        metric("trustworthiness", 0.98, "contractive"),
        metric("trustworthiness", 0.9, "vae"),
    ]
    _, sentence = said(
        "embedding_ranking", metrics, models=["sparse", "contractive", "vae"], quantity="trustworthiness", data="mnist"
    )
    assert sentence.index("contractive") < sentence.index("sparse") < sentence.index("VAE")


@pytest.mark.parametrize(
    ("samples", "half", "outcome", "words"),
    [
        (5.0, 0.1, "worse", "is far above that of real test faces (5.0"),
        (3.0, 0.1, "worse", "less than real ones"),
        (2.1, 0.2, "no difference shown", "not shown to differ from that of real test faces"),
        (2.1, 0.05, "holds", "a little above that of real test faces"),
        (1.0, 0.1, "better", "below that of real test faces"),
    ],
)
def test_samples_near_faces(samples: float, half: float, outcome: str, words: str) -> None:
    metrics = [
        metric("sample_nearest_distance", samples, "vae", half=half),
        metric("face_nearest_distance", 2.0, "vae", half=half),
        metric("nearest_distance_difference", samples - 2.0, "vae", half=half),
    ]
    found = said("samples_near_faces", metrics, a="vae", data="mnist")
    assert found[0] == outcome and words in found[1]
    # Nothing measures how smooth a picture is.
    assert "smooth" not in found[1]


@pytest.mark.parametrize(
    ("share", "half", "outcome", "words"),
    [
        (0.67, 0.03, "lower", "less varied than real faces"),
        (1.2, 0.03, "higher", "more varied than real faces"),
        (0.98, 0.03, "no difference shown", "No difference in variety is shown"),
        (0.98, None, "not testable", "Not testable"),
    ],
)
def test_samples_varied(share: float, half: float | None, outcome: str, words: str) -> None:
    metrics = [metric("sample_diversity_share", share, "vae", half=half)]
    found = said("samples_varied", metrics, a="vae", data="mnist")
    assert found[0] == outcome and words in found[1]


@pytest.mark.parametrize(
    ("value", "half", "side", "outcome"),
    [
        (0.2, 0.01, "below", "holds"),
        (0.4, 0.01, "below", "does not hold"),
        (0.3, 0.01, "below", "no difference shown"),
        (0.2, None, "below", "holds"),
        (0.4, 0.01, "above", "holds"),
        (0.2, 0.01, "above", "does not hold"),
    ],
)
def test_threshold(value: float, half: float | None, side: str, outcome: str) -> None:
    metrics = [metric("active_share", value, half=half)]
    found = said("threshold", metrics, a=metrics[0].id, limit=0.3, side=side, what="the share")
    assert found[0] == outcome and "0.3" in found[1]


@pytest.mark.parametrize(("dead", "words"), [(0, "no unit is dead"), (1, "1 unit is dead"), (7, "7 units are dead")])
def test_codes_sparse_counts_the_dead(dead: float, words: str) -> None:
    metrics = [metric("active_share", 0.1, half=0.01), metric("dead_units", dead)]
    assert words in said("codes_sparse", metrics, a="sparse", limit=0.3, data="mnist")[1]


@pytest.mark.parametrize(("errors", "outcome"), [(2.9, "holds"), (-2.9, "holds"), (3.1, "does not hold")])
def test_penalty_matches_jacobian(errors: float, outcome: str) -> None:
    metrics = [
        metric("jacobian_estimate_z", errors),
        metric("jacobian_squared_norm", 50.0),
        metric("jacobian_estimate", 51.0, half=1.0),
    ]
    assert said("penalty_matches_jacobian", metrics, a="sparse", data="mnist")[0] == outcome


@pytest.mark.parametrize(("kl", "outcome"), [(1e-5, "holds"), (-1e-5, "holds"), (0.5, "does not hold")])
def test_terms_match(kl: float, outcome: str) -> None:
    metrics = [
        metric("reconstruction_nats", 350.0), metric("reconstruction_difference", 1e-4),
        metric("kl_nats", 20.0), metric("kl_difference", kl),
    ]  # fmt: skip
    assert said("terms_match", metrics, a="sparse", data="mnist")[0] == outcome


@pytest.mark.parametrize(
    ("active", "outcome", "words"),
    [
        (0, "does not hold", "collapsed to the prior"),
        (1, "holds", "1 is active"),
        (12, "holds", "12 are active"),
        (20, "holds", "All 20"),
    ],
)
def test_dimensions_used(active: float, outcome: str, words: str) -> None:
    found = said("dimensions_used", [metric("active_units", active)], a="sparse", data="mnist", of=20)
    assert found[0] == outcome and words in found[1]


@pytest.mark.parametrize(("best", "words"), [(4, "still falling"), (2, "later epochs did not improve")])
def test_overfitting(best: float, words: str) -> None:
    metrics = [metric("best_epoch", best, split="validation"), metric("epochs", 4, split="")]
    assert words in said("overfitting", metrics, a="sparse", data="mnist")[1]


@pytest.mark.parametrize(
    ("dimension", "words"), [(0, "the largest change of 3"), (1, "the 2nd largest"), (2, "hardly matters")]
)
def test_traversal_rank(dimension: int, words: str) -> None:
    metrics = [
        metric("traversal_change", value, conditions={"dimension": index})
        for index, value in enumerate((0.1, 0.05, 0.001))
    ]
    assert words in said("traversal_rank", metrics, a="sparse", dimension=dimension, data="mnist")[1]


@pytest.mark.parametrize(
    ("iterations", "shuffled", "outcome", "words"),
    [
        (100, 0.11, "holds", "includes the 10.0 % of chance"),
        (100, 0.13, "holds", "leaves out the 10.0 % of chance, if narrowly"),
        (1000, 0.11, "does not hold", "did not converge"),
        (100, 0.5, "does not hold", "far from it"),
    ],
)
def test_probe_trustworthy(iterations: float, shuffled: float, outcome: str, words: str) -> None:
    metrics = [
        metric("probe_iterations", iterations),
        metric("probe_iteration_limit", 1000),
        metric("probe_shuffled_accuracy", shuffled, half=0.02),
    ]
    found = said("probe_trustworthy", metrics, a="sparse", data="mnist")
    assert found[0] == outcome and words in found[1]


@pytest.mark.parametrize(
    ("ours", "half", "outcome"),
    [
        (0.98, 0.002, "better"),
        (0.95, 0.002, "worse"),
        (0.957, 0.002, "no difference shown"),
        (0.98, None, "not testable"),
    ],
)
def test_against_published(ours: float, half: float | None, outcome: str) -> None:
    row = {"kind": "assignment", "model": "sparse", "data": "mnist", "quantity": "probe_accuracy", "alpha": "",
           "value": "0.9566", "unit": "", "source": "Table 4"}  # fmt: skip
    metrics = [metric("probe_accuracy", ours, half=half)]
    found = claim("against_published", metrics, [row], a=metrics[0].id, model="sparse", quantity="probe_accuracy")
    assert found.outcome == outcome and "Table 4" in found.sentence


def test_published_figures_are_not_held_against_results_on_other_data() -> None:
    row = {"kind": "assignment", "model": "sparse", "data": "mnist", "quantity": "probe_accuracy", "alpha": "",
           "value": "0.9566", "unit": "", "source": "Table 4"}  # fmt: skip
    ours = metric("probe_accuracy", 0.957, half=0.002)
    for source, outcome in (("real", "no difference shown"), ("embedded", "not testable")):
        evidence = Evidence(
            measured={ours.id: Measured(ours, "x", ours.model, "digest")}, facts={"mnist": {"source": source}}
        )
        fields = {"a": ours.id, "model": "sparse", "quantity": "probe_accuracy"}
        assert make(Look(evidence, NAMES, [row]), "against_published", fields).outcome == outcome


@pytest.mark.parametrize(
    ("a", "b", "half", "outcome"),
    [
        (-350.0, -352.0, 0.5, "better"),
        (-352.0, -350.0, 0.5, "worse"),
        (-350.0, -350.1, 0.5, "no difference shown"),
    ],
)
def test_bound_difference(a: float, b: float, half: float, outcome: str) -> None:
    metrics = paired("importance_weighted_bound", a, b, half)
    made = claim("bound_difference", metrics, a="sparse", b="contractive", data="mnist")
    assert made.outcome == outcome and "block" in made.test
    assert "importance-weighted bound" in to_text(made.sentence)


@pytest.mark.parametrize(
    ("p", "outcome", "words"), [(0.025, "holds", "is above"), (0.2, "no difference shown", "not shown")]
)
def test_factors_told_apart(p: float, outcome: str, words: str) -> None:
    metrics = [
        metric("information_gap", 0.12), metric("information_gap_by_chance", 0.03), metric("information_gap_p", p),
    ]  # fmt: skip
    found = said("factors_told_apart", metrics, a="sparse", data="mnist")
    assert found[0] == outcome and words in found[1] and "0.120 against 0.030" in found[1]


CALLS: list[tuple[str, dict[str, Any]]] = [
    ("reconstruction_against", {"a": "sparse", "b": "vae", "data": "mnist"}),
    ("overfitting", {"a": "sparse", "data": "mnist"}),
    ("dimensions_used", {"a": "sparse", "data": "mnist", "of": 20}),
    ("bound_difference", {"a": "sparse", "b": "vae", "data": "mnist"}),
    ("factors_told_apart", {"a": "sparse", "data": "mnist"}),
]


@pytest.mark.parametrize(("name", "fields"), CALLS)
def test_what_could_not_be_measured_is_not_testable(name: str, fields: dict[str, Any]) -> None:
    quantities = ("test_mse", "best_epoch", "epochs", "active_units", "importance_weighted_bound", "information_gap")
    metrics = [metric(quantity, None, model) for quantity in quantities for model in ("sparse", "vae")]
    outcome, sentence = said(name, metrics, **fields)
    assert outcome == "not testable" and "Not testable" in sentence


def test_an_unknown_claim_or_field_is_named() -> None:
    with pytest.raises(TemplateError, match="no claim 'comparr'") as caught:
        claim("comparr", [])
    assert "compare" in caught.value.hint
    with pytest.raises(TemplateError, match="missing"):
        claim("overfitting", [], a="sparse")


def test_what_nothing_measures_is_an_error() -> None:
    with pytest.raises(TemplateError, match="measures 'mnist/sparse/test/test_mse'"):
        claim("reconstruction_against", [metric("test_mse", 0.1, "vae")], a="sparse", b="vae", data="mnist")


def test_each_claim_says_what_it_rests_on() -> None:
    made = claim("accuracy_difference", accuracies(0.01, 0.01), a="contractive", b="sparse", data="mnist")
    assert set(made.metrics) == {m.id for m in accuracies(0.01, 0.01)}
    record = made.as_json("q1c/x")
    assert record["outcome"] == "better" and record["test"] == "exact McNemar test, p < 0.05"
    assert record["sentence"].endswith(".") and "\\" not in record["sentence"]


def test_every_claim_is_a_documented_function() -> None:
    functions: list[Callable[..., Claim]] = list(CLAIMS.values())
    assert len(functions) >= 18 and all(function.__doc__ for function in functions)


def test_a_conclusion_takes_its_words_from_the_outcomes() -> None:
    words = {"better": "nearer", "worse": "farther", "no difference shown": "as near", "not testable": "unknown"}
    fields = {"a": "sparse", "b": "contractive", "data": "mnist"}
    parts = [("reconstruction_against", fields, words)]
    for a, b, half, said_of in ((0.4, 0.5, 0.01, "nearer"), (0.5, 0.4, 0.01, "farther"), (0.5, 0.4, 0.2, "as near")):
        metrics = paired("test_mse", a, b, half)
        made = claim("in_short", metrics, parts=parts)
        assert to_text(made.sentence) == f"In short: {said_of}."
        assert set(made.metrics) == {m.id for m in metrics}
        assert "paired difference" in made.test
    unknown = [metric("test_mse", None), metric("test_mse", 0.1, "contractive")]
    assert "unknown" in claim("in_short", unknown, parts=parts).sentence
    with pytest.raises(TemplateError, match="no words for the outcome 'better'"):
        claim("in_short", paired("test_mse", 0.4, 0.5, 0.01), parts=[("reconstruction_against", fields, {})])


INK = {"check": "ink in the frame", "a": "late", "mended": "plain", "data": "mnist"}


@pytest.mark.parametrize(
    ("late", "plain", "outcome", "words"),
    [
        (
            0.0,
            0.6,
            "holds",
            "fails for the late and passes for the plain: it catches the fault (0 and 0.6, expected above 0.1)",
        ),
        (0.0, 0.05, "does not hold", "but for the plain as well: it does not tell the fault"),
        (0.5, 0.6, "does not hold", "passes for the late as it does for the plain: it does not see the fault"),
        (0.5, 0.05, "does not hold", "it takes one for the other"),
        (0.0, None, "not testable", "could not be measured"),
    ],
)
def test_a_fault_is_caught_where_its_check_tells_two_models_apart(
    late: float, plain: float | None, outcome: str, words: str
) -> None:
    metrics = [metric("frame_ink", late, "late"), metric("frame_ink", plain, "plain")]
    found = said("fault_caught", metrics, **INK)
    assert found[0] == outcome and words in found[1]


def test_a_fault_is_not_said_to_be_caught_where_no_check_is_assessed() -> None:
    metrics = [metric("frame_ink", value, model) for model, value in (("late", 0.0), ("plain", 0.9))]
    evidence = Evidence(measured={m.id: Measured(m, "x", m.model, "d") for m in metrics})
    outcomes = [make(Look(evidence, NAMES, profile=name), "fault_caught", INK).outcome for name in ("default", "smoke")]
    assert outcomes == ["holds", "not testable"]


def test_a_fault_s_check_must_exist() -> None:
    with pytest.raises(TemplateError, match="no health check 'ink'"):
        said("fault_caught", [metric("frame_ink", 0.0, "late")], **{**INK, "check": "ink"})


@pytest.mark.parametrize(
    ("norm", "ratio", "decoder", "outcome", "words"),
    [
        (
            1.0,
            4.0,
            50.0,
            "holds",
            "falls by a factor of 100; the ratio ρ stays the same, the decoder's norm rises by a factor of 10",
        ),
        (1.0, 0.1, 5.0, "does not hold", "most of the smaller norm is contraction"),
        (80.0, 4.0, 5.0, "does not hold", "the penalty contracts hardly anything"),
        (800.0, 2.0, 0.5, "does not hold", "the code contracts more than the norm shows"),
        (1.0, None, 5.0, "not testable", "could not be measured"),
    ],
)
def test_a_norm_is_met_by_scale_where_the_ratio_does_not_fall_with_it(
    norm: float, ratio: float | None, decoder: float, outcome: str, words: str
) -> None:
    values = {"sparse": (norm, ratio, decoder), "vae": (100.0, 4.0, 5.0)}
    quantities = ("encoder_norm", "sampled_ratio", "decoder_norm")
    metrics = [
        metric(quantity, value, model)
        for model, found in values.items()
        for quantity, value in zip(quantities, found, strict=True)
    ]
    found = said("met_by_scale", metrics, a="sparse", reference="vae", data="mnist")
    assert found[0] == outcome and words in found[1]
