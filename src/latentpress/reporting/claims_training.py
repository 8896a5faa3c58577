"""Claims about how trainings went."""

from __future__ import annotations

from latentpress.reporting.claim_base import DESCRIPTIVE, FAILS, HOLDS, Claim, Look, capital
from latentpress.reporting.latex import Tex
from latentpress.reporting.numbers import format_setting

EARLY_STOPPING = "epochs that were run against the most that were asked for"


def early_stopping(look: Look, *, a: str, data: str, most: int) -> Claim:
    """Whether early stopping ended a training, and which epoch's weights it kept.

    Args:
        look: the section's metrics.
        a: the experiment.
        data: its data set.
        most: epochs that it was asked for.
    """
    run, kept, best = (look.pick(quantity, data, a) for quantity in ("epochs", "kept_epoch", "best_epoch"))
    name = capital(look.names.running(a))
    if look.evidence.trainings > 1:
        sentence = f"{name} was trained for {look.text(run)} of {format_setting(most)} epochs on average."
        return Claim(Tex(sentence), tuple(look.used), EARLY_STOPPING, DESCRIPTIVE)
    stopped = (run.value or 0) < most
    if stopped:
        sentence = (
            f"{name} was stopped early, after {look.text(run)} of {format_setting(most)} epochs; the weights are those "
            f"of epoch {look.text(kept)}."
        )
    elif kept.value == run.value == best.value:
        sentence = (
            f"{name} was trained for all {look.text(run)} epochs, and the last of them had the smallest loss on the "
            "validation split."
        )
    elif kept.value == run.value:
        sentence = (
            f"{name} was trained for all {look.text(run)} epochs; the weights are those of the last, though the loss "
            f"on the validation split was smallest after epoch {look.text(best)}."
        )
    else:
        sentence = (
            f"{name} was trained for all {look.text(run)} epochs; the weights are those of epoch {look.text(kept)}, "
            "after which the loss on the validation split did not become smaller."
        )
    return Claim(Tex(sentence), tuple(look.used), EARLY_STOPPING, HOLDS if stopped else FAILS)
