"""Claims about one model: whether something holds, where something is lowest, how much of something is used."""

from __future__ import annotations

import math
from dataclasses import replace

from latentpress.metrics import Metric
from latentpress.reporting.claim_base import (
    DESCRIPTIVE,
    FAILS,
    HOLDS,
    NO_DIFFERENCE,
    Claim,
    Look,
    NotTestable,
    capital,
    has_interval,
    interval,
    listed,
)
from latentpress.reporting.latex import Tex
from latentpress.reporting.numbers import format_setting, format_value

STANDARD_ERRORS = 3.0
CLOSED_FORM_TOLERANCE = 1e-3
"""Nats; what float32 sums over 560 pixels and a batch leave."""
CHANCE_MARGIN = 0.05
"""Of accuracy; the mean over eight shuffles has an error of an eighth of that."""
LEVEL_MATTERS = 0.1
"""Of all units; a share that changes by more when the level is halved or doubled is the level's doing."""
HARDLY = 0.1
"""A dimension that changes the image by less than this share of the strongest one hardly matters."""


def threshold(look: Look, *, a: str, limit: float, what: str, side: str = "below") -> Claim:
    """Whether a metric lies on one side of a limit, with its whole interval where it has one.

    Args:
        look: the section's metrics.
        a: metric id.
        limit: the threshold, in the metric's unit.
        what: a noun phrase with its article.
        side: ``"below"`` or ``"above"``.
    """
    metric = look.metric(a)
    low, high = interval(metric)
    inside, outside = (high < limit, low >= limit) if side == "below" else (low > limit, high <= limit)
    other = "above" if side == "below" else "below"
    bound, value = format_setting(float(limit)), look.shown(metric)
    test = f"{'95 % interval' if has_interval(metric) else 'value'} {side} {limit:g}"
    if inside:
        return Claim(Tex(f"{capital(Tex(what))} is {value}, {side} {bound}."), tuple(look.used), test, HOLDS)
    if outside:
        return Claim(
            Tex(f"{capital(Tex(what))} is {value}, not {side} {bound} but at or {other} it."),
            tuple(look.used),
            test,
            FAILS,
        )
    sentence = (
        f"{capital(Tex(what))} is {value}; that it is {side} {bound} is not shown, since the interval reaches there."
    )
    return Claim(Tex(sentence), tuple(look.used), test, NO_DIFFERENCE)


def codes_sparse(look: Look, *, a: str, data: str, limit: float) -> Claim:
    """Whether the mean share of active units lies below a limit; with the number of dead units."""
    share = look.pick("active_share", data, a)
    dead = look.pick("dead_units", data, a)
    name = look.names.running(a)
    claim = threshold(look, a=share.id, limit=limit, what=f"the mean share of active units of {name}")
    count = int(dead.value or 0)
    end = "no unit is dead" if not count else f"{look.text(dead)} {'unit is' if count == 1 else 'units are'} dead"
    return Claim(Tex(f"{claim.sentence.rstrip('.')}; {end}."), tuple(look.used), claim.test, claim.outcome)


def active_share_by_level(look: Look, *, a: str, data: str) -> Claim:
    """What the share of active units would be at other levels: how much it owes to the one that was chosen."""
    entries = [
        look.metric(entry.metric.id)
        for entry in look.evidence.measured.values()
        if (entry.metric.quantity, entry.metric.data, entry.metric.model) == ("active_share_above", data, a)
    ]
    if not entries:
        look.pick("active_share_above", data, a)
        raise NotTestable(f"no other level was measured for {look.names.running(a)}")
    entries.sort(key=lambda metric: float(metric.conditions["above"]))
    parts = [f"{look.shown(metric)} above {format_setting(float(metric.conditions['above']))}" for metric in entries]
    values = [metric.value or 0.0 for metric in entries]
    # A unit that is either on or off passes every level or none.
    hangs = max(values) - min(values) > LEVEL_MATTERS
    verb = "hangs on the level" if hangs else "hardly hangs on the level"
    sentence = f"This share {verb}: it would be {listed(parts)}."
    test = f"shares at other levels differ by more than {LEVEL_MATTERS:g}"
    return Claim(Tex(sentence), tuple(look.used), test, DESCRIPTIVE)


def penalty_matches_jacobian(look: Look, *, a: str, data: str) -> Claim:
    """Whether the estimated squared norm of the Jacobian agrees with the exact one within 3 standard errors."""
    errors = look.pick("jacobian_estimate_z", data, a)
    exact, estimate = (look.pick(name, data, a) for name in ("jacobian_squared_norm", "jacobian_estimate"))
    agrees = abs(errors.value or 0.0) <= STANDARD_ERRORS
    numbers = f"{look.shown(estimate)} against {look.shown(exact)}, a difference of {look.text(errors)} standard errors"
    verb = "agrees" if agrees else "does not agree"
    sentence = f"For {look.names.running(a)} the estimate of the penalty {verb} with the exact Jacobian ({numbers})."
    test = f"difference of at most {STANDARD_ERRORS:g} standard errors"
    return Claim(Tex(sentence), tuple(look.used), test, HOLDS if agrees else FAILS)


