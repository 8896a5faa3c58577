"""What follows from the attached metrics, computed again: sentences, health checks, tables, settings."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from latentpress.engine.stage import Provenance
from latentpress.errors import LatentPressError
from latentpress.health import Check
from latentpress.metrics import from_json_number
from latentpress.reporting import claims
from latentpress.reporting.appendix_tables import appendix_tables
from latentpress.reporting.attachments import ENVIRONMENT, SETTINGS, as_json, environment_of, settings_of
from latentpress.reporting.checking import health_checks
from latentpress.reporting.claim_base import Look
from latentpress.reporting.evidence_records import read_evidence, unpacked
from latentpress.reporting.names import Names
from latentpress.reporting.page_text import comparable
from latentpress.reporting.provenance import Row, counts_sentence, settings_digest
from latentpress.review.document import Document
from latentpress.review.findings import CheckDone, Finding
from latentpress.review.sentences import is_printed, letters
from latentpress.review.shown import DIGITS

LONGEST = 200


def check_claims(document: Document, texts: list[str]) -> CheckDone:
    """Every computed sentence follows from the metrics, and stands on a page."""
    report = document.report
    findings = []
    pages = [letters(text) for text in texts]
    evidence = {section: read_evidence(report, section) for section in report["evidence"]}
    for entry in report["claims"]:
        section = entry["section"]
        chosen = {name: report["settings"]["experiments"][name] for name in _experiments(report, section)}
        look = Look(evidence[section], Names(chosen), report["evidence"][section]["published"], report["profile"])
        fields = {key: unpacked(value) for key, value in entry["fields"].items()}
        try:
            made = claims.make(look, entry["name"], fields).as_json(entry["id"])
        except LatentPressError as error:
            findings.append(Finding("claims", entry["id"], _short(entry["sentence"]), f"nothing: {error.message}"))
            continue
        findings += [
            Finding("claims", f"{entry['id']}, {key}", _short(entry[key]), _short(made[key]))
            for key in ("sentence", "outcome", "metrics", "test")
            if made[key] != entry[key]
        ]
        if texts and entry["printed"] and not is_printed(made["sentence"], pages):
            findings.append(Finding("claims", entry["id"], "it on no page", _short(made["sentence"])))
    return CheckDone("claims", len(report["claims"]), "computed sentences against the metrics they rest on", findings)


def _experiments(report: Mapping[str, Any], section: str) -> list[str]:
    (found,) = [entry for entry in report["settings"]["sections"] if entry["id"] == section]
    return sorted({*found.get("models", []), *found.get("controls", [])})


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def check_health(document: Document) -> CheckDone:
    """Every health check has the verdict that the metrics give it."""
    report = document.report
    failed = [entry["stage"] for entry in report["failures"]]
    made = [check.as_json() for check in health_checks(report["metrics"], report["facts"], failed, report["settings"],
                                                       report["profile"])]  # fmt: skip
    told = report["health"]
    findings = []
    for index in range(max(len(made), len(told))):
        there = told[index] if index < len(told) else None
        meant = made[index] if index < len(made) else None
        if there != meant:
            named = there or meant or {}
            where = f"{named.get('name')} ({named.get('model') or 'the data'})"
            findings.append(Finding("health", where, _verdict(there), _verdict(meant)))
    return CheckDone("health", len(told), "health checks against the metrics", findings)


def _verdict(check: Mapping[str, Any] | None) -> str:
    if check is None:
        return "no such check"
    return f"{check['verdict']} (value {check['value']}, threshold {check['threshold']})"


def check_tables(document: Document) -> CheckDone:
    """Attached tables, settings and environment say what report.json says."""
    report = document.report
    records = {record["id"]: record for record in report["metrics"]}
    own = {record["id"]: record for told in report["evidence"].values() for record in told.get("differing", [])}
    findings, count = [], 0
    for entry in report["tables"]:
        name = PurePosixPath(entry["file"]).name
        if name not in document.files:
            continue  # told with the attachments
        rows = list(csv.reader(io.StringIO(document.files[name].decode("utf-8", "replace"))))
        for row, column, identifier, end in entry["cells"]:
            count += 1
            found = rows[row][column] if row < len(rows) and column < len(rows[row]) else ""
            meant = [from_json_number(held[identifier][end]) for held in (records, own) if identifier in held]
            if not any(_same(found, value) for value in meant):
                where = f"{name}, row {row + 1}, column {column + 1}"
                findings.append(Finding("tables", where, repr(found), f"{meant[0] if meant else 'no such metric'}"))
    for name, content in _derived(report):
        count += 1
        if name in document.files and document.files[name] != content:
            findings.append(Finding("tables", name, "other content", "what report.json has"))
    return CheckDone("tables", count, "cells and derived files against report.json", findings)


def _same(text: str, value: float | None) -> bool:
    if value is None or text == "":
        return value is None and text == ""
    try:
        return float(text) == value
    except ValueError:
        return False


def _derived(report: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Name and content of the files that are made of report.json alone."""
    yield SETTINGS, as_json(settings_of(report))
    yield ENVIRONMENT, environment_of(report)
    checks = [Check(**{**check, **{name: _number(check[name]) for name in ENDS}}) for check in report["health"]]
    shown = {entry["file"] for entry in report["tables"] if entry["caption"] not in OWN}
    tables, _ = appendix_tables(
        checks, _rows(report), report["facts"], report["environment"], report["settings"]["experiments"]
    )
    for path, content in tables.items():
        if path not in shown:  # a section's table of that name is the one that is attached
            yield PurePosixPath(path).name, content


