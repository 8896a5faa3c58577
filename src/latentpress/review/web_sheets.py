"""Sheets and summary as HTML, for where there is no TeX: one page each, no script, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from latentpress.review.copies import MEANINGS
from latentpress.review.graded import Grades, Row
from latentpress.review.scoring import number
from latentpress.review.sheets import WORDS

_PAGE = """<!doctype html>
<html lang="en-GB"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{font:1rem/1.5 serif;max-width:46rem;margin:2rem auto;padding:0 1rem}}
table{{border-collapse:collapse}}td,th{{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0;
border-bottom:1px solid #ccc;overflow-wrap:anywhere}}</style></head><body>
<h1>{title}</h1>
{body}
</body></html>
"""


def sheet_html(row: Row, grades: Grades) -> str:
    """One student's sheet."""
    known = [("File", row.submission.place), ("Report", WORDS[row.verdict])]
    if row.unreadable:
        known.append(("Why", row.unreadable))
    else:
        known += [("Title", row.title), ("Authors", ", ".join(row.authors)), ("SHA-256", row.sha256)]
    parts = [
        f"<p><strong>{number(row.points)} of {number(grades.rubric.points)} points</strong> {escape(row.told)}</p>",
        _table((), known),
    ]
    if row.scored:
        cells = [(e.title, f"{number(e.points)} / {number(e.most)}", e.why) for e in row.scored]
        parts.append(_table(("Criterion", "Points", "Why"), cells))
    if row.findings:
        parts.append(f"<h2>What is not as the build left it ({row.altered})</h2>")
        parts.append(_table((), [(finding,) for finding in row.findings]))
    return _PAGE.format(title=escape(f"{row.submission.name}: {grades.rubric.title}"), body="\n".join(parts))


def summary_html(grades: Grades) -> str:
    """The summary of the class."""
    criteria = [
        (criterion.title, number(criterion.points), f"{grades.mean(index):.2f}")
        for index, criterion in enumerate(grades.rubric.criteria)
    ]
    first = [(r.submission.number, r.submission.name, number(r.points), "; ".join(w)) for r, w in grades.first_looks()]
    names = {row.submission.number: row.submission.name for row in grades.rows}
    parts = [
        _table((), grades.overview()),
        "<h2>Criteria</h2>",
        _table(("Criterion", "Points", "Mean"), criteria),
        "<h2>To be looked at first</h2>",
        _table(("No.", "Student", "Points", "Why"), first),
        "<h2>In common</h2>",
        "<p>No points follow from what is told here.</p>",
        *(f"<p>{escape(remark)}</p>" for remark in grades.remarks),
    ]
    for kind, meaning in MEANINGS.items():
        found = [group for group in grades.groups if group.kind == kind]
        if found:
            parts.append(f"<h3>{escape(kind)}</h3><p>{escape(meaning)}</p>")
            cells = [("; ".join(f"{m} {names[m]}" for m in g.members), " ".join((g.what, *g.examples))) for g in found]
            parts.append(_table(("Students", "What"), cells))
    rows = [(r.submission.number, r.submission.name, WORDS[r.verdict], number(r.points), r.sheet) for r in grades.rows]
    parts += ["<h2>All submissions</h2>", _table(("No.", "Student", "Report", "Points", "Sheet"), rows)]
    return _PAGE.format(title=escape(f"Grades: {grades.rubric.title}"), body="\n".join(parts))


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for title in header)
    body = "\n".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{f'<tr>{head}</tr>' if head else ''}\n{body}</table>"
