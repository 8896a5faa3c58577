"""What a section's inputs hold, over seeds, and what is missing and why."""

from __future__ import annotations

from typing import Any

import pytest

from latentpress.errors import StageError, TemplateError
from latentpress.metrics import Metric
from latentpress.reporting.evidence import EvaluationLabel, Evidence, Measured, Missing, gather, read_label


@pytest.mark.parametrize(
    ("label", "parts"),
    [
        ("evaluate/classification/sparse/seed3", EvaluationLabel("evaluate", "classification", "sparse", 3)),
        ("evaluate/controls/mnist", EvaluationLabel("evaluate", "controls", "mnist", None)),
        ("evaluate/probe_comparison/a+b~0f3a2c", EvaluationLabel("evaluate", "probe_comparison", "a+b", None)),
        ("draw/embedding/sparse", EvaluationLabel("draw", "embedding", "sparse", None)),
        ("data/mnist", None),
    ],
)
def test_labels_are_taken_apart(label: str, parts: EvaluationLabel | None) -> None:
    assert read_label(label) == parts


def test_one_seed_keeps_its_interval_and_loses_its_seed(workshop: Any) -> None:
    result = workshop.evaluation(workshop.accuracy("sparse", 0.98, seed=0))
    evidence = gather(workshop.section_task(inputs={"evaluate/classification/sparse/seed0": result}))
    found = evidence.find("mnist/sparse/test/probe_accuracy")
    assert isinstance(found, Measured)
    assert (found.metric.seed, found.metric.low) == (None, 0.978)
    assert evidence.by_seed == []


def test_several_seeds_are_averaged_and_kept(workshop: Any) -> None:
    inputs = {
        f"evaluate/classification/sparse/seed{seed}": workshop.evaluation(
            workshop.accuracy("sparse", 0.97 + seed / 100, seed=seed)
        )
        for seed in range(3)
    }
    evidence = gather(workshop.section_task(inputs=inputs))
    found = evidence.find("mnist/sparse/test/probe_accuracy")
    assert isinstance(found, Measured)
    assert found.metric.value == pytest.approx(0.98)
    assert found.metric.low is not None and found.metric.low < 0.97  # over seeds now, not over images
    assert [entry.metric.seed for entry in evidence.by_seed] == [0, 1, 2]


def test_two_values_for_one_id_are_an_error(workshop: Any) -> None:
    inputs = {
        "evaluate/classification/sparse/seed0": workshop.evaluation(workshop.accuracy("sparse", 0.98)),
        "evaluate/controls/mnist": workshop.evaluation(workshop.accuracy("sparse", 0.97)),
    }
    with pytest.raises(StageError, match=r"mnist/sparse/test/probe_accuracy is measured twice"):
        gather(workshop.section_task(inputs=inputs))


def test_an_unknown_id_names_near_ones(workshop: Any) -> None:
    inputs = {"evaluate/classification/sparse/seed0": workshop.evaluation(workshop.accuracy("sparse", 0.98))}
    with pytest.raises(TemplateError) as caught:
        gather(workshop.section_task(inputs=inputs)).find("mnist/sparse/test/probe_acuracy")
    assert "mnist/sparse/test/probe_accuracy" in caught.value.hint


def test_an_id_of_a_failed_evaluation_is_missing_and_no_error(workshop: Any) -> None:
    failure = workshop.failure("train/contractive/seed0")
    task = workshop.section_task(
        inputs={"evaluate/classification/sparse/seed0": workshop.evaluation(workshop.accuracy("sparse", 0.98))},
        failures={"evaluate/classification/contractive/seed0": failure},
    )
    evidence = gather(task)
    assert evidence.find("mnist/contractive/test/probe_accuracy") == Missing(failure)
    # Another model's id, or a quantity that the failed evaluation does not measure, stays an error.
    for wrong in ("mnist/plain/test/probe_accuracy", "mnist/sparse/test/probe_acuracy"):
        with pytest.raises(TemplateError):
            evidence.find(wrong)


def test_a_failed_comparison_covers_its_pairs(workshop: Any) -> None:
    failure = workshop.failure("evaluate/probe_comparison/sparse+contractive")
    evidence = gather(workshop.section_task(failures={"evaluate/probe_comparison/sparse+contractive": failure}))
    assert evidence.find("mnist/contractive_vs_sparse/test/mcnemar_p") == Missing(failure)


def test_a_missing_evaluation_is_named_with_those_that_exist(workshop: Any) -> None:
    inputs = {"evaluate/classification/sparse/seed0": workshop.evaluation()}
    with pytest.raises(TemplateError, match="no evaluation 'embedding' of 'sparse'") as caught:
        gather(workshop.section_task(inputs=inputs)).artifact("evaluate", "embedding", "sparse")
    assert "('classification', 'sparse')" in caught.value.hint


def test_a_quantity_that_controls_measure_too_is_still_missing_for_the_model(workshop: Any) -> None:
    failure = workshop.failure("evaluate/classification/sparse/seed0")
    task = workshop.section_task(
        inputs={"evaluate/controls/mnist": workshop.evaluation(workshop.accuracy("pca_128", 0.92))},
        failures={"evaluate/classification/sparse/seed0": failure},
    )
    assert gather(task).find("mnist/sparse/test/probe_accuracy") == Missing(failure)


def test_a_quantity_has_the_same_digits_in_every_model_and_a_size_that_is_a_model_s_own_has_its_own() -> None:
    def known(quantity: str, model: str, value: float, half: float) -> Metric:
        return Metric(quantity, value, data="mnist", model=model, low=value - half, high=value + half)

    metrics = [
        known("test_psnr", "sparse", 25.0, 0.4),
        known("test_psnr", "plain", 24.0, 1.4),
        known("code_length", "sparse", 0.187, 0.02),
        known("code_length", "plain", 31.4, 1.5),
    ]
    evidence = Evidence(measured={metric.id: Measured(metric, "x", metric.model, "digest") for metric in metrics})
    assert [evidence.decimals(metric) for metric in metrics] == [1, 1, 3, 1]
    assert evidence.decimals(Metric("mcnemar_p", 0.01, data="mnist")) is None
    assert evidence.decimals(Metric("test_ssim", 0.9, data="mnist")) is None


def test_what_is_measured_under_conditions_does_not_set_the_digits_of_what_is_measured_without() -> None:
    clean = Metric("probe_accuracy", 0.985, data="mnist", model="sparse", low=0.983, high=0.987)
    noisy = [
        Metric("probe_accuracy", 0.6, data="mnist", model="sparse", conditions={"noise": noise}, low=0.4, high=0.8)
        for noise in (0.3, 0.5)
    ]
    evidence = Evidence(measured={m.id: Measured(m, "x", m.model, "digest") for m in (clean, *noisy)})
    assert evidence.decimals(clean) == 2
    assert evidence.decimals(noisy[0]) == evidence.decimals(noisy[1]) == 0
