"""Claims that hold a result against a published figure, and the search for that figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from latentpress.errors import TemplateError
from latentpress.metrics import Metric
from latentpress.reporting.claim_base import Claim, Look, NotTestable, has_interval, higher_by_interval
from latentpress.reporting.claims_comparing import verdict, without_test
from latentpress.reporting.latex import Tex, escape

IN_WORDS = {"denoised_snr": "denoised SNR", "denoised_mse": "denoised MSE", "validation_mse": "validation MSE"}
"""Quantities whose names hold an abbreviation."""


def against_published(
    look: Look,
    *,
    a: str,
    model: str,
    quantity: str,
    alpha: float | None = None,
    kind: str = "assignment",
    higher_is_better: bool | None = True,
) -> Claim:
    """Whether our value, with its interval, lies above or below a published one.

    Args:
        look: the section's metrics and the published figures.
        a: id of our metric.
        model, quantity, alpha, kind: which row of the published figures.
        higher_is_better: as in `compare`.
    """
    ours = look.metric(a)
    row = find_published(look.published, model=model, quantity=quantity, alpha=alpha, kind=kind)
    if look.evidence.facts.get(ours.data, {}).get("source") == "embedded":
        raise NotTestable("the published figure is of other data than these")
    theirs = Metric(quantity, float(row["value"]), model=model, unit=row.get("unit") or "")
    names = [Tex("this report"), Tex(f"the published report ({escape(row.get('source') or kind)})")]
    what = Tex(f"the {escape(IN_WORDS.get(quantity, quantity.replace('_', ' ')))} of {look.names.running(ours.model)}")
    if not has_interval(ours):
        return without_test(look, what, names, ours, theirs)
    higher = higher_by_interval(ours, theirs)
    test = "the published value lies outside our 95 % interval"
    return verdict(look, what, names, (ours, theirs), higher, higher_is_better, test, Tex(""))


def find_published(rows: Sequence[Any], *, model: str, quantity: str, alpha: float | None, kind: str) -> Any:
    """One row of the published figures.

    Raises:
        TemplateError: there is none, or more than one.
    """

    def matches(row: Any) -> bool:
        same_alpha = (row.get("alpha") or "") == "" if alpha is None else _same(row.get("alpha"), alpha)
        return (row["kind"], row["model"], row["quantity"]) == (kind, model, quantity) and same_alpha

    found = [row for row in rows if matches(row)]
    if len(found) != 1:
        at = "" if alpha is None else f" at α = {alpha:g}"
        raise TemplateError(
            f"the published figures have {len(found)} rows of kind {kind!r} for {quantity!r} of {model!r}{at}.",
            "Name the file as published = … of the section in report.toml, and one of its rows.",
        )
    return found[0]


def _same(text: Any, alpha: float) -> bool:
    return text not in (None, "") and abs(float(text) - alpha) < 1e-9
