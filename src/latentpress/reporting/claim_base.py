"""What all claims share: what they may look at, how two numbers are held against each other, the outcome."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from latentpress.metrics import Metric
from latentpress.reporting.evidence import Evidence, Missing
from latentpress.reporting.latex import Tex, to_text
from latentpress.reporting.names import Names
from latentpress.reporting.numbers import format_metric, p_phrase
from latentpress.reporting.seed_pairing import sign_flip_id

SIGNIFICANCE = 0.05

# Outcomes that report.json knows.
BETTER, WORSE, NO_DIFFERENCE, NOT_TESTABLE = "better", "worse", "no difference shown", "not testable"
HIGHER, LOWER, HOLDS, FAILS, DESCRIPTIVE = "higher", "lower", "holds", "does not hold", "descriptive"


@dataclass(frozen=True, slots=True)
class Claim:
    """One computed sentence.

    Attributes:
        sentence: TeX, with its full stop.
        metrics: the ids that it rests on.
        test: how it was decided, in words.
        outcome: one of this module's outcomes.
    """

    sentence: Tex
    metrics: tuple[str, ...]
    test: str
    outcome: str

    def as_json(self, identifier: str) -> dict[str, Any]:
        """The entry of report.json."""
        return {
            "id": identifier,
            "sentence": to_text(self.sentence),
            "metrics": list(self.metrics),
            "test": self.test,
            "outcome": self.outcome,
        }


class NotTestable(Exception):  # noqa: N818  # it is an outcome, not a fault
    """A metric is missing, since its evaluation failed or could not measure it."""


@dataclass(slots=True)
class Look:
    """What a claim may look at; it remembers what was looked at.

    Attributes:
        evidence: the section's metrics.
        names: of models.
        published: published figures, as rows of the CSV file.
        profile: of the build; in ``smoke`` no health check is assessed.
        used: ids that the claim has read so far.
    """

    evidence: Evidence
    names: Names
    published: Sequence[Mapping[str, str]] = ()
    profile: str = "default"
    used: list[str] = field(default_factory=list)

    def metric(self, identifier: str) -> Metric:
        """A metric by its id.

        Raises:
            NotTestable: its evaluation failed, or gave no value.
            TemplateError: nothing measures it.
        """
        found = self.evidence.find(str(identifier))
        if str(identifier) not in self.used:
            self.used.append(str(identifier))
        if isinstance(found, Missing):
            raise NotTestable(f"{found.failure.stage} failed")
        if found.metric.value is None:
            raise NotTestable(f"{identifier} could not be measured")
        return found.metric

    def pick(self, quantity: str, data: str, model: str, **conditions: Any) -> Metric:
        """The metric of a quantity, whatever its split; that of the test split where there are several.

        Of metrics that differ by their conditions the one with the fewest is meant: that of clean images, where others
        are noisy.
        """
        matching = [
            entry.metric
            for entry in self.evidence.measured.values()
            if (entry.metric.quantity, entry.metric.data, entry.metric.model) == (quantity, data, model)
            and all(entry.metric.conditions.get(key) == value for key, value in conditions.items())
        ]
        matching.sort(key=lambda metric: (metric.split != "test", len(metric.conditions)))
        wanted = Metric(str(quantity), None, data=str(data), model=str(model), split="test", conditions=conditions)
        return self.metric(matching[0].id if matching else wanted.id)

    def path(self, quantity: str, data: str, model: str) -> list[Metric]:
        """The metrics of a quantity at every α inside (0, 1), ascending."""
        inner = [
            entry.metric
            for entry in self.evidence.measured.values()
            if (entry.metric.quantity, entry.metric.data, entry.metric.model) == (quantity, data, model)
            and entry.metric.alpha is not None
            and 0 < entry.metric.alpha < 1
        ]
        if not inner:
            self.metric(Metric(str(quantity), None, data=str(data), model=str(model), split="test", alpha=0.2).id)
        return [self.metric(metric.id) for metric in sorted(inner, key=lambda metric: metric.alpha or 0.0)]

    def difference(
        self, quantity: str, data: str, a: str, b: str, *, alpha: float | None = None, **conditions: Any
    ) -> tuple[Metric, Metric]:
        """The measured mean of a − b over the same items, whichever way round it was taken, and the metric as it is.

        With several seeds it is the mean over them instead, see `seed_pairing`.

        Raises:
            NotTestable: it could not be measured, or has no interval.
            TemplateError: nothing measures it.
        """
        name = f"{quantity}_difference"
        forth, back = (
            Metric(name, None, data=data, model=pair, split="test", alpha=alpha, conditions=conditions).id
            for pair in (f"{a}_vs_{b}", f"{b}_vs_{a}")
        )
        turned = forth not in self.evidence.measured and back in self.evidence.measured
        found = self.metric(back if turned else forth)
        if not has_interval(found):
            raise NotTestable(f"{found.id} has no interval")
        return (flipped(found) if turned else found), found

    def sign_shown(self, difference: Metric, measured: Metric) -> bool | None:
        """Whether a difference is shown to be above 0, or below it; None where neither is.

        By the exact sign-flip test where there are seeds enough for it, else by the interval.

        Args:
            difference: as `difference` gives it.
            measured: the metric that it comes from.
        """
        identifier = sign_flip_id(measured)
        if identifier not in self.evidence.measured:
            return sign_shown(difference)
        p, value = self.metric(identifier).value, difference.value or 0.0
        return None if p is None or p >= SIGNIFICANCE or not value else value > 0

    def probability(self, measured: Metric) -> Tex:
        """``; exact sign-flip test over 6 seeds, p = 0.031`` where that test was possible, else nothing."""
        entry = self.evidence.measured.get(sign_flip_id(measured))
        if entry is None:
            return Tex("")
        return Tex(f"; exact sign-flip test over {len(entry.seeds)} seeds, {p_phrase(entry.metric.value or 0.0)}")

    @property
    def several_seeds(self) -> bool:
        """Whether the section pools over more than one training of each model."""
        return bool(self.evidence.by_seed)

    def text(self, metric: Metric, *, interval: bool = False, unit: bool = False, percent: bool = False) -> Tex:
        """A metric's value with the digits that the section gives its quantity."""
        decimals = None if percent else self.evidence.decimals(metric)
        known = self.evidence.measured.get(metric.id)
        value = known.metric.value if known is not None else None
        negated = value is not None and metric.value == -value and metric.value != value
        # What a claim has computed of a metric is told as a number of its own, and traced by the claim alone.
        origin = known.artifact if known is not None and (negated or metric.value == value) else ""
        return format_metric(
            metric,
            interval=interval,
            unit=unit,
            percent=percent,
            decimals=decimals,
            origin=origin,
            negated=negated,
        )

    def shown(self, metric: Metric, *, percent: bool = False) -> Tex:
        """Value with unit and interval, as sentences print it."""
        return self.text(metric, interval=True, unit=True, percent=percent)


