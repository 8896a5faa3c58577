"""Sentences on paths through the latent space follow their data."""

from __future__ import annotations

from typing import Any

import pytest

from latentpress.errors import TemplateError
from latentpress.metrics import Metric
from latentpress.reporting.claim_base import Look
from latentpress.reporting.claims import make
from latentpress.reporting.claims_latent import PATH_NAMES
from latentpress.reporting.evidence import Evidence, Measured
from latentpress.reporting.latex import to_text
from latentpress.reporting.names import Names

NAMES = Names({"plain": {"title": "Plain autoencoder"}, "vae": {"title": "VAE"}})


def metric(quantity: str, value: float | None, half: float | None = 0.03, model: str = "plain") -> Metric:
    ends = {} if half is None or value is None else {"low": value - half, "high": value + half}
    return Metric(quantity, value, data="mnist", model=model, split="test", **ends)


def said(name: str, *metrics: Metric, **fields: Any) -> tuple[str, str]:
    measured = {m.id: Measured(m, "latent_paths", m.model, "digest") for m in metrics}
    made = make(Look(Evidence(measured=measured), NAMES), name, {"data": "mnist", **fields})
    assert set(made.metrics) <= {m.id for m in metrics}
    return made.outcome, to_text(made.sentence)


NEARER, FARTHER = "decodes images that lie nearer to the training", "decodes images that lie farther from the training"
NEITHER = "no difference is shown from the blend of the two reconstructions"


@pytest.mark.parametrize(
    ("pictures", "reconstructions", "outcome", "words"),
    [
        (
            0.71,
            0.8,
            "better",
            [NEARER, "and nearer than the blend of the two reconstructions, too (0.800 [0.770, 0.830])"],
        ),
        (0.71, 1.2, "no difference shown", [NEARER, "but farther than the blend of the two reconstructions"]),
        (0.71, 1.0, "no difference shown", [NEARER, f"; {NEITHER}"]),
        (1.3, 1.2, "worse", [FARTHER, "and farther than the blend of the two reconstructions, too"]),
        (1.3, 0.8, "no difference shown", [FARTHER, "but nearer than the blend of the two reconstructions"]),
        (1.01, 1.0, "no difference shown", ["are not shown to differ in their distance", f"; {NEITHER}"]),
        (1.01, 0.8, "no difference shown", ["but nearer than the blend of the two reconstructions"]),
        (1.01, 1.2, "no difference shown", ["but farther than the blend of the two reconstructions"]),
    ],
)
def test_the_midpoint_is_judged_against_both_blends(
    pictures: float, reconstructions: float, outcome: str, words: list[str]
) -> None:
    """What is blurred is nearer than the pictures' blend, without being a midpoint that looks like an image."""
    metrics = metric("midpoint_distance_ratio", pictures), metric("midpoint_reconstruction_ratio", reconstructions)
    found = said("path_midpoint", *metrics, a="plain", between="digits")
    assert found[0] == outcome
    assert found[1].startswith("Halfway between two digits, ")
    assert all(part in found[1] for part in words), found[1]


def test_a_midpoint_without_an_interval_is_not_tested() -> None:
    other = metric("midpoint_reconstruction_ratio", 0.9)
    assert said("path_midpoint", metric("midpoint_distance_ratio", 0.7, None), other, a="plain")[0] == "not testable"
    assert said("path_midpoint", metric("midpoint_distance_ratio", None), other, a="plain")[0] == "not testable"


@pytest.mark.parametrize(
    ("step", "outcome", "words"),
    [
        (1.5, "holds", "change evenly: the largest step of a path is below the limit of 2.0 times the mean step"),
        (2.5, "does not hold", "change in jumps: the largest step of a path is above the limit of 2.0 times"),
        (2.01, "no difference shown", "not shown to change evenly or unevenly"),
    ],
)
def test_a_path_is_even_below_its_limit(step: float, outcome: str, words: str) -> None:
    metrics = metric("largest_step_ratio", step), metric("path_length_ratio", 1.4)
    found = said("path_evenness", *metrics, a="plain")
    assert found[0] == outcome and words in found[1]
    assert "1.400 [1.370, 1.430] times as long as the straight distance" in found[1]
    assert said("path_evenness", *metrics, a="plain", limit=9)[0] == "holds"


def test_the_share_of_a_third_class_is_told() -> None:
    outcome, sentence = said("path_classes", metric("third_class_share", 0.125), a="plain")
    assert outcome == "descriptive"
    assert "of the plain autoencoder, a share of 0.125 [0.095, 0.155] of the points" in sentence
    with pytest.raises(TemplateError, match="measures 'mnist/plain/test/third_class_share'"):
        said("path_classes", metric("path_length_ratio", 1.2), a="plain")


@pytest.mark.parametrize("quantity", sorted(PATH_NAMES))
@pytest.mark.parametrize("gap", [-0.2, 0.2, 0.01])
def test_two_models_are_compared_by_their_paired_difference(quantity: str, gap: float) -> None:
    """Intervals of either model overlap; the differences of the same pairs decide."""
    levels = metric(quantity, 1.5 + gap, 0.9), metric(quantity, 1.5, 0.9, "vae")
    difference = metric(f"{quantity}_difference", gap, model="plain_vs_vae")
    less = PATH_NAMES[quantity][1] is False
    outcomes = {-0.2: "better" if less else "lower", 0.2: "worse" if less else "higher", 0.01: "no difference shown"}
    outcome, sentence = said("path_difference", *levels, difference, a="plain", b="vae", quantity=quantity)
    assert outcome == outcomes[gap]
    assert "paired difference" in sentence and PATH_NAMES[quantity][0][5:30] in sentence
