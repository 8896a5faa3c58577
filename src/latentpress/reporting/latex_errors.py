"""LaTeX's log read for people: errors with their place, cause and remedy; warnings that spoil a page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# What LaTeX says, what it means, what to do about it. The first pattern that is found rules.
CAUSES: tuple[tuple[str, str, str], ...] = (
    (
        r"Undefined control sequence",
        "A command is used that no package defines; the log shows it at the end of the line before the break.",
        "Correct the command's name, or define it in the template's preamble block.",
    ),
    (
        r"Missing \$ inserted",
        "A mathematical symbol (such as _ or ^, or \\alpha) stands outside mathematics.",
        "Put it between dollar signs, or write \\_ for an underscore.",
    ),
    (
        r"Environment (\S+) undefined",
        "An environment is begun that no package defines.",
        "Correct its name after \\begin.",
    ),
    (
        r"\\begin\{(\S+)\} on input line \d+ ended by \\end\{(\S+)\}|Extra \}, or forgotten|Too many \}'s|"
        r"Missing [{}] inserted|Extra \\endgroup",
        "A brace or a \\begin has no partner.",
        "Look for a missing or surplus { or }, or a missing \\end, at or above that line.",
    ),
    (
        r"Runaway argument|Paragraph ended before|File ended while scanning|Emergency stop|"
        r"Incomplete \\if",
        "The argument of a command is not closed: a } is missing.",
        "Close the brace of the command on that line.",
    ),
    (
        r"Misplaced alignment tab|Extra alignment tab",
        "There is an & outside a table, or a row with more cells than the table has columns.",
        "Write \\& for the sign, or correct the row.",
    ),
    (
        r"You can't use `macro parameter character #'|Illegal parameter number",
        "There is a bare # in the text.",
        "Write \\# for the sign.",
    ),
    (
        r"Unicode character (.+?) \(U\+([0-9A-F]+)\)|not set up for use with LaTeX",
        "A character is typed in the template that the report's fonts lack.",
        "Write it as mathematics or as a command; text that comes from settings is marked by itself.",
    ),
    (
        r"File `([^']+)' not found",
        "A file is named that does not exist.",
        "Packages must be of texlive-latex-recommended; pictures come from figure(…) alone.",
    ),
    (
        r"Missing \\endcsname inserted",
        "A name (of a label, a reference, a citation or an environment) holds a command or a special character.",
        "Use letters, digits, and : . - in names.",
    ),
    (
        r"There's no line here to end",
        "A line break \\\\ stands where no line has begun.",
        "Leave a blank line instead.",
    ),
    (
        r"Double (superscript|subscript)",
        "Two superscripts or two subscripts follow each other.",
        "Group them with braces: {x^2}^3.",
    ),
    (
        r"Lonely \\item|Something's wrong--perhaps a missing \\item",
        "An \\item stands outside a list, or a list has none.",
        "Put it into an itemize or enumerate environment, or use bullets([…]).",
    ),
    (
        r"Not in outer par mode|Float\(s\) lost",
        "A figure or table stands inside a box or a table.",
        "Move it out, between two paragraphs.",
    ),
    (
        r"Too many unprocessed floats",
        "More figures and tables wait for a place than LaTeX can keep.",
        "Put \\floatbarrier between some of them.",
    ),
    (
        r"TeX capacity exceeded",
        "A command calls itself without end, or a table is huge.",
        "Look at macros that were changed last.",
    ),
    (
        r"Can be used only in preamble|Missing \\begin\{document\}",
        "Something stands in the wrong half of the document.",
        "Packages belong to the preamble block, text to the body.",
    ),
    (
        r"Command \\(\S+) already defined",
        "A command is defined a second time.",
        "Use \\renewcommand, or another name.",
    ),
)
UNKNOWN = ("LaTeX stopped at this line.", "Read the last lines of the log; its path is printed with this message.")


@dataclass(frozen=True, slots=True)
class LatexFault:
    """One error of a LaTeX run.

    Attributes:
        message: what LaTeX said.
        line: of report.tex, or 0 where LaTeX did not tell.
        context: the line as LaTeX showed it, up to where it stopped.
    """

    message: str
    line: int
    context: str


def first_fault(log: str, tex: str = "") -> LatexFault | None:
    """The first error in a log that was written with ``-file-line-error``.

    Args:
        log: what LaTeX wrote.
        tex: the document, in which a command is looked for whose argument never ended.
    """
    match = re.search(r"^(?:\./)?[^\s:]+\.\w+:(\d+): (.+)$|^! (.+)$", log, re.MULTILINE)
    if match is None:
        return None
    message = (match[2] or match[3]).strip()
    shown = re.search(r"^l\.(\d+) ?(.*)$", log[match.end() :], re.MULTILINE)
    line = int(match[1] or (shown[1] if shown else 0) or _runaway_line(message, log, tex))
    return LatexFault(message, line, shown[2].strip() if shown else "")


def _runaway_line(message: str, log: str, tex: str) -> int:
    """The line of the command that swallowed the rest of the file, or 0."""
    command = re.search(r"scanning use of (\\\w+)", message)
    swallowed = re.search(r"^Runaway argument\?\n(\{\S*)", log, re.MULTILINE)
    if command is None or swallowed is None:
        return 0
    position = tex.find(command[1] + swallowed[1])
    return tex.count("\n", 0, position) + 1 if position >= 0 else 0


def cause(message: str) -> tuple[str, str]:
    """Cause and remedy of what LaTeX said, in plain words."""
    for pattern, why, remedy in CAUSES:
        if re.search(pattern, message):
            return why, remedy
    return UNKNOWN


def place(line: int, source_map: Sequence[Mapping[str, Any]]) -> str:
    """``section q1b, report_templates/…/q1b.tex.j2, line 12`` of a line of report.tex."""
    for entry in source_map:
        index = line - entry["first"]
        if 0 <= index < len(entry["lines"]):
            origin = entry["lines"][index]
            where = f", {entry['template']}, line {origin}" if origin else ""
            return f"section {entry['section']}{where}"
    return "the report's frame (title page, appendices)"


def explain(fault: LatexFault, source_map: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Message and hint of a `LatexError`."""
    why, remedy = cause(fault.message)
    shown = f" near {fault.context[-70:]!r}" if fault.context else ""
    where = f"{place(fault.line, source_map)} (report.tex, line {fault.line})" if fault.line else "report.tex"
    return f"{where}: {fault.message}{shown}. {why}", remedy


