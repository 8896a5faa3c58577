"""Tables: rows and cells out of TeX's alignments, as HTML tables with headers for rows and columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from markupsafe import Markup
from pylatexenc.latexwalker import (
    LatexCommentNode,
    LatexEnvironmentNode,
    LatexGroupNode,
    LatexMacroNode,
    LatexNode,
    LatexSpecialsNode,
)

from latentpress.reporting.web.dialect import argument, source

if TYPE_CHECKING:
    from latentpress.reporting.web.converting import Converter

ENDS = ("\\", "tabularnewline")
RULES = ("toprule", "midrule", "bottomrule", "hline", "addlinespace", "cmidrule", *ENDS)
PARTS = ("endfirsthead", "endhead", "endfoot", "endlastfoot")
LEFT_OUT = ("caption", "label", "centering")


@dataclass(slots=True)
class Cell:
    """One cell: what is in it, over how many columns, and how it is aligned."""

    nodes: list[LatexNode] = field(default_factory=list)
    span: int = 1
    align: str = ""


@dataclass(slots=True)
class Row:
    """One row.

    Attributes:
        cells: from left to right.
        rules: that stand above it.
    """

    cells: list[Cell]
    rules: set[str] = field(default_factory=set)


def alignments(spec: str) -> list[str]:
    """``l``, ``r`` or ``c`` for each column of a table's specification; what is broken into lines is ``l``."""
    text = re.sub(r"\s+", "", spec)
    repeated = re.compile(r"\*\{(\d+)\}\{((?:[^{}]|\{[^{}]*\})*)\}")
    while match := repeated.search(text):
        text = text[: match.start()] + match[2] * int(match[1]) + text[match.end() :]
    braces = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
    text = re.sub(rf"[@!<>]{braces}", "", text)
    text = re.sub(rf"[pmb]{braces}", "l", text).replace("X", "l")
    return [character for character in text if character in "lrc"]


def rows(nodes: Iterable[LatexNode]) -> Iterator[Row]:
    """The rows of an alignment, each with the rules above it."""
    row = Row([Cell()])
    for node in nodes:
        if isinstance(node, LatexMacroNode) and node.macroname in (*RULES, *PARTS):
            name = node.macroname
            if _has_text(row):
                yield row
            if _has_text(row) or name not in ENDS:
                row = Row([Cell()], set() if _has_text(row) else row.rules)
            if name not in ENDS:
                row.rules.add(name)
            if name in PARTS:
                yield row
                row = Row([Cell()])
        elif isinstance(node, LatexSpecialsNode) and node.specials_chars == "&":
            row.cells.append(Cell())
        elif isinstance(node, LatexMacroNode) and node.macroname == "multicolumn":
            spec = alignments(source(argument(node, 1)))
            row.cells[-1] = Cell(argument(node, 2), int(source(argument(node, 0))), spec[0] if spec else "l")
        elif isinstance(node, LatexCommentNode) or (isinstance(node, LatexMacroNode) and node.macroname in LEFT_OUT):
            continue
        else:
            row.cells[-1].nodes.append(node)
    if _has_text(row):
        yield row


def _has_text(row: Row) -> bool:
    return len(row.cells) > 1 or bool(source(row.cells[0].nodes).strip())


def parted(nodes: Sequence[LatexNode]) -> tuple[list[Row], list[Row]]:
    """The rows of the header, down to the first inner rule, and those of the body; a long table's further headers
    and its feet, which belong to pages, are left out."""
    head: list[Row] = []
    body: list[Row] = []
    in_head, long = True, False
    for row in rows(nodes):
        if row.rules & set(PARTS):
            if "endfirsthead" in row.rules:
                head, long = [*head, *body], True
            body, in_head = [], False
            continue
        if in_head and ("midrule" in row.rules or "hline" in row.rules) and head:
            in_head = False
        (head if in_head else body).append(row)
    if not long and in_head and not any("midrule" in row.rules for row in body):
        head, body = [], head  # a table without a header
    return head, body


