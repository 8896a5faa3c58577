"""TeX to HTML: paragraphs, headings, lists, boxes, and everything that stands in a line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup
from pylatexenc.latexwalker import (
    LatexCharsNode,
    LatexCommentNode,
    LatexEnvironmentNode,
    LatexGroupNode,
    LatexMacroNode,
    LatexMathNode,
    LatexNode,
    LatexSpecialsNode,
)

from latentpress.reporting.web import citations, dialect, mathml
from latentpress.reporting.web.dialect import (
    ACCENT_MARKS,
    DISPLAYS,
    IGNORED,
    SYMBOLS,
    argument,
    is_break,
    source,
    split,
)
from latentpress.reporting.web.lines import WORDS, accented, failure, formula, quotes
from latentpress.reporting.web.numbering import LEVELS, UNNUMBERED, Numbering, Place
from latentpress.reporting.web.plainnat import Reference

SPECIALS = {
    "~": Markup('<span class="tie"> </span>'),
    "---": "—",
    "--": "–",
    "``": "“",
    "''": "”",
    "&": "",
    "\n\n": " ",
}
FACES = {
    "emph": "em", "textit": "em", "textsl": "em", "textbf": "strong", "texttt": "code", "code": "code",
    "digest": "code", "underline": "u", "textsuperscript": "sup", "textsubscript": "sub", "untestable": "em",
}  # fmt: skip
PLAIN = ("textrm", "textsf", "textnormal", "textup", "fittowidth", "textsc")
DECLARED = {"bfseries": "strong", "itshape": "em", "slshape": "em", "em": "em", "ttfamily": "code"}
BLOCKS = {*LEVELS, *UNNUMBERED, "failurebox", "missingfigure", "fitgraphic", "includegraphics", "bibliography",
          "tableofcontents", "reporttitle", "item"}  # fmt: skip
WRAPPERS = ("fittowidth", "traced")
"""Commands whose last argument may be a table or a picture."""
COLOURS = ("warning", "quiet", "accent")
Handler = Callable[["Converter", LatexEnvironmentNode], Markup]


@dataclass(slots=True)
class Converter:
    """Turns nodes of TeX into HTML.

    Attributes:
        numbering: of the whole document.
        works: key to reference.
        environments: name of an environment to what writes it: floats and tables are written elsewhere.
        pictures: path of a figure, without its ending, to the HTML of its image; given its text alternative.
        traced: writes a number that has a provenance: row, metric, HTML.
        marked: writes the provenance of a caption, given its rows.
        row_id: the address of a table's row, given the text of one of its cells; empty where it has none.
        behind: path of a picture, without its ending, to what stands behind its figure.
        shown: paths of the pictures so far.
        footnotes: found so far.
        unknown: commands and environments that were met and are not known.
        alternative: the text for the next picture.
    """

    numbering: Numbering
    works: Mapping[str, Reference] = field(default_factory=dict)
    environments: Mapping[str, Handler] = field(default_factory=dict)
    pictures: Callable[[str, str, str], Markup] = lambda path, alternative, width: Markup("")
    traced: Callable[[str, str, Markup], Markup] = lambda row, metric, shown: shown
    marked: Callable[[Sequence[str]], Markup] = lambda rows: Markup("")
    row_id: Callable[[str], str] = lambda text: ""
    behind: Mapping[str, Markup] = field(default_factory=dict)
    footnotes: list[Markup] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    alternative: str = ""
    shown: list[str] = field(default_factory=list)

    # ------------------------------------------------------------------------------------------- blocks

    def blocks(self, nodes: Iterable[LatexNode]) -> Markup:
        """Paragraphs and what stands between them."""
        done: list[Markup] = []
        line: list[LatexNode] = []

        def flush() -> None:
            text = self.inline(line).strip()
            line.clear()
            if text:
                done.append(Markup("<p>{}</p>\n").format(text))

        for node in split(nodes):
            if is_break(node):
                flush()
            elif self.is_block(node):
                flush()
                done.append(self.block(node))
            elif isinstance(node, LatexMacroNode) and node.macroname in ("paragraph", "subparagraph"):
                flush()
                line.append(node)
            else:
                line.append(node)
        flush()
        return Markup("").join(done)

    def is_block(self, node: LatexNode) -> bool:
        """Whether a node ends the paragraph before it."""
        if isinstance(node, LatexEnvironmentNode):
            return bool(node.environmentname != "math")
        if isinstance(node, LatexMathNode):
            return bool(node.displaytype == "display")
        if isinstance(node, LatexGroupNode):
            return any(is_break(inner) or self.is_block(inner) for inner in split(node.nodelist))
        return isinstance(node, LatexMacroNode) and (
            node.macroname in BLOCKS
            or (node.macroname in WRAPPERS and any(self.is_block(inner) for inner in argument(node)))
        )

    def block(self, node: LatexNode) -> Markup:
        """One node that is a block."""
        if isinstance(node, LatexGroupNode):
            return self.blocks(node.nodelist)
        if isinstance(node, LatexMathNode):
            return Markup('<div class="equation">{}</div>\n').format(mathml.display(source(node.nodelist)))
        if isinstance(node, LatexEnvironmentNode):
            return self.environment(node)
        assert isinstance(node, LatexMacroNode)
        name = node.macroname
        if name in LEVELS or name in UNNUMBERED:
            return self.heading(self.numbering.places[node.pos])
        if name in WRAPPERS:
            return self.blocks(argument(node))
        if name == "failurebox":
            return failure(self, node)
        if name == "missingfigure":
            return Markup('<div class="missing-figure"><strong>Figure missing</strong><p>{}</p></div>').format(
                self.inline(argument(node))
            )
        if name == "reporttitle":
            title, subtitle = (self.inline(argument(node, index)) for index in (0, 1))
            below = Markup('<p class="subtitle">{}</p>\n').format(subtitle) if subtitle else Markup("")
            return Markup("<h1>{}</h1>\n{}").format(title, below)
        if name == "bibliography":
            return citations.listed(self.numbering.places[node.pos].id, self.works, self.text)
        if name in ("fitgraphic", "includegraphics"):
            path = source(argument(node))
            width = source(argument(node, 0)) if name == "fitgraphic" else ""
            self.shown.append(path.rpartition(".")[0] or path)
            return self.pictures(self.shown[-1], self.alternative, width)
        return Markup("")  # the contents are the page's own

    def heading(self, place: Place) -> Markup:
        """A heading; the title of the report is the only one of the first level."""
        number = Markup('<span class="number">{}</span> ').format(place.number) if place.number else Markup("")
        return Markup(
            '<h{0} id="{1}">{2}{3}<a class="anchor" href="#{1}" aria-hidden="true" tabindex="-1">#</a></h{0}>\n'
        ).format(place.level + 1, place.id, number, self.inline(place.title))

    def environment(self, node: LatexEnvironmentNode) -> Markup:
        """One environment."""
        name = node.environmentname
        if name in self.environments:
            return self.environments[name](self, node)
        if name in DISPLAYS:
            return self.equation(node)
        if name in ("itemize", "enumerate", "description"):
            return self.list(node)
        if name == "remark":
            return Markup('<aside class="box note" role="note">{}</aside>\n').format(self.blocks(node.nodelist))
        if name == "warningbox":
            return Markup('<aside class="box warning"><p class="box-title">{}</p>\n{}</aside>\n').format(
                self.inline(argument(node)), self.blocks(node.nodelist)
            )
        if name == "reportauthors":
            return Markup('<ul class="authors">\n{}</ul>\n').format(self.inline(node.nodelist))
        if name == "verbatim":
            return Markup("<pre>{}</pre>\n").format(source(node.nodelist).strip("\n"))
        if name in ("quote", "quotation"):
            return Markup("<blockquote>{}</blockquote>\n").format(self.blocks(node.nodelist))
        if name in ("center", "flushleft", "flushright", "minipage", "abstract", "document"):
            return Markup('<div class="{}">{}</div>\n').format(name, self.blocks(node.nodelist))
        return self.not_known(rf"\begin{{{name}}}", self.blocks(node.nodelist), block=True)

    def equation(self, node: LatexEnvironmentNode) -> Markup:
        """A formula on a line of its own, with its number."""
        tex = source(list(node.nodelist))
        if node.environmentname.startswith(("align", "gather", "multline")):
            tex = rf"\begin{{{node.environmentname}}}{tex}\end{{{node.environmentname}}}"
        place = self.numbering.places.get(node.pos)
        if place is None:
            return Markup('<div class="equation">{}</div>\n').format(mathml.display(tex))
        return Markup(
            '<div class="equation" id="{}"><div class="formula">{}</div><span class="number">({})</span></div>\n'
        ).format(place.id, mathml.display(tex), place.number)

    def list(self, node: LatexEnvironmentNode) -> Markup:
        """A list of any kind."""
        items: list[tuple[LatexMacroNode, list[LatexNode]]] = []
        for inner in node.nodelist:
            if isinstance(inner, LatexMacroNode) and inner.macroname == "item":
                items.append((inner, []))
            elif items:
                items[-1][1].append(inner)
        tag = {"itemize": "ul", "enumerate": "ol", "description": "dl"}[node.environmentname]
        done = []
        for item, content in items:
            text = self.blocks(content).strip()
            if text.count("<p>") == 1 and text.startswith("<p>") and text.endswith("</p>"):
                text = Markup(text[3:-4])
            label = self.inline(argument(item))
            if tag == "dl":
                done.append(Markup("<dt>{}</dt><dd>{}</dd>\n").format(label, text))
            else:
                own = Markup('<span class="label">{}</span> ').format(label) if label else Markup("")
                done.append(Markup("<li>{}{}</li>\n").format(own, text))
        return Markup("<{0}>\n{1}</{0}>\n").format(tag, Markup("").join(done))

    # ------------------------------------------------------------------------------------------- lines

    def inline(self, nodes: Iterable[LatexNode]) -> Markup:
        """What stands in a line of text."""
        done: list[Markup] = []
        left = list(nodes)
        for index, node in enumerate(left):
            if isinstance(node, LatexMacroNode) and node.macroname in (*DECLARED, "color"):
                rest = self.inline(left[index + 1 :])
                tag = DECLARED.get(node.macroname)
                done.append(Markup("<{0}>{1}</{0}>").format(tag, rest) if tag else self.coloured(node, rest, 1))
                break
            done.append(self.one(node))
        return Markup("").join(done)

    def text(self, tex: str) -> Markup:
        """TeX of one line, which stands outside of the document: names, titles."""
        return self.inline(dialect.read(tex))

    def one(self, node: LatexNode) -> Markup:
        """One node in a line."""
        if isinstance(node, LatexCharsNode):
            return Markup.escape(quotes(re.sub(r"\s+", " ", node.chars)))
        if isinstance(node, LatexCommentNode):
            # A comment takes the end of its line with it, and the space that begins the next.
            return Markup("")
        if isinstance(node, LatexSpecialsNode):
            return Markup.escape(SPECIALS.get(node.specials_chars, node.specials_chars))
        if isinstance(node, LatexGroupNode):
            return self.inline(node.nodelist)
        if isinstance(node, LatexMathNode):
            return formula(self, source(node.nodelist))
        if isinstance(node, LatexEnvironmentNode):
            return self.environment(node)
        assert isinstance(node, LatexMacroNode)
        return self.macro(node)

    def macro(self, node: LatexMacroNode) -> Markup:
        """One command in a line."""
        name = node.macroname
        behind = Markup("")
        if name in SYMBOLS:
            return Markup.escape(SYMBOLS[name])
        if name in ACCENT_MARKS:
            return Markup.escape(accented(self.inline(argument(node)).striptags() or " ", ACCENT_MARKS[name]))
        if name in IGNORED:
            return behind
        if name in FACES:
            return Markup("<{0}{1}>{2}</{0}>").format(
                FACES[name], Markup(' class="digest"') if name == "digest" else "", self.inline(argument(node))
            )
        if name in PLAIN:
            return self.inline(argument(node))
        if name in citations.COMMANDS:
            return citations.cite(node, self.works, self.inline, self.text)
        if name in WORDS:
            return WORDS[name](self, node)
        if self.is_block(node):
            return self.block(node)
        return self.not_known(f"\\{name}", Markup(""))

    def coloured(self, node: LatexMacroNode, text: Markup, index: int) -> Markup:
        """Text in one of the report's colours; others are left to the page."""
        colour = source(argument(node, index))
        return Markup('<span class="color-{}">{}</span>').format(colour, text) if colour in COLOURS else text

    def not_known(self, what: str, content: Markup, *, block: bool = False) -> Markup:
        """A visible marker in the place of what this cannot read, with the text that is in it."""
        self.unknown.append(what)
        tag = "div" if block else "span"
        return Markup('<{0} class="unknown" title="The HTML report cannot show this command.">{1}{2}</{0}>').format(
            tag, what, content
        )
