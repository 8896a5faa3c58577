r"""The sheets of all students and the summary of the class, as one LaTeX document that is split afterwards.

A sheet names no other student: who has something in common with whom stands in the summary, for whoever grades.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from latentpress.reporting.latex import Tex, escape, join, pdf_string
from latentpress.review.copies import MEANINGS, Group
from latentpress.review.findings import ALTERED, UNDECIDED, UNREADABLE, VERIFIED
from latentpress.review.graded import Grades, Row
from latentpress.review.scoring import number

PAGES = "sheets.txt"
"""What LaTeX writes: the number of each submission and the page that its sheet begins on."""
FIGURE = "figures/distribution.pdf"
MOST_MEMBERS = 20
WORDS = {
    VERIFIED: "unaltered",
    ALTERED: "altered since it was built",
    UNDECIDED: "made by other code than the grader's, whose rules give something else",
    UNREADABLE: "could not be read",
}
_HEAD = r"""\documentclass[11pt,a4paper,parskip=half-,numbers=noenddot]{scrartcl}
\usepackage{report}
\hypersetup{pageanchor=false,pdftitle={%(title)s},pdflang=en-GB}
\newwrite\sheetpages
\immediate\openout\sheetpages=%(pages)s
%% Number of the submission, the page of the document that its sheet begins on.
\newcommand*{\sheet}[1]{\clearpage\setcounter{page}{1}\write\sheetpages{#1 \the\ReadonlyShipoutCounter}}
\newcommand*{\rightcell}[1]{\multicolumn{1}{r}{#1}}
\setlength{\LTpre}{.4\baselineskip}\setlength{\LTpost}{.6\baselineskip}
\begin{document}
"""


def document(grades: Grades) -> Tex:
    """The whole document: the summary, then a sheet for each submission."""
    head = _HEAD % {"title": pdf_string(grades.rubric.title), "pages": PAGES}
    parts = [Tex(head), summary(grades), *(sheet(row, grades) for row in grades.rows), Tex("\\end{document}\n")]
    return Tex("".join(parts))


def sheet(row: Row, grades: Grades) -> Tex:
    """One student's sheet."""
    rubric = grades.rubric
    name = escape(row.submission.name)
    known = [("File", escape(row.submission.place)), ("Report", Tex(WORDS[row.verdict]))]
    if not row.unreadable:
        known[1:1] = [("Title", escape(row.title)), ("Authors", join(", ", row.authors))]
        known.append(("SHA-256", Tex(rf"\digest{{{escape(row.sha256)}}}")))
    lines = [
        Tex(rf"\sheet{{{row.submission.number}}}\reportrunning{{{escape(rubric.title)}}}{{}}"),
        Tex(rf"\reporttitle{{{name}}}{{{escape(rubric.title)}}}"),
        Tex(rf"{{\Large\bfseries {number(row.points)} of {number(rubric.points)} points\par}}"),
        _pairs(known),
    ]
    if row.unreadable:
        lines.append(_box("The submission could not be read", [escape(row.unreadable)]))
    if row.told:
        lines.append(Tex(rf"\textcolor{{warning}}{{{escape(_sentence(row.told))}}}\par"))
    if row.scored:
        cells = [
            (escape(entry.title), Tex(rf"{number(entry.points)}\,/\,{number(entry.most)}"), escape(entry.why))
            for entry in row.scored
        ]
        lines.append(_long_table("p{.33\\linewidth}rp{.52\\linewidth}", ("Criterion", "Points", "Why"), cells))
    if row.findings:
        more = row.altered - len(row.findings)
        found = [escape(finding) for finding in row.findings]
        found += [escape(f"and {more} more")] if more else []
        lines.append(_list("What is not as the build left it", found))
    return Tex("\n".join(lines) + "\n")


def summary(grades: Grades) -> Tex:
    """The summary of the class, for whoever grades."""
    rubric = grades.rubric
    lines = [
        Tex(rf"\reportrunning{{{escape(rubric.title)}}}{{}}"),
        Tex(rf"\reporttitle{{Grades: {escape(rubric.title)}}}{{Summary for whoever grades}}"),
        _pairs([(name, escape(value)) for name, value in grades.overview()]),
    ]
    if grades.readable:
        lines.append(Tex(rf"\noindent\includegraphics{{{FIGURE}}}\par"))
    for title in grades.doubtful_criteria():
        told = f"No report has what “{title}” asks for; the rubric may name something that does not exist."
        lines.append(_box("A criterion that nobody could meet", [escape(told)]))
    lines.append(_criteria(grades))
    lines.append(Tex(r"\unnumberedsection{To be looked at first}"))
    first = grades.first_looks()
    if first:
        cells = [
            (Tex(row.submission.number), escape(row.submission.name), Tex(number(row.points)), join("; ", reasons))
            for row, reasons in first
        ]
        columns = "rp{.27\\linewidth}rp{.51\\linewidth}"
        lines.append(_long_table(columns, ("No.", "Student", "Points", "Why"), cells))
    else:
        lines.append(
            Tex(r"None: every submission could be read, is unaltered and has nothing in common with another.\par")
        )
    lines += [*_groups(grades), _everybody(grades)]
    return Tex("\n".join(lines) + "\n")


def _everybody(grades: Grades) -> Tex:
    cells = [
        (
            Tex(row.submission.number),
            escape(row.submission.name),
            Tex(row.verdict),
            Tex(number(row.points)),
            Tex(rf"\code{{{escape(row.sheet)}}}"),
        )
        for row in grades.rows
    ]
    columns = "rp{.36\\linewidth}lrp{.33\\linewidth}"
    table = _long_table(columns, ("No.", "Student", "Report", "Points", "Sheet"), cells)
    return Tex("\n".join([r"\unnumberedsection{All submissions}", table]))


def _criteria(grades: Grades) -> Tex:
    scored = grades.readable
    cells = []
    for index, criterion in enumerate(grades.rubric.criteria):
        points = [row.scored[index].points for row in scored]
        mean = grades.mean(index)
        counts = (sum(p >= criterion.points for p in points), sum(p == 0 for p in points))
        numbers = (
            number(criterion.points),
            f"{mean:.2f}",
            rf"{100 * mean / criterion.points:.0f}\,\%",
            *map(str, counts),
        )
        cells.append((escape(criterion.title), *map(Tex, numbers)))
    header = ("Criterion", "Points", "Mean", "Share", "Full", "None")
    table = _long_table("p{.52\\linewidth}rrrrr", header, cells)
    return Tex("\n".join([r"\unnumberedsection{Criteria}", table]))


def _groups(grades: Grades) -> Iterable[Tex]:
    yield Tex(r"\unnumberedsection{In common}")
    yield Tex(r"No points follow from what is told here. It is where to look, and each kind says what it can tell.\par")
    if not grades.groups:
        yield Tex(r"No two submissions have anything in common that reports made independently would not.\par")
    for remark in grades.remarks:
        yield Tex(rf"{escape(remark)}\par")
    names = {row.submission.number: row.submission.name for row in grades.rows}
    for kind, meaning in MEANINGS.items():
        found = [group for group in grades.groups if group.kind == kind]
        if found:
            yield Tex(rf"\subsection*{{{escape(_sentence(kind).rstrip('.'))}}}")
            yield Tex(rf"{escape(meaning)}\par")
            yield _long_table(
                "p{.47\\linewidth}p{.47\\linewidth}",
                ("Students", "What"),
                [(_members(group, names), _what(group)) for group in found],
            )


def _members(group: Group, names: dict[int, str]) -> Tex:
    shown = [f"{member} {names[member]}" for member in group.members[:MOST_MEMBERS]]
    if len(group.members) > MOST_MEMBERS:
        shown.append(f"and {len(group.members) - MOST_MEMBERS} more")
    return join("; ", shown)


def _what(group: Group) -> Tex:
    quoted = [rf"\newline\emph{{``{escape(example)}''}}" for example in group.examples]
    return Tex("".join([escape(group.what), *quoted]))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _pairs(pairs: Sequence[tuple[str, Tex]]) -> Tex:
    rows = "".join(rf"\textcolor{{quiet}}{{{name}}} & {value} \\" + "\n" for name, value in pairs)
    return Tex(
        "{\\small\\begin{tabular}{@{}l>{\\raggedright\\arraybackslash}p{.78\\linewidth}@{}}\n"
        + rows
        + "\\end{tabular}\\par}"
    )


def _box(title: str, lines: Sequence[Tex]) -> Tex:
    body = "\n\n".join(lines)
    return Tex(f"\\begin{{warningbox}}{{{escape(title)}}}\\raggedright\n{body}\n\\end{{warningbox}}")


def _list(title: str, items: Sequence[Tex]) -> Tex:
    body = "\n".join(rf"\item {{}}{item}" for item in items)
    return Tex(
        f"\\textbf{{{escape(title)}}}\n\\begin{{itemize}}\\small\\raggedright\\setlength{{\\itemsep}}{{0pt}}\n{body}\n"
        "\\end{itemize}"
    )


def _long_table(columns: str, header: Sequence[str], rows: Sequence[Sequence[Tex]]) -> Tex:
    """A table that runs over pages; columns of text are ragged, their width is a share of the line."""
    spec = columns.replace("p{", ">{\\raggedright\\arraybackslash}p{")
    titles = " & ".join(rf"\textbf{{{escape(title)}}}" for title in header)
    body = "\n".join(" & ".join(row) + r" \tabularnewline" for row in rows)
    return Tex(
        f"\\nopagebreak{{\\small\\setlength{{\\tabcolsep}}{{4pt}}\\begin{{longtable}}[l]{{@{{}}{spec}@{{}}}}\n"
        f"\\toprule\n{titles} "
        f"\\tabularnewline\n\\midrule\\endhead\n\\bottomrule\\endfoot\n{body}\n\\end{{longtable}}}}"
    )
