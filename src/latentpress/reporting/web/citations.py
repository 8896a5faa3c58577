"""Citations by author and year as natbib prints them, and the works that a text cites."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from pylatexenc.latexwalker import LatexEnvironmentNode, LatexGroupNode, LatexMacroNode, LatexNode

from latentpress.reporting.web.dialect import argument, arguments, source
from latentpress.reporting.web.plainnat import Reference

COMMANDS = ("citep", "citet", "citealp", "citealt", "cite", "Citep", "Citet", "citeauthor", "Citeauthor", "citeyear",
            "citeyearpar", "nocite")  # fmt: skip
Inline = Callable[[Sequence[LatexNode]], Markup]


@dataclass(frozen=True, slots=True)
class Cited:
    """A work as the text refers to it."""

    key: str
    authors: Markup
    year: str

    def link(self, text: Markup | str) -> Markup:
        """Some words that lead to the list."""
        return Markup('<a class="cite" href="#{}">{}</a>').format(address(self.key), text)


def address(key: str) -> str:
    """The id of a work in the list."""
    return "ref-" + "".join(character if character.isalnum() else "-" for character in key)


def keys_of(nodes: Iterable[LatexNode | None]) -> Iterator[str]:
    """The keys that a text cites, in order."""
    for node in nodes:
        if isinstance(node, LatexMacroNode):
            if node.macroname in COMMANDS:
                yield from _keys(node)
            for index in range(len(arguments(node))):
                yield from keys_of(argument(node, index))
        elif isinstance(node, LatexEnvironmentNode | LatexGroupNode):
            yield from keys_of(node.nodelist)


def _keys(node: LatexMacroNode) -> list[str]:
    return [key.strip() for key in source(argument(node)).split(",") if key.strip()]


def cite(node: LatexMacroNode, works: Mapping[str, Reference], inline: Inline, text: Callable[[str], Markup]) -> Markup:
    r"""One citation.

    Args:
        node: ``\citep`` or its like.
        works: key to reference.
        inline: nodes to HTML.
        text: TeX to HTML.
    """
    name = node.macroname.lower()
    if name == "nocite":
        return Markup("")
    unknown = [key for key in _keys(node) if key not in works]
    if unknown:
        return Markup('<span class="unknown" title="No such work in references.bib.">[{}?]</span>').format(
            ", ".join(unknown)
        )
    cited = [Cited(key, text(works[key].authors), works[key].year) for key in _keys(node)]
    if name == "citeauthor":
        return _joined([one.link(one.authors) for one in cited])
    if name in ("citeyear", "citeyearpar"):
        years = _joined([one.link(one.year) for one in cited])
        return years if name == "citeyear" else Markup("({})").format(years)
    before, after = _notes(node, inline)
    if name in ("citet", "cite", "citealt"):
        return _textual(cited, before, after, brackets=name != "citealt")
    inner = _parenthetical(cited)
    if before:
        inner = Markup("{} {}").format(before, inner)
    if after:
        inner = Markup("{}, {}").format(inner, after)
    return inner if name == "citealp" else Markup("({})").format(inner)


def _notes(node: LatexMacroNode, inline: Inline) -> tuple[Markup, Markup]:
    """What stands before and behind: with one optional argument behind, with two before and behind."""
    first, second = (arguments(node)[1], arguments(node)[2])
    if second is None:
        return Markup(""), inline(argument(node, 1)) if first is not None else Markup("")
    return inline(argument(node, 1)), inline(argument(node, 2))


def _parenthetical(cited: Sequence[Cited]) -> Markup:
    """``Rifai et al., 2011; Ng, 2011``, with the years of the same authors put together."""
    parts: list[Markup] = []
    previous = None
    for one in cited:
        if previous is not None and previous.authors == one.authors:
            parts[-1] = Markup("{}, {}").format(parts[-1], one.link(one.year))
        else:
            parts.append(one.link(Markup("{}, {}").format(one.authors, one.year)))
        previous = one
    return _joined(parts)


def _textual(cited: Sequence[Cited], before: Markup, after: Markup, *, brackets: bool) -> Markup:
    """``Rifai et al. (2011)``."""
    parts = []
    for one in cited:
        year: Markup | str = one.year
        if before:
            year = Markup("{} {}").format(before, year)
        if after and one is cited[-1]:
            year = Markup("{}, {}").format(year, after)
        shown = Markup("({})").format(year) if brackets else year
        parts.append(one.link(Markup("{} {}").format(one.authors, shown)))
    return _joined(parts)


def _joined(parts: Sequence[Markup]) -> Markup:
    return Markup("; ").join(parts)


def listed(identifier: str, works: Mapping[str, Reference], text: Callable[[str], Markup]) -> Markup:
    """The list of the works that are cited, with its heading."""
    items = [
        Markup('<li id="{}">{}</li>\n').format(address(key), Markup(" ").join(text(block) for block in work.blocks))
        for key, work in works.items()
    ]
    return Markup('<h2 id="{}">References</h2>\n<ul class="references">\n{}</ul>\n').format(
        identifier, Markup("").join(items)
    )