def table(converter: Converter, node: LatexEnvironmentNode, caption: Markup, identifier: str) -> Markup:
    """One table, in a box of its own that can be scrolled where it is wider than the page."""
    spec = alignments(source(argument(node)))
    head, body = parted(node.nodelist)
    parts = [Markup("<thead>\n{}</thead>\n").format(_rows(converter, head, spec, header=True))] if head else []
    groups: list[list[Row]] = [[]]
    for row in body:
        if _is_title(row, spec) and groups[-1]:
            groups.append([])
        groups[-1].append(row)
    parts += [
        Markup("<tbody>\n{}</tbody>\n").format(_rows(converter, group, spec, header=False)) for group in groups if group
    ]
    sortable = bool(head) and len(groups) == 1 and len(body) > 2 and all(_filled(row) for row in body)
    caption_html = (
        Markup('<caption id="{}-caption"><span>{}</span></caption>\n').format(identifier, caption) if caption else ""
    )
    named = Markup(' role="region" aria-labelledby="{}-caption"').format(identifier) if caption else Markup("")
    return Markup('<div class="scroll"{}><table{}>\n{}{}</table></div>\n').format(
        named, Markup(' class="sortable"') if sortable else Markup(""), caption_html, Markup("").join(parts)
    )


def _is_title(row: Row, spec: Sequence[str]) -> bool:
    """Whether a row is the title of those below it."""
    return len(row.cells) == 1 and row.cells[0].span == len(spec) > 1


def _filled(row: Row) -> bool:
    """Whether a row can stand by itself, and takes nothing over from that above it."""
    return all(cell.span == 1 for cell in row.cells) and bool(source(row.cells[0].nodes).strip())


def _rows(converter: Converter, found: Sequence[Row], spec: Sequence[str], *, header: bool) -> Markup:
    return Markup("").join(
        _row(converter, row, spec, header=header, spaced=index > 0 and bool(row.rules & {"addlinespace", "midrule"}))
        for index, row in enumerate(found)
    )


def _row(converter: Converter, row: Row, spec: Sequence[str], *, header: bool, spaced: bool) -> Markup:
    cells, column = [], 0
    for cell in row.cells:
        align = cell.align or (spec[column] if column < len(spec) else "l")
        text = _content(converter, cell.nodes)
        classes = [align] if align != "l" else []
        if source(cell.nodes).lstrip().startswith(r"\quad"):
            classes.append("indent")
        attributes = Markup(' class="{}"').format(" ".join(classes)) if classes else Markup("")
        if cell.span > 1:
            attributes += Markup(' colspan="{}"').format(cell.span)
        if header:
            scope = "colgroup" if cell.span > 1 else "col"
            cells.append(Markup('<th scope="{}"{}>{}</th>').format(scope, attributes, text))
        elif _is_title(row, spec):
            cells.append(Markup('<th scope="rowgroup"{}>{}</th>').format(attributes, text))
        elif column == 0 and text:
            cells.append(Markup('<th scope="row"{}>{}</th>').format(attributes, text))
        else:
            cells.append(Markup("<td{}>{}</td>").format(attributes, text))
        column += cell.span
    attributes = Markup(' class="space"') if spaced else Markup("")
    addresses = [converter.row_id(Markup(cell).striptags()) for cell in cells[:2]] if not header else []
    if address := next(filter(None, addresses), ""):
        attributes += Markup(' id="{}"').format(address)
    return Markup("<tr{}>{}</tr>\n").format(attributes, Markup("").join(cells))


def _content(converter: Converter, nodes: Sequence[LatexNode]) -> Markup:
    """A cell's text without the spaces around it."""
    if any(isinstance(node, LatexEnvironmentNode | LatexGroupNode) and converter.is_block(node) for node in nodes):
        return converter.blocks(nodes).strip()
    text = converter.inline(nodes)
    return Markup(re.sub(r"^[\s\u2003]+|\s+$", "", str(text)))
