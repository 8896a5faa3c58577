"""The TeX that reports are written in: which commands and environments there are, and what arguments they take.

The parser is pylatexenc's. It is told this dialect and nothing else, so that a command which is not listed here is
known to be unknown, and can be shown as such instead of being dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pylatexenc.latexwalker import (
    LatexCharsNode,
    LatexEnvironmentNode,
    LatexMacroNode,
    LatexNode,
    LatexSpecialsNode,
    LatexWalker,
    LatexWalkerParseError,
)
from pylatexenc.macrospec import EnvironmentSpec, LatexContextDb, MacroSpec, SpecialsSpec

from latentpress.errors import TemplateError
from latentpress.reporting.characters import ACCENTS

ACCENT_MARKS = {command.removeprefix("\\"): chr(mark) for mark, command in ACCENTS.items()}
"""Command of an accent, without its backslash, to the combining character."""

SYMBOLS = {
    "textbackslash": "\\", "textasciicircum": "^", "textasciitilde": "~", "textquotedbl": '"', "textless": "<",
    "textgreater": ">", "textbar": "|", "textasciigrave": "`", "textendash": "–", "textemdash": "—",
    "textquotesingle": "'", "textbullet": "•", "textdegree": "°", "texttimes": "×", "S": "§", "P": "¶",
    "copyright": "©", "pounds": "£", "dots": "…", "ldots": "…", "textellipsis": "…", "textmu": "µ", "textpm": "±",
    "i": "ı", "j": "ȷ", "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å", "o": "ø",
    "O": "Ø", "l": "ł", "L": "Ł", "TeX": "TeX", "LaTeX": "LaTeX",
    "{": "{", "}": "}", "$": "$", "&": "&", "#": "#", "%": "%", "_": "_",
    "-": "\u00ad", "/": "", ",": "\u202f", ";": "\u2004", ":": "\u2005", "!": "", "@": "", " ": " ", "\n": " ",
    "quad": "\u2003", "qquad": "\u2003\u2003", "enspace": "\u2002", "thinspace": "\u202f",
    "space": " ",
}  # fmt: skip
"""Commands without arguments that stand for characters."""

IGNORED = {
    "centering": "", "raggedright": "", "raggedleft": "", "arraybackslash": "", "tablesize": "", "normalfont": "",
    "normalsize": "", "small": "", "footnotesize": "", "scriptsize": "", "tiny": "", "large": "", "Large": "",
    "LARGE": "", "huge": "", "rmfamily": "", "selectfont": "", "noindent": "", "indent": "", "hfill": "", "hfil": "",
    "vfill": "", "smallskip": "", "medskip": "", "bigskip": "", "newpage": "", "clearpage": "", "pagebreak": "[",
    "nopagebreak": "[", "linebreak": "[", "nolinebreak": "[", "pagewithoutfloats": "", "floatbarrier": "",
    "frenchspacing": "", "vspace": "*{", "hspace": "*{", "setlength": "{{", "addtolength": "{{", "hypersetup": "{",
    "bibliographystyle": "{", "thispagestyle": "{", "pagestyle": "{", "protect": "", "relax": "", "strut": "",
    "reportrunning": "{{", "enlargethispage": "*{", "phantomsection": "", "markboth": "{{", "markright": "{",
    "setcounter": "{{", "ignorespaces": "", "leavevmode": "", "null": "", "sloppy": "",
    "bookmarksetup": "{", "penalty": "", "newblock": "", "urlstyle": "{",
}  # fmt: skip
"""Commands that only lay out a page, and their arguments: they have no text."""

TAKING = {
    # text in another face
    "emph": "{", "textbf": "{", "textit": "{", "texttt": "{", "textsc": "{", "textrm": "{", "textsf": "{",
    "textnormal": "{", "textsl": "{", "textup": "{", "underline": "{", "mbox": "{", "fbox": "{", "code": "{",
    "digest": "{", "textsuperscript": "{", "textsubscript": "{", "textcolor": "[{{", "color": "[{", "bfseries": "",
    "itshape": "", "slshape": "", "ttfamily": "", "scshape": "", "em": "", "upshape": "", "mdseries": "",
    # structure
    "section": "*[{", "subsection": "*[{", "subsubsection": "*[{", "paragraph": "*[{", "subparagraph": "*[{",
    "unnumberedsection": "{", "addsec": "*[{", "appendix": "", "label": "{", "ref": "*{", "pageref": "*{",
    "eqref": "{", "autoref": "*{", "par": "", "allowbreak": "", "item": "[", "footnote": "[{", "tableofcontents": "",
    "reporttitle": "{{", "reportauthor": "{{", "failurebox": "{{{", "bibliography": "{", "caption": "*[{",
    "url": "{", "href": "{{", "nolinkurl": "{", "texorpdfstring": "{{", "ensuremath": "{", "unichar": "{",
    "composed": "{{", "missingglyph": "{", "missingvalue": "", "untestable": "{", "interval": "{{",
    "traced": "{{{", "provenancemark": "{", "interactivemap": "{{",
    "provenancelink": "{{", "provenancerow": "{", "provenancebasis": "{", "provenanceanchor": "",
    # citations
    **dict.fromkeys(("citep", "citet", "citealp", "citealt", "cite", "Citep", "Citet"), "*[[{"),
    **dict.fromkeys(("citeauthor", "citeyear", "citeyearpar", "Citeauthor"), "*{"), "nocite": "{",
    # floats and tables
    "fitgraphic": "{{", "includegraphics": "*[{", "missingfigure": "{{", "fittowidth": "{", "resizebox": "*{{{",
    "multicolumn": "{{{", "multirow": "[{{{", "\\": "*[", "newline": "", "tabularnewline": "[", "toprule": "[",
    "midrule": "[", "bottomrule": "[", "addlinespace": "[", "hline": "", "cmidrule": "[{", "endfirsthead": "",
    "endhead": "", "endfoot": "", "endlastfoot": "",
}  # fmt: skip
"""Commands that the converter reads, and their arguments: ``*`` a star, ``[`` an optional one, ``{`` one."""

ENVIRONMENTS = {
    "document": "", "itemize": "[", "enumerate": "[", "description": "[", "quote": "", "quotation": "", "center": "",
    "flushleft": "", "flushright": "", "abstract": "", "verbatim": "", "reportauthors": "", "remark": "",
    "warningbox": "{", "figure": "[", "figure*": "[", "table": "[", "table*": "[", "subfigure": "[{", "subtable": "[{",
    "minipage": "[{", "tabular": "[{", "tabularx": "{[{", "longtable": "[{",
}  # fmt: skip
DISPLAYS = {
    "equation": True, "equation*": False, "align": True, "align*": False, "gather": True, "gather*": False,
    "multline": True, "multline*": False, "displaymath": False, "math": False,
}  # fmt: skip
"""Environments of mathematics, and whether they are numbered."""

SPECIALS = ("~", "---", "--", "``", "''", "&", "\n\n")


def _context() -> LatexContextDb:
    known = LatexContextDb()
    macros = {**dict.fromkeys((*SYMBOLS, "(", ")", "[", "]"), ""), **IGNORED, **TAKING}
    macros.update(dict.fromkeys(ACCENT_MARKS, "{"))
    known.add_context_category(
        "report",
        macros=[MacroSpec(name, taken) for name, taken in macros.items()],
        environments=[
            *(EnvironmentSpec(name, taken) for name, taken in ENVIRONMENTS.items()),
            *(EnvironmentSpec(name, "", is_math_mode=True) for name in DISPLAYS),
        ],
        specials=[SpecialsSpec(characters) for characters in SPECIALS],
    )
    return known


CONTEXT = _context()


def read(text: str) -> list[LatexNode]:
    """Read TeX.

    Raises:
        TemplateError: braces, environments or dollar signs do not match, which TeX would refuse, too.
    """
    walker = LatexWalker(text, latex_context=CONTEXT, tolerant_parsing=False)
    try:
        nodes, _, _ = walker.get_latex_nodes()
    except LatexWalkerParseError as error:
        line = text.count("\n", 0, error.pos or 0) + 1
        raise TemplateError(
            f"report.tex:{line}: this cannot be read as TeX: {error.msg}", "See what stands open in that section."
        ) from error
    return list(nodes)


def body(text: str) -> str:
    """What stands between ``\\begin{document}`` and ``\\end{document}``, or all of a text without them."""
    _, begin, rest = text.partition(r"\begin{document}")
    return rest.rpartition(r"\end{document}")[0] if begin else text


def arguments(node: LatexMacroNode | LatexEnvironmentNode) -> list[LatexNode | None]:
    """The arguments of a command or an environment; None for one that was left out."""
    return list(node.nodeargd.argnlist or []) if node.nodeargd is not None else []


def argument(node: LatexMacroNode | LatexEnvironmentNode, index: int = -1) -> list[LatexNode]:
    """The nodes of one argument, without the braces around it; empty where it was left out."""
    found = arguments(node)
    if not found or found[index] is None:
        return []
    inner = getattr(found[index], "nodelist", None)
    return [found[index]] if inner is None else list(inner)


def source(nodes: list[LatexNode]) -> str:
    """The TeX of some nodes, as it was written."""
    return "".join(node.latex_verbatim() for node in nodes)


_BLANK = re.compile(r"\n[ \t]*\n\s*")


def split(nodes: Iterable[LatexNode]) -> Iterator[LatexNode]:
    """The same nodes, with a node of its own for every blank line."""
    for node in nodes:
        if isinstance(node, LatexCharsNode) and _BLANK.search(node.chars):
            for index, part in enumerate(_BLANK.split(node.chars)):
                if index:
                    yield LatexSpecialsNode("\n\n")
                if part:
                    yield LatexCharsNode(part)
            continue
        yield node
        behind = getattr(node, "macro_post_space", None) or getattr(node, "comment_post_space", None) or ""
        if _BLANK.search(behind):
            yield LatexSpecialsNode("\n\n")


def is_break(node: LatexNode) -> bool:
    """Whether a paragraph ends here."""
    if isinstance(node, LatexSpecialsNode):
        return bool(node.specials_chars == "\n\n")
    return isinstance(node, LatexMacroNode) and str(node.macroname) == "par"
