"""The stage that renders one section: its template, on what its evaluations measured."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from latentpress.engine.stage import Failure, Result, Task
from latentpress.profiles import seeds_of_profile
from latentpress.reporting.context import SectionContext
from latentpress.reporting.evidence import Evidence, Measured, gather
from latentpress.reporting.evidence_records import as_json
from latentpress.reporting.latex import Tex, escape
from latentpress.reporting.published import read_published
from latentpress.reporting.section_material import Material
from latentpress.reporting.templating import load, shown_path, source_lines
from latentpress.reporting.templating import render as render_template

HEADING = re.compile(r"\\(?:section|unnumberedsection)\b\*?")
MOST_LINES = 8
"""Of an error, in its box."""


def render(task: Task) -> Result:
    """Render a section.

    What failed among its inputs is shown in a box with the error and the command that tries again; the rest of
    the section is delivered.

    Returns:
        ``section.tex``; metrics, claims, figures, tables, numbers, facts, lines, failures, and which files it delivers,
        as JSON; the figures and CSV files that it shows.

    Raises:
        TemplateError: the template has an error, or asks for what no evaluation of the section measures.
    """
    evidence = gather(task)
    published = []
    if "published" in task.files:
        path = task.files["published"]
        published = read_published(path.read_text(encoding="utf-8"), shown_path(path))
    context = SectionContext(Material(task.settings, evidence, published))
    shown = context.shown
    files = {label: path for label, path in task.files.items() if label != "published"}
    environment = load(files, marked="template")
    environment.globals.update(context.exported())
    if "macros" in files:
        macros = environment.get_template("macros").module
        environment.globals.update({name: value for name, value in vars(macros).items() if not name.startswith("_")})
    options = build_options(task.settings.get("profile", "default"), evidence.facts, [*task.inputs, *task.failures])
    text = with_failures(render_template(environment, "template", {}), task, options)
    tex, lines = source_lines(text.rstrip("\n") + "\n")
    return Result(
        values={
            "metrics": _records(evidence, str(task.settings["section"]["id"])),
            "claims": shown.claims_of(tex),
            "figures": shown.figures,
            "tables": shown.tables,
            "numbers": shown.numbers,
            "delivered": shown.delivered,
            "facts": evidence.facts,
            "lines": {"template": shown_path(task.files["template"]), "lines": lines},
            "failures": [{"stage": f.stage, "error": f.error} for f in task.failures.values()],
            "evidence": as_json(evidence, published, task.settings.get("evaluations", [])),
        },
        texts={"section.tex": tex},
        files=shown.files,
    )


def with_failures(text: Tex, task: Task, options: str) -> Tex:
    """The text with a box for each failure after its first heading; ``options`` are the build's."""
    if not task.failures:
        return text
    section = f"{task.settings['report'].get('name', 'REPORT')}/{task.settings['section']['id']}"
    by_stage = {failure.stage: failure for failure in task.failures.values()}
    boxes = "".join(failure_box(by_stage[stage], f"{section}{options}") for stage in sorted(by_stage))
    place = _after_heading(text)
    return Tex(f"{text[:place]}\n{boxes}{text[place:]}")


def build_options(profile: str, facts: Mapping[str, Mapping[str, Any]], labels: Iterable[str]) -> str:
    """The options of the build that makes this report, where they are not the defaults, each after a space.

    Args:
        profile: of the build.
        facts: data set to its facts.
        labels: of a section's inputs, or names of stages: the seeds are counted by them.
    """
    options = "" if profile == "default" else f" --profile {profile}"
    if facts and all(found.get("source") == "embedded" for found in facts.values()):
        options += " --data embedded"
    seeds = 1 + max((int(found[1]) for label in labels for found in SEED.finditer(label)), default=0)
    return options if seeds == seeds_of_profile(profile) else f"{options} --seeds {seeds}"


SEED = re.compile(r"/seed(\d+)")


def failure_box(failure: Failure, section: str) -> Tex:
    """What failed, the first lines of why, and the command that tries again.

    Args:
        failure: the failure.
        section: what follows ``nox -s section --``: report, section, and the build's options.
    """
    lines = [line for line in failure.first_lines.splitlines() if line.strip()][:MOST_LINES]
    shown = r"\newline ".join(escape(line) for line in lines) or escape(failure.error)
    command = escape(f"nox -s section -- {section}")
    return Tex(f"\\failurebox{{{escape(failure.stage)}}}{{{shown}}}{{{command}}}\n")


def _after_heading(text: str) -> int:
    """Position after the first heading and the label that follows it; 0 where there is no heading."""
    match = HEADING.search(text)
    if match is None:
        return 0
    position = match.end()
    depth = 0
    for index in range(position, len(text)):
        if text[index] == "{" and text[index - 1] != "\\":
            depth += 1
        elif text[index] == "}" and text[index - 1] != "\\":
            depth -= 1
            if depth == 0:
                label = re.compile(r"[\s\ufdd0\d]*\\label\{[^}]*\}").match(text, index + 1)
                return label.end() if label else index + 1
    return 0


def _records(evidence: Evidence, section: str) -> list[dict[str, Any]]:
    """The metrics as report.json lists them: pooled over seeds, then each seed where there are several.

    What comes of one seed names it; an id names a seed only beside those of other seeds.
    """

    def record(entry: Measured, seed: int | None) -> dict[str, Any]:
        return {
            **entry.metric.as_json(),
            "seed": seed,
            "section": section,
            "artifact": entry.artifact,
            "evaluation": entry.evaluation,
            "subject": entry.subject,
            "seeds": list(entry.seeds),
        }

    pooled = [record(entry, entry.seeds[0] if len(entry.seeds) == 1 else None) for entry in evidence.measured.values()]
    return pooled + [record(entry, entry.metric.seed) for entry in evidence.by_seed]