def terms_match(look: Look, *, a: str, data: str) -> Claim:
    """Whether the VAE's reconstruction and KL terms equal their closed forms, computed independently."""
    parts = []
    agree = True
    for term, difference in (
        ("reconstruction_nats", "reconstruction_difference"),
        ("kl_nats", "kl_difference"),
    ):
        value, gap = look.pick(term, data, a), look.pick(difference, data, a)
        allowed = CLOSED_FORM_TOLERANCE + 1e-5 * abs(value.value or 0.0)
        agree = agree and abs(gap.value or 0.0) <= allowed
        size = Metric(gap.quantity, abs(gap.value or 0.0), unit="nats")
        parts.append(look.text(size, unit=True))
    verb = "agree" if agree else "do not agree"
    sentence = (
        f"Computed a second time from their closed forms, the reconstruction term and the KL term of "
        f"{look.names.running(a)} {verb} on the validation split (they differ by {parts[0]} and {parts[1]})."
    )
    test = f"differences of at most {CLOSED_FORM_TOLERANCE:g} nats and 1e-5 of the term"
    return Claim(Tex(sentence), tuple(look.used), test, HOLDS if agree else FAILS)


def dimensions_used(look: Look, *, a: str, data: str, of: int) -> Claim:
    """How many dimensions of the code carry information, and whether the posterior has collapsed."""
    active = look.pick("active_units", data, a)
    number = look.text(active)
    name = look.names.running(a)
    if not active.value:
        sentence = f"No dimension of the {of} of {name} is active: the posterior has collapsed to the prior."
        return Claim(Tex(sentence), tuple(look.used), "active units > 0", FAILS)
    verb = "is" if active.value == 1 else "are"
    sentence = f"Of the {of} dimensions of {name}, {number} {verb} active; the posterior has not collapsed."
    if active.value >= of:
        sentence = f"All {of} dimensions of {name} are active."
    return Claim(Tex(sentence), tuple(look.used), "active units > 0", HOLDS)


def overfitting(look: Look, *, a: str, data: str) -> Claim:
    """Whether the validation loss was still falling when training ended."""
    best, epochs = look.pick("best_epoch", data, a), look.pick("epochs", data, a)
    name = look.names.running(a)
    if (best.value or 0.0) >= (epochs.value or 0.0):
        sentence = (
            f"The validation loss of {name} is lowest after the last of {look.text(epochs)} epochs: it was "
            "still falling when training ended, and longer training may lower it further."
        )
        return Claim(Tex(sentence), tuple(look.used), "best epoch is the last", FAILS)
    sentence = (
        f"The validation loss of {name} is lowest after epoch {look.text(best)} of {look.text(epochs)}: "
        "later epochs did not improve on it. The weights used are those of the last epoch all the same."
    )
    return Claim(Tex(sentence), tuple(look.used), "best epoch is before the last", HOLDS)


def traversal_rank(look: Look, *, a: str, dimension: int, data: str) -> Claim:
    """Where one dimension stands among all by how much its traversal changes the image."""
    chosen = look.pick("traversal_change", data, a, dimension=dimension)
    everything = [
        look.metric(entry.metric.id)
        for entry in look.evidence.measured.values()
        if (entry.metric.quantity, entry.metric.data, entry.metric.model) == ("traversal_change", data, a)
    ]
    strongest = max(everything, key=lambda metric: metric.value or 0.0)
    rank = 1 + sum((metric.value or 0.0) > (chosen.value or 0.0) for metric in everything)
    place = "largest" if rank == 1 else f"{_ordinal(rank)} largest"
    sentence = (
        f"Along its traversal $z_{{{dimension}}}$ changes a pixel by {look.text(chosen)} on average, the "
        f"{place} change of {format_value(len(everything), 0)} dimensions"
    )
    if rank > 1:
        share = (chosen.value or 0.0) / (strongest.value or math.inf)
        name = strongest.conditions["dimension"]
        sentence += f" (the largest change is {look.text(strongest)}, along $z_{{{name}}}$)"
        if share < HARDLY:
            sentence += "; it hardly matters to the image"
    return Claim(Tex(f"{sentence}."), tuple(look.used), "order of the values", DESCRIPTIVE)


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def probe_trustworthy(look: Look, *, a: str, data: str, classes: int = 10) -> Claim:
    """Whether the probe converged below its limit, and falls to chance when the labels are shuffled."""
    over = "seeds" if look.several_seeds else "shuffles"
    iterations, limit = (look.pick(name, data, a) for name in ("probe_iterations", "probe_iteration_limit"))
    shuffled = look.pick("probe_shuffled_accuracy", data, a)
    converged = (iterations.value or 0.0) < (limit.value or 0.0)
    chance = 1 / classes
    low, high = interval(shuffled)
    at_chance = low <= chance <= high
    near = abs((shuffled.value or 0.0) - chance) <= CHANCE_MARGIN
    first = (
        f"converged after {look.text(iterations)} iterations"
        if converged
        else (f"did not converge within its limit of {look.text(limit)} iterations")
    )
    level = look.text(replace(shuffled, value=chance))
    if at_chance:
        second = f"includes the {level} of chance"
    elif near:
        second = f"leaves out the {level} of chance, if narrowly"
    else:
        second = f"leaves out the {level} of chance, and is far from it"
    sentence = (
        f"The probe on the codes of {look.names.running(a)} {first}; "
        f"the interval over {over} of its accuracy on shuffled labels, {look.shown(shuffled)}, {second}."
    )
    test = f"iterations below the limit; interval over {over} includes chance, or its mean is within {CHANCE_MARGIN:g}"
    return Claim(Tex(sentence), tuple(look.used), test, HOLDS if converged and (at_chance or near) else FAILS)
