"""The stage that assembles a report: all sections, title page, appendices, report.json."""

from __future__ import annotations

import io
import platform
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pikepdf

from latentpress import machine
from latentpress.engine.stage import Failure, Result, Task
from latentpress.errors import TemplateError
from latentpress.health import UNASSESSED_PROFILE
from latentpress.reporting import appendices
from latentpress.reporting.appendix_tables import appendix_tables
from latentpress.reporting.attachments import REPORT_FORMAT
from latentpress.reporting.checking import health_checks
from latentpress.reporting.faults import fault_notice, fault_table
from latentpress.reporting.latex import Tex, escape, join, pdf_string, to_text
from latentpress.reporting.names import Names
from latentpress.reporting.provenance import Row, marks, provenance_rows
from latentpress.reporting.sealing import content_digest, size_of
from latentpress.reporting.section_files import files_of_sections
from latentpress.reporting.sections import build_options, failure_box
from latentpress.reporting.templating import load, render
from latentpress.reporting.tracing import FIGURE, occurrences, resolve
from latentpress.reporting.values import UNASSESSED_NOTICE, embedded_notice

if TYPE_CHECKING:
    from latentpress.engine.store import Artifact
    from latentpress.health import Check

RUNNING_TITLE = 60
"""Characters of the title that the running head shows."""
MARKER = re.compile(r"^%% section: (\S+) ")
_FILLED = re.compile(r"\\environment(?:value\{([^}]*)\}|(table)\{\})|\\(faulttable)\{\}")


@dataclass(slots=True)
class Part:
    """A section as the report takes it in: its TeX, and the template line of each line."""

    id: str
    template: str
    lines: list[str]
    origins: list[int]

    def text(self) -> Tex:
        """With a comment that tells where it came from; `source_map` finds it again."""
        return Tex(f"%% section: {self.id} ({self.template})\n" + "\n".join(self.lines) + "\n")


def assemble(task: Task) -> Result:
    """Put a report together.

    Returns:
        ``report.tex``, ``report.sty``, ``report.json``, ``sources.json``, the sections' figures and tables, and
        ``references.bib`` where there is a bibliography.

    Raises:
        TemplateError: the base template has an error, or two sections give the same name to different tables
            or files.
    """
    settings = task.settings
    report_name = task.name.split("/")[-1].split("~")[0]
    names = Names(settings.get("experiments", {}))
    found = {section["id"]: _input(task, section["id"]) for section in settings["sections"]}
    artifacts = {name: entry for name, entry in found.items() if entry and not isinstance(entry, Failure)}
    facts: dict[str, Any] = {}
    for artifact in artifacts.values():
        facts.update(artifact.json("facts"))
    records = _metrics(artifacts)
    environment = appendices.environment(task.lineage, machine.processor(), machine.gpu, platform.system() or "unknown")
    failures = [
        *[entry for entry in found.values() if isinstance(entry, Failure)],
        *[Failure(f["stage"], f["error"], "") for a in artifacts.values() for f in a.json("failures")],
    ]
    profile, faults = settings.get("profile", "default"), settings.get("faults", [])
    chosen = {"experiments": settings.get("experiments", {}), "sections": settings["sections"], "faults": faults}
    checks = health_checks(records, facts, [failure.stage for failure in failures], chosen, profile)
    options = build_options(profile, facts, task.lineage)
    filled = _Filled(environment, fault_table(faults, checks, names))
    parts = {
        section["id"]: _part(section, found[section["id"]], report_name, filled, options)
        for section in settings["sections"]
    }
    rows = provenance_rows(task.lineage, report_name, list(parts), options)
    numbered = marks(rows)
    for part in parts.values():
        part.lines = [resolve(line, numbered) for line in part.lines]
    report = _report_json(task, artifacts, records, checks, failures)
    text = render(
        load({label: path for label, path in task.files.items() if label not in ("sty", "bibliography")}),
        "template" if "template" in task.files else "base",
        _context(task, parts, facts, checks, failures, environment, names, rows, report),
    )
    tables, entries = appendix_tables(checks, rows, facts, environment, settings.get("experiments", {}))
    report["evidence"] = {section: _evidence(artifact, records) for section, artifact in artifacts.items()}
    report["facts"] = facts
    report["environment"] = environment
    report["provenance"] = [row.as_json() for row in rows]
    report["numbers"] = [
        {"id": key, "text": to_text(number)} for _, key, number in occurrences(text) if not key.startswith(FIGURE)
    ]
    report["figures"] = _with_content(report["figures"], artifacts)
    shown = {entry["file"] for entry in report["tables"]}
    report["tables"] += [entry for entry in entries if entry["file"] not in shown]
    result = Result(
        texts={"report.tex": text, "report.sty": task.files["sty"].read_text(encoding="utf-8")},
        values={
            "report": report,
            "sources": source_map(text, parts),
        },
        files={**tables, **_files(artifacts)},  # a section's table of the same name is the one that is meant
    )
    if "bibliography" in task.files:
        result.texts["references.bib"] = task.files["bibliography"].read_text(encoding="utf-8")
    return result


