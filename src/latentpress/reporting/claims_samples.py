"""Claims about generative models: what they draw, how probable they find images, what their codes stand for."""

from __future__ import annotations

from dataclasses import replace

from latentpress.reporting.claim_base import (
    BETTER,
    HIGHER,
    HOLDS,
    LOWER,
    NO_DIFFERENCE,
    SIGNIFICANCE,
    WORSE,
    Claim,
    Look,
    NotTestable,
    has_interval,
    interval,
)
from latentpress.reporting.claims_comparing import paired
from latentpress.reporting.latex import Tex
from latentpress.reporting.numbers import format_interval, format_value, p_phrase

# Mean distance of samples to the nearest training face, over that of real test faces. Above the second a sample
# is as far from every face as faces of different moods are from each other; the first allows for sampling.
NEAR, FAR = 1.25, 2.0


def samples_near_faces(look: Look, *, a: str, data: str) -> Claim:
    """Whether samples lie as near to a training face as real faces do: the ratio of the mean L2 distances."""
    samples = look.pick("sample_nearest_distance", data, a)
    faces = look.pick("face_nearest_distance", data, a)
    difference = look.pick("nearest_distance_difference", data, a)
    if not faces.value:
        raise NotTestable("real faces have no distance to the training faces")
    ratio = (samples.value or 0.0) / faces.value
    values = f"{look.shown(samples)} against {look.shown(faces)}, a ratio of {format_value(ratio, 2)}"
    low, high = interval(difference)
    if ratio > FAR:
        place, verdict, outcome = "far above", "they do not look like faces", WORSE
    elif ratio > NEAR:
        place, verdict, outcome = "above", "they look like faces, but less than real ones do", WORSE
    elif high < 0:
        # A blurred picture lies near to everything, so that this does not make samples the better faces.
        place, verdict, outcome = "below", "they look like faces of the training data", BETTER
    elif low > 0:
        place, verdict, outcome = "a little above", "they look like faces", HOLDS
    else:
        place, verdict, outcome = "not shown to differ from", "they look like faces", NO_DIFFERENCE
    bounds = format_interval(difference, decimals=look.evidence.decimals(difference))
    values += rf"; 95\,\% interval of the difference {bounds}"
    sentence = (
        f"The mean distance of samples from the nearest training face is {place} that of real test faces "
        f"({values}): by this measure {verdict}."
    )
    test = f"ratio of mean distances, above {NEAR} farther, above {FAR} far; else the interval of the difference"
    return Claim(Tex(sentence), tuple(look.used), test, outcome)


def samples_varied(look: Look, *, a: str, data: str) -> Claim:
    """Whether samples differ from each other as much as real faces do: their diversity as a share, against one."""
    share = look.pick("sample_diversity_share", data, a)
    name = look.names.running(a)
    if not has_interval(share):
        raise NotTestable("the diversity of the samples has no interval")
    low, high = interval(share)
    values = f"diversity {look.shown(share)} of that of real test faces"
    test = "95 % interval of the share of the real faces' diversity, against 1"
    used = tuple(look.used)
    if high < 1:
        return Claim(Tex(f"Samples of {name} are less varied than real faces ({values})."), used, test, LOWER)
    if low > 1:
        return Claim(Tex(f"Samples of {name} are more varied than real faces ({values})."), used, test, HIGHER)
    sentence = f"No difference in variety is shown between samples of {name} and real faces ({values})."
    return Claim(Tex(sentence), used, test, NO_DIFFERENCE)


def bound_difference(look: Look, *, a: str, b: str, data: str) -> Claim:
    """Whether a finds the test images more probable than b, a model with the same likelihood of pixels.

    By the paired differences of the importance-weighted bound, resampled in blocks of consecutive frames.
    """
    what = "the importance-weighted bound"
    claim = paired(look, "importance_weighted_bound", data, a, b, what=what, higher_is_better=True)
    if look.several_seeds:
        return claim
    return replace(claim, test="95 % block bootstrap interval of the paired difference excludes 0")


def factors_told_apart(look: Look, *, a: str, data: str) -> Claim:
    """Whether single dimensions of a's code stand for single known factors more than chance would have it."""
    gap, chance, p = (
        look.pick(quantity, data, a)
        for quantity in ("information_gap", "information_gap_by_chance", "information_gap_p")
    )
    name = look.names.running(a)
    values = f"{look.text(gap)} against {look.text(chance)} on average for factors shifted in time"
    values += f"; {p_phrase(p.value or 0.0)}"
    test = f"gap against gaps for factors shifted in time, p < {SIGNIFICANCE}"
    if (p.value or 0.0) < SIGNIFICANCE:
        sentence = f"The mutual information gap of {name} is above the level of chance ({values})."
        return Claim(Tex(sentence), tuple(look.used), test, HOLDS)
    sentence = f"The mutual information gap of {name} is not shown to be above the level of chance ({values})."
    return Claim(Tex(sentence), tuple(look.used), test, NO_DIFFERENCE)
