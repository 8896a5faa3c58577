"""The tables that a report has of itself, as CSV files beside those of its sections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from latentpress.metrics import json_number
from latentpress.reporting.tables import Table
from latentpress.reporting.values import flatten

if TYPE_CHECKING:
    from latentpress.health import Check
    from latentpress.reporting.provenance import Row

Rows = Sequence[Sequence[Any]]


def appendix_tables(
    checks: Iterable[Check],
    rows: Sequence[Row],
    facts: Mapping[str, Mapping[str, Any]],
    environment: Mapping[str, str],
    experiments: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """Health checks, stages, data, environment and settings.

    Args:
        checks: of the report.
        rows: stages above the report.
        facts: data set to its facts.
        environment: what templates can ask for.
        experiments: with their settings.

    Returns:
        File name to content, and what report.json says of each; a table without rows is left out.
    """
    found: dict[str, tuple[str, Rows]] = {
        "health": ("Health checks.", _health(checks)),
        "stages": ("Stages and artifacts.", _stages(rows)),
        "data": ("Data, by the digests of the arrays' content.", _data(facts)),
        "environment": ("Computing environment.", [["Item", "Value"], *map(list, sorted(environment.items()))]),
        "settings": ("Settings of all experiments.", _settings(experiments)),
    }
    files, entries = {}, []
    for name, (caption, records) in found.items():
        if len(records) > 1:
            path = f"tables/{name}.csv"
            files[path] = Table([], [], [], [list(row) for row in records]).csv().encode()
            entries.append({"file": path, "caption": caption, "artifact": "", "cells": []})
    return files, entries


def _health(checks: Iterable[Check]) -> Rows:
    header = ["Check", "Data", "Model", "Seed", "Value", "Relation", "Threshold", "Verdict"]
    rows = [
        [c.name, c.data, c.model, c.seed, json_number(c.value), c.relation, json_number(c.threshold), c.verdict]
        for c in checks
    ]
    return [header, *rows]


def _stages(rows: Sequence[Row]) -> Rows:
    header = ["Mark", "Stage", "Code", "Seed", "Threads", "Key", "Artifact", "Settings", "Data", "Command"]
    return [
        header,
        *(
            [
                f"P{row.mark}",
                *(row.entry.stage, row.entry.source, row.entry.seed, row.entry.threads, row.entry.key),
                *(row.entry.artifact, row.settings, " ".join(row.data), row.command),
            ]
            for row in rows
        ),
    ]


def _data(facts: Mapping[str, Mapping[str, Any]]) -> Rows:
    rows = [
        [data, found.get("source"), name, digest]
        for data, found in sorted(facts.items())
        for name, digest in sorted(found.get("digests", {}).items())
    ]
    return [["Data", "Source", "Content", "SHA-256"], *rows]


def _settings(experiments: Mapping[str, Mapping[str, Any]]) -> Rows:
    flat = {name: flatten(settings) for name, settings in sorted(experiments.items())}
    keys = dict.fromkeys(key for settings in flat.values() for key in settings)
    return [["Setting", *flat], *([key, *(settings.get(key) for settings in flat.values())] for key in keys)]
