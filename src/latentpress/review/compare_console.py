"""A comparison of two reports on the console: readable at 80 columns, in colour on a terminal only."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from latentpress.review.compare_differences import SAME, Comparison, Entry, NumberEntry, Part, counts_in_words
from latentpress.review.compare_words import runs
from latentpress.review.shown import plain

STYLES = {"differs": "red", "told": "yellow", "within": "cyan", "same": "dim"}
MARKS = {"differs": "✗", "told": "~", "within": "≈", "same": "="}
NARROWEST = 60
LEAST_LABEL = 22
"""Columns that a label is given before it is broken into lines."""
_BREAK = re.compile(r"(?<=[/_,:=+-])|(?<=\.)(?!\d)")


def told(comparison: Comparison, everything: bool, width: int | None = None, colour: bool | None = None) -> str:
    """The comparison as the console shows it.

    Args:
        comparison: of two reports.
        everything: show what is equal, too.
        width: in columns; the terminal's by default, and 80 where there is none.
        colour: by default where standard output is a terminal.
    """
    stream = io.StringIO()
    terminal = sys.stdout.isatty() if colour is None else colour
    console = Console(
        file=stream,
        width=max(width or _width(), NARROWEST),
        force_terminal=terminal,
        no_color=None if terminal else True,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    _head(console, comparison)
    apart = True
    for part in comparison.parts:
        entries = part.chosen(everything)
        if apart or entries:  # parts of one line each stand together
            console.print()
        _part(console, part, entries)
        apart = bool(entries)
    console.print()
    console.print(Text(comparison.summary(), style="bold green" if comparison.verdict == SAME else "bold red"))
    if not everything:
        console.print(Text("Only what differs is shown; --all shows everything.", style="dim"))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def _width() -> int:
    return Console(file=sys.stdout).width


def _head(console: Console, comparison: Comparison) -> None:
    for name, side in (("A", comparison.a), ("B", comparison.b)):
        authors = ", ".join(side.authors)
        about = Text(plain(f"{side.title}{f' ({authors})' if authors else ''}"), style="dim")
        console.print(_rows([(Text(name, style="bold"), Text(plain(side.path))), ("", about)], 3))


def _part(console: Console, part: Part, entries: Sequence[Entry]) -> None:
    line = Text(part.title, style="bold")
    line.append(f": {counts_in_words(part)}", style="not bold")
    console.print(line)
    for remark in (part.left_out, part.remark if entries else ""):
        if remark:
            console.print(_rows([("", Text(plain(remark), style="dim"))], 2))
    for group, members in _groups(entries):
        if group:
            console.print(Text(f"  {plain(group)}", style="bold cyan"), soft_wrap=True)
        numbers = [entry for entry in members if isinstance(entry, NumberEntry)]
        if numbers:
            console.print(_numbers(numbers, console.width))
        for entry in members:
            if part.id == "figures":
                _listed(console, entry)
            elif not isinstance(entry, NumberEntry):
                _texts(console, entry)


def _groups(entries: Iterable[Entry]) -> list[tuple[str, list[Entry]]]:
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.group, []).append(entry)
    return list(groups.items())


def _numbers(entries: Sequence[NumberEntry], width: int) -> Table:
    """Label, A, B, difference, tolerance and remark; below 110 columns the remark stands under the numbers."""
    wide = width >= 110
    rows = [
        (MARKS[entry.state], entry.title, _number(entry.a), _number(entry.b), entry.difference, entry.tolerance)
        for entry in entries
    ]
    taken = [max(len(row[column]) for row in rows) for column in range(2, 6)]
    room = width - sum(taken) - 11 - (30 if wide else 0)
    label_width = max(room, LEAST_LABEL)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, width=3, justify="right")
    table.add_column(max_width=label_width, overflow="fold")
    for _ in range(4):
        table.add_column(justify="right", no_wrap=True)
    if wide:
        table.add_column(overflow="fold")
    for entry, row in zip(entries, rows, strict=True):
        style = STYLES[entry.state]
        cells = [
            Text(row[0], style=style),
            Text(broken(plain(row[1]), label_width)),
            Text(row[2]),
            Text(row[3]),
            Text(row[4], style=style),
            Text(row[5], style="dim"),
        ]
        note = Text(plain(entry.note), style="dim")
        if wide:
            table.add_row(*cells, note)
            continue
        table.add_row(*cells)
        if entry.note:
            table.add_row("", note)
    return table


def _number(text: str | None) -> str:
    return "–" if text is None else text


def broken(text: str, width: int) -> str:
    """Text in lines of at most a width, broken behind signs where it can be."""
    lines = [""]
    for piece in _BREAK.split(text):
        if lines[-1] and len(lines[-1]) + len(piece) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(lines)


def _listed(console: Console, entry: Entry) -> None:
    where = "only in B" if entry.a is None else "only in A" if entry.b is None else entry.note
    _line(console, entry, plain(entry.title), f"  {where}" if entry.state != "same" else "")


def _texts(console: Console, entry: Entry) -> None:
    """A label with ``a → b`` on its line where that fits, else below it; sentences word by word."""
    a, b = (plain("absent" if text is None else text or "(empty)") for text in (entry.a, entry.b))
    title, note = plain(entry.title), f"  {plain(entry.note)}" if entry.note else ""
    values = Text(a, style="dim") if entry.state == "same" else Text(f"{a} → {b}", style="bold")
    if len(title) + len(values) + 6 <= console.width:
        fits = len(title) + len(values) + len(note) + 6 <= console.width
        _line(console, entry, f"{title}: ", values, note if fits else "")
        if fits:
            return
    else:
        _line(console, entry, f"{title}:")
        if entry.state == "same":
            console.print(_rows([("", Text(a, style="dim"))], 6))
        else:
            console.print(_rows(_beside(entry), 6))
    if note:
        console.print(_rows([("", Text(note.strip(), style="dim"))], 6))


def _beside(entry: Entry) -> list[tuple[str, Text]]:
    """One text with its changes in brackets, or both texts."""
    found = runs(entry.a, entry.b)
    if found is None:
        texts = ("absent" if text is None else text for text in (entry.a, entry.b))
        return [(name, Text(plain(text))) for name, text in zip("AB", texts, strict=True)]
    line = Text()
    for run in found:
        if run.shared:
            line.append(plain(run.a))
        else:
            line.append("⟦", style="dim").append(plain(run.a) or "nothing", style="red").append(" → ", style="dim")
            line.append(plain(run.b) or "nothing", style="green").append("⟧", style="dim")
    return [("", line)]


def _line(console: Console, entry: Entry, text: str, *more: Text | str) -> None:
    line = Text(broken(text, console.width - 5) if not more else text)
    for part in more:
        line.append(part if isinstance(part, Text) else Text(part, style="dim"))
    console.print(_rows([(Text(MARKS[entry.state], style=STYLES[entry.state]), line)], 4))


def _rows(rows: Sequence[tuple[str | Text, Text]], indent: int) -> Table:
    """Texts behind marks, broken into lines that begin below each other."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=indent - 1, justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for mark, text in rows:
        grid.add_row(Text(mark) if isinstance(mark, str) else mark, text)
    return grid
