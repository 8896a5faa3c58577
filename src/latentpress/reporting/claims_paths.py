"""Claims about the path between two images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from latentpress.metrics import Metric
from latentpress.reporting.claim_base import (
    BETTER,
    DESCRIPTIVE,
    FAILS,
    HIGHER,
    LOWER,
    NO_DIFFERENCE,
    WORSE,
    Claim,
    Look,
    NotTestable,
    capital,
    has_interval,
    listed,
    sign_shown,
)
from latentpress.reporting.claims_comparing import PAIRED, paired_test
from latentpress.reporting.latex import Tex

INTERPOLATION_NAMES = {
    "interpolation_psnr_mean": ("the average PSNR", True),
    "interpolation_psnr_of_mean_mse": ("the PSNR of the mean error", True),
    "interpolation_ssim_mean": ("the average SSIM", True),
    "interpolation_latent_l2_mean": ("the average L2 distance between the codes", None),
    "interpolation_latent_l2_relative": ("the relative L2 distance between the codes", False),
}


def interpolation_difference(look: Look, *, a: str, b: str, quantity: str, data: str) -> Claim:
    """Whether a quantity along the path differs between two models, α by α, by paired intervals over the same pairs."""
    what, higher_is_better = INTERPOLATION_NAMES.get(quantity, (f"the {quantity.replace('_', ' ')}", None))
    alphas = [metric.alpha for metric in look.path(quantity, data, a) if metric.alpha is not None]
    look.path(quantity, data, b)
    found = {alpha: look.difference(quantity, data, a, b, alpha=alpha) for alpha in alphas}
    if not found:
        raise NotTestable(f"{quantity} is measured at no α inside the path")
    verdicts = {alpha: look.sign_shown(*both) for alpha, both in found.items()}
    names = look.names.running(a), look.names.running(b)
    groups = {
        verdict: [f"{alpha:g}" for alpha in alphas if verdicts[alpha] is verdict] for verdict in (True, False, None)
    }
    smallest, measured = min(found.values(), key=lambda both: abs(both[0].value or 0.0))
    test = f"{paired_test(look, measured)}, at each α"
    size = rf"the smallest paired difference is {look.shown(smallest)}, at $\alpha = {smallest.alpha:g}$"
    size += look.probability(measured)
    reason = (
        r"at no $\alpha$ inside the path does the exact sign-flip test over seeds tell the differences from 0"
        if look.probability(measured)
        else r"at every $\alpha$ inside the path the interval of the paired differences includes 0"
    )
    if not groups[True] and not groups[False]:
        sentence = f"For {what}, no difference is shown between {names[0]} and {names[1]}: {reason} ({size})."
        return Claim(Tex(sentence), tuple(look.used), test, NO_DIFFERENCE)
    parts = []
    for verdict, word in ((True, "higher"), (False, "lower")):
        if groups[verdict]:
            better = "" if higher_is_better is None else f" ({'better' if verdict is higher_is_better else 'worse'})"
            parts.append(f"{word}{better} {_at(groups[verdict], len(alphas))}")
    rest = f"; no difference is shown {_at(groups[None], len(alphas))}" if groups[None] else ""
    sentence = (
        f"{capital(Tex(what))} of {names[0]}, held against that of {names[1]}, is {listed(parts)}{rest} ({size})."
    )
    one_way = not (groups[True] and groups[False])
    direction = bool(groups[True])
    if not one_way:
        outcome = NO_DIFFERENCE
    elif higher_is_better is None:
        outcome = HIGHER if direction else LOWER
    else:
        outcome = BETTER if direction is higher_is_better else WORSE
    return Claim(Tex(sentence), tuple(look.used), test, outcome)


def _at(alphas: Sequence[str], of: int) -> str:
    return (
        r"at every $\alpha$ inside the path"
        if len(alphas) == of
        else rf"at $\alpha = {listed(alphas)}$".replace(" and ", r"$ and~$")
    )


def interpolation_weakest(look: Look, *, a: str, data: str, quantity: str = "interpolation_psnr_mean") -> Claim:
    """At which α the two interpolations differ most, and whether the path is symmetric.

    The weakest α is the lowest PSNR or SSIM, or the largest distance between codes. Whether another α differs from
    it, and whether α differs from 1 − α, is decided by the interval of the differences over the same pairs.
    """
    path = look.path(quantity, data, a)
    what, _ = INTERPOLATION_NAMES.get(quantity, (f"the {quantity.replace('_', ' ')}", None))
    name = look.names.running(a)
    infinite = [metric for metric in path if metric.value == math.inf]
    if infinite:
        where = listed([f"{metric.alpha:g}" for metric in infinite])
        sentence = (
            rf"{capital(Tex(what))} of {name} is infinite inside the path, at $\alpha$ = {where}: "
            "the decoder draws the same picture from different codes."
        )
        return Claim(Tex(sentence), tuple(look.used), "finite inside the path", FAILS)
    distance = "_l2_" in quantity
    word = "largest" if distance else "lowest"
    pick = max if distance else min
    weakest = pick(path, key=lambda metric: metric.value or 0.0)
    others = [metric for metric in path if metric is not weakest]
    tied = [m for m in others if _differ(look, m, weakest) is False]
    alpha = weakest.alpha or 0.0
    nearest = min(abs((metric.alpha or 0.0) - 0.5) for metric in path)
    place = (
        "nearest to the middle of the path"
        if abs(alpha - 0.5) <= nearest + 1e-9
        else "away from the middle of the path"
    )
    sentence = rf"{capital(Tex(what))} of {name} is {word} at $\alpha = {alpha:g}$ ({look.shown(weakest)}), {place}"
    if tied:
        sentence += rf", though not shown to differ from that at $\alpha$ = {listed([f'{m.alpha:g}' for m in tied])}"
    sentence += _symmetry(look, path)
    return Claim(Tex(f"{sentence}."), tuple(look.used), f"extreme of the values; {PAIRED}", DESCRIPTIVE)


def _differ(look: Look, first: Metric, second: Metric) -> bool | None:
    """Whether two α of one model are shown to differ, by the differences of the same pairs; None if not measured."""
    low, high = sorted((first, second), key=lambda metric: metric.alpha or 0.0)
    wanted = replace(low, quantity=f"{low.quantity}_alpha_difference", conditions={"other_alpha": high.alpha or 0.0}).id
    if wanted not in look.evidence.measured:
        return None
    difference = look.metric(wanted)
    return None if not has_interval(difference) else sign_shown(difference) is not None


def _symmetry(look: Look, path: list[Metric]) -> str:
    by_alpha = {round(metric.alpha or 0.0, 6): metric for metric in path}
    pairs = [
        (metric, by_alpha[round(1 - alpha, 6)])
        for alpha, metric in by_alpha.items()
        if alpha < 0.5 and round(1 - alpha, 6) in by_alpha
    ]
    differ = {left.alpha: _differ(look, left, right) for left, right in pairs}
    if not pairs or None in differ.values():
        return ""
    uneven = [f"{alpha:g}" for alpha, found in differ.items() if found]
    if uneven:
        return rf"; the path is not symmetric, its values at $\alpha$ = {listed(uneven)} and $1 - \alpha$ differ"
    return r"; no asymmetry between $\alpha$ and $1 - \alpha$ is shown"
