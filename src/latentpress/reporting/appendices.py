"""What the assembled report says of itself: health checks, provenance, computing environment."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from latentpress.engine.stage import Provenance
from latentpress.reporting.latex import Tex, escape, join
from latentpress.reporting.names import Names
from latentpress.reporting.numbers import format_setting
from latentpress.reporting.provenance import ABSENT, Row, counts_sentence
from latentpress.reporting.tables import Table

if TYPE_CHECKING:
    from latentpress.health import Check

DIGITS = 12
"""Hexadecimal digits of a digest that are printed; report.json has them all."""

# Names that templates use, and the order of the table of the environment.
LIBRARIES = ("tensorflow", "keras", "jax", "torch", "numpy", "scipy", "scikit-learn", "scikit-image", "matplotlib")


def failed(check: Check) -> bool:
    """Whether a check found something wrong; one that was not assessed has not."""
    return check.verdict == "failed"


def failed_checks(checks: Iterable[Check], names: Names) -> Tex:
    """A list of the checks that failed, for page one; empty where none did."""
    items = [
        rf"\item \textbf{{{escape(check.name)}}}, {_subject(check, names)}: {written(check.value)}, expected "
        f"{escape(check.relation)} {written(check.threshold)}. It guards against {escape(check.guards_against)}."
        for check in checks
        if failed(check)
    ]
    if not items:
        return Tex("")
    return Tex("\\begin{itemize}\n" + "\n".join(items) + "\n\\end{itemize}")


def health_appendix(checks: Sequence[Check], names: Names, profile: str) -> Tex:
    """All checks, rule by rule: what each guards against and why, then value and threshold for each model."""
    head = "\\section{Health checks}\n\\label{sec:health}\n\n"
    if not checks:
        return Tex(f"{head}No check applies to the results of this report.\n")
    counted = {verdict: sum(check.verdict == verdict for check in checks) for verdict in VERDICTS}
    summary = ", ".join(f"{count} {verdict}" for verdict, count in counted.items() if count)
    text = (
        f"These checks guard against results that look right and are not. Of {len(checks)} checks: {summary}. "
        "A check that is not applied says why, and its value stands there all the same; "
        "one is not assessed where its value or its threshold is unknown"
    )
    text += (
        f", and nothing is assessed in the profile {escape(profile)}."
        if counted["not assessed"] == len(checks)
        else "."
    )
    rows: list[str] = []
    for name in dict.fromkeys(check.name for check in checks):
        group = [check for check in checks if check.name == name]
        guard = f"Against {escape(group[0].guards_against)}. Expected {escape(group[0].relation)} the threshold: "
        reason = f"{guard}{escape(group[0].why)}."
        rows.append(rf"\multicolumn{{4}}{{@{{}}p{{\linewidth}}@{{}}}}{{\textbf{{{escape(name)}}}\newline {reason}}}")
        rows += [
            f"\\quad {_subject(check, names)}{_reason(check)} & {written(check.value)} & {written(check.threshold)} & "
            f"{_verdict(check.verdict)}"
            for check in group
        ]
        rows[-1] += r" \\[.5\baselineskip]" if name != checks[-1].name else ""
    spec = r">{\raggedright}p{.46\linewidth}rr>{\raggedright\arraybackslash}p{.16\linewidth}"
    header = "Check & Value & Threshold & Verdict"
    return Tex(f"{head}{text}\n\n{long_table(spec, header, rows, 'Health checks.', 'tab:health')}")


VERDICTS = ("passed", "failed", "caught", "not applied", "not assessed")


def _subject(check: Check, names: Names) -> Tex:
    of = f" ({escape(check.data)})" if check.data else ""
    of += f", seed {check.seed}" if check.seed is not None else ""
    return Tex(f"{names.title(check.model)}{of}") if check.model else Tex(f"the data{of}")


def _reason(check: Check) -> Tex:
    return Tex(f": {escape(check.reason)}") if check.reason else Tex("")


def written(value: float | None) -> Tex:
    """A check's value or threshold, four digits."""
    if value is None:
        return Tex("--")
    if math.isinf(value):
        return Tex(r"$\infty$" if value > 0 else r"$-\infty$")
    return format_setting(float(f"{value:.4g}"))


