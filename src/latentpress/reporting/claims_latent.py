"""Claims about straight lines between the codes of two images: what is decoded there, and how evenly it changes."""

from __future__ import annotations

from latentpress.metrics import Metric
from latentpress.reporting.claim_base import (
    BETTER,
    DESCRIPTIVE,
    FAILS,
    HOLDS,
    NO_DIFFERENCE,
    WORSE,
    Claim,
    Look,
    NotTestable,
    capital,
    has_interval,
    interval,
)
from latentpress.reporting.claims_comparing import paired
from latentpress.reporting.latex import Tex, escape
from latentpress.reporting.numbers import format_value

EVEN = 2.0
"""Times its mean step that the largest step of an even path may be."""

PATH_NAMES: dict[str, tuple[str, bool | None]] = {
    "midpoint_distance_ratio": (
        "the distance of decoded midpoints from the training images relative to that of blended pictures",
        False,
    ),
    "midpoint_reconstruction_ratio": (
        "the distance of decoded midpoints from the training images relative to that of blended reconstructions",
        False,
    ),
    "largest_step_ratio": ("the largest step of a decoded path relative to its mean step", False),
    "path_length_ratio": ("the length of a decoded path relative to the straight distance between its ends", None),
    "third_class_share": ("the share of points on a path that lie among codes of a third class", None),
}
"""What is measured along paths, and whether higher is better; longer ways and other classes are neither."""


def path_midpoint(look: Look, *, a: str, data: str, between: str = "images") -> Claim:
    """Whether halfway between two codes a decodes images nearer to the training images than a blend of two pictures is.

    By the interval of the ratio of both distances, against 1, and by that of the ratio to the blend of the two
    reconstructions, which the decoder has blurred as much: a decoder that only blurs is near to everything. Better or
    worse is what both ratios say.

    Args:
        look: the section's metrics.
        a: the model.
        data: the data set.
        between: what the images are of, in the plural: ``"digits"``.
    """
    found = look.pick("midpoint_distance_ratio", data, a)
    other = look.pick("midpoint_reconstruction_ratio", data, a)
    below, also_below = _below_one(found), _below_one(other)
    name = look.names.running(a)
    values = f"ratio {look.shown(found)}"
    blend = "the blend of the two reconstructions"
    if also_below is None:
        tail = f"; no difference is shown from {blend} ({look.shown(other)})"
    else:
        word, same = "nearer" if also_below else "farther", also_below is below
        tail = f", {'and' if same else 'but'} {word} than {blend}{', too' if same else ''} ({look.shown(other)})"
    place = f"halfway between two {escape(between)}"
    test = "95 % intervals of both ratios of the distances to the nearest training image, against 1"
    used = tuple(look.used)
    if below is None:
        sentence = (
            f"{capital(Tex(place))}, the images that {name} decodes are not shown to differ in their distance to the "
            f"training images from the blend of the two pictures ({values}){tail}."
        )
        return Claim(Tex(sentence), used, test, NO_DIFFERENCE)
    word = "nearer to" if below else "farther from"
    outcome = NO_DIFFERENCE if below is not also_below else BETTER if below else WORSE
    sentence = (
        f"{capital(Tex(place))}, {name} decodes images that lie {word} the training images than the blend of the two "
        f"pictures does ({values}){tail}."
    )
    return Claim(Tex(sentence), used, test, outcome)


def _below_one(metric: Metric) -> bool | None:
    """Whether a ratio is shown to be below 1, or above it; None where neither is.

    Raises:
        NotTestable: it has no interval.
    """
    if not has_interval(metric):
        raise NotTestable(f"{metric.id} has no interval")
    low, high = interval(metric)
    if high < 1:
        return True
    return False if low > 1 else None


def path_evenness(look: Look, *, a: str, data: str, limit: float = EVEN) -> Claim:
    """Whether the decoded images change evenly along the path: the largest step over the mean step, against a limit.

    Args:
        look: the section's metrics.
        a: the model.
        data: the data set.
        limit: up to which a path counts as even; 1 is a path of equal steps.
    """
    step, length = look.pick("largest_step_ratio", data, a), look.pick("path_length_ratio", data, a)
    if not has_interval(step):
        raise NotTestable(f"{step.id} has no interval")
    low, high = interval(step)
    name = look.names.running(a)
    bound = f"the limit of {format_value(limit, 1)}"
    if high < limit:
        words, outcome = f"change evenly: the largest step of a path is below {bound}", HOLDS
    elif low > limit:
        words, outcome = f"change in jumps: the largest step of a path is above {bound}", FAILS
    else:
        words, outcome = f"are not shown to change evenly or unevenly: the largest step is about {bound}", NO_DIFFERENCE
    sentence = (
        f"Along the line between two codes, the images that {name} decodes {words} times the mean step "
        f"(on average {look.shown(step)}), and the path is {look.shown(length)} times as long as the straight distance "
        "between its ends."
    )
    return Claim(Tex(sentence), tuple(look.used), f"95 % interval of the largest step, against {limit:g}", outcome)


def path_classes(look: Look, *, a: str, data: str) -> Claim:
    """How much of the way between two classes lies among codes of a third one."""
    share = look.pick("third_class_share", data, a)
    sentence = (
        f"In the latent space of {look.names.running(a)}, a share of {look.shown(share)} of the points between two "
        "images of different classes lies among training codes of a third class."
    )
    return Claim(Tex(sentence), tuple(look.used), "none", DESCRIPTIVE)


def path_difference(look: Look, *, a: str, b: str, data: str, quantity: str = "midpoint_distance_ratio") -> Claim:
    """Whether a measure of the paths differs between two models, by the paired differences over the same pairs.

    Args:
        look: the section's metrics.
        a, b: models that `latent_paths_comparison` has compared in this section, in either order.
        data: the data set.
        quantity: one of `PATH_NAMES`; less is better of the midpoint's distance and of the largest step.
    """
    what, higher_is_better = PATH_NAMES.get(quantity, (f"the {quantity.replace('_', ' ')}", None))
    return paired(look, quantity, data, a, b, what=what, higher_is_better=higher_is_better)
