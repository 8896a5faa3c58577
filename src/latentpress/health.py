"""Checks that a result is what it claims to be: the tables of rules, applied to a report's metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from latentpress import health_rules
from latentpress.health_code_rules import CODE_RULES
from latentpress.health_denoising_rules import DENOISING_RULES
from latentpress.health_rules import Relation, Rule
from latentpress.health_subject import Subject, the
from latentpress.metrics import Metric, json_number
from latentpress.statistics import pool_seeds

__all__ = ["RULES", "UNASSESSED_PROFILE", "Check", "Relation", "Verdict", "assess"]

RULES = (*health_rules.RULES, *CODE_RULES, *DENOISING_RULES)

Verdict = Literal["passed", "failed", "caught", "not assessed", "not applied"]
"""``caught`` is a failure that the report declares, see `health_faults`."""

UNASSESSED_PROFILE = "smoke"


@dataclass(frozen=True, slots=True)
class Check:
    """One check of one model.

    Attributes:
        name: what was checked.
        model: the experiment, control or comparison; empty for a data set itself.
        value: what was found, None where it is unknown.
        threshold: what it was held against, None where that is unknown.
        verdict: the outcome.
        why: the reason for the threshold.
        data: the data set.
        relation: how the value should stand to the threshold.
        guards_against: what a failure would mean.
        reason: why the check is not applied, where it is not.
        seed: of the one training that failed it, where the mean over several trainings passes; else None.
    """

    name: str
    model: str
    value: float | None
    threshold: float | None
    verdict: Verdict
    why: str
    data: str
    relation: Relation
    guards_against: str
    reason: str = ""
    seed: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The entry of report.json."""
        return {
            "name": self.name,
            "data": self.data,
            "model": self.model,
            "value": json_number(self.value),
            "relation": self.relation,
            "threshold": json_number(self.threshold),
            "verdict": self.verdict,
            "guards_against": self.guards_against,
            "why": self.why,
            "reason": self.reason,
            "seed": self.seed,
        }


def assess(
    metrics: Iterable[Metric],
    facts: Mapping[str, Mapping[str, Any]],
    profile: str = "default",
    by_seed: Iterable[Metric] = (),
) -> list[Check]:
    """Apply every rule to every model that it concerns.

    Args:
        metrics: of the whole report; repeats are ignored.
        facts: data set to its facts.
        profile: in ``smoke`` nothing is assessed, since its trainings are too short to be judged.
        by_seed: what several trainings gave one by one. A mean of six hides a decoder that is stuck once, so a
            check that the means pass fails all the same where one training fails it.

    Returns:
        Checks in the order of the models' first appearance, and of the table. A check is "not assessed" where
        its value or its threshold is unknown, and "not applied" where the rule exempts the model for a reason.
    """
    pooled = {metric.id: metric for metric in pool_seeds({metric.id: metric for metric in metrics}.values())}
    checks = _checks(pooled, facts, profile)
    alone: dict[int, dict[str, Metric]] = {}
    for metric in by_seed:
        if metric.seed is not None:
            own = replace(metric, seed=None)
            alone.setdefault(metric.seed, dict(pooled))[own.id] = own
    worst: dict[tuple[str, str, str], Check] = {}
    for seed in sorted(alone):
        for check in _checks(alone[seed], facts, profile):
            if check.verdict == "failed":
                worst.setdefault((check.name, check.data, check.model), replace(check, seed=seed))
    return [
        worst.get((check.name, check.data, check.model), check) if check.verdict == "passed" else check
        for check in checks
    ]


def _checks(pooled: Mapping[str, Metric], facts: Mapping[str, Mapping[str, Any]], profile: str) -> list[Check]:
    found = tuple(pooled.values())
    subjects = dict.fromkeys((metric.data, metric.model) for metric in found)
    return [
        _check(rule, subject, profile)
        for subject in (Subject(data, model, facts.get(data, {}), found) for data, model in subjects)
        for rule in RULES
        if rule.concerns(subject) and (not rule.quantity or subject.of(rule.quantity))
    ]


def _check(rule: Rule, subject: Subject, profile: str) -> Check:
    value, threshold = (rule.value or the(rule.quantity))(subject), rule.threshold(subject)
    verdict: Verdict = "not assessed"
    reason = ""
    if profile != UNASSESSED_PROFILE and value is not None and threshold is not None:
        reason = rule.exempts(subject)
        verdict = "passed" if _holds(value, rule.relation, threshold) else "failed"
        verdict = "not applied" if reason else verdict
    return Check(
        name=rule.name,
        model=subject.model,
        value=value,
        threshold=threshold,
        verdict=verdict,
        why=rule.why,
        data=subject.data,
        relation=rule.relation,
        guards_against=rule.guards_against,
        reason=reason,
    )


def _holds(value: float, relation: Relation, threshold: float) -> bool:
    return {
        "below": value < threshold,
        "above": value > threshold,
        "at most": value <= threshold,
        "at least": value >= threshold,
    }[relation]
