"""A comparison of two reports as a PDF, in the looks of the reports: typeset with their report.sty."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from latentpress.errors import LatexError, TexMissingError
from latentpress.reporting import latex_errors
from latentpress.reporting.latex import Tex, escape, pdf_string
from latentpress.reporting.latexmk import run_latexmk
from latentpress.reporting.tex import find_tex, install_command
from latentpress.reporting.typeset import TIME_LIMIT, finish, is_whole
from latentpress.review.compare_differences import STATES, Comparison, Entry, NumberEntry, Part, Side
from latentpress.review.compare_words import runs
from latentpress.review.shown import plain, short_digest

if TYPE_CHECKING:
    from latentpress.review.compare_pictures import Pair
    from latentpress.review.pictures import Picture

TITLE = "Two reports side by side"
STYLE = Path("report_templates") / "common" / "report.sty"
WORDS = {"differs": "differs", "told": "changed", "within": "within tolerance", "same": "same"}
_COLOURS = {"differs": "warning", "told": "accent", "within": "quiet", "same": "quiet"}
_PAIR_MM = 74.0
"""Width of one picture of a pair; the text is 156 mm wide."""


def typeset(comparison: Comparison, pictures: Mapping[str, Pair], everything: bool) -> bytes:
    """The PDF; the same bytes for the same comparison.

    Args:
        comparison: of two reports.
        pictures: of the figures that are shown, by file.
        everything: show what is equal, too.

    Raises:
        LatexError: LaTeX refused it.
        TexMissingError: TeX is not installed.
    """
    if find_tex() is None:
        raise TexMissingError("LaTeX is not installed, so that there is no PDF.", f"Install it: {install_command()}")
    names = _file_names(pictures)
    text = document(comparison, pictures, names, everything)
    with tempfile.TemporaryDirectory(prefix="latentpress-") as name:
        folder = Path(name)
        (folder / "report.tex").write_text(text, encoding="utf-8")
        (folder / "report.sty").write_text(style_file().read_text(encoding="utf-8"), encoding="utf-8")
        for key, side in names:
            picture = _side_of(pictures[key], side)
            if picture is not None:
                (folder / names[key, side]).write_bytes(picture.png)
        run = run_latexmk(folder, TIME_LIMIT)
        path = folder / "report.pdf"
        pdf = path.read_bytes() if path.is_file() else b""
        log = folder / "report.log"
        told = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else run.output
    fault = latex_errors.first_fault(told, text)
    if fault is not None or run.unfinished or not is_whole(pdf):
        raise LatexError(
            f"LaTeX made no PDF of the comparison: {fault or run.output.strip().splitlines()[-1:]}",
            "--html gives the same without LaTeX. Please report it.",
        )
    return finish(pdf, {"title": TITLE, "authors": [{"name": "LatentPress"}]})


def style_file() -> Path:
    """The reports' looks: of the project that one is in, else of the checkout that this program runs from.

    Raises:
        LatexError: neither has them.
    """
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[3]):
        if (folder / STYLE).is_file():
            return folder / STYLE
    raise LatexError(f"{STYLE} was found neither here nor in a folder above.", "Run it in the project's folder.")


def _file_names(pictures: Mapping[str, Pair]) -> dict[tuple[str, str], str]:
    """Figure and side to a file name of ours: those of a report are never used as such."""
    names = {}
    for number, (key, pair) in enumerate(pictures.items(), start=1):
        for side in "AB":
            if _side_of(pair, side) is not None:
                names[key, side] = f"figure-{number}-{side}.png"
    return names


def _side_of(pair: Pair, side: str) -> Picture | None:
    return pair.a if side == "A" else pair.b


def document(
    comparison: Comparison, pictures: Mapping[str, Pair], names: Mapping[tuple[str, str], str], everything: bool
) -> Tex:
    """The LaTeX source."""
    shown = [(part, part.chosen(everything)) for part in comparison.parts]
    sections = [_part(part, entries, pictures, names) for part, entries in shown if entries]
    verdict = _told(comparison.summary())
    box = (
        rf"\begin{{warningbox}}{{{verdict}}}{_MEANING}\end{{warningbox}}"
        if comparison.verdict == "differs"
        else rf"\begin{{remark}}\textbf{{{verdict}}}\par {_MEANING}\end{{remark}}"
    )
    lines = [
        r"\documentclass[11pt,a4paper,parskip=half-,numbers=noenddot]{scrartcl}",
        r"\usepackage{report}",
        r"\setcounter{secnumdepth}{0}",
        rf"\hypersetup{{pdftitle={{{pdf_string(TITLE)}}},pdfauthor={{LatentPress}},pdflang={{en-GB}}}}",
        rf"\reportrunning{{{TITLE}}}{{}}",
        r"\begin{document}",
        rf"\reporttitle{{{TITLE}}}{{}}",
        _sides(comparison),
        box,
        _counts(comparison.parts),
        *sections,
        r"\end{document}",
        "",
    ]
    return Tex("\n".join(lines))


_MEANING = (
    "“Differs” counts for this verdict. “Changed” does not: it is what may have caused a difference, or what follows "
    "from numbers that are compared by themselves."
)


# A table that runs over pages leaves its heading behind at the foot of a page that has no room for its first rows.
_ROOM = "\\par\\ifdim\\dimexpr\\pagegoal-\\pagetotal\\relax<45mm \\newpage\\fi\n"
_SIGNS = re.compile(r"(?<=[/_=+-])|(?<=\.)(?!\d)")


def _key(text: str) -> Tex:
    """An identifier that may be broken behind its signs."""
    return Tex(r"\allowbreak{}".join(_told(piece) for piece in _SIGNS.split(text)))


def _told(text: str) -> Tex:
    """Text of a report as TeX."""
    return escape(plain(text))


def _sides(comparison: Comparison) -> str:
    rows = [
        _row(title, told(comparison.a), told(comparison.b))
        for title, told in (
            ("Report", _path),
            ("Title", lambda side: _told(side.title)),
            ("Authors", lambda side: _told(", ".join(side.authors))),
            ("SHA-256", lambda side: rf"\digest{{{_told(short_digest(side.sha256))}}}" if side.sha256 else "--"),
        )
    ]
    spec = r"l>{\raggedright}p{.41\linewidth}>{\raggedright\arraybackslash}p{.41\linewidth}"
    return f"{{\\small\n\\begin{{tabular}}{{@{{}}{spec}@{{}}}}\n\\toprule\n & \\textbf{{A}} & \\textbf{{B}} \\\\\n" + (
        "\\midrule\n" + "\n".join(rows) + "\n\\bottomrule\n\\end{tabular}}\n"
    )


def _path(side: Side) -> str:
    return rf"\code{{{_key(side.path)}}}"


def _row(*cells: str) -> str:
    return " & ".join(cells) + r" \\[2pt]"


def _counts(parts: Sequence[Part]) -> str:
    states = [state for state in reversed(STATES) if any(part.count(state) for part in parts)]
    head = _row("Part", *(WORDS[state] for state in states))
    rows = [
        _row(part.title, *(f"{part.count(state):,}" if part.count(state) else "--" for state in states))
        for part in parts
    ]
    left_out = [rf"\par {{\small {part.title}: {_told(part.left_out)}}}" for part in parts if part.left_out]
    spec = "l" + "r" * len(states)
    return f"\\par\\medskip{{\\small\n\\begin{{tabular}}{{@{{}}{spec}@{{}}}}\n\\toprule\n{head}\n\\midrule\n" + (
        "\n".join(rows) + "\n\\bottomrule\n\\end{tabular}}\n" + "\n".join(left_out)
    )


def _part(
    part: Part, entries: Sequence[Entry], pictures: Mapping[str, Pair], names: Mapping[tuple[str, str], str]
) -> str:
    remark = f"{_told(part.remark)}\n\n" if part.remark else ""
    head = f"{_ROOM}\\section{{{part.title}}}\n{remark}"
    if part.id == "figures":
        return head + "\n".join(_figure(entry, pictures.get(entry.key), names) for entry in entries)
    if part.id == "metrics":
        return head + _long_table(
            r">{\raggedright}p{.35\linewidth}rrr>{\raggedright}p{.11\linewidth}>{\raggedright\arraybackslash}p{.14\linewidth}",
            _row("Metric", "A", "B", "B $-$ A", "Tolerance", "State"), _grouped(entries, 6),
        )  # fmt: skip
    spec = (
        r">{\raggedright}p{.31\linewidth}>{\raggedright}p{.25\linewidth}>{\raggedright}p{.25\linewidth}"
        r">{\raggedright\arraybackslash}p{.12\linewidth}"
    )
    return head + _long_table(spec, _row("Item", "A", "B", "State"), _grouped(entries, 4))


def _long_table(spec: str, header: str, rows: Sequence[str]) -> str:
    body = "\n".join(rows)
    return (
        f"{{\\footnotesize\\setlength{{\\tabcolsep}}{{4pt}}\n\\begin{{longtable}}{{@{{}}{spec}@{{}}}}\n"
        f"\\toprule\n{header}\n\\midrule\n\\endhead\n\\bottomrule\n\\endfoot\n{body}\n\\end{{longtable}}}}\n"
    )


def _grouped(entries: Sequence[Entry], columns: int) -> list[str]:
    rows, group = [], ""
    for entry in entries:
        if entry.group != group:
            group = entry.group
            if group:
                rows.append(
                    rf"\multicolumn{{{columns}}}{{@{{}}l@{{}}}}{{\textbf{{\color{{accent}}{_told(group)}}}}} \\*"
                )
        rows.append(_number_row(entry) if isinstance(entry, NumberEntry) else _text_row(entry))
    return rows


def _number_row(entry: NumberEntry) -> str:
    values = ("--" if text is None else _told(text) for text in (entry.a, entry.b))
    return _row(_key(entry.title), *values, _told(entry.difference), _told(_unbroken(entry.tolerance)), _state(entry))


def _unbroken(text: str) -> str:
    return text.replace(" %", "\u00a0%")


def _text_row(entry: Entry) -> str:
    found = runs(entry.a, entry.b)
    if found is not None or (entry.state == "same" and entry.a == entry.b):
        words = "".join(_run(run.a, run.b) for run in found) if found is not None else _told(entry.a or "")
        width = r"\dimexpr.50\linewidth+2\tabcolsep\relax"
        values = [rf"\multicolumn{{2}}{{>{{\raggedright\arraybackslash}}p{{{width}}}}}{{{words}}}"]
    else:
        values = ["absent" if text is None else _told(text) or "(empty)" for text in (entry.a, entry.b)]
    note = rf"\newline{{\color{{quiet}}{_key(entry.note)}}}" if entry.note else ""
    return _row(_key(entry.title) + note, *values, _coloured(entry))


def _run(a: str, b: str) -> str:
    if a == b:
        return _told(a)
    old = rf"\textcolor{{warning}}{{{_told(a) or 'nothing'}}}"
    return rf"{old} $\rightarrow$ \textcolor{{accent}}{{\textbf{{{_told(b) or 'nothing'}}}}}"


def _state(entry: Entry) -> str:
    return _coloured(entry) + (f" {_told(entry.note)}" if entry.note else "")


def _coloured(entry: Entry) -> str:
    return rf"\textcolor{{{_COLOURS[entry.state]}}}{{{WORDS[entry.state]}}}"


def _figure(entry: Entry, pair: Pair | None, names: Mapping[tuple[str, str], str]) -> str:
    caption = entry.a if entry.a is not None else entry.b
    head = rf"\textbf{{{_key(entry.title)}}} {_state(entry)}\newline {_told(caption or '')}"
    cells = []
    for side, text in (("A", entry.a), ("B", entry.b)):
        picture = None if pair is None else _side_of(pair, side)
        if picture is None:
            reason = "not in this report" if text is None else "its picture is not at hand"
            shown = rf"\textcolor{{warning}}{{{reason}}}"
        else:
            width = min(picture.width_mm, _PAIR_MM)
            height = r",height=.8\textheight,keepaspectratio" if picture.height > 2 * picture.width else ""
            shown = rf"\includegraphics[width={width:.2f}mm{height}]{{{names[entry.key, side]}}}"
        cells.append(rf"\begin{{minipage}}[t]{{.485\linewidth}}{side}\par {shown}\end{{minipage}}")
    return (
        "\\par\\medskip\\noindent\\begin{minipage}{\\linewidth}\\small\\raggedright\n"
        f"{head}\\par\\smallskip\n{cells[0]}\\hfill\n{cells[1]}\n\\end{{minipage}}\n"
    )
