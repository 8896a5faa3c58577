"""What a section rests on, as report.json has it, and read back: so that its sentences can be computed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from latentpress.engine.stage import Failure
from latentpress.metrics import from_records
from latentpress.reporting.evidence import Evidence, Measured
from latentpress.reporting.latex import Tex

NOT_HELD: Any = None
"""In place of an artifact, which report.json does not hold."""


def as_json(
    evidence: Evidence, published: Sequence[Mapping[str, str]], evaluations: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What of a section's evidence does not stand in its metrics and facts.

    Args:
        evidence: the section's.
        published: rows of the published figures.
        evaluations: with their settings.
    """
    return {
        "metrics": list(evidence.measured),
        "by_seed": [entry.metric.id for entry in evidence.by_seed],
        "evaluated": [list(place) for place in evidence.evaluated],
        "failures": {
            label: {"stage": failure.stage, "error": failure.error} for label, failure in evidence.failures.items()
        },
        "published": [dict(row) for row in published],
        "evaluations": [dict(entry) for entry in evaluations],
    }


def read_evidence(report: Mapping[str, Any], section: str) -> Evidence:
    """The evidence of a section, out of report.json.

    Raises:
        KeyError, TypeError, ValueError: it is no report.json of this version.
    """
    told = report["evidence"][section]
    records = {record["id"]: record for record in report["metrics"]}
    records.update({record["id"]: record for record in told.get("differing", [])})
    evidence = Evidence(
        evaluated=dict.fromkeys(((evaluation, subject) for evaluation, subject in told["evaluated"]), NOT_HELD),
        facts={data: dict(facts) for data, facts in report["facts"].items()},
        failures={
            label: Failure(failure["stage"], failure["error"], "") for label, failure in told["failures"].items()
        },
    )
    for identifier in told["metrics"]:
        entry = _measured(records[identifier])
        evidence.measured[identifier] = replace(entry, metric=replace(entry.metric, seed=None))
    evidence.by_seed += [_measured(records[identifier]) for identifier in told["by_seed"]]
    return evidence


def _measured(record: Mapping[str, Any]) -> Measured:
    (metric,) = from_records([record])
    return Measured(metric, record["evaluation"], record["subject"], record["artifact"], tuple(record["seeds"]))


def packed(value: Any) -> Any:
    """A claim's field as JSON; what is TeX is told apart from other text."""
    if isinstance(value, Tex):
        return {"tex": str.__str__(value)}
    if isinstance(value, Mapping):
        return {"map": {str.__str__(key): packed(entry) for key, entry in value.items()}}
    if isinstance(value, list | tuple):
        return [packed(entry) for entry in value]
    return value


def unpacked(value: Any) -> Any:
    """What `packed` was given, with lists for tuples."""
    if isinstance(value, Mapping):
        if "tex" in value:
            return Tex(value["tex"])
        return {key: unpacked(entry) for key, entry in value["map"].items()}
    return [unpacked(entry) for entry in value] if isinstance(value, list) else value