def _verdict(verdict: str) -> Tex:
    return alarming(verdict) if verdict == "failed" else escape(verdict)


def alarming(text: str) -> Tex:
    """Text in the colour of warnings."""
    return Tex(rf"\textcolor{{warning}}{{\textbf{{{escape(text)}}}}}")


def provenance_appendix(
    rows: Sequence[Row], facts: Mapping[str, Any], machine: Sequence[str], report: Mapping[str, Any]
) -> Tex:
    """Where every result came from: data, code, settings, seeds, threads, versions, commands."""
    parts = ["\\section{Provenance}\n\\label{sec:provenance}\\provenanceanchor{}\n"]
    parts.append(
        "Every number and figure of this report is read from an artifact that is named by its content. "
        "Table~\\ref{tab:stages} lists the stages that made them: the fingerprint of the code that ran, without its "
        "comments, and of all project code that it imports; the random seed; the threads of its sums; and the digest "
        "of what it made. Below each stand the digest of its settings, with those of an evaluation in words, "
        "that of the data, and the command that makes it again. The marks in captions, and the "
        "numbers themselves, are links to these rows. "
        f"The first {DIGITS} digits are printed; the files attached to this document, \\code{{report.json}} and "
        "\\code{settings.json}, have them in full, with the settings and inputs of each stage. "
        f"{escape(counts_sentence(report))}\n"
    )
    if facts:
        parts.append(_data_digests(facts))
    parts.append(_versions({row.entry.stage: row.entry for row in rows}, machine))
    parts.append(_stages(rows))
    return Tex("\n".join(parts))


def _data_digests(facts: Mapping[str, Any]) -> Tex:
    rows = [
        f"{escape(found['title'])} & {escape(found['source'])} & {escape(name)} & {digest(value)}"
        for data, found in sorted(facts.items())
        for name, value in sorted(found.get("digests", {}).items())
    ]
    caption = "Data, by the digests of the arrays' content."
    spec = r">{\raggedright}p{.40\linewidth}lll"
    return long_table(spec, "Data & Source & Content & SHA-256", rows, caption, "tab:data-digests")


def _versions(lineage: Mapping[str, Provenance], machine: Sequence[str]) -> Tex:
    packages = versions(lineage)
    text = ", ".join(f"{escape(name)}~{escape(packages[name])}" for name in sorted(packages))
    return Tex(f"\\paragraph{{Machine.}} {escape('; '.join(machine))}.\n\n\\paragraph{{Packages.}} {text or 'None.'}\n")


def _stages(rows: Sequence[Row]) -> Tex:
    cells = [line for row in rows for line in _stage_lines(row)]
    spec = r"r>{\raggedright}p{.43\linewidth}lrrl"
    header = "Mark & Stage & Code & Seed & Threads & Artifact"
    return long_table(spec, header, cells, "Stages and artifacts.", "tab:stages")


def _stage_lines(row: Row) -> list[str]:
    """A stage, and below it in small type what it rests on; the two are not parted by a page."""
    entry = row.entry
    first = " & ".join(
        (
            rf"\provenancerow{{{row.mark}}}",
            stage_name(entry.stage),
            digest(entry.source),
            format_setting(entry.seed) if entry.seed is not None else "--",
            f"{entry.threads}",
            digest(entry.artifact),
        )
    )
    chosen = entry.settings.get("evaluation")
    words = f" ({format_setting(chosen)})" if isinstance(chosen, Mapping) and chosen else ""
    parts = [f"settings {digest(row.settings)}{words}"]
    if row.data:
        parts.append(f"data {join(Tex(', '), [digest(value) for value in row.data])}")
    parts.append(rf"\code{{{escape(row.command)}}}")
    told = rf"\provenancebasis{{{'; '.join(parts)}}}"
    below = rf"\multicolumn{{5}}{{>{{\raggedright\arraybackslash}}p{{.93\linewidth}}@{{}}}}{{{told}}}"
    return [rf"{first} \\*", rf" & {below} \\[3pt]"]