ENDS = ("value", "threshold")


def _number(value: Any) -> Any:
    """A number as it was, whole or not, with infinities read back."""
    return from_json_number(value) if isinstance(value, str) else value


OWN = (
    "Health checks.", "Stages and artifacts.", "Data, by the digests of the arrays' content.",
    "Computing environment.", "Settings of all experiments.",
)  # fmt: skip
"""Captions of the tables that a report has of itself."""


def _rows(report: Mapping[str, Any]) -> list[Row]:
    names = Provenance.__dataclass_fields__
    return [
        Row(
            entry["mark"],
            Provenance(**{name: entry[name] for name in names}),
            entry["settings_digest"],
            tuple(entry["data"]),
            entry["command"],
        )
        for entry in report["provenance"]
    ]


def check_provenance(document: Document, texts: list[str]) -> CheckDone:
    """Every result leads to a stage, and the appendix prints what report.json says of the stages."""
    report = document.report
    text = "".join(map(comparable, texts))
    made: dict[str, set[str]] = {}
    for entry in report["provenance"]:
        made.setdefault(entry["artifact"], set()).add(entry["stage"].split("~")[0])
    findings = [
        Finding("provenance", record["id"], record["artifact"][:DIGITS], f"the artifact of {_measured_by(record)}")
        for record in report["metrics"]
        if not any(stage.startswith(_measured_by(record)) for stage in made.get(record["artifact"], ()))
    ]
    if texts and not is_printed(counts_sentence(report), [letters(page) for page in texts]):
        findings.append(Finding("provenance", "report.json", counts_sentence(report), "the counts that are printed"))
    sections = {entry["id"] for entry in report["settings"]["sections"]}
    failed = {
        entry["stage"].rpartition("/")[2] for entry in report["failures"] if entry["stage"].startswith("section/")
    }
    if sections - failed != report["evidence"].keys():
        told = ", ".join(sorted(report["evidence"]))
        findings.append(Finding("provenance", "report.json, evidence", told, ", ".join(sorted(sections - failed))))
    for entry in report["provenance"]:
        if settings_digest(entry["settings"]) != entry["settings_digest"]:
            findings.append(Finding("provenance", entry["stage"], "other settings", entry["settings_digest"][:DIGITS]))
        findings += [
            Finding("provenance", entry["stage"], f"no {name} {entry[name][:DIGITS]}", "it printed")
            for name in ("artifact", "source")
            if texts and entry[name][:DIGITS] not in text
        ]
    return CheckDone("provenance", len(report["provenance"]), "stages against what is printed of them", findings)


def _measured_by(record: Mapping[str, Any]) -> str:
    """How the name of the stage begins that measured a metric."""
    return f"evaluate/{record['evaluation']}/{record['subject']}"
