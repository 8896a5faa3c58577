"""What is said of a training's end: by early stopping or at the last epoch, with the smallest loss there or not."""

from __future__ import annotations

from typing import Any

import pytest

from latentpress.metrics import Metric
from latentpress.reporting.claim_base import Look
from latentpress.reporting.claims import make
from latentpress.reporting.evidence import Evidence, Measured
from latentpress.reporting.latex import to_text
from latentpress.reporting.names import Names

NAMES = Names({"simple": {"title": "Simple autoencoder"}})


def said(run: float, kept: float, best: float | None, most: int = 6) -> tuple[str, str]:
    found: list[tuple[str, float | None, str]] = [
        ("epochs", run, ""),
        ("kept_epoch", kept, "validation"),
        ("best_epoch", best, "validation"),
    ]
    metrics = [Metric(name, value, data="mnist", model="simple", split=split) for name, value, split in found]
    measured = {metric.id: Measured(metric, "training_curves", "simple", "digest") for metric in metrics}
    fields: dict[str, Any] = {"a": "simple", "data": "mnist", "most": most}
    made = make(Look(Evidence(measured=measured), NAMES), "early_stopping", fields)
    return made.outcome, to_text(made.sentence)


@pytest.mark.parametrize(
    ("run", "kept", "best", "outcome", "words"),
    [
        (5, 3, 3, "holds", "was stopped early, after 5 of 6 epochs; the weights are those of epoch 3"),
        (6, 6, 6, "does not hold", "and the last of them had the smallest loss on the validation split"),
        (
            6,
            6,
            4,
            "does not hold",
            "those of the last, though the loss on the validation split was smallest after epoch 4",
        ),
        (
            6,
            5,
            5,
            "does not hold",
            "those of epoch 5, after which the loss on the validation split did not become smaller",
        ),
    ],
)
def test_the_sentence_says_what_the_numbers_say(run: int, kept: int, best: int, outcome: str, words: str) -> None:
    found, sentence = said(run, kept, best)
    assert found == outcome
    assert words in sentence


def test_of_losses_that_are_no_numbers_nothing_is_said() -> None:
    outcome, sentence = said(6, 6, None)
    assert outcome == "not testable"
    assert "smallest" not in sentence
