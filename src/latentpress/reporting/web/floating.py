"""Figures and tables with their captions and numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup
from pylatexenc.latexwalker import LatexEnvironmentNode, LatexGroupNode, LatexMacroNode, LatexNode

from latentpress.reporting.web.converting import Converter
from latentpress.reporting.web.dialect import argument, source
from latentpress.reporting.web.numbering import Place
from latentpress.reporting.web.tabular import table

TABULARS = ("tabular", "tabularx")
BESIDE = 60
"""Percent of the text's width; narrower pictures may stand beside each other."""
_WIDTH = re.compile(r"([\d.]*)\\(?:line|text|column)width")


def figure(converter: Converter, node: LatexEnvironmentNode) -> Markup:
    """A figure with its pictures and its caption."""
    place = converter.numbering.places[node.pos]
    caption = captions(node)
    text = converter.inline(caption)
    converter.alternative = f"Figure {place.number}: {words(converter, caption)}"
    before = len(converter.shown)
    content = pictures(converter, node.nodelist)
    behind = Markup("").join(converter.behind.get(path, Markup("")) for path in converter.shown[before:])
    return Markup(
        '<figure id="{}">\n<div class="pictures">{}</div>\n<figcaption>{}</figcaption>\n</figure>\n{}'
    ).format(place.id, content, labelled(place, text), behind)


def pictures(converter: Converter, nodes: Sequence[LatexNode]) -> Markup:
    """The pictures of a figure; those of one line stand beside each other where there is room."""
    parts = []
    for node in nodes:
        if isinstance(node, LatexEnvironmentNode):
            parts.append(converter.environment(node))
        elif isinstance(node, LatexGroupNode):
            parts.append(pictures(converter, node.nodelist))
        elif isinstance(node, LatexMacroNode):
            if node.macroname == "caption" or node.macroname == "par":
                continue
            parts.append(converter.block(node) if converter.is_block(node) else converter.one(node))
        else:
            parts.append(converter.one(node))
    return Markup("").join(part for part in parts if part.strip())


def part(converter: Converter, node: LatexEnvironmentNode) -> Markup:
    """One of several pictures in a figure."""
    place = converter.numbering.places[node.pos]
    text = converter.inline(captions(node))
    outer = converter.alternative
    converter.alternative = f"{outer.partition(':')[0]}, part {place.number[-1:]}: {words(converter, captions(node))}"
    content = pictures(converter, node.nodelist)
    converter.alternative = outer
    beside = Markup(" data-half") if float(percent(source(argument(node))) or 100) < BESIDE else Markup("")
    return Markup('<div class="part" id="{}"{}>{}<p class="part-caption"><b>({})</b> {}</p></div>\n').format(
        place.id, beside, content, place.number[-1:], text
    )


def floating_table(converter: Converter, node: LatexEnvironmentNode) -> Markup:
    """A table in a float, its caption above it."""
    place = converter.numbering.places[node.pos]
    caption = labelled(place, converter.inline(captions(node)))
    tables = list(_tabulars(node.nodelist))
    if len(tables) == 1:
        inner = table(converter, tables[0], caption, place.id)
        return Markup('<div class="table" id="{}">{}</div>\n').format(place.id, inner)
    rest = [inner for inner in node.nodelist if not _is_caption(inner)]
    return Markup('<figure class="table" id="{}"><figcaption>{}</figcaption>{}</figure>\n').format(
        place.id, caption, converter.blocks(rest)
    )


def long_table(converter: Converter, node: LatexEnvironmentNode) -> Markup:
    """A table that runs over pages."""
    place = converter.numbering.places.get(node.pos)
    if place is None:
        return table(converter, node, Markup(""), "")
    caption = labelled(place, converter.inline(captions(node)))
    return Markup('<div class="table long" id="{}">{}</div>\n').format(
        place.id, table(converter, node, caption, place.id)
    )


def bare_table(converter: Converter, node: LatexEnvironmentNode) -> Markup:
    """A table in the text, without a number."""
    return table(converter, node, Markup(""), "")


def _tabulars(nodes: Sequence[LatexNode]) -> list[LatexEnvironmentNode]:
    found: list[LatexEnvironmentNode] = []
    for node in nodes:
        if isinstance(node, LatexEnvironmentNode):
            found += [node] if node.environmentname in TABULARS else _tabulars(node.nodelist)
        elif isinstance(node, LatexGroupNode):
            found += _tabulars(node.nodelist)
        elif isinstance(node, LatexMacroNode) and node.macroname in ("fittowidth", "resizebox"):
            found += _tabulars(argument(node))
    return found


def _is_caption(node: LatexNode) -> bool:
    return isinstance(node, LatexMacroNode) and node.macroname == "caption"


def captions(node: LatexEnvironmentNode) -> list[LatexNode]:
    """The nodes of an environment's own caption."""
    for inner in node.nodelist:
        if isinstance(inner, LatexMacroNode) and inner.macroname == "caption":
            return argument(inner)
    return []


def words(converter: Converter, caption: Sequence[LatexNode]) -> str:
    """A caption as plain text, without the marks of its provenance."""
    told = [node for node in caption if getattr(node, "macroname", "") != "provenancemark"]
    return str(converter.inline(told).striptags())


def labelled(place: Place, text: Markup) -> Markup:
    """A caption behind its number."""
    return Markup('<span class="label">{} {}.</span> {}').format(place.kind, place.number, text.strip())


def percent(width: str) -> str:
    """A share of the text's width, in percent; empty where it is something else."""
    match = _WIDTH.search(width)
    return f"{100 * float(match[1] or 1):g}" if match else ""


ENVIRONMENTS = {
    "figure": figure, "figure*": figure, "subfigure": part, "subtable": part, "table": floating_table,
    "table*": floating_table, "longtable": long_table, "tabular": bare_table, "tabularx": bare_table,
}  # fmt: skip