def _input(task: Task, section: str) -> Artifact | Failure | None:
    for label, artifact in task.inputs.items():
        if label.split("~")[0].endswith(f"/{section}"):
            return artifact
    for label, failure in task.failures.items():
        if label.split("~")[0].endswith(f"/{section}"):
            return failure
    return None


def _part(
    section: Mapping[str, Any],
    found: Artifact | Failure | None,
    report: str,
    filled: _Filled,
    options: str,
) -> Part:
    """A section's text, filled in, or a heading and a box where it failed; options: the build's."""
    if found is None or isinstance(found, Failure):
        failure = found or Failure(f"section {section['id']}", "it was not rendered", "")
        heading = f"\\section{{{escape(section['title'])}}}\n\\label{{sec:{section['id']}}}\n"
        box = failure_box(failure, f"{report}/{section['id']}{options}")
        text = f"{heading}\n{box}"
        return Part(section["id"], "none", text.split("\n"), [0] * (text.count("\n") + 1))
    origin = found.json("lines")
    lines: list[str] = []
    origins: list[int] = []
    for line, number in zip(found.text("section.tex").split("\n"), origin["lines"], strict=False):
        found_lines = filled.line(line).split("\n")
        lines += found_lines
        origins += [number] * len(found_lines)
    return Part(section["id"], origin["template"], lines, origins)


@dataclass(frozen=True, slots=True)
class _Filled:
    """What sections leave open, since only the whole report knows it: its environment, what became of its faults."""

    environment: Mapping[str, str]
    faults: Tex

    def line(self, line: str) -> str:
        return _FILLED.sub(self._value, line)

    def _value(self, match: re.Match[str]) -> str:
        if match[3]:
            return self.faults
        if match[2]:
            return appendices.environment_table(self.environment)
        known = self.environment.get(match[1].replace("\\_", "_"))
        return escape("not recorded" if known is None else known)


def _context(
    task: Task,
    parts: Mapping[str, Part],
    facts: Mapping[str, Any],
    checks: list[Check],
    failures: list[Failure],
    environment: Mapping[str, str],
    names: Names,
    rows: Sequence[Row],
    made: Mapping[str, Any],
) -> dict[str, Any]:
    report = {"subtitle": "", "language": "en-GB", **task.settings["report"]}
    sections = task.settings["sections"]
    embedded = [entry for _, entry in sorted(facts.items()) if entry.get("source") == "embedded"]
    used = ", ".join(str(entry.get("title", "")) for entry in embedded)
    profile = task.settings.get("profile", "default")
    unassessed = profile == UNASSESSED_PROFILE
    told = f"Embedded data: {used}" if embedded else ""
    if unassessed:
        told = f"Profile {profile}, {'embedded data, ' if embedded else ''}no results"
    stages = {failure.stage: failure for failure in failures}
    tex = "".join(part.text() for part in parts.values())
    return {
        "report": report,
        "profile": task.settings.get("profile", "default"),
        "pdf_string": pdf_string,
        "pdf_authors": join(Tex(", "), [pdf_string(author["name"]) for author in report["authors"]]),
        "running_title": escape(textwrap.shorten(report["title"], RUNNING_TITLE, placeholder=" …")),
        "running_notice": escape(told),
        "notices": [
            *([escape(UNASSESSED_NOTICE.format(profile=profile))] if unassessed else []),
            *[embedded_notice(entry) for entry in embedded],
            *fault_notice(task.settings.get("faults", []), checks, profile),
        ],
        "failed_checks": appendices.failed_checks(checks, names),
        "failed_stages": join(Tex(r"\newline "), [_told(failure) for failure in stages.values()]),
        "sections": [parts[section["id"]].text() for section in sections if not is_appendix(section)],
        "appendices": [parts[section["id"]].text() for section in sections if is_appendix(section)],
        "bibliography": "bibliography" in task.files and "\\cite" in tex,
        "health_appendix": appendices.health_appendix(checks, names, task.settings.get("profile", "default")),
        "provenance_appendix": appendices.provenance_appendix(
            rows, facts, (environment["operating_system"], environment["device"], environment["threads"]), made
        ),
    }