def long_table(spec: str, header: str, rows: Sequence[str], caption: str, label: str) -> Tex:
    """A table that runs over pages."""
    columns = header.count("&") + 1
    body = "\n".join(row if row.endswith(("]", "*")) else rf"{row} \\" for row in rows)
    return Tex(
        f"{{\\footnotesize\\setlength{{\\tabcolsep}}{{4pt}}\n\\begin{{longtable}}{{@{{}}{spec}@{{}}}}\n"
        f"\\caption{{{caption}}}\\label{{{label}}}\\\\\n\\toprule\n{header} \\\\\n\\midrule\n\\endfirsthead\n"
        f"\\toprule\n{header} \\\\\n\\midrule\n\\endhead\n"
        f"\\midrule\n\\multicolumn{{{columns}}}{{r@{{}}}}{{\\emph{{continued on the next page}}}}\\\\\n\\endfoot\n"
        f"\\bottomrule\n\\endlastfoot\n{body}\n\\end{{longtable}}}}\n"
    )


def digest(value: str) -> Tex:
    """The first digits of a digest."""
    return Tex(rf"\digest{{{escape(value[:DIGITS])}}}")


def stage_name(name: str) -> Tex:
    """A stage's name, which may be broken behind its slashes and before its plus signs."""
    words = [escape(word) for word in re.split(r"(?<=/)|(?=[+])", name)]
    return Tex(r"\code{" + r"\allowbreak{}".join(words) + "}")


def versions(lineage: Mapping[str, Provenance]) -> dict[str, str]:
    """Distribution to version, over all stages; what a stage could have used and nobody has installed is left out."""
    found: dict[str, str] = {}
    for entry in lineage.values():
        found.update({name: version for name, version in entry.packages.items() if version != ABSENT})
    return found


def environment(
    lineage: Mapping[str, Provenance], processor: str, gpu: Callable[[], str], system: str
) -> dict[str, str]:
    """What ``environment(key)`` gives in templates.

    Args:
        lineage: all stages above the report.
        processor: its model name.
        gpu: gives the accelerator's name; asked only where one was used.
        system: the operating system.
    """
    trained = [entry for entry in lineage.values() if entry.backend]
    packages = versions(lineage)
    backends = sorted({entry.backend or "" for entry in trained})
    on_gpu = any(entry.device == "gpu" for entry in trained)
    threads = max((entry.threads for entry in trained), default=1)
    found = {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "backend": ", ".join(f"{_proper(name)} {packages.get(name, '')}".strip() for name in backends) or "none",
        "device": f"GPU ({gpu()})" if on_gpu else f"CPU ({processor})",
        "processor": processor,
        "threads": f"{threads} thread{'s' if threads > 1 else ''} for each training",
        "operating_system": system,
    }
    return {**packages, **found}


def _proper(name: str) -> str:
    return {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}.get(name, name)


def environment_table(values: Mapping[str, str]) -> Tex:
    """The environment as a table without its float."""
    rows = [
        (title, values[key])
        for key, title in (
            ("operating_system", "Operating system"),
            ("processor", "Processor"),
            ("device", "Device of the trainings"),
            ("threads", "Threads"),
            ("python", "Python"),
        )
        if key in values
    ]
    rows += [(name, values[name]) for name in LIBRARIES if name in values]
    cells = [[escape(name), escape(value)] for name, value in rows]
    return Table([Tex("Item"), Tex("Value")], cells, ["l", "X"]).body()
