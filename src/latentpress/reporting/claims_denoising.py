"""Claims about denoising: which images are nearer to the clean ones, a model's, another's or a control's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from latentpress.errors import TemplateError
from latentpress.metrics import Metric
from latentpress.reporting.claim_base import (
    BETTER,
    FAILS,
    HOLDS,
    NO_DIFFERENCE,
    WORSE,
    Claim,
    Look,
    NotTestable,
    capital,
    flipped,
    has_interval,
    listed,
    sign_shown,
)
from latentpress.reporting.claims_comparing import paired, paired_test
from latentpress.reporting.latex import Tex
from latentpress.reporting.numbers import format_setting

INPUT = "noisy_input"
QUANTITIES = {
    "denoised_ssim": ("the SSIM of the denoised images", True),
    "denoised_mse": ("the mean squared error of the denoised images", False),
}
"""What is compared image by image, how it is called, and whether more of it is better."""

Found = Mapping[float, tuple[Metric, Metric]]
"""Standard deviation of the noise to a difference, as `Look.difference` gives it."""


def denoised_against(
    look: Look, *, a: str, b: str, data: str, quantity: str = "denoised_ssim", noise: Sequence[float] | None = None
) -> Claim:
    """Whether a's denoised images are nearer to the clean ones than those of b, a model or a control, image by image.

    Args:
        look: the section's metrics.
        a, b: models or controls, one of them a model.
        data: the data set.
        quantity: ``"denoised_ssim"`` or ``"denoised_mse"``.
        noise: standard deviations at every one of which it has to be shown; None for the stated one.
    """
    what, higher_is_better = _named(quantity)
    if noise is None:
        ratio = look.text(look.pick("denoised_snr", data, INPUT), unit=True)
        what = f"{what} (input SNR {ratio})"
        return paired(look, quantity, data, a, b, what=what, higher_is_better=higher_is_better)
    found = _differences(look, quantity, data, a, b, _levels(noise))
    shown = {level: look.sign_shown(*both) for level, both in found.items()}
    verdicts = {level: None if higher is None else higher is higher_is_better for level, higher in shown.items()}
    names = [look.names.running(model) for model in (a, b)]
    values = f"{_inputs(look, data, list(found))}; {_smallest(look, found)}"
    _, measured = next(iter(found.values()))
    test = f"{paired_test(look, measured)}, at every standard deviation of the noise"
    if len(set(verdicts.values())) == 1 and None not in verdicts.values():
        better = verdicts[next(iter(verdicts))] is True
        word = "higher" if better is higher_is_better else "lower"
        sentence = (
            f"{capital(Tex(what))} is {word}, and so {'better' if better else 'worse'}, for {names[0]} than for "
            f"{names[1]} {_at(found, found)} ({values})."
        )
        return Claim(Tex(sentence), tuple(look.used), test, BETTER if better else WORSE)
    groups = {verdict: [level for level in found if verdicts[level] is verdict] for verdict in (True, False, None)}
    start = f"For {what}, no difference is shown between {names[0]} and {names[1]}"
    if not groups[True] and not groups[False]:
        return Claim(Tex(f"{start} {_at(found, found, 'any')} ({values})."), tuple(look.used), test, NO_DIFFERENCE)
    parts = [
        f"{names[0]} {'is' if verdict is not None else 'differs'} {word} {_at(groups[verdict], found)}"
        for verdict, word in ((True, "better"), (False, "worse"))
        if groups[verdict]
    ]
    if groups[None]:
        parts.append(f"no difference is shown {_at(groups[None], found)}")
    sentence = f"{start} that holds {_at(found, found)}: {listed(parts)} ({values})."
    return Claim(Tex(sentence), tuple(look.used), test, NO_DIFFERENCE)


def above_controls(
    look: Look, *, a: str, controls: Sequence[str], data: str, noise: Sequence[float], quantity: str = "denoised_ssim"
) -> Claim:
    """Whether a's denoised images are nearer to the clean ones than those of every control at every noise.

    Where they are not shown to be, the sentence says beside which control and at which noise.

    Args:
        look: the section's metrics.
        a: the model.
        controls: the controls, or other models.
        data: the data set.
        noise: standard deviations of the noise.
        quantity: as in `denoised_against`.

    Raises:
        TemplateError: no control or no noise is named.
    """
    what, higher_is_better = _named(quantity)
    levels, names = _levels(noise), [str(control) for control in controls]
    if not names:
        raise TemplateError('claim "above_controls" names no control.', 'Name some: controls=["gaussian_filter"].')
    found = {control: _differences(look, quantity, data, a, control, levels) for control in names}
    worse: dict[str, list[float]] = {}
    undecided: dict[str, list[float]] = {}
    for control, differences in found.items():
        for level, both in differences.items():
            higher = look.sign_shown(*both)
            if higher is not higher_is_better:
                (undecided if higher is None else worse).setdefault(control, []).append(level)
    _, measured = found[names[0]][levels[0]]
    test = f"{paired_test(look, measured)}, for every control and standard deviation of the noise"
    inputs, model = _inputs(look, data, levels), look.names.running(a)
    if not worse and not undecided:
        every = listed([look.names.running(control) for control in names])
        closest = min(names, key=lambda control: min(abs(both[0].value or 0.0) for both in found[control].values()))
        word = "higher" if higher_is_better else "lower"
        sentence = (
            f"{capital(Tex(what))} is {word}, and so better, for {model} than for {every} {_at(levels, levels)} "
            f"({inputs}; {_smallest(look, found[closest])}, to {look.names.running(closest)})."
        )
        return Claim(Tex(sentence), tuple(look.used), test, HOLDS)
    parts = [
        *_beside(look, "it is worse than", worse, levels),
        *_beside(look, "it is not shown to differ from", undecided, levels),
    ]
    total = len(names) * len(levels)
    lacking = sum(len(where) for places in (worse, undecided) for where in places.values())
    rest = "" if lacking == total else "; everywhere else it is better"
    sentence = (
        f"By {what}, {model} is not shown to be better than every control {_at(levels, levels)} "
        f"({inputs}): {listed(parts)}{rest}."
    )
    return Claim(Tex(sentence), tuple(look.used), test, FAILS if worse else NO_DIFFERENCE)


def _beside(look: Look, said: str, places: Mapping[str, Sequence[float]], levels: Sequence[float]) -> list[str]:
    """``it is worse than A and B at …``, once for all controls that it is said of at the same levels."""
    together: dict[tuple[float, ...], list[str]] = {}
    for control, where in places.items():
        together.setdefault(tuple(where), []).append(look.names.running(control))
    everywhere = " at each of these" if len(levels) > 1 else ""
    return [
        f"{said} {listed(named)}{everywhere if len(where) == len(levels) else ' ' + _at(where, levels)}"
        for where, named in together.items()
    ]


def beats_input(look: Look, *, a: str, data: str, noise: float | None = None) -> Claim:
    """Whether a's denoised images have a higher signal-to-noise ratio than the noisy ones, and by how much.

    Args:
        look: the section's metrics.
        a: a model or control.
        data: the data set.
        noise: standard deviation of the noise; None for the stated one.
    """
    conditions = {} if noise is None else {"noise": float(noise)}
    before, after = (look.pick("denoised_snr", data, model, **conditions) for model in (INPUT, a))
    gained = look.pick("denoised_snr_gain", data, a, **conditions)
    if not has_interval(gained) and math.isfinite(gained.value or 0.0):
        raise NotTestable(f"{gained.id} has no interval")
    over = "over seeds " if look.several_seeds else ""
    test = f"95 % interval {over}of the gain excludes 0"
    name, where = look.names.running(a), "" if noise is None else f" {_at([float(noise)], [])}"
    values = f"from {look.text(before, unit=True)} to {look.text(after, unit=True)}{where}"
    raised = (gained.value or 0.0) > 0 if math.isinf(gained.value or 0.0) else sign_shown(gained)
    if raised is None:
        size = look.shown(gained)
        sentence = f"{capital(name)} is not shown to change the SNR of the noisy images ({values}, by {size})."
        return Claim(Tex(sentence), tuple(look.used), test, NO_DIFFERENCE)
    verb, by = ("raises", gained) if raised else ("does not raise but lowers", flipped(gained))
    sentence = f"{capital(name)} {verb} the SNR of the noisy images {values}, by {look.shown(by)}."
    return Claim(Tex(sentence), tuple(look.used), test, HOLDS if raised else FAILS)


def _named(quantity: str) -> tuple[str, bool]:
    if quantity not in QUANTITIES:
        raise TemplateError(
            f"claims about denoising cannot compare {str(quantity)!r}.", f"They compare {', '.join(QUANTITIES)}."
        )
    return QUANTITIES[quantity]


def _levels(noise: Iterable[float]) -> list[float]:
    levels = sorted({float(level) for level in noise})
    if not levels:
        raise TemplateError("a claim about denoising names no noise.", "Name some: noise=[0.1, 0.3].")
    return levels


def _differences(look: Look, quantity: str, data: str, a: str, b: str, levels: Sequence[float]) -> Found:
    return {level: look.difference(quantity, data, a, b, noise=level) for level in levels}


def _inputs(look: Look, data: str, levels: Sequence[float]) -> str:
    """The SNR of the noisy images at the least and at the strongest noise."""
    ends = dict.fromkeys((levels[0], levels[-1]))
    told = [(level, look.text(look.pick("denoised_snr", data, INPUT, noise=level), unit=True)) for level in ends]
    if len(told) == 1:
        return f"input SNR {told[0][1]}"
    parts = [rf"{ratio} at $\sigma = {format_setting(level)}$" for level, ratio in told]
    return f"input SNR from {parts[0]} to {parts[1]}"


def _smallest(look: Look, found: Found) -> str:
    level = min(found, key=lambda level: abs(found[level][0].value or 0.0))
    smallest, measured = found[level]
    said = f"the smallest paired difference is {look.shown(smallest)}{look.probability(measured)}"
    return said if len(found) == 1 else rf"{said}, at $\sigma = {format_setting(level)}$"


def _at(levels: Iterable[float], of: Iterable[float], every: str = "every") -> str:
    r"""``at $\sigma = 0.1$ and~$0.2$``, or ``at every $\sigma$ of …`` where these are all of several."""
    told = [str(format_setting(level)) for level in levels]
    if len(told) == 1:
        return rf"at $\sigma = {told[0]}$"
    names = listed([f"${name}$" for name in told]).replace(" and ", " and~")
    return rf"at {every} $\sigma$ of {names}" if len(told) == len(list(of)) else rf"at $\sigma$ of {names}"
