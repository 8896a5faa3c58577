"""Every check, with a table that passes it and one that fails it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from latentpress.health import RULES, Check, assess
from latentpress.metrics import Metric
from latentpress.statistics import pool_seeds

FACTS = {
    "mnist": {"source": "real", "classes": 10, "counts": {"test": 10_000}},
    "frey": {"source": "real", "classes": None, "counts": {"test": 196}},
}

DIGITS = {
    "": {"test_images_in_train": 0.0, "classes_present": 10.0},
    "noisy_input": {"denoised_snr": -0.7},
    "nonlocal_means": {"denoised_snr": -1.0},
    "mean_image": {"test_mse": 0.067, "output_variance": 0.0, "input_variance": 0.067},
    "pca_128": {"test_mse": 0.0042, "code_size": 128.0, "probe_accuracy": 0.924},
    "untrained": {"probe_accuracy": 0.95, "test_mse": 0.13, "output_variance": 0.0, "input_variance": 0.067},
    "plain": {"contraction_ratio": 0.6},
    "contractive": {
        "nonfinite_epochs": 0.0,
        "code_size": 128.0,
        "test_mse": 0.0035,
        "output_variance": 0.06,
        "input_variance": 0.067,
        "frame_ink": 0.8,
        "interpolation_psnr_mean": 25.0,
        "jacobian_estimate_z": -1.2,
        "penalised_norm_z": 0.7,
        "contraction_ratio": 0.3,
        "probe_accuracy": 0.985,
        "probe_iterations": 120.0,
        "probe_iteration_limit": 1000.0,
        "svm_converged": 1.0,
        "probe_shuffled_accuracy": 0.11,
        "points": 2000.0,
        "tsne_iterations": 750.0,
        "active_share": 0.27,
        "code_variance_share": 0.6,
        "commonest_class_share": 0.1135,
        "classes_mistaken": 0.0,
    },
    "denoiser": {"denoised_snr": 9.0, "test_mse": 0.0039, "code_size": 128.0},
}
FACES = {
    "mean_image": {"test_mse": 0.0108},
    "pca_20": {"test_mse": 0.0032},
    "vae": {
        "code_size": 20.0,
        "test_mse": 0.0055,
        "kl_nats": 3.0,
        "kl_difference": 6e-6,
        "reconstruction_difference": -1e-5,
        "active_units": 5.0,
        "elbo": -350.0,
        "importance_weighted_bound": -349.0,
        "decoder_deviation": 0.06,
        "sample_diversity_share": 0.67,
    },
}


def table(changes: dict[str, float | None] | None = None) -> list[Metric]:
    """Honest metrics, in which quantities of the contractive and the variational model may be changed."""
    metrics = []
    for data, models in (("mnist", DIGITS), ("frey", FACES)):
        for model, quantities in models.items():
            changed = (changes or {}) if model in {"contractive", "vae", "denoiser", ""} else {}
            metrics += [
                Metric(
                    name, changed.get(name, value), data=data, model=model, alpha=0.2 if "psnr_mean" in name else None
                )
                for name, value in quantities.items()
            ]
    ends = Metric("interpolation_psnr_mean", math.inf, data="mnist", model="contractive", alpha=0.0)
    return [*metrics, ends]


def failed(metrics: list[Metric], facts: dict[str, Any] = FACTS) -> set[str]:
    return {check.name for check in assess(metrics, facts) if check.verdict == "failed"}


def test_an_honest_table_passes_every_check() -> None:
    checks = assess(table(), FACTS)
    assert {check.name for check in checks} == {rule.name for rule in RULES}
    exempted = {("error below that of principal components", model) for model in ("vae", "denoiser")}
    assert {(check.name, check.model) for check in checks if check.verdict != "passed"} == exempted


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("nothing is missing", {"tsne_iterations": None}),
        ("training and test images differ", {"test_images_in_train": 3.0}),
        ("training stayed finite", {"nonfinite_epochs": 1.0}),
        ("error below the mean image's", {"test_mse": 0.087}),
        ("error below that of principal components", {"test_mse": 0.0043}),
        ("outputs vary", {"output_variance": 1e-8}),
        ("outputs vary", {"output_variance": 0.0, "input_variance": 0.0}),
        ("ink in the frame", {"frame_ink": 0.0}),
        ("no infinite PSNR between the ends", {"interpolation_psnr_mean": math.inf}),
        ("penalty agrees with the exact Jacobian", {"jacobian_estimate_z": -3.1}),
        ("penalty agrees with the exact Jacobian", {"jacobian_estimate_z": math.inf}),
        ("contraction ratio below the plain model's", {"contraction_ratio": 0.61}),
        ("probe converged", {"probe_iterations": 1000.0}),
        ("SVM converged", {"svm_converged": 0.0}),
        ("probe beats the untrained encoder's", {"probe_accuracy": 0.949}),
        ("shuffled labels give chance", {"probe_shuffled_accuracy": 0.16}),
        ("map shows enough points", {"points": 128.0}),
        ("map ran long enough", {"tsne_iterations": 300.0}),
        ("divergence matches its closed form", {"kl_difference": -2.8}),
        ("reconstruction matches its closed form", {"reconstruction_difference": 300.0}),
        ("training penalises the encoder's Jacobian", {"penalised_norm_z": -12.0}),
        ("code is used", {"active_units": 0.0}),
        ("bound tightens with more samples", {"importance_weighted_bound": -351.0}),
        ("pixels are uncertain", {"decoder_deviation": 0.001}),
        ("code is sparse", {"active_share": 0.6}),
        ("samples differ from each other", {"sample_diversity_share": 0.1}),
        ("codes differ", {"code_variance_share": 1e-9}),
        ("every class occurs", {"classes_present": 9.0}),
        ("probe beats the commonest class", {"probe_accuracy": 0.14}),
        ("no class is taken for another", {"classes_mistaken": 2.0}),
        ("denoised images hold less noise", {"denoised_snr": -0.71}),
        ("denoised images hold less noise", {"denoised_snr": -math.inf}),
    ],
)
def test_each_check_catches_its_fault(name: str, changes: dict[str, float | None]) -> None:
    assert name in failed(table(changes))


def test_every_rule_has_a_fault_that_it_catches() -> None:
    marks = test_each_check_catches_its_fault.pytestmark  # type: ignore[attr-defined]
    assert {name for name, _ in marks[0].args[1]} == {rule.name for rule in RULES}


def test_a_check_is_of_the_model_that_it_names_and_gives_its_numbers() -> None:
    checks = assess(table({"test_mse": 0.0043}), FACTS)
    found = [check for check in checks if check.name == "error below that of principal components"]
    assert [(check.model, check.value, check.threshold, check.relation) for check in found] == [
        ("contractive", 0.0043, 0.0042, "below"),
        ("denoiser", 0.0043, 0.0042, "below"),
        ("vae", 0.0043, 0.0032, "below"),
    ]
    assert {check.verdict for check in found[1:]} == {"not applied"}
    assert found[0].verdict == "failed"
    assert found[0].why


def test_nothing_is_assessed_in_the_smoke_profile() -> None:
    checks = assess(table({"test_mse": 1.0}), FACTS, "smoke")
    assert {check.verdict for check in checks} == {"not assessed"}
    assert len(checks) == len(assess(table(), FACTS))


def test_a_check_without_its_control_is_not_assessed() -> None:
    controls = {"pca_128", "pca_20", "plain", "untrained", "mean_image"}
    without = [metric for metric in table() if metric.model not in controls]
    verdicts = {check.name: check.verdict for check in assess(without, FACTS)}
    for name in (
        "error below that of principal components",
        "error below the mean image's",
        "contraction ratio below the plain model's",
        "probe beats the untrained encoder's",
    ):
        assert verdicts[name] == "not assessed"


def test_controls_are_held_against_nothing_but_completeness() -> None:
    checks = assess(table(), FACTS)
    assert {check.name for check in checks if check.model in {"untrained", "mean_image", "pca_128"}} == {
        "nothing is missing"
    }


def test_principal_components_bind_neither_variational_models_nor_denoisers_nor_embedded_data() -> None:
    metrics = table({"test_mse": 0.0078})
    assert "error below that of principal components" in failed(metrics)
    embedded = {**FACTS, "mnist": {**FACTS["mnist"], "source": "embedded"}}
    assert failed(metrics, embedded) == set()
    spared = [check for check in assess(metrics, embedded) if check.name == "error below that of principal components"]
    assert {(check.model, check.verdict) for check in spared} == {
        ("contractive", "not applied"),
        ("denoiser", "not applied"),
        ("vae", "not applied"),
    }
    assert all(check.reason and check.value is not None and check.threshold is not None for check in spared)


def test_unknown_ink_in_the_frame_is_no_fault() -> None:
    checks = {(check.name, check.model): check.verdict for check in assess(table({"frame_ink": None}), FACTS)}
    assert checks["ink in the frame", "contractive"] == "not assessed"
    assert checks["nothing is missing", "contractive"] == "passed"


def test_an_accuracy_that_was_not_measured_is_missing_and_not_a_loss() -> None:
    assert failed(table({"probe_accuracy": None, "probe_iterations": 1000.0})) == {
        "nothing is missing",
        "probe converged",
    }


def test_seeds_are_pooled_and_repeats_counted_once() -> None:
    accuracy = Metric("probe_accuracy", 0.94, data="mnist", model="sparse", split="test", seed=0)
    untrained = replace(accuracy, model="untrained", value=0.95)
    checks = assess([accuracy, accuracy, replace(accuracy, seed=1, value=0.98), untrained], FACTS)
    found = [check for check in checks if check.name == "probe beats the untrained encoder's"]
    assert [check.value for check in found] == [pytest.approx(0.96)]


def test_a_small_test_split_is_shown_whole() -> None:
    facts = {"mnist": {**FACTS["mnist"], "counts": {"test": 500}}}
    points = Metric("points", 500.0, data="mnist", model="plain")
    assert "map shows enough points" not in failed([points], facts)
    assert "map shows enough points" in failed([replace(points, value=499.0)], facts)


def test_a_check_is_written_as_json() -> None:
    check = next(c for c in assess(table({"jacobian_estimate_z": math.inf}), FACTS) if "Jacobian" in c.name)
    assert isinstance(check, Check)
    record = check.as_json()
    assert record["value"] == "inf"
    assert record["threshold"] == 3.0
    assert record["verdict"] == "failed"
    assert record["model"] == "contractive"


def test_an_accuracy_on_noisy_images_is_not_taken_for_that_on_clean_ones() -> None:
    noisy = [
        Metric("probe_accuracy", value, data="mnist", model=model, conditions={"noise": 0.3})
        for model, value in (("contractive", 0.6), ("untrained", 0.7))
    ]
    checks = [
        check for check in assess([*noisy, *table()], FACTS) if check.name == "probe beats the untrained encoder's"
    ]
    assert [(check.model, check.value, check.threshold) for check in checks] == [("contractive", 0.985, 0.95)]


def six_seeds(**spoilt: float) -> list[Metric]:
    """Six trainings of the contractive model, of which the fourth may be another."""
    return [
        Metric(name, spoilt.get(name, value) if seed == 3 else value, data="mnist", model="contractive", seed=seed)
        for name, value in DIGITS["contractive"].items()
        for seed in range(6)
    ]


def test_one_stuck_training_among_six_fails_though_their_mean_passes() -> None:
    others = [metric for metric in table() if metric.model != "contractive"]
    spoilt = six_seeds(test_mse=0.06, output_variance=0.0, interpolation_psnr_mean=25.0)
    pooled = pool_seeds(spoilt)
    checks = assess([*others, *pooled], FACTS, by_seed=spoilt)
    found = {check.name: check for check in checks if check.verdict == "failed"}
    assert {"error below the mean image's", "outputs vary"} <= found.keys()
    stuck = found["outputs vary"]
    assert (stuck.model, stuck.seed, stuck.value, stuck.as_json()["seed"]) == ("contractive", 3, 0.0, 3)
    assert [check.name for check in checks] == [check.name for check in assess([*others, *pooled], FACTS)]
    sound = six_seeds()
    assert not [c for c in assess([*others, *pool_seeds(sound)], FACTS, by_seed=sound) if c.verdict == "failed"]


def test_a_class_alone_lets_no_classifier_shine() -> None:
    perfect = {"probe_accuracy": 1.0, "commonest_class_share": 1.0, "classes_present": 1.0}
    facts = {**FACTS, "mnist": {**FACTS["mnist"], "classes": 1}}
    assert {"probe beats the commonest class", "every class occurs"} <= failed(table(perfect), facts)


DENOISED = "denoised images hold less noise"


@pytest.mark.parametrize(
    ("model", "given", "verdict"),
    [
        (math.inf, -0.7, "passed"),  # images without error
        (9.0, math.inf, "failed"),  # images without noise cannot gain
        (9.0, None, "not assessed"),
        (-0.7, -0.7, "failed"),
    ],
)
def test_denoising_is_held_against_the_images_that_were_given(model: float, given: float | None, verdict: str) -> None:
    metrics = [
        Metric("denoised_snr", value, data="colored_mnist", model=name, split="test")
        for name, value in (("dropout", model), ("noisy_input", given), ("gaussian_filter", -9.0))
    ]
    # At other levels than the stated one a model may be worse than what it was given.
    metrics.append(
        Metric("denoised_snr", -50.0, data="colored_mnist", model="dropout", split="test", conditions={"noise": 0.1})
    )
    found = {check.model: check.verdict for check in assess(metrics, {}) if check.name == DENOISED}
    assert found == {"dropout": verdict}
