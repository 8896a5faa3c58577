"""Commands that stand in a line of text, and what each becomes in HTML."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING

from markupsafe import Markup
from pylatexenc.latexwalker import LatexMacroNode, LatexNode

from latentpress.reporting import map_address
from latentpress.reporting.web import mathml
from latentpress.reporting.web.dialect import argument, source
from latentpress.reporting.web.provenance import metric_of

if TYPE_CHECKING:
    from latentpress.reporting.web.converting import Converter


def quotes(text: str) -> str:
    """Single quotes as TeX sets them."""
    return text.replace("`", "‘").replace("'", "’")


def accented(base: str, mark: str) -> str:
    """A letter and a combining accent in one character, where there is one."""
    plain = {"ı": "i", "ȷ": "j"}.get(base[0], base[0]) + base[1:]
    return unicodedata.normalize("NFC", plain[0] + mark + plain[1:])


def reference(converter: Converter, node: LatexMacroNode) -> Markup:
    """The number of what a label stands for, as a link."""
    label = source(argument(node))
    place = converter.numbering.labels.get(label)
    if place is None:
        return Markup('<span class="unknown" title="No such label: {}">??</span>').format(label)
    number = f"({place.number})" if node.macroname == "eqref" else place.number
    return Markup('<a class="ref" href="#{}">{}</a>').format(place.id, number)


def footnote(converter: Converter, node: LatexMacroNode) -> Markup:
    """The mark of a footnote, which stands at the end of the page."""
    converter.footnotes.append(converter.inline(argument(node)))
    return Markup('<sup><a class="footnote" id="footnote-mark-{0}" href="#footnote-{0}">{0}</a></sup>').format(
        len(converter.footnotes)
    )


def glyph(converter: Converter, node: LatexMacroNode) -> Markup:
    """A character that the PDF's fonts lack; where it is invisible, or turns the text around, its code."""
    code = source(argument(node))
    character = chr(int(code, 16))
    if unicodedata.category(character)[0] in "CZ":
        return Markup('<span class="glyph">U+{}</span>').format(code)
    return Markup("<bdi>{}</bdi>").format(character)


def traced(converter: Converter, row: str, key: str, shown: Markup) -> Markup:
    """A printed value that leads to its origin."""
    return converter.traced(row.strip(), metric_of(key), shown)


def formula(converter: Converter, tex: str) -> Markup:
    """Mathematics in a line; where numbers in it are traced, it leads to the origin of the first."""
    found = mathml.TRACED.search(tex)
    shown = mathml.inline(tex)
    return shown if found is None else traced(converter, found["row"], found["key"], shown)


def mark(converter: Converter, nodes: list[LatexNode]) -> Markup:
    """The rows of the provenance that a caption leads to: links as the report has made them, or plain numbers."""
    if any(isinstance(node, LatexMacroNode) for node in nodes):
        return Markup(' <sup class="mark">[{}]</sup>').format(converter.inline(nodes))
    return converter.marked([row.strip() for row in source(nodes).split(",") if row.strip()])


def failure(converter: Converter, node: LatexMacroNode) -> Markup:
    """The box in the place of a part that failed: what, why, and the command that tries again."""
    what, why, command = (converter.inline(argument(node, index)) for index in range(3))
    return Markup(
        '<aside class="box warning"><p class="box-title">This part failed: {}</p>\n<p>{}</p>\n'
        "<p>To try again: <code>{}</code></p></aside>\n"
    ).format(what, why, command)


def link(target: str, text: Markup) -> Markup:
    """A link to somewhere else; what is no web address is shown and not linked."""
    plain = target.replace("\\", "")
    if not re.match(r"https?://", plain):
        return text
    return Markup('<a href="{}" rel="noreferrer">{}</a>').format(plain, text)


def interactive_map(model: str, text: Markup) -> Markup:
    """A link to the page of the maps; what is no model's name makes no address."""
    plain = model.strip()
    if not map_address.MODEL.fullmatch(plain):
        return text
    return Markup('<a href="{}">{}</a>').format(map_address.address(plain), text)


WORDS: dict[str, Callable[[Converter, LatexMacroNode], Markup]] = {
    "mbox": lambda c, n: Markup('<span class="nobreak">{}</span>').format(c.inline(argument(n))),
    "fbox": lambda c, n: Markup('<span class="framed">{}</span>').format(c.inline(argument(n))),
    "interval": lambda c, n: Markup('<span class="interval">[{}, {}]</span>').format(
        c.inline(argument(n, 0)), c.inline(argument(n, 1))
    ),
    "missingvalue": lambda c, n: Markup('<span class="missing">[missing]</span>'),
    "textcolor": lambda c, n: c.coloured(n, c.inline(argument(n)), 1),
    "ref": reference,
    "eqref": reference,
    "autoref": reference,
    "pageref": reference,
    "label": lambda c, n: Markup(""),
    "appendix": lambda c, n: Markup(""),
    "footnote": footnote,
    "paragraph": lambda c, n: Markup('<strong class="run-in">{}</strong> ').format(c.inline(argument(n))),
    "subparagraph": lambda c, n: Markup('<strong class="run-in">{}</strong> ').format(c.inline(argument(n))),
    "texorpdfstring": lambda c, n: c.inline(argument(n, 0)),
    "ensuremath": lambda c, n: mathml.inline(source(argument(n))),
    "composed": lambda c, n: Markup.escape(chr(int(source(argument(n, 0)), 16))),
    "unichar": lambda c, n: Markup.escape(chr(int(source(argument(n)), 10))),
    "missingglyph": glyph,
    "url": lambda c, n: link(source(argument(n)), Markup.escape(source(argument(n)))),
    "nolinkurl": lambda c, n: Markup.escape(source(argument(n))),
    "href": lambda c, n: link(source(argument(n, 0)), c.inline(argument(n))),
    "reportauthor": lambda c, n: Markup('<li><strong>{}</strong> <span class="quiet">{}</span></li>\n').format(
        c.inline(argument(n, 0)), c.inline(argument(n, 1))
    ),
    "resizebox": lambda c, n: c.inline(argument(n)),
    "allowbreak": lambda c, n: Markup("<wbr>"),
    "newline": lambda c, n: Markup("<br>"),
    "\\": lambda c, n: Markup("<br>"),
    "tabularnewline": lambda c, n: Markup("<br>"),
    "caption": lambda c, n: Markup(""),
    "traced": lambda c, n: traced(c, source(argument(n, 0)), source(argument(n, 1)), c.inline(argument(n, 2))),
    "interactivemap": lambda c, n: interactive_map(source(argument(n, 0)), c.inline(argument(n, 1))),
    "provenancemark": lambda c, n: mark(c, argument(n)),
    "provenancelink": lambda c, n: Markup('<a href="#provenance-{}">P{}</a>').format(
        source(argument(n, 0)), c.inline(argument(n, 1))
    ),
    "provenancerow": lambda c, n: Markup('<span id="provenance-{0}">P{0}</span>').format(source(argument(n))),
    "provenancebasis": lambda c, n: Markup('<span class="basis">{}</span>').format(c.inline(argument(n))),
    "provenanceanchor": lambda c, n: Markup('<span id="provenance"></span>'),
}