def flipped(metric: Metric) -> Metric:
    """b − a of a − b."""
    low, high = metric.low, metric.high
    return replace(
        metric,
        value=None if metric.value is None else -metric.value,
        low=None if high is None else -high,
        high=None if low is None else -low,
    )


def sign_shown(difference: Metric) -> bool | None:
    """Whether a difference is shown to be above 0, or below it, by its 95 % interval; None where neither is."""
    low, high = interval(difference)
    if low > 0:
        return True
    return False if high < 0 else None


def higher_by_interval(a: Metric, b: Metric) -> bool | None:
    """Whether a is higher than b, by 95 % intervals that do not overlap; None where that is not shown.

    Where only one of the two has an interval, the other's value counts as exactly known.
    """
    a_low, a_high = interval(a)
    b_low, b_high = interval(b)
    if a_low > b_high:
        return True
    return False if a_high < b_low else None


def interval(metric: Metric) -> tuple[float, float]:
    """The interval, or the value twice where there is none."""
    value = math.nan if metric.value is None else metric.value
    return (
        value if metric.low is None else metric.low,
        value if metric.high is None else metric.high,
    )


def has_interval(*metrics: Metric) -> bool:
    """Whether any of these has an interval."""
    return any(metric.low is not None and metric.high is not None for metric in metrics)


def capital(text: Tex) -> Tex:
    """The text with its first letter in upper case."""
    return Tex(text[:1].upper() + text[1:])


def listed(parts: Sequence[str], word: str = "and") -> Tex:
    """``a, b and c``."""
    if len(parts) < 2:
        return Tex("".join(parts))
    return Tex(f"{', '.join(parts[:-1])} {word} {parts[-1]}")
