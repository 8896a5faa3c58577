"""Claims about faults: whether a health check tells a faulty model from a mended one, and what met a penalty."""

from __future__ import annotations

import math

from latentpress.errors import TemplateError
from latentpress.health import Check, assess
from latentpress.health_rules import RULES
from latentpress.reporting.appendices import written
from latentpress.reporting.claim_base import FAILS, HOLDS, Claim, Look, NotTestable
from latentpress.reporting.latex import Tex, escape

FELL = 2.0
"""A norm that fell by less than this factor is not said to have been penalised with effect."""
SHARED = 0.5
"""Of the fall of the norm, counted in factors, what the scale-free ratio has to share to be called contraction."""
EVEN = 1.05
"""Two values are called the same up to this factor."""


def fault_caught(look: Look, *, a: str, mended: str, check: str, data: str) -> Claim:
    """Whether a health check fails for a faulty model and passes for the mended one, by the numbers of the section.

    Args:
        look: the section's metrics.
        a: the faulty model.
        mended: the same without the fault.
        check: the name of a rule.
        data: the data set.

    Raises:
        TemplateError: there is no such rule.
    """
    rule = next((rule for rule in RULES if rule.name == check), None)
    if rule is None:
        raise TemplateError(f"there is no health check {check!r}.", "health_rules.py has their names.")
    for model in (a, mended):
        look.pick(rule.quantity, data, model)
    checks = assess(
        [entry.metric for entry in look.evidence.measured.values()],
        look.evidence.facts,
        look.profile,
        by_seed=[entry.metric for entry in look.evidence.by_seed],
    )
    found = {entry.model: entry for entry in checks if (entry.name, entry.data) == (check, data)}
    faulty, right = (_assessed(look, found.get(model), model) for model in (a, mended))
    first, second = (look.names.running(model) for model in (a, mended))
    limits = " and ".join(dict.fromkeys(written(entry.threshold) for entry in (faulty, right)))
    values = f"{written(faulty.value)} and {written(right.value)}, expected {escape(right.relation)} {limits}"
    test = "the check fails for the faulty model and passes for the mended one"
    fails, passes = faulty.verdict == "failed", right.verdict == "passed"
    told = {
        (True, True): f"fails for {first} and passes for {second}: it catches the fault",
        (True, False): f"fails for {first}, but for {second} as well: it does not tell the fault",
        (False, True): f"passes for {first} as it does for {second}: it does not see the fault",
        (False, False): f"passes for {first} and fails for {second}: it takes one for the other",
    }[fails, passes]
    sentence = rf"The check \emph{{{escape(check)}}} {told} ({values})."
    return Claim(Tex(sentence), tuple(look.used), test, HOLDS if fails and passes else FAILS)


def _assessed(look: Look, check: Check | None, model: str) -> Check:
    if check is None or check.verdict not in ("passed", "failed"):
        raise NotTestable(f"the check is not assessed for {look.names.running(model)}")
    return check


def met_by_scale(look: Look, *, a: str, reference: str, data: str) -> Claim:
    """Whether a smaller Jacobian of the encoder is contraction, or comes of a smaller code whose decoder grew.

    Where the norm did not fall, the ratio says whether the code contracts all the same.

    By factors between one training with the penalty and one without: a description of these two.

    Args:
        look: the section's metrics, of the evaluation ``penalty_scale``.
        a: the model with the penalty.
        reference: the same without it.
        data: the data set.
    """
    norm, ratio, decoder = (
        _factor(look, quantity, data, a, reference) for quantity in ("encoder_norm", "sampled_ratio", "decoder_norm")
    )
    first, second = look.names.running(a), look.names.running(reference)
    test = f"factors: norm below 1/{FELL:g}, and the ratio's share of its fall below {SHARED:g}"
    others = f"the ratio $\\rho$ {_told(ratio)}, the decoder's norm {_told(decoder)}"
    start = f"From {second} to {first}, the squared norm of the encoder's Jacobian {_told(norm)}; {others}"
    if norm > 1 / FELL:
        hidden = ratio < min(norm, 1 / EVEN)
        told = "the code contracts more than the norm shows" if hidden else "the penalty contracts hardly anything"
        sentence = f"{start}: {told}."
        return Claim(Tex(sentence), tuple(look.used), test, FAILS)
    share = math.log(ratio) / math.log(norm)
    if share < SHARED:
        sentence = f"{start}: most of the smaller norm is a smaller code, not contraction."
        return Claim(Tex(sentence), tuple(look.used), test, HOLDS)
    return Claim(Tex(f"{start}: most of the smaller norm is contraction."), tuple(look.used), test, FAILS)


def _factor(look: Look, quantity: str, data: str, a: str, reference: str) -> float:
    above, below = (look.pick(quantity, data, model) for model in (a, reference))
    if not above.value or not below.value or not math.isfinite(above.value / below.value):
        raise NotTestable(f"{quantity} is zero or infinite")
    return above.value / below.value


def _told(factor: float) -> str:
    size = _digits(max(factor, 1 / factor))
    if max(factor, 1 / factor) < EVEN:
        return "stays the same"
    return f"{'rises' if factor > 1 else 'falls'} by a factor of {size}"


def _digits(factor: float) -> Tex:
    return written(float(f"{factor:.2g}") if factor < 100 else round(factor))
