"""The health checks of a whole report, out of what report.json has; so a reviewer computes them again alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from latentpress.health import Check, assess
from latentpress.health_faults import expect
from latentpress.health_missing import missing_results
from latentpress.metrics import from_records


def health_checks(
    records: Sequence[Mapping[str, Any]],
    facts: Mapping[str, Mapping[str, Any]],
    failed: Iterable[str],
    settings: Mapping[str, Any],
    profile: str,
) -> list[Check]:
    """All checks of a report.

    Args:
        records: metrics, as report.json lists them.
        facts: data set to its facts.
        failed: stages that failed.
        settings: ``experiments``, ``sections`` and ``faults`` of the report.
        profile: of the build.
    """
    pooled = from_records(record for record in records if is_pooled(record))
    by_seed = from_records(record for record in records if not is_pooled(record))
    lost = missing_results(list(failed), settings["experiments"], settings["sections"])
    return [*lost, *expect(assess(pooled, facts, profile, by_seed), settings["faults"], profile)]


def is_pooled(record: Mapping[str, Any]) -> bool:
    """Whether a record is what the report prints; with several seeds those of each seed are listed beside it."""
    return not str(record["id"]).endswith(f"/seed={record['seed']}")