def _told(failure: Failure) -> Tex:
    return Tex(f"{appendices.stage_name(failure.stage)}: {escape(failure.error)}")


def is_appendix(section: Mapping[str, Any]) -> bool:
    """Whether a section stands behind the references."""
    return bool(section.get("appendix", False)) or str(section["id"]).startswith("appendix")


def _metrics(artifacts: Mapping[str, Artifact]) -> list[dict[str, Any]]:
    """The metrics of all sections; one that several show is listed with the first."""
    found: dict[str, dict[str, Any]] = {}
    for artifact in artifacts.values():
        for record in artifact.json("metrics"):
            found.setdefault(record["id"], record)
    return list(found.values())


def _evidence(artifact: Artifact, records: list[dict[str, Any]]) -> dict[str, Any]:
    """What a section rests on; where another section has measured the same otherwise, with its own values."""
    known = {record["id"]: {**record, "section": ""} for record in records}
    own = [record for record in artifact.json("metrics") if known[record["id"]] != {**record, "section": ""}]
    return {**artifact.json("evidence"), "differing": own}


def _files(artifacts: Mapping[str, Artifact]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    origin: dict[str, str] = {}
    for section, artifact in artifacts.items():
        for name in sorted(artifact.names()):
            if not name.startswith(("figures/", "tables/")):
                continue
            data = artifact.data(name)
            if files.setdefault(name, data) != data:
                raise TemplateError(
                    f"the sections {origin[name]!r} and {section!r} both make {name}, with different content.",
                    "Give the table or figure another label in one of them.",
                )
            origin.setdefault(name, section)
    return files


def _report_json(
    task: Task,
    artifacts: Mapping[str, Artifact],
    records: list[dict[str, Any]],
    checks: list[Check],
    failures: list[Failure],
) -> dict[str, Any]:
    def collected(name: str) -> list[Any]:
        return [entry for artifact in artifacts.values() for entry in artifact.json(name)]

    return {
        "format": REPORT_FORMAT,
        "report": dict(task.settings["report"]),
        "profile": task.settings.get("profile", "default"),
        "metrics": records,
        "claims": collected("claims"),
        "numbers": collected("numbers"),
        "health": [check.as_json() for check in checks],
        "figures": collected("figures"),
        "tables": collected("tables"),
        "files": files_of_sections(artifacts),
        "failures": [{"stage": failure.stage, "error": failure.error} for failure in failures],
        "settings": {
            "experiments": task.settings.get("experiments", {}),
            "sections": list(task.settings["sections"]),
            "faults": list(task.settings.get("faults", [])),
        },
    }


def _with_content(figures: list[dict[str, Any]], artifacts: Mapping[str, Artifact]) -> list[dict[str, Any]]:
    """Entries of figures with size and digest of what each draws, by which it is known again in the PDF."""
    found: dict[str, dict[str, Any]] = {}
    for artifact in artifacts.values():
        for name in artifact.names():
            if name.startswith("figures/") and name.endswith(".pdf") and name not in found:
                with pikepdf.open(io.BytesIO(artifact.data(name))) as pdf:
                    found[name] = {"content": content_digest(pdf.pages[0].obj), "size": size_of(pdf.pages[0].obj)}
    return [{**entry, **found[entry["file"]]} for entry in figures]


def source_map(text: str, parts: Mapping[str, Part]) -> list[dict[str, Any]]:
    """Where each section stands in report.tex: first line, template, and the template line of each of its lines."""
    entries = []
    for number, line in enumerate(text.split("\n"), start=1):
        match = MARKER.match(line)
        if match and match[1] in parts:
            part = parts[match[1]]
            entries.append({"section": part.id, "template": part.template, "first": number + 1, "lines": part.origins})
    return entries
