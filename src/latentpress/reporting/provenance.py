"""The rows of the provenance appendix: what made each result, of what, and the command that makes it again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from latentpress.engine.stage import Provenance

ABSENT = "absent"
"""In place of the version of a package that a stage could have used, and that is not installed."""
KINDS = ("data", "train", "encode", "evaluate", "draw", "section")


@dataclass(frozen=True, slots=True)
class Row:
    """One stage in the appendix.

    Attributes:
        mark: its number, to which the marks of tables, figures and numbers lead.
        entry: where its artifact came from.
        settings: digest of its settings.
        data: digests of the data sets that it rests on.
        command: makes its artifact again.
    """

    mark: int
    entry: Provenance
    settings: str
    data: tuple[str, ...]
    command: str

    def as_json(self) -> dict[str, Any]:
        """The entry of report.json."""
        return {
            **asdict(self.entry),
            "mark": self.mark,
            "settings_digest": self.settings,
            "data": list(self.data),
            "command": self.command,
        }


def provenance_rows(lineage: Mapping[str, Provenance], report: str, sections: Sequence[str], options: str) -> list[Row]:
    """All stages above a report, from data sets to sections.

    Args:
        lineage: stage to provenance.
        report: its name.
        sections: ids, in the order of the report.
        options: of the build, each after a space.
    """
    made_by = {entry.artifact: name for name, entry in sorted(lineage.items(), reverse=True)}
    above = {name: _above(name, lineage, made_by) for name in lineage}
    shown_in: dict[str, str] = {}
    for section in sections:
        for name in lineage:
            if name.split("~")[0] == f"section/{report}/{section}":
                for stage in (name, *above[name]):
                    shown_in.setdefault(stage, section)
    rows = []
    for mark, name in enumerate(sorted(lineage, key=_place), start=1):
        data = tuple(sorted({lineage[stage].artifact for stage in above[name] if stage.startswith("data/")}))
        settings = settings_digest(lineage[name].settings)
        rows.append(Row(mark, lineage[name], settings, data, _command(name, report, shown_in.get(name), options)))
    return rows


def marks(rows: Sequence[Row]) -> dict[str, int]:
    """Stage, and digest of its artifact, to the number of its row."""
    found = {row.entry.stage: row.mark for row in rows}
    for row in rows:
        found.setdefault(row.entry.artifact, row.mark)
    return found


def counts_sentence(report: Mapping[str, Any]) -> str:
    """How much report.json holds, printed in the appendix: so that nothing is left out of it unseen.

    Args:
        report: with ``metrics``, ``claims``, ``health`` and ``failures``.
    """
    printed = sum(bool(claim["printed"]) for claim in report["claims"])
    return (
        f"The attached report.json holds {len(report['metrics']):,} metrics, {len(report['health']):,} health checks, "
        f"{printed:,} computed sentences that are printed, and {len(report['failures']):,} failures."
    )


def settings_digest(settings: Mapping[str, Any]) -> str:
    """SHA-256 of settings as JSON with sorted keys."""
    text = json.dumps(settings, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _place(stage: str) -> tuple[int, str]:
    kind = stage.split("/")[0]
    return (KINDS.index(kind) if kind in KINDS else len(KINDS)), stage


def _above(name: str, lineage: Mapping[str, Provenance], made_by: Mapping[str, str]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for digest in lineage[waiting.pop()].inputs.values():
            stage = made_by.get(digest)
            if stage is not None and stage not in found:
                found.add(stage)
                waiting.append(stage)
    return found


def _command(stage: str, report: str, section: str | None, options: str) -> str:
    kind = stage.split("/")[0]
    if section is None or kind == "data":
        return f"nox -s report -- {report}{options}"
    return f"nox -s section -- {report}/{section}{options}{' --retrain' if kind in ('train', 'encode') else ''}"
