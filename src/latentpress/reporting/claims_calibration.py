"""Claims about the probe's probabilities: whether they can be believed, and which model's are the better ones."""

from __future__ import annotations

from latentpress.reporting.claim_base import FAILS, NO_DIFFERENCE, SIGNIFICANCE, Claim, Look, sign_shown
from latentpress.reporting.claims_comparing import paired
from latentpress.reporting.latex import Tex
from latentpress.reporting.numbers import p_phrase


def calibrated(look: Look, *, a: str, data: str) -> Claim:
    """Whether the probe on a's codes is shown to be miscalibrated, and to which side.

    Decided by how often chance gives a calibrated probe so large an error; with several seeds by whether the interval
    of the error over seeds lies above the mean that chance gives.

    Args:
        look: the section's metrics.
        a: the model.
        data: the data set.
    """
    error, chance, p, tilt = (
        look.pick(quantity, data, a)
        for quantity in (
            "probe_calibration_error",
            "probe_calibration_error_by_chance",
            "probe_calibration_p",
            "probe_overconfidence",
        )
    )
    values = f"calibration error {look.shown(error)}, of which chance alone gives {look.text(chance)}"
    shown, test = (p.value or 0.0) < SIGNIFICANCE, f"consistency resampling, p < {SIGNIFICANCE}"
    if look.several_seeds:
        test = f"consistency resampling, twice the mean p over seeds < {SIGNIFICANCE}"
    values += f"; {p_phrase(p.value or 0.0)}"
    what = f"The probabilities of the probe on the codes of {look.names.running(a)}"
    if not shown:
        sentence = f"{what} are not shown to be miscalibrated ({values})."
        return Claim(Tex(sentence), tuple(look.used), test, NO_DIFFERENCE)
    side = {
        True: "on average they are too high",
        False: "on average they are too low",
        None: "on average they are neither shown to be too high nor too low",
    }[sign_shown(tilt)]
    sentence = f"{what} are miscalibrated ({values}): {side} (by {look.shown(tilt)})."
    return Claim(Tex(sentence), tuple(look.used), test, FAILS)


def probabilities_better(look: Look, *, a: str, b: str, data: str) -> Claim:
    """Whether the probe's log loss, a proper score, is lower on a's codes than on b's; image by image."""
    what = "the log loss of logistic regression"
    return paired(look, "probe_log_loss", data, a, b, what=what, higher_is_better=False)
