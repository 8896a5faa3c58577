"""Claims about the path between two images."""

from __future__ import annotations

from collections.abc import Sequence

from latentpress.reporting.claim_base import (
    BETTER,
    HIGHER,
    LOWER,
    NO_DIFFERENCE,
    WORSE,
    Claim,
    Look,
    NotTestable,
    capital,
    has_interval,
    higher_by_interval,
    listed,
)
from latentpress.reporting.claims_comparing import OVERLAP
from latentpress.reporting.latex import Tex

INTERPOLATION_NAMES = {
    "interpolation_psnr_mean": ("the average PSNR", True),
    "interpolation_psnr_of_mean_mse": ("the PSNR of the mean error", True),
    "interpolation_ssim_mean": ("the average SSIM", True),
    "interpolation_latent_l2_mean": ("the average L2 distance between the codes", None),
    "interpolation_latent_l2_relative": ("the relative L2 distance between the codes", False),
}


def interpolation_difference(look: Look, *, a: str, b: str, quantity: str, data: str) -> Claim:
    """Whether a quantity along the path differs between two models, α by α, by intervals over pairs."""
    what, higher_is_better = INTERPOLATION_NAMES.get(quantity, (f"the {quantity.replace('_', ' ')}", None))
    ours = {metric.alpha: metric for metric in look.path(quantity, data, a)}
    theirs = {metric.alpha: metric for metric in look.path(quantity, data, b)}
    alphas = [alpha for alpha in ours if alpha in theirs and alpha is not None]
    if not alphas or not all(has_interval(ours[alpha], theirs[alpha]) for alpha in alphas):
        raise NotTestable(f"{quantity} has no intervals over pairs")
    verdicts = {alpha: higher_by_interval(ours[alpha], theirs[alpha]) for alpha in alphas}
    names = look.names.running(a), look.names.running(b)
    groups = {
        verdict: [f"{alpha:g}" for alpha in alphas if verdicts[alpha] is verdict] for verdict in (True, False, None)
    }
    test = f"{OVERLAP}, at each α"
    if not groups[True] and not groups[False]:
        sentence = (
            f"For {what}, no difference is shown between {names[0]} and {names[1]}: "
            r"at every $\alpha$ inside the path their intervals over pairs overlap."
        )
        return Claim(Tex(sentence), tuple(look.used), test, NO_DIFFERENCE)
    parts = []
    for verdict, word in ((True, "higher"), (False, "lower")):
        if groups[verdict]:
            better = "" if higher_is_better is None else f" ({'better' if verdict is higher_is_better else 'worse'})"
            parts.append(f"{word}{better} {_at(groups[verdict], len(alphas))}")
    rest = f"; no difference is shown {_at(groups[None], len(alphas))}" if groups[None] else ""
    sentence = f"{capital(Tex(what))} of {names[0]}, held against that of {names[1]}, is {listed(parts)}{rest}."
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
