"""A comparison of two reports as one page of HTML that needs no other file, no network and no program."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

from latentpress.metrics import from_json_number
from latentpress.review.compare_differences import STATES, Comparison, Entry, NumberEntry, Part, Side
from latentpress.review.compare_metrics import DIGITS, number_text
from latentpress.review.compare_words import runs
from latentpress.review.shown import plain, short_digest

if TYPE_CHECKING:
    from latentpress.review.compare_pictures import Pair
    from latentpress.review.pictures import Picture

WORDS = {"differs": "differs", "told": "changed", "within": "within tolerance", "same": "same"}
# Nothing is loaded and nothing is run, whatever a report may have brought in.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(comparison: Comparison, pictures: Mapping[str, Pair], everything: bool) -> bytes:
    """The page.

    Args:
        comparison: of two reports.
        pictures: of the figures that are shown, by file.
        everything: show what is equal, too.
    """
    style = (files("latentpress.review") / "compare.css").read_text(encoding="utf-8")
    shown = [(part, part.chosen(everything)) for part in comparison.parts]
    bodies = "".join(_part(part, entries, pictures) for part, entries in shown if entries)
    told = "" if everything else " Only what differs is shown; <code>--all</code> shows everything."
    text = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Two reports side by side</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        "<header>\n<h1>Two reports side by side</h1>\n"
        f'<div class="sides">{_side("A", comparison.a)}{_side("B", comparison.b)}</div>\n'
        f'<p class="verdict {comparison.verdict}">{_text(comparison.summary())}</p>\n</header>\n'
        f'<main>\n{_counts(shown)}<p class="quiet">{_MEANING}{told}</p>\n{bodies}</main>\n</body>\n</html>\n'
    )
    return text.encode("utf-8")


_MEANING = (
    "“Differs” counts for the verdict. “Changed” does not: it is what may have caused a difference, or what follows "
    "from numbers that are compared by themselves."
)


def _text(value: str) -> str:
    """Text for HTML, in and outside attributes."""
    return html.escape(plain(value), quote=True)


def _side(name: str, side: Side) -> str:
    authors = ", ".join(side.authors)
    digest = f'<p class="quiet">SHA-256 <code>{_text(short_digest(side.sha256))}</code></p>' if side.sha256 else ""
    return (
        f'<div class="side"><p><b>{name}</b> <span class="path">{_text(side.path)}</span></p>'
        f'<p>{_text(side.title)}</p><p class="quiet">{_text(authors)}</p>{digest}</div>'
    )


def _counts(shown: Sequence[tuple[Part, Sequence[Entry]]]) -> str:
    states = [state for state in reversed(STATES) if any(part.count(state) for part, _ in shown)]
    head = "".join(f'<th class="number" scope="col">{WORDS[state]}</th>' for state in states)
    rows = []
    for part, entries in shown:
        title = f'<a href="#{part.id}">{_text(part.title)}</a>' if entries else _text(part.title)
        cells = "".join(
            f'<td class="number"><span class="state {state if part.count(state) else "same"}">'
            f"{part.count(state) or '–'}</span></td>"
            for state in states
        )
        rows.append(f'<tr><th scope="row">{title}</th>{cells}</tr>')
    left_out = "".join(
        f'<p class="quiet">{_text(part.title)}: {_text(part.left_out)}</p>\n' for part, _ in shown if part.left_out
    )
    head = f'<thead><tr><th scope="col">Part</th>{head}</tr></thead>'
    return f'<table class="counts">{head}<tbody>{"".join(rows)}</tbody></table>\n{left_out}'


def _part(part: Part, entries: Sequence[Entry], pictures: Mapping[str, Pair]) -> str:
    remark = f'<p class="quiet">{_text(part.remark)}</p>\n' if part.remark else ""
    if part.id == "figures":
        numbered = enumerate(entries, start=1)
        figures = "".join(_figure(entry, pictures.get(entry.key), number) for number, entry in numbered)
        body = _switch(pictures) + figures
    elif part.id == "metrics":
        body = _table(("Metric", "A", "B", "B − A", "Tolerance", "State"), entries, 6)
    else:
        body = _table(("Item", "A", "B", "State"), entries, 4)
    return f'<section>\n<h2 id="{part.id}">{_text(part.title)}</h2>\n{remark}{body}</section>\n'


def _table(header: Sequence[str], entries: Sequence[Entry], columns: int) -> str:
    number = "number" if columns == 6 else ""
    classes = ["", number, number, number, "", ""] if columns == 6 else [""] * columns
    cells = "".join(f'<th scope="col" class="{kind}">{title}</th>' for title, kind in zip(header, classes, strict=True))
    rows, group = [], ""
    for entry in entries:
        if entry.group != group:
            group = entry.group
            rows.append(f'<tr><th class="group" colspan="{columns}" scope="rowgroup">{_text(group)}</th></tr>\n')
        rows.append(_number_row(entry) if isinstance(entry, NumberEntry) else _text_row(entry))
    kind = "" if columns == 6 else " texts"
    return f'<table class="rows{kind}"><thead><tr>{cells}</tr></thead>\n<tbody>\n{"".join(rows)}</tbody></table>\n'


def _number_row(entry: NumberEntry) -> str:
    cells = "".join(
        f'<td class="number" data-name="{name}">{_value(text, numbers)}</td>'
        for name, text, numbers in zip("AB", (entry.a, entry.b), entry.numbers, strict=True)
    )
    difference = (
        f'<td class="number" data-name="B − A">{_text(entry.difference)}</td>' if entry.difference else "<td></td>"
    )
    tolerance = (
        f'<td data-name="Tolerance" title="{_text(entry.reason)}">{_text(entry.tolerance)}</td>'
        if entry.tolerance
        else "<td></td>"
    )
    return (
        f'<tr><th class="key" scope="row">{_breakable(entry.title)}</th>{cells}{difference}{tolerance}'
        f"<td>{_state(entry)}</td></tr>\n"
    )


def _value(text: str | None, numbers: Mapping[str, float | str | None] | None) -> str:
    if text is None:
        return "–"
    if numbers is None:
        return _text(text)
    ends = [from_json_number(numbers[name]) for name in ("low", "high")]
    if None in ends:
        return _text(text)
    low, high = (number_text(end, DIGITS) for end in ends)
    return f'{_text(text)}<span class="interval">[{low}, {high}]</span>'


def _text_row(entry: Entry) -> str:
    note = f'<br><span class="quiet">{_breakable(entry.note)}</span>' if entry.note else ""
    key = f'<th class="key" scope="row">{_breakable(entry.title)}{note}</th>'
    found = runs(entry.a, entry.b)
    if found is not None or (entry.state == "same" and entry.a == entry.b):
        words = "".join(_run(run.a, run.b) for run in found) if found is not None else _text(entry.a or "")
        values = f'<td class="text" colspan="2">{words}</td>'
    else:
        values = "".join(
            f'<td class="text" data-name="{name}">{"absent" if text is None else _text(text) or "(empty)"}</td>'
            for name, text in zip("AB", (entry.a, entry.b), strict=True)
        )
    return f'<tr>{key}{values}<td><span class="state {entry.state}">{WORDS[entry.state]}</span></td></tr>\n'


def _run(a: str, b: str) -> str:
    if a == b:
        return _text(a)
    return (f"<del>{_text(a)}</del>" if a else "") + (f"<ins>{_text(b)}</ins>" if b else "")


def _state(entry: Entry) -> str:
    note = f' <span class="quiet">{_text(entry.note)}</span>' if entry.note else ""
    return f'<span class="state {entry.state}">{WORDS[entry.state]}</span>{note}'


def _breakable(text: str) -> str:
    """An identifier that may be broken behind its signs."""
    escaped = _text(text)
    for sign in ("/", "_", "."):
        escaped = escaped.replace(sign, f"{sign}<wbr>")
    return escaped


def _figure(entry: Entry, pair: Pair | None, number: int) -> str:
    caption = entry.a if entry.a is not None else entry.b
    title = f"<figcaption><b>{_breakable(entry.title)}</b> {_state(entry)}<br>{_text(caption or '')}</figcaption>"
    if pair is not None and entry.state == "same" and pair.a is not None:
        return f'<figure>{title}<div class="pair">{_picture("A and B", pair.a, entry)}</div></figure>\n'
    a, b = (None, None) if pair is None else (pair.a, pair.b)
    both = a is not None and b is not None
    switch = (
        f'<input type="checkbox" class="toggle" id="difference-{number}">'
        f'<label class="switch" for="difference-{number}">Show the difference</label>'
        if both
        else ""
    )
    shown = _picture("A", a, entry) + _picture("B", b, entry)
    return f'<figure>{title}{switch}<div class="pair{" both" if both else ""}">{shown}</div></figure>\n'


def _switch(pictures: Mapping[str, Pair]) -> str:
    """For the differences of all figures at once, where there are several."""
    both = sum(pair.a is not None and pair.b is not None and pair.a is not pair.b for pair in pictures.values())
    switch = (
        '<input type="checkbox" class="toggle" id="differences">'
        '<label class="switch" for="differences">Show the differences of all figures</label>\n'
    )
    remark = '<p class="quiet">Differences are drawn on white, four times as strong as they are.</p>\n'
    return (switch if both > 1 else "") + (remark if both else "")


def _picture(name: str, picture: Picture | None, entry: Entry) -> str:
    if picture is None:
        there = (entry.a if name == "A" else entry.b) is not None
        reason = "its picture is not at hand" if there else "not in this report"
        return f'<div class="picture"><span>{name}: {reason}</span></div>'
    data = base64.b64encode(picture.png).decode("ascii")
    return (
        f'<div class="picture"><span>{name}</span><img alt="{_text(entry.title)}, report {name}" '
        f'width="{picture.width}" height="{picture.height}" src="data:image/png;base64,{data}"></div>'
    )
