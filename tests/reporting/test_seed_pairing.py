"""Six trainings of each model, as metrics: what their differences say takes the place of what those of images say."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from latentpress.metrics import Metric
from latentpress.reporting.claim_base import Look
from latentpress.reporting.claims import make
from latentpress.reporting.evidence import Evidence, gather
from latentpress.reporting.latex import to_text
from latentpress.reporting.names import Names
from latentpress.statistics import FEWEST_TO_RESAMPLE

NAMES = Names({"sparse": {"title": "Sparse autoencoder"}, "plain": {"title": "Plain autoencoder"}})
APART = (0.004, 0.006, 0.005, 0.003, 0.007, 0.005)
BOTH_WAYS = (0.004, -0.006, 0.005, -0.003, 0.007, -0.005)


def accuracy(model: str, value: float | None, quantity: str = "probe_accuracy", **fields: Any) -> Metric:
    return Metric(quantity, value, data="mnist", model=model, split="test", **fields)


def gathered(workshop: Any, differences: tuple[float | None, ...], control: float | None = None) -> Evidence:
    """Sparse and plain models of as many seeds, whose images would always call the sparse one the worse."""
    base = np.random.default_rng(0).normal(0.98, 0.01, len(differences))
    inputs = {}
    for seed, (level, difference) in enumerate(zip(base, differences, strict=True)):
        value = None if difference is None else level + difference
        for model, found in (("sparse", value), ("plain", level)):
            result = workshop.evaluation(accuracy(model, found, seed=seed))
            inputs[f"evaluate/classification/{model}/seed{seed}"] = result
    compared = [
        accuracy("sparse_vs_plain", -0.1, "probe_accuracy_difference", low=-0.11, high=-0.09),
        accuracy("sparse_vs_plain", 0.0001, "mcnemar_p"),
    ]
    if control is not None:
        inputs["evaluate/controls/mnist"] = workshop.evaluation(accuracy("pca_128", control))
        compared.append(accuracy("sparse_vs_pca_128", 0.5, "probe_accuracy_difference", low=0.4, high=0.6))
    inputs["evaluate/probe_comparison/sparse+plain"] = workshop.evaluation(*compared)
    return gather(workshop.section_task(inputs=inputs))


DIFFERENCE = "mnist/sparse_vs_plain/test/probe_accuracy_difference"


def test_six_seeds_give_the_mean_of_their_differences_an_interval_and_an_exact_probability(workshop: Any) -> None:
    evidence = gathered(workshop, APART)
    found = evidence.measured[DIFFERENCE]
    assert found.metric.value == pytest.approx(np.mean(APART))
    assert min(APART) <= found.metric.low < found.metric.value < found.metric.high <= max(APART) + 1e-3
    assert found.seeds == (0, 1, 2, 3, 4, 5)
    assert evidence.trainings == 6
    assert evidence.measured[DIFFERENCE + "_sign_flip_p"].metric.value == 2 / 2**6


def test_the_probability_is_that_of_all_patterns_of_signs(workshop: Any) -> None:
    evidence = gathered(workshop, BOTH_WAYS)
    signs = np.array(list(product((-1, 1), repeat=6)))
    expected = np.mean(np.abs(signs @ BOTH_WAYS) >= abs(sum(BOTH_WAYS)) - 1e-12)
    assert evidence.measured[DIFFERENCE + "_sign_flip_p"].metric.value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("differences", "outcome", "turned", "words"),
    [
        (APART, "better", "worse", "exact sign-flip test over 6 seeds, p = 0.031"),
        (tuple(-value for value in APART), "worse", "better", "exact sign-flip test over 6 seeds, p = 0.031"),
        (BOTH_WAYS, "no difference shown", "no difference shown", "exact sign-flip test over 6 seeds, p = "),
        (APART[:3], "better", "worse", "paired difference over seeds 0.50 percentage points ["),
        (BOTH_WAYS[:3], "no difference shown", "no difference shown", "paired difference over seeds"),
        ((0.004, None, 0.005), "not testable", "not testable", "could not be measured"),
    ],
)
def test_the_sentence_follows_the_seeds(
    workshop: Any, differences: tuple[float | None, ...], outcome: str, turned: str, words: str
) -> None:
    look = Look(gathered(workshop, differences), NAMES)
    made = make(look, "accuracy_difference", {"a": "sparse", "b": "plain", "data": "mnist"})
    backward = make(look, "accuracy_difference", {"a": "plain", "b": "sparse", "data": "mnist"})
    assert (made.outcome, backward.outcome) == (outcome, turned)
    assert words in to_text(made.sentence)
    assert "McNemar" not in to_text(made.sentence) + made.test
    if outcome != "not testable":
        assert ("sign-flip" in made.test) == (len(differences) >= FEWEST_TO_RESAMPLE)


def test_a_control_without_training_is_the_same_beside_every_seed(workshop: Any) -> None:
    evidence = gathered(workshop, APART, control=0.92)
    sparse = evidence.measured["mnist/sparse/test/probe_accuracy"].metric.value
    found = evidence.measured["mnist/sparse_vs_pca_128/test/probe_accuracy_difference"].metric
    assert found.value == pytest.approx(sparse - 0.92)
    assert found.low > 0.03


def test_one_seed_leaves_the_difference_over_the_images_as_it_is(workshop: Any) -> None:
    evidence = gathered(workshop, APART[:1])
    assert evidence.measured[DIFFERENCE].metric.value == -0.1
    assert DIFFERENCE + "_sign_flip_p" not in evidence.measured
    assert evidence.trainings == 1


def test_two_seeds_have_an_interval_but_no_probability_that_could_be_small(workshop: Any) -> None:
    evidence = gathered(workshop, (0.004, 0.006))
    found = evidence.measured[DIFFERENCE].metric
    assert found.value == pytest.approx(0.005)
    assert found.low < 0 < found.high  # Student's t with one degree of freedom
    assert DIFFERENCE + "_sign_flip_p" not in evidence.measured


def test_templates_can_say_what_several_seeds_mean(workshop: Any) -> None:
    def said(seeds: int) -> str:
        inputs = {
            f"evaluate/classification/sparse/seed{seed}": workshop.evaluation(accuracy("sparse", 0.9, seed=seed))
            for seed in range(seeds)
        }
        return " ".join(workshop.tex("[<< over_seeds(trainings) >>]", inputs).split())

    assert said(1) == "[]"
    assert "trained 2 times, from the seeds 0 to 1" in said(2) and "Student" in said(2)
    assert "trained 6 times" in said(6) and "sign-flip" in said(6) and "Student" not in said(6)


@pytest.mark.parametrize("seeds", [2, 6])
def test_a_training_that_failed_leaves_the_difference_unknown(workshop: Any, seeds: int) -> None:
    """The trainings that are left of a model are not its value beside every seed."""
    levels = {"sparse": [0.004] * (seeds - 1), "plain": [0.003, *[0.009] * (seeds - 1)]}
    inputs = {
        f"evaluate/classification/{model}/seed{seed}": workshop.evaluation(accuracy(model, value, seed=seed))
        for model, values in levels.items()
        for seed, value in enumerate(values)
    }
    compared = accuracy("sparse_vs_plain", -0.1, "probe_accuracy_difference", low=-0.11, high=-0.09)
    inputs["evaluate/probe_comparison/sparse+plain"] = workshop.evaluation(compared)
    found = gather(workshop.section_task(inputs=inputs)).measured[DIFFERENCE].metric
    assert (found.value, found.low) == (None, None)