OVERFULL_TOLERANCE = 1.0
"""Points; what sticks out less cannot be seen."""


def warnings(log: str, source_map: Sequence[Mapping[str, Any]]) -> list[str]:
    """What spoils the page without stopping LaTeX: overfull boxes, missing characters, undefined references."""
    found: list[str] = []
    for match in re.finditer(r"^Overfull \\([hv])box \(([\d.]+)pt too (?:wide|high)\)(.*)$", log, re.MULTILINE):
        if float(match[2]) < OVERFULL_TOLERANCE:
            continue
        lines = re.search(r"lines? (\d+)", match[3])
        where = place(int(lines[1]), source_map) if lines else "a page's end"
        found.append(
            f"overfull {match[1]}box, {float(match[2]):.0f} pt too {'wide' if match[1] == 'h' else 'high'}: {where}"
        )
    found += [
        f"missing character {match[1]} in font {match[2]}"
        for match in re.finditer(r"^Missing character: There is no (.+?) in font (\S+?)!?$", log, re.MULTILINE)
    ]
    for what, pattern in (
        ("reference", r"^LaTeX Warning: Reference `([^']+)'.*undefined on input line (\d+)"),
        ("citation", r"Citation `([^']+)'.*undefined(?: on input line (\d+))?"),
    ):
        found += [
            f"undefined {what} {match[1]}: {place(int(match[2] or 0), source_map)}"
            for match in re.finditer(pattern, log, re.MULTILINE)
        ]
    found += [
        f"label {match[1]} is defined twice"
        for match in re.finditer(r"^LaTeX Warning: Label `([^']+)' multiply defined", log, re.MULTILINE)
    ]
    return list(dict.fromkeys(found))
